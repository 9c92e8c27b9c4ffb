// MOVING §5, §6: a P2 that comes from elsewhere than P1 went. It is authentic, so the thawed end commits; but where the peer is
// has not been shown, and three times what came from there is all that may go there until it is.

import { describe, expect, it } from 'vitest'
import { converse, freeze, type Label, labelsBy, place, say, stage, thaw, those } from '../support/stage.ts'

describe('a peer whose P2 took another way', () => {
  it('is answered at its first word from where it is: what our P1 has cost is not charged to it', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    const elsewhere = place(77)
    cast.filters.lose('P2')
    cast.filters.change('P2', (flying) => ({ ...flying, from: elsewhere }), cast.b)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    for (let n = 0; n < 10; n++) say(cast, a2, cast.b, `${n}`)
    cast.wire.run(30)
    cast.filters.lose('P2')
    expect(a2.told).toContain('resumed')
    const fromPeer = (label: Label) => those(cast, label, cast.b, since).length
    const since = cast.wire.sent.length
    say(cast, cast.b, a2, 'here I am')
    for (let ms = 0; fromPeer('CHECK') === 0 && ms < 3_000; ms += 10) cast.wire.run(10)
    cast.wire.run(10)
    expect([fromPeer('ESP'), fromPeer('CHECK')]).toEqual([1, 1])
    expect(labelsBy(cast, a2, since)).toContain('ACK')
    cast.wire.run(5_000)
    expect(converse(cast, a2, cast.b)).toBe(true)
  })

  it('is asked at its first word, before data uses up what may go there', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.filters.lose('P2')
    const told = cast.filters.change('P2', (flying) => ({ ...flying, from: place(77) }), cast.b)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(30)
    told.stop()
    for (let n = 0; n < 30; n++) say(cast, a2, cast.b, `${n} ${'.'.repeat(100)}`)
    say(cast, cast.b, a2, 'the only word')
    cast.wire.run(300)
    expect(a2.datagrams()).toEqual(['the only word'])
    expect(cast.b.datagrams().length).toBe(30)
  })
})
