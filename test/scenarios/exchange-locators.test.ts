// RFC 8047 §4.2.8: locators that are named in R1, I2 and R2. What an R1 prefers gets the I2, once; everything else is a candidate that
// is verified when there is an association to verify it in, as if an UPDATE had named it.

import { describe, expect, it } from 'vitest'
import { addressBytes, type Locator, sameLocator } from '../../src/base/address.ts'
import type { Path } from '../../src/core/engine.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { encodeLocatorSet } from '../../src/wire/mobility.ts'
import type { ParameterValue } from '../../src/wire/packet.ts'
import { seeded } from '../support/actors.ts'
import { ForeignPeer } from '../support/foreign-peer.ts'
import { B1, B2, bare, meet, pathAt } from '../support/homes.ts'
import {
  actor,
  type Cast,
  converse,
  type End,
  enter,
  hip,
  labelOf,
  place,
  sentBy,
  stage,
  those,
} from '../support/stage.ts'

/** Type 0, as an R1 has to have it, or 2, with a port. */
function named(...entries: readonly { at: Locator; type?: 0 | 2; preferred?: boolean }[]): readonly ParameterValue[] {
  const locators = entries.map(({ at, type = 0, preferred = false }) => {
    const address = addressBytes(at.address)
    if (address === undefined) throw new Error(at.address)
    const common = { trafficType: 0, locatorType: type, preferred, lifetimeSeconds: 60, address } as const
    return type === 0 ? common : { ...common, port: at.port, protocol: 17, kind: 0, priority: 1, spi: 256 }
  })
  return [encodeLocatorSet(locators)]
}

interface Abroad {
  readonly cast: Cast
  readonly a: End
  readonly foreign: ForeignPeer
}

/** A stranger at .9, who hears at `alive`, and whose exchange packets have `locators`. */
function abroad(locators: readonly ParameterValue[], alive: readonly Locator[] = [place(9)]): Abroad {
  const identities = [31, 32].map((n) => Identity.generate(seeded(n), 'ecdsa-p256')) as [Identity, Identity]
  const cast = stage({ associate: false, identities, espSuites: [8] })
  const foreign = new ForeignPeer(Identity.generate(seeded(33), 'ecdsa-p256'), place(9))
  foreign.named = locators
  cast.wire.bend = (flying) => {
    if (!alive.some((at) => sameLocator(at, flying.to))) return [flying]
    foreign.at = flying.to
    foreign.receive(flying.bytes, flying.from)
    return []
  }
  return { cast, a: cast.a, foreign }
}

function run({ cast, foreign }: Abroad, ms: number): void {
  for (let at = 0; at < ms; at += 5) {
    cast.wire.run(5)
    for (const flying of foreign.sent.splice(0)) cast.wire.inject(flying)
  }
}

function callOut(here: Abroad, ms = 200): Locator[] {
  here.a.engine.associate(here.cast.wire.now, { hit: here.foreign.identity.hit, locators: [place(9)] })
  run(here, ms)
  return those(here.cast, 'I2', here.a).map(({ to }) => bare(to))
}

/** What a host asks at places that nothing has come from is paid for by what has come from elsewhere. */
function earn(here: Abroad): void {
  for (let n = 0; n < 20; n++) {
    here.foreign.say('more credit')
    run(here, 100)
  }
}

function wayOf({ a, foreign }: Abroad): Path {
  const path = a.engine.association(foreign.identity.hit)?.path
  if (path === undefined) throw new Error('there is no association')
  return path
}

