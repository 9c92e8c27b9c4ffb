// I8: once rebinding is complete a former host, with its copy of the identity key, of the frozen state and of every packet it
// saw, opens nothing and moves nothing: no peer goes to it, binds to it, or lets go of the true holder because of it.

import { locatorKey } from '../../base/address.ts'
import type { Checker, Observation, ObservationType } from '../observation.ts'

interface Turned {
  readonly at: number
  readonly locators: ReadonlySet<string>
  /** With others it may have associations that the true holder never had. */
  readonly peers: ReadonlySet<string>
  /** When the true holder last ended or closed something itself, which peers will follow. */
  excusedAt: number
}

export class FormerHostChecker implements Checker {
  readonly rule = 'I8'
  readonly sees: readonly ObservationType[] = ['former-host', 'former-host-opened', 'event', 'run-begins', 'closed']
  readonly #turned = new Map<string, Turned>()

  see(observation: Observation): string | undefined {
    switch (observation.type) {
      case 'former-host': {
        const locators = new Set(observation.locators.map(locatorKey))
        const { hit, at } = observation
        this.#turned.set(hit, { at, locators, peers: new Set(observation.peers), excusedAt: -Infinity })
        return undefined
      }
      case 'former-host-opened':
        return `a former host of ${observation.hit} opened a packet on SPI ${observation.spi}`
      case 'run-begins':
      case 'closed':
        if (observation.run.honest) this.#excuse(observation.run.hit, observation.at)
        return undefined
      case 'event':
        return observation.run.honest ? this.#event(observation) : undefined
      default:
        return undefined
    }
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
    if (event.type === 'path' && turned.locators.has(locatorKey(event.locator))) {
      return `${run.name} followed a former host of ${event.peer} to ${locatorKey(event.locator)}`
    }
    const undone = event.type === 'rebound' || (event.type === 'ended' && event.reason !== 'closed')
    if (!undone || turned.excusedAt >= turned.at) return undefined
    return `a former host made ${run.name} take ${event.type === 'ended' ? event.reason : event.type} from ${event.peer}`
  }
}
