// Where random bytes come from. No file of this layer reads a random source of its own: whoever needs fresh bytes is given
// an Entropy. In production it is the operating system, never a generator that could have been copied (MOVING §3); in the
// simulator it is a seeded generator, so that a run can be repeated.

/** Returns `length` fresh, unpredictable bytes in an array that the caller may keep and change. */
export type Entropy = (length: number) => Uint8Array
