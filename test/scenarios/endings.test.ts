// MOVING §4, §6: closing, refusing, being reset, and being fenced; what only looks like it ends nothing.

import { describe, expect, it } from 'vitest'
import { buildNotify, epochOf } from '../../src/core/association/update.ts'
import { signReceipt } from '../../src/core/moving/receipt.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { Notification } from '../../src/wire/registry.ts'
import { encodeEchoRequestSigned } from '../../src/wire/update.ts'
import { seeded } from '../support/actors.ts'
import {
  type Cast,
  converse,
  type End,
  endedAt,
  enter,
  forgedClose,
  forgedEnvelope,
  freeze,
  labelsBy,
  marked,
  messagesOf,
  move,
  place,
  reasons,
  say,
  sentBy,
  stage,
  stateAt,
  thaw,
  those,
} from '../support/stage.ts'

const NONCE = new Uint8Array(16).fill(7)

describe('CLOSE', () => {
  it('ends both ends, is answered, and leaves nothing that wants time', () => {
    const cast = stage()
    cast.a.engine.close(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(100)
    expect([reasons(cast.a), reasons(cast.b)]).toEqual([['closed'], ['closed-by-peer']])
    cast.wire.run(300_000)
    expect([cast.a.engine.deadline, cast.b.engine.deadline]).toEqual([Infinity, Infinity])
    expect([[...cast.a.engine.associations()], [...cast.b.engine.associations()]]).toEqual([[], []])
  })

  it.each(['CLOSE', 'CLOSE_ACK'] as const)('ends both ends, though the first %s is lost', (label) => {
    const cast = stage()
    cast.filters.lose(label, 1)
    cast.a.engine.close(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(5_000)
    expect([reasons(cast.a), reasons(cast.b)]).toEqual([['closed'], ['closed-by-peer']])
  })

  it('ends this end after a few tries when nobody answers', () => {
    const cast = stage()
    cast.filters.lose('CLOSE')
    cast.a.engine.close(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(30_000)
    expect(reasons(cast.a)).toEqual(['closed'])
    expect(those(cast, 'CLOSE').length).toBe(4)
  })

  it('of a start whose P1 is unanswered proves that start, and closes', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.filters.lose('P1')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(20)
    a2.engine.close(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(300)
    const [close] = messagesOf(sentBy(cast, a2), 'CLOSE')
    expect(close?.epoch?.receipt.length).toBeGreaterThan(0)
    expect(close?.instance).toBeDefined()
    expect(reasons(cast.b)).toEqual(['closed-by-peer'])
    expect(reasons(a2)).toEqual(['closed'])
  })

  it('for an older start of ours still closes: the peer left while we were frozen', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.b.engine.close(cast.wire.now, cast.a.engine.hit)
    cast.wire.drain()
    const close = those(cast, 'CLOSE', cast.b)[0]
    if (close === undefined) throw new Error('no CLOSE')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.inject({ ...close, to: a2.at })
    expect(reasons(a2)).toEqual(['closed-by-peer'])
  })

  it('of a higher epoch without receipt and INSTANCE closes nothing, whoever has the keys', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const start = { ...cast.alice.start(2), receipt: undefined }
    const envelope = forgedEnvelope(cast.alice, state, cast.b.engine.hit, start, cast.bob.start(1))
    const bytes = forgedClose(envelope, [encodeEchoRequestSigned(NONCE)])
    cast.wire.inject({ from: cast.a.at, to: cast.b.at, bytes })
    expect(reasons(cast.b)).toEqual([])
    expect(labelsBy(cast, cast.b)).not.toContain('CLOSE_ACK')
  })

  it('under the HIP key of before the ratchet closes nothing, though it names the right starts', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(500)
    const envelope = forgedEnvelope(cast.alice, state, cast.b.engine.hit, cast.alice.start(2), cast.bob.start(1))
    const bytes = forgedClose(envelope, [encodeEchoRequestSigned(NONCE)])
    cast.wire.inject({ from: a2.at, to: cast.b.at, bytes })
    cast.wire.run(100)
    expect(reasons(cast.b)).toEqual([])
    expect(cast.b.engine.counters['mac-forged']).toBe(1)
    expect(converse(cast, a2, cast.b)).toBe(true)
  })

  it('of a former host closes nothing that has gone on without it', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.filters.lose('P3')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(25)
    const envelope = forgedEnvelope(cast.alice, state, cast.b.engine.hit, cast.alice.start(1), cast.bob.start(1))
    const bytes = forgedClose(envelope, [encodeEchoRequestSigned(NONCE)])
    cast.wire.inject({ from: cast.a.at, to: cast.b.at, bytes })
    expect(reasons(cast.b)).toEqual([])
    expect(stateAt(a2, cast.b)).toBeDefined()
  })

  it('recorded and replayed closes nothing that came after it', () => {
    const cast = stage()
    cast.a.engine.close(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(100)
    const close = those(cast, 'CLOSE', cast.a)[0]
    if (close === undefined) throw new Error('no CLOSE')
    cast.wire.run(20_000)
    cast.a.engine.associate(cast.wire.now, { hit: cast.b.engine.hit, locators: [cast.b.at] })
    cast.wire.run(300)
    cast.wire.inject(close)
    cast.wire.run(100)
    expect(stateAt(cast.b, cast.a)).toBe('established')
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })
})