describe('an R1 with locators', () => {
  it('has the I2 go to the one it prefers, where the association is then', () => {
    const here = abroad(named({ at: place(8), preferred: true }, { at: place(7) }), [place(9), place(8)])
    expect(callOut(here)).toEqual([place(8)])
    expect(here.a.told).toContain('associated')
    const path = wayOf(here)
    expect(path).toMatchObject({ remote: place(8), state: 'active', why: 'exchange' })
  })

  it('leaves the I2 where the R1 came from if it prefers none, and what it names is verified later', () => {
    const here = abroad(named({ at: place(8) }), [place(9), place(8)])
    expect(callOut(here)).toEqual([place(9)])
    const paths = (): unknown => wayOf(here).alternatives.map(({ remote, state }) => [remote, state])
    expect(paths()).toEqual([[place(8), 'unverified']])
    earn(here)
    // An R2 is too short to pay for it: it is asked in the next turn.
    run(here, 15_000)
    expect(paths()).toMatchObject([[place(8), 'active']])
  })

  it('has one I2 go where nobody answers; the next goes to where the R1 came from, and that is the way', () => {
    const here = abroad(named({ at: place(99), type: 2, preferred: true }))
    expect(callOut(here, 3_000)).toEqual([place(99), place(9)])
    const path = wayOf(here)
    expect(path).toMatchObject({ remote: place(9), state: 'active' })
    // Whoever it is there pays for nothing that it is asked.
    expect(sentBy(here.cast, here.a).filter(({ to }) => sameLocator(to, place(99))).length).toBeLessThanOrEqual(1 + 4)
  })

  it('sends no second I2 elsewhere in one exchange, however often it is signed anew', () => {
    const here = abroad(named({ at: place(99), preferred: true }))
    here.a.engine.associate(0, { hit: here.foreign.identity.hit, locators: [place(9)] })
    // It never answers an I2, and prefers another place in each R1.
    const hears = here.cast.wire.bend
    here.cast.wire.bend = (flying) => (labelOf(flying.bytes) === 'I2' ? [] : hears(flying))
    for (let round = 0; round < 8; round++) {
      here.foreign.named = named({ at: place(90 + round), preferred: true })
      run(here, 500)
    }
    expect(those(here.cast, 'I2', here.a).length).toBeGreaterThan(3)
    const elsewhere = those(here.cast, 'I2', here.a).filter(({ to }) => !sameLocator(to, place(9)))
    expect(elsewhere.length).toBe(1)
  })

  it('sends nothing to this machine from outside, to a group, or to where no packet of ours can go', () => {
    for (const at of [
      { address: '127.0.0.1', port: 53 },
      { address: '224.0.0.1', port: 53 },
    ]) {
      expect(callOut(abroad(named({ at, type: 2, preferred: true })))).toEqual([place(9)])
    }
  })
})

describe('an I2 with locators', () => {
  it('gets its R2 where it came from, and what it names is verified before data goes there', () => {
    const here = abroad(named({ at: place(9), type: 2 }, { at: place(8), type: 2, preferred: true }), [
      place(9),
      place(8),
    ])
    here.foreign.associate(here.a.engine.hit, here.a.at)
    run(here, 20)
    expect(those(here.cast, 'R2', here.a).map(({ to }) => bare(to))).toEqual([place(9)])
    const path = (): Path => wayOf(here)
    expect(path()).toMatchObject({ remote: place(9), alternatives: [{ remote: place(8), state: 'unverified' }] })
    earn(here)
    expect(path()).toMatchObject({ remote: place(8), why: 'preferred' })
  })

  it('is asked four times in all at a place that is not its own', () => {
    const here = abroad(named({ at: place(9), type: 2 }, { at: place(99), type: 2, preferred: true }))
    here.foreign.associate(here.a.engine.hit, here.a.at)
    run(here, 200)
    for (let n = 0; n < 60; n++) {
      here.foreign.say('more credit')
      run(here, 500)
    }
    expect(sentBy(here.cast, here.a).filter(({ to }) => sameLocator(to, place(99))).length).toBeLessThanOrEqual(4)
  })
})

describe('ends with several locators', () => {
  it('name them in I2 and R2, at most eight, and need no UPDATE for it', () => {
    const many = Array.from({ length: 10 }, (_, n) => ({ ...place(20 + n), apart: true }))
    const cast = meet(many, [B1, B2])
    const named = (['I2', 'R2'] as const).map((kind) => {
      const message = hip(those(cast, kind)[0]?.bytes ?? new Uint8Array(0))
      return message !== undefined && 'locators' in message ? message.locators?.length : undefined
    })
    expect(named).toEqual([8, 2])
    expect(those(cast, 'READDRESS')).toEqual([])
    expect(pathAt(cast.a, cast.b).alternatives.map(({ remote }) => remote)).toContainEqual(bare(B2))
  })

  it('whose locators change while the exchange is under way tell the peer so', () => {
    const cast = stage({ associate: false })
    const [one, other] = [41, 141].map((last) => ({ ...place(last), apart: true }))
    if (one === undefined || other === undefined) throw new Error('two')
    const late = enter(cast, actor(14), 1, place(41), { locators: [one, other] })
    late.engine.associate(0, { hit: cast.b.engine.hit, locators: [cast.b.at] })
    cast.wire.run(25)
    expect(those(cast, 'I2').length).toBe(1)
    late.engine.readdress(cast.wire.now, [one])
    cast.wire.run(300)
    expect(those(cast, 'READDRESS').length).toBe(1)
    // It is not asked for where it is not any more.
    converse(cast, late, cast.b, 20_000)
    expect(sentBy(cast, cast.b).filter(({ at, to }) => at > 60 && sameLocator(to, other))).toEqual([])
  })
})
