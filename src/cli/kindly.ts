// SIGINT and SIGTERM close kindly; a second one ends at once (DESIGN §8). So does a reader of stdout that went away.

import { onReaderGone } from './output.ts'

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const

/** Aborts at the first signal. */
export function closeKindly(): AbortSignal {
  const controller = new AbortController()
  for (const [name, code] of Object.entries(SIGNALS)) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(code)
      controller.abort()
    })
  }
  onReaderGone(() => controller.abort())
  return controller.signal
}

/** Waits, or stops waiting when `stop` aborts. */
export function pause(delayMs: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      stop.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, delayMs)
    stop.addEventListener('abort', done)
  })
}

/** Resolves when `stop` aborts. */
export function aborted(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve()
    else stop.addEventListener('abort', () => resolve(), { once: true })
  })
}
