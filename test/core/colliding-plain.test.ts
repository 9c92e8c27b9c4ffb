// Two keys with one HIT of which at least one knows only the RFCs (test/support/foreign-peer.ts): it names no epoch, and still
// whoever comes second is refused and counted, and nothing of it is delivered. See colliding-hits.test.ts.

import { describe, expect, it, vi } from 'vitest'
import { AccessList } from '../../src/core/access.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { ESP_SUITES } from '../support/abroad.ts'
import { seeded } from '../support/actors.ts'
import { collidingIdentities } from '../support/colliding.ts'
import { ForeignPeer } from '../support/foreign-peer.ts'
import { actor, type Cast, type End, endedAt, enter, freeze, place, stage, thaw } from '../support/stage.ts'

vi.mock('../../src/crypto/hit.ts', async (original) => {
  const { cutTo12Bits } = await import('../support/short-hits.ts')
  return cutTo12Bits(await original<typeof import('../../src/crypto/hit.ts')>())
})

const [one, two] = collidingIdentities(1, 'ecdsa-p256')
const { hit } = one

type Kind = 'epochs' | 'plain'
type Who = 'they call' | 'we call'

/** X, which associates with whoever comes. */
function scene(access = new AccessList()) {
  const own = Identity.generate(seeded(90_001), 'ecdsa-p256')
  const cast = stage({ associate: false, identities: [own, one], espSuites: ESP_SUITES })
  cast.wire.remove(cast.a)
  const x = enter(cast, cast.alice, 1, place(5), { espSuites: ESP_SUITES, access })
  const foreigners: ForeignPeer[] = []
  cast.wire.bend = (flying) => {
    const its = foreigners.find(({ at }) => at.address === flying.to.address)
    its?.receive(flying.bytes, flying.from)
    return its === undefined ? [flying] : []
  }
  const run = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 5) {
      cast.wire.run(5)
      for (const { sent } of foreigners) for (const flying of sent.splice(0)) cast.wire.inject(flying)
    }
  }
  return { cast, x, foreigners, run }
}

type Scene = ReturnType<typeof scene>

/** Somebody with a key, and how it is called, speaks and leaves. */
interface Somebody {
  meet(who: Who, x: End): void
  /** Whether anything that it says arrives. */
  isHeard(x: End): boolean
  leave(x: End): void
}

function plainPeer({ cast, foreigners, run }: Scene, identity: Identity, last: number): Somebody {
  const peer = new ForeignPeer(identity, place(last))
  foreigners.push(peer)
  return {
    meet(who, x) {
      if (who === 'we call') x.engine.associate(cast.wire.now, { hit, locators: [peer.at] })
      else peer.associate(x.engine.hit, x.at)
      run(6_000)
    },
    isHeard(x) {
      const before = x.datagrams().length
      if (peer.state === 'ESTABLISHED' || peer.state === 'R2-SENT') peer.say('plain')
      run(100)
      return x.datagrams().length > before
    },
    leave() {
      peer.close()
      run(120_000)
    },
  }
}

function peerWithEpochs({ cast, run }: Scene, identity: Identity, last: number): Somebody {
  const end = enter(cast, actor(60 + last, true, identity), 5, place(last), { espSuites: ESP_SUITES })
  return {
    meet(who, x) {
      const [from, to] = who === 'we call' ? [x, end] : [end, x]
      from.engine.associate(cast.wire.now, { hit: to.engine.hit, locators: [to.at] })
      run(6_000)
    },
    isHeard(x) {
      const before = x.datagrams().length
      end.engine.send(cast.wire.now, x.engine.hit, 7, 7, new TextEncoder().encode('epochs'))
      run(100)
      return x.datagrams().length > before
    },
    leave(x) {
      end.engine.close(cast.wire.now, x.engine.hit)
      run(120_000)
    },
  }
}

function somebody(here: Scene, kind: Kind, identity: Identity, last: number): Somebody {
  return (kind === 'plain' ? plainPeer : peerWithEpochs)(here, identity, last)
}