describe('a start that may not resume', () => {
  it('of an older capsule is refused with a message, and both ends are told of the reset', () => {
    const cast = stage()
    const old = freeze(cast, cast.a)
    const a2 = thaw(cast, cast.alice, old, 2, place(3))
    cast.wire.run(500)
    cast.wire.remove(a2)
    const a3 = thaw(cast, cast.alice, old, 3, place(4))
    cast.wire.run(300)
    expect([reasons(a3), reasons(cast.b)]).toEqual([['reset'], ['reset']])
    expect(labelsBy(cast, cast.b)).toContain('NOTIFY')
  })

  it('of an older capsule is refused although the peer still holds its S: what the lost run said is not said again', () => {
    const cast = stage()
    const old = freeze(cast, cast.a)
    cast.filters.lose('P2')
    const a2 = thaw(cast, cast.alice, old, 2, place(3))
    say(cast, a2, cast.b, 'acknowledged by nobody else')
    cast.wire.run(50)
    expect(cast.b.datagrams()).toEqual(['acknowledged by nobody else'])
    cast.wire.remove(a2)
    const a3 = thaw(cast, cast.alice, old, 3, place(4))
    say(cast, a3, cast.b, 'again')
    cast.wire.run(300)
    expect(reasons(cast.b)).toEqual(['reset'])
    expect(reasons(a3)).toEqual(['reset'])
    expect(cast.b.engine.counters['resume-refused-older-state']).toBe(1)
  })

  it('of a state that ran on after it was taken is refused: the peer has opened numbers above its FINALS', () => {
    const cast = stage()
    say(cast, cast.a, cast.b, 'one')
    cast.wire.run(20)
    const state = freeze(cast, cast.a)
    cast.wire.add(cast.a)
    cast.a.engine.unfreeze(cast.wire.now)
    say(cast, cast.a, cast.b, 'two')
    cast.wire.run(20)
    expect(cast.b.datagrams()).toEqual(['one', 'two'])
    cast.wire.remove(cast.a)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(300)
    expect([reasons(a2), reasons(cast.b)]).toEqual([['reset'], ['reset']])
  })

  it('may associate anew at once, and lower epochs stay refused', () => {
    const cast = stage()
    const old = freeze(cast, cast.a)
    thaw(cast, cast.alice, old, 2, place(3))
    cast.wire.run(500)
    const a3 = thaw(cast, cast.alice, old, 3, place(4))
    cast.wire.run(300)
    a3.engine.associate(cast.wire.now, { hit: cast.b.engine.hit, locators: [cast.b.at] })
    cast.wire.run(300)
    expect(converse(cast, a3, cast.b)).toBe(true)
    const zombie = enter(cast, cast.alice, 2, place(66))
    zombie.engine.associate(cast.wire.now, { hit: cast.b.engine.hit, locators: [cast.b.at] })
    cast.wire.run(6_000)
    expect(zombie.told).not.toContain('associated')
  })

  it('learns from a peer that was started again without its associations that there is nothing to resume', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.wire.remove(cast.b)
    enter(cast, cast.bob, 2, cast.b.at)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(1_000)
    expect(reasons(a2)).toEqual(['reset'])
  })
})

