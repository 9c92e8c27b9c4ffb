// Runs one seed: first safety, with faults; then the faults stop and everything has to come right within a minute (L1). A failing
// seed is one line that repeats it.

import { InvariantError } from '../base/assert.ts'
import { type Algorithms, STANDARD } from '../crypto/algorithms.ts'
import type { EventKind, FaultKind } from './faults.ts'
import { RECOLLECTING } from './recollection.ts'
import { type SeedKind, SWARM } from './seed-kinds.ts'
import { Swarm } from './swarm.ts'
import type { Counts } from './tally.ts'

/** How long everything may take to come right after the last fault: 60 virtual seconds. */
const CALM_MS = 60_000
const LOOK_MS = 100
/** One seed in so many computes all that it checks: no divisor of the turn of kinds, so that in time all of them do. */
const PLAIN_EVERY = 13

/** Why a seed failed. */
export interface SeedFailure {
  /** The rule that was broken: S1–S11, I1–I12, L1–L3, or `bug` for an assertion of the code itself. */
  readonly rule: string
  /** What was seen, in words. */
  readonly detail: string
  /** Virtual ms. */
  readonly at: number
}

/** What became of a seed. */
export interface SeedResult {
  /** Its number. */
  readonly seed: number
  /** Whether there is no failure. */
  readonly ok: boolean
  /** How often each kind of event happened. */
  readonly events: Readonly<Counts<EventKind>>
  /** How often each kind of fault happened. */
  readonly faults: Readonly<Counts<FaultKind>>
  /** Hash of every packet and event, with its moment. */
  readonly hash: string
  /** Virtual ms from the end of faults until all was well; undefined if that was never so. */
  readonly calmedMs: number | undefined
  /** Why it failed; undefined if it did not. */
  readonly failure: SeedFailure | undefined
  /** The command that runs this seed again. */
  readonly repro: string
}

/** What a seed computes with, unless told otherwise. It makes no difference to what happens. */
export function algorithmsOfSeed(seed: number): Algorithms {
  return seed % PLAIN_EVERY === 0 ? STANDARD : RECOLLECTING
}

/** Runs the world that a seed draws, as seeds of that kind do: of everything, unless told otherwise. */
export function runSeed(
  seed: number,
  kind: SeedKind = SWARM,
  algorithms: Algorithms = algorithmsOfSeed(seed),
): SeedResult {
  const swarm = new Swarm(seed, kind, algorithms)
  const { world } = swarm
  let calmedMs: number | undefined
  const failure = guarded(swarm, () => {
    pass(swarm, swarm.endsAt)
    swarm.calm()
    calmedMs = settle(swarm)
  })
  const { tally } = world
  const found = failure ?? finalFailure(swarm, calmedMs)
  const { events, faults, hash } = tally
  return {
    seed,
    ok: found === undefined,
    events,
    faults,
    hash,
    calmedMs,
    failure: found,
    repro: `npm run seeds -- ${seed} 1 ${kind.name}`,
  }
}

/** One line for a failing seed. */
export function describeFailure({ seed, failure, repro }: SeedResult): string {
  if (failure === undefined) return `seed ${seed}: ok`
  return `seed ${seed}: ${failure.rule} at ${failure.at.toFixed(1)} ms: ${failure.detail} — ${repro}`
}

/** Lets time pass until `until`, or until a checker objects. */
function pass({ world }: Swarm, until: number): void {
  while (world.violations.length === 0 && world.clock.step(until));
  if (world.violations.length === 0) world.clock.run(until)
}

function settle(swarm: Swarm): number | undefined {
  const { world } = swarm
  const begin = world.now
  while (world.violations.length === 0 && world.now - begin <= CALM_MS) {
    if (swarm.unsettled() === undefined) return world.now - begin
    pass(swarm, world.now + LOOK_MS)
  }
  return undefined
}

function finalFailure(swarm: Swarm, calmedMs: number | undefined): SeedFailure | undefined {
  const { world } = swarm
  const at = world.now
  const violation = world.violations[0]
  if (violation !== undefined) return { ...violation, at }
  const reason = calmedMs === undefined ? swarm.unsettled() : undefined
  if (reason !== undefined) return { rule: 'L1', detail: reason, at }
  const { sent, queued, moved } = world.tally.events
  if (moved === 0) return { rule: 'seed', detail: 'nothing has moved', at }
  if (sent + queued < swarm.kind.datagramsMin)
    return { rule: 'seed', detail: `only ${sent + queued} datagrams were sent`, at }
  return undefined
}

/** The code's own assertions are failures of the seed; anything else is a bug of the simulator and is thrown. */
function guarded(swarm: Swarm, run: () => void): SeedFailure | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const where = error.stack
      ?.split('\n')
      .slice(1, 4)
      .map((line) =>
        line
          .trim()
          .replace(/^at /, '')
          .replace(/\(.*\/(src\/)/, '($1'),
      )
    const rule = error instanceof InvariantError ? 'bug' : 'error'
    return { rule, detail: `${error.message} [${where?.join(' < ') ?? ''}]`, at: swarm.world.now }
  }
}
