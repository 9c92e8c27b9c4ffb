// The private parameters of moving (MOVING §2). Their types are even, so a peer that knows only the RFCs skips them.

import { assert } from '../base/assert.ts'
import { concat, Reader, Writer } from '../base/bytes.ts'
import { type Malformed, malformed } from './malformed.ts'
import type { ParameterValue } from './packet.ts'
import { Parameter } from './registry.ts'
import { LOWEST_SPI } from './update.ts'

/** One start of an identity: zero and zeros where it is unknown. */
export interface EpochStart {
  /** At most 2^32 − 1. */
  readonly epoch: number
  /** 16 bytes. */
  readonly incarnation: Uint8Array
}

/** Which start of each end a packet is of, and what is resumed. MOVING §2. */
export interface Epoch {
  /** The sender's own start. */
  readonly sender: EpochStart
  /** As last known to the sender. */
  readonly addressee: EpochStart
  /** The epoch that a resumed state comes from. */
  readonly baseEpoch: number
  /** 8 bytes. */
  readonly resumptionId: Uint8Array
  /** A signed object; empty if none. */
  readonly receipt: Uint8Array
}

/** A key that never leaves this start, and its signature over the packet so far. */
export interface Instance {
  /** 32 bytes. */
  readonly key: Uint8Array
  /** 64 bytes. */
  readonly signature: Uint8Array
}

/** The last number sealed on an outbound SA. */
export interface Final {
  /** Of the SA: 4 bytes. */
  readonly spi: number
  /** All 64 bits of it; above 2^53 is Malformed. */
  readonly sequence: number
}

const HIGHEST_EPOCH = 0xffffffff
const EPOCH_BYTES = 66
const FINALS_LIMIT = 4

// EPOCH (39170)
//  0         8                24        32               48
// +---------+----------------+---------+----------------+
// | epoch 8 | incarnation 16 | epoch 8 | incarnation 16 |
// +---------+----------------+---------+----------------+
//   the sender's               the addressee's, as last known
//  48       56              64         66
// +--------+---------------+----------+------------------+
// | base 8 | resumption 8  | length 2 | receipt (length) |
// +--------+---------------+----------+------------------+
/** Writes EPOCH. A resumption id or incarnation of another length is our bug (InvariantError). MOVING §2. */
export function encodeEpoch(epoch: Epoch): ParameterValue {
  assert(epoch.resumptionId.length === 8, 'a resumption id has 8 bytes')
  const writer = new Writer(EPOCH_BYTES + epoch.receipt.length)
  writeStart(writer, epoch.sender)
  writeStart(writer, epoch.addressee)
  writeEpochNumber(writer, epoch.baseEpoch)
  writer.bytes(epoch.resumptionId).u16(epoch.receipt.length).bytes(epoch.receipt)
  return { type: Parameter.EPOCH, contents: writer.finish() }
}

/**
 * Reads the contents of EPOCH at byte `at` of the packet; Malformed if an epoch is above 2^32 − 1 or a length does not fit.
 * MOVING §2.
 */
export function decodeEpoch(contents: Uint8Array, at: number): Epoch | Malformed {
  if (contents.length < EPOCH_BYTES) return malformed('wrong length of EPOCH', at, Parameter.EPOCH)
  const reader = new Reader(contents)
  const sender = { epoch: reader.u64(), incarnation: reader.bytes(16) }
  const addressee = { epoch: reader.u64(), incarnation: reader.bytes(16) }
  const baseEpoch = reader.u64()
  if (reader.failed || Math.max(sender.epoch, addressee.epoch, baseEpoch) > HIGHEST_EPOCH) {
    return malformed('epoch above 2^32 - 1', at, Parameter.EPOCH)
  }
  const resumptionId = reader.bytes(8)
  const receipt = reader.bytes(reader.u16())
  if (reader.failed || reader.remaining > 0) {
    return malformed('length of the receipt does not fit', at + EPOCH_BYTES - 2, Parameter.EPOCH)
  }
  return { sender, addressee, baseEpoch, resumptionId, receipt }
}

