// Peers that know only the RFCs (test/support/foreign-peer.ts): base exchange both ways, data, RFC 7402 rekeys by either end and both,
// RFC 8046 readdressing with and without them, CLOSE, and a move of ours (MOVING §2: a plain rekey with Diffie–Hellman).

import { describe, expect, it } from 'vitest'
import { Prng } from '../../src/base/prng.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { type Abroad, abroad, associated, ESP_SUITES, run, talk } from '../support/abroad.ts'
import { seeded } from '../support/actors.ts'
import { ForeignPeer } from '../support/foreign-peer.ts'
import { actor, type End, endedAt, enter, type Flying, freeze, labelOf, place, stage, thaw } from '../support/stage.ts'

function rekeyed(end: End): number {
  return end.told.filter((type) => type === 'rekeyed').length
}

describe('a peer that knows only the RFCs', () => {
  it.each(['we', 'they'] as const)('associates when %s begin, and both can talk', (who) => {
    const here = associated(who)
    expect(here.a.engine.association(here.foreign.identity.hit)).toMatchObject({ state: 'established', peerEpoch: 0 })
    expect(here.foreign.state).toBe(who === 'we' ? 'R2-SENT' : 'ESTABLISHED')
    expect(talk(here)).toBe(true)
    expect(here.foreign.state).toBe('ESTABLISHED')
    run(here, 20_000)
    expect(talk(here)).toBe(true)
  })

  it('is closed, and closes, with an echo', () => {
    const ours = associated('we')
    ours.a.engine.close(ours.cast.wire.now, ours.foreign.identity.hit)
    run(ours, 50)
    expect([ours.foreign.state, endedAt(ours.a)[0]?.reason]).toEqual(['CLOSED', 'closed'])
    const theirs = associated('they')
    theirs.foreign.close()
    run(theirs, 50)
    expect([theirs.foreign.state, endedAt(theirs.a)[0]?.reason]).toEqual(['UNASSOCIATED', 'closed-by-peer'])
  })

  it('begins again in place of an association that it has lost', () => {
    const here = associated('they')
    const { foreign, a, cast } = here
    const again = new ForeignPeer(foreign.identity, foreign.at)
    cast.wire.bend = ({ to, from, bytes }) => {
      if (to.address !== again.at.address) return [{ to, from, bytes }]
      again.receive(bytes, from)
      return []
    }
    const next = { ...here, foreign: again }
    again.associate(a.engine.hit, a.at)
    run(next, 50)
    expect(endedAt(a).map(({ reason }) => reason)).toEqual(['replaced'])
    expect(talk(next)).toBe(true)
  })

  it.each([true, false])('that asks for whoever is here is answered only where that is wanted: %s', (opportunistic) => {
    const { cast } = abroad()
    const who = enter(cast, cast.alice, 1, place(5), { espSuites: ESP_SUITES, opportunistic })
    const foreign = new ForeignPeer(Identity.generate(seeded(61), 'ecdsa-p256'), place(9))
    const here: Abroad = { cast, a: who, foreign, passes: () => true }
    cast.wire.bend = (flying) => {
      if (flying.to.address !== foreign.at.address) return [flying]
      foreign.receive(flying.bytes, flying.from)
      return []
    }
    foreign.associate(who.engine.hit, who.at)
    const [i1] = foreign.sent.splice(0)
    if (i1 === undefined) throw new Error('no I1')
    // The receiver HIT: all zeros (RFC 7401 §4.1.8).
    cast.wire.inject({ ...i1, bytes: i1.bytes.slice().fill(0, 4 + 24, 4 + 40) })
    run(here, 50)
    expect(foreign.kinds[0]).toBe(opportunistic ? 'R1' : undefined)
    expect(who.engine.counters['i1-opportunistic'] ?? 0).toBe(opportunistic ? 0 : 1)
    if (opportunistic) expect(talk(here, who)).toBe(true)
  })

  it('cannot leave out the epochs that its identity has had', () => {
    const cast = stage({
      identities: [Identity.generate(seeded(41), 'ecdsa-p256'), Identity.generate(seeded(42), 'ecdsa-p256')],
      espSuites: ESP_SUITES,
    })
    const former = new ForeignPeer(cast.bob.identity, place(9))
    cast.wire.bend = (flying) => {
      if (flying.to.address !== former.at.address) return [flying]
      former.receive(flying.bytes, flying.from)
      return []
    }
    const here: Abroad = { cast, a: cast.a, foreign: former, passes: () => true }
    former.associate(cast.a.engine.hit, cast.a.at)
    run(here, 100)
    expect(former.state).toBe('I2-SENT')
    expect(cast.a.engine.counters['i2-without-epoch']).toBe(1)
    const fresh = enter(cast, actor(77, true), 1, place(4), { espSuites: ESP_SUITES })
    expect(fresh.engine.counters['i2-without-epoch']).toBeUndefined()
    expect(endedAt(cast.a)).toEqual([])
  })
})

