// What strangers can make us compute, counted where it is computed: in node:crypto and in KMAC (RFC 7401 §8, DESIGN §5). Every
// datagram here comes from somebody who has proved nothing, or as little as it takes to get so far.

import { beforeEach, describe, expect, it, vi } from 'vitest'
import { DEFAULTS } from '../../src/core/config.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import { decodePacket } from '../../src/wire/packet.ts'
import { Parameter } from '../../src/wire/registry.ts'
import { type Cast, type Flying, place, say, stage, stateAt, those } from '../support/stage.ts'

const { spent } = vi.hoisted(() => {
  /** How often each kind of work was done. */
  const spent = { hash: 0, mac: 0, cipher: 0, agree: 0, keys: 0, sign: 0, verify: 0 }
  return { spent }
})

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof import('node:crypto')>()
  function counting<F extends (...args: never[]) => unknown>(kind: keyof typeof spent, work: F): F {
    return new Proxy(work, {
      apply: (target, self, args) => {
        spent[kind] += 1
        return Reflect.apply(target, self, args)
      },
    })
  }
  return {
    ...real,
    createHash: counting('hash', real.createHash),
    hash: counting('hash', real.hash),
    createHmac: counting('mac', real.createHmac),
    createCipheriv: counting('cipher', real.createCipheriv),
    createDecipheriv: counting('cipher', real.createDecipheriv),
    createECDH: counting('keys', (...args: Parameters<typeof real.createECDH>) => {
      const pair = real.createECDH(...args)
      pair.computeSecret = counting('agree', pair.computeSecret.bind(pair))
      return pair
    }),
    sign: counting('sign', real.sign),
    verify: counting('verify', real.verify),
  }
})

vi.mock('../../src/crypto/kmac.ts', async (original) => {
  const { KmacKey } = await original<typeof import('../../src/crypto/kmac.ts')>()
  return {
    KmacKey: class extends KmacKey {
      override mac(parts: readonly Uint8Array[]): Uint8Array {
        spent.mac += 1
        return super.mac(parts)
      }
    },
  }
})

const NOTHING = { hash: 0, mac: 0, cipher: 0, agree: 0, keys: 0, sign: 0, verify: 0 }

/** What `act` costs. */
function costOf(act: () => void): typeof spent {
  Object.assign(spent, NOTHING)
  act()
  return { ...spent }
}

/** A datagram for b's engine alone; nobody answers anything. */
function deliver({ b, wire }: Cast, { bytes, from }: Pick<Flying, 'bytes' | 'from'>): void {
  b.engine.receive(wire.now, bytes, from)
}

/** A stage on which a's packets of one kind have not reached b, and the first of them. */
function heldBack(label: 'I1' | 'I2', config = {}): { cast: Cast; packet: Flying } {
  const cast = stage({ associate: false, config })
  const rule = cast.filters.hold(label)
  cast.a.engine.associate(0, { hit: cast.b.engine.hit, locators: [cast.b.at] })
  cast.wire.run(200)
  const [packet] = rule.held
  if (packet === undefined) throw new Error(`no ${label}`)
  return { cast, packet }
}

/** The same datagram with one byte of a parameter flipped. */
function flipped(packet: Flying, type: number, at: number): Flying {
  const bytes = packet.bytes.slice()
  const decoded = decodePacket(bytes.subarray(4))
  if (isMalformed(decoded)) throw new Error('this packet was sound')
  const parameter = decoded.parameters.find((candidate) => candidate.type === type)
  if (parameter === undefined) throw new Error('no such parameter')
  const offset = 4 + parameter.start + 4 + (at < 0 ? parameter.contents.length + at : at)
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x80
  return { ...packet, bytes }
}

function counted({ b }: Cast, name: string): number {
  return b.engine.counters[name] ?? 0
}

/** K, lifetime and opaque stand before I in SOLUTION, and J behind it. */
const I_AT = 4

beforeEach(() => void Object.assign(spent, NOTHING))

describe('an I2 costs', () => {
  it('two hashes if its puzzle is not solved, and one if the puzzle is none of ours', () => {
    const { cast, packet } = heldBack('I2', { puzzleDifficulty: 8 })
    const unsolved = flipped(packet, Parameter.SOLUTION, -1)
    expect(costOf(() => deliver(cast, unsolved))).toEqual({ ...NOTHING, hash: 2 })
    const invented = flipped(packet, Parameter.SOLUTION, I_AT)
    expect(costOf(() => deliver(cast, invented))).toEqual({ ...NOTHING, hash: 1 })
    expect(costOf(() => deliver(cast, { ...packet, from: place(77) }))).toEqual({ ...NOTHING, hash: 1 })
    expect([counted(cast, 'i2-puzzle'), stateAt(cast.b, cast.a)]).toEqual([3, undefined])
  })

  it('nothing if it names a generation that is not there', () => {
    const { cast, packet } = heldBack('I2')
    expect(costOf(() => deliver(cast, flipped(packet, Parameter.SOLUTION, 3)))).toEqual(NOTHING)
    expect(counted(cast, 'i2-generation')).toBe(1)
  })

  it('one Diffie–Hellman, and no signature of anybody, if its MAC is wrong', () => {
    const { cast, packet } = heldBack('I2')
    const forged = flipped(packet, Parameter.HIP_MAC, 0)
    expect(costOf(() => deliver(cast, forged))).toMatchObject({ agree: 1, keys: 0, sign: 0, verify: 0 })
    expect(counted(cast, 'i2-mac')).toBe(1)
  })

  it('one Diffie–Hellman and one signature the first time, and none the other 999 times', () => {
    const { cast, packet } = heldBack('I2')
    const first = costOf(() => deliver(cast, packet))
    expect([first.agree, first.sign > 0, first.verify > 0]).toEqual([1, true, true])
    const others = costOf(() => {
      for (let n = 1; n < 1_000; n++) deliver(cast, packet)
    })
    expect(others).toEqual(NOTHING)
    expect(stateAt(cast.b, cast.a)).toBe('established')
  })

  it('no more than its prefix may have', () => {
    const { cast, packet } = heldBack('I2', { agreementsBurst: 3 })
    const forged = flipped(packet, Parameter.HIP_MAC, 0)
    const cost = costOf(() => {
      for (let n = 0; n < 100; n++) deliver(cast, forged)
    })
    expect([cost.agree, cost.verify, counted(cast, 'i2-prefix-limit')]).toEqual([3, 0, 97])
  })
})

