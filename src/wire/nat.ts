// Parameters of NAT traversal and of relays (RFC 9028 §5.4–§5.15; RFC 5770 has the older ones). Addresses have 16 bytes, IPv4
// as ::ffff:a.b.c.d. None is critical.

import { assert } from '../base/assert.ts'
import { concat, Reader, Writer } from '../base/bytes.ts'
import { firstSix, LIST_LIMIT, readList, writeList } from './lists.ts'
import { type Malformed, malformed } from './malformed.ts'
import type { ParameterValue } from './packet.ts'
import { Parameter } from './registry.ts'

/** Where somebody is seen from, or is to be reached at. */
export interface TransportAddress {
  /** 0 with plain IP. */
  readonly port: number
  /** 17 for UDP, 0 for plain IP. */
  readonly protocol: number
  /** 16 bytes, IPv4 as ::ffff:a.b.c.d. */
  readonly address: Uint8Array
}

/** What a data relay is to let through to one peer. SPIs are those of the relay's client. */
export interface PeerPermission {
  /** The relay's UDP port, to which the peer sends. */
  readonly relayPort: number
  /** The peer's UDP port. */
  readonly peerPort: number
  /** 17: UDP. */
  readonly protocol: number
  /** The relay's address that the peer sends to: 16 bytes. */
  readonly relayAddress: Uint8Array
  /** 16 bytes. */
  readonly peerAddress: Uint8Array
  /** With which the client seals to the peer: 4 bytes. */
  readonly outboundSpi: number
  /** With which the peer seals to the client: 4 bytes. */
  readonly inboundSpi: number
}

/** The types that carry one transport address. */
export type TransportAddressType =
  | typeof Parameter.REG_FROM
  | typeof Parameter.RELAYED_ADDRESS
  | typeof Parameter.MAPPED_ADDRESS
  | typeof Parameter.RELAY_FROM
  | typeof Parameter.RELAY_TO

const TRANSPORT_ADDRESS_BYTES = 20
const PERMISSION_BYTES = 48

// NAT_TRAVERSAL_MODE (608)
//  0            2        4
// +------------+--------+--------+
// | reserved 2 | mode 2 | mode 2 | ...  six at most, preferred first
// +------------+--------+--------+
/**
 * Writes NAT_TRAVERSAL_MODE: `NatMode` of the registry, best first. More than six are our bug (InvariantError). RFC 9028
 * §5.4.
 */
export function encodeNatTraversalMode(modes: readonly number[]): ParameterValue {
  assert(modes.length <= LIST_LIMIT, 'NAT_TRAVERSAL_MODE lists at most six')
  return { type: Parameter.NAT_TRAVERSAL_MODE, contents: concat(new Uint8Array(2), writeList(modes, 2)) }
}

/**
 * Reads the contents of NAT_TRAVERSAL_MODE at byte `at` of the packet; an empty list is Malformed, and of a long one the
 * first six count. RFC 9028 §5.4.
 */
export function decodeNatTraversalMode(contents: Uint8Array, at: number): number[] | Malformed {
  if (contents.length < 2) return malformed('wrong length of NAT_TRAVERSAL_MODE', at, Parameter.NAT_TRAVERSAL_MODE)
  return firstSix(readList(contents.subarray(2), at + 2, 2, Parameter.NAT_TRAVERSAL_MODE))
}

// TRANSACTION_PACING (610)
//  0
// +----------+
// | min Ta 4 |  milliseconds
// +----------+
/** Writes TRANSACTION_PACING: the least time between connectivity checks, in ms. RFC 9028 §5.5. */
export function encodeTransactionPacing(minTaMs: number): ParameterValue {
  return { type: Parameter.TRANSACTION_PACING, contents: new Writer().u32(minTaMs).finish() }
}

/** The milliseconds of TRANSACTION_PACING, whose contents begin at byte `at`; Malformed if it is not one word. RFC 9028 §5.5. */
export function decodeTransactionPacing(contents: Uint8Array, at: number): number | Malformed {
  return readWord(contents, at, Parameter.TRANSACTION_PACING)
}

// REG_FROM (950), RELAYED_ADDRESS (4650), MAPPED_ADDRESS (4660), RELAY_FROM (63998), RELAY_TO (64002)
//  0        2            3            4
// +--------+------------+------------+------------+
// | port 2 | protocol 1 | reserved 1 | address 16 |
// +--------+------------+------------+------------+
/** Writes the parameter of that type. RFC 9028 §5.6, §5.12. */
export function encodeTransportAddress(type: TransportAddressType, value: TransportAddress): ParameterValue {
  assert(value.address.length === 16, 'an address has 16 bytes')
  const writer = new Writer().u16(value.port).u8(value.protocol).u8(0).bytes(value.address)
  return { type, contents: writer.finish() }
}

