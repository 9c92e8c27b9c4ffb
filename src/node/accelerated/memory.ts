// Memory of which C is told the address. What an ArrayBuffer holds never moves; it is kept alive by whoever holds the buffer, so that
// an address is good for as long as the call it is made for, and not a moment longer.

import type { Koffi } from './koffi.ts'

/** A piece of memory for structs and small values: written once where they stay the same, and handed over by address. */
export class Pinned {
  readonly buffer: ArrayBuffer
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly address: number

  constructor(koffi: Koffi, length: number) {
    const memory = new ArrayBuffer(length)
    this.buffer = memory
    this.bytes = new Uint8Array(memory)
    this.view = new DataView(memory)
    this.address = Number(koffi.address(memory))
  }

  /** Writes a 64-bit number below 2^53, an address for instance. */
  setLong(at: number, value: number): void {
    this.view.setUint32(at, value >>> 0, true)
    this.view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true)
  }
}

/** The address of bytes; of those that are in the same buffer as the last ones without asking anybody. */
export class Addresses {
  readonly #koffi: Koffi
  #bytes: Uint8Array | undefined
  #address = 0
  #buffer: ArrayBufferLike | undefined
  #base = 0

  constructor(koffi: Koffi) {
    this.#koffi = koffi
  }

  /**
   * Asked anew for each call: the bytes are there, as their length says, and so is what lies at their address. Whoever asks twice for the
   * same ones looks at their length again: it is none if their buffer has been handed to another thread.
   */
  of(bytes: Uint8Array): number {
    if (bytes === this.#bytes) return this.#address
    const { buffer } = bytes
    if (buffer !== this.#buffer) {
      this.#base = Number(this.#koffi.address(asArrayBuffer(buffer)))
      this.#buffer = buffer
    }
    this.#bytes = bytes
    this.#address = this.#base + bytes.byteOffset
    return this.#address
  }
}

function asArrayBuffer(buffer: ArrayBufferLike): ArrayBuffer {
  if (buffer instanceof ArrayBuffer) return buffer
  throw new TypeError('shared memory is never sent')
}
