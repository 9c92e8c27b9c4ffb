// RFC 7401 §6.14, §6.15; MOVING §6: whose CLOSE ends an association, and whose CLOSE_ACK. All of them by somebody who has the keys, or
// nearly: one thing is wrong at a time, is counted as what it is, and is answered by nothing.

import { describe, expect, it } from 'vitest'
import { buildClose, type Envelope } from '../../src/core/association/update.ts'
import { wrapHip } from '../../src/wire/datagram.ts'
import { encodeEchoRequestSigned, encodeEchoResponseSigned } from '../../src/wire/update.ts'
import { associated, run } from '../support/abroad.ts'
import {
  type Cast,
  converse,
  type End,
  endedAt,
  forgedClose,
  forgedEnvelope,
  freeze,
  labelOf,
  labelsBy,
  messagesOf,
  move,
  place,
  reasons,
  sentBy,
  stage,
  stateAt,
  thaw,
  those,
  unanswered,
} from '../support/stage.ts'

const NONCE = new Uint8Array(16).fill(7)

/** The frozen state of somebody who then goes on. */
function copied(cast: Cast, end: End) {
  const state = freeze(cast, end)
  cast.wire.add(end)
  end.engine.unfreeze(cast.wire.now)
  return state
}

type Change = (envelope: Envelope, cast: Cast) => Envelope

const AS_IT_IS: Change = (envelope) => envelope

/** Another key, or another incarnation, of the same length. */
function altered(bytes: Uint8Array): Uint8Array {
  const other = bytes.slice()
  other[3] = (other[3] ?? 0) ^ 1
  return other
}

/** What is wrong with a CLOSE, and what it is counted as; undefined closes. */
const CLOSES: readonly (readonly [what: string, counted: string | undefined, change: Change])[] = [
  ['nothing', undefined, AS_IT_IS],
  ['no EPOCH', 'close-without-epoch', (envelope) => ({ ...envelope, plain: true })],
  [
    'another key under its MAC',
    'mac-forged',
    (envelope) => ({
      ...envelope,
      hipSend: {
        ...envelope.hipSend,
        integrity: altered(envelope.hipSend.integrity) as typeof envelope.hipSend.integrity,
      },
    }),
  ],
  ['the signature of somebody else', 'close-refused', (envelope, { bob }) => ({ ...envelope, identity: bob.identity })],
  [
    'another incarnation of its epoch',
    'close-refused',
    (envelope) => ({ ...envelope, start: { ...envelope.start, incarnation: altered(envelope.start.incarnation) } }),
  ],
  [
    'an earlier epoch of its incarnation',
    'close-refused',
    (envelope) => ({ ...envelope, start: { ...envelope.start, epoch: 1 } }),
  ],
  [
    'a later epoch that nothing proves',
    'close-refused',
    (envelope, { alice }) => ({ ...envelope, start: { ...alice.start(3), receipt: undefined } }),
  ],
  [
    'another incarnation of our epoch',
    'close-refused',
    (envelope, { bob }) => ({ ...envelope, addressee: { epoch: 2, incarnation: bob.start(1).incarnation } }),
  ],
  [
    'a later epoch of ours',
    'close-refused',
    (envelope, { bob }) => ({ ...envelope, addressee: { epoch: 3, incarnation: bob.start(2).incarnation } }),
  ],
  [
    'only that it names an earlier start of ours',
    undefined,
    (envelope, { bob }) => ({ ...envelope, addressee: bob.start(1) }),
  ],
  [
    'only that it proves a later start',
    undefined,
    (envelope, { alice }) => ({ ...envelope, start: alice.start(3), proveStart: true }),
  ],
]