const begun = (end: End): number => end.told.filter((type) => type === 'associated').length

const PAIRS: readonly (readonly [Kind, Kind])[] = [
  ['epochs', 'plain'],
  ['plain', 'epochs'],
  ['plain', 'plain'],
]
const CALLS: readonly Who[] = ['they call', 'we call']
const ORDERS = PAIRS.flatMap(([first, second]) =>
  CALLS.flatMap((then) => CALLS.map((now) => [first, then, second, now] as const)),
)

function expectRefused(x: End, who: Who): void {
  if (who === 'they call') return expect(x.engine.counters).toMatchObject({ 'i2-other-key': expect.any(Number) })
  expect(x.engine.counters).toMatchObject({ 'r1-other-key': expect.any(Number) })
  expect(endedAt(x).at(-1)).toMatchObject({ reason: 'imposter' })
}

describe('of two keys with one HIT', () => {
  it.each(ORDERS)('the first with %s (%s), the second with %s (%s) is refused when the first has gone', (...order) => {
    const [kind, then, otherKind, now] = order
    const here = scene()
    const { x } = here
    const [first, second] = [somebody(here, kind, one, 8), somebody(here, otherKind, two, 9)]
    first.meet(then, x)
    expect(first.isHeard(x)).toBe(true)
    first.leave(x)
    second.meet(now, x)
    expectRefused(x, now)
    expect(second.isHeard(x)).toBe(false)
    first.meet(then, x)
    expect([first.isHeard(x), begun(x)]).toEqual([true, 2])
  })

  it.each(PAIRS)('the first with %s is not replaced while it is there by the second with %s', (kind, otherKind) => {
    const here = scene()
    const { x } = here
    const [first, second] = [somebody(here, kind, one, 8), somebody(here, otherKind, two, 9)]
    first.meet('they call', x)
    second.meet('they call', x)
    expectRefused(x, 'they call')
    expect([second.isHeard(x), first.isHeard(x), begun(x)]).toEqual([false, true, 1])
  })

  it.each(PAIRS)(
    'the first with %s is remembered through a freeze and a thaw of ours, against %s',
    (kind, otherKind) => {
      const here = scene()
      const { cast, x } = here
      const [first, second] = [somebody(here, kind, one, 8), somebody(here, otherKind, two, 9)]
      first.meet('they call', x)
      first.leave(x)
      const moved = thaw(cast, cast.alice, freeze(cast, x), 2, place(6), { espSuites: ESP_SUITES })
      second.meet('they call', moved)
      expectRefused(moved, 'they call')
      expect([second.isHeard(moved), begun(moved)]).toEqual([false, 0])
    },
  )

  it('a list that names their HIT lets in the first alone, though the second names no epoch', () => {
    const here = scene(new AccessList({ allow: [hit] }))
    const { x } = here
    const [first, second] = [somebody(here, 'epochs', one, 8), somebody(here, 'plain', two, 9)]
    first.meet('they call', x)
    first.leave(x)
    second.meet('they call', x)
    expect([second.isHeard(x), begun(x)]).toEqual([false, 1])
  })
})

describe('one key that knows only the RFCs', () => {
  it.each(CALLS)('may show an epoch later (%s), and not leave it out again', (who) => {
    const here: Scene & { cast: Cast } = scene()
    const { x } = here
    const [plain, later, former] = [
      somebody(here, 'plain', one, 8),
      somebody(here, 'epochs', one, 9),
      somebody(here, 'plain', one, 10),
    ]
    plain.meet(who, x)
    expect(plain.isHeard(x)).toBe(true)
    plain.leave(x)
    later.meet(who, x)
    expect(later.isHeard(x)).toBe(true)
    later.leave(x)
    former.meet(who, x)
    const counter = who === 'we call' ? 'r1-without-epoch' : 'i2-without-epoch'
    expect(x.engine.counters).toMatchObject({ [counter]: expect.any(Number) })
    expect([former.isHeard(x), begun(x)]).toEqual([false, 2])
  })
})
