// All that can happen to start machines before one ledger: every order, with a few losses, duplicates and clones of memory.
// A breadth-first walk over plain states; what may never be is checked in each of them.

import { toHex, utf8 } from '../../src/base/bytes.ts'
import { applyActivate, applyClaim, applyStart, type LedgerRecord } from '../../src/core/moving/record.ts'
import {
  beginStart,
  type StartInput,
  type StartKeys,
  type StartOutput,
  type StartPlan,
  type StartState,
  stepStart,
} from '../../src/core/moving/start.ts'
import type { Entropy } from '../../src/crypto/entropy.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import type { Identity } from '../../src/crypto/identity.ts'
import { grant, HOST_A, HOST_B, LEDGER, X } from './actors.ts'

/** A start of X from nothing, a thaw of its first start on B, and that start taken back by A. */
export const FRESH: StartPlan = {
  hit: X.hit,
  base: undefined,
  grant: undefined,
  seen: 0,
  ledger: undefined,
  takeOver: false,
  together: false,
}
export const THAW_B: StartPlan = { ...FRESH, base: 1, grant: grant(HOST_A, HOST_B, 1) }
export const ABORT_A: StartPlan = { ...FRESH, base: 1, takeOver: true }

export interface Runner {
  readonly host: Identity
  readonly plan: StartPlan
}

export interface Budget {
  readonly losses: number
  readonly duplicates: number
  readonly clones: number
  /** Races lost by one machine before the walk stops following it. */
  readonly races: number
}

export interface Walk {
  readonly states: number
  readonly endings: number
  /** Refusals seen, by reason. */
  readonly refusals: ReadonlySet<string>
}

type Question = Extract<StartOutput, { ask: number }>

interface World {
  readonly record: LedgerRecord | undefined
  readonly machines: readonly StartState[]
  /** Whose host and entropy each machine has. */
  readonly owners: readonly number[]
  readonly requests: readonly { readonly machine: number; readonly question: Question }[]
  readonly replies: readonly { readonly machine: number; readonly input: StartInput }[]
  readonly left: Budget
}

/** Walks through everything and calls `check` in each state. Ends where nothing can happen any more: `ending` is called. */
export function walkStarts(
  runners: readonly Runner[],
  record: LedgerRecord | undefined,
  budget: Budget,
  check: (machines: readonly StartState[], record: LedgerRecord | undefined) => void,
  ending: (machines: readonly StartState[], left: Budget) => void,
): Walk {
  const refusals = new Set<string>()
  const seen = new Set<string>()
  let frontier: World[] = [begin(runners, record, budget)]
  let endings = 0
  while (frontier.length > 0) {
    const next: World[] = []
    for (const world of frontier) {
      const followers = successors(world, runners).filter((one) =>
        one.machines.every(({ races }) => races <= budget.races),
      )
      for (const follower of followers) {
        const key = keyOf(follower)
        if (seen.has(key)) continue
        seen.add(key)
        check(follower.machines, follower.record)
        for (const { phase } of follower.machines) if (phase.name === 'refused') refusals.add(phase.why)
        next.push(follower)
      }
      if (followers.length === 0 && world.machines.every(({ phase }) => isOver(phase.name))) {
        endings++
        ending(world.machines, world.left)
      }
    }
    frontier = next
  }
  return { states: seen.size, endings, refusals }
}

function begin(runners: readonly Runner[], record: LedgerRecord | undefined, left: Budget): World {
  const first = runners.map(({ plan }) => beginStart(plan, 0, Number.MAX_SAFE_INTEGER))
  return {
    record,
    machines: first.map(({ state }) => ({ ...state, wakeAt: 0 })),
    owners: runners.map((_, index) => index),
    requests: first.flatMap(({ outputs }, machine) =>
      outputs.filter(isQuestion).map((question) => ({ machine, question })),
    ),
    replies: [],
    left,
  }
}

function successors(world: World, runners: readonly Runner[]): World[] {
  const worlds: World[] = []
  const { left } = world
  world.requests.forEach((request, index) => {
    const rest = world.requests.filter((_, other) => other !== index)
    worlds.push(served(world, request, rest))
    if (left.losses > 0) worlds.push({ ...world, requests: rest, left: { ...left, losses: left.losses - 1 } })
    if (left.duplicates > 0) {
      worlds.push({ ...served(world, request, world.requests), left: { ...left, duplicates: left.duplicates - 1 } })
    }
  })
  world.replies.forEach(({ machine, input }, index) => {
    const replies = world.replies.filter((_, other) => other !== index)
    worlds.push(stepped({ ...world, replies }, machine, input, runners))
    if (left.losses > 0) worlds.push({ ...world, replies, left: { ...left, losses: left.losses - 1 } })
  })
  world.machines.forEach((state, machine) => {
    if (isOver(state.phase.name)) return
    const waiting = [...world.requests, ...world.replies].some((message) => message.machine === machine)
    // Time passes for a machine when nothing that it waits for is under way.
    if (!waiting || !state.asking) worlds.push(stepped(world, machine, { type: 'wake' }, runners))
    if (left.clones > 0) worlds.push(cloned(world, machine))
  })
  return worlds
}

function served(world: World, { machine, question }: World['requests'][number], requests: World['requests']): World {
  const label = `${idOf(question)} ${idOf(world.record)}`
  const [input, record] = recalled(answers, label, () => answer(question, world.record))
  return { ...world, record, requests, replies: [...world.replies, { machine, input }] }
}

