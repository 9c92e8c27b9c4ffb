// I7: a capsule holds no key that anybody sends under from there, no Kij, no instance key, and nothing random that its run drew
// and kept to itself: Diffie–Hellman secrets, puzzle secrets, the state of a generator.

import type { Checker, Observation, ObservationType, Run } from '../observation.ts'
import { SecretIndex } from '../secret-index.ts'

/** Secrets that have to be in a capsule. */
const LAWFUL: ReadonlySet<string> = new Set(['identity key', 'frozen key'])

/** What is drawn in smaller pieces is an SPI, an IV or a nonce. */
const DRAWN_BYTES_MIN = 24

export class CapsuleChecker implements Checker {
  readonly rule = 'I7'
  readonly sees: readonly ObservationType[] = ['secret', 'send-key', 'drawn', 'wire-sent', 'capsule']
  readonly #general = new SecretIndex()
  readonly #sendKeys = new Map<Run, SecretIndex>()
  /** What was drawn, by its name here, and the names of what was then shown on the wire on purpose: a puzzle's I and J. */
  readonly #drawn = new SecretIndex()
  readonly #shown = new Set<string>()
  #draws = 0

  see(observation: Observation): string | undefined {
    switch (observation.type) {
      case 'secret':
        if (!LAWFUL.has(observation.what)) this.#general.add(observation.what, observation.bytes)
        return undefined
      case 'send-key':
        this.#sendKeysOf(observation.run).add('send key', observation.key)
        return undefined
      case 'drawn':
        this.#draw(observation.bytes)
        return undefined
      case 'wire-sent':
        if (observation.packet.kind !== 'I2' && observation.packet.kind !== 'R1') return undefined
        for (const what of this.#drawn.findAll(observation.packet.bytes)) this.#shown.add(what)
        return undefined
      case 'capsule':
        return this.#capsule(observation.run, observation.plaintext)
      default:
        return undefined
    }
  }

  #draw(bytes: Uint8Array): void {
    if (bytes.length >= DRAWN_BYTES_MIN) this.#drawn.add(`random value ${this.#draws++}`, bytes)
  }

  #capsule(run: Run, plaintext: Uint8Array): string | undefined {
    const found =
      this.#general.find(plaintext) ??
      this.#sendKeysOf(run).find(plaintext) ??
      this.#drawn.findAll(plaintext).find((what) => !this.#shown.has(what))
    return found === undefined ? undefined : `the capsule of ${run.name} (epoch ${run.epoch}) holds a ${found}`
  }

  #sendKeysOf(run: Run): SecretIndex {
    let keys = this.#sendKeys.get(run)
    if (keys === undefined) {
      keys = new SecretIndex()
      this.#sendKeys.set(run, keys)
    }
    return keys
  }
}
