// A world does what its prose says: processes talk, move, crash and come back, and whoever must not start does not.

import { describe, expect, it } from 'vitest'
import { conformance } from '../../src/conformance.ts'
import type { FrozenState } from '../../src/core/moving/frozen.ts'
import type { OpenedCapsule } from '../../src/sim/arrival.ts'
import type { Door, StartOutcome } from '../../src/sim/door.ts'
import { kemKey, openBox, sealBox } from '../../src/sim/seal.ts'
import { type Process, World } from '../../src/sim.ts'

describe('in a world', () => {
  it('two processes find each other and talk', () => {
    const { world, a, b } = acquainted()
    const there = a.send(b)
    const back = b.send(a)
    world.run(50)
    expect([b.has(there.id), a.has(back.id)]).toEqual([true, true])
    expect(world.violations).toEqual([])
  })

  it('a process moves through the whole hand-off, and its peer stays with it', () => {
    const { world, a, b } = acquainted()
    const departure = world.move(a, world.host('elsewhere'))
    expect(world.until(() => departure.over && a.running, 5_000)).toBe(true)
    const { id } = b.send(a)
    world.run(500)
    expect(departure.state.phase).toBe('gone')
    expect([a.host.name, a.here.run.epoch, a.has(id)]).toEqual(['elsewhere', 2, true])
    expect(a.told('resumed').length).toBe(1)
    expect(b.told('rebound').map(({ epoch }) => epoch)).toEqual([2])
    expect([a.with(b)?.state, b.with(a)?.state, b.with(a)?.baseExchanges]).toEqual(['established', 'established', 1])
    expect(world.violations).toEqual([])
  })

  it('a peer that is at ever other places fills no table beyond its cap: rule S8 counts them', () => {
    const { world, a, b } = acquainted()
    for (let n = 0; n < 40; n++) {
      a.rebind()
      a.send(b)
      world.run(500)
    }
    const tuples = b.with(a)?.holdings.find(({ what }) => what === 'tuples')
    expect(world.violations).toEqual([])
    expect(tuples?.size).toBe(tuples?.cap)
  })

  it('a Responder that moves packs nothing that it drew for its R1s: rule I7 looks into every capsule', () => {
    const { world, b } = acquainted()
    const departure = world.move(b, world.host('elsewhere'))
    world.until(() => departure.capsule !== undefined, 5_000)
    expect(departure.capsule).toBeDefined()
    expect(world.violations).toEqual([])
  })

  it('an abort before the grant has left unfreezes in place, in the same epoch', () => {
    const { world, a } = acquainted()
    const departure = world.move(a, world.host('elsewhere'))
    world.until(() => departure.state.phase === 'sealed', 1_000)
    departure.abort()
    world.run(1_000)
    expect([a.running, a.host.name, a.here.run.epoch]).toEqual([true, 'a', 1])
    expect(world.tally.events.unfreeze).toBe(1)
    expect(world.violations).toEqual([])
  })

  it('an abort after the grant has left starts again through the ledger, and the capsule is worthless', () => {
    const { world, a, b } = acquainted()
    const to = world.host('elsewhere')
    world.network.cut('a', 'elsewhere')
    world.network.heal('a', 'elsewhere')
    const departure = world.move(a, to)
    world.until(() => departure.state.phase === 'sealed', 1_000)
    world.network.cut('a', 'elsewhere')
    world.until(() => departure.state.phase === 'granted', 1_000)
    departure.abort()
    world.run(2_000)
    expect([a.running, a.host.name, a.here.run.epoch]).toEqual([true, 'a', 2])
    expect(b.told('rebound').map(({ epoch }) => epoch)).toEqual([2])
    expect(world.violations).toEqual([])
  })

  it('a host that was asked before, and answers late, is not the one the process goes to', () => {
    const { world, a, b } = acquainted()
    const [first, second] = [world.host('first'), world.host('second')]
    const earlier = world.move(a, first)
    world.until(() => first.arrivals.get(a.hit)?.state.phase === 'offering', 1_000)
    earlier.abort()
    const departure = world.move(a, second)
    expect(world.until(() => departure.over && a.running, 10_000)).toBe(true)
    world.run(500)
    expect([a.host.name, a.here.run.epoch, a.with(b)?.state]).toEqual(['second', 2, 'established'])
    expect(world.violations).toEqual([])
  })

  it('a crashed host comes back, and its process starts anew without its associations', () => {
    const { world, a, b } = acquainted()
    world.crash(a.host)
    expect(a.running).toBe(false)
    world.run(500)
    world.boot(a.host)
    world.run(500)
    expect([a.running, a.here.run.epoch, a.with(b)]).toEqual([true, 2, undefined])
    a.associate(b)
    world.run(500)
    expect(b.told('ended').map(({ reason }) => reason)).toEqual(['replaced'])
    expect(world.violations).toEqual([])
  })

  it('a capsule on the disk survives the crash of its source, and of its target', () => {
    const { world, a, b } = acquainted()
    const to = world.host('elsewhere')
    const departure = world.move(a, to)
    world.until(() => departure.state.phase === 'granted', 1_000)
    world.crash(departure.from)
    world.until(() => to.arrivals.get(a.hit)?.state.phase === 'claiming', 1_000)
    world.crash(to)
    world.run(500)
    world.boot(to)
    world.boot(departure.from)
    world.run(5_000)
    expect([a.running, a.host.name, a.with(b)?.state]).toEqual([true, 'elsewhere', 'established'])
    expect(world.violations).toEqual([])
  })

  it('of two starts from one capsule exactly one runs', () => {
    const { world, a } = acquainted()
    const [one, other] = [world.host('one'), world.host('other')]
    const outcomes: StartOutcome[] = []
    world.hooks = {
      claiming: (_door: Door, _arrival, opened: OpenedCapsule) => {
        const plan = { base: opened.frozen.epoch, grant: opened.grant }
        world.start(a, other, opened.signer, plan, (outcome) => {
          outcomes.push(outcome)
          if (typeof outcome !== 'string') world.launch(a, other, opened.signer, outcome, opened.frozen)
        })
      },
    }
    world.move(a, one)
    world.run(20_000)
    const started = outcomes.filter((outcome) => typeof outcome !== 'string')
    expect(outcomes.length).toBe(1)
    expect(a.host.name).toBe(started.length === 1 ? 'other' : 'one')
    expect(world.tally.events.thaw).toBe(1)
    expect(world.violations).toEqual([])
  })

  it('a start is copied only as long as it has drawn no instance key', () => {
    const { world, a } = acquainted()
    const other = world.host('other')
    const copies: (Door | undefined)[] = []
    world.hooks = {
      claiming: (door, arrival, { signer }) => {
        const copy = () => copies.push(world.copyStart(door, a, other, signer, () => {}))
        copy()
        world.until(() => arrival.state.phase === 'running', 1_000)
        copy()
      },
    }
    world.move(a, world.host('elsewhere'))
    world.run(20_000)
    expect(copies.map((copy) => copy !== undefined)).toEqual([true, false])
    expect(world.violations).toEqual([])
  })

  it('prose can freeze and thaw by hand, and both ends at once', () => {
    const { world, a, b } = acquainted()
    const frozen: [Process, FrozenState][] = [a, b].map((subject) => [subject, world.freeze(subject)])
    for (const [subject, state] of frozen) world.thaw(subject, state, world.host(`${subject.name} elsewhere`))
    world.run(3_000)
    expect([a.with(b)?.state, b.with(a)?.state]).toEqual(['established', 'established'])
    expect([a.with(b)?.peerEpoch, b.with(a)?.peerEpoch]).toEqual([2, 2])
    expect(world.violations).toEqual([])
  })

  it('a process behind a translator keeps its peer when the translator forgets it', () => {
    const world = new World({ seed: 5 })
    const a = world.process('a', { host: world.host('home', { nat: { timeoutMs: 60_000, filtering: 'same-tuple' } }) })
    const b = world.process('b')
    a.associate(b)
    world.run(500)
    const before = b.with(a)?.locator
    a.host.nat?.rebind()
    const { id } = a.send(b)
    world.run(2_000)
    const answer = b.send(a)
    world.run(500)
    expect(before?.address).toBe(b.with(a)?.locator?.address)
    expect(before?.port).not.toBe(b.with(a)?.locator?.port)
    expect([b.has(id), a.has(answer.id)]).toEqual([true, true])
    expect(world.violations).toEqual([])
  })

  it('a start waits for a ledger that is down, and gives up one that stays down', () => {
    const { world, a } = acquainted()
    const outcomes: StartOutcome[] = []
    const begin = () => world.start(a, a.host, a.host.identity, {}, (outcome) => outcomes.push(outcome))
    world.ledger.down = true
    begin()
    world.run(5_000)
    world.ledger.down = false
    world.run(5_000)
    expect(outcomes.map((outcome) => typeof outcome)).toEqual(['object'])
    world.ledger.down = true
    begin()
    world.run(60_000)
    expect(outcomes[1]).toBe('unavailable')
  })
})

