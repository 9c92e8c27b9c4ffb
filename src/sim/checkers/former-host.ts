// I8: once rebinding is complete a former host, with its copy of the identity key, of the frozen state and of every packet it
// saw, opens nothing and moves nothing: no peer goes to it, binds to it, or lets go of the true holder because of it. A peer that
// crashes afterwards has nothing left that could be undone: what it begins anew may come to nothing for reasons of its own.

import { keyOf } from '../locator-keys.ts'
import type { Checker, Observation, ObservationType, Run } from '../observation.ts'

interface Turned {
  readonly at: number
  readonly locators: ReadonlySet<string>
  /** With others it may have associations that the true holder never had. */
  readonly peers: ReadonlySet<string>
  /** Those of them that have been started without their associations since. */
  readonly anew: Set<string>
  /** When the true holder last ended or closed something itself, which peers will follow. */
  excusedAt: number
}

export class FormerHostChecker implements Checker {
  readonly rule = 'I8'
  readonly sees: readonly ObservationType[] = ['former-host', 'former-host-opened', 'event', 'run-begins', 'closed']
  readonly #turned = new Map<string, Turned>()
  readonly #lineages = new Map<string, number>()

  see(observation: Observation): string | undefined {
    switch (observation.type) {
      case 'former-host': {
        const locators = new Set(observation.locators.map(keyOf))
        const { hit, at } = observation
        const peers = new Set<string>(observation.peers)
        this.#turned.set(hit, { at, locators, peers, anew: new Set(), excusedAt: -Infinity })
        return undefined
      }
      case 'former-host-opened':
        return `a former host of ${observation.hit} opened a packet on SPI ${observation.spi}`
      case 'run-begins':
        if (observation.run.honest) this.#begins(observation.run, observation.at)
        return undefined
      case 'closed':
        if (observation.run.honest) this.#excuse(observation.run.hit, observation.at)
        return undefined
      case 'event':
        return observation.run.honest ? this.#event(observation) : undefined
      default:
        return undefined
    }
  }

  #begins({ hit, lineage }: Run, at: number): void {
    this.#excuse(hit, at)
    const before = this.#lineages.get(hit)
    this.#lineages.set(hit, lineage)
    if (before === undefined || before === lineage) return
    for (const turned of this.#turned.values()) if (turned.peers.has(hit)) turned.anew.add(hit)
  }

  #excuse(hit: string, at: number): void {
    const turned = this.#turned.get(hit)
    if (turned !== undefined) turned.excusedAt = at
  }

  #event({ event, run, at }: Extract<Observation, { type: 'event' }>): string | undefined {
    if (event.type === 'ended') this.#excuse(run.hit, at)
    if (!('peer' in event)) return undefined
    const turned = this.#turned.get(event.peer)
    if (turned?.peers.has(run.hit) !== true) return undefined
    if (event.type === 'path' && turned.locators.has(keyOf(event.locator))) {
      return `${run.name} followed a former host of ${event.peer} to ${keyOf(event.locator)}`
    }
    const undone = event.type === 'rebound' || (event.type === 'ended' && event.reason !== 'closed')
    if (!undone || turned.excusedAt >= turned.at || turned.anew.has(run.hit)) return undefined
    return `a former host made ${run.name} take ${event.type === 'ended' ? event.reason : event.type} from ${event.peer}`
  }
}
