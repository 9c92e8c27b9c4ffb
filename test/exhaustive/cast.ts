// Who takes part in an exploration: X, who moves, and C, its peer; their starts as a ledger would have activated them; the
// association that a base exchange has left between them; entropy and cryptography that can be looked at.

import type { Locator } from '../../src/base/address.ts'
import { Prng } from '../../src/base/prng.ts'
import type { OwnStart } from '../../src/core/association/context.ts'
import type { Seed } from '../../src/core/association/seed.ts'
import { type AeadProvider, nodeAead, type Sealer } from '../../src/crypto/aead.ts'
import type { Entropy } from '../../src/crypto/entropy.ts'
import type { Identity } from '../../src/crypto/identity.ts'
import { identity } from '../support/actors.ts'
import { end, exchange, startOf } from '../support/exchange.ts'
import { copyOfEsp } from '../support/key-copies.ts'
import { textOf } from './crypto-cache.ts'

export type Side = 'X' | 'C'

export const SIDES: readonly Side[] = ['X', 'C']

export function otherSide(side: Side): Side {
  return side === 'X' ? 'C' : 'X'
}

/** The inner port that both ends have open. */
export const PORT = 7

/** The two ends of one finished base exchange, the same in every run. */
export interface Cast {
  readonly identities: Readonly<Record<Side, Identity>>
  readonly seeds: Readonly<Record<Side, Seed>>
}

const initiator = end(71, { ledger: true })
const responder = end(72, { ledger: true })
const exchanged = exchange(initiator, responder)

/** X was the Initiator, C the Responder. */
export const CAST: Cast = {
  identities: { X: initiator.identity, C: responder.identity },
  seeds: { X: exchanged.initiated, C: exchanged.responded },
}

const starts = new Map<string, OwnStart>([
  ['X1', initiator.start],
  ['C1', responder.start],
])

/** The one start of that epoch: the ledger gives one receipt an epoch. */
export function startAt(side: Side, epoch: number): OwnStart {
  const name = `${side}${epoch}`
  const known = starts.get(name)
  if (known !== undefined) return known
  const instance = identity(0x2000 + epoch * 2 + SIDES.indexOf(side))
  const fresh = startOf(CAST.identities[side], instance, epoch, true)
  starts.set(name, fresh)
  return fresh
}

/** Where a side is: its host `place`, from 1. */
export function locatorOf(side: Side, place: number): Locator {
  return { address: `192.0.2.${16 * (SIDES.indexOf(side) + 1) + place}`, port: 10_500 }
}

/** Whose address that is, now or ever; undefined for anybody else's. */
export function sideAt({ address }: Locator): Side | undefined {
  return SIDES[Math.floor(Number(address.slice(address.lastIndexOf('.') + 1)) / 16) - 1]
}

const draws = new Map<string, { readonly prng: Prng; readonly drawn: Uint8Array[] }>()

/**
 * Entropy of one start. Every length has a stream of its own, so that the order in which keys, SPIs and nonces are drawn
 * does not tell apart states that are otherwise equal.
 */
export function entropyOf(name: string): Entropy {
  const used = new Map<number, number>()
  const entropy: Entropy = (length) => {
    const key = `${name} ${length}`
    let stream = draws.get(key)
    if (stream === undefined) {
      stream = { prng: new Prng(seedOf(key)), drawn: [] }
      draws.set(key, stream)
    }
    const index = used.get(length) ?? 0
    used.set(length, index + 1)
    while (stream.drawn.length <= index) stream.drawn.push(stream.prng.bytes(length))
    return (stream.drawn[index] ?? new Uint8Array(length)).slice()
  }
  positions.set(entropy, used)
  return entropy
}

const positions = new WeakMap<Entropy, ReadonlyMap<number, number>>()

/** How much has been drawn, by length. */
export function drawnFrom(entropy: Entropy): string {
  return [...(positions.get(entropy) ?? [])].sort(([a], [b]) => a - b).join(' ')
}

function seedOf(text: string): number {
  let seed = 7
  for (let at = 0; at < text.length; at++) seed = (seed * 31 + text.charCodeAt(at)) % 0x1_0000_0000_0000
  return seed
}

/** One ESP packet as it was sealed. */
export interface Sealed {
  readonly side: Side
  readonly epoch: number
  readonly spi: number
  /** Equal for equal keys only. */
  readonly key: string
  readonly sequence: number
  /** The text of the application's datagram, or what else it is. */
  readonly label: string
}

const PAYLOAD_OFFSET = 16
const INNER_UDP_BYTES = 8

const opened = new Map<string, Uint8Array | undefined>()
const sealedPackets = new Map<string, Sealed>()
let openedPackets: Sealed[] = []

/** What an ESP packet was sealed as; undefined for any other packet. */
export function sealedOf(packet: Uint8Array): Sealed | undefined {
  return sealedPackets.get(textOf(packet))
}

/** The packets that have been opened since this was asked last, by whichever engine. */
export function takeOpened(): readonly Sealed[] {
  const taken = openedPackets
  openedPackets = []
  return taken
}

/** The real cryptography, telling of every packet before it is sealed, and opening no packet twice. */
export function spyOn(side: Side, epoch: number, tell: (packet: Uint8Array, sealed: Sealed) => void): AeadProvider {
  return {
    opener: (suite, given) => {
      const keys = copyOfEsp(given)
      const key = textOf(keys.encryption)
      return {
        open: (packet, sequence) => {
          const text = `${sequence} ${key}${textOf(packet)}`
          if (!opened.has(text)) opened.set(text, nodeAead.opener(suite, keys).open(packet, sequence))
          const plaintext = opened.get(text)
          const sealed = plaintext && sealedOf(packet)
          if (sealed !== undefined) openedPackets.push(sealed)
          return plaintext
        },
      }
    },
    sealer: (suite, given, entropy) => {
      const keys = copyOfEsp(given)
      const key = textOf(keys.encryption)
      let real: Sealer | undefined
      return {
        seal: (packet, sequence) => {
          const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
          const spi = view.getUint32(0)
          const sealed: Sealed = { side, epoch, spi, key, sequence, label: labelOf(packet, view) }
          tell(packet, sealed)
          real ??= nodeAead.sealer(suite, keys, entropy)
          real.seal(packet, sequence)
          sealedPackets.set(textOf(packet), sealed)
        },
      }
    },
  }
}

function labelOf(packet: Uint8Array, view: DataView): string {
  if (view.getUint16(PAYLOAD_OFFSET) !== PORT || view.getUint16(PAYLOAD_OFFSET + 2) !== PORT) return 'dummy'
  const length = view.getUint16(PAYLOAD_OFFSET + 4)
  return textOf(packet.subarray(PAYLOAD_OFFSET + INNER_UDP_BYTES, PAYLOAD_OFFSET + length))
}
