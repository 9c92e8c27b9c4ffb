// The stage for scenarios: two or more engines on one wire (pair.ts), with a spy on what is sealed and filters on the way.

import { type Locator, sameLocator } from '../../src/base/address.ts'
import type { AccessList } from '../../src/core/access.ts'
import type { OwnStart } from '../../src/core/association/context.ts'
import type { Choices } from '../../src/core/association/exchange-offer.ts'
import type { Config } from '../../src/core/config.ts'
import { Engine } from '../../src/core/engine.ts'
import type { MachineEvent } from '../../src/core/machine.ts'
import type { FrozenState } from '../../src/core/moving/frozen.ts'
import type { EngineOptions } from '../../src/core/options.ts'
import type { OwnLocator } from '../../src/core/own-locators.ts'
import type { AeadProvider } from '../../src/crypto/aead.ts'
import type { Entropy } from '../../src/crypto/entropy.ts'
import type { Identity } from '../../src/crypto/identity.ts'
import { Filters, type Label, labelOf, messagesOf } from './filters.ts'
import { forgedEnvelope } from './former-host.ts'
import { type Actor, actor, End, type Flying, place, Wire } from './pair.ts'
import { Spy } from './spy.ts'

export { Filters, type Label, labelOf, messagesOf, type Rule, updateOf } from './filters.ts'
export { associationIn, forgedClose, forgedEnvelope, forgedUpdate, marked } from './former-host.ts'
export { type Actor, actor, End, type Flying, hip, place, Wire } from './pair.ts'
export { Spy, sealed } from './spy.ts'

// ── The cast ──────────────────────────────────────────────────────────────────

export interface Means extends Choices {
  readonly config?: Partial<Config>
  readonly aead?: AeadProvider
  readonly locators?: readonly OwnLocator[]
  readonly entropy?: Entropy
  readonly opportunistic?: boolean
  readonly access?: AccessList
}

export interface Cast {
  readonly wire: Wire
  readonly spy: Spy
  readonly filters: Filters
  readonly alice: Actor
  readonly bob: Actor
  readonly a: End
  readonly b: End
}

export interface Setting extends Means {
  readonly delayMs?: number
  /** Alice's and Bob's identities; 11 and 12 by default. */
  readonly seeds?: readonly [number, number]
  /** Instead of those of the seeds. */
  readonly identities?: readonly [Identity, Identity]
  /** Whether identities have receipts; they do by default. */
  readonly ledger?: boolean
  /** False leaves the base exchange to the scenario. */
  readonly associate?: boolean
}

/** Alice at .1 and Bob at .2, port 7 bound at both; Alice has associated with Bob. */
export function stage(setting: Setting = {}): Cast {
  const wire = new Wire(setting.delayMs)
  const spy = new Spy()
  const filters = new Filters(wire)
  const [seedA, seedB] = setting.seeds ?? [11, 12]
  const alice = actor(seedA, setting.ledger, setting.identities?.[0])
  const bob = actor(seedB, setting.ledger, setting.identities?.[1])
  const means = { ...setting, aead: setting.aead ?? spy }
  const a = enter({ wire, spy }, alice, 1, place(1), means)
  const b = enter({ wire, spy }, bob, 1, place(2), means)
  const cast = { wire, spy, filters, alice, bob, a, b }
  if (setting.associate === false) return cast
  a.engine.associate(0, { hit: b.engine.hit, locators: [b.at] })
  wire.run(10 * wire.delayMs + 10)
  if (stateAt(a, b) !== 'established' || stateAt(b, a) !== 'established') throw new Error('no base exchange')
  return cast
}

type Here = Pick<Cast, 'wire' | 'spy'>

/** A fresh start of somebody, with nothing resumed. */
export function enter({ wire, spy }: Here, who: Actor, epoch: number, at: Locator, means: Means = {}): End {
  const engine = new Engine(optionsOf(who.start(epoch), wire, who, at, { aead: spy, ...means }))
  engine.bind(7)
  return wire.add(new End(engine, at, apartAt(at, means)))
}

/** Where an end is heard: at all its locators that are apart. */
function apartAt(at: Locator, { locators = [] }: Means): readonly Locator[] {
  return locators.some(({ apart }) => apart === true) ? locators : [at]
}

