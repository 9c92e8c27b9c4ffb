// The border between Node's Buffers and the plain arrays of the layers below. It matters: `slice` of a Buffer shares its
// memory, `slice` of a Uint8Array copies, and the core relies on the copy.

/** The same bytes as a plain Uint8Array, not copied. */
export function plain(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
