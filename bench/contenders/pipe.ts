// What all contenders with a stream have in common, and what is said over it: `e` and everything comes back, or `s` and a row of
// fills, each a length, so many bytes, and one byte in answer when the last of them has come.

/** A reliable stream, whoever made it. */
export interface Pipe {
  /** False: no more before `drained`. */
  write(bytes: Uint8Array): boolean
  /** Calls back once. */
  drained(then: () => void): void
  onData: (bytes: Uint8Array) => void
  onEnd: (error: Error) => void
  /** At once, without a word. */
  close(): void
}

/** What streams of Node and of streamx have in common. */
export interface DuplexLike {
  write(bytes: Uint8Array): boolean
  on(event: string, listener: (value: unknown) => void): unknown
  once(event: string, listener: () => void): unknown
  destroy(): unknown
}

export function pipeOf(stream: DuplexLike): Pipe {
  const pipe: Pipe = {
    write: (bytes) => stream.write(bytes),
    drained: (then) => void stream.once('drain', then),
    onData: () => undefined,
    onEnd: () => undefined,
    close: () => void stream.destroy(),
  }
  stream.on('data', (bytes) => pipe.onData(bytes as Uint8Array))
  stream.on('error', (error) => pipe.onEnd(error as Error))
  stream.on('close', () => pipe.onEnd(new Error('the stream has been closed')))
  return pipe
}

const ECHO = 0x65
const SINK = 0x73
const LENGTH_BYTES = 8
const CHUNK = new Uint8Array(65_536).fill(0x5a)
const DONE = Uint8Array.of(1)

/** The side that is talked to. */
export function serve(pipe: Pipe): void {
  const length = new Uint8Array(LENGTH_BYTES)
  let have = 0
  let left = 0
  const sink = (bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length; ) {
      if (have < LENGTH_BYTES) {
        length[have++] = bytes[at++] ?? 0
        if (have === LENGTH_BYTES) left = new DataView(length.buffer).getFloat64(0)
        continue
      }
      const taken = Math.min(left, bytes.length - at)
      left -= taken
      at += taken
      if (left > 0) continue
      have = 0
      pipe.write(DONE)
    }
  }
  pipe.onData = (bytes) => {
    const echoes = bytes[0] === ECHO
    pipe.onData = echoes ? (more) => void pipe.write(more) : sink
    pipe.onData(echoes ? bytes : bytes.subarray(1))
  }
}

/** Makes `pipe` one that gives everything back; resolves when the first byte has come back. */
export function echoing(pipe: Pipe): Promise<void> {
  return echoed(pipe, Uint8Array.of(ECHO))
}

/** Sends `bytes`, and resolves when as many have come back. */
export function echoed(pipe: Pipe, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = bytes.length
    pipe.onEnd = reject
    pipe.onData = (back) => {
      left -= back.length
      if (left <= 0) resolve()
    }
    pipe.write(bytes)
  })
}

/** Makes `pipe` one that can be filled. */
export function filling(pipe: Pipe): void {
  pipe.write(Uint8Array.of(SINK))
}

/** Sends so many bytes as fast as they are taken; resolves when the other side has them all. */
export function fill(pipe: Pipe, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    pipe.onEnd = reject
    pipe.onData = () => resolve()
    const length = new Uint8Array(LENGTH_BYTES)
    new DataView(length.buffer).setFloat64(0, bytes)
    pipe.write(length)
    let left = bytes
    const more = (): void => {
      while (left > 0) {
        const room = pipe.write(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK)
        left -= CHUNK.length
        if (!room) return pipe.drained(more)
      }
    }
    more()
  })
}
