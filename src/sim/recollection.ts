// A table of algorithms that computes nothing twice, for worlds in which both ends live in one process: a signature that was made
// here is the key's over that message, the secret that one end has agreed on is the other's too, what was sealed here opens to what it was,
// and a secret has the public key that it had. What is known is known to the byte, with everything that it depends on; all else is
// computed. One seed in thirteen does without (seed.ts), and a seed takes the very same course either way.

import { equalBytes } from '../base/bytes.ts'
import type { EspSuite, Opener, Sealer } from '../crypto/aead.ts'
import { type Algorithms, STANDARD } from '../crypto/algorithms.ts'
import type { DhGroup, DhKey } from '../crypto/dh.ts'
import type { Entropy } from '../crypto/entropy.ts'
import { ESP_HEADER_BYTES } from '../crypto/esp-number.ts'
import type { KeyAlgorithm, KeyPair, Verifier } from '../crypto/key-algorithm.ts'
import type { EspKeys } from '../crypto/keymat.ts'
import { Slab } from './slab.ts'

/** Signatures, and agreements of a group, that are remembered: what a world has under way at once and not much more, because what is kept long is dear to collect. */
const KNOWN_MAX = 512
/** The same of packets, which are larger, and of key pairs. */
const PACKETS_MAX = 256
const PAIRS_MAX = 256

interface Signed {
  readonly publicBytes: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

interface Sealed {
  readonly keys: EspKeys
  readonly sequence: number
  readonly packet: Uint8Array
  readonly plaintext: Uint8Array
}

interface Agreed {
  readonly own: Uint8Array
  readonly peer: Uint8Array
  readonly kij: Uint8Array
}

/** A secret of which others have copies, and what was made of it. */
interface Owner extends KeyPair {
  readonly secret: Uint8Array
}

/** The same algorithms, with a memory of their own. */
export function recollecting(algorithms: Algorithms): Algorithms {
  const dhGroups = new Map([...algorithms.dhGroups].map(([id, group]) => [id, groupOf(group)]))
  const espSuites = new Map([...algorithms.espSuites].map(([id, suite]) => [id, suiteOf(suite)]))
  return Object.freeze({ ...algorithms, keys: algorithms.keys.map(kindOf), dhGroups, espSuites })
}

/**
 * Values by a number that equal ones share. Who finds one compares. The older half goes at once: a Map that loses its oldest one by
 * one looks over ever more gaps for the next.
 */
class Memory<T> {
  readonly #halfMax: number
  #young = new Map<number, T>()
  #old = new Map<number, T>()

  constructor(max: number) {
    this.#halfMax = max / 2
  }

  find(place: number): T | undefined {
    return this.#young.get(place) ?? this.#old.get(place)
  }

