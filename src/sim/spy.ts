// Looks over the shoulder of a machine's cryptography: an AEAD provider that reports every packet it seals and every key it seals
// under, a key log and an entropy that report what they hand out. The real provider does the work.

import { assert } from '../base/assert.ts'
import type { KeyLogEntry } from '../core/engine.ts'
import { type AeadProvider, aeadOf, ESP_SUITES, type EspSuites, type Opener, type Sealer } from '../crypto/aead.ts'
import type { Entropy } from '../crypto/entropy.ts'
import type { EspKeys } from '../crypto/keymat.ts'
import { contentId } from './content.ts'
import type { Observation, Run } from './observation.ts'

/** SPI and low sequence number before the IV, inner UDP header after it (RFC 4303 §2, DESIGN §5). */
const ESP_HEADER_BYTES = 8
const INNER_UDP_BYTES = 8
const NEEDLE_BYTES = 16

/** Names keys so that equal bytes have equal names, whoever holds them. One for a whole world. */
export class KeyNames {
  readonly #names = new Map<string, number>()

  nameOf(suite: number, keys: EspKeys): number {
    const text = `${suite} ${textOf(keys.encryption)} ${textOf(keys.authentication)}`
    const known = this.#names.get(text)
    if (known !== undefined) return known
    this.#names.set(text, this.#names.size)
    return this.#names.size - 1
  }
}

/** What a spy reports to, and as whom at that moment. */
export interface SpyOptions {
  readonly run: () => Run
  readonly names: KeyNames
  readonly now: () => number
  readonly see: (observation: Observation) => void
}

/** Over the standard ESP suites unless others are given. */
export function spyAead(options: SpyOptions, suites: EspSuites = ESP_SUITES): AeadProvider {
  const real = aeadOf(suites)
  return {
    opener: (suite: number, keys: EspKeys): Opener => real.opener(suite, keys),
    sealer(suite: number, keys: EspKeys, entropy: Entropy): Sealer {
      const { names, now, see } = options
      const key = names.nameOf(suite, keys)
      for (const part of [keys.encryption, keys.authentication]) {
        if (part.length >= NEEDLE_BYTES && !isBlank(part))
          see({ type: 'send-key', run: options.run(), key: part.slice() })
      }
      const sealer = real.sealer(suite, keys, entropy)
      // Zeros stand for no key: an association with an RFC-only peer has none between a thaw and the rekey (MOVING §2).
      const blank = isBlank(keys.encryption)
      const ivEnd = ESP_HEADER_BYTES + (suites.get(suite)?.ivBytes ?? 0)
      return {
        seal(packet: Uint8Array, sequence: number): void {
          assert(!blank, 'nothing is sealed under a key of zeros')
          const content = contentId(packet, ivEnd + INNER_UDP_BYTES)
          sealer.seal(packet, sequence)
          const nonce = textOf(packet, ESP_HEADER_BYTES, ivEnd)
          see({ type: 'sealed', at: now(), run: options.run(), key, sequence, nonce, content })
        },
      }
    },
  }
}

/** A character for each byte: quicker than numbers, for what is made of every packet that is sealed. */
function textOf(bytes: Uint8Array, from = 0, end = bytes.length): string {
  let text = ''
  for (let at = from; at < end; at++) text += String.fromCharCode(bytes[at] ?? 0)
  return text
}

function isBlank(key: Uint8Array): boolean {
  return key.length > 0 && key.every((byte) => byte === 0)
}

export function spyKeylog({ see }: SpyOptions): (entry: KeyLogEntry) => void {
  return (entry) => {
    if (entry.kind === 'KIJ') return see({ type: 'secret', what: 'Kij', bytes: entry.kij })
  }
}

export function spyEntropy({ run, see }: SpyOptions, real: Entropy): Entropy {
  return (length) => {
    const bytes = real(length)
    see({ type: 'drawn', run: run(), bytes: bytes.slice() })
    return bytes
  }
}