describe('a box', () => {
  const entropy = new World({ seed: 1 }).entropy
  const key = kemKey(entropy)
  const plaintext = Uint8Array.from({ length: 50 }, (_, i) => i)
  const aad = Uint8Array.of(1, 2, 3)

  it('opens with its key and what it is bound to', () => {
    expect(openBox(key, sealBox(key.publicValue, plaintext, aad, entropy), aad)).toEqual(plaintext)
  })

  it('does not open with another key, another binding or a changed bit', () => {
    const sealed = sealBox(key.publicValue, plaintext, aad, entropy)
    expect(openBox(kemKey(entropy), sealed, aad)).toBeUndefined()
    expect(openBox(key, sealed, Uint8Array.of(1, 2, 4))).toBeUndefined()
    for (let at = 64; at < sealed.length; at++) {
      // The number in front of the sealed bytes is always 1: what it says is not looked at.
      if (at >= 68 && at < 72) continue
      const changed = sealed.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(openBox(key, changed, aad), `byte ${at}`).toBeUndefined()
    }
  })
})

/** Two processes with an association. */
function acquainted(): { world: World; a: Process; b: Process } {
  const world = new World({ seed: 11 })
  const a = world.process('a')
  const b = world.process('b')
  a.associate(b)
  world.run(300)
  expect([a.with(b)?.state, b.with(a)?.state]).toEqual(['established', 'established'])
  return { world, a, b }
}

describe('a world that hands in its own algorithms', () => {
  it('has processes with keys and suites that nobody else knows of', () => {
    const world = new World({ seed: 3 })
    const choices = { algorithms: conformance, espSuites: [7], dhGroups: [3], hipCiphers: [1] }
    const [a, b] = ['a', 'b'].map((name) => world.process(name, { ...choices, saved: false, algorithm: 'ecdsa-p384' }))
    if (a === undefined || b === undefined) throw new Error('two processes')
    a.associate(b)
    world.run(1_000)
    const { id } = a.send(b)
    world.run(100)
    expect(b.has(id)).toBe(true)
    expect(world.violations).toEqual([])
  })
})
