// Memory for packets to be sealed, cut from larger pieces: one allocation for dozens of packets instead of one each, which
// would cost more than everything else an outbound SA does. Packets lie end to end, so that a burst of them can leave by one call.
// A piece all of whose packets have left is used again: memory that is only made and forgotten keeps the collector busy with the rest.

import { assert } from '../../base/assert.ts'

const PIECE_BYTES = 65_536
const CUT_BYTES_MAX = PIECE_BYTES / 4
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
  if (used + length > PIECE_BYTES) {
    // Of what nobody returns, nobody can tell when it has left.
    piece = spare.pop() ?? freshPiece()
    used = 0
  }
  const cut = new Uint8Array(piece.buffer, used, length)
  piece.packets += 1
  used += length
  return cut
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

/** A packet has left, and nobody looks at it any more: its memory may be another's. To be said once, or never. */
export function packetLeft({ buffer }: Uint8Array): void {
  if (leaving.buffer !== buffer) {
    const known = pieces.get(buffer)
    if (known === undefined) return
    leaving = known
  }
  const left = leaving
  assert(left.packets > 0, 'a packet leaves once')
  left.packets -= 1
  if (left.packets > 0) return
  if (left === piece) used = 0
  else if (spare.length < SPARE_PIECES_MAX) spare.push(left)
}

function freshPiece(): Piece {
  const fresh = { buffer: new ArrayBuffer(PIECE_BYTES), packets: 0 }
  pieces.set(fresh.buffer, fresh)
  return fresh
}
