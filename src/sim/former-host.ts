// A host that a process has left, and that turns on it (MOVING, model of the attacker): it kept the identity key, the frozen state
// and its old start, and knows whatever is sent in clear, the newest receipt among it. It tries everything that these allow,
// and lets the old engine itself go on: a zombie.

import type { OwnStart } from '../core/engine.ts'
import type { FrozenState } from '../core/moving/frozen.ts'
import { nodeAead, type Opener } from '../crypto/aead.ts'
import { Identity } from '../crypto/identity.ts'
import { contentBytes } from './content.ts'
import type { Departure } from './departure.ts'
import type { Host } from './host.ts'
import { APP_PORT, Instance } from './instance.ts'
import type { WirePacket } from './packet.ts'
import { spiOf } from './packet.ts'
import type { Process } from './process.ts'
import type { World } from './world.ts'

const LOOK_MS = 250
const PATIENCE_MS = 20_000
/** How long all must have been quiet before it strikes, so that P3 and its ACK are through. */
const QUIET_LOOKS = 4
/** How long it acts: a zombie notices the silence of its peers, asks, and is told. */
const ACT_MS = 5_000
const OPENINGS_MAX = 12

export class FormerHost {
  readonly #world: World
  readonly #subject: Process
  readonly #host: Host
  readonly #zombie: Instance
  readonly #frozen: FrozenState
  readonly #oldStart: OwnStart
  readonly #openers: { readonly opener: Opener; readonly spi: number }[]
  #quiet = 0
  #openings = 0
  #turned = false

  constructor(world: World, departure: Departure, frozen: FrozenState) {
    this.#world = world
    this.#subject = departure.subject
    this.#host = departure.from
    this.#zombie = departure.instance
    this.#frozen = structuredClone(frozen)
    this.#oldStart = departure.instance.start
    this.#openers = this.#frozen.associations.flatMap(({ espSuite, inbound }) =>
      inbound.map(({ spi, keys }) => ({ spi, opener: nodeAead.opener(espSuite, keys) })),
    )
    this.#look(world.now + PATIENCE_MS)
  }

  /** Tries its old keys on a packet that has just been sealed. */
  overhear(packet: WirePacket): void {
    if (!this.#turned || packet.kind !== 'ESP' || this.#openings >= OPENINGS_MAX) return
    this.#openings += 1
    const sequence = spiOf(packet.bytes.subarray(4))
    for (const { opener } of this.#openers) {
      if (opener.open(packet.bytes.slice(), sequence) === undefined) continue
      this.#world.see({ type: 'former-host-opened', hit: this.#subject.hit, spi: spiOf(packet.bytes) })
    }
  }

  /** Waits until every peer has gone with the true holder, for as long as nothing else goes on. */
  #look(until: number): void {
    const { clock, now } = this.#world
    if (now > until || !this.#zombie.alive) return this.#zombie.stop()
    this.#quiet = this.#complete() ? this.#quiet + 1 : 0
    if (this.#quiet >= QUIET_LOOKS) return this.#turn()
    clock.after(LOOK_MS, () => this.#look(until))
  }

  #complete(): boolean {
    const holder = this.#subject
    const peers = this.#peers()
    if (!holder.running || peers.length === 0 || holder.here.run.epoch <= this.#frozen.epoch) return false
    return peers.every(
      (peer) =>
        peer.running &&
        holder.with(peer)?.state === 'established' &&
        peer.with(holder)?.state === 'established' &&
        peer.with(holder)?.peerEpoch === holder.here.run.epoch,
    )
  }

  #peers(): Process[] {
    return [...this.#world.processes.values()].filter((other) =>
      this.#frozen.associations.some(({ peerKey }) => peerKey.bytes.join() === other.identity.publicKey.bytes.join()),
    )
  }

  #turn(): void {
    const world = this.#world
    const { epoch, incarnation, receipt, ledgerKey } = this.#subject.here.start
    const own = Identity.generate(world.entropy)
    this.#turned = true
    world.fault('former-host')
    const copied: OwnStart = { epoch, incarnation, instance: own, receipt, ledgerKey }
    const starts: OwnStart[] = [copied, { ...copied, epoch: epoch + 1 }, this.#oldStart]
    const instances = starts.map((start) => this.#impersonate(start))
    instances.push(this.#zombie)
    world.see({
      type: 'former-host',
      at: world.now,
      hit: this.#subject.hit,
      peers: this.#peers().map(({ hit }) => hit),
      locators: instances.map(({ locator }) => locator),
    })
    this.#zombie.rise()
    this.#zombie.command((engine, now) => engine.readdress(now, [this.#zombie.locator]))
    for (const instance of instances) this.#act(instance)
    world.clock.after(ACT_MS, () => {
      for (const instance of instances) instance.stop()
    })
  }

  #impersonate(start: OwnStart): Instance {
    const lineage = this.#world.nextLineage()
    const frozen = structuredClone(this.#frozen)
    const parts = { world: this.#world, subject: this.#subject, host: this.#host, signer: this.#host.identity }
    return new Instance({ ...parts, start, frozen, lineage, honest: false })
  }

  /** Offers, data, a base exchange, and a farewell in the true holder's name. */
  #act(instance: Instance): void {
    const { clock } = this.#world
    for (const peer of this.#peers()) {
      const lie = contentBytes(this.#world.nextContent(), 20)
      instance.command((engine, now) => {
        if (peer.instance !== undefined) engine.associate(now, { hit: peer.hit, locators: [peer.locator] })
        engine.send(now, peer.hit, APP_PORT, APP_PORT, lie)
      })
      if (instance !== this.#zombie)
        clock.after(ACT_MS / 4, () => instance.command((engine, now) => engine.close(now, peer.hit)))
    }
  }
}
