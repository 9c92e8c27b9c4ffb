// What can be checked here: the one place of this folder that asks which kinds of key, cipher and ESP suite there are. And whether
// a HOST_ID is what a HIT stands for: flat HITs (RFC 7343) and the hierarchical ones of RFC 9374.

import type { Algorithms } from '../crypto/algorithms.ts'
import { detOf } from '../crypto/det.ts'
import { decryptParameter } from '../crypto/envelope.ts'
import { hitOf, hitText, isFlatHit } from '../crypto/hit.ts'
import { type PublicKey, publicKeyFrom, verify } from '../crypto/public-key.ts'
import { conformance } from '../crypto/suites/conformance/algorithms.ts'
import { HiAlgorithm, type HostId } from '../wire.ts'

/** Everything there is: what nobody should use can still be looked at. */
export const ALGORITHMS: Algorithms = conformance

/** What a HOST_ID says, beside the HIT it came with. */
export interface HostIdentity {
  readonly key: PublicKey
  /** The flat HIT of the key, or the hierarchical one under the sender's prefix. */
  readonly hit: string
  readonly fits: boolean
}

/** The identity in a HOST_ID; undefined if its algorithm or curve cannot be hashed here, or it is no key. */
export function identityOf(hostId: HostId, sender: Uint8Array): HostIdentity | undefined {
  const key = publicKeyFrom(hostId.algorithm, hostId.label, hostId.key, ALGORITHMS.keys)
  if (key === undefined) return undefined
  const hierarchical = !isFlatHit(sender) && isDetPrefix(sender) && key.algorithm === HiAlgorithm.EDDSA
  const hit = hierarchical ? detOf(sender.slice(0, 8), key) : hitOf(key)
  return { key, hit, fits: hit === hitText(sender) }
}

/** Whether a signature is the key's. */
export function verifies(key: PublicKey, covered: Uint8Array, signature: Uint8Array): boolean {
  return verify(key, covered, signature, ALGORITHMS.keys)
}

/** Whether the HIP keys of an association with that cipher can be drawn from KEYMAT. */
export function knowsCipher(cipher: number): boolean {
  return ALGORITHMS.ciphers.has(cipher)
}

/** Whether the ESP keys of an association with that suite can be drawn from KEYMAT. */
export function knowsEspSuite(suite: number): boolean {
  return ALGORITHMS.espSuites.has(suite)
}

/** What ENCRYPTED holds behind its reserved word, under a cipher that `knowsCipher` knows; undefined if the key is another. */
export function decrypted(cipher: number, key: Uint8Array, content: Uint8Array): Uint8Array | undefined {
  return decryptParameter(cipher, key, content, ALGORITHMS.ciphers)
}

// 2001:30::/28, RFC 9374 §3.1.
function isDetPrefix(hit: Uint8Array): boolean {
  return hit[0] === 0x20 && hit[1] === 0x01 && hit[2] === 0x00 && ((hit[3] ?? 0) & 0xf0) === 0x30
}
