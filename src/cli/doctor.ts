// `sojourn doctor`: what this machine gives, which providers are used and why, and what can be done about it.

import { Command } from 'commander'
import { examine, type FindingState } from '../node/doctor.ts'
import { EXIT } from './exit.ts'
import { printer } from './output.ts'

const MARKS: Readonly<Record<FindingState, string>> = { good: 'ok', less: 'less', wrong: 'WRONG' }
const MARK_WIDTH = 5
const NAME_WIDTH = 13

/** The command: exit code 0 if everything works, 1 if something does not. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('what this machine gives: which providers are used and why, and what can be done about it')
    .option('--json', 'print one line of JSON for each finding, and a summary')
    .action(async ({ json = false }: { readonly json?: boolean }) => {
      const out = printer(json)
      const findings = await examine()
      for (const finding of findings) {
        const { name, state, found, advice } = finding
        const then = advice === '' ? '' : `; ${advice}`
        out.line(`${MARKS[state].padEnd(MARK_WIDTH)}  ${name.padEnd(NAME_WIDTH)}  ${found}${then}`, { ...finding })
      }
      const works = findings.every(({ state }) => state !== 'wrong')
      out.line(undefined, { works })
      if (!works) process.exitCode = EXIT.failed
    })
}
