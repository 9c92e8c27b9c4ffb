// HIT suites (RFC 7401 §5.2.10, RFC 9374 §3.4.2): hash, MAC and KEYMAT of an association, by the Responder's HIT. Suite 5's parts
// are a ruling of DESIGN §4 and MOVING §3: SHAKE128, KMAC128, KMAC128 twice. Whose keys are taken is another table: a suite here
// only computes. ESP suites and HIP ciphers are in aead.ts and envelope.ts, and shown here too.

import { equalBytes } from '../base/bytes.ts'
import { type HashName, hash, hmac, shake128 } from './hash.ts'
import { expand, extract } from './hkdf.ts'
import { SUITE_ECDSA_SHA384, SUITE_EDDSA_CSHAKE128, SUITE_RSA_SHA256 } from './key-algorithm.ts'
import { KmacKey } from './kmac.ts'
import { secretCopy, wipe } from './secret.ts'

export {
  ESP_AES128_CBC_HMAC_SHA256,
  ESP_AES128_GCM_16,
  type EspSuiteInfo,
  espSuiteInfo,
} from './aead.ts'
export { cipherKeyBytes } from './envelope.ts'

/** What a HIT suite brings: RHASH, the HIP_MAC and the key derivation. All lengths in bytes. */
export interface HitSuite {
  /** The OGA id in the HIT. */
  readonly id: number
  /** Length of RHASH's output, and so of the puzzle's I and J. */
  readonly hashBytes: number
  /** Length of a HIP integrity key. */
  readonly macKeyBytes: number
  /** RHASH of the parts one after another. */
  hash(...parts: readonly Uint8Array[]): Uint8Array
  /** The untruncated MAC of the parts one after another; `hashBytes` long. */
  mac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array
  /** PRK and KEYMAT from the Diffie–Hellman secret; salt = I ‖ J (RFC 7401 §6.5). */
  keymat(kij: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Keymat
}

/** The two stages of a key derivation; secret, to be dropped once keys are drawn. */
export interface Keymat {
  readonly prk: Uint8Array
  readonly keymat: Uint8Array
}

/** HIT suites by number. */
export type HitSuites = ReadonlyMap<number, HitSuite>

/** The HIT suite of that id (5, 2 or 1), or undefined. */
export function hitSuite(id: number, suites: HitSuites = HIT_SUITES): HitSuite | undefined {
  return suites.get(id)
}

/** All that an association can compute with, whoever's keys are taken. */
export const HIT_SUITES: HitSuites = new Map([
  [SUITE_EDDSA_CSHAKE128, keccakSuite()],
  [SUITE_ECDSA_SHA384, hmacSuite(SUITE_ECDSA_SHA384, 'sha384', 48)],
  [SUITE_RSA_SHA256, hmacSuite(SUITE_RSA_SHA256, 'sha256', 32)],
])

function hmacSuite(id: number, name: HashName, hashBytes: number): HitSuite {
  return Object.freeze({
    id,
    hashBytes,
    macKeyBytes: hashBytes,
    hash: (...parts: readonly Uint8Array[]) => hash(name, parts),
    mac: (key: Uint8Array, ...parts: readonly Uint8Array[]) => hmac(name, key, parts),
    keymat(kij: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Keymat {
      const prk = extract(name, salt, kij)
      return { prk, keymat: expand(name, prk, info, length) }
    },
  })
}

function keccakSuite(): HitSuite {
  return Object.freeze({
    id: SUITE_EDDSA_CSHAKE128,
    hashBytes: 32,
    macKeyBytes: 32,
    hash: (...parts: readonly Uint8Array[]) => shake128(32, parts),
    mac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
      return keyed(key).mac(parts)
    },
    keymat(kij: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Keymat {
      const prk = new KmacKey(salt).derive([kij])
      const expanding = new KmacKey(prk)
      const keymat = expanding.xof(info, length)
      expanding.destroy()
      return { prk, keymat }
    },
  })
}

// Absorbing a key costs KMAC two permutations, four fifths of a short MAC: keyed states are kept and cloned. They hang on
// the key's own array, so they go when it goes; the copy of the key notices an array that was written over.
const KEYED_LIMIT = 256
let keyedStates = new WeakMap<Uint8Array, { readonly key: Uint8Array; readonly state: KmacKey }>()
let keyedCount = 0

/** Forgets what is kept of a MAC key that is about to be overwritten. */
export function forgetMacKey(key: Uint8Array): void {
  const known = keyedStates.get(key)
  if (known === undefined) return
  keyedStates.delete(key)
  known.state.destroy()
  wipe(known.key)
}

function keyed(key: Uint8Array): KmacKey {
  const known = keyedStates.get(key)
  if (known !== undefined && equalBytes(known.key, key)) return known.state
  if (++keyedCount > KEYED_LIMIT) {
    keyedStates = new WeakMap()
    keyedCount = 1
  }
  const state = new KmacKey(key)
  keyedStates.set(key, { key: secretCopy(key), state })
  return state
}
