// CERT (RFC 8002 §2): one certificate of a group that may span packets. What is inside is for whoever can check it.

import { assert } from '../base/assert.ts'
import { Reader, Writer } from '../base/bytes.ts'
import { type Malformed, malformed } from './malformed.ts'
import type { ParameterValue } from './packet.ts'
import { Parameter } from './registry.ts'

export interface Certificate {
  readonly group: number
  /** How many certificates the group has, in all packets together. */
  readonly count: number
  /** 1 to `count`. */
  readonly id: number
  /** `CertificateType` of the registry. */
  readonly type: number
  readonly certificate: Uint8Array
}

// CERT (768)
//  0         1         2      3        4
// +---------+---------+------+--------+-------------+
// | group 1 | count 1 | id 1 | type 1 | certificate |
// +---------+---------+------+--------+-------------+
export function encodeCert(cert: Certificate): ParameterValue {
  assert(cert.id >= 1 && cert.id <= cert.count, 'certificates of a group are numbered from 1 to their count')
  const writer = new Writer().u8(cert.group).u8(cert.count).u8(cert.id).u8(cert.type).bytes(cert.certificate)
  return { type: Parameter.CERT, contents: writer.finish() }
}

export function decodeCert(contents: Uint8Array, at: number): Certificate | Malformed {
  if (contents.length < 5) return malformed('wrong length of CERT', at, Parameter.CERT)
  const reader = new Reader(contents)
  const cert = { group: reader.u8(), count: reader.u8(), id: reader.u8(), type: reader.u8() }
  if (cert.id < 1 || cert.id > cert.count) return malformed('number outside its group', at + 2, Parameter.CERT)
  return { ...cert, certificate: reader.bytes(reader.remaining) }
}