/** Reads one of the five; `type` is for the fault to name. */
export function decodeTransportAddress(
  contents: Uint8Array,
  at: number,
  type?: TransportAddressType,
): TransportAddress | Malformed {
  if (contents.length !== TRANSPORT_ADDRESS_BYTES) return malformed('wrong length of a transport address', at, type)
  const reader = new Reader(contents)
  const value = { port: reader.u16(), protocol: reader.u8() }
  reader.skip(1)
  return { ...value, address: reader.bytes(16) }
}

// PEER_PERMISSION (4680)           one or more of
//  0              2             4            5            8
// +--------------+-------------+------------+------------+
// | relay port 2 | peer port 2 | protocol 1 | reserved 3 |
// +--------------+-------------+------------+------------+
//  8                   24                40               44
// +-------------------+-----------------+----------------+---------------+
// | relay address 16  | peer address 16 | outbound SPI 4 | inbound SPI 4 |
// +-------------------+-----------------+----------------+---------------+
/** Writes PEER_PERMISSION. RFC 9028 §5.13. */
export function encodePeerPermission(permissions: readonly PeerPermission[]): ParameterValue {
  const writer = new Writer()
  for (const permission of permissions) {
    const { relayAddress, peerAddress } = permission
    assert(relayAddress.length === 16 && peerAddress.length === 16, 'an address has 16 bytes')
    writer.u16(permission.relayPort).u16(permission.peerPort).u8(permission.protocol).zeros(3)
    writer.bytes(relayAddress).bytes(peerAddress).u32(permission.outboundSpi).u32(permission.inboundSpi)
  }
  return { type: Parameter.PEER_PERMISSION, contents: writer.finish() }
}

/**
 * Reads the contents of PEER_PERMISSION at byte `at` of the packet: one set of 48 bytes or more, or Malformed. RFC 9028
 * §5.13.
 */
export function decodePeerPermission(contents: Uint8Array, at: number): PeerPermission[] | Malformed {
  if (contents.length === 0 || contents.length % PERMISSION_BYTES !== 0) {
    return malformed('wrong length of PEER_PERMISSION', at, Parameter.PEER_PERMISSION)
  }
  const reader = new Reader(contents)
  const permissions: PeerPermission[] = []
  while (reader.remaining > 0) {
    const head = { relayPort: reader.u16(), peerPort: reader.u16(), protocol: reader.u8() }
    reader.skip(3)
    const addresses = { relayAddress: reader.bytes(16), peerAddress: reader.bytes(16) }
    permissions.push({ ...head, ...addresses, outboundSpi: reader.u32(), inboundSpi: reader.u32() })
  }
  return permissions
}

// CANDIDATE_PRIORITY (4700)
//  0
// +------------+
// | priority 4 |
// +------------+
/** Writes CANDIDATE_PRIORITY: 32 bits. RFC 9028 §5.14. */
export function encodeCandidatePriority(priority: number): ParameterValue {
  return { type: Parameter.CANDIDATE_PRIORITY, contents: new Writer().u32(priority).finish() }
}

/** The 32 bits of CANDIDATE_PRIORITY, whose contents begin at byte `at`; Malformed if it is not one word. RFC 9028 §5.14. */
export function decodeCandidatePriority(contents: Uint8Array, at: number): number | Malformed {
  return readWord(contents, at, Parameter.CANDIDATE_PRIORITY)
}

// NOMINATE (4710)                  says what it says by being there
//  0
// +------------+
// | reserved 4 |
// +------------+
/** Writes NOMINATE. RFC 9028 §5.15. */
export function encodeNominate(): ParameterValue {
  return { type: Parameter.NOMINATE, contents: new Uint8Array(4) }
}

/** True for the contents of NOMINATE at byte `at` of the packet; Malformed if they are not one word. RFC 9028 §5.15. */
export function decodeNominate(contents: Uint8Array, at: number): true | Malformed {
  return contents.length === 4 ? true : malformed('wrong length of NOMINATE', at, Parameter.NOMINATE)
}

// RELAY_HMAC (65520)               covers what stands before it, as RVS_HMAC does
//  0
// +-------------------------+
// | MAC, as long as RHASH   |
// +-------------------------+
/** Writes RELAY_HMAC: a MAC as long as the hash of the relay's HIT suite. RFC 9028 §5.8. */
export function encodeRelayHmac(mac: Uint8Array): ParameterValue {
  return { type: Parameter.RELAY_HMAC, contents: mac }
}

/** The MAC of RELAY_HMAC, whose contents begin at byte `at`; Malformed if it is empty. RFC 9028 §5.8. */
export function decodeRelayHmac(contents: Uint8Array, at: number): Uint8Array | Malformed {
  return contents.length > 0 ? contents : malformed('wrong length of RELAY_HMAC', at, Parameter.RELAY_HMAC)
}

function readWord(contents: Uint8Array, at: number, type: number): number | Malformed {
  return contents.length === 4 ? new Reader(contents).u32() : malformed('wrong length of one word', at, type)
}
