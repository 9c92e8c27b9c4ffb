// Engines in memory with virtual time and a wire between them that a test can bend: drop, hold, copy, or change the source.

import { type Locator, locatorKey } from '../../src/base/address.ts'
import type { OwnStart } from '../../src/core/association/context.ts'
import type { Config } from '../../src/core/config.ts'
import { Engine } from '../../src/core/engine.ts'
import type { MachineEvent, Transmit } from '../../src/core/machine.ts'
import type { FrozenState } from '../../src/core/moving/frozen.ts'
import type { Entropy } from '../../src/crypto/entropy.ts'
import type { Hit } from '../../src/crypto/hit.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import { decodeMessage, type Message } from '../../src/wire/messages.ts'
import { seeded } from './actors.ts'
import { startOf } from './exchange.ts'

/** One datagram on the wire. */
export interface Flying {
  readonly from: Locator
  readonly to: Locator
  readonly bytes: Uint8Array
}

/** One engine at one locator, or at several that are apart, with everything it said. */
export class End {
  readonly engine: Engine
  readonly at: Locator
  readonly all: readonly Locator[]
  readonly events: MachineEvent[] = []
  /** What an application does about what it is told, if there is one. */
  listener: ((event: MachineEvent) => void) | undefined

  constructor(engine: Engine, at: Locator, all: readonly Locator[] = [at]) {
    this.engine = engine
    this.at = at
    this.all = all
  }

  hear(now: number, { bytes, from, to }: Flying): void {
    this.engine.receive(now, bytes, this.all.length > 1 ? { ...from, at: to } : from)
  }

  /** The types of the events so far. */
  get told(): readonly string[] {
    return this.events.map(({ type }) => type)
  }

  datagrams(): string[] {
    return this.events.flatMap((event) => (event.type === 'datagram' ? [Buffer.from(event.bytes).toString()] : []))
  }
}

/** Ends by locator, and what flies between them for `delayMs`. */
export class Wire {
  now = 0
  /** Leaves with the engines what they say can wait. */
  patient = false
  readonly delayMs: number
  /** Everything that was ever sent. */
  readonly sent: (Flying & { readonly at: number })[] = []
  /** What becomes of a datagram: itself, others in its place, or nothing. */
  bend: (flying: Flying) => readonly Flying[] = (flying) => [flying]
  readonly #ends = new Map<string, End>()
  readonly #flying: (Flying & { readonly due: number })[] = []

  constructor(delayMs = 10) {
    this.delayMs = delayMs
  }

  add(end: End): End {
    for (const at of end.all) this.#ends.set(locatorKey(at), end)
    return end
  }

