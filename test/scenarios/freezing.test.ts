// MOVING §3, §4: FREEZE in every state of the ratchet, on either end or on both, with whatever was under way lost; unfreezing.

import { describe, expect, it } from 'vitest'
import {
  type Cast,
  converse,
  type End,
  endedAt,
  freeze,
  labelsBy,
  place,
  say,
  sentBy,
  stage,
  stateAt,
  thaw,
} from '../support/stage.ts'

/** Two ends whose ratchet stands somewhere, the next epochs free, and nothing getting through that would move it on. */
interface Standing {
  readonly cast: Cast
  readonly a: End
  readonly b: End
  readonly epochs: readonly [number, number]
}

const STANDINGS: Readonly<Record<string, () => Standing>> = {
  'nothing under way': () => settled(),
  'U1 lost': () => rekeying('U1'),
  'U2 lost': () => rekeying('U2'),
  'U3 lost': () => rekeying('P3'),
  'the ACK of U3 lost': () => rekeying('ACK'),
  'P1 lost': () => rebinding('P1'),
  'P2 lost': () => rebinding('P2'),
  'P3 lost': () => rebinding('P3'),
  'the ACK of P3 lost': () => rebinding('ACK'),
  'P3 lost, and data come': () => {
    const standing = rebinding('P3')
    say(standing.cast, standing.a, standing.b, 'commits')
    standing.cast.wire.run(15)
    return standing
  },
  'both thawed and both P1s lost': () => crossing('P1'),
  'both thawed and both P2s lost': () => crossing('P2'),
  'both thawed and both P3s lost': () => crossing('P3'),
}

function settled(): Standing {
  const cast = stage()
  expect(converse(cast, cast.a, cast.b)).toBe(true)
  return { cast, a: cast.a, b: cast.b, epochs: [2, 2] }
}

function rekeying(lost: 'U1' | 'U2' | 'P3' | 'ACK'): Standing {
  const { cast, a, b, epochs } = settled()
  cast.filters.lose(lost)
  expect(a.engine.rekey(cast.wire.now, b.engine.hit)).toBe(true)
  cast.wire.run(60)
  return { cast, a, b, epochs }
}

function rebinding(lost: 'P1' | 'P2' | 'P3' | 'ACK'): Standing {
  const { cast, b } = settled()
  const state = freeze(cast, cast.a)
  cast.filters.lose(lost)
  const a = thaw(cast, cast.alice, state, 2, place(3))
  cast.wire.run(60)
  return { cast, a, b, epochs: [3, 2] }
}

function crossing(lost: 'P1' | 'P2' | 'P3'): Standing {
  const { cast } = settled()
  const [first, second] = [freeze(cast, cast.a), freeze(cast, cast.b)]
  cast.filters.lose(lost)
  const a = thaw(cast, cast.alice, first, 2, cast.a.at)
  const b = thaw(cast, cast.bob, second, 2, cast.b.at)
  cast.wire.run(60)
  return { cast, a, b, epochs: [3, 3] }
}

/** Lets everything through again. */
function heal({ wire }: Cast): void {
  wire.bend = (flying) => [flying]
}

/** One end has committed to S′ and the other cannot know: if both go now, three PTO in vain, no capsule has what the other has. */
const HOPELESS: readonly string[] = ['U3 lost', 'P3 lost']

