// A command of the shell at the other end of a stream: what comes is its stdin, its stdout goes back.

import { spawn } from 'node:child_process'
import { pipeline } from 'node:stream/promises'
import { SojournError } from '../node/errors.ts'
import type { SojournStream } from '../node/stream.ts'
import { CHILDREN_MAX } from './config.ts'

let running = 0

/**
 * Runs `command`; resolves when it has ended and its output is on its way. It learns who asks by SOJOURN_PEER. Peers do not decide how
 * many processes this machine runs: a stream that is too much for it is broken off.
 */
export async function execute(command: string, stream: SojournStream): Promise<void> {
  if (running >= CHILDREN_MAX) {
    const message = `${CHILDREN_MAX} commands run already: this stream gets none`
    stream.destroy(new SojournError('ERR_SOJOURN_QUEUE_FULL', message))
    return
  }
  running++
  try {
    await run(command, stream)
  } finally {
    running--
  }
}

async function run(command: string, stream: SojournStream): Promise<void> {
  const env = { ...process.env, SOJOURN_PEER: stream.remoteAddress }
  const child = spawn(command, { shell: true, stdio: ['pipe', 'pipe', 'inherit'], env })
  stream.once('close', () => {
    if (stream.errored !== null) child.kill()
  })
  child.once('error', (error) => stream.destroy(error))
  // A command that does not read its input to the end is no failure.
  const asking = pipeline(stream, child.stdin).catch(() => undefined)
  await pipeline(child.stdout, stream).catch(() => child.kill())
  await asking
}
