// Every schedule of a plot, to its last state, with at most so many faults. What is not followed, and why nothing is missed:
//
// * An end is run once for each state of its own (solo.ts), not once for each schedule: it is pure, so the same state and the
//   same input give the same. Most of a schedule is then looked up.
// * States that differ only in what was drawn at random are one (`textOfPair`): no rule compares a key, an SPI or a nonce but
//   for being equal to another one, except HITs, which are never renamed.
// * Each end has a clock of its own, which only its own timers move. So a timer of X and whatever C does can be in either
//   order with one result, and no ratio of the two clocks is left out. What goes with the time since (one answer a PTO)
//   goes with the timers of the end that counts it.
// * A loss is chosen when a timer fires, not when the packet leaves (scenarios.ts): until then it is a packet that has not come.
// * Of the same state with less left to go wrong nothing is followed again: whatever can happen there can happen here.
// * Whether both ends find each other again is looked at where nothing is on its way, or as little as may be lost: from any
//   other state deliveries lead there, and each of those is followed.
//
// reduction.test.ts compares with schedules that are run one by one, and noticing.test.ts breaks rules that must be missed.

import { SIDES, type Side } from './cast.ts'
import { SOON_MS } from './inside.ts'
import type { Letter } from './letters.ts'
import type { Fate } from './liveness.ts'
import { Course, command, type Endings, outcomeOf } from './outcome.ts'
import {
  digestOf,
  letterInput,
  listening,
  type Pair,
  type Solos,
  standOf,
  stepped,
  textOfPair,
  withoutLetter,
} from './pair.ts'
import { Fault } from './safety.ts'
import type { Faults, Plot } from './scenarios.ts'
import { type Input, Solo, type Stand, TICK, TIMER } from './solo.ts'

export interface Report {
  readonly name: string
  states: number
  schedules: number
  /** States in which nothing more can happen. */
  finals: number
  /** True if the bound on states was reached. */
  cut: boolean
  /** States of each end alone, and how many inputs were run to find them. */
  alone: number
  runs: number
  reruns: number
  readonly outcomes: Map<string, number>
  /** States of the ratchet that were seen, as `X crossed`. */
  readonly ratchets: Set<string>
}

/** A joint state with what is still to be done and what may still go wrong. */
interface Node {
  readonly pair: Pair
  readonly done: readonly number[]
  readonly copies: number
  readonly losses: number
  readonly early: number
  readonly repeats: Readonly<Record<Side, number>>
  readonly trail: Trail | undefined
}

/** How a state was reached first. */
interface Trail {
  readonly before: Trail | undefined
  readonly action: string
  readonly letter?: Letter | undefined
}

const TELL_EVERY = 100_000

/** A schedule that breaks a rule, with what broke. */
export class BrokenRule extends Error {}

export class Walk {
  readonly #plot: Plot
  readonly #faults: Faults
  readonly #time: 'timers' | 'no timers'
  readonly #scenario: Plot & { readonly copies: number; readonly timers: number }
  readonly solos: Solos
  /** By state: with how much left to go wrong it has been followed. */
  readonly #seen = new Map<string, number | number[]>()
  readonly #judged = new Set<string>()
  readonly #endings: Endings = new Map()
  readonly report: Report
  readonly finals: Set<string> = new Set()

  /** With `no timers` time stands still: for comparison with schedules that are run by themselves. */
  constructor(plot: Plot, faults: Faults, time: 'timers' | 'no timers' = 'timers') {
    this.#time = time
    this.#plot = plot
    this.#faults = faults
    this.#scenario = { ...plot, copies: 0, timers: 0 }
    this.solos = { X: new Solo('X', plot), C: new Solo('C', plot) }
    const { name } = plot
    this.report = {
      name,
      states: 0,
      schedules: 0,
      finals: 0,
      cut: false,
      alone: 0,
      runs: 0,
      reruns: 0,
      outcomes: new Map(),
      ratchets: new Set(),
    }
  }

  run(statesMax: number): Report {
    const { report } = this
    const waiting = new Waiting()
    const first = this.#first()
    if (this.#isNew(first)) waiting.push(first)
    let told = TELL_EVERY
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if (report.states >= statesMax) {
        report.cut = true
        break
      }
      this.#follow(node, waiting)
      if (report.states >= told) {
        told += TELL_EVERY
        console.log(`${report.name}: ${report.states} states so far, ${waiting.size} to follow`)
      }
    }
    const { X, C } = this.solos
    report.alone = X.size + C.size
    report.runs = X.runs + C.runs
    report.reruns = X.reruns + C.reruns
    return report
  }

