// MOVING §1, §2: who may start an identity. A former host has the identity key and an old capsule, and reads everything on the
// wire; that is not enough.

import { describe, expect, it } from 'vitest'
import type { OwnStart } from '../../src/core/association/context.ts'
import type { FrozenState } from '../../src/core/moving/frozen.ts'
import { signReceipt } from '../../src/core/moving/receipt.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { encodeSignature } from '../../src/wire/exchange.ts'
import { encodeMessage } from '../../src/wire/messages.ts'
import { appendParameter } from '../../src/wire/packet.ts'
import { Parameter } from '../../src/wire/registry.ts'
import { seeded } from '../support/actors.ts'
import { startOf } from '../support/exchange.ts'
import {
  type Actor,
  actor,
  type Cast,
  converse,
  endedAt,
  enter,
  forgedEnvelope,
  freeze,
  labelsBy,
  marked,
  messagesOf,
  move,
  place,
  say,
  stage,
  stateAt,
  thaw,
  those,
} from '../support/stage.ts'

/** What a former host can say of a start: it has no key that hashes to an incarnation the ledger has signed. */
function stolen(start: OwnStart, over: Partial<OwnStart> = {}): OwnStart {
  return { ...start, instance: Identity.generate(seeded(99)), ...over }
}

/** A start by a ledger that the thief runs itself: everything fits but the ledger. */
function byOwnLedger(who: Actor, epoch: number): OwnStart {
  const ledger = Identity.generate(seeded(98))
  const start = who.start(epoch)
  const fields = { ledger: ledger.publicKey, hit: hitBytes(who.identity.hit), host: new Uint8Array(16), timeMs: 1 }
  const receipt = signReceipt({ ...fields, epoch, incarnation: start.incarnation }, ledger)
  return { ...start, receipt, ledgerKey: ledger.publicKey }
}

/** Bob is not impressed by a thaw that claims to be `start`, and Alice goes on. */
function expectRefused(cast: Cast, start: OwnStart): void {
  const { wire, a, b, alice } = cast
  const state = freeze(cast, a)
  a.engine.unfreeze(wire.now)
  wire.add(a)
  const thief = thaw(cast, alice, state, start, place(66))
  say(cast, thief, b, 'stolen')
  wire.run(3_000)
  expect(b.told).not.toContain('rebound')
  expect(b.engine.association(a.engine.hit)).toMatchObject({ state: 'established', locator: a.at, peerEpoch: 1 })
  expect(b.datagrams()).not.toContain('stolen')
  expect(labelsBy(cast, b)).not.toContain('P2')
  wire.remove(thief)
  expect(converse(cast, a, b)).toBe(true)
}

describe('a former host that thaws its old capsule once more', () => {
  it('without a receipt rebinds nobody', () => {
    const cast = stage()
    expectRefused(cast, { ...cast.alice.start(2), receipt: undefined, ledgerKey: undefined })
  })

  it('with a receipt that it has copied, and an instance key of its own, rebinds nobody', () => {
    const cast = stage()
    expectRefused(cast, stolen(cast.alice.start(2)))
  })

  it('with a receipt by another ledger than the pinned one rebinds nobody', () => {
    const cast = stage()
    expectRefused(cast, byOwnLedger(cast.alice, 2))
  })

  it('with the receipt of an earlier epoch under a later number rebinds nobody', () => {
    const cast = stage()
    expectRefused(cast, { ...cast.alice.start(2), epoch: 3 })
  })

  it('with the receipt of somebody else rebinds nobody', () => {
    const cast = stage()
    expectRefused(cast, cast.bob.start(2))
  })
})