describe('a CLOSE under the keys of an association, between the second starts of both', () => {
  it.each(CLOSES)('with %s is counted as %s', (_, counted, change) => {
    const cast = stage()
    const a = move(cast, cast.alice, cast.a, 2, place(3))
    const b = move(cast, cast.bob, cast.b, 2, place(4))
    const state = copied(cast, a)
    const envelope = forgedEnvelope(cast.alice, state, b.engine.hit, cast.alice.start(2), cast.bob.start(2))
    const bytes = forgedClose(change(envelope, cast), [encodeEchoRequestSigned(NONCE)])
    cast.wire.inject({ from: a.at, to: b.at, bytes })
    if (counted === undefined) {
      expect(endedAt(b)).toMatchObject([{ reason: 'closed-by-peer', detail: '' }])
      const [ack] = messagesOf(those(cast, 'CLOSE_ACK', b), 'CLOSE_ACK')
      expect(ack?.echoResponseSigned).toEqual(NONCE)
      return
    }
    expect([reasons(b), stateAt(b, a)]).toEqual([[], 'established'])
    expect(labelsBy(cast, b)).not.toContain('CLOSE_ACK')
    expect(b.engine.counters[counted]).toBe(1)
    // One thing is wrong, and is counted once, as nothing else.
    const names = ['close-without-epoch', 'mac-forged', 'close-refused', 'echo-too-long']
    expect(names.filter((name) => b.engine.counters[name] !== undefined)).toEqual([counted])
  })

  it.each([8, 9])('echoes no more than is configured: 8 bytes, of %i', (length) => {
    const cast = stage({ config: { echoBytesMax: 8 } })
    const state = copied(cast, cast.a)
    const envelope = forgedEnvelope(cast.alice, state, cast.b.engine.hit, cast.alice.start(1), cast.bob.start(1))
    const bytes = forgedClose(envelope, [encodeEchoRequestSigned(new Uint8Array(length))])
    cast.wire.inject({ from: cast.a.at, to: cast.b.at, bytes })
    expect(reasons(cast.b)).toEqual(length === 8 ? ['closed-by-peer'] : [])
    expect(cast.b.engine.counters['echo-too-long']).toBe(length === 8 ? undefined : 1)
  })
})

