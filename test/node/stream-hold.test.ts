// A stream that is held for a freeze: nobody reads a byte more, everything written is the engine's, and if the freeze comes to nothing
// all goes on from there.

import { once } from 'node:events'
import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { createIdentity } from '../../src/node/key-file.ts'
import type { Written } from '../../src/node/outgoing.ts'
import { SojournStream } from '../../src/node/stream.ts'
import type { StreamCarrier } from '../../src/node/stream-carrier.ts'

const peer = createIdentity().hit

/** An engine that notes what it is told, and says of writes what `outcome` is. */
class Notes implements StreamCarrier {
  readonly hit = createIdentity().hit
  outcome: Written = 'taken'
  written = ''
  consumedBytes = 0
  readonly said: string[] = []

  write(_stream: SojournStream, bytes: Uint8Array): Written {
    if (this.outcome !== 'full') this.written += Buffer.from(bytes).toString()
    return this.outcome
  }

  consumed(_stream: SojournStream, bytes: number): void {
    this.consumedBytes += bytes
  }

  end(): void {
    this.said.push('end')
  }

  reset(_stream: SojournStream, code: number): void {
    this.said.push(`reset ${code}`)
  }

  stop(_stream: SojournStream, code: number): void {
    this.said.push(`stop ${code}`)
  }

  want(_stream: SojournStream, bytes: number): void {
    this.said.push(`want ${bytes}`)
  }

  left(): void {
    this.said.push('left')
  }

  hold(): void {
    this.said.push('hold')
  }
}

function held(before: (stream: SojournStream, notes: Notes) => void): { stream: SojournStream; notes: Notes } {
  const notes = new Notes()
  const stream = new SojournStream(notes, peer, 1, 2)
  stream.accept(0)
  before(stream, notes)
  stream.hold()
  return { stream, notes }
}

const data = (stream: SojournStream, text: string): void =>
  void stream.heard({ type: 'stream-data', peer, id: 0, bytes: Buffer.from(text) })

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a held stream gives nothing', () => {
  const readers: readonly (readonly [string, (stream: SojournStream, read: string[]) => void])[] = [
    ['to read', (stream, read) => void stream.on('readable', () => read.push(String(stream.read() ?? '')))],
    ['to a data listener', (stream, read) => void stream.on('data', (chunk: Buffer) => read.push(String(chunk)))],
    [
      'to a pipe whose sink has room again',
      (stream, read) => {
        const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
          read.push(String(chunk))
          setImmediate(done)
        }
        stream.pipe(new Writable({ highWaterMark: 1, write }))
      },
    ],
    [
      'to for await',
      (stream, read) => {
        const loop = async (): Promise<void> => {
          for await (const chunk of stream) read.push(String(chunk))
        }
        loop().catch(() => undefined)
      },
    ],
  ]

  test.each(readers)('%s, and all of it in order once it is released', async (_, reader) => {
    const { stream, notes } = held((open) => {
      data(open, 'one ')
      data(open, 'two ')
      expect(String(open.read(4))).toBe('one ')
    })
    const read: string[] = []
    reader(stream, read)
    data(stream, 'three ')
    for (let turns = 0; turns < 5; turns++) await turn()
    expect([read.join(''), notes.consumedBytes]).toEqual(['', 4])
    stream.release()
    data(stream, 'four')
    for (let turns = 0; turns < 10; turns++) await turn()
    expect([read.join(''), notes.consumedBytes]).toEqual(['two three four', 18])
  })
})

test('what comes, and the end, while a stream is held waits for the release, though a listener has read all before', async () => {
  const notes = new Notes()
  const stream = new SojournStream(notes, peer, 1, 2)
  stream.accept(0)
  const read: string[] = []
  stream.on('data', (chunk: Buffer) => read.push(String(chunk)))
  stream.on('end', () => read.push('end'))
  await turn()
  data(stream, 'early')
  expect(read).toEqual(['early'])
  stream.hold()
  data(stream, 'late')
  stream.heard({ type: 'stream-end', peer, id: 0 })
  await turn()
  expect([read, notes.consumedBytes]).toEqual([['early'], 5])
  stream.release()
  await turn()
  expect([read, notes.consumedBytes]).toEqual([['early', 'late', 'end'], 9])
})

describe('a held stream has handed over', () => {
  test('what waited in the queue of Node, and the end of it, and answers nobody', () => {
    const answered: string[] = []
    const { notes } = held((stream, engine) => {
      engine.outcome = 'high'
      for (const text of ['a', 'b', 'c']) stream.write(text, () => answered.push(text))
      stream.end('d')
      expect(engine.written).toBe('a')
    })
    expect([notes.written, notes.said]).toEqual(['abcd', ['end']])
    expect(answered).toEqual(['a'])
  })

  test('no more than a few answers to those who write in answer', () => {
    let written = 0
    held((stream, engine) => {
      engine.outcome = 'high'
      const next = (): void => {
        written++
        stream.write('x', next)
        stream.write('y')
      }
      next()
    })
    expect(written).toBeLessThan(100)
  })

  test('all, when the engine says of every write that it has enough', async () => {
    const { stream, notes } = held((open, engine) => {
      engine.outcome = 'full'
      open.write('late')
    })
    expect(notes.written).toBe('')
    notes.outcome = 'taken'
    const drained = once(stream, 'finish')
    stream.release()
    expect(notes.written).toBe('late')
    stream.end()
    stream.heard({ type: 'stream-finished', peer, id: 0 })
    await drained
  })

  test('nothing of what is written later, which fails with the freeze and goes on without it', async () => {
    const [frozen, spared] = [held(() => undefined), held(() => undefined)]
    const failed = new Promise((resolve) => frozen.stream.write('later', resolve))
    frozen.stream.leave('frozen')
    expect(await failed).toMatchObject({ code: 'ERR_SOJOURN_FROZEN' })
    expect([frozen.notes.written, frozen.notes.said]).toEqual(['', ['left']])
    spared.stream.write('later')
    spared.stream.release()
    expect(spared.notes.written).toBe('later')
  })

  test('a destruction meanwhile only when it is released', () => {
    const { stream, notes } = held((open) => open.on('error', () => undefined))
    stream.destroy(new Error('mine'))
    expect(notes.said).toEqual(['left'])
    stream.release()
    expect(notes.said).toEqual(['left', 'reset 3', 'stop 3'])
  })
})
