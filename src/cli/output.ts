// What commands print on stdout: text for people or, with --json, lines of JSON and nothing else. A reader that goes away
// (`| head -1`) is no failure: the rest is not written.

let gone = false

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  gone = true
  for (const leave of leavers) leave()
})

const leavers = new Set<() => void>()

/** Calls `leave` when nobody reads stdout any more. */
export function onReaderGone(leave: () => void): void {
  leavers.add(leave)
}

/** Writes text as it is. */
export function say(text: string): void {
  if (!gone) process.stdout.write(text)
}

/** Prints either form of one fact. */
export interface Printer {
  readonly json: boolean
  /** A line: `text` for people, unless it is undefined, or `value` as JSON. */
  line(text: string | undefined, value: Readonly<Record<string, unknown>> | undefined): void
}

/** A printer for people or for machines. */
export function printer(json: boolean): Printer {
  return {
    json,
    line(text, value) {
      if (json) {
        if (value !== undefined) say(`${JSON.stringify(value)}\n`)
      } else if (text !== undefined) say(`${text}\n`)
    },
  }
}

/** Milliseconds for people and for JSON: two decimals are all that is meant. */
export function roundMs(ms: number): number {
  return Math.round(ms * 100) / 100
}
