// A spy on everything that is sealed: no number may ever be sealed twice under one key (MOVING §3), whoever does it. It also
// learns every key, so that a scenario can seal what an attacker with that key could.

import { equalBytes, toHex } from '../../src/base/bytes.ts'
import { type AeadProvider, nodeAead, type Opener, type Sealer } from '../../src/crypto/aead.ts'
import type { Entropy } from '../../src/crypto/entropy.ts'
import { type Hit, hitBytes } from '../../src/crypto/hit.ts'
import type { EspKeys } from '../../src/crypto/keymat.ts'
import { espSuiteInfo } from '../../src/crypto/suites.ts'
import { sumOfPair } from '../../src/wire/checksum.ts'
import { INNER_UDP_BYTES, writeInnerUdp } from '../../src/wire/datagram.ts'
import { ESP_HEADER_BYTES, espSize, spiOf, writeEspHeader, writeTrailer } from '../../src/wire/esp.ts'
import { NextHeader } from '../../src/wire/registry.ts'
import { seeded } from './actors.ts'

/** Seals and opens like any other, and remembers every number under every key. */
export class Spy implements AeadProvider {
  /** (key, number) pairs that were sealed more than once: MOVING allows none, ever. */
  readonly reused: string[] = []
  /** The keys that the packets of an SPI were sealed with, last first. */
  readonly #keys = new Map<number, { readonly suite: number; readonly keys: EspKeys }[]>()
  readonly #sealed = new Set<string>()

  sealer(suite: number, keys: EspKeys, entropy: Entropy): Sealer {
    const real = nodeAead.sealer(suite, keys, entropy)
    // Whoever takes keys copies them: what was handed in is overwritten.
    const copy = copyOf(keys)
    const name = toHex(keys.encryption)
    return {
      seal: (packet, sequence) => {
        const number = `${name}:${sequence}`
        if (this.#sealed.has(number)) this.reused.push(number)
        this.#sealed.add(number)
        this.#note(spiOf(packet), suite, copy)
        real.seal(packet, sequence)
      },
    }
  }

  opener(suite: number, keys: EspKeys): Opener {
    return nodeAead.opener(suite, keys)
  }

  /** How many packets were sealed. */
  get count(): number {
    return this.#sealed.size
  }

  /** Keys that packets to this SPI were sealed with, newest first. */
  keysOf(spi: number): readonly { readonly suite: number; readonly keys: EspKeys }[] {
    return this.#keys.get(spi) ?? []
  }

  #note(spi: number, suite: number, keys: EspKeys): void {
    const known = this.#keys.get(spi) ?? []
    if (!known.some((entry) => equalBytes(entry.keys.encryption, keys.encryption))) known.unshift({ suite, keys })
    this.#keys.set(spi, known)
  }
}

function copyOf({ encryption, authentication }: EspKeys): EspKeys {
  return { encryption: encryption.slice(), authentication: authentication.slice() }
}

/** Seals a datagram from port 7 to port 7 as whoever holds `keys` could. */
export function sealed(
  { suite, keys }: { readonly suite: number; readonly keys: EspKeys },
  spi: number,
  sequence: number,
  from: Hit,
  to: Hit,
  text: string,
): Uint8Array {
  const layout = espSuiteInfo(suite)
  if (layout === undefined) throw new Error('no such suite')
  const bytes = new TextEncoder().encode(text)
  const length = INNER_UDP_BYTES + bytes.length
  const packet = new Uint8Array(espSize(layout, length))
  writeEspHeader(packet, spi, sequence >>> 0)
  const [source, target] = [hitBytes(from), hitBytes(to)]
  writeInnerUdp(packet, ESP_HEADER_BYTES + layout.ivBytes, 7, 7, bytes, source, target, sumOfPair(source, target))
  writeTrailer(packet, layout, length, NextHeader.UDP)
  nodeAead.sealer(suite, keys, seeded(sequence)).seal(packet, sequence)
  return packet
}