describe('the packets of a start', () => {
  it('show receipt and INSTANCE in R1, I2 and P1, and in nothing else of an exchange or a move', () => {
    const cast = stage()
    move(cast, cast.alice, cast.a, 2, place(3))
    const { sent } = cast.wire
    for (const { epoch, instance } of [...messagesOf(sent, 'R1'), ...messagesOf(sent, 'I2')]) {
      expect(epoch?.receipt.length).toBeGreaterThan(0)
      expect(instance).toBeDefined()
    }
    for (const { epoch, instance } of messagesOf(sent, 'R2')) {
      expect(epoch?.receipt.length).toBe(0)
      expect(instance).toBeUndefined()
    }
    const offers = those(cast, 'P1').length
    const proven = messagesOf(sent, 'UPDATE').filter(({ epoch }) => (epoch?.receipt.length ?? 0) > 0)
    expect(proven.length).toBe(offers)
    expect(proven.every(({ instance }) => instance !== undefined)).toBe(true)
  })

  it('have zero for addressee, base epoch and resumption id in R1', () => {
    const cast = stage()
    for (const { epoch } of messagesOf(cast.wire.sent, 'R1')) {
      expect(epoch).toMatchObject({ addressee: { epoch: 0 }, baseEpoch: 0 })
      expect(epoch?.resumptionId.every((byte) => byte === 0)).toBe(true)
      expect(epoch?.addressee.incarnation.every((byte) => byte === 0)).toBe(true)
    }
  })

  it('without EPOCH support on the other side get a plain answer or none, never a resumption', () => {
    const cast = stage({ ledger: false })
    const state = freeze(cast, cast.a)
    const start = { ...cast.alice.start(2), receipt: undefined, ledgerKey: undefined }
    thaw(cast, cast.alice, state, start, place(3))
    cast.wire.run(500)
    expect(cast.b.told).not.toContain('rebound')
  })

  it('that were begun without a ledger take its first receipt, and then no other ledger’s', () => {
    const cast = stage({ ledger: false })
    const state = freeze(cast, cast.a)
    const a2 = thaw(cast, actor(11, true), state, 2, place(3))
    cast.wire.run(500)
    expect(a2.told).toContain('resumed')
    expect(cast.b.engine.association(a2.engine.hit)).toMatchObject({ state: 'established', peerEpoch: 2 })
  })

  it('do not pin a ledger to an identity by a receipt that came with another’s INSTANCE', () => {
    const cast = stage({ ledger: false })
    const state = freeze(cast, cast.a)
    const thief = thaw(cast, cast.alice, state, stolen(actor(11, true).start(9)), place(66))
    cast.wire.run(500)
    cast.wire.remove(thief)
    const a2 = thaw(cast, actor(11, true), state, 2, place(3))
    cast.wire.run(500)
    expect(a2.told).toContain('resumed')
  })
})

describe('a zombie', () => {
  it('of a lower epoch never replaces an association by a base exchange', () => {
    const cast = stage()
    const a2 = move(cast, cast.alice, cast.a, 2, place(3))
    const zombie = enter(cast, cast.alice, 1, place(66))
    zombie.engine.associate(cast.wire.now, { hit: cast.b.engine.hit, locators: [cast.b.at] })
    cast.wire.run(6_000)
    expect(zombie.told).not.toContain('associated')
    expect(cast.b.told).not.toContain('ended')
    expect(converse(cast, a2, cast.b)).toBe(true)
  })

  it('of the same epoch and another incarnation never replaces one, even with the receipt of the right one', () => {
    const cast = stage()
    const a2 = move(cast, cast.alice, cast.a, 2, place(3))
    const start = stolen(cast.alice.start(2))
    const zombie = thaw(cast, cast.alice, emptyState(cast), start, place(66))
    zombie.engine.associate(cast.wire.now, { hit: cast.b.engine.hit, locators: [cast.b.at] })
    cast.wire.run(6_000)
    expect(zombie.told).not.toContain('associated')
    expect(cast.b.told).not.toContain('ended')
    expect(converse(cast, a2, cast.b)).toBe(true)
  })

  it('as Responder is not taken for the identity by a peer that knows a later epoch', () => {
    const cast = stage()
    const a2 = move(cast, cast.alice, cast.a, 2, place(3))
    a2.engine.close(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(15_000)
    expect(endedAt(cast.b).at(-1)?.reason).toBe('closed-by-peer')
    enter(cast, cast.alice, 1, place(66))
    cast.b.engine.associate(cast.wire.now, { hit: a2.engine.hit, locators: [place(66)] })
    cast.wire.run(6_000)
    expect(cast.b.told.filter((type) => type === 'associated').length).toBe(1)
    expect(endedAt(cast.b).at(-1)?.reason).toBe('refused')
  })

  it('cannot be made of an R1 of the new epoch: the R1 of a later start replaces, by a base exchange, only with its receipt', () => {
    const cast = stage()
    const restarted = enter(cast, cast.alice, 2, place(3))
    cast.wire.remove(cast.a)
    restarted.engine.associate(cast.wire.now, { hit: cast.b.engine.hit, locators: [cast.b.at] })
    cast.wire.run(500)
    expect(restarted.told).toContain('associated')
    expect(endedAt(cast.b).at(-1)?.reason).toBe('replaced')
    expect(converse(cast, restarted, cast.b)).toBe(true)
  })
})

describe('two incarnations of one epoch, both with a receipt', () => {
  it('are one too many: a peer keeps the one it is bound to, and reports the other', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(500)
    const twin = startOf(cast.alice.identity, Identity.generate(seeded(55)), 2, true)
    const other = thaw(cast, cast.alice, state, twin, place(66))
    cast.wire.run(3_000)
    expect(other.told).not.toContain('resumed')
    expect(cast.b.engine.counters.equivocation).toBeGreaterThan(0)
    expect(cast.b.engine.association(a2.engine.hit)?.locator).toEqual(a2.at)
    expect(converse(cast, a2, cast.b)).toBe(true)
  })
})

