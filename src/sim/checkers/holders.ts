// I1, I11: never two running holders of an identity; a start runs only after the ledger has activated it, and seals nothing
// once it has ended; the ledger's epochs only rise and each is activated once.

import type { Checker, Observation, ObservationType, Run } from '../observation.ts'

export class HolderChecker implements Checker {
  readonly rule = 'I1'
  readonly sees: readonly ObservationType[] = ['run-begins', 'run-ends', 'activated', 'sealed']
  readonly #running = new Map<string, Run>()
  readonly #activated = new Map<string, { readonly epoch: number; readonly incarnation: string }[]>()

  see(observation: Observation): string | undefined {
    switch (observation.type) {
      case 'activated':
        return this.#onActivated(observation.hit, observation.epoch, observation.incarnation)
      case 'run-begins':
        return observation.run.honest ? this.#begins(observation.run) : undefined
      case 'run-ends':
        if (this.#running.get(observation.run.hit) === observation.run) this.#running.delete(observation.run.hit)
        return undefined
      case 'sealed':
        return this.#sealed(observation.run)
      default:
        return undefined
    }
  }

  #onActivated(hit: string, epoch: number, incarnation: string): string | undefined {
    const history = this.#activated.get(hit) ?? []
    const last = history.at(-1)
    if (last !== undefined && epoch <= last.epoch) return `the ledger activated epoch ${epoch} after ${last.epoch}`
    this.#activated.set(hit, [...history, { epoch, incarnation }])
    return undefined
  }

  #begins(run: Run): string | undefined {
    const other = this.#running.get(run.hit)
    if (other !== undefined && other !== run) {
      return `${run.name} runs twice: epoch ${other.epoch} on ${other.host} and epoch ${run.epoch} on ${run.host}`
    }
    this.#running.set(run.hit, run)
    const history = this.#activated.get(run.hit)
    if (history === undefined)
      return run.epoch === 1 ? undefined : `${run.name} runs at epoch ${run.epoch} without a ledger`
    const known = history.some(({ epoch, incarnation }) => epoch === run.epoch && incarnation === run.incarnation)
    return known ? undefined : `${run.name} runs at epoch ${run.epoch} as nobody that the ledger activated`
  }

  #sealed(run: Run): string | undefined {
    if (!run.honest || this.#running.get(run.hit) === run) return undefined
    return `${run.name}/${run.id} (epoch ${run.epoch}) sealed a packet while it did not run`
  }
}
