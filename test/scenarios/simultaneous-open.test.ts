// Both ends begin at once (RFC 7401 §4.4.3, §4.4.4): whoever's HIT is smaller stays the Initiator, and one association comes of it.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { actor, End, engineOf, place, send, Wire } from '../support/pair.ts'

it('two ends that begin at once have one association, whatever is late and whichever of the first packets are lost', () => {
  const gap = fc.integer({ min: 0, max: 60 })
  const lost = fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { maxLength: 2 })
  fc.assert(
    fc.property(gap, lost, (gapMs, losses) => {
      const wire = new Wire()
      const [alice, bob] = [actor(11), actor(12)]
      const [a, b] = [alice, bob].map((who, index) =>
        wire.add(new End(engineOf(who, 1, place(index + 1), 0), place(index + 1))),
      )
      if (a === undefined || b === undefined) throw new Error('two ends')
      for (const end of [a, b]) end.engine.bind(7)
      let sent = 0
      wire.bend = (flying) => (losses.includes(sent++) ? [] : [flying])
      a.engine.associate(wire.now, { hit: b.engine.hit, locators: [b.at] })
      wire.run(gapMs)
      b.engine.associate(wire.now, { hit: a.engine.hit, locators: [a.at] })
      wire.run(5_000)
      expect([a, b].map((end) => end.told.filter((type) => type === 'associated').length)).toEqual([1, 1])
      expect([a, b].map((end) => [...end.engine.associations()].length)).toEqual([1, 1])
      wire.bend = (flying) => [flying]
      send(wire, a, b, 'to b')
      send(wire, b, a, 'to a')
      wire.run(500)
      expect([a.datagrams(), b.datagrams()]).toEqual([['to a'], ['to b']])
    }),
    { numRuns: 60 },
  )
})
