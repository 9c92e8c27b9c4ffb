// S3, I2: no (key, nonce) and no (key, number) seals twice, whoever seals: clones and restarts included. Keys are compared by
// their bytes, so a second holder of a key cannot hide. Only what an attacker seals on purpose does not count: he may.

import { toHex } from '../../base/bytes.ts'
import type { Checker, Observation, ObservationType } from '../observation.ts'

export class NonceChecker implements Checker {
  readonly rule = 'S3'
  readonly sees: readonly ObservationType[] = ['sealed']
  readonly #numbers = new Map<number, Set<number>>()
  readonly #nonces = new Map<number, Set<string>>()

  see(observation: Observation): string | undefined {
    if (observation.type !== 'sealed' || !observation.run.honest) return undefined
    const { key, sequence, nonce, run } = observation
    const numbers = setOf(this.#numbers, key)
    if (numbers.has(sequence)) return `${run.name}/${run.id} sealed number ${sequence} under key ${key} a second time`
    numbers.add(sequence)
    const nonces = setOf(this.#nonces, key)
    if (nonces.has(nonce))
      return `${run.name}/${run.id} used nonce ${toHex(Uint8Array.from(nonce, (byte) => byte.charCodeAt(0)))} under key ${key} a second time`
    nonces.add(nonce)
    return undefined
  }
}

function setOf<T>(sets: Map<number, Set<T>>, key: number): Set<T> {
  let set = sets.get(key)
  if (set === undefined) {
    set = new Set()
    sets.set(key, set)
  }
  return set
}