describe('a peer that never answers', () => {
  it('is given up within five seconds, unless told otherwise, and what was tried is told', () => {
    const cast = stage({ associate: false })
    const nowhere = [place(77), place(78)]
    cast.a.engine.associate(0, { hit: cast.b.engine.hit, locators: nowhere })
    cast.wire.run(5_000)
    expect(endedAt(cast.a)).toMatchObject([{ reason: 'unreachable', tried: nowhere }])
  })
})

describe('a peer that was started again without its associations', () => {
  it('says so to an end that hears nothing for a while and asks', () => {
    const cast = stage()
    cast.wire.remove(cast.b)
    enter(cast, cast.bob, 2, cast.b.at)
    say(cast, cast.a, cast.b, 'hello?')
    cast.wire.run(4_000)
    expect(reasons(cast.a)).toEqual(['reset'])
    expect(sentBy(cast, cast.a).length).toBeLessThan(20)
  })

  it('replaces the association by a base exchange of its later epoch', () => {
    const cast = stage()
    cast.wire.remove(cast.b)
    const b2 = enter(cast, cast.bob, 2, cast.b.at)
    b2.engine.associate(cast.wire.now, { hit: cast.a.engine.hit, locators: [cast.a.at] })
    cast.wire.run(300)
    expect(reasons(cast.a)).toEqual(['replaced'])
    expect(converse(cast, b2, cast.a)).toBe(true)
  })
})

describe('a refusal', () => {
  function refusalIn(cast: Cast) {
    const found = those(cast, 'NOTIFY', cast.b)[0]
    if (found === undefined) throw new Error('no NOTIFY')
    return found
  }

  function refusedOnce(): { cast: Cast; a3: End } {
    const cast = stage()
    const old = freeze(cast, cast.a)
    const a2 = thaw(cast, cast.alice, old, 2, place(3))
    cast.wire.run(500)
    cast.wire.remove(a2)
    const a3 = thaw(cast, cast.alice, old, 3, place(4))
    cast.wire.run(300)
    return { cast, a3 }
  }

  it('names the packet it refuses by its hash', () => {
    const { cast, a3 } = refusedOnce()
    const [notify] = messagesOf([refusalIn(cast)], 'NOTIFY')
    const p1 = those(cast, 'P1', a3)[0]
    expect(notify?.notification.type).toBe(Notification.RESUME_REFUSED)
    expect(notify?.notification.data).toEqual(sha256(p1?.bytes.subarray(4) ?? new Uint8Array(0)))
  })

  it('resets nothing if it refuses no packet of the present flight', () => {
    const { cast, a3 } = refusedOnce()
    const notify = refusalIn(cast)
    a3.engine.associate(cast.wire.now, { hit: cast.b.engine.hit, locators: [cast.b.at] })
    cast.wire.run(300)
    cast.wire.inject({ ...notify, to: a3.at })
    cast.wire.run(50)
    expect(stateAt(a3, cast.b)).toBe('established')
    expect(converse(cast, a3, cast.b)).toBe(true)
  })

  it('is not given to a P1 that proves nothing', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.wire.add(cast.a)
    cast.a.engine.unfreeze(cast.wire.now)
    thaw(cast, cast.alice, { ...state, epoch: 1 }, { ...cast.alice.start(2), receipt: undefined }, place(66))
    cast.wire.run(500)
    expect(labelsBy(cast, cast.b)).not.toContain('NOTIFY')
    expect(reasons(cast.b)).toEqual([])
  })
})

