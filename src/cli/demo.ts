// sojourn demo: two identities in processes of their own, one moves three times, then both at once (DESIGN §10). What happens
// is in demo/script.ts; here are the options and the two ways to show it.

import { Command } from 'commander'
import { playDemo } from './demo/script.ts'
import { summaryLines } from './demo/summary.ts'
import { plainTimeline, terminalTimeline } from './demo/timeline.ts'
import { EXIT } from './exit.ts'
import { printer } from './output.ts'

interface DemoFlags {
  readonly json?: boolean
}

/** The command `demo`. */
export function demoCommand(stop: AbortSignal): Command {
  return new Command('demo')
    .description('watch a process move three times while its peer stays connected; then both move at once')
    .option('--json', 'print lines of JSON, the last one the summary')
    .addHelpText('after', '\nExamples:\n  sojourn demo\n  sojourn demo --json | tail -1')
    .action((flags: DemoFlags) => demo(flags.json ?? false, stop))
}

async function demo(json: boolean, stop: AbortSignal): Promise<void> {
  const out = printer(json)
  const timeline = !json && process.stdout.isTTY ? terminalTimeline() : plainTimeline(out)
  const summary = await playDemo(timeline, stop)
  timeline.end()
  if (json) out.line(undefined, { ...summary })
  else for (const line of summaryLines(summary)) out.line(line, undefined)
  if (!summary.ok) process.exitCode = EXIT.failed
}
