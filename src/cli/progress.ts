// A progress bar on a terminal: how much, how fast, by which path, and how often that has moved. Nothing if stderr is no terminal.

import { REDRAW_MS } from './config.ts'
import type { Journey } from './journey.ts'

const BAR_WIDTH = 24

/** Draws until it is stopped. `total` is in bytes, undefined if nobody knows it. */
export class Progress {
  readonly #journey: Journey
  readonly #total: number | undefined
  readonly #done: () => number
  readonly #begun = performance.now()
  readonly #timer: NodeJS.Timeout | undefined

  constructor(journey: Journey, total: number | undefined, done: () => number) {
    this.#journey = journey
    this.#total = total
    this.#done = done
    if (process.stderr.isTTY !== true) return
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS)
    this.#timer.unref()
  }

  /** Milliseconds since it began. */
  get elapsedMs(): number {
    return performance.now() - this.#begun
  }

  /** Takes the bar away. */
  stop(): void {
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    process.stderr.write('\r\x1b[K')
  }

  #draw(): void {
    const text = progressLine(this.#done(), this.#total, this.elapsedMs, this.#journey)
    process.stderr.write(`\r\x1b[K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`)
  }
}

/** One line: `[####....]  50 %  1.2 MB  3.4 MB/s  192.0.2.1:10500  1 move`. */
export function progressLine(
  done: number,
  total: number | undefined,
  elapsedMs: number,
  { path, moves }: Pick<Journey, 'path' | 'moves'>,
): string {
  const share = total === undefined || total === 0 ? undefined : Math.min(1, done / total)
  const filled = Math.round((share ?? 0) * BAR_WIDTH)
  const bar = share === undefined ? '' : `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] `
  const percent = share === undefined ? '' : `${Math.floor(share * 100)} %  `
  const moved = moves === 0 ? '' : `  ${moves} move${moves === 1 ? '' : 's'}`
  return `${bar}${percent}${formatBytes(done)}  ${formatRate(done, elapsedMs)}  ${path ?? 'looking for the peer'}${moved}`
}

/** Bytes for people: `1.2 MB`. */
export function formatBytes(bytes: number): string {
  const [unit, size] = bytes < 1_000 ? ['B', 1] : bytes < 1e6 ? ['kB', 1e3] : bytes < 1e9 ? ['MB', 1e6] : ['GB', 1e9]
  return `${(bytes / Number(size)).toFixed(unit === 'B' ? 0 : 1)} ${unit}`
}

/** A rate for people: `3.4 MB/s`. */
export function formatRate(bytes: number, elapsedMs: number): string {
  return `${formatBytes((bytes / Math.max(elapsedMs, 1)) * 1_000)}/s`
}
