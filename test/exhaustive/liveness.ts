// What becomes of a state when faults stop (MOVING §6): the ends must converge, with data flowing both ways, or both be without
// the association, long before parking ends it for them.

import { equalBytes } from '../../src/base/bytes.ts'
import { SIDES } from './cast.ts'
import { describeWorld } from './describe.ts'
import { Fault } from './safety.ts'
import type { World } from './world.ts'

/**
 * What is in flight arrives in order, or is lost; or it is lost and so is everything else, for so long that both ends park.
 */
export type Fate = 'delivered' | 'lost' | 'cut off'

/** Parked associations are kept ten minutes: nothing may need that end. */
const PATIENCE_MS = 300_000
const CUT_OFF_MS = 60_000
const STEPS_MAX = 2_000

/** Returns how it ends: `converged` or `reset`; throws a Fault if it does not. The world is used up. */
export function finish(world: World, fate: Fate): string {
  if (fate !== 'delivered') world.flying = []
  world.complete()
  if (fate === 'cut off') cutOff(world)
  const until = world.now + PATIENCE_MS
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const outcome = outcomeOf(world)
    if (outcome === 'converged' && world.flying.length === 0) return flows(world)
    if (outcome === 'reset') return 'reset'
    if (!advance(world, until)) break
    world.complete()
  }
  throw new Fault(`STUCK\n${describeWorld(world).text.replaceAll(/[^ -~\n]/g, '.')}`)
}

/** Nothing arrives anywhere, however often it is repeated. */
function cutOff(world: World): void {
  const until = world.now + CUT_OFF_MS
  while (advance(world, until)) {
    world.flying = []
    world.complete()
  }
}

/** Delivers the oldest packet, or fires the next timers. False when nothing more can happen in time. */
function advance(world: World, until: number): boolean {
  const packet = world.flying.find((one) => world.reaches(one))
  if (packet !== undefined) world.deliver(packet)
  else {
    world.flying = []
    const next = Math.min(
      ...SIDES.map((side) => (world.ends[side].listens ? world.ends[side].engine.deadline : Infinity)),
    )
    if (next > until) return false
    for (const side of SIDES) if (world.ends[side].listens && world.ends[side].engine.deadline <= next) world.fire(side)
  }
  world.safety.check()
  return true
}

function outcomeOf(world: World): 'converged' | 'reset' | undefined {
  const { X, C } = world.ends
  if (X.status !== 'running' || C.status !== 'running') return undefined
  const [x, c] = [X.session, C.session]
  if (X.association === undefined && C.association === undefined) return 'reset'
  if (x === undefined || c === undefined) return undefined
  for (const end of [X, C]) {
    const { association } = end
    if (association?.state.name !== 'established' || association.reliable.size > 0) return undefined
    if (association.session?.ratchet.name !== 'settled' || association.paths.current?.state !== 'active')
      return undefined
  }
  if (!equalBytes(x.current.resumption.id, c.current.resumption.id)) return undefined
  if (x.peerStart.epoch !== C.epoch || c.peerStart.epoch !== X.epoch) return undefined
  return 'converged'
}

/** Data flows both ways, at once. */
function flows(world: World): string {
  const labels = SIDES.map((side) => world.send(side))
  while (world.flying.length > 0) advance(world, world.now)
  const lost = labels.filter((label) => !world.safety.delivered.has(label))
  if (lost.length > 0) throw new Fault(`converged, but ${lost.join()} did not arrive`)
  return world.safety.ended.length > 0 ? 'converged after a reset' : 'converged'
}