  #follow(node: Node, waiting: Waiting): void {
    const { report } = this
    let last = true
    for (const next of this.#successors(node)) {
      last = false
      report.schedules += 1
      if (this.#isNew(next)) waiting.push(next)
    }
    if (last) {
      report.finals += 1
      if (this.#time === 'no timers') this.finals.add(textOfPair({ ...node.pair, arrived: '' }))
    }
    this.#judge(node)
  }

  /** False if the same state has been met with at least as much left to go wrong: then all of this has been followed. */
  #isNew(node: Node): boolean {
    const { pair, done } = node
    const key = digestOf(String.fromCharCode(...done) + textOfPair(pair))
    const left = leftOf(node)
    const before = this.#seen.get(key)
    const all = before === undefined ? [] : typeof before === 'number' ? [before] : before
    if (all.some((other) => covers(other, left))) return false
    // One number is much smaller than a list of one.
    if (before === undefined) this.#seen.set(key, left)
    else this.#seen.set(key, [...all, left])
    this.report.states += 1
    for (const side of SIDES) this.report.ratchets.add(`${side} ${standOf(pair, side).facts.session?.ratchet}`)
    return true
  }

  /** The pair after the base exchange, one datagram each way, and every timer that follows from it; or two strangers. */
  #first(): Node {
    const { X, C } = this.solos
    const start: Pair = { X: X.root, C: C.root, flying: [], impatient: false, arrived: '', reset: false }
    const course = new Course(this.#scenario, this.solos, start)
    if (this.#plot.strangers !== true) warmUp(course)
    const { copies, losses, early } = this.#faults
    const crashes = this.#plot.threads.flat().some((name) => name.endsWith('.crash'))
    const repeats = this.#faults.repeats + (crashes ? 1 : 0)
    const done = this.#plot.threads.map(() => 0)
    const pair = { ...course.pair, arrived: '' }
    return { pair, done, copies, losses, early, repeats: { X: repeats, C: repeats }, trail: undefined }
  }

  *#successors(node: Node): Iterable<Node> {
    yield* this.#commands(node)
    yield* this.#deliveries(node)
    if (this.#time === 'timers') for (const side of SIDES) yield* this.#timers(node, side)
  }

  *#commands(node: Node): Iterable<Node> {
    for (const [index, thread] of this.#plot.threads.entries()) {
      const name = thread[node.done[index] ?? 0]
      if (name === undefined) continue
      const [who, verb = ''] = name.split('.')
      const side: Side = who === 'X' ? 'X' : 'C'
      if (!isEnabled(standOf(node.pair, side), verb)) continue
      const done = node.done.map((count, at) => (at === index ? count + 1 : count))
      yield { ...this.#after(node, side, this.#commandInput(node.pair, side, verb), node.pair.flying, name), done }
    }
  }

  #commandInput(pair: Pair, side: Side, verb: string): Input {
    if (verb !== 'learn') return command(verb)
    const other: Side = side === 'X' ? 'C' : 'X'
    const stand = standOf(pair, other)
    const argument = this.solos[other].whereabouts(stand)
    return { key: `learn ${stand.facts.epoch} ${stand.facts.address}`, kind: 'command', verb, argument }
  }

