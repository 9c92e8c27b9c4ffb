// Bad input as a value: what is wrong, and at which byte. No decoder of this layer throws for anything the bytes contain.

/** Why bytes could not be read. */
export interface Malformed {
  /** What is wrong, for a log line; not meant to be parsed. */
  readonly malformed: string
  /** Byte offset in what was decoded (for HIP: in the packet, without the UDP marker). */
  readonly at: number
  /** The HIP parameter type, or the field of a signed object, in which it was found. */
  readonly parameter?: number
}

export function malformed(what: string, at: number, parameter?: number): Malformed {
  return parameter === undefined ? { malformed: what, at } : { malformed: what, at, parameter }
}

/** Whether a decoder gave a Malformed in place of what it reads. */
export function isMalformed(value: unknown): value is Malformed {
  // Read, not looked for: what is asked about every frame is of many shapes, and `in` is slow on those.
  return typeof value === 'object' && value !== null && (value as Partial<Malformed>).malformed !== undefined
}
