// ESP packets with a wrong ICV (RFC 9001 §6.6, for HIP's security associations): an SA stands so many of them. At half of them it is
// replaced, beyond them it is deaf, and the association lives on in both cases.

import { describe, expect, it } from 'vitest'
import { type AeadProvider, nodeAead } from '../../src/crypto/aead.ts'
import { type Cast, converse, type Flying, say, stage, stateAt, those } from '../support/stage.ts'

/** Opens like any other and counts how often it was asked to. */
class Counting implements AeadProvider {
  opened = 0
  readonly sealer = nodeAead.sealer

  opener(...[suite, keys]: Parameters<AeadProvider['opener']>): ReturnType<AeadProvider['opener']> {
    const real = nodeAead.opener(suite, keys)
    return {
      open: (packet, sequence) => {
        this.opened += 1
        return real.open(packet, sequence)
      },
    }
  }
}

/** A packet of a that b has had, with another number and so a wrong ICV. */
function forgery(cast: Cast): Flying {
  say(cast, cast.a, cast.b, 'one')
  cast.wire.run(20)
  const packet = those(cast, 'ESP', cast.a).at(-1)
  if (packet === undefined) throw new Error('no ESP')
  const bytes = packet.bytes.slice()
  bytes[7] = 9
  return { ...packet, bytes }
}

function forge(cast: Cast, packet: Flying, count: number): void {
  for (let n = 0; n < count; n++) cast.wire.inject(packet)
}

function rekeyed(cast: Cast): number {
  return cast.b.told.filter((type) => type === 'rekeyed').length
}

describe('an SA to which packets are forged', () => {
  it('is rekeyed at half of what it stands, and once', () => {
    const cast = stage({ config: { forgedPacketsMax: 8 } })
    const packet = forgery(cast)
    forge(cast, packet, 3)
    cast.wire.run(500)
    expect(rekeyed(cast)).toBe(0)
    forge(cast, packet, 1)
    cast.wire.run(500)
    expect(rekeyed(cast)).toBe(1)
    forge(cast, packet, 8)
    cast.wire.run(30_000)
    expect(rekeyed(cast)).toBe(1)
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })

  it('opens nothing more after the last of them, at the cost of no cryptography', () => {
    const aead = new Counting()
    const cast = stage({ config: { forgedPacketsMax: 8 }, aead })
    const packet = forgery(cast)
    cast.filters.lose('U1')
    forge(cast, packet, 8)
    const { opened } = aead
    forge(cast, packet, 1_000)
    say(cast, cast.a, cast.b, 'not heard')
    cast.wire.run(20)
    expect(aead.opened).toBe(opened)
    expect(cast.b.engine.counters['esp-forgery-limit']).toBe(1_001)
    expect(cast.b.datagrams()).not.toContain('not heard')
  })

  it('is replaced as soon as its peer can be asked again, and the association has lived through it', () => {
    const cast = stage({ config: { forgedPacketsMax: 8 } })
    const packet = forgery(cast)
    cast.filters.lose('U1', 3)
    forge(cast, packet, 20)
    cast.wire.run(10_000)
    expect(rekeyed(cast)).toBe(1)
    expect([stateAt(cast.a, cast.b), stateAt(cast.b, cast.a)]).toEqual(['established', 'established'])
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })

  it('has a budget of its own, with which the next one begins anew', () => {
    const cast = stage({ config: { forgedPacketsMax: 8 } })
    for (let round = 1; round <= 3; round++) {
      forge(cast, forgery(cast), 4)
      cast.wire.run(1_000)
      expect(rekeyed(cast)).toBe(round)
    }
    expect(converse(cast, cast.a, cast.b)).toBe(true)
    expect(cast.b.engine.counters['esp-forgery-limit']).toBeUndefined()
  })
})