  remove(end: End): void {
    for (const at of end.all) if (this.#ends.get(locatorKey(at)) === end) this.#ends.delete(locatorKey(at))
  }

  /** Puts a datagram in front of whoever is at `to`, now. */
  inject(flying: Flying): void {
    this.#ends.get(locatorKey(flying.to))?.hear(this.now, flying)
    this.drain()
  }

  /** Lets every engine say what it wants to say, and their applications answer. */
  drain(): void {
    let told = 0
    for (const end of this.#ends.values()) {
      const next = (): Transmit | undefined => end.engine.transmit(this.now, 1, this.patient)
      for (let out = next(); out !== undefined; out = next()) {
        const { address, port, at = end.at } = out.to
        const flying = { from: at, to: { address, port }, bytes: out.bytes.slice() }
        this.sent.push({ ...flying, at: this.now })
        for (const bent of this.bend(flying)) this.#flying.push({ ...bent, due: this.now + this.delayMs })
      }
      for (let event = end.engine.event(); event !== undefined; event = end.engine.event()) {
        end.events.push(event)
        end.listener?.(event)
        if (end.listener !== undefined) told += 1
      }
    }
    if (told > 0) this.drain()
  }

  /** Runs for `ms` of virtual time. */
  run(ms: number): void {
    const until = this.now + ms
    this.drain()
    for (let steps = 0; steps < 200_000; steps++) {
      if (this.step(until)) continue
      this.now = until
      return
    }
    throw new Error('the machines spin')
  }

  /** One datagram arrives, or whatever is due is done; false if there is nothing of the kind up to `until`. */
  step(until = Number.MAX_VALUE): boolean {
    const next = Math.min(
      ...this.#flying.map(({ due }) => due),
      ...[...this.#ends.values()].map(({ engine }) => engine.deadline),
    )
    if (next > until) return false
    this.now = Math.max(this.now, next)
    const arrived = this.#flying.findIndex(({ due }) => due <= this.now)
    if (arrived >= 0) {
      const [flying] = this.#flying.splice(arrived, 1)
      if (flying !== undefined) this.#ends.get(locatorKey(flying.to))?.hear(this.now, flying)
    } else for (const end of this.#ends.values()) if (end.engine.deadline <= this.now) end.engine.expire(this.now)
    this.drain()
    return true
  }
}

export interface Actor {
  readonly identity: Identity
  readonly entropy: Entropy
  start(epoch: number): OwnStart
}

/** An identity with its starts; the same in every run, unless the identity is given. */
export function actor(seed: number, ledger = true, given?: Identity): Actor {
  const entropy = seeded(seed)
  const identity = given ?? Identity.generate(entropy)
  const start = (epoch: number): OwnStart =>
    startOf(identity, Identity.generate(seeded(1_000 * seed + epoch)), epoch, ledger)
  return { identity, entropy, start }
}

export function engineOf(who: Actor, epoch: number, at: Locator, now: number, config: Partial<Config> = {}): Engine {
  const options = { identity: who.identity, start: who.start(epoch), entropy: who.entropy, locators: [at], config, now }
  return new Engine(options)
}

export function place(last: number, port = 10_500): Locator {
  return { address: `192.0.2.${last}`, port }
}

/** A pair that has done its base exchange: a at .1, b at .2, both with port 7 bound. */
export function pair(options: { ledger?: boolean; config?: Partial<Config>; delayMs?: number } = {}) {
  const wire = new Wire(options.delayMs)
  const alice = actor(11, options.ledger)
  const bob = actor(12, options.ledger)
  const a = wire.add(new End(engineOf(alice, 1, place(1), 0, options.config), place(1)))
  const b = wire.add(new End(engineOf(bob, 1, place(2), 0, options.config), place(2)))
  a.engine.bind(7)
  b.engine.bind(7)
  a.engine.associate(0, { hit: bob.identity.hit, locators: [b.at] })
  wire.run(200)
  if (!a.told.includes('associated') || !b.told.includes('associated')) throw new Error('no base exchange')
  return { wire, alice, bob, a, b }
}

export function send(wire: Wire, from: End, to: { readonly hit: Hit } | End, text: string): string {
  const hit = to instanceof End ? to.engine.hit : to.hit
  const outcome = from.engine.send(wire.now, hit, 7, 7, new TextEncoder().encode(text))
  return outcome
}

/** Freezes an end and takes its state; it leaves the wire. */
export function freeze(wire: Wire, end: End): FrozenState {
  end.engine.freeze(wire.now)
  wire.run(0)
  for (let ms = 0; !end.told.includes('frozen') && ms < 10_000; ms += 5) wire.run(5)
  wire.remove(end)
  return end.engine.frozenState([{ port: 7, unread: [] }], new Uint8Array(0))
}

export function thaw(
  wire: Wire,
  who: Actor,
  state: FrozenState,
  epoch: number,
  at: Locator,
  config: Partial<Config> = {},
): End {
  const start = who.start(epoch)
  const options = { identity: who.identity, start, entropy: who.entropy, locators: [at], config, now: wire.now }
  const end = new End(Engine.thaw(options, state), at)
  return wire.add(end)
}

/** The HIP message in a datagram, if it is one. */
export function hip(bytes: Uint8Array): Message | undefined {
  if (bytes.length < 8 || bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== 0 || bytes[3] !== 0) return undefined
  const message = decodeMessage(bytes.subarray(4))
  return isMalformed(message) ? undefined : message
}

export function isEsp(bytes: Uint8Array): boolean {
  return hip(bytes) === undefined && bytes.length > 8
}

/** P1 and so on, by what they carry. */
export function isP1(bytes: Uint8Array): boolean {
  const message = hip(bytes)
  return message?.kind === 'UPDATE' && message.dh !== undefined && message.ack === undefined
}

export function isP2(bytes: Uint8Array): boolean {
  const message = hip(bytes)
  return message?.kind === 'UPDATE' && message.dh !== undefined && message.ack !== undefined
}

export function isP3(bytes: Uint8Array): boolean {
  const message = hip(bytes)
  return (
    message?.kind === 'UPDATE' && message.seq !== undefined && message.ack !== undefined && message.dh === undefined
  )
}
