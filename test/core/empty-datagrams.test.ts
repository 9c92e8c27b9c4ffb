// Datagrams without a byte in them cost what any other costs that leads nowhere: a look, and a count.

import { expect, it } from 'vitest'
import { type End, pair, send } from '../support/pair.ts'

const NOTHING = new Uint8Array(0)
const FLOOD = 200_000

it('a flood of empty datagrams is counted, answered by nothing, and holds nobody up', () => {
  const { wire, a, b } = pair()
  const sent = wire.sent.length
  for (let n = 0; n < FLOOD; n++) {
    b.engine.receive(wire.now, NOTHING, { address: `198.51.100.${n % 250}`, port: 1 + (n % 60_000) })
    // An honest peer in the middle of it.
    if (n === FLOOD / 2) send(wire, a, b, 'hello')
  }
  wire.run(100)
  expect(b.engine.counters).toMatchObject({ runt: FLOOD })
  expect(b.datagrams()).toEqual(['hello'])
  expect([...b.engine.associations()].map(({ peer }) => peer)).toEqual([a.engine.hit])
  expect(wire.sent.slice(sent).every(({ to }) => [a, b].some((end: End) => end.at.address === to.address))).toBe(true)
})
