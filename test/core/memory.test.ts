// What strangers can make an engine keep, read from the heap (RFC 7401 §8): floods of whatever kind leave it as large as it was.
// That what each limit of config.ts bounds stays as large as that is in kept-memory.test.ts; what else happens beyond it, in limits.test.ts.

import { describe, expect, it } from 'vitest'
import type { Locator } from '../../src/base/address.ts'
import { encodeI1 } from '../../src/core/association/initiator.ts'
import { DEFAULTS } from '../../src/core/config.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { wrapHip } from '../../src/wire/datagram.ts'
import { seeded } from '../support/actors.ts'
import { keptBytes } from '../support/heap.ts'
import { type Cast, converse, stage, those } from '../support/stage.ts'

const MIB = 1_048_576
const PACKETS = 8_000

/** The source of the nth packet: nobody is there twice. */
function spoofed(n: number): Locator {
  return { address: `198.${18 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`, port: 1_024 + (n % 60_000) }
}

/** I1s of Initiators that do not exist. */
function strangersI1({ b }: Cast): (n: number) => Uint8Array {
  const i1 = wrapHip(
    encodeI1({ hitBytes: new Uint8Array(16), config: DEFAULTS, dhGroups: [7] }, hitBytes(b.engine.hit)),
  )
  return (n) => {
    const own = i1.slice()
    own.set([0x20, 0x01, 0x00, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, n >>> 24, n >>> 16, n >>> 8, n], 4 + 8)
    return own
  }
}

const random = seeded(9)

const floods: readonly (readonly [string, (cast: Cast) => (n: number) => Uint8Array])[] = [
  ['I1s of Initiators that do not exist', strangersI1],
  ['ESP under SPIs that lead nowhere', () => () => random(80)],
  [
    'ESP that is forged under a SPI that leads somewhere',
    (cast) => {
      const packet = those(cast, 'ESP', cast.a).at(-1)?.bytes ?? new Uint8Array(64)
      return (n) => {
        const forged = packet.slice()
        forged.set([n >>> 24, n >>> 16, n >>> 8, n], 4)
        return forged
      }
    },
  ],
  ['HIP that is malformed', () => () => wrapHip(random(120))],
  [
    'I2s and UPDATEs of an association that is not theirs',
    (cast) => {
      const recorded = cast.wire.sent.filter(({ bytes }) => bytes[0] === 0).map(({ bytes }) => bytes)
      return (n) => {
        const copy = recorded[n % recorded.length]?.slice() ?? new Uint8Array(44)
        const at = copy.length - 1 - (n % 40)
        copy[at] = (copy[at] ?? 0) ^ (1 + (n & 0x7f))
        return copy
      }
    },
  ],
]

describe('the heap of an engine', () => {
  it.each(floods)('is as large after 8,000 packets as before: %s', (_, packetsOf) => {
    const cast = stage()
    expect(converse(cast, cast.a, cast.b)).toBe(true)
    const packet = packetsOf(cast)
    const { b, wire } = cast
    const send = (from: number, to: number): void => {
      for (let n = from; n < to; n++) {
        b.engine.receive(wire.now, packet(n), spoofed(n))
        while (b.engine.transmit(wire.now) !== undefined);
        while (b.engine.event() !== undefined);
      }
    }
    // The first of them may make what is made once, such as R1s.
    send(0, 1_000)
    const before = keptBytes()
    send(1_000, PACKETS)
    expect(keptBytes() - before).toBeLessThan(MIB)
    expect([...b.engine.associations()].length).toBe(1)
    expect(converse(cast, cast.a, cast.b)).toBe(true)
  })
})
