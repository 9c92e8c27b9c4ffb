// L3: no livelock: a machine sends a bounded number of control packets a second for each peer, whatever happens to it.

import type { Checker, Observation, ObservationType, Run } from '../observation.ts'

/** Control packets a second of one machine. */
const CONTROL_PER_SECOND_MAX = 400

export class LivelockChecker implements Checker {
  readonly rule = 'L3'
  readonly sees: readonly ObservationType[] = ['wire-sent']
  readonly #windows = new Map<Run, { second: number; packets: number }>()

  see(observation: Observation): string | undefined {
    if (observation.type !== 'wire-sent' || observation.run === undefined || !observation.run.honest) return undefined
    const { packet, run } = observation
    if (packet.kind === 'ESP') return undefined
    const second = Math.floor(packet.at / 1_000)
    const window = this.#windows.get(run)
    if (window === undefined || window.second !== second) {
      this.#windows.set(run, { second, packets: 1 })
      return undefined
    }
    window.packets += 1
    if (window.packets <= CONTROL_PER_SECOND_MAX) return undefined
    return `${run.name}/${run.id} sent ${window.packets} control packets in second ${second}`
  }
}