// RESERVE_SPI (39174)
//  0
// +-------+
// | SPI 4 |
// +-------+
/** Writes RESERVE_SPI: an inbound SPI that the sender keeps free. MOVING §2. */
export function encodeReserveSpi(spi: number): ParameterValue {
  return { type: Parameter.RESERVE_SPI, contents: new Writer().u32(spi).finish() }
}

/** The SPI of RESERVE_SPI, whose contents begin at byte `at`; Malformed below `LOWEST_SPI`. MOVING §2. */
export function decodeReserveSpi(contents: Uint8Array, at: number): number | Malformed {
  if (contents.length !== 4) return malformed('wrong length of RESERVE_SPI', at, Parameter.RESERVE_SPI)
  const spi = new Reader(contents).u32()
  return spi < LOWEST_SPI ? malformed('reserved SPI', at, Parameter.RESERVE_SPI) : spi
}

// FINALS (39178)
//  0       4            12
// +-------+------------+-------+------------+
// | SPI 4 | sequence 8 | SPI 4 | sequence 8 | ...  four at most
// +-------+------------+-------+------------+
/** Writes FINALS. More than four, or an SPI twice, are our bug (InvariantError). MOVING §2. */
export function encodeFinals(finals: readonly Final[]): ParameterValue {
  assert(finals.length <= FINALS_LIMIT, 'FINALS lists at most four')
  assert(new Set(finals.map(({ spi }) => spi)).size === finals.length, 'FINALS lists an SPI once')
  const writer = new Writer()
  for (const { spi, sequence } of finals) writer.u32(spi).u64(sequence)
  return { type: Parameter.FINALS, contents: writer.finish() }
}

/** Reads the contents of FINALS at byte `at` of the packet: none to four, or Malformed. MOVING §2. */
export function decodeFinals(contents: Uint8Array, at: number): Final[] | Malformed {
  if (contents.length % 12 !== 0 || contents.length > FINALS_LIMIT * 12) {
    return malformed('wrong length of FINALS', at, Parameter.FINALS)
  }
  const reader = new Reader(contents)
  const finals: Final[] = []
  while (reader.remaining > 0) {
    const start = at + reader.offset
    const final = { spi: reader.u32(), sequence: reader.u64() }
    if (reader.failed) return malformed('sequence number above 2^53', start + 4, Parameter.FINALS)
    if (finals.some(({ spi }) => spi === final.spi)) return malformed('SPI listed twice', start, Parameter.FINALS)
    finals.push(final)
  }
  return finals
}

// PADDING (39182)
//  0
// +-------------------------+
// | zeros, of any length    |
// +-------------------------+

/** `length` zero bytes; the parameter has four more, and padding. */
export function encodePadding(length: number): ParameterValue {
  return { type: Parameter.PADDING, contents: new Uint8Array(length) }
}

/** How many bytes of padding there are; what they hold does not matter. */
export function decodePadding(contents: Uint8Array): number {
  return contents.length
}

// INSTANCE (39186)
//  0        32
// +--------+--------------+
// | key 32 | signature 64 |
// +--------+--------------+
/** Writes INSTANCE. MOVING §2. */
export function encodeInstance(instance: Instance): ParameterValue {
  assert(instance.key.length === 32 && instance.signature.length === 64, 'INSTANCE has an Ed25519 key and signature')
  return { type: Parameter.INSTANCE, contents: concat(instance.key, instance.signature) }
}

/** Reads the contents of INSTANCE at byte `at` of the packet; Malformed if they are not 96 bytes. MOVING §2. */
export function decodeInstance(contents: Uint8Array, at: number): Instance | Malformed {
  if (contents.length !== 96) return malformed('wrong length of INSTANCE', at, Parameter.INSTANCE)
  return { key: contents.subarray(0, 32), signature: contents.subarray(32) }
}

function writeStart(writer: Writer, start: EpochStart): void {
  assert(start.incarnation.length === 16, 'an incarnation has 16 bytes')
  writeEpochNumber(writer, start.epoch)
  writer.bytes(start.incarnation)
}

function writeEpochNumber(writer: Writer, epoch: number): void {
  assert(epoch <= HIGHEST_EPOCH, 'an epoch is at most 2^32 - 1')
  writer.u64(epoch)
}
