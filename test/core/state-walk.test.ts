// Every state of RFC 7401 §4.4.2 × every packet, at a real engine: what it answers and which state follows, as §4.4.3 has it. The
// table in the code is held against the RFC in states.test.ts; here the engine is.

import { describe, expect, it } from 'vitest'
import { Agenda, type Dated } from '../../src/core/agenda.ts'
import { Association, nameOf } from '../../src/core/association/association.ts'
import type { StateName } from '../../src/core/association/states.ts'
import { buildNotify, epochOf } from '../../src/core/association/update.ts'
import type { Engine } from '../../src/core/engine.ts'
import type { Entropy } from '../../src/crypto/entropy.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { wrapHip } from '../../src/wire/datagram.ts'
import { Notification } from '../../src/wire/registry.ts'
import { seeded } from '../support/actors.ts'
import {
  type Cast,
  type End,
  enter,
  type Flying,
  type Label,
  labelOf,
  labelsBy,
  place,
  stage,
} from '../support/stage.ts'

/** The associations of an engine, by its entropy: every one of them comes by its agenda. */
const kept = new WeakMap<Entropy, Set<Association>>()
const note = Agenda.prototype.note
Agenda.prototype.note = function noted(this: Agenda<Dated>, item: Dated): void {
  if (item instanceof Association) {
    const { entropy } = item.context
    kept.set(entropy, (kept.get(entropy) ?? new Set()).add(item))
  }
  note.call(this, item)
}

type Kind = 'I1' | 'R1' | 'I2' | 'R2' | 'UPDATE' | 'NOTIFY' | 'CLOSE' | 'CLOSE_ACK' | 'ESP'

const KINDS: readonly Kind[] = ['I1', 'R1', 'I2', 'R2', 'UPDATE', 'NOTIFY', 'CLOSE', 'CLOSE_ACK', 'ESP']

/** Seeds of two identities of which the first, or the second, has the greater HIT. */
const [GREATER, LESSER] = order(11, 12)

function order(x: number, y: number): readonly [readonly [number, number], readonly [number, number]] {
  const { alice, bob } = stage({ seeds: [x, y], associate: false })
  const greater = Buffer.compare(hitBytes(alice.identity.hit), hitBytes(bob.identity.hit)) > 0
  return greater
    ? [
        [x, y],
        [y, x],
      ]
    : [
        [y, x],
        [x, y],
      ]
}

/** Brings Alice into a state towards Bob. */
function into(state: StateName, seeds = GREATER): Cast {
  const apart = state === 'UNASSOCIATED' || state === 'I1-SENT' || state === 'I2-SENT' || state === 'E-FAILED'
  const cast = stage({ seeds, associate: !apart && state !== 'R2-SENT' })
  const { a, b, wire, filters } = cast
  const begin = (): void => a.engine.associate(wire.now, { hit: b.engine.hit, locators: [b.at] })
  if (state === 'I1-SENT' || state === 'E-FAILED') {
    filters.lose('I1', Infinity, a)
    begin()
    wire.run(state === 'E-FAILED' ? 5_000 : 5)
  } else if (state === 'I2-SENT') {
    filters.lose('I2', Infinity, a)
    begin()
    wire.run(50)
  } else if (state === 'R2-SENT') {
    b.engine.associate(wire.now, { hit: a.engine.hit, locators: [a.at] })
    wire.run(50)
  } else if (state === 'PARKED') {
    const silence = filters.lose(() => true)
    a.engine.send(wire.now, b.engine.hit, 7, 7, new Uint8Array(1))
    wire.run(60_000)
    silence.stop()
  } else if (state === 'CLOSING') {
    filters.lose('CLOSE', Infinity, a)
    a.engine.close(wire.now, b.engine.hit)
    wire.run(5)
  } else if (state === 'CLOSED') {
    b.engine.close(wire.now, a.engine.hit)
    wire.run(50)
  }
  expect(stateOf(cast)).toBe(state)
  return cast
}

function stateOf({ alice }: Pick<Cast, 'alice'>): StateName {
  const names = [...(kept.get(alice.entropy) ?? [])].map(({ state }) => nameOf(state))
  return names.filter((name) => name !== 'UNASSOCIATED').at(-1) ?? 'UNASSOCIATED'
}

/** Everything that an engine wants to send now. */
function take(engine: Engine, now: number, label: Label): Uint8Array | undefined {
  let found: Uint8Array | undefined
  for (let out = engine.transmit(now); out !== undefined; out = engine.transmit(now))
    if (labelOf(out.bytes) === label) found ??= out.bytes.slice()
  return found
}

/** A start of somebody that is on no wire. */
function aside(cast: Cast, who: 'alice' | 'bob', epoch: number): End {
  const end = enter(cast, cast[who], epoch, place(9), { entropy: seeded(99) })
  cast.wire.remove(end)
  return end
}

/** The last packet of a kind that Bob or Alice has sent. */
function last(cast: Cast, from: End, label: Label): Uint8Array | undefined {
  return cast.wire.sent.filter((flying) => flying.from === from.at && labelOf(flying.bytes) === label).at(-1)?.bytes
}

