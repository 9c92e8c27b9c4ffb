// What the command line of a bench may say beside its name.

export interface BenchOptions {
  /** One JSON object a line instead of prose. */
  readonly json: boolean
  /** Keeps the run under bench/results. */
  readonly save: boolean
  /** Prepared moves of each kind that are to count. */
  readonly moves: number
  /** The one part of a bench to run, by the start of its name; all of them if undefined. */
  readonly only: string | undefined
}

const MOVES = 100
const MOVES_MAX = 100_000

/** Reads `--json`, `--save`, `--moves=1000` and `--only=transfer`; a string says what is wrong with the rest. */
export function benchOptions(argv: readonly string[]): BenchOptions | string {
  let json = false
  let save = false
  let moves = MOVES
  let only: string | undefined
  for (const argument of argv) {
    const count = /^--moves=(\d+)$/.exec(argument)?.[1]
    const part = /^--only=(.+)$/.exec(argument)?.[1]
    if (argument === '--json') json = true
    else if (argument === '--save') save = true
    else if (count !== undefined && Number(count) > 0 && Number(count) <= MOVES_MAX) moves = Number(count)
    else if (part !== undefined) only = part
    else
      return `${argument} is not --json, --save, --only= with a part of a bench, or --moves= with a number up to ${MOVES_MAX}`
  }
  return { json, save, moves, only }
}

/** True of a part that is to run. */
export function wanted({ only }: BenchOptions, part: string): boolean {
  return only === undefined || part.startsWith(only)
}
