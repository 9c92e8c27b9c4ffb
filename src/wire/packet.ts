// HIP packets as a header and a row of TLVs (RFC 7401 §5.1, §5.2.1), and which bytes a MAC or signature covers (§6.4).
// Over UDP the checksum is zero (RFC 9028 §5.1); any other value is dropped here.

import { assert } from '../base/assert.ts'
import { concat, Reader } from '../base/bytes.ts'
import { isMalformed, type Malformed, malformed } from './malformed.ts'
import { Parameter } from './registry.ts'

/** Header bytes: RFC 7401 §5.1. */
export const HIP_HEADER_BYTES = 40
/** The largest packet that an 8-bit header length can tell. */
export const HIP_PACKET_LIMIT = 2048

const NO_NEXT_HEADER = 59
const VERSION_BYTE = 0x21
const VERSION = 2
const LENGTH_OFFSET = 1
const CHECKSUM_OFFSET = 4
const SENDER_OFFSET = 8
const RECEIVER_OFFSET = 24

/** A parameter to be written. */
export interface ParameterValue {
  /** Two bytes: `Parameter` of the registry, or any other. Odd ones are critical. */
  readonly type: number
  /** What stands behind type and length, without padding: at most 65535 bytes. */
  readonly contents: Uint8Array
}

/** A parameter as found: `start` and `end` of its TLV, padding included, in the packet. Views, not copies. */
export interface RawParameter extends ParameterValue {
  /** Where its type begins. */
  readonly start: number
  /** Where the next parameter begins. */
  readonly end: number
}

/** A packet whose framing is sound. HITs have 16 bytes; all byte strings are views of `bytes`. */
export interface Packet {
  /** 7 bits: `PacketType` of the registry, or any other. */
  readonly type: number
  /** 16 bits: `Control` of the registry. */
  readonly controls: number
  /** HIT of the sender. */
  readonly sender: Uint8Array
  /** HIT of whom it is for; zeros in an I1 to whoever is there. */
  readonly receiver: Uint8Array
  /** In order of type. */
  readonly parameters: readonly RawParameter[]
  /** The whole packet. */
  readonly bytes: Uint8Array
}

/** `checksum: 'ignore'` takes packets that were captured over plain IP. */
export interface DecodeOptions {
  /** 'zero' (the default) refuses any other, as over UDP; 'ignore' looks at none. `hipChecksum` computes it. */
  readonly checksum?: 'zero' | 'ignore'
}

/** Reads the framing of a HIP packet, given without the UDP marker. RFC 7401 §5.1, §5.2.1. */
export function decodePacket(bytes: Uint8Array, options: DecodeOptions = {}): Packet | Malformed {
  const reader = new Reader(bytes)
  const nextHeader = reader.u8()
  const length = (reader.u8() + 1) * 8
  const type = reader.u8() & 0x7f
  const version = reader.u8() >> 4
  const checksum = reader.u16()
  const controls = reader.u16()
  const sender = reader.bytes(16)
  const receiver = reader.bytes(16)
  if (reader.failed) return malformed('shorter than a HIP header', bytes.length)
  if (version !== VERSION) return malformed(`HIP version ${version}`, 3)
  if (length < HIP_HEADER_BYTES) return malformed('header length below that of a header', LENGTH_OFFSET)
  if (length > bytes.length) return malformed(`${length} bytes announced, ${bytes.length} there`, LENGTH_OFFSET)
  // Only after an unknown next header may something follow (RFC 7401 §5.1).
  if (length < bytes.length && nextHeader === NO_NEXT_HEADER) return malformed('bytes after the packet', length)
  if (checksum !== 0 && options.checksum !== 'ignore') return malformed('checksum not zero over UDP', CHECKSUM_OFFSET)
  const packet = bytes.subarray(0, length)
  const parameters = decodeParameters(packet, HIP_HEADER_BYTES)
  if (isMalformed(parameters)) return parameters
  return { type, controls, sender, receiver, parameters, bytes: packet }
}

/** Reads a row of TLVs from `start` to the end of `bytes`: of a packet, or of what ENCRYPTED held. RFC 7401 §5.2.1. */
export function decodeParameters(bytes: Uint8Array, start = 0): readonly RawParameter[] | Malformed {
  const parameters: RawParameter[] = []
  const reader = new Reader(bytes, start)
  let previous = -1
  while (reader.remaining > 0) {
    const at = reader.offset
    const type = reader.u16()
    const length = reader.u16()
    const contents = reader.bytes(length)
    reader.skip(tlvBytes(length) - 4 - length)
    if (reader.failed) return malformed('parameter runs past the end', at, type)
    if (type < previous) return malformed(`out of order, after ${previous}`, at, type)
    parameters.push({ type, contents, start: at, end: reader.offset })
    previous = type
  }
  return parameters
}

/** A whole packet, checksum zero. `parameters` must be in order and fit (InvariantError otherwise). */
export function encodePacket(
  type: number,
  sender: Uint8Array,
  receiver: Uint8Array,
  parameters: readonly ParameterValue[],
  controls = 0,
): Uint8Array {
  assert(sender.length === 16 && receiver.length === 16, 'a HIT has 16 bytes')
  const packet = new Uint8Array(HIP_HEADER_BYTES + parametersBytes(parameters))
  packet[0] = NO_NEXT_HEADER
  packet[2] = type
  packet[3] = VERSION_BYTE
  packet[6] = controls >> 8
  packet[7] = controls
  packet.set(sender, SENDER_OFFSET)
  packet.set(receiver, RECEIVER_OFFSET)
  writeParameters(packet, HIP_HEADER_BYTES, parameters)
  return withLength(packet)
}

