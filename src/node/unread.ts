// How many of the bytes that a stream has pushed nobody has taken yet. Node counts what waits in units of its own: bytes or, after
// `setEncoding`, characters, while the first bytes of an unfinished character wait in a decoder. A capsule needs bytes.

import { StringDecoder } from 'node:string_decoder'

/** The pushed bytes of one stream, as long as they may be unread. */
export class Unread {
  #decoder: StringDecoder | undefined
  #encoding: BufferEncoding = 'utf8'
  /** Oldest first. */
  #pieces: Piece[] = []
  /** Bytes that the decoder keeps for the next character. */
  #kept = 0

  pushed(bytes: Uint8Array): void {
    if (this.#decoder === undefined) return void this.#pieces.push({ bytes, units: bytes.length, text: '', before: 0 })
    const text = this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    const before = this.#kept
    this.#pieces.push({ bytes, units: text.length, text, before })
    // At most three: what is replaced in a broken text is longer than the bytes it stands for.
    this.#kept = Math.min(Math.max(before + bytes.length - Buffer.byteLength(text, this.#encoding), 0), 3)
  }

  /** Of the pushed bytes, how many are unread while Node says that `length` units wait. To be asked often: the rest is forgotten. */
  bytes(length: number): number {
    let units = 0
    let first = this.#pieces.length
    while (first > 0 && units < length) units += this.#pieces[--first]?.units ?? 0
    this.#pieces = first === this.#pieces.length ? [] : this.#pieces.slice(first)
    const [head] = this.#pieces
    if (head === undefined) return this.#kept
    const read = Math.max(0, units - length)
    const readBytes = this.#decoder === undefined ? read : Buffer.byteLength(head.text.slice(0, read), this.#encoding)
    return this.#pieces.reduce((sum, { bytes }) => sum + bytes.length, head.before) - readBytes
  }

  /** Node counts characters of this encoding from now on; `length` units, as it has counted until now, wait to be read as such. */
  encode(encoding: BufferEncoding, length: number): void {
    let over = this.#pieces.reduce((sum, { bytes }) => sum + bytes.length, 0) - this.bytes(length)
    const waiting = this.#pieces
    this.#encoding = encoding
    this.#decoder = new StringDecoder(encoding)
    this.#pieces = []
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