describe('a CLOSE under the S from which its sender has thawed, before the next one is confirmed', () => {
  /** Bob has answered Alice's P1, and has not heard that she knows. */
  function answered() {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.filters.lose('P2')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(15)
    const close = (proves: boolean): void => {
      const envelope = forgedEnvelope(cast.alice, state, cast.b.engine.hit, cast.alice.start(2), cast.bob.start(1))
      const bytes = forgedClose({ ...envelope, proveStart: proves }, [encodeEchoRequestSigned(NONCE)])
      cast.wire.inject({ from: a2.at, to: cast.b.at, bytes })
    }
    return { cast, a2, close }
  }

  it('closes nothing if it does not prove the start: a former host has that S, too', () => {
    const { cast, a2, close } = answered()
    close(false)
    expect([reasons(cast.b), stateAt(cast.b, a2), cast.b.engine.counters['close-refused']]).toEqual([[], 'moving', 1])
  })

  it('closes if it does', () => {
    const { cast, close } = answered()
    close(true)
    expect(reasons(cast.b)).toEqual(['closed-by-peer'])
  })

  it('need prove nothing after a rekey, which no move has begun', () => {
    const cast = stage()
    const state = copied(cast, cast.a)
    cast.filters.lose('U2')
    cast.a.engine.rekey(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(15)
    expect(those(cast, 'U2', cast.b).length).toBeGreaterThan(0)
    const envelope = forgedEnvelope(cast.alice, state, cast.b.engine.hit, cast.alice.start(1), cast.bob.start(1))
    const bytes = forgedClose(envelope, [encodeEchoRequestSigned(NONCE)])
    cast.wire.inject({ from: cast.a.at, to: cast.b.at, bytes })
    expect(reasons(cast.b)).toEqual(['closed-by-peer'])
  })
})

describe('a CLOSE before the R2 has come', () => {
  /** Alice waits for an R2 that is lost; whoever has Bob's keys closes. */
  function waiting(change: Change, echo = NONCE) {
    const cast = stage({ associate: false, config: { echoBytesMax: 16 } })
    const { a, b, wire } = cast
    cast.filters.lose('R2')
    a.engine.associate(wire.now, { hit: b.engine.hit, locators: [b.at] })
    wire.run(45)
    const state = copied(cast, b)
    const envelope = forgedEnvelope(cast.bob, state, a.engine.hit, cast.bob.start(1), cast.alice.start(1))
    const bytes = forgedClose(change(envelope, cast), [encodeEchoRequestSigned(echo)])
    wire.inject({ from: b.at, to: a.at, bytes })
    return cast
  }

  it('is acknowledged under the keys of our I2, to the start that said it and by one that need prove nothing', () => {
    const cast = waiting(AS_IT_IS)
    expect(endedAt(cast.a)).toMatchObject([{ reason: 'closed-by-peer', detail: 'before its R2 came' }])
    const [ack] = messagesOf(those(cast, 'CLOSE_ACK', cast.a), 'CLOSE_ACK')
    const { epoch, incarnation } = cast.bob.start(1)
    expect(ack?.epoch?.addressee).toEqual({ epoch, incarnation })
    expect([ack?.epoch?.receipt.length, ack?.echoResponseSigned]).toEqual([0, NONCE])
  })

  const wrong = CLOSES.filter(([what]) => /MAC|signature|incarnation of its/.test(what))
  it.each(wrong)('with %s is counted as %s, and the exchange goes on', (_, counted, change) => {
    const cast = waiting((envelope, { alice, ...rest }) =>
      // The other identity here is the other one of the two.
      change(envelope, { ...rest, alice, bob: alice }),
    )
    expect([reasons(cast.a), stateAt(cast.a, cast.b)]).toEqual([[], 'opening'])
    expect(cast.a.engine.counters[counted ?? '']).toBe(1)
    expect(labelsBy(cast, cast.a)).not.toContain('CLOSE_ACK')
  })

  it('without EPOCH, from a peer that has said its start in the R1, is refused', () => {
    const cast = waiting((envelope) => ({ ...envelope, plain: true }))
    expect([reasons(cast.a), cast.a.engine.counters['close-refused']]).toEqual([[], 1])
  })

  it('is echoed no further than is configured', () => {
    const cast = waiting(AS_IT_IS, new Uint8Array(17))
    expect([reasons(cast.a), cast.a.engine.counters['echo-too-long']]).toEqual([[], 1])
    expect(reasons(waiting(AS_IT_IS, new Uint8Array(16)).a)).toEqual(['closed-by-peer'])
  })
})

describe('a CLOSE of a peer that knows only the RFCs', () => {
  /** Where a bit of it is bent, from its end: the signature is the last parameter, behind the MAC. */
  it.each([
    ['nothing', 0, undefined],
    ['its signature', 20, 'signature-forged'],
    ['what the MAC is over', -60, 'mac-forged'],
  ] as const)('in which %s is bent', (_, at, counted) => {
    const here = associated('they')
    here.foreign.close()
    for (const flying of here.foreign.sent.splice(0)) {
      const bytes = flying.bytes.slice()
      const index = at > 0 ? bytes.length - at : -at
      if (at !== 0) bytes[index] = (bytes[index] ?? 0) ^ 1
      here.cast.wire.inject({ ...flying, bytes })
    }
    run(here, 10)
    expect(reasons(here.a)).toEqual(counted === undefined ? ['closed-by-peer'] : [])
    if (counted !== undefined) expect(here.a.engine.counters[counted]).toBe(1)
  })
})

describe('a CLOSE_ACK', () => {
  it('ends nothing under the signature of somebody else', () => {
    const { a, b, alice, wire, close, envelope } = unanswered()
    const echo = [encodeEchoResponseSigned(close.echoRequestSigned)]
    const packet = buildClose({ ...envelope, identity: alice.identity }, 'CLOSE_ACK', echo)
    wire.inject({ from: b.at, to: a.at, bytes: wrapHip(packet) })
    expect([reasons(a), stateAt(a, b), a.engine.counters['signature-forged']]).toEqual([[], 'closing', 1])
  })
})

describe('an association that is closed', () => {
  it('says CLOSE after longer and longer pauses, and nothing else, until it has been said often enough', () => {
    const cast = stage({ config: { closeTriesMax: 5, mslMs: 1e9 } })
    cast.wire.remove(cast.b)
    const since = cast.wire.sent.length
    cast.a.engine.close(cast.wire.now, cast.b.engine.hit)
    const begin = cast.wire.now
    cast.wire.run(60_000)
    const times = sentBy(cast, cast.a, since).map(({ at }) => at - begin)
    expect(sentBy(cast, cast.a, since).map(({ bytes }) => labelOf(bytes))).toEqual(Array(5).fill('CLOSE'))
    const [first = 0] = times.slice(1)
    expect(times).toEqual([0, first, 3 * first, 7 * first, 15 * first].map((ms) => expect.closeTo(ms, 6)))
    expect(endedAt(cast.a)).toMatchObject([{ reason: 'closed', detail: 'the peer did not acknowledge' }])
  })

  it('is over after MSL, however often it might still say so', () => {
    const cast = stage({ config: { closeTriesMax: 1_000, mslMs: 2_000 } })
    cast.wire.remove(cast.b)
    cast.a.engine.close(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(1_999)
    expect(reasons(cast.a)).toEqual([])
    cast.wire.run(1)
    expect(reasons(cast.a)).toEqual(['closed'])
  })

  it('by both ends at once still says why each of them did', () => {
    const cast = stage({ config: { idleMs: 30_000 } })
    // Both use it last at the same moment.
    expect(converse(cast, cast.a, cast.b)).toBe(true)
    cast.wire.run(31_000)
    expect(those(cast, 'CLOSE', cast.a).length).toBe(1)
    expect(those(cast, 'CLOSE', cast.b).length).toBe(1)
    expect([...endedAt(cast.a), ...endedAt(cast.b)].map(({ detail }) => detail)).toEqual(['idle', 'idle'])
  })
})
