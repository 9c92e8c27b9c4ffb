// MOVING §2, §5: one start and many peers: who is told first, what one P1 lists, one DH value each; and other suites and keys.

import { describe, expect, it } from 'vitest'
import { spiOf } from '../../src/wire/esp.ts'
import {
  actor,
  type Cast,
  converse,
  type End,
  enter,
  freeze,
  move,
  place,
  say,
  stage,
  stateAt,
  thaw,
  those,
  updateOf,
} from '../support/stage.ts'

/** `count` more peers of a. */
function withPeers(cast: Cast, count: number): End[] {
  const peers = Array.from({ length: count }, (_, n) => enter(cast, actor(20 + n), 1, place(40 + n)))
  for (const peer of peers) cast.a.engine.associate(cast.wire.now, { hit: peer.engine.hit, locators: [peer.at] })
  cast.wire.run(500)
  return peers
}

describe('a start with many peers', () => {
  it('rebinds every one of them by itself', () => {
    const cast = stage()
    const peers = [cast.b, ...withPeers(cast, 9)]
    const a2 = move(cast, cast.alice, cast.a, 2, place(3))
    for (const peer of peers) {
      expect([stateAt(a2, peer), stateAt(peer, a2)]).toEqual(['established', 'established'])
      expect(converse(cast, a2, peer, 40)).toBe(true)
    }
    expect(cast.spy.reused).toEqual([])
  })

  it('has another Diffie–Hellman value for each of them, and for each move', () => {
    const cast = stage()
    withPeers(cast, 4)
    const a2 = move(cast, cast.alice, cast.a, 2, place(3))
    move(cast, cast.alice, a2, 3, place(4))
    const values = those(cast, 'P1').map((p1) => Buffer.from(updateOf(p1).dh?.publicValue ?? []).toString('hex'))
    expect(values.length).toBe(10)
    expect(new Set(values).size).toBe(10)
  })

  it('has another incarnation and another interim SA each time, and no SPI twice', () => {
    const cast = stage()
    withPeers(cast, 4)
    let end = cast.a
    for (let epoch = 2; epoch < 6; epoch++) end = move(cast, cast.alice, end, epoch, place(3 + epoch))
    const offers = those(cast, 'P1').map(updateOf)
    expect(new Set(offers.map(({ epoch }) => Buffer.from(epoch?.sender.incarnation ?? []).toString('hex'))).size).toBe(
      4,
    )
    const spis = offers.flatMap(({ espInfo, reserveSpi }) => [espInfo?.newSpi, reserveSpi])
    expect(new Set(spis).size).toBe(2 * offers.length)
  })

  it('that loses one of them keeps the others', () => {
    const cast = stage()
    const [lost, ...kept] = withPeers(cast, 3)
    if (lost === undefined) throw new Error('no peer')
    cast.wire.remove(lost)
    const a2 = move(cast, cast.alice, cast.a, 2, place(3))
    cast.wire.run(60_000)
    expect(stateAt(a2, lost)).toBe('parked')
    for (const peer of [cast.b, ...kept]) expect(converse(cast, a2, peer)).toBe(true)
  })
})

describe('P1', () => {
  it('lists two locators at most, and stays within 1,204 bytes', () => {
    const cast = stage()
    const locators = [3, 31, 32, 33, 34].map((last) => place(last))
    thaw(cast, cast.alice, freeze(cast, cast.a), 2, place(3), { locators })
    cast.wire.run(100)
    const [p1] = those(cast, 'P1')
    expect(updateOf(p1).locators?.length).toBe(2)
    expect(p1?.bytes.length).toBe(1_204)
  })
})

describe('ESP suite 8', () => {
  it('moves like any other, with ten thousand bytes under way', () => {
    const cast = stage({ espSuites: [8] })
    let [a, b] = [cast.a, cast.b]
    for (let epoch = 2; epoch < 5; epoch++) {
      for (let n = 0; n < 10; n++) say(cast, a, b, 'x'.repeat(1_000))
      a = move(cast, cast.alice, a, epoch, place(10 + epoch))
      b = move(cast, cast.bob, b, epoch, place(20 + epoch))
      expect(converse(cast, a, b)).toBe(true)
    }
    expect(cast.spy.reused).toEqual([])
    const spi = spiOf(those(cast, 'ESP', a)[0]?.bytes ?? new Uint8Array(8))
    expect(cast.spy.keysOf(spi)[0]?.suite).toBe(8)
  })
})
