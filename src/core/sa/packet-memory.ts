// Memory for packets to be sealed, cut from larger pieces: one allocation for dozens of packets instead of one each, which
// would cost more than everything else an outbound SA does. No byte is handed out twice.

const PIECE_BYTES = 65_536
const CUT_BYTES_MAX = PIECE_BYTES / 4

let piece = new ArrayBuffer(0)
let used = 0

/** `length` zero bytes of their own. */
export function packetMemory(length: number): Uint8Array {
  if (length > CUT_BYTES_MAX) return new Uint8Array(length)
  if (used + length > piece.byteLength) {
    piece = new ArrayBuffer(PIECE_BYTES)
    used = 0
  }
  const cut = new Uint8Array(piece, used, length)
  // Word boundaries make copies cheaper.
  used += (length + 7) & ~7
  return cut
}
