// S6, I9: no more than three times what came from an address goes there before its owner has shown that it gets what we send,
// headers of IP and UDP included. Shown is what really happened in the world: a socket got a packet of ours at that
// address and then sent one from it. Not counted: the first packets to places that a user, a capsule, a ledger or an honest peer
// named (I1, P1 and at most ten packets beside it, MOVING §5; R1s among them if the run itself was told), and at most four UPDATEs
// to any other (P2 and address checks).

import { keyOf } from '../locator-keys.ts'
import type { Checker, Observation, ObservationType, Run } from '../observation.ts'
import { ipBytes, overheadBytes, type WirePacket } from '../packet.ts'

const FACTOR = 3
const INTERIM_PACKETS_MAX = 10
const UPDATES_MAX = 4

interface Account {
  received: number
  sent: number
  updates: number
  interim: number
  proven: boolean
}

export class AmplificationChecker implements Checker {
  readonly rule = 'S6'
  readonly sees: readonly ObservationType[] = ['wire-sent', 'wire-arrived', 'announced']
  readonly #accounts = new Map<Run, Map<string, Account>>()
  /** The addresses of theirs at which sockets have been reached by a run, by its number and that of the socket. */
  readonly #reached = new Map<number, Map<number, Set<string>>>()
  readonly #owners = new Map<number, Run>()
  readonly #named = new Set<string>()
  readonly #namedTo = new Map<Run, Set<string>>()

  see(observation: Observation): string | undefined {
    switch (observation.type) {
      case 'announced':
        this.#name(observation.run, keyOf(observation.locator))
        return undefined
      case 'wire-arrived':
        this.#arrived(observation.packet, observation.socket, observation.run)
        return undefined
      case 'wire-sent':
        if (observation.run === undefined) return undefined
        if (this.#owners.get(observation.socket) !== observation.run)
          this.#owners.set(observation.socket, observation.run)
        return observation.run.honest ? this.#sent(observation.run, observation.packet) : undefined
      default:
        return undefined
    }
  }

  #name(run: Run | undefined, key: string): void {
    if (run === undefined) {
      this.#named.add(key)
      return
    }
    const names = this.#namedTo.get(run) ?? new Set()
    this.#namedTo.set(run, names.add(key))
  }

  #arrived(packet: WirePacket, socket: number, run: Run | undefined): void {
    const sender = packet.origin === undefined ? undefined : this.#owners.get(packet.origin)
    if (sender !== undefined) this.#reach(sender.id, socket, keyOf(packet.to))
    if (run === undefined) return
    const from = keyOf(packet.from)
    const account = this.#account(run, from)
    account.received += packet.bytes.length + overheadBytes(packet.from)
    if (account.proven || packet.origin === undefined) return
    account.proven = this.#reached.get(run.id)?.get(packet.origin)?.has(from) === true
  }

  #reach(run: number, socket: number, key: string): void {
    // Every packet comes by here, and nearly all have before.
    const sockets = this.#reached.get(run)
    const keys = sockets?.get(socket)
    if (keys !== undefined) keys.add(key)
    else if (sockets !== undefined) sockets.set(socket, new Set([key]))
    else this.#reached.set(run, new Map([[socket, new Set([key])]]))
  }

  #sent(run: Run, packet: WirePacket): string | undefined {
    const to = keyOf(packet.to)
    const account = this.#account(run, to)
    if (account.proven || this.#exempt(run, to, packet, account)) return undefined
    account.sent += ipBytes(packet)
    if (account.sent <= FACTOR * account.received) return undefined
    return `${run.name}/${run.id} sent ${account.sent} bytes (${packet.kind} last) to ${to}, which sent it ${account.received}`
  }

  #exempt(run: Run, to: string, packet: WirePacket, account: Account): boolean {
    const expected = this.#namedTo.get(run)?.has(to) === true
    const named = expected || this.#named.has(to)
    if (packet.kind === 'I1' || packet.kind === 'I2') return named
    if (packet.kind === 'UPDATE') return named || ++account.updates <= UPDATES_MAX
    // Whoever knows only the RFCs pads no I1 (RFC 7401 §5.3.1), and gets few R1s for that.
    if (packet.kind === 'R1') return expected && ++account.interim <= INTERIM_PACKETS_MAX
    if (packet.kind === 'ESP') return named && ++account.interim <= INTERIM_PACKETS_MAX
    return named && packet.kind === 'CLOSE'
  }

  #account(run: Run, key: string): Account {
    let accounts = this.#accounts.get(run)
    if (accounts === undefined) {
      accounts = new Map()
      this.#accounts.set(run, accounts)
    }
    let account = accounts.get(key)
    if (account === undefined) {
      account = { received: 0, sent: 0, updates: 0, interim: 0, proven: false }
      accounts.set(key, account)
    }
    return account
  }
}
