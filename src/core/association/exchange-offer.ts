// What this implementation offers and accepts in a base exchange (DESIGN §4), and how it shows who it is.

import { SUITE_ECDSA_SHA384, SUITE_EDDSA_CSHAKE128 } from '../../crypto/hit.ts'
import type { Identity } from '../../crypto/identity.ts'
import { encodeHostId } from '../../wire/exchange.ts'
import { encodeParameters } from '../../wire/packet.ts'
import { DhGroup, HipCipher } from '../../wire/registry.ts'

/** Diffie–Hellman groups, HIP ciphers and HIT suites, best first. */
export const DH_GROUPS: readonly number[] = [DhGroup.P256]
export const HIP_CIPHERS: readonly number[] = [HipCipher.AES_128_CBC]
export const HIT_SUITES: readonly number[] = [SUITE_EDDSA_CSHAKE128, SUITE_ECDSA_SHA384]

/** The HOST_ID TLV of an identity: in R1, inside the ENCRYPTED of I2, and under HIP_MAC_2. */
export function ownHostIdTlv(identity: Identity): Uint8Array {
  const { algorithm, label, bytes: key } = identity.publicKey
  return encodeParameters([encodeHostId({ algorithm, label, key })])
}

/** The OGA id in a HIT, which settles the suite (RFC 7343 §2, RFC 7401 §3.2). */
export function suiteIdOf(hit: Uint8Array): number {
  return (hit[3] ?? 0) & 0x0f
}
