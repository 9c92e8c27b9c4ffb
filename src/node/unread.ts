// How many of the bytes that a stream has pushed nobody has taken yet. Node counts what waits in units of its own: bytes or, after
// `setEncoding`, characters, while the first bytes of an unfinished character wait in a decoder. A capsule needs bytes.

import { StringDecoder } from 'node:string_decoder'

/** The pushed bytes of one stream, as long as they may be unread. */
export class Unread {
  #decoder: StringDecoder | undefined
  #encoding: BufferEncoding = 'utf8'
  /** Oldest first. */
  #pieces: Piece[] = []
  /** Pieces before this one are read. Sums are of the others. */
  #first = 0
  #units = 0
  #bytes = 0
  /** Bytes that the decoder keeps for the next character. */
  #kept = 0

  pushed(bytes: Uint8Array): void {
    if (this.#decoder === undefined) return this.#add({ bytes, units: bytes.length, text: '', before: 0 })
    const text = this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    const before = this.#kept
    this.#add({ bytes, units: text.length, text, before })
    // At most three: what is replaced in a broken text is longer than the bytes it stands for.
    this.#kept = Math.min(Math.max(before + bytes.length - Buffer.byteLength(text, this.#encoding), 0), 3)
  }

  /** Of the pushed bytes, how many are unread while Node says that `length` units wait. To be asked often: the rest is forgotten. */
  bytes(length: number): number {
    this.#drop(length)
    const head = this.#pieces[this.#first]
    if (head === undefined) return this.#kept
    const read = Math.max(0, this.#units - length)
    const readBytes = this.#decoder === undefined ? read : Buffer.byteLength(head.text.slice(0, read), this.#encoding)
    return this.#bytes + head.before - readBytes
  }

  #add(piece: Piece): void {
    this.#pieces.push(piece)
    this.#units += piece.units
    this.#bytes += piece.bytes.length
  }

  /** Each piece is passed over once: a peer may send a byte at a time. */
  #drop(length: number): void {
    for (let head = this.#pieces[this.#first]; head !== undefined; head = this.#pieces[this.#first]) {
      if (this.#units - head.units < length) break
      this.#units -= head.units
      this.#bytes -= head.bytes.length
      this.#first++
    }
    if (this.#first * 2 < this.#pieces.length) return
    this.#pieces = this.#pieces.slice(this.#first)
    this.#first = 0
  }

  /** Node counts characters of this encoding from now on; `length` units, as it has counted until now, wait to be read as such. */
  encode(encoding: BufferEncoding, length: number): void {
    const unread = this.bytes(length)
    let over = this.#bytes - unread
    const waiting = this.#pieces.slice(this.#first)
    this.#encoding = encoding
    this.#decoder = new StringDecoder(encoding)
    this.#pieces = []
    this.#first = this.#units = this.#bytes = 0
    this.#kept = 0
    for (const { bytes } of waiting) {
      const skipped = Math.min(Math.max(over, 0), bytes.length)
      over -= skipped
      this.pushed(bytes.subarray(skipped))
    }
  }
}

interface Piece {
  readonly bytes: Uint8Array
  readonly units: number
  readonly text: string
  /** Bytes of its first character that came before. */
  readonly before: number
}
