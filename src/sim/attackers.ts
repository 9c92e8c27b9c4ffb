// Everybody who means harm but a former host: who copies packets and sends them again, later or from elsewhere; who floods with
// spoofed I1s; who restores old capsules, steals them, or starts one twice.

import type { Locator } from '../base/address.ts'
import type { Prng } from '../base/prng.ts'
import { readCapsule } from '../core/moving/capsule.ts'
import { addressOf } from './addresses.ts'
import type { Arrival, OpenedCapsule } from './arrival.ts'
import type { Departure } from './departure.ts'
import type { Door, StartOutcome } from './door.ts'
import type { FaultKind, Profile } from './faults.ts'
import { FormerHost } from './former-host.ts'
import type { Host } from './host.ts'
import type { Instance } from './instance.ts'
import type { Footprint } from './observation.ts'
import type { WirePacket } from './packet.ts'
import type { Process } from './process.ts'
import { kemKey, openBox } from './seal.ts'
import type { World } from './world.ts'

const REPLAY_MS_MAX = 20_000
const REPLAYS_MAX = 30
const FLOOD_PACKETS = 24
/** Where the sender's HIT is in a UDP payload: marker 4, fixed header 8 (RFC 7401 §5.1). */
const SENDER_AT = 12
const HIT_BYTES = 16
const HIT_PREFIX_BYTES = 4

interface UsedCapsule extends OpenedCapsule {
  readonly subject: Process
  readonly host: Host
}

export class Attackers {
  readonly #world: World
  readonly #prng: Prng
  readonly #profile: Profile
  readonly #lair: Host
  readonly #firstPackets = new Map<string, WirePacket>()
  readonly #used: UsedCapsule[] = []
  readonly #stolen: Uint8Array[] = []
  #formerHosts: FormerHost[] = []
  #copies = 0
  #active = true

  constructor(world: World, profile: Profile) {
    this.#world = world
    this.#profile = profile
    this.#prng = world.prng.fork()
    this.#lair = world.host('lair')
    world.hooks = {
      departed: (departure) => this.#departed(departure),
      used: (arrival) => this.#keep(arrival),
      claiming: (door, arrival, opened) => this.#claiming(door, arrival, opened),
      sent: (packet, run) => this.#sent(packet, run?.honest === true),
    }
  }

  /** From now on they only watch. */
  rest(): void {
    this.#active = false
  }