describe('a replayed I2', () => {
  it('gets the cached R2 or silence, and repeats no key and number', () => {
    const cast = stage()
    const i2 = those(cast, 'I2', cast.a)[0]
    if (i2 === undefined) throw new Error('no I2')
    for (let n = 0; n < 3; n++) say(cast, cast.b, cast.a, `${n}`)
    cast.wire.run(1_000)
    for (let n = 0; n < 5; n++) {
      cast.wire.inject(i2)
      say(cast, cast.b, cast.a, `again ${n}`)
      cast.wire.run(600)
    }
    expect(cast.b.told.filter((type) => type === 'associated').length).toBe(1)
    expect(stateAt(cast.b, cast.a)).toBe('established')
    expect(cast.a.datagrams().length).toBe(8)
    // Nor when the association is over, and nothing but the memory of the solution is in its way.
    cast.a.engine.close(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(11_000)
    expect(stateAt(cast.b, cast.a)).toBeUndefined()
    cast.wire.inject(i2)
    say(cast, cast.b, cast.a, 'after all')
    cast.wire.run(100)
    expect(cast.b.told.filter((type) => type === 'associated').length).toBe(1)
    expect(cast.spy.reused).toEqual([])
  })

  it('at the next start of the Responder leads nowhere: nothing of its R1s has moved with it', () => {
    const cast = stage()
    const i2 = those(cast, 'I2', cast.a)[0]
    const r1 = messagesOf(cast.wire.sent, 'R1')[0]
    if (i2 === undefined || r1 === undefined) throw new Error('no exchange')
    say(cast, cast.b, cast.a, 'before')
    cast.wire.run(50)
    const b2 = thaw(cast, cast.bob, freeze(cast, cast.b), 2, place(4))
    cast.wire.run(500)
    // An I1 makes the new start sign its R1s; then the old I2 comes.
    const stranger = enter(cast, actor(13), 1, place(5))
    stranger.engine.associate(cast.wire.now, { hit: b2.engine.hit, locators: [b2.at] })
    cast.wire.run(200)
    const fresh = messagesOf(cast.wire.sent, 'R1').at(-1)
    expect(fresh?.dh.publicValue).not.toEqual(r1.dh.publicValue)
    expect(fresh?.counter?.high).toBe(2)
    cast.wire.inject({ ...i2, to: b2.at })
    say(cast, b2, cast.a, 'after')
    cast.wire.run(200)
    expect(b2.told.filter((type) => type === 'ended')).toEqual([])
    expect(cast.a.datagrams()).toEqual(['before', 'after'])
    expect(cast.spy.reused).toEqual([])
  })
})

describe('a P1 without its last proof', () => {
  it('is dropped when INSTANCE is missing, though the receipt is real and the MAC fits', () => {
    const cast = stage()
    const { alice, b, wire } = cast
    const state = freeze(cast, cast.a)
    const lost = cast.filters.lose('P1')
    const real = thaw(cast, alice, state, 2, place(3))
    wire.drain()
    lost.stop()
    wire.remove(real)
    const [p1] = messagesOf(those(cast, 'P1'), 'UPDATE')
    // The same parameters without INSTANCE, MACed and signed anew with what a former host has.
    const last: readonly number[] = [Parameter.INSTANCE, Parameter.HIP_MAC, Parameter.HIP_SIGNATURE]
    const kept = p1?.packet.parameters.filter(({ type }) => !last.includes(type)) ?? []
    expect(kept.length).toBeGreaterThan(7)
    const { own, peer, suite, hipSend } = forgedEnvelope(alice, state, b.engine.hit, alice.start(2), cast.bob.start(1))
    const bare = encodeMessage('UPDATE', own, peer, kept)
    const maced = appendParameter(bare, Parameter.HIP_MAC, suite.mac(hipSend.integrity, bare))
    wire.inject({ from: place(66), to: b.at, bytes: marked(withSignature(maced, alice.identity)) })
    wire.run(100)
    expect(b.told).not.toContain('rebound')
    expect(labelsBy(cast, b)).not.toContain('P2')
    expect(b.engine.counters['instance-unproven']).toBe(1)
  })
})

function withSignature(packet: Uint8Array, who: Identity): Uint8Array {
  const signature = { algorithm: who.publicKey.algorithm, bytes: who.sign(packet) }
  const { type, contents } = encodeSignature(Parameter.HIP_SIGNATURE, signature)
  return appendParameter(packet, type, contents)
}

/** The state of an identity that has no associations at all. */
function emptyState(cast: Cast): FrozenState {
  return freeze(cast, enter(cast, cast.alice, 1, place(77)))
}