/** What Bob sends in an association of its own with Alice: as good as can be, but of another one. */
function fromElsewhere(cast: Cast, label: Label): Uint8Array | undefined {
  const seeds = cast.a.engine.hit === into('UNASSOCIATED', GREATER).a.engine.hit ? GREATER : LESSER
  const twin = stage({ seeds })
  twin.b.engine.readdress(twin.wire.now, [place(2)])
  twin.b.engine.send(twin.wire.now, twin.a.engine.hit, 7, 7, new Uint8Array(1))
  twin.wire.run(50)
  twin.a.engine.close(twin.wire.now, twin.b.engine.hit)
  twin.b.engine.close(twin.wire.now, twin.a.engine.hit)
  twin.wire.run(50)
  return last(twin, twin.b, label)
}

/** Bob's packet of this kind, genuine if Bob can have anything to say of this kind now. */
function packet(cast: Cast, kind: Kind): Uint8Array | undefined {
  const { a, b, wire } = cast
  const now = wire.now
  if (kind === 'I1' || kind === 'I2') {
    const again = aside(cast, 'bob', 2)
    again.engine.associate(now, { hit: a.engine.hit, locators: [a.at] })
    const i1 = take(again.engine, now, 'I1')
    if (kind === 'I1' || i1 === undefined) return i1
    wire.inject({ from: again.at, to: a.at, bytes: i1 })
    const r1 = last(cast, a, 'R1')
    if (r1 !== undefined) again.engine.receive(now, r1, a.at)
    return take(again.engine, now, 'I2')
  }
  if (kind === 'R1') {
    const asking = aside(cast, 'alice', 1)
    asking.engine.associate(now, { hit: b.engine.hit, locators: [b.at] })
    const answering = aside(cast, 'bob', 2)
    answering.engine.receive(now, take(asking.engine, now, 'I1') ?? new Uint8Array(0), a.at)
    return take(answering.engine, now, 'R1')
  }
  if (kind === 'NOTIFY') {
    const start = cast.bob.start(1)
    const epoch = epochOf(start, cast.alice.start(1), 0, new Uint8Array(8), false)
    const who = { hitBytes: hitBytes(b.engine.hit), identity: cast.bob.identity }
    const notification = { type: Notification.RESUME_REFUSED, data: new Uint8Array(32) }
    return wrapHip(buildNotify(who, hitBytes(a.engine.hit), epoch, notification))
  }
  // Where Alice is in I2-SENT, Bob has its I2 and has sent an R2.
  const i2 = stateOf(cast) === 'I2-SENT' ? last(cast, a, 'I2') : undefined
  if (i2 !== undefined) b.engine.receive(now, i2, a.at)
  const close = stateOf(cast) === 'CLOSING' ? last(cast, a, 'CLOSE') : undefined
  if (kind === 'R2') return take(b.engine, now, 'R2') ?? fromElsewhere(cast, 'R2')
  if (kind === 'CLOSE_ACK' && close !== undefined) b.engine.receive(now, close, a.at)
  if (kind === 'CLOSE_ACK') return take(b.engine, now, 'CLOSE_ACK') ?? fromElsewhere(cast, 'CLOSE_ACK')
  if (kind === 'UPDATE') b.engine.readdress(now, [b.at])
  if (kind === 'UPDATE') return take(b.engine, now, 'READDRESS') ?? fromElsewhere(cast, 'READDRESS')
  if (kind === 'ESP') b.engine.send(now, a.engine.hit, 7, 7, new Uint8Array(1))
  if (kind === 'ESP') return take(b.engine, now, 'ESP') ?? fromElsewhere(cast, 'ESP')
  b.engine.close(now, a.engine.hit)
  return take(b.engine, now, 'CLOSE') ?? last(cast, b, 'CLOSE') ?? fromElsewhere(cast, 'CLOSE')
}

type Outcome = readonly [answers: readonly Label[], next: StateName]