describe('an RFC 7402 rekey', () => {
  it.each([
    ['we', 31],
    ['they', 31],
    ['we', 51],
    ['they', 51],
  ] as const)('by ours, with a value of theirs, without one, and by them (%s, %i)', (who, seed) => {
    const here = associated(who, {}, seed)
    const { a, foreign, cast } = here
    expect(a.engine.rekey(cast.wire.now, foreign.identity.hit)).toBe(true)
    run(here, 50)
    expect([rekeyed(a), foreign.rekeys]).toEqual([1, 1])
    expect(talk(here)).toBe(true)
    foreign.bringsDh = false
    a.engine.rekey(cast.wire.now, foreign.identity.hit)
    run(here, 50)
    expect([rekeyed(a), foreign.rekeys]).toEqual([2, 2])
    expect(talk(here)).toBe(true)
    foreign.startRekey(true)
    run(here, 50)
    expect([rekeyed(a), foreign.rekeys]).toEqual([3, 3])
    expect(talk(here)).toBe(true)
    foreign.startRekey(false)
    run(here, 50)
    expect([rekeyed(a), foreign.rekeys]).toEqual([4, 4])
    expect(talk(here)).toBe(true)
  })

  it.each([
    ['with', true],
    ['without', false],
  ] as const)('by both at once, theirs %s a value', (_, withDh) => {
    const here = associated('we')
    const { a, foreign, cast } = here
    a.engine.rekey(cast.wire.now, foreign.identity.hit)
    foreign.startRekey(withDh)
    const [theirs] = foreign.sent.splice(0)
    if (theirs === undefined) throw new Error('no UPDATE')
    cast.wire.inject(theirs)
    run(here, 100)
    expect([rekeyed(a), foreign.rekeys]).toEqual([1, 1])
    expect(talk(here)).toBe(true)
  })

  it.each([0, 1, 2, 3])('ends with the same keys, though packet %i of a crossing is lost', (lost) => {
    const here = associated('we')
    const { a, foreign, cast } = here
    let count = 0
    here.passes = () => count++ !== lost
    a.engine.rekey(cast.wire.now, foreign.identity.hit)
    foreign.startRekey(true)
    for (let turn = 0; turn < 20; turn++) {
      run(here, 200)
      foreign.repeat()
    }
    expect(foreign.rekeys).toBeGreaterThanOrEqual(1)
    expect(foreign.rekey).toBeUndefined()
    expect(talk(here)).toBe(true)
  })

  it('begins by itself after so many packets, so many bytes and so long', () => {
    for (const config of [{ rekeyMs: 2_000 }, { rekeyPackets: 5 }, { rekeyBytes: 300 }]) {
      const here = associated('they', config)
      for (let n = 0; n < 6; n++) expect(talk(here)).toBe(true)
      run(here, 2_100)
      expect(here.foreign.rekeys).toBeGreaterThanOrEqual(1)
      expect(talk(here)).toBe(true)
    }
  })

  it('never seals under the new keys before it is acknowledged, and never twice with one number', () => {
    const here = associated('they')
    const { a, foreign, cast } = here
    here.passes = ({ to }) => to !== foreign.there
    a.engine.rekey(cast.wire.now, foreign.identity.hit)
    run(here, 1_000)
    here.passes = () => true
    for (let n = 0; n < 5; n++) expect(talk(here)).toBe(true)
    expect(foreign.rekeys).toBe(0)
    foreign.repeat()
    run(here, 3_000)
    expect(foreign.rekeys).toBe(1)
    expect(talk(here)).toBe(true)
    expect(cast.spy.reused).toEqual([])
  })

  it('of another group, or with an index beside a value, is dropped', () => {
    const here = associated('they')
    const { a, foreign } = here
    foreign.startRekey(true)
    const [flying] = foreign.sent.splice(0)
    if (flying === undefined) throw new Error('no UPDATE')
    const changed = flying.bytes.slice()
    // The last bit of its KEYMAT index: ESP_INFO is the first parameter.
    changed[4 + 40 + 7] = 1
    here.cast.wire.inject({ ...flying, bytes: changed })
    run(here, 50)
    expect(a.engine.counters['mac-forged']).toBe(1)
    expect(rekeyed(a)).toBe(0)
  })
})

