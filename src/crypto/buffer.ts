// Node answers with Buffers, whose `slice` is a view and whose text is another than a Uint8Array's. What leaves this layer
// is a plain Uint8Array; the one exception is the plaintext of `Opener.open`, where a further view would be paid per packet.

/** The same bytes as a plain Uint8Array; a view, not a copy. */
export function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}

/** Unpadded base64url, as JSON Web Keys have it (RFC 7515 §2). */
export function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

/** The bytes of base64url, in memory of their own: `Buffer.from` would leave a copy of a secret in a pool. */
export function fromBase64url(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  const written = Buffer.from(bytes.buffer).write(text, 'base64url')
  return written === bytes.length ? bytes : bytes.slice(0, written)
}
