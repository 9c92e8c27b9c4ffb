// A schedule told in words, for a reader of a counterexample.

import { toHex } from '../../src/base/bytes.ts'
import { describePacket } from './describe.ts'
import { type Action, type Scenario, World } from './world.ts'

/** What happens along a schedule: each action with the packets that it sends and the state of both ratchets. */
export function tell(scenario: Scenario, schedule: readonly Action[]): string {
  const world = new World(scenario)
  const names = new Map<string | number, string>()
  const name = (token: string | number): string => {
    const known = names.get(token)
    if (known !== undefined) return known
    names.set(token, `~${names.size}`)
    return `~${names.size - 1}`
  }
  const lines: string[] = []
  let told = 0
  for (const action of schedule) {
    try {
      world.do(action)
    } catch (error) {
      lines.push(`${action} → ${String(error)}`)
      break
    }
    lines.push(`${action}  [${[world.ends.X, world.ends.C].map(brief).join(' | ')}] at ${world.now}`)
    for (const packet of world.flying) {
      if (packet.id <= told) continue
      told = packet.id
      lines.push(`    ${packet.id}: ${describePacket(packet, name).replaceAll(/[^ -~]/g, '.')}`)
    }
  }
  return lines.join('\n')
}

function brief({ side, status, epoch, association }: World['ends']['X']): string {
  const { session } = association ?? {}
  if (association === undefined || session === undefined)
    return `${side} ${status} e${epoch} ${association?.state.name}`
  const { ratchet, current, peerStart } = session
  const id = toHex(current.resumption.id).slice(0, 4)
  return `${side} ${status} e${epoch} ${association.state.name} bound ${peerStart.epoch} S ${id} ${ratchet.name}`
}
