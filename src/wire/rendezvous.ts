// Parameters of the rendezvous server (RFC 8004 §4.2), which relays an I1 or UPDATE and says whom it had it from. Addresses
// have 16 bytes, IPv4 as ::ffff:a.b.c.d, and no port: over UDP the parameters of nat.ts take their place.

import { assert } from '../base/assert.ts'
import { concat } from '../base/bytes.ts'
import { type Malformed, malformed } from './malformed.ts'
import type { ParameterValue } from './packet.ts'
import { Parameter } from './registry.ts'

const ADDRESS_BYTES = 16

// FROM (65498)                     one from each server on the way, the last one last
//  0
// +------------+
// | address 16 |
// +------------+
/** Writes FROM: 16 bytes (InvariantError otherwise). RFC 8004 §4.2.2. */
export function encodeFrom(address: Uint8Array): ParameterValue {
  assert(address.length === ADDRESS_BYTES, 'an address has 16 bytes')
  return { type: Parameter.FROM, contents: address }
}

/** The address of FROM, whose contents begin at byte `at`; Malformed if it is not 16 bytes. RFC 8004 §4.2.2. */
export function decodeFrom(contents: Uint8Array, at: number): Uint8Array | Malformed {
  return contents.length === ADDRESS_BYTES ? contents : malformed('wrong length of FROM', at, Parameter.FROM)
}

// RVS_HMAC (65500)                 covers the header and every parameter of smaller type, FROM with them
//  0
// +-------------------------+
// | MAC, as long as RHASH   |
// +-------------------------+
/** Writes RVS_HMAC: a MAC as long as the hash of the server's HIT suite. RFC 8004 §4.2.1. */
export function encodeRvsHmac(mac: Uint8Array): ParameterValue {
  return { type: Parameter.RVS_HMAC, contents: mac }
}

/** The MAC of RVS_HMAC, whose contents begin at byte `at`; Malformed if it is empty. RFC 8004 §4.2.1. */
export function decodeRvsHmac(contents: Uint8Array, at: number): Uint8Array | Malformed {
  return contents.length > 0 ? contents : malformed('wrong length of RVS_HMAC', at, Parameter.RVS_HMAC)
}

// VIA_RVS (65502)
//  0            16
// +------------+------------+
// | address 16 | address 16 | ...  of the servers that relayed the I1
// +------------+------------+
/** Writes VIA_RVS: addresses of 16 bytes (InvariantError otherwise). RFC 8004 §4.2.3. */
export function encodeViaRvs(addresses: readonly Uint8Array[]): ParameterValue {
  assert(
    addresses.every((address) => address.length === ADDRESS_BYTES),
    'an address has 16 bytes',
  )
  return { type: Parameter.VIA_RVS, contents: concat(...addresses) }
}

/** The addresses of VIA_RVS, whose contents begin at byte `at`: one or more, or Malformed. RFC 8004 §4.2.3. */
export function decodeViaRvs(contents: Uint8Array, at: number): Uint8Array[] | Malformed {
  if (contents.length === 0 || contents.length % ADDRESS_BYTES !== 0) {
    return malformed('wrong length of VIA_RVS', at, Parameter.VIA_RVS)
  }
  const addresses: Uint8Array[] = []
  for (let start = 0; start < contents.length; start += ADDRESS_BYTES) {
    addresses.push(contents.subarray(start, start + ADDRESS_BYTES))
  }
  return addresses
}