function optionsOf(start: OwnStart, wire: Wire, who: Actor, at: Locator, means: Means): EngineOptions {
  const { config = {}, locators = [at], entropy = who.entropy } = means
  return {
    identity: who.identity,
    start,
    entropy,
    locators,
    config,
    now: wire.now,
    ...(means.aead === undefined ? {} : { aead: means.aead }),
    algorithms: means.algorithms,
    dhGroups: means.dhGroups,
    hipCiphers: means.hipCiphers,
    espSuites: means.espSuites,
    ...(means.opportunistic === undefined ? {} : { opportunistic: means.opportunistic }),
    ...(means.access === undefined ? {} : { access: means.access }),
  }
}

/** FREEZE, until it is complete; the end leaves the wire, and its state is what a capsule would hold. */
export function freeze({ wire }: Pick<Cast, 'wire'>, end: End, maxMs = 10_000): FrozenState {
  end.engine.freeze(wire.now)
  wire.drain()
  for (let ms = 0; !end.told.includes('frozen') && ms < maxMs; ms += 5) wire.run(5)
  wire.remove(end)
  return end.engine.frozenState([{ port: 7, unread: [] }], new Uint8Array(0))
}

/** THAW with a receipt of the ledger, or with whatever start is given. */
export function thaw(
  { wire, spy }: Here,
  who: Actor,
  state: FrozenState,
  epoch: number | OwnStart,
  at: Locator,
  means: Means = {},
): End {
  const start = typeof epoch === 'number' ? who.start(epoch) : epoch
  const engine = Engine.thaw(optionsOf(start, wire, who, at, { aead: spy, ...means }), state)
  return wire.add(new End(engine, at, apartAt(at, means)))
}

/** A whole move: FREEZE, THAW, and time for every packet of the flight. */
export function move(cast: Cast, who: Actor, end: End, epoch: number, at: Locator): End {
  const moved = thaw(cast, who, freeze(cast, end), epoch, at)
  cast.wire.run(20 * cast.wire.delayMs)
  return moved
}

// ── Looking ───────────────────────────────────────────────────────────────────

export function stateAt(end: End, peer: End): string | undefined {
  return end.engine.association(peer.engine.hit)?.state
}

/** Sends one datagram from port 7 to port 7. */
export function say({ wire }: Pick<Cast, 'wire'>, from: End, to: End, text: string): string {
  const outcome = from.engine.send(wire.now, to.engine.hit, 7, 7, new TextEncoder().encode(text))
  wire.drain()
  return outcome
}

/** True if both can say something to each other within `ms`. */
export function converse(cast: Cast, x: End, y: End, ms = 200): boolean {
  const word = `word ${cast.wire.now}`
  say(cast, x, y, word)
  say(cast, y, x, word)
  cast.wire.run(ms)
  return x.datagrams().includes(word) && y.datagrams().includes(word)
}

export function endedAt(end: End): Extract<MachineEvent, { type: 'ended' }>[] {
  return end.events.filter((event) => event.type === 'ended')
}

/** Why its associations have ended, in order. */
export function reasons(end: End): string[] {
  return endedAt(end).map(({ reason }) => reason)
}

/** What was sent from somewhere, or by anybody, since the `since`th datagram. */
export function sentBy({ wire }: Pick<Cast, 'wire'>, from?: End, since = 0): (Flying & { readonly at: number })[] {
  return wire.sent
    .slice(since)
    .filter(({ from: at }) => from === undefined || from.all.some((own) => sameLocator(own, at)))
}

export function labelsBy(cast: Pick<Cast, 'wire'>, from?: End, since = 0): Label[] {
  return sentBy(cast, from, since).map(({ bytes }) => labelOf(bytes))
}

/** The packets of one kind. */
export function those(
  cast: Pick<Cast, 'wire'>,
  label: Label,
  from?: End,
  since = 0,
): (Flying & { readonly at: number })[] {
  return sentBy(cast, from, since).filter(({ bytes }) => labelOf(bytes) === label)
}

/** Alice has closed, Bob stands still: her CLOSE, and an envelope for whatever somebody with Bob's keys might answer. */
export function unanswered() {
  const cast = stage()
  const { a, b, alice, bob, wire } = cast
  const state = freeze(cast, b)
  a.engine.close(wire.now, b.engine.hit)
  wire.run(5)
  const [close] = messagesOf(sentBy(cast, a), 'CLOSE')
  if (close === undefined) throw new Error('no CLOSE')
  return { ...cast, close, envelope: forgedEnvelope(bob, state, a.engine.hit, bob.start(1), alice.start(1)) }
}
