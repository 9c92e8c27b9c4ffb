// Findings of a hostile review of streams, where no socket is needed: a peer that says once that a limit holds it up is answered, and
// a capsule that is wrong is refused or does no harm (RFC 9000 §4, MOVING §7).

import { describe, expect, it } from 'vitest'
import { readFields } from '../../src/core/moving/fields.ts'
import { readStreams, writeStreams } from '../../src/core/moving/frozen-streams-codec.ts'
import { STREAM_DEFAULTS, STREAM_START } from '../../src/core/transport/config.ts'
import type { FrozenStream, FrozenStreams, FrozenWindow } from '../../src/core/transport/streams/frozen-streams.ts'
import { Streams } from '../../src/core/transport/streams/streams.ts'
import { TransportError } from '../../src/wire/frame.ts'
import { FrameWriter } from '../../src/wire/frame-writer.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import {
  data,
  kinds,
  open,
  pair,
  pattern,
  receiver,
  StreamEnd,
  say,
  settle,
  streamFrames,
} from '../support/stream-pair.ts'

const { maxData, maxStreamData, maxStreams } = STREAM_START

describe('a peer that said once that it is held up is told as soon as there is anything to add, by', () => {
  it('MAX_STREAMS after the first of 256 streams is over', () => {
    const [a, b] = pair()
    const ids = Array.from({ length: maxStreams }, () => a.open())
    expect(a.streams.open(80, 1)).toBe('limit')
    settle(a, b)
    const [first = -1] = ids
    for (const end of [a, b]) end.streams.end(first)
    settle(a, b)
    expect(a.heard).toContainEqual({ kind: 'openable' })
    expect(typeof a.streams.open(80, 1)).toBe('number')
    expect(a.streams.open(80, 1)).toBe('limit')
  })

  it('MAX_DATA after the first byte is taken, and no other time before a quarter of the window', () => {
    const b = new StreamEnd(false)
    for (const id of [0, 2, 4, 6]) for (const frame of [open(id), data(id, 0, maxStreamData)]) b.streams.receive(frame)
    b.listen()
    say(b)
    const blocked = (limit: number) => b.streams.receive({ kind: 'data-blocked', limit })
    // Of a limit that has risen since, the peer knows nothing yet.
    blocked(maxData - 1)
    b.streams.consumed(0, 0, 1, 0)
    expect(kinds(say(b))).not.toContain('max-data')
    blocked(maxData)
    expect(say(b)).toContainEqual({ kind: 'max-data', limit: maxData + 1 })
    blocked(maxData + 1)
    expect(kinds(say(b))).not.toContain('max-data')
    b.streams.consumed(0, 0, 1, 0)
    expect(say(b)).toContainEqual({ kind: 'max-data', limit: maxData + 2 })
    b.streams.consumed(0, 0, 1, 0)
    expect(kinds(say(b))).not.toContain('max-data')
  })

  it('MAX_STREAM_DATA after the first byte is taken, and no other time before a quarter of the window', () => {
    const b = receiver()
    b.streams.receive(data(0, 0, maxStreamData))
    b.listen()
    b.streams.receive({ kind: 'stream-data-blocked', id: 0, limit: maxStreamData })
    expect(say(b)).toEqual([])
    b.streams.consumed(0, 0, 1, 0)
    expect(say(b)).toEqual([{ kind: 'max-stream-data', id: 0, limit: maxStreamData + 1 }])
    b.streams.consumed(0, 0, 1, 0)
    expect(say(b)).toEqual([])
  })
})

it('whoever waits for another stream says so again after a move of the peer', () => {
  const [a, b] = pair()
  for (let n = 0; n < maxStreams; n++) a.open()
  a.streams.open(80, 1)
  settle(a, b)
  a.streams.requeueAll()
  expect(say(a)).toContainEqual({ kind: 'streams-blocked', limit: maxStreams })
})

