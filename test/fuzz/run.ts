// node dist/test/fuzz/run.js [SECONDS [TARGET ...]]: feeds each target mutations of its corpus for SECONDS (10), keeps an input for
// every outcome that is new, and writes test/fuzz/corpus. Exit code 1 if a target threw: the input is printed in hexadecimal.

import { toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { messageOf } from '../../src/node/errors.ts'
import { keep, seedsOf } from './corpus.ts'
import { mutate } from './mutate.ts'
import { TARGETS, type Target } from './targets.ts'

const OUTCOMES_KEPT = 60
const BATCH = 256

const seconds = Number(process.argv[2] ?? 10)
const names = process.argv.slice(3)
const unknown = names.filter((name) => !TARGETS.has(name))
if (!(seconds > 0) || unknown.length > 0) {
  process.stderr.write(`usage: run.js [SECONDS [TARGET ...]]${unknown.length > 0 ? `; no target ${unknown[0]}` : ''}\n`)
  process.exit(2)
}

let failed = 0
for (const [name, run] of TARGETS) {
  if (names.length > 0 && !names.includes(name)) continue
  failed += fuzz(name, run)
}
process.exitCode = failed > 0 ? 1 : 0

function fuzz(name: string, run: Target): number {
  const prng = new Prng(Date.now())
  const byOutcome = new Map<string, Uint8Array>()
  let inputs = 0
  const attempt = (input: Uint8Array): boolean => {
    inputs++
    try {
      const outcome = run(input)
      const known = byOutcome.get(outcome)
      const better = known === undefined ? byOutcome.size < OUTCOMES_KEPT : input.length < known.length
      if (better) byOutcome.set(outcome, input)
      return true
    } catch (error) {
      process.stderr.write(`${name}: ${messageOf(error)}: ${toHex(input)}\n`)
      return false
    }
  }
  if (!seedsOf(name).every(attempt)) return 1
  const end = performance.now() + seconds * 1_000
  while (performance.now() < end) {
    const pool = [...byOutcome.values()]
    for (let count = 0; count < BATCH; count++) {
      if (!attempt(mutate(prng.pick(pool), prng.pick(pool), prng))) return 1
    }
  }
  keep(name, [...byOutcome.values()])
  process.stdout.write(`${name}: ${inputs} inputs, ${byOutcome.size} outcomes\n`)
  return 0
}