function answer(question: Question, record: LedgerRecord | undefined): [StartInput, LedgerRecord | undefined] {
  const { ask } = question
  if (question.type === 'read') return [{ type: 'read', ask, record }, record]
  if (question.type === 'claim') {
    const reply = applyClaim(record, question.request)
    return [{ type: 'claimed', ask, reply }, reply.record]
  }
  if (question.type === 'start') {
    const reply = applyStart(record, question.claim, question.activate, LEDGER, 0)
    return [{ type: 'answered', ask, reply }, reply.reply.record]
  }
  const reply = applyActivate(record, question.request, LEDGER, 0)
  return [{ type: 'activated', ask, reply }, reply.record]
}

function stepped(world: World, machine: number, input: StartInput, runners: readonly Runner[]): World {
  const state = world.machines[machine]
  const runner = runners[world.owners[machine] ?? 0]
  if (state === undefined || runner === undefined) return world
  const label = `${machine} ${idOf(state)} ${idOf(input)}`
  const { state: after, outputs } = recalled(steps, label, () => {
    const keys: StartKeys = { host: runner.host, identity: X, entropy: entropyOf(machine, state) }
    const step = stepStart(state, input, 0, keys)
    // Times do not matter here: the walk says when a machine wakes.
    return { state: { ...step.state, wakeAt: 0, failures: 0, unheard: false }, outputs: step.outputs }
  })
  const questions = outputs.filter(isQuestion).map((question) => ({ machine, question }))
  return {
    ...world,
    machines: world.machines.map((other, index) => (index === machine ? after : other)),
    requests: [...world.requests, ...questions],
  }
}

/** The memory of a machine is copied, with all that is under way to it; what it draws later is its own. */
function cloned(world: World, machine: number): World {
  const state = world.machines[machine]
  if (state === undefined) return world
  const copy = world.machines.length
  const also = <T extends { readonly machine: number }>(messages: readonly T[]): readonly T[] => [
    ...messages,
    ...messages.filter((message) => message.machine === machine).map((message) => ({ ...message, machine: copy })),
  ]
  return {
    ...world,
    machines: [...world.machines, state],
    owners: [...world.owners, world.owners[machine] ?? 0],
    replies: also(world.replies),
    left: { ...world.left, clones: world.left.clones - 1 },
  }
}

/** Fresh for every machine and point of its life, and the same whichever way led there: else no two states would meet. */
function entropyOf(machine: number, state: StartState): Entropy {
  let count = 0
  return (length) => {
    const label = `${machine} ${state.phase.name} ${state.races} ${epochOf(state)} ${count++}`
    return sha256(utf8(label)).slice(0, length)
  }
}

function epochOf({ phase }: StartState): number {
  return 'epoch' in phase ? phase.epoch : 0
}

function isOver(phase: string): boolean {
  return phase === 'started' || phase === 'refused'
}

function isQuestion(output: StartOutput): output is Question {
  return output.type === 'read' || output.type === 'claim' || output.type === 'activate' || output.type === 'start'
}

/** Counts of asking do not tell states apart; replies that would be ignored are all one. */
function keyOf({ record, machines, requests, replies, left }: World): string {
  const since = (machine: number, ask: number) => Math.max(-1, ask - (machines[machine]?.firstAsk ?? 0))
  const asked = requests.map(({ machine, question }) => {
    return `${machine}/${since(machine, question.ask)}/${idOf(askedFor(question))}`
  })
  const answered = replies.map(({ machine, input }) => {
    const ask = input.type === 'wake' ? 0 : since(machine, input.ask)
    return ask < 0 ? `${machine}` : `${machine}/${ask}/${idOf(contents(input))}`
  })
  const states = machines.map(({ phase, asking, races }) => `${idOf(phase)}/${asking}/${races}`)
  return [idOf(record), states, asked.sort(), answered.sort(), Object.values(left)].join(' ')
}

const READ = {}

function askedFor(question: Question): object {
  if (question.type === 'read') return READ
  return question.type === 'start' ? question.claim : question.request
}

function contents(input: StartInput): object | undefined {
  if (input.type === 'read') return input.record
  return input.type === 'claimed' || input.type === 'activated' || input.type === 'answered' ? input.reply : undefined
}

// Signing and printing the same things again and again is what such a walk spends its time on: equal values have one number,
// and what was worked out once for those numbers is recalled.
const ids = new WeakMap<object, number>()
const idsOfTexts = new Map<string, number>()
const steps = new Map<string, { readonly state: StartState; readonly outputs: readonly StartOutput[] }>()
const answers = new Map<string, [StartInput, LedgerRecord | undefined]>()

function idOf(value: object | undefined): number {
  if (value === undefined) return 0
  const known = ids.get(value)
  if (known !== undefined) return known
  const text = JSON.stringify(value, (_, inner: unknown) => (inner instanceof Uint8Array ? toHex(inner) : inner))
  const id = idsOfTexts.get(text) ?? idsOfTexts.size + 1
  idsOfTexts.set(text, id)
  ids.set(value, id)
  return id
}

function recalled<T>(memory: Map<string, T>, label: string, work: () => T): T {
  const known = memory.get(label)
  if (known !== undefined) return known
  const fresh = work()
  memory.set(label, fresh)
  return fresh
}
