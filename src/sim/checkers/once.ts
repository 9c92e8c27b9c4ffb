// S2: a sealed datagram is handed to the application at most once. Applications of a world send every datagram once, so
// the same one delivered again, anywhere, was opened twice or sealed twice.

import { contentId } from '../content.ts'
import type { Checker, Observation, ObservationType } from '../observation.ts'

export class OnceChecker implements Checker {
  readonly rule = 'S2'
  readonly sees: readonly ObservationType[] = ['event']
  readonly #delivered = new Map<number, string>()

  see(observation: Observation): string | undefined {
    if (observation.type !== 'event' || observation.event.type !== 'datagram') return undefined
    const id = contentId(observation.event.bytes)
    if (id === undefined) return undefined
    const here = `${observation.run.name}/${observation.run.id}`
    const before = this.#delivered.get(id)
    if (before !== undefined) return `datagram ${id} was delivered to ${before} and again to ${here}`
    this.#delivered.set(id, here)
    return undefined
  }
}