  keep(place: number, value: T): void {
    if (this.#young.size >= this.#halfMax) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(place, value)
  }
}

const copies = new Slab()

function kindOf(kind: KeyAlgorithm): KeyAlgorithm {
  const memory = new Memory<Signed>(KNOWN_MAX)
  const pairs = new Memory<Owner>(PAIRS_MAX)
  const verifiers = new Memory<{ readonly publicBytes: Uint8Array; readonly verifier: Verifier }>(PAIRS_MAX)
  const owners = new WeakMap<Uint8Array, Owner>()
  const keep = (publicBytes: Uint8Array | undefined, message: Uint8Array, signature: Uint8Array): void => {
    if (publicBytes === undefined) return
    memory.keep(placeOf(signature), { publicBytes, message: copies.of(message), signature: copies.of(signature) })
  }
  return Object.freeze({
    ...kind,
    keyPair(secret: Uint8Array) {
      const known = pairs.find(placeOf(secret))
      const owner = known !== undefined && equalBytes(known.secret, secret) ? known : ownerOf(kind, secret)
      if (owner !== known) pairs.keep(placeOf(secret), owner)
      owners.set(secret, owner)
      return owner
    },
    sign(secret: Uint8Array, key: Parameters<KeyAlgorithm['sign']>[1], message: Uint8Array): Uint8Array {
      const owner = owners.get(secret)
      // With the copy, which is the same in every world: what its kind has made of it is there already.
      const signature = kind.sign(owner?.secret ?? secret, key, message)
      keep(owner?.publicBytes, message, signature)
      return signature
    },
    // What was made is of the copy, and goes with it.
    forget: (secret: Uint8Array) => void owners.delete(secret),
    verifier(publicBytes: Uint8Array): Verifier | undefined {
      const place = placeOf(publicBytes)
      const before = verifiers.find(place)
      const met = before !== undefined && equalBytes(before.publicBytes, publicBytes)
      const verifier = met ? before.verifier : kind.verifier(publicBytes)
      if (verifier === undefined) return undefined
      if (!met) verifiers.keep(place, { publicBytes: publicBytes.slice(), verifier })
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

function ownerOf(kind: KeyAlgorithm, bytes: Uint8Array): Owner {
  const secret = bytes.slice()
  return { ...kind.keyPair(secret), secret }
}

function groupOf(group: DhGroup): DhGroup {
  const memory = new Memory<Agreed>(KNOWN_MAX)
  return Object.freeze({
    ...group,
    generate: (entropy: Parameters<DhGroup['generate']>[0]) => new RememberingKey(group.generate(entropy), memory),
    fromSecret: (secret: Uint8Array) => new RememberingKey(group.fromSecret(secret), memory),
  })
}

class RememberingKey implements DhKey {
  readonly group: number
  readonly publicValue: Uint8Array
  readonly #key: DhKey
  readonly #memory: Memory<Agreed>

  constructor(key: DhKey, memory: Memory<Agreed>) {
    this.group = key.group
    this.publicValue = key.publicValue
    this.#key = key
    this.#memory = memory
  }

  get secret(): Uint8Array {
    return this.#key.secret
  }

  agree(peer: Uint8Array): Uint8Array | undefined {
    const own = this.publicValue
    // The sum is the same at either end.
    const place = placeOf(own) + placeOf(peer)
    const known = this.#memory.find(place)
    if (known !== undefined && equalBytes(known.own, peer) && equalBytes(known.peer, own)) return known.kij.slice()
    const kij = this.#key.agree(peer)
    if (kij !== undefined) this.#memory.keep(place, { own: own.slice(), peer: peer.slice(), kij: kij.slice() })
    return kij
  }
}

function suiteOf(suite: EspSuite): EspSuite {
  const memory = new Memory<Sealed>(PACKETS_MAX)
  const start = ESP_HEADER_BYTES + suite.ivBytes
  /** By its check value. */
  const placeIn = (packet: Uint8Array): number => placeOf(packet.subarray(packet.length - suite.icvBytes))
  return Object.freeze({
    ...suite,
    sealer(keys: EspKeys, entropy: Entropy): Sealer {
      const sealer = suite.sealer(keys, entropy)
      const own = { encryption: copies.of(keys.encryption), authentication: copies.of(keys.authentication) }
      return {
        seal(packet: Uint8Array, sequence: number): void {
          const plaintext = copies.of(packet.subarray(start, packet.length - suite.icvBytes))
          sealer.seal(packet, sequence)
          memory.keep(placeIn(packet), { keys: own, sequence, packet: copies.of(packet), plaintext })
        },
        forget: () => sealer.forget?.(),
      }
    },
    opener(keys: EspKeys): Opener {
      let opener: Opener | undefined
      return {
        open(packet: Uint8Array, sequence: number): Uint8Array | undefined {
          const known = memory.find(placeIn(packet))
          const same =
            known !== undefined &&
            known.sequence === sequence &&
            equalBytes(known.packet, packet) &&
            equalBytes(known.keys.encryption, keys.encryption) &&
            equalBytes(known.keys.authentication, keys.authentication)
          if (same) return copies.of(known.plaintext)
          opener ??= suite.opener(keys)
          return opener.open(packet, sequence)
        },
        // Whoever ends an opener overwrites its keys, which are nobody's then.
        forget: () => opener?.forget?.(),
      }
    },
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