  *#deliveries(node: Node): Iterable<Node> {
    const { pair } = node
    let before: Letter | undefined
    for (const letter of pair.flying) {
      if (letter === before || !listening(pair, letter, this.#scenario)) continue
      before = letter
      const { toSide } = letter
      const input = letterInput(letter)
      const after = this.#after(node, toSide, input, withoutLetter(pair.flying, letter), 'deliver', letter)
      yield after
      if (node.copies > 0) {
        const copied = this.#after(node, toSide, input, pair.flying, 'copy', letter)
        yield { ...copied, copies: node.copies - 1 }
      }
    }
  }

  *#timers(node: Node, side: Side): Iterable<Node> {
    const { pair } = node
    const stand = standOf(pair, side)
    const { deadline, listens } = stand.facts
    if (!listens || deadline > SOON_MS) return
    const delay = Math.max(0, deadline)
    const step = this.solos[side].step(stand, TIMER, delay)
    const cost = step.sent.length > 0 ? 1 : 0
    if (node.repeats[side] < cost) return
    const repeats = { ...node.repeats, [side]: node.repeats[side] - cost }
    const out = pair.flying.filter((letter) => listening(pair, letter, this.#scenario))
    if (out.length <= node.losses) {
      const left = pair.flying.filter((letter) => !out.includes(letter))
      const next = this.#after(node, side, TIMER, left, `timer ${side}${out.length > 0 ? ', lost' : ''}`, out[0], delay)
      yield { ...next, repeats, losses: node.losses - out.length }
    }
    if (out.length > 0 && node.early > 0) {
      const next = this.#after(node, side, TIMER, pair.flying, `early timer ${side}`, undefined, delay)
      yield { ...next, repeats, early: node.early - 1 }
    }
  }

  #after(
    node: Node,
    side: Side,
    input: Input,
    flying: readonly Letter[],
    action: string,
    letter?: Letter,
    delay = 0,
  ): Node {
    const trail: Trail = { before: node.trail, action, letter }
    try {
      const step = this.solos[side].step(standOf(node.pair, side), input, delay)
      return { ...node, pair: stepped(node.pair, this.#scenario, side, step, flying), trail }
    } catch (error) {
      throw explained(this.#plot, trail, error)
    }
  }

  /**
   * How a state ends is looked at when nothing is on its way any more: from every other state deliveries lead to such a one.
   * Where nothing has gone wrong yet, also how it ends if nothing arrives for so long that both ends park.
   */
  #judge(node: Node): void {
    const { pair, copies, losses, early } = node
    const out = pair.flying.filter((letter) => listening(pair, letter, this.#scenario))
    if (out.length > losses) return
    const flying = pair.flying.filter((letter) => !out.includes(letter))
    const text = textOfPair({ ...pair, flying })
    if (this.#toJudge(`d${text}`)) this.#finish(node, { ...pair, flying }, 'delivered')
    // Strangers who hear nothing of each other give up, as they should.
    if (this.#plot.strangers === true) return
    const { copies: allCopies, losses: allLosses, early: allEarly } = this.#faults
    if (copies < allCopies || losses < allLosses || early < allEarly || out.length > 0) return
    if (this.#toJudge(`c${text}`)) this.#finish(node, { ...pair, flying: [] }, 'cut off')
  }

  /** True the first time. */
  #toJudge(text: string): boolean {
    const key = digestOf(text)
    if (this.#judged.has(key)) return false
    this.#judged.add(key)
    return true
  }

  #finish(node: Node, pair: Pair, fate: Fate): void {
    const { outcomes } = this.report
    try {
      const outcome = outcomeOf(this.#scenario, this.solos, pair, fate, this.#endings)
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    } catch (error) {
      throw explained(this.#plot, { before: node.trail, action: `… ${fate}` }, error)
    }
  }
}

function warmUp(course: Course): void {
  for (const side of SIDES) course.do(side, command('send'))
  while (course.queue.length > 0 || SIDES.some((side) => course.deadline(side) <= SOON_MS)) course.advance(SOON_MS)
  for (const side of SIDES) course.do(side, TICK)
}

/** What may still go wrong, four bits each. */
function leftOf({ copies, losses, early, repeats }: Node): number {
  return copies | (losses << 4) | (early << 8) | (repeats.X << 12) | (repeats.C << 16)
}

function covers(more: number, less: number): boolean {
  for (let shift = 0; shift < 20; shift += 4) if (((more >>> shift) & 15) < ((less >>> shift) & 15)) return false
  return true
}

/** Those to whom least has gone wrong come first, so that what is covered by another state is met after it. */
class Waiting {
  readonly #byRest: Node[][] = []

  push(node: Node): void {
    const { copies, losses, early, repeats } = node
    const rest = copies + losses + early + repeats.X + repeats.C
    while (this.#byRest.length <= rest) this.#byRest.push([])
    this.#byRest[rest]?.push(node)
  }

  pop(): Node | undefined {
    return this.#byRest.findLast((nodes) => nodes.length > 0)?.pop()
  }

  get size(): number {
    return this.#byRest.reduce((sum, nodes) => sum + nodes.length, 0)
  }
}

function isEnabled({ facts: { status, session } }: Stand, verb: string): boolean {
  if (verb === 'thaw' || verb === 'unfreeze' || verb === 'claim') return status === 'frozen'
  if (verb === 'restart') return status === 'down'
  if (verb === 'open') return status === 'running'
  // A host can crash with what it has frozen.
  if (verb === 'crash') return status !== 'down'
  return status === 'running' && session !== undefined
}

function explained({ name }: Plot, trail: Trail, error: unknown): unknown {
  if (error instanceof BrokenRule) return error
  const schedule: string[] = []
  for (let at: Trail | undefined = trail; at !== undefined; at = at.before)
    schedule.push(at.letter === undefined ? at.action : `${at.action} ${at.letter.text}`)
  const story = schedule.reverse().join('\n  ')
  if (error instanceof Fault) return new BrokenRule(`${name}: ${error.message}\n  ${story}`)
  if (error instanceof Error) error.message = `${name}: ${error.message}\n  ${story}`
  return error
}
