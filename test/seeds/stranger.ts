// A peer that knows only the RFCs as it lives in a world: a socket, a clock by which it repeats itself, a replay window (RFC 4303 §3.4.3), and an
// application whose datagrams can be told apart.

import type { Prng } from '../../src/base/prng.ts'
import type { Hit } from '../../src/crypto/hit.ts'
import type { Identity } from '../../src/crypto/identity.ts'
import type { Host } from '../../src/sim/host.ts'
import { APP_PORT } from '../../src/sim/instance.ts'
import type { Socket } from '../../src/sim/network.ts'
import type { Run } from '../../src/sim/observation.ts'
import type { Process } from '../../src/sim/process.ts'
import { contentBytes, contentId, type World } from '../../src/sim.ts'
import { ForeignPeer } from '../support/foreign-peer.ts'

const REPEAT_MS = 250
const SOURCE_PORT = 1_008
/** SPI and number, in front of an ESP packet. */
const NUMBER_BYTES = 8

export class Stranger {
  readonly hit: Hit
  readonly #world: World
  readonly #host: Host
  readonly #peer: ForeignPeer
  readonly #run: Run
  readonly #opened = new Set<string>()
  readonly #received = new Set<number>()
  #socket: Socket

  constructor(world: World, host: Host, identity: Identity) {
    this.#world = world
    this.#host = host
    this.hit = identity.hit
    const names = { name: 'stranger', hit: identity.hit, host: host.name }
    const start = { epoch: 0, incarnation: '', honest: true }
    this.#run = { id: world.nextRun(), lineage: world.nextLineage(), ...names, ...start }
    this.#socket = this.#bind(0)
    const prng: Prng = world.prng.fork()
    this.#peer = new ForeignPeer(identity, this.#socket.locator, (length) => prng.bytes(length))
    this.#repeatLater()
  }

  get locator() {
    return this.#socket.locator
  }

  get state() {
    return this.#peer.state
  }

  /** It has keys to seal with. */
  get canTalk(): boolean {
    return this.#peer.state === 'ESTABLISHED' || this.#peer.state === 'R2-SENT'
  }

  has(id: number): boolean {
    return this.#received.has(id)
  }

  associate(other: Process): void {
    this.#peer.associate(other.hit, other.locator)
    this.#flush()
  }

  /** Sends the next numbered datagram; returns its number. */
  say(to: Process): number {
    const id = this.#world.nextContent()
    const bytes = contentBytes(id, 24)
    const content = { id, sourcePort: SOURCE_PORT, port: APP_PORT, bytes }
    this.#world.see({ type: 'app-sent', run: this.#run, to: to.hit, content })
    this.#world.event('sent')
    this.#peer.sayBytes(bytes, SOURCE_PORT)
    this.#flush()
    return id
  }

  /** RFC 7402 §6.8, if no rekey of its own is under way. */
  rekey(): void {
    if (this.#peer.rekey === undefined) this.#peer.startRekey(true)
    this.#flush()
  }

  /** RFC 8046 §3.2.1: from another address. What still comes to the old one is heard. */
  readdress(): void {
    this.#socket = this.#bind(1)
    this.#world.see({ type: 'announced', locator: this.#socket.locator, run: undefined })
    this.#peer.readdress(this.#socket.locator, 2)
    this.#flush()
  }

  #bind(at: 0 | 1): Socket {
    const address = this.#host.addresses[at] ?? ''
    const socket = this.#world.network.bind({ address, port: this.#host.freshPort() }, (bytes, source) =>
      this.#receive(bytes, source),
    )
    if (socket === undefined) throw new Error('a fresh port is free')
    return socket
  }

  #receive(bytes: Uint8Array, source: Socket['locator']): void {
    const number = bytes.subarray(0, NUMBER_BYTES).join()
    const isEsp = bytes.subarray(0, 4).some((byte) => byte !== 0)
    if (isEsp && this.#opened.has(number)) return
    this.#peer.onDatagram = (data) => {
      this.#opened.add(number)
      this.#hear(data)
    }
    this.#peer.receive(bytes, source)
    this.#flush()
  }

  #hear(bytes: Uint8Array): void {
    const [{ hit: peer } = { hit: this.hit }] = this.#world.processes.values()
    const id = contentId(bytes)
    if (id !== undefined) this.#received.add(id)
    const event = { type: 'datagram', peer, sourcePort: 1_007, port: APP_PORT, bytes } as const
    this.#world.see({ type: 'event', at: this.#world.now, run: this.#run, event })
  }

  #repeatLater(): void {
    this.#world.clock.after(REPEAT_MS, () => {
      this.#peer.repeat()
      this.#flush()
      this.#repeatLater()
    })
  }

  #flush(): void {
    for (const { bytes, to } of this.#peer.sent.splice(0)) this.#socket.send(bytes, to)
  }
}
