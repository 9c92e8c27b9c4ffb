// node dist/test/seeds/run.js [FROM [COUNT [KIND]]]: runs the worlds of COUNT seeds from FROM on, of one kind or of all in turn, and
// prints what each kind costs and how often every kind of event and fault happened. Exit code 1 if a seed failed (one line each,
// with the command that repeats it), if a seed that is run twice, once with all of its cryptography, took two courses, or if an event or a fault never happened: a
// simulator that does not do its worst proves nothing.

import { type Algorithms, STANDARD } from '../../src/crypto/algorithms.ts'
import {
  addCounts,
  describeFailure,
  EVENT_KINDS,
  FAULT_KINDS,
  kindOfSeed,
  runSeed,
  SEED_KINDS,
  type SeedResult,
  zeros,
} from '../../src/sim.ts'
import { algorithmsHere } from './algorithms.ts'
import { runStrangers, STRANGERS } from './strangers.ts'

/** One seed in so many is run with a stranger, too, that knows only the RFCs (strangers.ts). */
const STRANGERS_EVERY = 20
/** Fewer seeds than this need not show everything. */
const ALL_KINDS_MIN = 1_000
/** One seed in so many is run twice, the second time in the portable way and with nothing remembered (algorithms.ts): no multiple of the turn of kinds, so that all of them are. */
const TWICE_EVERY = 101
const FAILURES_SHOWN = 20

const from = Number(process.argv[2] ?? 1)
const count = Number(process.argv[3] ?? 5_000)
const only = process.argv[4]
const named = SEED_KINDS.find(({ name }) => name === only)
if (
  !Number.isSafeInteger(from) ||
  from < 0 ||
  !Number.isSafeInteger(count) ||
  count < 1 ||
  (only && !named && only !== STRANGERS)
) {
  process.stderr.write(
    `usage: run.js [FROM [COUNT [KIND]]], KIND one of ${[...SEED_KINDS, { name: STRANGERS }].map(({ name }) => name).join(', ')}\n`,
  )
  process.exit(2)
}

const events = zeros(EVENT_KINDS)
const faults = zeros(FAULT_KINDS)
const failures: SeedResult[] = []
const costs = new Map<string, { seeds: number; cpuMs: number }>()
const begin = performance.now()
let calmed = 0

for (let seed = from; seed < from + count; seed++) {
  const kind = named ?? kindOfSeed(seed)
  if (only !== STRANGERS) record(seed, kind.name, (algorithms) => runSeed(seed, kind, algorithms))
  if (only === STRANGERS || (only === undefined && seed % STRANGERS_EVERY === 0))
    record(seed, STRANGERS, (algorithms) => runStrangers(seed, algorithms))
}

const wallMs = performance.now() - begin
const cpuMs = [...costs.values()].reduce((sum, cost) => sum + cost.cpuMs, 0)
const worlds = [...costs.values()].reduce((sum, { seeds }) => sum + seeds, 0)
const never = [...absent(events), ...absent(faults)]
process.stdout.write(`${table('events', events)}\n${table('faults', faults)}\nkinds:\n`)
for (const [name, cost] of costs) {
  const mean = `${(cost.cpuMs / cost.seeds).toFixed(1)} ms of CPU a seed`
  process.stdout.write(`  ${name.padEnd(20)} ${String(cost.seeds).padStart(9)}  ${mean}\n`)
}
process.stdout.write(
  `${count} seeds from ${from}, ${worlds} worlds: ${failures.length} failed, ${(cpuMs / worlds).toFixed(1)} ms of CPU and ` +
    `${(wallMs / worlds).toFixed(1)} ms a world, ${(calmed / worlds / 1_000).toFixed(2)} virtual s until calm\n`,
)
if (failures.length > 0) process.exitCode = 1
if (never.length > 0) {
  process.stdout.write(`never happened: ${never.join(', ')}\n`)
  if (count >= ALL_KINDS_MIN) process.exitCode = 1
}

function absent(counts: Readonly<Record<string, number>>): string[] {
  return Object.keys(counts).filter((kind) => counts[kind] === 0)
}

function table(title: string, counts: Readonly<Record<string, number>>): string {
  const rows = Object.entries(counts).map(([kind, times]) => `  ${kind.padEnd(20)} ${String(times).padStart(9)}`)
  return [`${title}:`, ...rows].join('\n')
}

/** Runs one world and takes down what came of it. */
function record(seed: number, name: string, run: (algorithms: Algorithms) => SeedResult): void {
  const before = process.cpuUsage()
  const result = run(algorithmsHere(seed))
  addCounts(events, result.events)
  addCounts(faults, result.faults)
  calmed += result.calmedMs ?? 0
  if (!result.ok) {
    failures.push(result)
    if (failures.length <= FAILURES_SHOWN) process.stdout.write(`${describeFailure(result)}\n`)
  }
  if (seed % TWICE_EVERY === 0 && run(STANDARD).hash !== result.hash) {
    process.stdout.write(`seed ${seed} ${name}: two runs took two courses\n`)
    process.exitCode = 1
  }
  const { user, system } = process.cpuUsage(before)
  const cost = costs.get(name) ?? { seeds: 0, cpuMs: 0 }
  costs.set(name, { seeds: cost.seeds + 1, cpuMs: cost.cpuMs + (user + system) / 1_000 })
}
