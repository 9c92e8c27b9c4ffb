// S5: nothing is delivered that an honest peer did not send: exactly these bytes, between these ports, to this identity.

import { equalBytes } from '../../base/bytes.ts'
import type { Hit } from '../../crypto/hit.ts'
import { contentId } from '../content.ts'
import type { Checker, Content, Observation, ObservationType } from '../observation.ts'

export class HonestyChecker implements Checker {
  readonly rule = 'S5'
  readonly sees: readonly ObservationType[] = ['app-sent', 'event']
  readonly #sent = new Map<number, { readonly from: Hit; readonly to: Hit; readonly content: Content }>()

  see(observation: Observation): string | undefined {
    if (observation.type === 'app-sent') {
      const { run, to, content } = observation
      if (run.honest) this.#sent.set(content.id, { from: run.hit, to, content })
      return undefined
    }
    if (observation.type !== 'event' || observation.event.type !== 'datagram' || !observation.run.honest)
      return undefined
    const { event, run } = observation
    const id = contentId(event.bytes)
    const sent = id === undefined ? undefined : this.#sent.get(id)
    if (sent === undefined)
      return `${run.name} was given a datagram of ${event.bytes.length} bytes that nobody honest sent`
    if (sent.from !== event.peer || sent.to !== run.hit)
      return `datagram ${id} was not sent by ${event.peer} to ${run.hit}`
    const { content } = sent
    if (event.sourcePort !== content.sourcePort || event.port !== content.port)
      return `datagram ${id} changed its ports`
    return equalBytes(event.bytes, content.bytes) ? undefined : `datagram ${id} changed on the way`
  }
}