describe.each(Object.entries(STANDINGS))('with %s', (name, standing) => {
  it('the one end moves, and the association goes on', () => {
    const { cast, a, b, epochs } = standing()
    const state = freeze(cast, a)
    heal(cast)
    const moved = thaw(cast, cast.alice, state, epochs[0], place(5))
    expectToGoOn(cast, moved, b)
  })

  it('the other end moves, and the association goes on', () => {
    const { cast, a, b, epochs } = standing()
    const state = freeze(cast, b)
    heal(cast)
    const moved = thaw(cast, cast.bob, state, epochs[1], place(6))
    expectToGoOn(cast, moved, a)
  })

  const outcome = HOPELESS.includes(name) ? 'both are told that it is reset' : 'the association goes on'
  it(`both ends are started again where they are, and ${outcome}`, () => {
    const { cast, a, b, epochs } = standing()
    const states = [freeze(cast, a), freeze(cast, b)] as const
    heal(cast)
    const [first, second] = [
      thaw(cast, cast.alice, states[0], epochs[0], a.at),
      thaw(cast, cast.bob, states[1], epochs[1], b.at),
    ]
    if (!HOPELESS.includes(name)) return expectToGoOn(cast, first, second)
    cast.wire.run(6_000)
    expect([first, second].map((end) => endedAt(end).map(({ reason }) => reason))).toEqual([['reset'], ['reset']])
  })

  it('FREEZE waits three PTO at most, and nothing is sent afterwards, whatever comes', () => {
    const { cast, a, b } = standing()
    const before = cast.wire.now
    a.engine.freeze(before)
    cast.wire.run(0)
    for (let ms = 0; !a.told.includes('frozen') && ms < 5_000; ms += 5) cast.wire.run(5)
    expect(cast.wire.now - before).toBeLessThanOrEqual(3 * 500)
    heal(cast)
    const since = cast.wire.sent.length
    say(cast, b, a, 'anybody there?')
    a.engine.send(cast.wire.now, b.engine.hit, 7, 7, new Uint8Array(9))
    cast.wire.run(20_000)
    expect(sentBy(cast, a, since)).toEqual([])
    expect(a.engine.deadline).toBe(Infinity)
  })

  it('a FREEZE that is taken back changes nothing', () => {
    const { cast, a, b } = standing()
    const state = freeze(cast, a)
    heal(cast)
    cast.wire.add(a)
    a.engine.unfreeze(cast.wire.now)
    expect(state.epoch).toBeGreaterThan(0)
    expectToGoOn(cast, a, b)
  })
})

function expectToGoOn(cast: Cast, x: End, y: End): void {
  cast.wire.run(1_000)
  // Whoever does not find its peer asks the ledger.
  for (const [asking, other] of [
    [x, y],
    [y, x],
  ] as const) {
    const whereabouts = other.engine.whereabouts(1)
    if (whereabouts !== undefined) asking.engine.learn(cast.wire.now, other.engine.hit, whereabouts)
  }
  cast.wire.run(6_000)
  expect([stateAt(x, y), stateAt(y, x)]).toEqual(['established', 'established'])
  expect(converse(cast, x, y)).toBe(true)
  expect([...x.told, ...y.told]).not.toContain('ended')
  expect(x.engine.association(y.engine.hit)?.baseExchanges ?? 0).toBeLessThanOrEqual(1)
  expect(cast.spy.reused).toEqual([])
  // A thing once said comes once.
  for (const end of [x, y]) expect(new Set(end.datagrams()).size).toBe(end.datagrams().length)
}

describe('FREEZE', () => {
  it('takes no time when every S is confirmed', () => {
    const { cast, a } = settled()
    a.engine.freeze(cast.wire.now)
    cast.wire.drain()
    expect(a.told).toContain('frozen')
  })

  it('waits for an S to be confirmed, and is over as soon as it is', () => {
    const { cast, a, b } = settled()
    const held = cast.filters.hold('ACK')
    a.engine.rekey(cast.wire.now, b.engine.hit)
    cast.wire.run(60)
    a.engine.freeze(cast.wire.now)
    cast.wire.drain()
    expect(a.told).not.toContain('frozen')
    held.stop()
    cast.filters.release(held)
    expect(a.told).toContain('frozen')
  })

  it('keeps what was not sealed yet, and the thawed side sends it', () => {
    const { cast, a, b } = settled()
    const held = cast.filters.hold('P3')
    a.engine.freeze(cast.wire.now)
    expect(a.engine.send(cast.wire.now, b.engine.hit, 7, 7, new TextEncoder().encode('left over'))).not.toBe('too-long')
    const state = a.engine.frozenState([{ port: 7, unread: [] }], new Uint8Array(0))
    cast.wire.remove(a)
    held.stop()
    thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(500)
    expect(b.datagrams()).toContain('left over')
    expect(labelsBy(cast, b)).toContain('P2')
  })
})
