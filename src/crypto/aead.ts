// Sealing and opening of ESP packets (RFC 4303, RFC 7402 §5.1.2), the hot path: one cipher object per packet and nothing else
// that can be kept. Which suites there are is a table that is handed in; how each seals is in esp-gcm.ts and esp-cbc.ts. Padding
// and trailer are not made here: the plaintext ends with them.

import { assert } from '../base/assert.ts'
import type { Entropy } from './entropy.ts'
import { cbcSuite } from './esp-cbc.ts'
import { gcmSuite } from './esp-gcm.ts'
import type { EspKeys } from './keymat.ts'

/** Seals the packets of one outbound SA. */
export interface Sealer {
  /**
   * Seals in place. `packet` is SPI ‖ low sequence ‖ room for the IV ‖ plaintext with trailer ‖ room for the ICV.
   * `sequence` is the full number; it must be greater than at the call before: no number is ever sealed twice.
   */
  seal(packet: Uint8Array, sequence: number): void
  /** The same for a packet that is a part of `memory`, where no view need be made for it. */
  sealPart?(memory: Uint8Array, at: number, end: number, sequence: number): void
  /** Ends it, and frees at once what was made of the key, if that is not left to the collector. */
  forget?(): void
}

/** Opens the packets of one inbound SA. */
export interface Opener {
  /** The plaintext with its trailer, in memory of its own; undefined if it is forged or too short. Never throws. */
  open(packet: Uint8Array, sequence: number): Uint8Array | undefined
  /**
   * What `open` gave last is looked at no more, unless it fills at least half of the buffer it is in: then it may be kept. Anything else
   * is kept as it is.
   */
  release?(plaintext: Uint8Array): void
  /** Ends it, as that of a sealer; nothing opens afterwards. */
  forget?(): void
}

/** Lengths of an ESP suite in bytes; `encryptionBytes` includes the salt of an AEAD. */
export interface EspSuiteInfo {
  /** Its number in ESP_TRANSFORM (RFC 7402 §5.1.2). */
  readonly id: number
  readonly name: string
  readonly encryptionBytes: number
  readonly authenticationBytes: number
  readonly ivBytes: number
  readonly blockBytes: number
  readonly icvBytes: number
}

/** An ESP suite: its lengths and how it seals. Keys have the lengths of the suite; who keeps them: `AeadProvider`. */
export interface EspSuite extends EspSuiteInfo {
  sealer(keys: EspKeys, entropy: Entropy): Sealer
  opener(keys: EspKeys): Opener
}

/** ESP suites by number. */
export type EspSuites = ReadonlyMap<number, EspSuite>

/**
 * Makes sealers and openers. The keys must have the lengths of the suite. A sealer copies them. An opener may read them where they
 * are for as long as it lives, because they are kept for a capsule anyway: whoever overwrites them ends it.
 */
export interface AeadProvider {
  sealer(suite: number, keys: EspKeys, entropy: Entropy): Sealer
  opener(suite: number, keys: EspKeys): Opener
}

/** ESP suite numbers (RFC 7402 §5.1.2). */
export const ESP_AES128_CBC_HMAC_SHA256 = 8
export const ESP_AES256_CBC_HMAC_SHA256 = 9
export const ESP_AES128_GCM_8 = 12
export const ESP_AES128_GCM_16 = 13

const HMAC_SHA256_128 = { hash: 'sha256', authenticationBytes: 32, icvBytes: 16 } as const

/** The suites that are there without being asked for: 13, 12, 9 and 8. */
export const ESP_SUITES: EspSuites = new Map(
  [
    gcmSuite(ESP_AES128_GCM_16, 'AES-128-GCM-16', 16),
    gcmSuite(ESP_AES128_GCM_8, 'AES-128-GCM-8', 8),
    cbcSuite(ESP_AES256_CBC_HMAC_SHA256, 'AES-256-CBC with HMAC-SHA-256', {
      cipher: 'aes-256-cbc',
      ...HMAC_SHA256_128,
    }),
    cbcSuite(ESP_AES128_CBC_HMAC_SHA256, 'AES-128-CBC with HMAC-SHA-256', {
      cipher: 'aes-128-cbc',
      ...HMAC_SHA256_128,
    }),
  ].map((suite) => [suite.id, suite]),
)

/** The ESP suite of that number, or undefined. */
export function espSuiteInfo(
  id: number,
  suites: ReadonlyMap<number, EspSuiteInfo> = ESP_SUITES,
): EspSuiteInfo | undefined {
  return suites.get(id)
}

/** A provider, by node:crypto, of these suites. */
export function aeadOf(suites: EspSuites): AeadProvider {
  return Object.freeze({
    sealer: (suite: number, keys: EspKeys, entropy: Entropy) => suiteFor(suites, suite, keys).sealer(keys, entropy),
    opener: (suite: number, keys: EspKeys) => suiteFor(suites, suite, keys).opener(keys),
  })
}

function suiteFor(suites: EspSuites, id: number, keys: EspKeys): EspSuite {
  const suite = suites.get(id)
  assert(suite !== undefined, 'unknown ESP suite')
  assert(keys.encryption.length === suite.encryptionBytes, 'the ESP encryption key has a wrong length')
  assert(keys.authentication.length === suite.authenticationBytes, 'the ESP authentication key has a wrong length')
  return suite
}

/** The provider of the suites that are there without being asked for. */
export const nodeAead: AeadProvider = aeadOf(ESP_SUITES)
