// node dist/test/seeds/run.js [FROM [COUNT]]: runs the worlds of COUNT seeds from FROM on and prints how often every kind of event
// and fault happened. Exit code 1 if a seed failed (one line each, with the command that repeats it), if a seed that is run
// twice took two courses, or if a kind never happened: a simulator that does not do its worst proves nothing.

import { addCounts, describeFailure, EVENT_KINDS, FAULT_KINDS, runSeed, type SeedResult, zeros } from '../../src/sim.ts'

/** Fewer seeds than this need not show every kind. */
const ALL_KINDS_MIN = 1_000
/** One seed in so many is run twice. */
const TWICE_EVERY = 100
const FAILURES_SHOWN = 20

const from = Number(process.argv[2] ?? 1)
const count = Number(process.argv[3] ?? 5_000)
if (!Number.isSafeInteger(from) || !Number.isSafeInteger(count) || count < 1) {
  process.stderr.write('usage: run.js [FROM [COUNT]]\n')
  process.exit(2)
}

const events = zeros(EVENT_KINDS)
const faults = zeros(FAULT_KINDS)
const failures: SeedResult[] = []
const begin = process.cpuUsage()
let calmed = 0

for (let seed = from; seed < from + count; seed++) {
  const result = runSeed(seed)
  addCounts(events, result.events)
  addCounts(faults, result.faults)
  calmed += result.calmedMs ?? 0
  if (!result.ok) {
    failures.push(result)
    if (failures.length <= FAILURES_SHOWN) process.stdout.write(`${describeFailure(result)}\n`)
  }
  if (seed % TWICE_EVERY === 0 && runSeed(seed).hash !== result.hash) {
    process.stdout.write(`seed ${seed}: two runs took two courses\n`)
    process.exitCode = 1
  }
}

const { user, system } = process.cpuUsage(begin)
const never = [...absent(events), ...absent(faults)]
process.stdout.write(`${table('event', events)}\n${table('fault', faults)}\n`)
process.stdout.write(
  `${count} seeds from ${from}: ${failures.length} failed, ${((user + system) / 1_000 / count).toFixed(1)} ms of CPU a seed, ` +
    `${(calmed / count / 1_000).toFixed(2)} virtual s until calm\n`,
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
  return [`${title}s:`, ...rows].join('\n')
}
