// S4, I3: the epoch that an end has accepted for a peer never falls, and of one epoch it accepts one incarnation only: what it
// is told it is bound to, and who really sealed the datagrams that it takes.

import { contentId } from '../content.ts'
import type { Checker, Observation, ObservationType, Run } from '../observation.ts'

export class EpochChecker implements Checker {
  readonly rule = 'S4'
  readonly sees: readonly ObservationType[] = ['sealed', 'bound', 'event', 'run-begins', 'run-ends']
  readonly #sealer = new Map<number, { readonly run: Run; readonly at: number }>()
  readonly #ended = new Map<Run, number>()
  /** Highest epoch bound to, by lineage of the end and peer. */
  readonly #bound = new Map<string, number>()
  /** Incarnation accepted, by lineage, peer and epoch. */
  readonly #incarnations = new Map<string, string>()
  /** By receiver, the runs whose incarnation has been accepted: it is not asked again for each datagram. */
  readonly #accepted = new Map<Run, Set<Run>>()

  see(observation: Observation): string | undefined {
    switch (observation.type) {
      case 'sealed':
        if (observation.content !== undefined) {
          this.#sealer.set(observation.content, { run: observation.run, at: observation.at })
        }
        return undefined
      case 'run-begins':
        this.#ended.delete(observation.run)
        return undefined
      case 'run-ends':
        this.#ended.set(observation.run, observation.at)
        return undefined
      case 'bound':
        return this.#onBound(observation.run, observation.peer, observation.epoch)
      case 'event':
        if (observation.event.type !== 'datagram') return undefined
        return this.#onDatagram(observation.run, observation.event.peer, contentId(observation.event.bytes))
      default:
        return undefined
    }
  }

  #onBound(run: Run, peer: string, epoch: number): string | undefined {
    const key = `${run.lineage} ${peer}`
    const before = this.#bound.get(key) ?? 0
    if (epoch < before) return `${run.name} was bound to epoch ${before} of ${peer} and fell back to ${epoch}`
    this.#bound.set(key, epoch)
    return undefined
  }

  #onDatagram(receiver: Run, peer: string, content: number | undefined): string | undefined {
    const sealer = content === undefined ? undefined : this.#sealer.get(content)
    if (sealer === undefined) return undefined
    const { run, at } = sealer
    const ended = this.#ended.get(run)
    const late = ended !== undefined && at > ended
    const accepted = this.#accepted.get(receiver) ?? new Set()
    if (accepted.has(run) && !late) return undefined
    const key = `${receiver.lineage} ${peer} ${run.epoch}`
    const known = this.#incarnations.get(key) ?? run.incarnation
    if (known !== run.incarnation)
      return `${receiver.name} took epoch ${run.epoch} of ${run.name} from two incarnations`
    this.#incarnations.set(key, known)
    this.#accepted.set(receiver, accepted.add(run))
    return late ? `${receiver.name} took a datagram that ${run.name} sealed after its end` : undefined
  }
}
