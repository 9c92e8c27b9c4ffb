// Every schedule of a scenario. An engine cannot be copied, so a schedule is run again from its beginning; schedules that lead
// to the same joint state are followed once, and of two actions at different ends only one order is followed (sleep sets,
// which leave out transitions and no state). Each state is judged by what becomes of it without further faults.

import { SIDES } from './cast.ts'
import { describeWorld } from './describe.ts'
import { type Fate, finish } from './liveness.ts'
import { Fault } from './safety.ts'
import { type Action, type Scenario, World } from './world.ts'

export interface Report {
  readonly name: string
  states: number
  schedules: number
  /** True if the bound on states was reached. */
  cut: boolean
  /** How the states that were judged ended: `converged`, `reset`. */
  readonly outcomes: Map<string, number>
  /** States of the ratchet that were seen, as `X crossed`. */
  readonly ratchets: Set<string>
}

interface Node {
  readonly parent: Node | undefined
  readonly action: Action
  /** Actions that have been followed in the other order. */
  readonly sleep: readonly Action[]
}

/** A schedule that breaks a rule, with what broke. */
export class Counterexample extends Error {
  readonly schedule: readonly Action[]

  constructor(scenario: Scenario, schedule: readonly Action[], what: string) {
    super(`${scenario.name}: ${what}\n  ${schedule.join('\n  ')}`)
    this.schedule = schedule
  }
}

/**
 * Follows every schedule within the bounds of the scenario, up to `statesMax` states. Throws a Counterexample: the first that
 * it meets, or, breadth first, the shortest there is.
 */
export function explore(scenario: Scenario, statesMax: number, shortest = false): Report {
  return new Explorer(scenario, statesMax, shortest).run()
}

class Explorer {
  readonly #scenario: Scenario
  readonly #statesMax: number
  readonly #shortest: boolean
  readonly #report: Report
  /** By state: what has never been followed from it. */
  readonly #seen = new Map<string, ReadonlySet<string>>()
  /** The ends of states that have been judged with everything in flight lost. */
  readonly #judged = new Set<string>()
  readonly #waiting: Node[] = []

  constructor(scenario: Scenario, statesMax: number, shortest: boolean) {
    this.#scenario = scenario
    this.#statesMax = statesMax
    this.#shortest = shortest
    const { name } = scenario
    this.#report = { name, states: 0, schedules: 0, cut: false, outcomes: new Map(), ratchets: new Set() }
  }

  run(): Report {
    this.#follow(undefined)
    for (let next = 0; ; next++) {
      const node = this.#shortest ? this.#waiting[next] : this.#waiting.pop()
      if (node === undefined) return this.#report
      if (this.#report.states >= this.#statesMax) break
      this.#follow(node)
    }
    this.#report.cut = true
    return this.#report
  }

  /** Runs the schedule to this node, and on from there as long as that leads to something new. */
  #follow(start: Node | undefined): void {
    const world = replay(this.#scenario, start)
    for (let node = start; ; ) {
      const [first, ...others] = this.#branches(node, world)
      this.#waiting.push(...others)
      if (first === undefined || this.#report.states >= this.#statesMax) return
      if (this.#shortest) {
        this.#waiting.push(first)
        return
      }
      node = first
      act(this.#scenario, node, world)
    }
  }

  /** What is to be followed from here. */
  #branches(node: Node | undefined, world: World): Node[] {
    this.#report.schedules += 1
    const description = describeWorld(world)
    const nameOf = (action: Action): string => {
      const [verb, id] = action.split(' ')
      return verb === 'deliver' || verb === 'copy' ? `${verb} ${description.packets.get(Number(id))}` : action
    }
    const asleep = new Set(node?.sleep.map(nameOf))
    const before = this.#seen.get(description.text)
    this.#seen.set(description.text, before === undefined ? asleep : intersection(before, asleep))
    if (before === undefined) {
      this.#report.states += 1
      for (const side of SIDES) this.#report.ratchets.add(`${side} ${world.ends[side].session?.ratchet.name}`)
      this.#judge(node, world, description.ends)
    }
    const passed = [...(node?.sleep ?? [])]
    const branches: Node[] = []
    for (const action of world.actions()) {
      const name = nameOf(action)
      if (asleep.has(name) || before?.has(name) === false) continue
      branches.push({ parent: node, action, sleep: passed.filter((other) => independent(world, other, action)) })
      if (!this.#shortest) passed.push(action)
    }
    return branches
  }

  #judge(node: Node | undefined, world: World, ends: string): void {
    if (!this.#judged.has(ends)) {
      this.#judged.add(ends)
      this.#finish(node, 'lost')
      this.#finish(node, 'cut off')
    }
    // Where a packet can be delivered, that leads to a state that is judged itself.
    if (world.flying.length > 0 && !world.flying.some((packet) => world.reaches(packet)))
      this.#finish(node, 'delivered')
  }

  #finish(node: Node | undefined, fate: Fate): void {
    const world = replay(this.#scenario, node)
    const { outcomes } = this.#report
    try {
      const outcome = finish(world, fate)
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    } catch (error) {
      throw explained(this.#scenario, [...scheduleOf(node), `… ${fate}`], error)
    }
  }
}

/** Two actions that neither see nor hinder each other. */
function independent(world: World, a: Action, b: Action): boolean {
  const [left, right] = [world.concerns(a), world.concerns(b)]
  if (left === undefined || right === undefined || left === right) return false
  return !(a.startsWith('copy') && b.startsWith('copy'))
}

function intersection(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...a].filter((name) => b.has(name)))
}

function scheduleOf(node: Node | undefined): Action[] {
  const actions: Action[] = []
  for (let at = node; at !== undefined; at = at.parent) actions.push(at.action)
  return actions.reverse()
}

function replay(scenario: Scenario, node: Node | undefined): World {
  const schedule = scheduleOf(node)
  try {
    const world = new World(scenario)
    for (const action of schedule) world.do(action)
    return world
  } catch (error) {
    throw explained(scenario, schedule, error)
  }
}

function act(scenario: Scenario, node: Node, world: World): void {
  try {
    world.do(node.action)
  } catch (error) {
    throw explained(scenario, scheduleOf(node), error)
  }
}

function explained(scenario: Scenario, schedule: readonly Action[], error: unknown): unknown {
  if (error instanceof Fault) return new Counterexample(scenario, schedule, error.message)
  if (error instanceof Error) error.message = `${scenario.name}: ${error.message}\n  ${schedule.join('\n  ')}`
  return error
}
