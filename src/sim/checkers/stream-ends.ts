// I6: a stream goes on, across any number of moves, until somebody ends it. A reset or a stop is the word of an application, and an
// association takes its streams along only if one end closed it, began without it, was started elsewhere, or could not be reached.

import type { MachineEvent } from '../../core/machine.ts'
import type { Hit } from '../../crypto/hit.ts'
import type { Checker, Observation, ObservationType, Run } from '../observation.ts'

export class StreamEndChecker implements Checker {
  readonly rule = 'I6'
  readonly sees: readonly ObservationType[] = ['run-begins', 'activated', 'closed', 'stream-broken', 'event']
  /** Everybody there has been. */
  readonly #hits = new Set<Hit>()
  /** The newest start of each, and the lineage of the one that runs. */
  readonly #epochs = new Map<Hit, number>()
  readonly #lineages = new Map<Hit, number>()
  readonly #runs = new Map<number, number>()
  /**
   * What applications broke off, as `breaker peer id how`. It holds for later streams of that id, too: one end may hear of it, or hear it
   * again after a thaw, when the other has long begun anew.
   */
  readonly #broken = new Set<string>()
  /** Who has an association with whom, by its own account. */
  readonly #associated = new Set<string>()
  /** Who has reason to lose the association with whom, until it has. */
  readonly #doomed = new Set<string>()

  see(observation: Observation): string | undefined {
    switch (observation.type) {
      case 'run-begins':
        return this.#begin(observation.run, observation.resumes ?? [])
      case 'activated':
        return void this.#epochs.set(observation.hit, observation.epoch)
      case 'closed':
        return this.#doom(observation.run.hit, observation.peer)
      case 'stream-broken': {
        const { run, peer, id, how } = observation
        return void this.#broken.add(`${run.hit} ${peer} ${id} ${how}`)
      }
      case 'event':
        return observation.run.honest ? this.#event(observation.run, observation.event) : undefined
      default:
        return undefined
    }
  }

  /** Whoever is not resumed has to begin again. */
  #begin(run: Run, resumes: readonly Hit[]): undefined {
    if (!run.honest || this.#runs.get(run.lineage) === run.id) return
    this.#runs.set(run.lineage, run.id)
    this.#lineages.set(run.hit, run.lineage)
    this.#hits.add(run.hit)
    for (const hit of this.#hits) {
      if (hit === run.hit || resumes.includes(hit)) continue
      this.#doom(run.hit, hit)
      this.#doomed.delete(`${run.hit} ${hit}`)
      this.#associated.delete(`${run.hit} ${hit}`)
    }
  }

  #doom(one: Hit, other: Hit): undefined {
    this.#doomed.add(`${one} ${other}`).add(`${other} ${one}`)
  }

  #event(run: Run, event: MachineEvent): string | undefined {
    const { hit } = run
    switch (event.type) {
      case 'stream-reset':
        // A reset is also the answer to a stop.
        if (this.#has(event.peer, hit, event.id, 'reset') || this.#has(hit, event.peer, event.id, 'stop'))
          return undefined
        return `${nameOf(run, event)} was reset (${event.code}), and nobody did`
      case 'stream-stopped':
        if (this.#has(event.peer, hit, event.id, 'stop')) return undefined
        return `${nameOf(run, event)} was stopped (${event.code}), and nobody did`
      case 'stream-lost':
        return this.#isExplained(run, event) ? undefined : `${nameOf(run, event)} was lost for nothing: ${event.reason}`
      case 'ended':
        if (this.#lineages.get(hit) !== run.lineage) return undefined
        this.#doomed.delete(`${hit} ${event.peer}`)
        this.#associated.delete(`${hit} ${event.peer}`)
        return undefined
      case 'associated':
        return void this.#associated.add(`${hit} ${event.peer}`)
      default:
        return undefined
    }
  }

  #has(breaker: Hit, peer: Hit, id: number, how: 'reset' | 'stop'): boolean {
    return this.#broken.has(`${breaker} ${peer} ${id} ${how}`)
  }

  #isExplained(run: Run, { peer, reason }: Extract<MachineEvent, { type: 'stream-lost' }>): boolean {
    if (this.#lineages.get(run.hit) !== run.lineage) return true
    // Nobody was reached: not in time, or not from the beginning.
    if (reason === 'expired' || reason === 'unreachable') return true
    if (reason === 'fenced') return (this.#epochs.get(run.hit) ?? 0) > run.epoch
    if (reason === 'shed') return false
    // What the peer has lost was looked at there; and an R2 that it never got leaves us alone with an association.
    return this.#doomed.has(`${run.hit} ${peer}`) || !this.#associated.has(`${peer} ${run.hit}`)
  }
}

function nameOf({ name }: Run, { peer, id }: { readonly peer: Hit; readonly id: number }): string {
  return `stream ${id} of ${name} with ${peer}`
}
