// KMAC128 and KMACXOF128 (NIST SP 800-185 §4), written down over cSHAKE128, which is noble's. The state that has taken in the
// function's name is the same for every key and is copied, and so is one that has taken in a key: each saves one of the five
// permutations of a short message.

import { cshake128 } from '@noble/hashes/sha3-addons.js'
import { utf8 } from '../base/bytes.ts'
import { Secret, wipe } from './secret.ts'

type State = ReturnType<typeof cshake128.create>

const RATE = 168
const MAC_BYTES = 32
/** right_encode of 256 bits, and of the 0 that stands for any length. */
const FIXED_LENGTH = Uint8Array.of(1, 0, 2)
const ANY_LENGTH = Uint8Array.of(0, 1)

/** A key that has been taken in: makes 32-byte MACs, or output of any length. Never changes. */
export class KmacKey {
  readonly #state: State

  /** `key`: at most 8191 bytes. */
  constructor(key: Uint8Array) {
    const padded = bytepad(key)
    this.#state = named().clone().update(padded)
    wipe(padded)
  }

  /** KMAC128 of the parts one after another, 256 bits, no customisation. */
  mac(parts: readonly Uint8Array[]): Uint8Array {
    return this.#taking(parts).update(FIXED_LENGTH).digest()
  }

  /** The same, as a key. */
  derive(parts: readonly Uint8Array[]): Secret {
    const output = new Secret(MAC_BYTES)
    this.#taking(parts).update(FIXED_LENGTH).digestInto(output)
    return output
  }

  /** KMACXOF128 of the message, `length` bytes. */
  xof(message: Uint8Array, length: number): Secret {
    const output = new Secret(length)
    const state = this.#taking([message]).update(ANY_LENGTH)
    state.xofInto(output)
    state.destroy()
    return output
  }

  /** Forgets the key. Nothing can be made with it afterwards. */
  destroy(): void {
    this.#state.destroy()
  }

  // Every output is made at once, and whoever makes it clears the state: so one is enough.
  #taking(parts: readonly Uint8Array[]): State {
    scratch = this.#state._cloneInto(scratch)
    for (const part of parts) scratch.update(part)
    return scratch
  }
}

let scratch: State | undefined
let prefix: State | undefined

function named(): State {
  prefix ??= cshake128.create({ NISTfn: utf8('KMAC'), dkLen: MAC_BYTES })
  return prefix
}

// bytepad(encode_string(key), rate) (§2.3.2, §2.3.3).
function bytepad(key: Uint8Array): Uint8Array {
  const bits = 8 * key.length
  const length = bits < 0x100 ? [1, bits] : [2, bits >> 8, bits & 0xff]
  const head = [1, RATE, ...length]
  const padded = new Uint8Array(RATE * Math.ceil((head.length + key.length) / RATE))
  padded.set(head)
  padded.set(key, head.length)
  return padded
}