describe('whatever is lost, doubled or late', () => {
  it.each(Array.from({ length: 30 }, (_, seed) => seed))('both ends agree in the end (seed %i)', (seed) => {
    const random = new Prng(seed)
    const here = associated(random.chance(0.5) ? 'we' : 'they', { rekeyPackets: 20 }, random.chance(0.5) ? 31 : 51)
    const { foreign, cast } = here
    let { a } = here
    let epoch = 1
    const late: Flying[] = []
    here.passes = (flying) => {
      if (random.chance(0.1)) late.push(flying)
      return !random.chance(0.2)
    }
    for (let turn = 0; turn < 40; turn++) {
      if (random.chance(0.2)) a.engine.rekey(cast.wire.now, foreign.identity.hit)
      if (random.chance(0.2) && foreign.rekey === undefined) foreign.startRekey(random.chance(0.5))
      foreign.bringsDh = random.chance(0.5)
      if (random.chance(0.05)) {
        const state = freeze(cast, a)
        a = thaw(cast, cast.alice, state, ++epoch, place(20 + epoch), { espSuites: ESP_SUITES })
      }
      talk(here, a)
      if (random.chance(0.5)) foreign.repeat()
      for (const flying of late.splice(0)) {
        if (flying.to.address === foreign.at.address) foreign.receive(flying.bytes, flying.from)
        else cast.wire.inject(flying)
      }
    }
    here.passes = () => true
    let agreed = false
    for (let turn = 0; turn < 60 && !agreed; turn++) {
      run(here, 1_000)
      foreign.repeat()
      agreed = talk(here, a) && foreign.rekey === undefined
    }
    expect(agreed).toBe(true)
    expect(foreign.rekeys).toBeGreaterThanOrEqual(1)
    expect(cast.spy.reused).toEqual([])
    expect(endedAt(a)).toEqual([])
  })
})

describe('an RFC 8046 readdress', () => {
  it.each([
    [1, false],
    [2, false],
    [1, true],
    [2, true],
  ] as const)('of theirs, by a locator of type %i, rekeying: %s, is checked and followed', (type, rekey) => {
    const here = associated('they')
    const { a, foreign } = here
    foreign.readdress(place(19), type, rekey)
    run(here, 100)
    expect(a.engine.association(foreign.identity.hit)).toMatchObject({ locator: place(19), state: 'established' })
    expect(foreign.rekeys).toBe(rekey ? 1 : 0)
    expect(talk(here)).toBe(true)
  })

  it('of ours is checked by them and followed', () => {
    const here = associated('they')
    const { a, foreign, cast } = here
    const outside = place(20)
    cast.wire.bend = (flying) => {
      if (flying.to.address === outside.address) return [{ ...flying, to: a.at }]
      if (flying.to.address !== foreign.at.address) return [flying]
      foreign.receive(flying.bytes, outside)
      return []
    }
    a.engine.readdress(cast.wire.now, [outside])
    for (let turn = 0; turn < 20; turn++) {
      cast.wire.run(5)
      for (const flying of foreign.sent.splice(0)) cast.wire.inject({ ...flying, to: a.at })
    }
    expect(foreign.there).toEqual(outside)
  })
})

