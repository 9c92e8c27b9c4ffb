// Parameters of registration with a service (RFC 8003 §4). None is critical; what a registration is for is its type
// (`RegistrationType` of the registry).

import { assert } from '../base/assert.ts'
import { Reader, Writer } from '../base/bytes.ts'
import { type Malformed, malformed } from './malformed.ts'
import type { ParameterValue } from './packet.ts'
import { Parameter } from './registry.ts'

/** What a registrar offers. Lifetimes are coded bytes, see `registrationSeconds`; no type means: nothing at present. */
export interface RegistrationInfo {
  /** The shortest that is granted: a coded byte. */
  readonly minLifetime: number
  /** The longest that is granted: a coded byte. */
  readonly maxLifetime: number
  /** `RegistrationType` of the registry, a byte each. */
  readonly types: readonly number[]
}

/** What is asked for or granted. A coded lifetime of 0 cancels. */
export interface Registration {
  /** A coded byte. */
  readonly lifetime: number
  /** `RegistrationType` of the registry, a byte each, best first. */
  readonly types: readonly number[]
}

/** What was refused, and why (`RegistrationFailure` of the registry). */
export interface RegistrationRefusal {
  /** One byte. */
  readonly failure: number
  /** `RegistrationType` of the registry, a byte each. */
  readonly types: readonly number[]
}

/** Seconds that a coded lifetime stands for: 2^((code − 64) / 8), and 0 for 0. RFC 8003 §4.1. */
export function registrationSeconds(code: number): number {
  return code === 0 ? 0 : 2 ** ((code - 64) / 8)
}

/** The longest coded lifetime, 1 to 255, that is not above `seconds`; 0 for less than the shortest. RFC 8003 §4.1. */
export function registrationLifetime(seconds: number): number {
  assert(seconds >= 0, 'a lifetime is not negative')
  if (seconds === 0) return 0
  const code = Math.min(255, Math.max(0, Math.floor(64 + 8 * Math.log2(seconds))))
  // The logarithm may be off by its last bit where the power is exact.
  return code < 255 && registrationSeconds(code + 1) <= seconds ? code + 1 : code
}

// REG_INFO (930)
//  0                1                2        3
// +----------------+----------------+--------+--------+
// | min lifetime 1 | max lifetime 1 | type 1 | type 1 | ...
// +----------------+----------------+--------+--------+
/** Writes REG_INFO. RFC 8003 §4.2. */
export function encodeRegInfo(info: RegistrationInfo): ParameterValue {
  const writer = new Writer().u8(info.minLifetime).u8(info.maxLifetime)
  return { type: Parameter.REG_INFO, contents: withTypes(writer, info.types) }
}

/** Reads the contents of REG_INFO at byte `at` of the packet; Malformed without both lifetimes. RFC 8003 §4.2. */
export function decodeRegInfo(contents: Uint8Array, at: number): RegistrationInfo | Malformed {
  if (contents.length < 2) return malformed('wrong length of REG_INFO', at, Parameter.REG_INFO)
  const reader = new Reader(contents)
  return { minLifetime: reader.u8(), maxLifetime: reader.u8(), types: types(reader) }
}

// REG_REQUEST (932), REG_RESPONSE (934)
//  0            1        2
// +------------+--------+--------+
// | lifetime 1 | type 1 | type 1 | ...  preferred first
// +------------+--------+--------+
/** Writes REG_REQUEST. RFC 8003 §4.3. */
export function encodeRegRequest(request: Registration): ParameterValue {
  return { type: Parameter.REG_REQUEST, contents: withTypes(new Writer().u8(request.lifetime), request.types) }
}

/** Reads the contents of REG_REQUEST at byte `at` of the packet; Malformed without a type. RFC 8003 §4.3. */
export function decodeRegRequest(contents: Uint8Array, at: number): Registration | Malformed {
  return readRegistration(contents, at, Parameter.REG_REQUEST)
}

/** Writes REG_RESPONSE. RFC 8003 §4.4. */
export function encodeRegResponse(response: Registration): ParameterValue {
  return { type: Parameter.REG_RESPONSE, contents: withTypes(new Writer().u8(response.lifetime), response.types) }
}

/** Reads the contents of REG_RESPONSE at byte `at` of the packet; Malformed without a type. RFC 8003 §4.4. */
export function decodeRegResponse(contents: Uint8Array, at: number): Registration | Malformed {
  return readRegistration(contents, at, Parameter.REG_RESPONSE)
}

// REG_FAILED (936)
//  0           1        2
// +-----------+--------+--------+
// | failure 1 | type 1 | type 1 | ...
// +-----------+--------+--------+
/** Writes REG_FAILED. RFC 8003 §4.5. */
export function encodeRegFailed(refusal: RegistrationRefusal): ParameterValue {
  return { type: Parameter.REG_FAILED, contents: withTypes(new Writer().u8(refusal.failure), refusal.types) }
}

/** Reads the contents of REG_FAILED at byte `at` of the packet; Malformed without a type. RFC 8003 §4.5. */
export function decodeRegFailed(contents: Uint8Array, at: number): RegistrationRefusal | Malformed {
  if (contents.length < 2) return malformed('wrong length of REG_FAILED', at, Parameter.REG_FAILED)
  const reader = new Reader(contents)
  return { failure: reader.u8(), types: types(reader) }
}

function readRegistration(contents: Uint8Array, at: number, type: number): Registration | Malformed {
  if (contents.length < 2) return malformed('registration without a type', at, type)
  const reader = new Reader(contents)
  return { lifetime: reader.u8(), types: types(reader) }
}

function withTypes(writer: Writer, all: readonly number[]): Uint8Array {
  for (const type of all) writer.u8(type)
  return writer.finish()
}

function types(reader: Reader): number[] {
  return [...reader.bytes(reader.remaining)]
}
