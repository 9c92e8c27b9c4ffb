// Ways in which an application consumes a stream. What a reader has is what an application would have acted upon: it is never told
// that again, and never misses what comes after. Those that take their time take some at each `step`, and wait for no clock.

import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** One reader of one stream. */
export interface StreamReader {
  /** A moment in which it may read on. */
  step?(): void
}

/** Begins to read `stream`, and keeps in `got` what it reads. */
export type Way = (stream: Readable, got: Buffer[]) => StreamReader

/** What a loop waits at until the next step. */
class Gate {
  #open: (() => void) | undefined

  passed(): Promise<void> {
    return new Promise((resolve) => {
      this.#open = resolve
    })
  }

  readonly step = (): void => this.#open?.()
}

/** Loops end with the error of a stream that is frozen, and nobody has to hear it. */
function quietly(loop: Promise<unknown>): void {
  loop.catch(() => undefined)
}

const flowing: Way = (stream, got) => {
  stream.on('data', (chunk: Buffer) => got.push(chunk))
  return {}
}

const whenReadable: Way = (stream, got) => {
  stream.on('readable', () => {
    for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) got.push(chunk)
  })
  return {}
}

const byRecords: Way = (stream, got) => {
  stream.on('readable', () => undefined)
  const step = (): void => {
    for (let count = 0; count < 3; count++) {
      const chunk: Buffer | null = stream.read(700)
      if (chunk !== null) got.push(chunk)
    }
  }
  return { step }
}

const byLoop: Way = (stream, got) => {
  const loop = async (): Promise<void> => {
    for await (const chunk of stream) got.push(chunk)
  }
  quietly(loop())
  return {}
}

const bySlowLoop: Way = (stream, got) => {
  const gate = new Gate()
  const loop = async (): Promise<void> => {
    for await (const chunk of stream) {
      got.push(chunk)
      await gate.passed()
    }
  }
  quietly(loop())
  return gate
}

/** Loops that break off and begin again. */
const byManyLoops: Way = (stream, got) => {
  const gate = new Gate()
  const loop = async (): Promise<void> => {
    while (!stream.readableEnded) {
      for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
        got.push(chunk)
        break
      }
      await gate.passed()
    }
  }
  quietly(loop())
  return gate
}

/** A sink that takes a chunk, and the next one at the next step. */
function slow(got: Buffer[]): { readonly sink: Writable; readonly reader: StreamReader } {
  let taken: (() => void) | undefined
  const sink = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, callback) {
      got.push(chunk)
      taken = callback
    },
  })
  const step = (): void => {
    const callback = taken
    taken = undefined
    callback?.()
  }
  return { sink, reader: { step } }
}

const byPipe: Way = (stream, got) => {
  const { sink, reader } = slow(got)
  stream.pipe(sink)
  return reader
}

const byPipeline: Way = (stream, got) => {
  const { sink, reader } = slow(got)
  quietly(pipeline(stream, sink))
  return reader
}

const pausing: Way = (stream, got) => {
  let steps = 0
  stream.on('data', (chunk: Buffer) => {
    got.push(chunk)
    stream.pause()
  })
  return { step: () => void (++steps % 3 === 0 && stream.resume()) }
}

/** Nothing is read ahead of the application: what waits in a queue of the web's would be lost with it. */
const asWebStream: Way = (stream, got) => {
  const gate = new Gate()
  const reader = Readable.toWeb(stream, { strategy: { highWaterMark: 0 } }).getReader()
  const loop = async (): Promise<void> => {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      got.push(Buffer.from(read.value))
      await gate.passed()
    }
  }
  quietly(loop())
  return gate
}

/** Characters that are cut by the end of a packet wait with Node for the rest of them. */
const asText: Way = (stream, got) => {
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => got.push(Buffer.from(text)))
  return {}
}

/** Reads more than it wants, and puts the rest back. */
const puttingBack: Way = (stream, got) => {
  stream.on('readable', () => undefined)
  const step = (): void => {
    const chunk: Buffer | null = stream.read()
    if (chunk === null) return
    got.push(chunk.subarray(0, 900))
    if (chunk.length > 900) stream.unshift(chunk.subarray(900))
  }
  return { step }
}

/** By the words of a test's name. */
export const WAYS: Readonly<Record<string, Way>> = {
  "'data'": flowing,
  "'readable' and read()": whenReadable,
  'read(n), now and then': byRecords,
  'for await': byLoop,
  'for await that is slow': bySlowLoop,
  'for await with break, again and again': byManyLoops,
  'pipe to a slow sink': byPipe,
  'pipeline to a slow sink': byPipeline,
  'pause and resume': pausing,
  'a web stream': asWebStream,
  'setEncoding, in the middle of characters': asText,
  'unshift of what was too much': puttingBack,
}
