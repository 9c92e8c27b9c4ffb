// Two keys with one HIT never share anything. With HITs of 12 bits such keys are found in a moment; whoever comes second is refused
// and counted, wherever the first is known, and nothing of the first can be told to be the second's.

import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { AccessList } from '../../src/core/access.ts'
import { acceptR1, buildI2 } from '../../src/core/association/initiator.ts'
import { R1Pool } from '../../src/core/association/r1-pool.ts'
import { Engine } from '../../src/core/engine.ts'
import { Floors } from '../../src/core/moving/floor.ts'
import { signObject } from '../../src/core/moving/receipt.ts'
import { applyActivate, applyClaim } from '../../src/core/moving/record.ts'
import { buildWhereabouts, verifyWhereabouts } from '../../src/core/moving/whereabouts.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { type PublicKey, samePublicKey, verify } from '../../src/crypto/identity.ts'
import { encodeClaim } from '../../src/wire/object.ts'
import { claim, HOST_A, HOST_B, identity, incarnation, LEDGER } from '../support/actors.ts'
import { collidingIdentities } from '../support/colliding.ts'
import {
  answerR1,
  askForR1,
  exchange,
  OPEN_DOOR,
  offerI2,
  end as partOf,
  read,
  startOf,
  unwrapped,
} from '../support/exchange.ts'
import { type Actor, actor, End, freeze, hip, place, send, thaw, Wire } from '../support/pair.ts'

vi.mock('../../src/crypto/hit.ts', async (original) => {
  const { cutTo12Bits } = await import('../support/short-hits.ts')
  return cutTo12Bits(await original<typeof import('../../src/crypto/hit.ts')>())
})

const [one, two] = collidingIdentities()

it('the two keys of these tests are two, with one HIT', () => {
  expect(two.hit).toBe(one.hit)
  expect(samePublicKey(one.publicKey, two.publicKey)).toBe(false)
  // Nor do they share what is remembered of an imported key.
  const message = Uint8Array.of(1)
  expect(verify(one.publicKey, message, one.sign(message))).toBe(true)
  expect(verify(two.publicKey, message, one.sign(message))).toBe(false)
  expect(verify(one.publicKey, message, two.sign(message))).toBe(false)
})

/** X, and the two colliding identities at places of their own; `second` starts at a higher epoch than the first. */
function trio(access = new AccessList()) {
  const wire = new Wire()
  const [x, first, second] = [actor(61), actor(62, true, one), actor(63, true, two)]
  const at = (who: Actor, last: number, epoch: number, more: object = {}): End => {
    const { identity: as, entropy } = who
    const options = { identity: as, start: who.start(epoch), entropy, locators: [place(last)], now: 0 }
    const end = wire.add(new End(new Engine({ ...options, ...more }), place(last)))
    end.engine.bind(7)
    return end
  }
  return { wire, x: at(x, 1, 1, { access }), a: at(first, 2, 1), b: at(second, 3, 5), first, second }
}

type Trio = ReturnType<typeof trio>

function call({ wire }: Trio, from: End, ...to: readonly End[]): void {
  const [peer] = to
  if (peer === undefined) throw new Error('nobody to call')
  from.engine.associate(wire.now, { hit: peer.engine.hit, locators: to.map(({ at }) => at) })
  wire.run(6_000)
}

function said({ wire }: Trio, from: End, to: End, text: string): readonly string[] {
  const before = to.datagrams().length
  send(wire, from, to, text)
  wire.run(500)
  return to.datagrams().slice(before)
}

const begun = (end: End): number => end.told.filter((type) => type === 'associated').length

