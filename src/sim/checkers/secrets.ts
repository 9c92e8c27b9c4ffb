// S11: no secret shows on the wire in clear, in an event, an error or the name of a counter.

import type { Checker, Observation, ObservationType } from '../observation.ts'
import { SecretIndex } from '../secret-index.ts'

export class SecretChecker implements Checker {
  readonly rule = 'S11'
  readonly sees: readonly ObservationType[] = ['secret', 'send-key', 'wire-sent', 'event', 'text']
  readonly #secrets = new SecretIndex()

  see(observation: Observation): string | undefined {
    switch (observation.type) {
      case 'secret':
        this.#secrets.add(observation.what, observation.bytes)
        return undefined
      case 'send-key':
        this.#secrets.add('ESP key', observation.key)
        return undefined
      case 'wire-sent':
        return shown(this.#secrets.find(observation.packet.bytes), `a ${observation.packet.kind} packet`)
      case 'text':
        return shown(this.#secrets.findInText(observation.text), observation.text)
      case 'event':
        return this.#event(observation)
      default:
        return undefined
    }
  }

  #event({ event }: Extract<Observation, { type: 'event' }>): string | undefined {
    if (event.type === 'datagram' || event.type === 'pong') return shown(this.#secrets.find(event.bytes), event.type)
    return event.type === 'ended' ? shown(this.#secrets.findInText(event.detail), event.detail) : undefined
  }
}

function shown(what: string | undefined, where: string): string | undefined {
  return what === undefined ? undefined : `${what} shows in ${where}`
}
