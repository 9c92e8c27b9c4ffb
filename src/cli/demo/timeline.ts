// How the demo is watched: lines with a time in front, and on a terminal a last line that lives.

import { styleText } from 'node:util'
import { type Printer, say } from '../output.ts'

/** Takes what happens, as it happens. */
export interface Timeline {
  /** `value` is for machines. */
  event(text: string, value: Readonly<Record<string, unknown>>): void
  /** How much has come so far, in any unit, and what that is in words. */
  progress(done: number, counters: string): void
  /** Who is where now. */
  scene(text: string): void
  end(): void
}

/** One line an event, as text or JSON. */
export function plainTimeline(out: Printer): Timeline {
  const begun = performance.now()
  return {
    event: (text, value) =>
      out.line(`${clock(begun)}  ${text}`, { atMs: Math.round(performance.now() - begun), ...value }),
    progress: () => undefined,
    scene: () => undefined,
    end: () => undefined,
  }
}

/** The same with colours, and the counters on a line of their own. */
export function terminalTimeline(): Timeline {
  const begun = performance.now()
  let scene = ''
  let counters = ''
  let trace = ''
  let before = 0
  let most = 0
  const live = (): void => {
    // One column stays free, so that the line never wraps.
    const rest = ` ${counters}  ${scene}`.slice(0, Math.max(0, (process.stdout.columns || 80) - TRACE_LENGTH - 1))
    say(`\r\x1b[K${styleText('cyan', trace.padStart(TRACE_LENGTH))}${rest}`)
  }
  return {
    event(text) {
      say(`\r\x1b[K${styleText('gray', clock(begun))}  ${text}\n`)
      live()
    },
    progress(done, words) {
      // Anything less than before is something else that has begun.
      const since = done < before ? done : done - before
      before = done
      most = Math.max(since, most * FADE)
      const bar = BARS[Math.round((since / Math.max(most, 1)) * (BARS.length - 1))] ?? ' '
      trace = (trace + bar).slice(-TRACE_LENGTH)
      counters = words
      live()
    },
    scene(text) {
      scene = text
      live()
    },
    end: () => say('\r\x1b[K'),
  }
}

const BARS = '·▁▂▃▄▅▆▇█'
const TRACE_LENGTH = 30
/** Bars are as high as what came in that time, against the most of late. */
const FADE = 0.98

function clock(begun: number): string {
  return `${((performance.now() - begun) / 1_000).toFixed(2).padStart(6)} s`
}
