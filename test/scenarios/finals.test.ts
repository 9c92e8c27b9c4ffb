// MOVING §3, §5: FINALS bound every SA by its own number, windows travel, the interim SA closes, and a former host that has the
// keys of its time opens nothing with them afterwards.

import { describe, expect, it } from 'vitest'
import type { KeyLogEntry } from '../../src/core/association/context.ts'
import { Engine } from '../../src/core/engine.ts'
import { encodeState } from '../../src/core/moving/frozen-codec.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { interimKeys, resumptionOf } from '../../src/crypto/keymat.ts'
import { spiOf } from '../../src/wire/esp.ts'
import {
  associationIn,
  type Cast,
  converse,
  End,
  freeze,
  messagesOf,
  move,
  place,
  say,
  sealed,
  stage,
  thaw,
  those,
  updateOf,
} from '../support/stage.ts'

/** The SPI and keys that packets of the last SA from `from` were sealed with. */
function lastSa(cast: Cast, from: End) {
  const packet = those(cast, 'ESP', from).at(-1)
  const spi = packet === undefined ? 0 : spiOf(packet.bytes)
  const keys = cast.spy.keysOf(spi)[0]
  if (keys === undefined) throw new Error('nothing was sealed')
  return { spi, keys }
}

describe('a packet sealed before FREEZE', () => {
  it('that was under way is delivered after the move', () => {
    const cast = stage()
    say(cast, cast.a, cast.b, 'first')
    cast.wire.run(50)
    const held = cast.filters.hold('ESP')
    say(cast, cast.a, cast.b, 'under way')
    const state = freeze(cast, cast.a)
    held.stop()
    thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(15)
    cast.filters.release(held)
    expect(cast.b.datagrams()).toEqual(['first', 'under way'])
  })

  it('that was delivered before is not delivered again after the peer has moved: the window travels', () => {
    const cast = stage()
    for (let n = 0; n < 5; n++) say(cast, cast.a, cast.b, `${n}`)
    cast.wire.run(50)
    const recorded = those(cast, 'ESP', cast.a)
    const b2 = thaw(cast, cast.bob, freeze(cast, cast.b), 2, place(4))
    for (const flying of recorded) cast.wire.inject({ ...flying, to: b2.at })
    cast.wire.run(5)
    for (const flying of recorded) cast.wire.inject({ ...flying, to: b2.at })
    expect(b2.datagrams()).toEqual([])
    expect(b2.engine.counters['esp-replayed']).toBe(10)
  })

  it('and forwarded to the new host opens there', () => {
    const cast = stage()
    say(cast, cast.a, cast.b, 'before')
    cast.wire.run(50)
    const held = cast.filters.hold('ESP')
    say(cast, cast.a, cast.b, 'too late for the old host')
    const b2 = thaw(cast, cast.bob, freeze(cast, cast.b), 2, place(4))
    held.stop()
    cast.filters.release(held, { to: b2.at })
    expect(b2.datagrams()).toEqual(['too late for the old host'])
  })

  it('on an SA that was closed three PTO after the answer leads nowhere', () => {
    const cast = stage()
    say(cast, cast.a, cast.b, 'first')
    cast.wire.run(50)
    const held = cast.filters.hold('ESP')
    say(cast, cast.a, cast.b, 'very late')
    const a2 = thaw(cast, cast.alice, freeze(cast, cast.a), 2, place(3))
    held.stop()
    cast.wire.run(4_000)
    cast.filters.release(held)
    expect(cast.b.datagrams()).toEqual(['first'])
    expect(converse(cast, a2, cast.b)).toBe(true)
  })
})

