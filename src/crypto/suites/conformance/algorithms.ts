// The standard table and all that RFC 7401 and RFC 7402 demand or recommend beyond it. Nothing of the default entry imports this
// folder (test/conformance.test.ts): who wants it says so, and lists what is to be offered of it.

import { ESP_SUITES } from '../../aead.ts'
import { type Algorithms, STANDARD } from '../../algorithms.ts'
import { DH_GROUPS } from '../../dh.ts'
import { ecdsa } from '../../ecdsa.ts'
import { HIP_CIPHERS, type HipCipher } from '../../envelope.ts'
import { type KeyAlgorithm, LABEL_P384 } from '../../key-algorithm.ts'
import { modpGroup } from '../../modp.ts'
import { P384 } from '../../nist-curve.ts'
import { AES128_CBC_HMAC_SHA1, NULL_HMAC_SHA256 } from './esp.ts'
import { RSA } from './rsa.ts'

const DH_MODP_1536 = 3
const CIPHER_NULL = 1

/** ECDSA over P-384 with SHA-384 (RFC 4754 §2). A handshake costs 3 ms more than with P-256 (DESIGN §4). */
const ECDSA_P384: KeyAlgorithm = ecdsa({ name: 'ecdsa-p384', label: LABEL_P384, curve: P384, hash: 'sha384' })

/** RFC 7401 §5.2.8 wants it for debugging, and never offered unless configured. Without IV and padding. */
const NULL_ENCRYPT: HipCipher = Object.freeze({
  id: CIPHER_NULL,
  name: 'NULL-ENCRYPT',
  keyBytes: 0,
  ivBytes: 0,
  encrypt: (_key: Uint8Array, _iv: Uint8Array, plaintext: Uint8Array) => Uint8Array.from(plaintext),
  decrypt: (_key: Uint8Array, _iv: Uint8Array, ciphertext: Uint8Array) => Uint8Array.from(ciphertext),
})

// A MUST of RFC 7401 §5.2.7, and of less than 112 bits of strength. RFC 3526 §8: an exponent of twice the strength.
const MODP_1536 = modpGroup({
  id: DH_MODP_1536,
  name: 'MODP-1536',
  primeOf: 'modp5',
  publicBytes: 192,
  exponentBytes: 30,
})

/**
 * Everything: the standard algorithms; RSA and ECDSA P-384 identities, both verified from then on; DH group 3; HIP cipher 1
 * (NULL); ESP suites 7 (NULL with HMAC-SHA-256) and 1 (AES-128-CBC with HMAC-SHA1). Groups, ciphers and suites beyond the
 * standard ones are offered only by who lists them (`dhGroups`, `hipCiphers`, `espSuites`).
 */
export const conformance: Algorithms = Object.freeze({
  keys: [...STANDARD.keys, ECDSA_P384, RSA],
  hitSuites: STANDARD.hitSuites,
  dhGroups: new Map([...DH_GROUPS, [MODP_1536.id, MODP_1536]]),
  ciphers: new Map([...HIP_CIPHERS, [NULL_ENCRYPT.id, NULL_ENCRYPT]]),
  espSuites: new Map([
    ...ESP_SUITES,
    [NULL_HMAC_SHA256.id, NULL_HMAC_SHA256],
    [AES128_CBC_HMAC_SHA1.id, AES128_CBC_HMAC_SHA1],
  ]),
})
