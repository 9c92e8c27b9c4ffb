// Memory for packets to be sealed, cut from larger pieces: one allocation for dozens of packets instead of one each, which
// would cost more than everything else an outbound SA does. Packets lie end to end, so that a burst of them can leave by one call.
// A piece all of whose packets have left is used again: memory that is only made and forgotten keeps the collector busy with the rest.

import { assert } from '../../base/assert.ts'

const PIECE_BYTES = 65_536
const CUT_BYTES_MAX = PIECE_BYTES / 4
/** Packets that leave together are no longer than one UDP payload may be, or they would not. */
const BURST_BYTES_MAX = 65_507
/** Pieces that wait to be used again: those of the datagrams of one turn, however long. */
const SPARE_PIECES_MAX = 64

interface Piece {
  readonly buffer: ArrayBuffer
  /** Packets in it that have not left. */
  packets: number
}

const spare: Piece[] = []
const pieces = new WeakMap<ArrayBufferLike, Piece>()
/** What short packets are cut from, and how much of it is taken. */
let piece = freshPiece()
let used = 0
/** Whose packet was the last to leave: mostly that of the next one, too. */
let leaving = piece

/** `length` bytes of their own, all of which the caller writes before anybody sees them: there may be anything. */
export function packetMemory(length: number): Uint8Array {
  if (length > PIECE_BYTES) return new Uint8Array(length)
  if (length > CUT_BYTES_MAX) {
    const long = spare.pop() ?? freshPiece()
    long.packets = 1
    return new Uint8Array(long.buffer, 0, length)
  }
  return cut(length, 1)
}

/** Whether packets so long lie end to end. */
export function liesInBursts(length: number): boolean {
  return length <= CUT_BYTES_MAX
}

/** The same for up to `most` packets of one length that `liesInBursts`; for fewer if no more would leave together. */
export function burstMemory(length: number, most: number): Uint8Array {
  assert(liesInBursts(length), 'a long packet has memory to itself')
  const left = used + length > PIECE_BYTES ? PIECE_BYTES : PIECE_BYTES - used
  return cut(length, Math.min(most, Math.floor(Math.min(left, BURST_BYTES_MAX) / length)))
}

function cut(length: number, packets: number): Uint8Array {
  const bytes = length * packets
  if (used + bytes > PIECE_BYTES) {
    // Of what nobody returns, nobody can tell when it has left.
    piece = spare.pop() ?? freshPiece()
    used = 0
  }
  const memory = new Uint8Array(piece.buffer, used, bytes)
  piece.packets += packets
  used += bytes
  return memory
}

/** What of the memory for a burst is needed after all: so many bytes, for all but so many packets. It is what was cut last. */
export function trimBurst(memory: Uint8Array, length: number, unused: number): Uint8Array {
  assert(memory.buffer === piece.buffer && memory.byteOffset + memory.length === used, 'a burst was cut last')
  used -= memory.length - length
  if (unused > 0) packetLeft(memory, unused)
  return length === memory.length ? memory : memory.subarray(0, length)
}

/** The beginning of a packet, which is all that was needed of it; nothing of it if `length` is 0, and then it never leaves. */
export function trimPacket(packet: Uint8Array, length: number): Uint8Array {
  if (length === packet.length) return packet
  if (packet.length > CUT_BYTES_MAX && length <= CUT_BYTES_MAX) {
    const short = length > 0 ? packetMemory(length) : NOTHING
    short.set(packet.subarray(0, length))
    packetLeft(packet)
    return short
  }
  if (packet.buffer === piece.buffer && packet.byteOffset + packet.length === used) used -= packet.length - length
  const trimmed = packet.subarray(0, length)
  if (length === 0) packetLeft(packet)
  return trimmed
}

const NOTHING = new Uint8Array(0)

/** A packet has left, or several, and nobody looks at it any more: its memory may be another's. To be said once, or never. */
export function packetLeft({ buffer }: Uint8Array, packets = 1): void {
  if (leaving.buffer !== buffer) {
    const known = pieces.get(buffer)
    if (known === undefined) return
    leaving = known
  }
  const left = leaving
  assert(left.packets >= packets, 'a packet leaves once')
  left.packets -= packets
  if (left.packets > 0) return
  if (left === piece) used = 0
  else if (spare.length < SPARE_PIECES_MAX) spare.push(left)
}

function freshPiece(): Piece {
  const fresh = { buffer: new ArrayBuffer(PIECE_BYTES), packets: 0 }
  pieces.set(fresh.buffer, fresh)
  return fresh
}
