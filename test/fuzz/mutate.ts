// Inputs out of inputs: what breaks decoders is mostly a sound input with a length, a type or an end that does not fit.

import type { Prng } from '../../src/base/prng.ts'

const INTERESTING = [0, 1, 2, 3, 4, 7, 8, 11, 12, 16, 20, 40, 48, 63, 64, 127, 128, 254, 255]
const INPUT_LIMIT = 16_384

/** A changed copy of `input`; `other` may lend a piece. The same for the same state of `prng`. */
export function mutate(input: Uint8Array, other: Uint8Array, prng: Prng): Uint8Array {
  let bytes = input
  for (let edits = 1 + prng.below(4); edits > 0; edits--) bytes = edit(bytes, other, prng)
  return bytes.slice(0, INPUT_LIMIT)
}

function edit(bytes: Uint8Array, other: Uint8Array, prng: Prng): Uint8Array {
  const at = prng.below(bytes.length + 1)
  const copy = Uint8Array.from(bytes)
  switch (prng.below(7)) {
    case 0:
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << prng.below(8))
      return copy
    case 1:
      if (at < copy.length) copy[at] = INTERESTING[prng.below(INTERESTING.length)] ?? 0
      return copy
    case 2:
      if (at < copy.length) copy[at] = prng.below(256)
      return copy
    case 3:
      return copy.subarray(0, at)
    case 4:
      return Uint8Array.from([...copy.subarray(0, at), ...copy.subarray(at + 1 + prng.below(8))])
    case 5: {
      const from = prng.below(other.length + 1)
      const piece = other.subarray(from, from + 1 + prng.below(32))
      return Uint8Array.from([...copy.subarray(0, at), ...piece, ...copy.subarray(at)])
    }
    default: {
      const more = Array.from({ length: 1 + prng.below(12) }, () => prng.below(256))
      return Uint8Array.from([...copy.subarray(0, at), ...more, ...copy.subarray(at)])
    }
  }
}