describe('two RFC 8046 readdresses of ours, one soon after the other', () => {
  /** The second arrives, then the first, from where we are no more; whatever comes to where we are is heard. */
  function overtaken(begin: 'we' | 'they') {
    const here = associated(begin)
    const { a, foreign, cast } = here
    const places = [place(20), place(21)] as const
    let source: (typeof places)[number] = places[0]
    const held: Flying[] = []
    cast.wire.bend = (flying) => {
      if (flying.to.address !== foreign.at.address) return [flying]
      if (source === places[0]) held.push(flying)
      else foreign.receive(flying.bytes, source)
      return []
    }
    a.engine.readdress(cast.wire.now, [places[0]])
    cast.wire.run(1)
    source = places[1]
    a.engine.readdress(cast.wire.now, [places[1]])
    cast.wire.run(5)
    for (const { bytes } of held) foreign.receive(bytes, places[0])
    for (let turn = 0; turn < 60; turn++) {
      for (const flying of foreign.sent.splice(0))
        if (flying.to.address === source.address) cast.wire.inject({ ...flying, to: a.at })
      cast.wire.run(5)
    }
    return { ...here, held, source }
  }

  it.each(['we', 'they'] as const)('end where we are, though the first arrives last (%s began)', (begin) => {
    const { foreign, cast, held, source, a } = overtaken(begin)
    expect(held.length).toBe(1)
    expect(foreign.there).toEqual(source)
    // It was said once more, and not again and again.
    const updates = cast.wire.sent.filter(({ from, bytes }) => from === a.at && labelOf(bytes) === 'READDRESS')
    expect(updates.length).toBe(3)
  })
})

describe('a move of ours', () => {
  it('takes it along by a rekey with our new locator, without data before its answer', () => {
    const here = associated('they')
    const { a, foreign, cast } = here
    expect(talk(here)).toBe(true)
    foreign.startRekey(true)
    run(here, 50)
    const state = freeze(cast, a)
    expect(state.associations[0]?.plain).toBeDefined()
    const moved = thaw(cast, cast.alice, state, 2, place(3), { espSuites: ESP_SUITES })
    moved.engine.send(cast.wire.now, foreign.identity.hit, 7, 7, new TextEncoder().encode('first'))
    expect(cast.wire.sent.filter(({ from, bytes }) => from === moved.at && bytes[0] !== 0)).toEqual([])
    run(here, 200)
    expect(moved.told).toContain('resumed')
    expect(foreign.there).toEqual(moved.at)
    expect(foreign.heard).toContain('first')
    expect(talk(here, moved)).toBe(true)
    expect(cast.spy.reused).toEqual([])
  })

  it('finds it though the first UPDATEs are lost, and takes nothing old for new', () => {
    const here = associated('we')
    const { foreign, cast, a } = here
    foreign.readdress(foreign.at, 2)
    const old = foreign.sent.at(-1)
    run(here, 100)
    const moved = thaw(cast, cast.alice, freeze(cast, a), 2, place(3), { espSuites: ESP_SUITES })
    here.passes = () => false
    run(here, 1_200)
    here.passes = () => true
    run(here, 5_000)
    expect(moved.told).toContain('resumed')
    expect(talk(here, moved)).toBe(true)
    if (old === undefined) throw new Error('no UPDATE')
    const before = moved.engine.counters.readdressed ?? 0
    cast.wire.inject({ ...old, to: moved.at })
    run(here, 100)
    expect(moved.engine.counters.readdressed ?? 0).toBe(before)
  })
})