describe('a flood of I1s', () => {
  it('costs one R1 in the whole generation, two hashes an I1, no Diffie–Hellman and no association', () => {
    const { cast, packet } = heldBack('I1')
    const first = costOf(() => deliver(cast, packet))
    // The R1 and its INSTANCE.
    expect(first).toMatchObject({ agree: 0, keys: 1, sign: 2, verify: 0 })
    const flood = costOf(() => {
      for (let n = 0; n < 2_000; n++) {
        const bytes = packet.bytes.slice()
        // Another HIT each time, of the same suite.
        bytes[26] = n >> 8
        bytes[27] = n
        deliver(cast, { bytes, from: place(1 + (n % 250), 1_024 + n) })
      }
    })
    // place(n) are addresses of one /24.
    const { r1Burst } = DEFAULTS
    expect(flood).toEqual({ ...NOTHING, hash: 2_000 + r1Burst - 1 })
    expect(counted(cast, 'i1-prefix-limit')).toBe(2_000 - r1Burst + 1)
    expect([...cast.b.engine.associations()]).toEqual([])
  })
})

describe('no cryptography at all is spent on', () => {
  it('ESP with an SPI that is nobody’s', () => {
    const cast = stage()
    say(cast, cast.a, cast.b, 'one')
    cast.wire.run(20)
    const [packet] = those(cast, 'ESP', cast.a)
    if (packet === undefined) throw new Error('no ESP')
    const cost = costOf(() => {
      for (let n = 0; n < 1_000; n++) {
        const bytes = packet.bytes.slice()
        bytes.set([0x7f, 0, n >> 8, n])
        deliver(cast, { bytes, from: place(99) })
      }
    })
    expect(cost).toEqual(NOTHING)
    expect(counted(cast, 'spi-unknown')).toBe(1_000)
  })

  it('ESP that has been opened before', () => {
    const cast = stage()
    say(cast, cast.a, cast.b, 'one')
    cast.wire.run(20)
    const [packet] = those(cast, 'ESP', cast.a)
    if (packet === undefined) throw new Error('no ESP')
    expect(costOf(() => deliver(cast, packet))).toEqual(NOTHING)
    expect(counted(cast, 'esp-replayed')).toBe(1)
  })

  it('a packet that is malformed: cut off anywhere, or with a checksum that is not zero', () => {
    const { cast, packet } = heldBack('I2')
    const cost = costOf(() => {
      for (let length = 0; length < packet.bytes.length; length++)
        deliver(cast, { ...packet, bytes: packet.bytes.subarray(0, length) })
      const bytes = packet.bytes.slice()
      bytes[8] = 1
      deliver(cast, { ...packet, bytes })
    })
    expect(cost).toEqual(NOTHING)
    expect(counted(cast, 'hip-malformed') + counted(cast, 'runt')).toBeGreaterThan(packet.bytes.length - 8)
  })

  it('an R1, an R2 or a CLOSE_ACK that nobody waits for', () => {
    const cast = stage()
    const since = costOf(() => {
      for (const label of ['R1', 'R2'] as const) {
        const [packet] = those(cast, label, cast.b)
        if (packet === undefined) throw new Error(`no ${label}`)
        cast.a.engine.receive(cast.wire.now, packet.bytes, packet.from)
      }
    })
    expect(since).toEqual(NOTHING)
  })
})

describe('an UPDATE', () => {
  it('whose MAC is wrong costs that MAC and nothing else: no signature is verified or made', () => {
    const cast = stage()
    cast.a.engine.readdress(cast.wire.now, [cast.a.at, place(31)])
    cast.wire.drain()
    const [update] = those(cast, 'READDRESS', cast.a)
    if (update === undefined) throw new Error('no UPDATE')
    const forged = flipped(update, Parameter.HIP_MAC, 0)
    expect(costOf(() => deliver(cast, forged))).toEqual({ ...NOTHING, mac: 1 })
    expect(counted(cast, 'mac-forged')).toBe(1)
  })

  it('of somebody with whom there is no association costs a signature only within the budget of its host', () => {
    const cast = stage()
    cast.a.engine.readdress(cast.wire.now, [cast.a.at, place(31)])
    cast.wire.drain()
    const [update] = those(cast, 'READDRESS', cast.a)
    if (update === undefined) throw new Error('no UPDATE')
    // The same Bob, who knows nobody.
    const other = stage({ associate: false, config: { strangerNotifiesPerSecond: 4 } })
    const cost = costOf(() => {
      for (let n = 0; n < 100; n++) deliver(other, { ...update, from: place(9, 1_024 + n) })
    })
    // RESUME_REFUSED has two signatures: INSTANCE and its own.
    expect(cost).toMatchObject({ agree: 0, keys: 0, verify: 0, sign: 2 * 4 })
    expect(counted(other, 'no-association')).toBe(100)
  })
})
