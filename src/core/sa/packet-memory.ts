// Memory for packets to be sealed, cut from larger pieces: one allocation for dozens of packets instead of one each, which
// would cost more than everything else an outbound SA does. Packets lie end to end, so that a burst of them can leave by one call.

const PIECE_BYTES = 65_536
const CUT_BYTES_MAX = PIECE_BYTES / 4

let piece = new ArrayBuffer(0)
let used = 0
/** A long one that was taken and then hardly needed: all zero again. Where paths carry much, every small packet begins so. */
let spare: Uint8Array | undefined

/** `length` zero bytes of their own. */
export function packetMemory(length: number): Uint8Array {
  if (length > CUT_BYTES_MAX) {
    const long = spare?.length === length ? spare : new Uint8Array(length)
    spare = undefined
    return long
  }
  if (used + length > piece.byteLength) {
    piece = new ArrayBuffer(PIECE_BYTES)
    used = 0
  }
  const cut = new Uint8Array(piece, used, length)
  used += length
  return cut
}

/** A packet of `length`, as it begins; what is left, and was never written to, is for the next one if this was the last cut. */
export function trimPacket(packet: Uint8Array, length: number): Uint8Array {
  if (length === packet.length) return packet
  if (packet.length > CUT_BYTES_MAX && length <= CUT_BYTES_MAX) {
    const short = packetMemory(length)
    short.set(packet.subarray(0, length))
    packet.fill(0, 0, length)
    spare = packet
    return short
  }
  if (packet.buffer === piece && packet.byteOffset + packet.length === used) used -= packet.length - length
  return packet.subarray(0, length)
}
