import { describe, expect, it } from 'vitest'
import { actor, enter, freeze, labelOf, place, say, sentBy, stage, thaw } from '../support/stage.ts'

describe('the P1s of a thaw', () => {
  it('go to the most recently active peers first', () => {
    const cast = stage()
    const peers = [cast.b, ...[20, 21, 22].map((seed) => enter(cast, actor(seed), 1, place(seed + 20)))]
    for (const peer of peers) cast.a.engine.associate(cast.wire.now, { hit: peer.engine.hit, locators: [peer.at] })
    cast.wire.run(500)
    const order = [2, 0, 3, 1].flatMap((index) => peers[index] ?? [])
    for (const peer of [...order].reverse()) {
      say(cast, peer, cast.a, 'hello')
      cast.wire.run(100)
    }
    const a2 = thaw(cast, cast.alice, freeze(cast, cast.a), 2, place(3))
    cast.wire.drain()
    const offers = sentBy(cast, a2).filter(({ bytes }) => labelOf(bytes) === 'P1')
    expect(offers.map(({ to }) => to.address)).toEqual(order.map(({ at }) => at.address))
  })
})