it('one stream that is read beside others that stand still gets all there is', () => {
  const [a, b] = pair()
  const ids = Array.from({ length: 5 }, () => a.open())
  const live = ids.at(-1) ?? -1
  // Three full windows and a little of a fourth stay unread.
  for (const id of ids.slice(0, 3)) a.streams.write(id, pattern(maxStreamData))
  a.streams.write(ids[3] ?? -1, pattern(10_000))
  deliver(a, b)
  a.streams.write(live, pattern(1_000_000))
  deliver(a, b)
  for (let taken = 0; taken < b.bytes(live).length; deliver(a, b)) {
    const more = b.bytes(live).length - taken
    b.streams.consumed(0, live, more, 0)
    taken += more
  }
  expect(b.bytes(live)).toHaveLength(1_000_000)
})

describe('a capsule is refused', () => {
  const LARGE = Number.MAX_SAFE_INTEGER
  const window = (change: Partial<FrozenWindow>) => (frozen: FrozenStreams) =>
    withFirst(frozen, (first) => {
      const { receiving } = first
      return { ...first, receiving: { ...receiving, window: { ...receiving.window, ...change } } }
    })

  it.each<[what: string, change: (frozen: FrozenStreams) => FrozenStreams]>([
    ['with a window of a stream beyond every offset', window({ size: LARGE })],
    ['with a limit beyond every offset', window({ limit: LARGE, consumed: LARGE, received: LARGE })],
    [
      'with a window of all streams beyond every offset',
      (frozen) => ({ ...frozen, window: { ...frozen.window, size: LARGE } }),
    ],
    [
      'with more streams than there are ids',
      (frozen) => {
        const ownClosed = [{ start: 0, end: LARGE - 3 }]
        return { ...frozen, ids: { ...frozen.ids, opened: LARGE - 2, maxStreams: LARGE, ownClosed } }
      },
    ],
  ])('%s', (_what, change) => {
    expect(read(change(honest()))).toHaveProperty('malformed')
  })
})

describe('a capsule does no harm', () => {
  it('that is right', () => {
    expect(kinds(said(thawed(honest())))).toContain('stream-open')
  })

  it('with a stream of ours for no port whose STREAM_OPEN is due', () => {
    const streams = thawed(withFirst(honest(), (first) => ({ ...first, ports: undefined, open: 'queued' })))
    expect(kinds(said(streams))).not.toContain('stream-open')
    expect(streams.wantsToSend).toBe(false)
  })

  it('with a stream of ours left out, of which the peer speaks', () => {
    const streams = thawed({ ...honest(), streams: [] })
    expect(streams.receive({ kind: 'max-stream-data', id: 0, limit: 5 })).toBe(TransportError.STREAM_STATE)
  })
})

/** Packets go both ways and arrive, and nothing is consumed. */
function deliver(a: StreamEnd, b: StreamEnd): void {
  while (a.streams.wantsToSend || b.streams.wantsToSend) {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const packet = from.packet()
      if (packet === undefined) continue
      expect(to.take(packet)).toBeUndefined()
      from.acked(packet)
      for (const end of [from, to]) end.listen()
    }
  }
}

/** One stream of ours, with bytes under way. */
function honest(): FrozenStreams {
  const end = new StreamEnd(true)
  end.streams.write(end.open(), pattern(100))
  return end.streams.freeze()
}

function withFirst(frozen: FrozenStreams, change: (first: FrozenStream) => FrozenStream): FrozenStreams {
  return { ...frozen, streams: frozen.streams.map((stream, index) => (index === 0 ? change(stream) : stream)) }
}

/** Through the codec, as it travels. */
function read(frozen: FrozenStreams) {
  return readFields(writeStreams(frozen), 'streams', readStreams)
}

function thawed(frozen: FrozenStreams): Streams {
  const back = read(frozen)
  if (isMalformed(back)) throw new Error(back.malformed)
  return Streams.thaw(back, { config: STREAM_DEFAULTS, even: true })
}

/** What streams have to say in a few packets. */
function said(streams: Streams) {
  const frames = Array.from({ length: 10 }, () => {
    const writer = new FrameWriter(new Uint8Array(1_200))
    streams.fill(writer)
    return writer.written.length === 0 ? [] : streamFrames(writer.written)
  })
  return frames.flat()
}