/** A row of TLVs with their padding: what a packet carries, and what ENCRYPTED holds. Must be in order. */
export function encodeParameters(parameters: readonly ParameterValue[]): Uint8Array {
  const bytes = new Uint8Array(parametersBytes(parameters))
  writeParameters(bytes, 0, parameters)
  return bytes
}

/** The packet with one more parameter behind the others and its header length brought up to date, in new memory. */
export function appendParameter(packet: Uint8Array, type: number, contents: Uint8Array): Uint8Array {
  assert(type >= lastType(packet), 'parameters are written in order of type')
  const longer = new Uint8Array(packet.length + tlvBytes(contents.length))
  longer.set(packet)
  writeParameters(longer, packet.length, [{ type, contents }])
  return withLength(longer)
}

/**
 * What INSTANCE, HIP_MAC or HIP_SIGNATURE of `type` covers: the header (checksum zero, its length cut) and all
 * parameters of smaller type. RFC 7401 §6.4.1, §6.4.2; MOVING §2.
 */
export function coveredBy(packet: Packet, type: number): Uint8Array {
  // Not slice(): of a Buffer that is a view, and what comes out is written to.
  return withLength(new Uint8Array(packet.bytes.subarray(0, endOfCovered(packet, type))))
}

/** The same for a MAC, which takes it in two parts: the header, changed as it is covered, and the parameters as they stand. */
export function macInput(packet: Packet, type: number): readonly [Uint8Array, Uint8Array] {
  const end = endOfCovered(packet, type)
  const header = withLength(new Uint8Array(packet.bytes.subarray(0, HIP_HEADER_BYTES)), end)
  return [header, packet.bytes.subarray(HIP_HEADER_BYTES, end)]
}

/**
 * What HIP_SIGNATURE_2, and INSTANCE, of an R1 cover: as `coveredBy`, with the receiver's HIT and the puzzle's opaque
 * field and I zeroed, because an R1 is signed before either is known. RFC 7401 §5.2.15.
 */
export function coveredByR1(packet: Packet, type: number): Uint8Array {
  const covered = coveredBy(packet, type)
  covered.fill(0, RECEIVER_OFFSET, HIP_HEADER_BYTES)
  for (const parameter of packet.parameters) {
    if (parameter.type !== Parameter.PUZZLE || parameter.type >= type) continue
    // Past the TLV header stand K and the lifetime, which are covered.
    covered.fill(0, parameter.start + 6, parameter.start + 4 + parameter.contents.length)
  }
  return covered
}

/**
 * What HIP_MAC_2 covers: the header and all parameters of smaller type, then the Responder's HOST_ID TLV as it stood in
 * R1, and a header length that counts it. Takes a decoded R2, or the bytes of one that is being built. RFC 7401 §6.4.1.
 */
export function macTwoInput(packet: Packet | Uint8Array, hostIdTlv: Uint8Array): Uint8Array {
  const covered = packet instanceof Uint8Array ? packet : coveredBy(packet, Parameter.HIP_MAC_2)
  return withLength(concat(covered, hostIdTlv))
}

function parametersBytes(parameters: readonly ParameterValue[]): number {
  return parameters.reduce((sum, { contents }) => sum + tlvBytes(contents.length), 0)
}

// Into memory that is zero, as padding has to be.
function writeParameters(bytes: Uint8Array, start: number, parameters: readonly ParameterValue[]): void {
  let at = start
  let previous = -1
  for (const { type, contents } of parameters) {
    const { length } = contents
    assert(type >= previous && type <= 0xffff, 'parameters are written in order of type')
    assert(length <= 0xffff, 'the length of a parameter has 16 bits')
    bytes[at] = type >> 8
    bytes[at + 1] = type
    bytes[at + 2] = length >> 8
    bytes[at + 3] = length
    bytes.set(contents, at + 4)
    at += tlvBytes(length)
    previous = type
  }
}

// RFC 7401 §5.2.1: type, length and contents, padded to a multiple of 8.
function tlvBytes(length: number): number {
  return 11 + length - ((length + 3) % 8)
}

// Writes header length and zero checksum into a packet that belongs to us.
function endOfCovered({ parameters, bytes }: Packet, type: number): number {
  for (const parameter of parameters) if (parameter.type >= type) return parameter.start
  return bytes.length
}

/** `packet`: all of it, or what of it begins with its header. */
function withLength(packet: Uint8Array, length = packet.length): Uint8Array {
  assert(length % 8 === 0 && length <= HIP_PACKET_LIMIT, 'a HIP packet has at most 2048 bytes')
  packet[LENGTH_OFFSET] = length / 8 - 1
  packet.fill(0, CHECKSUM_OFFSET, CHECKSUM_OFFSET + 2)
  return packet
}

function lastType(packet: Uint8Array): number {
  const reader = new Reader(packet, HIP_HEADER_BYTES)
  let type = -1
  while (reader.remaining > 0 && !reader.failed) {
    type = reader.u16()
    reader.skip(tlvBytes(reader.u16()) - 4)
  }
  assert(!reader.failed, 'a packet of ours is sound')
  return type
}
