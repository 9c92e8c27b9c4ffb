// What comes of a stream in small pieces, and readers that want much at once.

import { Writable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { READ_BYTES_MAX, SMALL_PIECE_BYTES_MAX, SMALL_PIECES_BYTES_MAX } from '../../src/node/config.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import { SmallPieces } from '../../src/node/small-pieces.ts'
import { SojournStream } from '../../src/node/stream.ts'
import type { StreamCarrier } from '../../src/node/stream-carrier.ts'
import { connected, pattern } from '../support/stream-ends.ts'

const peer = createIdentity().hit

function open(): {
  stream: SojournStream
  consumed: () => number
  wanted: number[]
  come: (bytes: Uint8Array) => void
} {
  let bytesConsumed = 0
  const wanted: number[] = []
  const nothing = (): void => undefined
  const carrier: StreamCarrier = {
    hit: peer,
    write: () => 'taken',
    consumed: (_, bytes) => {
      bytesConsumed += bytes
    },
    want: (_, bytes) => wanted.push(bytes),
    end: nothing,
    reset: nothing,
    stop: nothing,
    left: nothing,
    hold: nothing,
  }
  const stream = new SojournStream(carrier, peer, 1, 2)
  stream.accept(0)
  const come = (bytes: Uint8Array): void => void stream.heard({ type: 'stream-data', peer, id: 0, bytes })
  return { stream, consumed: () => bytesConsumed, wanted, come }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** What there is: Node 26 gives a piece a call, earlier ones give all of them. */
function all(stream: SojournStream): Buffer[] {
  const pieces: Buffer[] = []
  for (let piece = stream.read(); piece !== null; piece = stream.read()) pieces.push(piece as Buffer)
  return pieces
}

describe('bytes that come one at a time while nobody reads', () => {
  test('are a few pieces of Node, not one each', async () => {
    const { stream, come, consumed } = open()
    const sent = pattern(40_000)
    for (const byte of sent) come(Uint8Array.of(byte))
    await turn()
    expect([stream.readableLength, consumed()]).toEqual([sent.length, 0])
    const pieces: Buffer[] = []
    stream.on('data', (piece: Buffer) => pieces.push(piece))
    await turn()
    expect(Buffer.concat(pieces).equals(sent)).toBe(true)
    expect(pieces.length).toBeLessThanOrEqual(2 + sent.length / SMALL_PIECES_BYTES_MAX)
    expect(consumed()).toBe(sent.length)
  })

  test('come to every reader in order, however it reads', async () => {
    const readers: readonly ((stream: SojournStream, take: (piece: Buffer) => void) => void)[] = [
      (stream, take) => void stream.on('data', take),
      (stream, take) =>
        void stream.pipe(
          new Writable({
            write: (piece, _, done) => {
              take(piece)
              setImmediate(done)
            },
          }),
        ),
      (stream, take) =>
        void (async () => {
          for await (const piece of stream) {
            take(piece as Buffer)
            await turn()
          }
        })(),
      (stream, take) =>
        void stream.on('readable', () => {
          for (let piece = stream.read(5); piece !== null; piece = stream.read(5)) take(piece as Buffer)
          if (stream.readableLength > 0 && stream.readableLength < 5) take(stream.read() as Buffer)
        }),
      // Looks, and waits for more.
      (stream, take) => void stream.on('readable', () => stream.readableLength >= 3 && all(stream).forEach(take)),
    ]
    const plan = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.boolean()), { minLength: 1, maxLength: 40 })
    const cases = fc.asyncProperty(fc.nat(readers.length - 1), plan, async (which, pieces) => {
      const { stream, come, consumed } = open()
      const sent = pattern(pieces.reduce((sum, [length]) => sum + length, 3))
      let [read, at] = [Buffer.alloc(0), 0]
      readers[which]?.(stream, (piece) => {
        read = Buffer.concat([read, piece])
      })
      for (const [length, pause] of pieces) {
        come(sent.subarray(at, at + length))
        at += length
        if (pause) await turn()
      }
      come(sent.subarray(at))
      for (let turns = 0; turns < 60 && read.length < sent.length; turns++) await turn()
      await turn()
      expect(read.equals(sent)).toBe(true)
      expect(consumed()).toBe(sent.length)
    })
    await fc.assert(cases, { numRuns: 60 })
  })

  test('wake a reader that only looks how many there are', async () => {
    const { stream, come } = open()
    const seen: number[] = []
    stream.on('readable', () => seen.push(stream.readableLength))
    for (let count = 0; count < 4; count++) {
      come(Uint8Array.of(count))
      await turn()
    }
    expect(seen).toEqual([1, 2, 3, 4])
  })

  test('are followed by the end, and by what is long', () => {
    const { stream, come } = open()
    come(Uint8Array.of(1))
    come(Uint8Array.of(2))
    come(new Uint8Array(SMALL_PIECE_BYTES_MAX + 1).fill(3))
    come(Uint8Array.of(4))
    stream.heard({ type: 'stream-end', peer, id: 0 })
    const read = Buffer.concat(all(stream))
    expect([read.length, read[1], read[2], read.at(-1)]).toEqual([SMALL_PIECE_BYTES_MAX + 4, 2, 3, 4])
  })

  test('become characters when an encoding is set', () => {
    const { stream, come } = open()
    for (const byte of Buffer.from('语é')) come(Uint8Array.of(byte))
    stream.setEncoding('utf8')
    come(Buffer.from('!'))
    expect(stream.read()).toBe('语é!')
  })
})

test('what is put together has a limit, above which it is pushed', () => {
  const pieces = new SmallPieces()
  const pushed: number[] = []
  const add = (length: number): boolean => pieces.add(new Uint8Array(length), (full) => pushed.push(full.length))
  expect(add(SMALL_PIECE_BYTES_MAX + 1)).toBe(false)
  for (let sum = 0; sum < SMALL_PIECES_BYTES_MAX; sum += SMALL_PIECE_BYTES_MAX)
    expect(add(SMALL_PIECE_BYTES_MAX)).toBe(true)
  expect([pushed, pieces.length]).toEqual([[], SMALL_PIECES_BYTES_MAX])
  add(1)
  expect([pushed, pieces.length]).toEqual([[SMALL_PIECES_BYTES_MAX], 1])
})

describe('a read of more than has come', () => {
  test('asks the engine for a window of its size, of three bytes for each character of text', () => {
    const { stream, come, wanted } = open()
    come(Buffer.from('abc'))
    expect([stream.read(3), stream.read(10)]).toEqual([Buffer.from('abc'), null])
    stream.setEncoding('utf8')
    expect(stream.read(10)).toBe(null)
    expect(wanted).toEqual([10, 30])
  })

  test('throws if no window is ever that large, and gives what there is at the end', () => {
    const { stream, come } = open()
    come(Buffer.from('abc'))
    const mistake = expect.objectContaining({ code: 'ERR_SOJOURN_ARGUMENT' })
    expect(() => stream.read(READ_BYTES_MAX + 1)).toThrow(mistake)
    stream.heard({ type: 'stream-end', peer, id: 0 })
    expect(stream.read(READ_BYTES_MAX + 1)).toEqual(Buffer.from('abc'))
  })

  test('is answered although it is larger than the window was', async () => {
    const { near, far } = await connected()
    const sent = pattern(1_500_000)
    const read = new Promise<Buffer>((resolve) => {
      far.on('readable', () => {
        const whole = far.read(sent.length)
        if (whole !== null) resolve(whole as Buffer)
      })
    })
    near.end(sent)
    expect((await read).equals(sent)).toBe(true)
  })
})
