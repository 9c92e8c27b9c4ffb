// A table of algorithms that computes nothing twice, for worlds in which both ends live in one process: a signature that was made
// here is the key's over that message, and the secret that one end has agreed on is the other's too. What is known is known to the
// byte, with everything that it depends on; all else is computed. One seed in thirteen does without (seed.ts), and a
// seed takes the very same course either way.

import { equalBytes } from '../base/bytes.ts'
import { type Algorithms, STANDARD } from '../crypto/algorithms.ts'
import type { DhGroup, DhKey } from '../crypto/dh.ts'
import type { KeyAlgorithm, Verifier } from '../crypto/key-algorithm.ts'

/** Signatures, and agreements of a group, that are remembered: more than a world has under way at once. */
const KNOWN_MAX = 4_096

interface Signed {
  readonly publicBytes: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

interface Agreed {
  readonly own: Uint8Array
  readonly peer: Uint8Array
  readonly kij: Uint8Array
}

/** The same algorithms, with a memory of their own. */
export function recollecting(algorithms: Algorithms): Algorithms {
  const dhGroups = new Map([...algorithms.dhGroups].map(([id, group]) => [id, groupOf(group)]))
  return Object.freeze({ ...algorithms, keys: algorithms.keys.map(kindOf), dhGroups })
}

/** Values by a number that equal ones share, the oldest out first. Who finds one compares. */
class Memory<T> {
  readonly #values = new Map<number, T>()

  find(place: number): T | undefined {
    return this.#values.get(place)
  }

  keep(place: number, value: T): void {
    const [oldest] = this.#values.size >= KNOWN_MAX ? this.#values.keys() : []
    if (oldest !== undefined) this.#values.delete(oldest)
    this.#values.set(place, value)
  }
}

function kindOf(kind: KeyAlgorithm): KeyAlgorithm {
  const memory = new Memory<Signed>()
  const owners = new WeakMap<Uint8Array, Uint8Array>()
  const keep = (publicBytes: Uint8Array | undefined, message: Uint8Array, signature: Uint8Array): void => {
    if (publicBytes === undefined) return
    memory.keep(placeOf(signature), { publicBytes, message: message.slice(), signature: signature.slice() })
  }
  return Object.freeze({
    ...kind,
    keyPair(secret: Uint8Array) {
      const pair = kind.keyPair(secret)
      owners.set(secret, pair.publicBytes)
      return pair
    },
    sign(secret: Uint8Array, key: Parameters<KeyAlgorithm['sign']>[1], message: Uint8Array): Uint8Array {
      const signature = kind.sign(secret, key, message)
      keep(owners.get(secret), message, signature)
      return signature
    },
    verifier(publicBytes: Uint8Array): Verifier | undefined {
      const verifier = kind.verifier(publicBytes)
      if (verifier === undefined) return undefined
      return {
        verify(message: Uint8Array, signature: Uint8Array): boolean {
          const known = memory.find(placeOf(signature))
          const same =
            known !== undefined &&
            equalBytes(known.signature, signature) &&
            equalBytes(known.message, message) &&
            equalBytes(known.publicBytes, publicBytes)
          if (same) return true
          const good = verifier.verify(message, signature)
          if (good) keep(publicBytes, message, signature)
          return good
        },
      }
    },
  })
}

function groupOf(group: DhGroup): DhGroup {
  const memory = new Memory<Agreed>()
  const remembering = (key: DhKey): DhKey => ({
    group: key.group,
    publicValue: key.publicValue,
    get secret(): Uint8Array {
      return key.secret
    },
    agree(peer: Uint8Array): Uint8Array | undefined {
      const own = key.publicValue
      // The sum is the same at either end.
      const place = placeOf(own) + placeOf(peer)
      const known = memory.find(place)
      if (known !== undefined && equalBytes(known.own, peer) && equalBytes(known.peer, own)) return known.kij.slice()
      const kij = key.agree(peer)
      if (kij !== undefined) memory.keep(place, { own: own.slice(), peer: peer.slice(), kij: kij.slice() })
      return kij
    },
  })
  return Object.freeze({
    ...group,
    generate: (entropy: Parameters<DhGroup['generate']>[0]) => remembering(group.generate(entropy)),
    fromSecret: (secret: Uint8Array) => remembering(group.fromSecret(secret)),
  })
}

/** Forty-eight bits of what looks random. */
function placeOf(bytes: Uint8Array): number {
  let place = 0
  for (let i = 0; i < 6; i++) place = place * 0x100 + (bytes[i] ?? 0)
  return place
}

/** The standard table, with one memory for all worlds of this process. */
export const RECOLLECTING: Algorithms = recollecting(STANDARD)
