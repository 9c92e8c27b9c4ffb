// What the command line of a bench may say beside its name.

export interface BenchOptions {
  /** One JSON object a line instead of prose. */
  readonly json: boolean
  /** Keeps the run under bench/results. */
  readonly save: boolean
  /** Prepared moves of each kind that are to count. */
  readonly moves: number
  /** Idle associations of `memory` and `scale`, to try them out with fewer. */
  readonly associations: number
  /** The one part of a bench to run, by the start of its name; all of them if undefined. */
  readonly only: string | undefined
}

const MOVES = 100
const MOVES_MAX = 100_000
const ASSOCIATIONS = 10_000
const ASSOCIATIONS_MAX = 50_000

const OPTIONS = `--json, --save, --only=PART, --moves=1–${MOVES_MAX}, --associations=1–${ASSOCIATIONS_MAX}`

/** Reads `--json`, `--save`, `--moves=1000`, `--associations=100` and `--only=transfer`; a string says what is wrong with the rest. */
export function benchOptions(argv: readonly string[]): BenchOptions | string {
  let json = false
  let save = false
  let moves = MOVES
  let associations = ASSOCIATIONS
  let only: string | undefined
  for (const argument of argv) {
    const count = /^--moves=(\d+)$/.exec(argument)?.[1]
    const held = /^--associations=(\d+)$/.exec(argument)?.[1]
    const part = /^--only=(.+)$/.exec(argument)?.[1]
    if (argument === '--json') json = true
    else if (argument === '--save') save = true
    else if (count !== undefined && Number(count) > 0 && Number(count) <= MOVES_MAX) moves = Number(count)
    else if (held !== undefined && Number(held) > 0 && Number(held) <= ASSOCIATIONS_MAX) associations = Number(held)
    else if (part !== undefined) only = part
    else return `${argument} is none of ${OPTIONS}`
  }
  if (save && only !== undefined) return '--save keeps whole runs: leave --only out'
  return { json, save, moves, associations, only }
}

/** True of a part that is to run. */
export function wanted({ only }: BenchOptions, part: string): boolean {
  return only === undefined || part.startsWith(only)
}