describe('FINALS', () => {
  it('name every outbound SA that the peer may hold, each with its own last number', () => {
    const cast = stage()
    for (let n = 0; n < 3; n++) say(cast, cast.a, cast.b, `${n}`)
    cast.wire.run(50)
    const first = lastSa(cast, cast.a).spi
    cast.a.engine.rekey(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(50)
    for (let n = 0; n < 7; n++) say(cast, cast.a, cast.b, `${n}`)
    cast.wire.run(5)
    const second = lastSa(cast, cast.a).spi
    const a2 = thaw(cast, cast.alice, freeze(cast, cast.a), 2, place(3))
    cast.wire.run(200)
    const { finals } = updateOf(those(cast, 'P1', a2)[0])
    expect(finals).toContainEqual({ spi: first, sequence: 3 })
    expect(finals).toContainEqual({ spi: second, sequence: 7 })
  })

  it('close each SA above its own number: a former host seals nothing on the old one up to the number of the new one', () => {
    const cast = stage()
    for (let n = 0; n < 3; n++) say(cast, cast.a, cast.b, `old ${n}`)
    cast.wire.run(50)
    const old = lastSa(cast, cast.a)
    cast.a.engine.rekey(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(50)
    for (let n = 0; n < 20; n++) say(cast, cast.a, cast.b, `new ${n}`)
    cast.wire.run(10)
    const state = freeze(cast, cast.a)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(15)
    expect(cast.b.told).toContain('rebound')
    for (const sequence of [4, 10, 20]) {
      const bytes = sealed(old.keys, old.spi, sequence, a2.engine.hit, cast.b.engine.hit, `stolen ${sequence}`)
      cast.wire.inject({ from: cast.a.at, to: cast.b.at, bytes })
    }
    expect(cast.b.datagrams().filter((text) => text.startsWith('stolen'))).toEqual([])
    expect(cast.b.engine.counters['esp-beyond-final']).toBe(3)
  })

  it('close the last SA above its number as soon as P1 is there', () => {
    const cast = stage()
    for (let n = 0; n < 3; n++) say(cast, cast.a, cast.b, `${n}`)
    cast.wire.run(50)
    const { spi, keys } = lastSa(cast, cast.a)
    const a2 = thaw(cast, cast.alice, freeze(cast, cast.a), 2, place(3))
    cast.wire.run(12)
    const bytes = sealed(keys, spi, 4, a2.engine.hit, cast.b.engine.hit, 'stolen')
    cast.wire.inject({ from: cast.a.at, to: cast.b.at, bytes })
    expect(cast.b.datagrams()).not.toContain('stolen')
  })

  it('of P2 bound what the peer had sealed, too', () => {
    const cast = stage()
    for (let n = 0; n < 3; n++) say(cast, cast.b, cast.a, `${n}`)
    cast.wire.run(50)
    const { spi, keys } = lastSa(cast, cast.b)
    const a2 = move(cast, cast.alice, cast.a, 2, place(3))
    expect(updateOf(those(cast, 'P2', cast.b)[0]).finals).toContainEqual({ spi, sequence: 3 })
    const bytes = sealed(keys, spi, 4, cast.b.engine.hit, a2.engine.hit, 'stolen')
    cast.wire.inject({ from: cast.b.at, to: a2.at, bytes })
    expect(a2.datagrams()).not.toContain('stolen')
  })

  it('never name an interim SA', () => {
    const cast = stage()
    const lost = cast.filters.lose(() => true)
    cast.wire.run(0)
    const a2 = thaw(cast, cast.alice, freeze(cast, cast.a), 2, place(3))
    say(cast, a2, cast.b, 'under the interim key')
    cast.wire.run(50)
    const interim = spiOf(those(cast, 'ESP', a2)[0]?.bytes ?? new Uint8Array(8))
    const state = freeze(cast, a2)
    lost.stop()
    const a3 = thaw(cast, cast.alice, state, 3, place(4))
    cast.wire.run(500)
    for (const { finals } of messagesOf(those(cast, 'P1', a3), 'UPDATE'))
      expect(finals?.map(({ spi }) => spi)).not.toContain(interim)
    expect(a3.told).toContain('resumed')
  })

  it('name an SPI once, although two of our starts have sealed to it: both had answered the same P1', () => {
    const cast = stage()
    const deaf = cast.filters.lose(({ to }) => to.address === place(4).address)
    const b2 = thaw(cast, cast.bob, freeze(cast, cast.b), 2, place(4))
    cast.wire.run(50)
    const { espInfo } = updateOf(those(cast, 'P1', b2)[0])
    for (let n = 0; n < 3; n++) say(cast, cast.a, b2, `first ${n}`)
    const a2 = thaw(cast, cast.alice, freeze(cast, cast.a), 2, cast.a.at)
    cast.wire.run(5_000)
    expect(a2.told).toContain('rebound')
    say(cast, a2, b2, 'second')
    const a3 = thaw(cast, cast.alice, freeze(cast, a2), 3, place(3))
    cast.wire.run(10)
    const { finals } = updateOf(those(cast, 'P1', a3)[0])
    expect(finals?.filter(({ spi }) => spi === espInfo?.newSpi).map(({ sequence }) => sequence)).toEqual([3])
    deaf.stop()
    cast.wire.run(10_000)
    expect(a3.told).toContain('resumed')
    expect(converse(cast, a3, b2)).toBe(true)
  })

  it('are fixed when P1 is first sent', () => {
    const cast = stage()
    const lost = cast.filters.lose('P2')
    const a2 = thaw(cast, cast.alice, freeze(cast, cast.a), 2, place(3))
    for (let n = 0; n < 8; n++) {
      say(cast, a2, cast.b, `${n}`)
      cast.wire.run(300)
    }
    const offers = messagesOf(those(cast, 'P1', a2), 'UPDATE')
    expect(offers.length).toBeGreaterThan(2)
    for (const { finals } of offers) expect(finals).toEqual(offers[0]?.finals)
    lost.stop()
  })
})

describe('the interim SA', () => {
  /** A move under which some words came, with what a former host can derive of its interim SA. */
  function interimOf(cast: Cast) {
    const state = freeze(cast, cast.a)
    const { secret, reserveOut, espSuite } = associationIn(state, cast.b.engine.hit)
    const [own, peer] = [cast.alice.start(2), cast.bob.start(1)]
    const [from, to] = [hitBytes(cast.a.engine.hit), hitBytes(cast.b.engine.hit)]
    const keys = interimKeys({ espSuite }, resumptionOf(secret), from, to, own, peer, reserveOut)
    const seal = (sequence: number) =>
      sealed(
        { suite: espSuite, keys },
        reserveOut,
        sequence,
        cast.a.engine.hit,
        cast.b.engine.hit,
        `stolen ${sequence}`,
      )
    return { state, seal }
  }

  it('can be read and forged by a former host before the ratchet: this is what THREATS says, no more', () => {
    const cast = stage()
    const { state, seal } = interimOf(cast)
    cast.filters.lose('P2')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(15)
    cast.wire.inject({ from: a2.at, to: cast.b.at, bytes: seal(1) })
    expect(cast.b.datagrams()).toEqual(['stolen 1'])
  })

  it('closes wholly at the first packet under the new keys, P3', () => {
    const cast = stage()
    const { state, seal } = interimOf(cast)
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(35)
    expect(those(cast, 'P3', a2).length).toBe(1)
    for (const sequence of [1, 2, 11, 5_000]) cast.wire.inject({ from: a2.at, to: cast.b.at, bytes: seal(sequence) })
    cast.wire.run(10)
    expect(cast.b.datagrams()).toEqual([])
  })

  it('closes wholly at the first packet under the new keys, ESP', () => {
    const cast = stage()
    const { state, seal } = interimOf(cast)
    cast.filters.lose('P3')
    const a2 = thaw(cast, cast.alice, state, 2, place(3))
    cast.wire.run(25)
    say(cast, a2, cast.b, 'new')
    cast.wire.run(12)
    expect(cast.b.datagrams()).toEqual(['new'])
    for (const sequence of [1, 2, 11]) cast.wire.inject({ from: a2.at, to: cast.b.at, bytes: seal(sequence) })
    expect(cast.b.datagrams()).toEqual(['new'])
  })

  it('has a key that its two starts alone share: the same state thawed twice repeats no key and number', () => {
    const cast = stage()
    const state = freeze(cast, cast.a)
    cast.filters.lose('P1')
    // A ledger that was tricked into one epoch twice would give two incarnations.
    const twin = cast.alice.start(2)
    const other = { ...twin, incarnation: twin.incarnation.map((byte) => byte ^ 1) }
    for (const [start, last] of [
      [twin, 3],
      [other, 4],
    ] as const) {
      const end = thaw(cast, cast.alice, state, start, place(last))
      for (let n = 0; n < 5; n++) say(cast, end, cast.b, `${n} from ${last}`)
      cast.wire.run(20)
    }
    expect(cast.spy.count).toBe(10)
    expect(cast.spy.reused).toEqual([])
  })
})

describe('a capsule', () => {
  it('holds no key that anything was sealed with, no Kij, no instance key and nothing of the R1s', () => {
    const cast = stage({ associate: false })
    const log: KeyLogEntry[] = []
    const start = cast.alice.start(1)
    const drawn: Uint8Array[] = []
    const entropy = (length: number): Uint8Array => {
      const bytes = cast.alice.entropy(length)
      if (length >= 16) drawn.push(bytes.slice())
      return bytes
    }
    const options = { identity: cast.alice.identity, start, entropy, locators: [place(21)], aead: cast.spy, now: 0 }
    const a = cast.wire.add(new End(new Engine({ ...options, keylog: (entry) => log.push(entry) }), place(21)))
    a.engine.bind(7)
    cast.b.engine.associate(0, { hit: a.engine.hit, locators: [a.at] })
    cast.wire.run(300)
    expect(converse(cast, a, cast.b)).toBe(true)
    const outbound = cast.spy.keysOf(spiOf(those(cast, 'ESP', a)[0]?.bytes ?? new Uint8Array(8)))
    const text = Buffer.from(encodeState(freeze(cast, a))).toString('hex')
    const holds = (bytes: Uint8Array) => text.includes(Buffer.from(bytes).toString('hex'))
    expect(outbound.length).toBe(1)
    expect(log.filter(({ kind }) => kind === 'KIJ').length).toBeGreaterThan(0)
    for (const { keys } of outbound) expect(holds(keys.encryption)).toBe(false)
    for (const entry of log) if (entry.kind === 'KIJ') expect(holds(entry.kij)).toBe(false)
    expect(holds(start.instance.secret())).toBe(false)
    // Whatever was drawn at random in this start — Diffie–Hellman secrets, puzzle secrets, nonces — stays behind.
    expect(drawn.length).toBeGreaterThan(2)
    for (const bytes of drawn) expect(holds(bytes)).toBe(false)
    expect(holds(cast.alice.identity.secret())).toBe(true)
  })
})
