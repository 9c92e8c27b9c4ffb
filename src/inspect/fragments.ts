// IP packets from their fragments (RFC 791 §3.2, RFC 8200 §4.5): R1s and I2s with long keys do not fit a link. A bounded number
// is kept; the oldest goes first. Pieces that overlap are not put together (RFC 5722). Each piece is looked at twice, however many come.

import { toHex } from '../base/bytes.ts'
import type { IpPacket } from './carried.ts'

const KEPT_MAX = 256
const PACKET_LIMIT = 0x10000

interface Pieces {
  readonly all: IpPacket[]
  bytes: number
  /** Where the piece that came last of all ends; unknown before it is there. */
  end: number | undefined
}

export class Fragments {
  readonly #kept = new Map<string, Pieces>()

  /** Takes a fragment; the whole packet, if this was its last piece. */
  add(packet: IpPacket): IpPacket | undefined {
    const { source, destination, protocol, fragment } = packet
    if (fragment === undefined) return packet
    const { length } = packet.payload
    if (length === 0) return undefined
    const key = `${toHex(source)} ${toHex(destination)} ${protocol} ${fragment.id}`
    const pieces = this.#kept.get(key) ?? { all: [], bytes: 0, end: undefined }
    pieces.all.push(packet)
    pieces.bytes += length
    if (!fragment.more) pieces.end = fragment.offset + length
    const complete = pieces.bytes === pieces.end
    // What is as long as it has to be and yet not whole never will be.
    if (complete || pieces.bytes > PACKET_LIMIT) this.#kept.delete(key)
    else this.#keep(key, pieces)
    return complete ? joined(pieces) : undefined
  }

  #keep(key: string, pieces: Pieces): void {
    this.#kept.set(key, pieces)
    if (this.#kept.size <= KEPT_MAX) return
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest)
      return
    }
  }
}

function joined({ all, bytes }: Pieces): IpPacket | undefined {
  const sorted = [...all].sort((a, b) => (a.fragment?.offset ?? 0) - (b.fragment?.offset ?? 0))
  const [first] = sorted
  if (first === undefined || sorted.at(-1)?.fragment?.more !== false) return undefined
  const payload = new Uint8Array(bytes)
  let end = 0
  for (const piece of sorted) {
    if (piece.fragment?.offset !== end || piece.missing > 0) return undefined
    payload.set(piece.payload, end)
    end += piece.payload.length
  }
  const { source, destination, protocol } = first
  return { source, destination, protocol, payload, missing: 0 }
}
