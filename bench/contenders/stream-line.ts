// A line over streams: one that is filled, one that echoes, each opened when it is first wanted.

import type { Line } from './contender.ts'
import { echoed, echoing, fill, filling, type Pipe } from './pipe.ts'

/** `open` gives a new stream each time; `close` ends whatever they run over. The first byte has been echoed when this resolves. */
export async function streamLine(open: () => Pipe | Promise<Pipe>, close: () => void = () => undefined): Promise<Line> {
  const echo = await open()
  await echoing(echo)
  let sink: Pipe | undefined
  return {
    fill: async (bytes) => {
      if (sink === undefined) {
        sink = await open()
        filling(sink)
      }
      await fill(sink, bytes)
      return bytes
    },
    ping: (bytes) => echoed(echo, bytes),
    close: () => {
      echo.close()
      sink?.close()
      close()
    },
  }
}