describe('a former host that goes on', () => {
  function fenced(): { cast: Cast; a2: End; zombie: End } {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(500)
    // Against every rule, after the grant has left.
    cast.wire.add(cast.a)
    cast.a.engine.unfreeze(cast.wire.now)
    return { cast, a2, zombie: cast.a }
  }

  it('learns from the first peer it talks to that it is superseded, and stops for good', () => {
    const { cast, a2, zombie } = fenced()
    zombie.engine.readdress(cast.wire.now, [zombie.at])
    cast.wire.run(200)
    expect(zombie.events).toContainEqual({ type: 'fenced', epoch: 2 })
    expect(reasons(zombie)).toEqual(['fenced'])
    const since = cast.wire.sent.length
    zombie.engine.send(cast.wire.now, cast.b.engine.hit, 7, 7, new Uint8Array(4))
    cast.wire.run(30_000)
    expect(sentBy(cast, zombie, since)).toEqual([])
    expect(cast.b.engine.association(a2.engine.hit)).toMatchObject({ peerEpoch: 2, locator: a2.at })
    expect(converse(cast, a2, cast.b)).toBe(true)
  })

  it('is told at most once a round trip, however much it sends', () => {
    const { cast, zombie } = fenced()
    cast.filters.lose('NOTIFY')
    const since = cast.wire.sent.length
    zombie.engine.readdress(cast.wire.now, [zombie.at])
    cast.wire.drain()
    const update = those(cast, 'READDRESS', zombie)[0]
    if (update === undefined) throw new Error('no UPDATE')
    for (let n = 0; n < 100; n++) cast.wire.inject(update)
    expect(labelsBy(cast, cast.b, since).filter((label) => label === 'NOTIFY').length).toBe(1)
  })

  it('is not fenced by a word that no receipt of its own ledger proves', () => {
    const { cast, zombie } = fenced()
    cast.filters.change('NOTIFY', (flying) => {
      const bytes = flying.bytes.slice()
      // One bit of the receipt.
      bytes[bytes.length - 200] = (bytes[bytes.length - 200] ?? 0) ^ 1
      return { ...flying, bytes }
    })
    zombie.engine.readdress(cast.wire.now, [zombie.at])
    cast.wire.run(100)
    expect(zombie.told).not.toContain('fenced')
  })

  it('is not fenced by the receipt of another ledger, whoever signs the word', () => {
    const { cast, zombie } = fenced()
    const ledger = Identity.generate(seeded(98))
    const { incarnation } = cast.alice.start(9)
    const fields = { hit: hitBytes(zombie.engine.hit), epoch: 9, host: new Uint8Array(16), incarnation, timeMs: 1 }
    const data = signReceipt({ ...fields, ledger: ledger.publicKey }, ledger)
    const context = { identity: cast.bob.identity, hitBytes: hitBytes(cast.b.engine.hit) }
    const epoch = epochOf(cast.bob.start(1), cast.alice.start(1), 0, new Uint8Array(8), false)
    const packet = buildNotify(context, hitBytes(zombie.engine.hit), epoch, { type: Notification.SUPERSEDED, data })
    cast.wire.inject({ from: cast.b.at, to: zombie.at, bytes: marked(packet) })
    expect(zombie.told).not.toContain('fenced')
    expect(zombie.engine.counters['superseded-unproven']).toBe(1)
  })

  it('moves no address of the identity and acknowledges nothing on its behalf', () => {
    const { cast, a2, zombie } = fenced()
    cast.filters.lose('NOTIFY')
    zombie.engine.readdress(cast.wire.now, [place(66)])
    zombie.engine.rekey(cast.wire.now, cast.b.engine.hit)
    say(cast, zombie, cast.b, 'stolen')
    cast.wire.run(10_000)
    expect(cast.b.datagrams()).not.toContain('stolen')
    expect(cast.b.engine.association(a2.engine.hit)?.locator).toEqual(a2.at)
    expect(converse(cast, a2, cast.b)).toBe(true)
  })

  it('does not turn a late packet of the move into a second one', () => {
    const { cast, a2 } = fenced()
    const p1 = those(cast, 'P1', a2)[0]
    if (p1 === undefined) throw new Error('no P1')
    const a3 = move(cast, cast.alice, a2, 3, place(4))
    cast.wire.inject(p1)
    cast.wire.run(200)
    expect(cast.b.engine.association(a3.engine.hit)).toMatchObject({ peerEpoch: 3, locator: a3.at })
    expect(converse(cast, a3, cast.b)).toBe(true)
  })
})
