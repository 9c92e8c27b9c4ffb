// What becomes of a pair when faults stop, as in liveness.ts, but by the steps of solo.ts. Here both clocks run alike.

import { SIDES, type Side } from './cast.ts'
import type { Letter } from './letters.ts'
import type { Fate } from './liveness.ts'
import {
  digestOf,
  letterInput,
  listening,
  type Pair,
  type Solos,
  standOf,
  stepped,
  tellPair,
  textOfPair,
  withoutLetter,
} from './pair.ts'
import { Fault } from './safety.ts'
import { type Input, type Stand, TIMER } from './solo.ts'
import type { Scenario } from './world.ts'

const PATIENCE_MS = 300_000
const CUT_OFF_MS = 60_000
const STEPS_MAX = 2_000

/** A pair with clocks: when each end entered the state it is in. Letters in the order in which they left. */
export class Course {
  readonly #scenario: Scenario
  readonly #solos: Solos
  pair: Pair
  queue: Letter[]
  now = 0
  readonly #since: Record<Side, number> = { X: 0, C: 0 }

  constructor(scenario: Scenario, solos: Solos, pair: Pair) {
    this.#scenario = scenario
    this.#solos = solos
    this.pair = pair
    this.queue = [...pair.flying]
  }

  do(side: Side, input: Input): void {
    const stand = standOf(this.pair, side)
    const step = this.#solos[side].step(stand, input, this.now - this.#since[side])
    this.#since[side] = this.now
    this.pair = { ...stepped(this.pair, this.#scenario, side, step, []), flying: [] }
    this.queue.push(...step.sent)
  }

  /** Delivers the oldest packet, or fires the next timers. False when nothing more can happen in time. */
  advance(until: number): boolean {
    const letter = this.queue.find((one) => listening(this.pair, one, this.#scenario))
    if (letter !== undefined) {
      this.queue = [...withoutLetter(this.queue, letter)]
      this.do(letter.toSide, letterInput(letter))
      return true
    }
    this.queue = []
    const next = Math.min(...SIDES.map((side) => this.deadline(side)))
    if (next > until) return false
    this.now = Math.max(this.now, next)
    for (const side of SIDES) if (this.deadline(side) <= next) this.do(side, TIMER)
    return true
  }

  get text(): string {
    const ages = SIDES.map((side) => Math.round((this.now - this.#since[side]) * 1_000))
    return digestOf(`${ages.join()} ${this.pair.reset} ${textOfPair(this.pair)}`)
  }

  deadline(side: Side): number {
    return this.#since[side] + standOf(this.pair, side).facts.deadline
  }

  /** Completes what would be completed in the end: what is frozen thaws, what has crashed is started again. */
  complete(): void {
    for (const side of SIDES) {
      const { status } = standOf(this.pair, side).facts
      if (status === 'frozen') this.do(side, command('thaw'))
      else if (status === 'down') this.do(side, command('restart'))
    }
  }
}

export function command(verb: string): Input {
  return { key: verb, kind: 'command', verb }
}

/** How pairs end with nothing in flight, by their texts and the time since each end was entered. */
export type Endings = Map<string, string>

/**
 * Returns how it ends: `converged` or `reset`; throws a Fault if it does not. `cut off`: nothing arrives any more, until both
 * ends park. What has been looked at once, up to what is drawn at random, is not looked at again.
 */
export function outcomeOf(scenario: Scenario, solos: Solos, pair: Pair, fate: Fate, known: Endings): string {
  const course = new Course(scenario, solos, pair)
  course.complete()
  if (fate === 'cut off') {
    const until = course.now + CUT_OFF_MS
    while (course.advance(until)) {
      course.queue = []
      course.complete()
    }
  }
  const until = course.now + PATIENCE_MS
  const passed: string[] = []
  const remember = (outcome: string): string => {
    for (const text of passed) known.set(text, outcome)
    return outcome
  }
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const ended = endOf(course.pair)
    if (ended === 'converged' && course.queue.length === 0) {
      const outcome = flows(course)
      if (outcome !== undefined) return remember(outcome)
    }
    if (ended === 'reset') return remember('reset')
    if (course.queue.length === 0) {
      const text = course.text
      const outcome = known.get(text)
      if (outcome !== undefined) return remember(outcome)
      passed.push(text)
    }
    if (!course.advance(until)) break
    course.complete()
  }
  throw new Fault(`STUCK\n${tellPair(course.pair)}`)
}

function endOf({ X, C }: Pair): 'converged' | 'reset' | undefined {
  const running = ({ facts }: Stand): boolean => facts.status === 'running'
  if (!running(X) || !running(C)) return undefined
  if (X.facts.state === undefined && C.facts.state === undefined) return 'reset'
  const [x, c] = [X.facts.session, C.facts.session]
  if (x?.calm !== true || c?.calm !== true || x.resumption !== c.resumption) return undefined
  return x.boundTo === C.facts.epoch && c.boundTo === X.facts.epoch ? 'converged' : undefined
}

/** Data flows both ways, at once; undefined if it does not while another place is still being asked. */
function flows(course: Course): string | undefined {
  const before = course.pair.arrived.split(',').filter((label) => label !== '').length
  for (const side of SIDES) course.do(side, command('send'))
  while (course.queue.length > 0) course.advance(course.now)
  const after = course.pair.arrived.split(',').filter((label) => label !== '').length
  const asking = SIDES.some((side) => standOf(course.pair, side).facts.session?.checking)
  if (after < before + 2 && asking) return undefined
  if (after < before + 2) throw new Fault(`converged, but only ${course.pair.arrived} arrived`)
  return course.pair.reset ? 'converged after a reset' : 'converged'
}
