// An operating-system process that uses a file ledger, to be raced and killed by tests: node ledger-child.js MODE FOLDER HOST.
// It says what it has done on stdout, a JSON line each, written before it goes on.

import { randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { toHex } from '../../src/base/bytes.ts'
import { beginStart, type StartOutput, type StartPlan, type StartStep, stepStart } from '../../src/core/moving/start.ts'
import { FileLedger } from '../../src/ledger/file.ts'
import { identity, X } from './actors.ts'

const [mode, folder = '', host = ''] = process.argv.slice(2)
const entropy = (length: number) => new Uint8Array(randomBytes(length))
const ledger = new FileLedger({ folder, entropy })
const keys = { host: identity(Number(host)), identity: X, entropy }
const plan: StartPlan = {
  hit: X.hit,
  base: undefined,
  grant: undefined,
  seen: 0,
  ledger: undefined,
  takeOver: mode === 'hammer',
  // Both ways of starting race each other.
  together: process.pid % 2 === 1,
}

/** Goes through the single door once. */
async function start(): Promise<Record<string, unknown>> {
  let step: StartStep = beginStart(plan, performance.now())
  for (;;) {
    const { phase } = step.state
    if (phase.name === 'refused') return { refused: phase.why }
    if (phase.name === 'started') return { started: phase.started.epoch, incarnation: toHex(phase.started.incarnation) }
    const [output] = step.outputs
    if (output === undefined) await new Promise((resolve) => setTimeout(resolve, step.state.wakeAt - performance.now()))
    step = stepStart(
      step.state,
      output === undefined ? { type: 'wake' } : await answer(output),
      performance.now(),
      keys,
    )
  }
}

async function answer(output: StartOutput) {
  if (output.type === 'read') return { type: 'read', ask: output.ask, record: await ledger.read(output.hit) } as const
  if (output.type === 'claim') {
    return { type: 'claimed', ask: output.ask, reply: await ledger.claim(output.request) } as const
  }
  if (output.type === 'start') {
    return { type: 'answered', ask: output.ask, reply: await ledger.start(output.claim, output.activate) } as const
  }
  if (output.type !== 'activate') throw new Error('no question')
  return { type: 'activated', ask: output.ask, reply: await ledger.activate(output.request) } as const
}

function say(line: Record<string, unknown>): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

if (mode === 'hammer') {
  // Starts again and again until it is killed, and ends in order what it has started.
  for (;;) {
    const said = await start().catch((error: unknown) => ({ failed: String(error) }))
    say(said)
    if ('started' in said && typeof said.started === 'number') await ledger.release(X.hit, said.started)
  }
} else if (mode === 'hold') {
  // Starts once when told to, and lives until its input ends.
  say({ ready: process.pid })
  process.stdin.once('data', () => void start().then(say))
  process.stdin.once('end', () => process.exit(0))
} else {
  // Says which key the ledger has.
  say({ key: toHex((await ledger.key()).bytes) })
}
