// CERT (RFC 8002 §2): one certificate of a group that may span packets. What is inside is for whoever can check it.

import { assert } from '../base/assert.ts'
import { Reader, Writer } from '../base/bytes.ts'
import { type Malformed, malformed } from './malformed.ts'
import type { ParameterValue } from './packet.ts'
import { Parameter } from './registry.ts'

/** One certificate of a group. RFC 8002 §2. */
export interface Certificate {
  /** Which group it is of: 0 to 255. A group may span packets. */
  readonly group: number
  /** How many certificates the group has, in all packets together. */
  readonly count: number
  /** 1 to `count`. */
  readonly id: number
  /** `CertificateType` of the registry. */
  readonly type: number
  /** As its type says: DER for `X509`. Not looked into. */
  readonly certificate: Uint8Array
}

// CERT (768)
//  0         1         2      3        4
// +---------+---------+------+--------+-------------+
// | group 1 | count 1 | id 1 | type 1 | certificate |
// +---------+---------+------+--------+-------------+
/** Writes CERT. A number outside 1 to `count` is our bug (InvariantError). RFC 8002 §2. */
export function encodeCert(cert: Certificate): ParameterValue {
  assert(cert.id >= 1 && cert.id <= cert.count, 'certificates of a group are numbered from 1 to their count')
  const writer = new Writer().u8(cert.group).u8(cert.count).u8(cert.id).u8(cert.type).bytes(cert.certificate)
  return { type: Parameter.CERT, contents: writer.finish() }
}

/**
 * Reads the contents of CERT at byte `at` of the packet; Malformed if a field is missing or the number is outside the group.
 * RFC 8002 §2.
 */
export function decodeCert(contents: Uint8Array, at: number): Certificate | Malformed {
  if (contents.length < 5) return malformed('wrong length of CERT', at, Parameter.CERT)
  const reader = new Reader(contents)
  const cert = { group: reader.u8(), count: reader.u8(), id: reader.u8(), type: reader.u8() }
  if (cert.id < 1 || cert.id > cert.count) return malformed('number outside its group', at + 2, Parameter.CERT)
  return { ...cert, certificate: reader.bytes(reader.remaining) }
}