/** RFC 7401 §4.4.3; what is not here is dropped, and the state stays. */
const EXPECTED: Readonly<Record<StateName, Readonly<Partial<Record<Kind, Outcome>>>>> = {
  UNASSOCIATED: { I1: [['R1'], 'UNASSOCIATED'], I2: [['R2'], 'R2-SENT'], UPDATE: [['NOTIFY'], 'UNASSOCIATED'] },
  'I1-SENT': { I1: [['R1'], 'I1-SENT'], R1: [['I2'], 'I2-SENT'], I2: [['R2'], 'R2-SENT'] },
  'I2-SENT': {
    I1: [['R1'], 'I2-SENT'],
    R1: [['I2'], 'I2-SENT'],
    I2: [['R2'], 'R2-SENT'],
    R2: [[], 'ESTABLISHED'],
    CLOSE: [['CLOSE_ACK'], 'CLOSED'],
  },
  'R2-SENT': {
    I1: [['R1'], 'R2-SENT'],
    I2: [['R2'], 'R2-SENT'],
    UPDATE: [['ACK'], 'ESTABLISHED'],
    ESP: [[], 'ESTABLISHED'],
    CLOSE: [['CLOSE_ACK'], 'CLOSED'],
  },
  ESTABLISHED: {
    I1: [['R1'], 'ESTABLISHED'],
    I2: [['R2'], 'R2-SENT'],
    UPDATE: [['ACK'], 'ESTABLISHED'],
    CLOSE: [['CLOSE_ACK'], 'CLOSED'],
  },
  PARKED: {
    I1: [['R1'], 'PARKED'],
    I2: [['R2'], 'R2-SENT'],
    UPDATE: [['ACK'], 'ESTABLISHED'],
    ESP: [[], 'ESTABLISHED'],
    CLOSE: [['CLOSE_ACK'], 'CLOSED'],
  },
  CLOSING: {
    I1: [['R1'], 'CLOSING'],
    I2: [['R2'], 'R2-SENT'],
    UPDATE: [['NOTIFY'], 'CLOSING'],
    CLOSE: [['CLOSE_ACK'], 'CLOSED'],
    CLOSE_ACK: [[], 'UNASSOCIATED'],
  },
  CLOSED: {
    I1: [['R1'], 'CLOSED'],
    I2: [['R2'], 'R2-SENT'],
    UPDATE: [['NOTIFY'], 'CLOSED'],
    CLOSE: [['CLOSE_ACK'], 'CLOSED'],
  },
  'E-FAILED': { I1: [['R1'], 'E-FAILED'], I2: [['R2'], 'R2-SENT'], UPDATE: [['NOTIFY'], 'E-FAILED'] },
}

const STATES = Object.keys(EXPECTED) as StateName[]

function outcome(cast: Cast, kind: Kind): Outcome {
  const bytes = packet(cast, kind)
  if (bytes === undefined) throw new Error(`no ${kind}`)
  const flying: Flying = { from: kind === 'I1' || kind === 'I2' ? place(9) : cast.b.at, to: cast.a.at, bytes }
  const before = cast.wire.sent.length
  cast.wire.inject(flying)
  return [labelsBy(cast, cast.a, before), stateOf(cast)]
}

describe.each(STATES)('in %s', (state) => {
  it.each(KINDS)('%s does what RFC 7401 §4.4.3 says', (kind) => {
    expect(outcome(into(state), kind)).toEqual(EXPECTED[state][kind] ?? [[], state])
  })
})

describe('the lesser HIT', () => {
  it('gives no R1 in I1-SENT', () => {
    expect(outcome(into('I1-SENT', LESSER), 'I1')).toEqual([[], 'I1-SENT'])
  })

  it('drops an I2 in I2-SENT', () => {
    expect(outcome(into('I2-SENT', LESSER), 'I2')).toEqual([[], 'I2-SENT'])
  })
})

describe('from within', () => {
  it.each([
    ['UNASSOCIATED', ['I1'], 'I1-SENT'],
    ['CLOSING', ['I1'], 'I1-SENT'],
    ['CLOSED', ['I1'], 'I1-SENT'],
    ['E-FAILED', ['I1'], 'I1-SENT'],
    ['ESTABLISHED', [], 'ESTABLISHED'],
    ['PARKED', [], 'PARKED'],
  ] as const)('%s begins an association if there is none: %s', (state, sent, next) => {
    const cast = into(state)
    const before = cast.wire.sent.length
    cast.a.engine.associate(cast.wire.now, { hit: cast.b.engine.hit, locators: [cast.b.at] })
    cast.wire.drain()
    expect([labelsBy(cast, cast.a, before), stateOf(cast)]).toEqual([sent, next])
  })

  it.each([
    ['I1-SENT', [], 'UNASSOCIATED'],
    ['I2-SENT', [], 'UNASSOCIATED'],
    ['R2-SENT', ['CLOSE'], 'CLOSING'],
    ['ESTABLISHED', ['CLOSE'], 'CLOSING'],
    ['PARKED', ['CLOSE'], 'CLOSING'],
    ['CLOSING', [], 'CLOSING'],
    ['CLOSED', [], 'CLOSED'],
  ] as const)('%s is closed by its owner: %s', (state, sent, next) => {
    const cast = into(state)
    const before = cast.wire.sent.length
    cast.a.engine.close(cast.wire.now, cast.b.engine.hit)
    cast.wire.drain()
    expect([labelsBy(cast, cast.a, before), stateOf(cast)]).toEqual([sent, next])
  })

  it.each([
    ['R2-SENT', 4_600, 'ESTABLISHED'],
    ['I2-SENT', 4_600, 'E-FAILED'],
    ['PARKED', 700_000, 'UNASSOCIATED'],
    ['CLOSING', 5_000, 'UNASSOCIATED'],
    ['CLOSED', 10_000, 'UNASSOCIATED'],
    ['E-FAILED', 10_000, 'UNASSOCIATED'],
  ] as const)('%s ends by itself after %i ms', (state, ms, next) => {
    const cast = into(state)
    cast.wire.remove(cast.b)
    cast.wire.run(ms)
    expect(stateOf(cast)).toBe(next)
  })
})
