// Lists of peers: what they admit, whatever the order of allowing and denying, and what an engine does by them.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AccessList, type PeerName } from '../../src/core/access.ts'
import { Engine } from '../../src/core/engine.ts'
import { identity } from '../support/actors.ts'
import { actor, End, freeze, pair, place, send, Wire } from '../support/pair.ts'

const peers = [1, 2, 3, 4].map((seed) => identity(40 + seed))
const anyPeer = fc.constantFrom(...peers)
const names = fc.array(
  fc.tuple(anyPeer, fc.boolean()).map(([{ hit, publicKey }, byKey]): PeerName => (byKey ? publicKey : hit)),
  { maxLength: 5 },
)
const maybe = fc.option(names, { nil: undefined })

describe('a list of peers', () => {
  it('admits whoever is not denied and, if anybody is allowed by name, is among those', () => {
    fc.assert(
      fc.property(maybe, maybe, anyPeer, (allow, deny, { hit, publicKey }) => {
        const named = (list: readonly PeerName[]): boolean => list.some((name) => name === hit || name === publicKey)
        const expected = !named(deny ?? []) && (allow === undefined || named(allow))
        expect(new AccessList({ allow, deny }).admits(hit, publicKey)).toBe(expected)
      }),
      { numRuns: 1000 },
    )
  })

  it('says beforehand of no HIT that it is left out of, if it would admit its key', () => {
    fc.assert(
      fc.property(maybe, maybe, anyPeer, (allow, deny, { hit, publicKey }) => {
        const list = new AccessList({ allow, deny })
        if (list.admits(hit, publicKey)) expect(list.excludes(hit)).toBe(false)
        // A HIT that is denied as such, or not mentioned among the allowed, needs no key to be left out.
        if (deny?.includes(hit) || allow?.length === 0) expect(list.excludes(hit)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it('forgets what it said before, when it is given other rules', () => {
    const [{ hit, publicKey } = identity(1)] = peers
    const list = new AccessList({ deny: [hit] })
    expect(list.admits(hit, publicKey)).toBe(false)
    list.set({})
    expect(list.admits(hit, publicKey)).toBe(true)
    list.set({ allow: [] })
    expect(list.admits(hit, publicKey)).toBe(false)
  })
})

/** Two ends, one of which has a list; `admit` hears of who is asked about. */
function listed(rules: ConstructorParameters<typeof AccessList>[0]) {
  const wire = new Wire()
  const [alice, bob] = [actor(11, false), actor(12, false)]
  const asked: string[] = []
  const access = new AccessList(rules)
  const at = (who: typeof alice, last: number, more: object = {}): End => {
    const options = {
      identity: who.identity,
      start: who.start(1),
      entropy: who.entropy,
      locators: [place(last)],
      now: 0,
    }
    return wire.add(new End(new Engine({ ...options, ...more }), place(last)))
  }
  const admit = (_key: unknown, peer: string): boolean => asked.push(peer) > 0
  const a = at(alice, 1)
  const b = at(bob, 2, { access, admit })
  for (const end of [a, b]) end.engine.bind(7)
  return { wire, alice, bob, a, b, access, asked }
}

function call({ wire }: ReturnType<typeof listed>, from: End, to: End): void {
  from.engine.associate(wire.now, { hit: to.engine.hit, locators: [to.at] })
  wire.run(1_000)
}

const who = actor(11).identity

describe('an identity with a list', () => {
  it.each([
    ['denied by HIT', { deny: [who.hit] }],
    ['denied by key', { deny: [who.publicKey] }],
    ['denied and allowed', { allow: [who.hit], deny: [who.hit] }],
    ['not among the allowed', { allow: [identity(99).hit] }],
  ])('tells a peer that is %s, and does not ask further', (_, rules) => {
    const scene = listed(rules)
    const { a, b, asked } = scene
    call(scene, a, b)
    expect(a.events).toMatchObject([{ type: 'ended', reason: 'refused', detail: 'blocked by policy' }])
    expect(b.told).toEqual([])
    expect(b.engine.counters).toMatchObject({ 'i2-not-admitted': 1 })
    expect(asked).toEqual([])
  })

  it.each([
    ['by HIT', { allow: [who.hit] }],
    ['by key', { allow: [who.publicKey], deny: [identity(99).hit] }],
  ])('asks its owner about a peer that is allowed %s', (_, rules) => {
    const scene = listed(rules)
    const { a, b, asked } = scene
    call(scene, a, b)
    expect(b.told).toContain('associated')
    expect(asked).toEqual([a.engine.hit])
  })

  it.each([
    ['HIT', { deny: [who.hit] }],
    ['key', { deny: [who.publicKey] }],
  ])('does not associate with a peer that it denies by %s, though it began itself', (_, rules) => {
    const scene = listed(rules)
    const { a, b } = scene
    call(scene, b, a)
    expect(b.events).toMatchObject([{ type: 'ended', reason: 'denied' }])
    expect([...b.engine.associations(), ...a.engine.associations()]).toEqual([])
  })

  it('says goodbye to a peer that it denies from now on, takes nothing more from it, and lets it in again later', () => {
    const scene = listed({})
    const { wire, a, b, access } = scene
    call(scene, a, b)
    send(wire, a, b, 'on its way')
    wire.drain()
    access.set({ deny: [who.publicKey] })
    b.engine.enforceAccess(wire.now)
    wire.run(1_000)
    expect(b.datagrams()).toEqual([])
    expect(b.events.at(-1)).toMatchObject({ type: 'ended', reason: 'closed' })
    expect(a.events.at(-1)).toMatchObject({ type: 'ended', reason: 'closed-by-peer' })
    call(scene, a, b)
    expect(a.events.at(-1)).toMatchObject({ type: 'ended', reason: 'refused' })
    access.set({})
    b.engine.enforceAccess(wire.now)
    call(scene, a, b)
    send(wire, a, b, 'again')
    wire.run(100)
    expect(b.datagrams()).toEqual(['again'])
  })

  it('keeps the peers that a change of lists leaves alone', () => {
    const scene = listed({})
    const { wire, a, b, access } = scene
    call(scene, a, b)
    access.set({ allow: [who.hit] })
    b.engine.enforceAccess(wire.now)
    wire.run(1_000)
    expect(b.told).not.toContain('ended')
  })

  it('says goodbye after a thaw to whom the lists of that place do not admit, and offers it nothing', () => {
    const { wire, alice, bob, a, b } = pair()
    const state = freeze(wire, b)
    const sent = wire.sent.length
    const at = place(3)
    const access = new AccessList({ deny: [alice.identity.hit] })
    const options = { identity: bob.identity, start: bob.start(2), entropy: bob.entropy, locators: [at], now: wire.now }
    const moved = wire.add(new End(Engine.thaw({ ...options, access }, state), at))
    wire.run(1_000)
    expect(a.events.at(-1)).toMatchObject({ type: 'ended', reason: 'closed-by-peer' })
    expect(moved.events.at(-1)).toMatchObject({ type: 'ended', reason: 'closed' })
    expect(wire.sent.slice(sent).filter(({ from }) => from.address === at.address)).toHaveLength(1)
  })

  it('says goodbye after an aborted freeze to whom it has denied meanwhile', () => {
    const scene = listed({})
    const { wire, a, b, access } = scene
    call(scene, a, b)
    b.engine.freeze(wire.now)
    wire.drain()
    access.set({ deny: [who.hit] })
    b.engine.enforceAccess(wire.now)
    expect(b.told).not.toContain('ended')
    b.engine.unfreeze(wire.now)
    wire.run(1_000)
    expect(b.events.at(-1)).toMatchObject({ type: 'ended', reason: 'closed' })
  })
})

describe('a port with a list', () => {
  it('takes datagrams of those whom it admits, and counts those of others', () => {
    const { wire, alice, a, b } = pair()
    b.engine.unbind(7)
    const access = new AccessList({ allow: [alice.identity.publicKey] })
    b.engine.bind(7, access)
    send(wire, a, b, 'allowed')
    wire.run(100)
    access.set({ deny: [alice.identity.hit] })
    send(wire, a, b, 'denied')
    wire.run(100)
    expect(b.datagrams()).toEqual(['allowed'])
    expect(b.engine.counters).toMatchObject({ 'port-denied': 1 })
    // The peer is still one: only this port is closed to it.
    b.engine.bind(8)
    a.engine.send(wire.now, b.engine.hit, 7, 8, new TextEncoder().encode('next door'))
    wire.run(100)
    expect(b.datagrams()).toEqual(['allowed', 'next door'])
    expect(b.told).not.toContain('ended')
  })
})
