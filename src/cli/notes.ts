// What commands that move bytes say beside them: stdout is the data, so everything else is on stderr, for people or, with --json,
// for machines (DESIGN §8).

import type { Printer } from './output.ts'

/** A printer on stderr. */
export function notes(json: boolean): Printer {
  return {
    json,
    line(text, value) {
      if (json) {
        if (value !== undefined) process.stderr.write(`${JSON.stringify(value)}\n`)
      } else if (text !== undefined) process.stderr.write(`${text}\n`)
    },
  }
}