  /** An address at which nobody lives. */
  victim(): Locator {
    const address = addressOf(this.#world.family, 'victim', 1 + this.#prng.below(250))
    return { address, port: 1_024 + this.#prng.below(60_000) }
  }

  /** Many I1s from many addresses, each as good as a true one. */
  flood(instance: Instance): void {
    const template = this.#firstPackets.get(instance.run.hit)
    if (template === undefined || !instance.running) return
    this.#world.fault('flood')
    const before = footprint(instance)
    for (let i = 0; i < FLOOD_PACKETS; i++) {
      const bytes = template.bytes.slice()
      const from = SENDER_AT + HIT_PREFIX_BYTES
      bytes.set(this.#prng.bytes(HIT_BYTES - HIT_PREFIX_BYTES), from)
      instance.receiveSpoofed(bytes, this.victim())
    }
    const after = footprint(instance)
    this.#world.see({ type: 'flooded', run: instance.run, packets: FLOOD_PACKETS, before, after })
  }

  /** A capsule that was used before is started once more on the host it was meant for, or on one that it was not. */
  rethaw(kind: 'thaw-older-capsule' | 'thaw-foreign-capsule'): void {
    if (this.#used.length === 0) return
    const used = this.#prng.pick(this.#used)
    const foreign = kind === 'thaw-foreign-capsule'
    const host = foreign ? this.#lair : used.host
    if (!host.up) return
    this.#world.fault(kind)
    if (foreign) this.#openStolen()
    const signer = foreign ? this.#lair.identity : used.signer
    const plan = { base: used.frozen.epoch, grant: used.grant }
    this.#world.start(used.subject, host, signer, plan, (outcome) => this.#started(outcome, used, host, signer))
  }

  #started(
    outcome: StartOutcome,
    used: OpenedCapsule & { readonly subject: Process },
    host: Host,
    signer = used.signer,
  ): void {
    if (typeof outcome === 'string') return this.#world.event('thaw-refused')
    this.#world.launch(used.subject, host, signer, outcome, used.frozen)
  }

  /** A thief has the bytes and no key. */
  #openStolen(): void {
    const bytes = this.#stolen.at(-1)
    const capsule = bytes === undefined ? 'malformed' : readCapsule(bytes)
    if (typeof capsule === 'string') return
    const plaintext = openBox(kemKey(this.#world.entropy, this.#world.algorithms.dhGroups), capsule.sealed, capsule.aad)
    if (plaintext !== undefined) throw new Error('a stolen capsule was opened with another key')
  }

  #departed(departure: Departure): boolean {
    if (departure.capsule !== undefined) this.#stolen.push(departure.capsule)
    const { frozen } = departure
    if (frozen === undefined || !this.#strikes('former-host')) return false
    this.#formerHosts = [...this.#formerHosts, new FormerHost(this.#world, departure, frozen)]
    return true
  }

  #keep(arrival: Arrival): void {
    const { opened, subject, host } = arrival
    if (opened !== undefined) this.#used.push({ ...opened, subject, host })
  }

  /** The target host, key and all, was copied before it claimed, or while it does. */
  #claiming(door: Door, arrival: Arrival, opened: OpenedCapsule): void {
    const { subject } = arrival
    const done = (outcome: StartOutcome): void => this.#started(outcome, { ...opened, subject }, this.#lair)
    if (this.#strikes('thaw-twice')) {
      this.#world.fault('thaw-twice')
      const plan = { base: opened.frozen.epoch, grant: opened.grant }
      this.#world.clock.after(this.#prng.pick([0, 1, 5, 500, 3_000]) * this.#prng.next(), () =>
        this.#world.start(subject, this.#lair, opened.signer, plan, done),
      )
    }
    if (!this.#strikes('clone-start')) return
    this.#world.clock.after(8 * this.#prng.next(), () => {
      const copy = this.#world.copyStart(door, subject, this.#lair, opened.signer, done)
      if (copy !== undefined) this.#world.fault('clone-start')
    })
  }

  #sent(packet: WirePacket, honest: boolean): void {
    if (honest) for (const former of this.#formerHosts) former.overhear(packet)
    if (packet.kind === 'I1') this.#firstPackets.set(this.#hitAt(packet), packet)
    if (!this.#active || this.#copies >= REPLAYS_MAX) return
    if (this.#strikes('replay')) {
      this.#copies += 1
      this.#world.clock.after(REPLAY_MS_MAX * this.#prng.next() ** 3, () => {
        if (!this.#active) return
        this.#world.fault('replay')
        this.#world.network.replay(this.#lair.name, packet)
      })
    }
    if (!this.#strikes('spoof')) return
    this.#copies += 1
    this.#world.fault('spoof')
    this.#world.network.inject(this.#lair.name, this.victim(), packet.to, packet.bytes)
  }

  /** The identity a packet was sent to, by its locator. */
  #hitAt(packet: WirePacket): string {
    for (const { instance, hit } of this.#world.processes.values()) {
      if (instance?.locator.address === packet.to.address && instance.locator.port === packet.to.port) return hit
    }
    return ''
  }

  #strikes(kind: FaultKind): boolean {
    return this.#active && this.#profile[kind] > 0 && this.#prng.chance(this.#profile[kind])
  }
}

function footprint({ engine }: Instance): Footprint {
  return { associations: [...engine.associations()].length, counters: Object.keys(engine.counters).length }
}