describe('of two keys with one HIT, the second', () => {
  it.each([
    ['called', (scene: Trio) => call(scene, scene.x, scene.a)],
    ['were called by', (scene: Trio) => call(scene, scene.a, scene.x)],
  ])('does not replace the association with the first that we %s, whatever its epoch', (_, begin) => {
    const scene = trio()
    const { x, a, b } = scene
    begin(scene)
    call(scene, b, x)
    expect(x.engine.counters).toMatchObject({ 'i2-other-key': expect.any(Number) })
    expect([begun(x), begun(b)]).toEqual([1, 0])
    expect(said(scene, a, x, 'still the first')).toEqual(['still the first'])
    expect(said(scene, x, a, 'and so are you')).toEqual(['and so are you'])
  })

  it('is not let in after the first has gone: its key is remembered', () => {
    const scene = trio()
    const { wire, x, a, b } = scene
    call(scene, a, x)
    a.engine.close(wire.now, x.engine.hit)
    wire.run(120_000)
    call(scene, b, x)
    expect(x.engine.counters).toMatchObject({ 'i2-other-key': expect.any(Number) })
    expect(begun(b)).toBe(0)
    call(scene, a, x)
    expect(begun(a)).toBe(2)
  })

  it('is nobody whom we call by the HIT of the first', () => {
    const scene = trio()
    const { wire, x, a, b } = scene
    call(scene, x, a)
    x.engine.close(wire.now, a.engine.hit)
    wire.run(120_000)
    call(scene, x, b)
    expect(x.engine.counters).toMatchObject({ 'r1-other-key': expect.any(Number) })
    expect(x.events.at(-1)).toMatchObject({ type: 'ended', reason: 'imposter' })
    expect(begun(b)).toBe(0)
  })

  it('does not take over an exchange with the first, though its R1 counts higher', () => {
    const scene = trio()
    const { wire, x, a, b } = scene
    // The R2 of the first is late, so that the R1 of the second comes into I2-SENT.
    let held = true
    wire.bend = (flying) => (held && hip(flying.bytes)?.kind === 'R2' ? [] : [flying])
    x.engine.associate(0, { hit: a.engine.hit, locators: [a.at] })
    wire.run(100)
    const i1 = wire.sent.find(({ bytes }) => hip(bytes)?.kind === 'I1')
    if (i1 === undefined) throw new Error('no I1')
    wire.inject({ ...i1, to: b.at })
    wire.run(100)
    expect(x.engine.counters).toMatchObject({ 'r1-other-key': 1 })
    held = false
    wire.run(2_000)
    expect(said(scene, a, x, 'the first')).toEqual(['the first'])
    expect(begun(b)).toBe(0)
  })

  it('is refused through a freeze and a thaw of ours, too', () => {
    const scene = trio()
    const { wire, x, a, b } = scene
    call(scene, a, x)
    const state = freeze(wire, x)
    const moved = thaw(wire, actor(61), state, 2, place(4))
    wire.run(2_000)
    a.engine.close(wire.now, moved.engine.hit)
    wire.run(120_000)
    call(scene, b, moved)
    expect(moved.engine.counters).toMatchObject({ 'i2-other-key': expect.any(Number) })
    expect(begun(b)).toBe(0)
  })

  it.each([
    ['allowed, the second is not', { allow: [one.publicKey] }, [1, 0]],
    ['denied, the second is not', { deny: [one.publicKey] }, [0, 1]],
  ])('shares no list with the first: when that is %s', (_, rules, expected) => {
    const scene = trio(new AccessList(rules))
    call(scene, scene.b, scene.x)
    call(scene, scene.a, scene.x)
    expect([begun(scene.a), begun(scene.b)]).toEqual(expected)
    expect(scene.x.engine.counters).toMatchObject({ 'i2-not-admitted': expect.any(Number) })
  })

  it('shares no port with the first', () => {
    const scene = trio()
    const { x, a } = scene
    const access = new AccessList({ allow: [two.publicKey] })
    x.engine.unbind(7)
    x.engine.bind(7, access)
    call(scene, a, x)
    expect(said(scene, a, x, 'in the name of the second')).toEqual([])
    expect(x.engine.counters).toMatchObject({ 'port-denied': 1 })
  })
})

