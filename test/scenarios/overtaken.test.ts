// Packets that are overtaken by an exchange which makes them void: an I2 by the exchange of the other end (RFC 7401 §4.4.4), a
// readdress by a rekey (RFC 8046 §3.2, RFC 7402 §6.9). test/exhaustive looks at every schedule of these.

import { describe, expect, it } from 'vitest'
import { converse, endedAt, place, stage, stateAt, those } from '../support/stage.ts'

/** Both ends have opened, the lesser HIT's exchange has come to its end, and the I2 of the greater one is still on its way. */
function bothOpened() {
  const cast = stage({ associate: false })
  const { wire, filters } = cast
  const [lesser, greater] = cast.a.engine.hit < cast.b.engine.hit ? [cast.a, cast.b] : [cast.b, cast.a]
  const late = filters.hold('I2', 1, greater)
  greater.engine.associate(wire.now, { hit: lesser.engine.hit, locators: [lesser.at] })
  wire.run(15)
  lesser.engine.associate(wire.now, { hit: greater.engine.hit, locators: [greater.at] })
  wire.run(45)
  return { cast, lesser, greater, late }
}

describe('when both ends open at once', () => {
  it('an I2 that the other exchange has overtaken replaces nothing', () => {
    const { cast, lesser, greater, late } = bothOpened()
    const { filters } = cast
    expect([stateAt(lesser, greater), stateAt(greater, lesser)]).toEqual(['established', 'established'])
    expect(late.held.length).toBe(1)
    filters.release(late)
    expect(lesser.engine.counters['i2-puzzle']).toBe(1)
    expect([...endedAt(lesser), ...endedAt(greater)]).toEqual([])
    expect(converse(cast, lesser, greater)).toBe(true)
    expect([lesser.told, greater.told].map((told) => told.filter((type) => type === 'associated').length)).toEqual([
      1, 1,
    ])
  })

  it('an I2 that the other exchange has overtaken does not take the place of what is opened after a close', () => {
    const { cast, lesser, greater, late } = bothOpened()
    const { wire, filters } = cast
    filters.lose('CLOSE', 1, lesser)
    lesser.engine.close(wire.now, greater.engine.hit)
    lesser.engine.associate(wire.now, { hit: greater.engine.hit, locators: [greater.at] })
    filters.release(late)
    expect(lesser.engine.counters['i2-puzzle']).toBe(1)
    wire.run(200)
    expect(converse(cast, lesser, greater)).toBe(true)
  })

  it('a peer that has forgotten the association still gets another one', () => {
    const cast = stage()
    const { wire, a, b } = cast
    const lost = cast.filters.lose('CLOSE')
    a.engine.close(wire.now, b.engine.hit)
    wire.run(10_000)
    lost.stop()
    expect([stateAt(a, b), stateAt(b, a)]).toEqual([undefined, 'established'])
    a.engine.associate(wire.now, { hit: b.engine.hit, locators: [b.at] })
    wire.run(100)
    expect(endedAt(b).map(({ reason }) => reason)).toEqual(['replaced'])
    expect(converse(cast, a, b)).toBe(true)
  })
})

describe('a readdress', () => {
  it('that a rekey of the peer overtakes is sent again under the new keys', () => {
    const cast = stage()
    const { wire, a, b, filters } = cast
    filters.lose('READDRESS', 1, a)
    a.engine.readdress(wire.now, [place(1), place(9)])
    expect(b.engine.rekey(wire.now, a.engine.hit)).toBe(true)
    wire.run(30_000)
    expect([a, b].map(({ told }) => told.filter((type) => type === 'rekeyed').length)).toEqual([1, 1])
    expect(b.engine.counters.readdressed).toBe(1)
    expect(b.engine.counters['resumption-unknown']).toBeUndefined()
    expect(those(cast, 'READDRESS', a).length).toBe(2)
    expect(a.told).not.toContain('parked')
    expect(converse(cast, a, b)).toBe(true)
  })
})
