// sojourn demo: identities in processes of their own, which move while they talk, and while they download (DESIGN §10). What happens
// is in demo/script.ts; here are the options and the two ways to show it.

import { Command, Option } from 'commander'
import { playDemo } from './demo/script.ts'
import { summaryLines } from './demo/summary.ts'
import { plainTimeline, terminalTimeline } from './demo/timeline.ts'
import { EXIT } from './exit.ts'
import { printer } from './output.ts'

interface DemoFlags {
  readonly json?: boolean
  readonly megabytes: number
}

/** Of the large download. */
const MEGABYTES = 200

/** The command `demo`. */
export function demoCommand(stop: AbortSignal): Command {
  return new Command('demo')
    .description(
      'watch processes move while their peers stay connected: over datagrams, and in the middle of downloads',
    )
    .option('--json', 'print lines of JSON, the last one the summary')
    .addOption(new Option('--megabytes <n>', 'of the large download').default(MEGABYTES).argParser(Number).hideHelp())
    .addHelpText('after', '\nExamples:\n  sojourn demo\n  sojourn demo --json | tail -1')
    .action((flags: DemoFlags) => demo(flags, stop))
}

async function demo({ json = false, megabytes }: DemoFlags, stop: AbortSignal): Promise<void> {
  const out = printer(json)
  const timeline = !json && process.stdout.isTTY ? terminalTimeline() : plainTimeline(out)
  const summary = await playDemo(timeline, megabytes * 1_000_000, stop)
  timeline.end()
  if (json) out.line(undefined, { ...summary })
  else for (const line of summaryLines(summary)) out.line(line, undefined)
  if (!summary.ok) process.exitCode = EXIT.failed
}