describe('what is remembered of one key', () => {
  const key = fc.constantFrom(one.publicKey, two.publicKey)
  const raise = fc.record({ key, epoch: fc.integer({ min: 1, max: 9 }), seed: fc.integer({ min: 1, max: 3 }) })

  it('as a floor is never told of the other, and never moved by it', () => {
    fc.assert(
      fc.property(fc.array(raise, { minLength: 1, maxLength: 12 }), (raises) => {
        const floors = new Floors(8)
        const alone = new Floors(8)
        const [begin] = raises
        const pinned: PublicKey | undefined = begin?.key
        for (const { key: of, epoch, seed } of raises) {
          const floor = { key: of, epoch, incarnation: incarnation(seed), ledger: undefined, receipt: undefined }
          floors.raise(floor)
          if (of === pinned) alone.raise(floor)
        }
        expect([...floors.all()]).toEqual([...alone.all()])
        const other = pinned === one.publicKey ? two.publicKey : one.publicKey
        expect(floors.get(other)).toBeUndefined()
        const start = { epoch: 9, incarnation: incarnation(1) }
        expect(floors.judge({ key: other, start, receipt: undefined })).toBe('other-key')
      }),
      { numRuns: 300 },
    )
  })

  it('as consumed solutions answers nothing to the other, even for the same I and J from the same place', () => {
    const responder = partOf(71)
    const pool = new R1Pool(responder)
    const [a, b] = [partOf(72, { identity: one }), partOf(73, { identity: two })]
    const r1 = askForR1(0, a, responder, pool)
    const first = answerR1(a, responder, r1)
    const outcome = offerI2(0, responder, pool, first.bytes, OPEN_DOOR)
    expect(outcome).toMatchObject({ seed: { peerKey: one.publicKey } })
    // One R1 fits both, because it names a HIT, and so does one solution.
    const accepted = unwrapped(acceptR1(b, responder.identity.hit, read('R1', r1)))
    const spis = { inboundSpi: 0x3000, reserveIn: 0x3001 }
    const same = unwrapped(buildI2(b, accepted, first.context.j, spis))
    expect(offerI2(300, responder, pool, same.bytes, OPEN_DOOR)).toEqual({ drop: 'i2-consumed' })
    // With a J of its own it has an exchange of its own, under its own key.
    const other = offerI2(300, responder, pool, answerR1(b, responder, r1).bytes, OPEN_DOOR)
    expect(other).toMatchObject({ seed: { peerKey: two.publicKey } })
  })

  it('in the ledger is not the record of the other, before and after it was activated', () => {
    const first = applyClaim(undefined, claim({ host: HOST_A, epoch: 1, as: one, of: one }))
    if (first.refused !== undefined) throw new Error(first.refused)
    const others = claim({ host: HOST_B, epoch: 2, as: two, of: two })
    expect(applyClaim(first.record, others)).toMatchObject({ refused: 'other-key' })
    const payload = encodeClaim({
      host: HOST_A.publicKey,
      hit: hitBytes(one.hit),
      epoch: 1,
      grant: undefined,
      incarnation: incarnation(1),
      nonce: new Uint8Array(16),
    })
    const activated = applyActivate(first.record, signObject('activate', payload, HOST_A), LEDGER, 1_000)
    if (activated.refused !== undefined) throw new Error(activated.refused)
    expect(applyClaim(activated.record, others)).toMatchObject({ refused: expect.any(String) })
    // The very host that holds the first cannot start the second in its place either.
    const sameHost = claim({ host: HOST_A, epoch: 2, as: two, of: two })
    expect(applyClaim(activated.record, sameHost)).toMatchObject({ refused: 'other-key' })
  })

  it('as whereabouts is not believed of the other', () => {
    const start = startOf(two, identity(91), 3, true)
    const said = buildWhereabouts({
      identity: two,
      instance: start.instance,
      start,
      version: 1,
      locators: [place(3)],
      ledger: LEDGER.publicKey,
      receipt: start.receipt ?? new Uint8Array(0),
    })
    expect(verifyWhereabouts(said, { hit: one.hit, key: one.publicKey })).toBe('other-identity')
    expect(verifyWhereabouts(said, { hit: one.hit, key: two.publicKey })).toMatchObject({ version: 1 })
  })

  it('as an exchange makes no keys for the other', () => {
    const responder = partOf(81)
    const [a, b] = [partOf(82, { identity: one }), partOf(82, { identity: two })]
    const keys = [exchange(a, responder), exchange(b, responder)].map(({ initiated }) => initiated.keys.resumption.id)
    expect(keys[1]).not.toEqual(keys[0])
  })
})
