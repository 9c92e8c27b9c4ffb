// Streams from outside (RFC 9000 §2–§4): how they open and end, what holds whom up, and whose turn it is.

import { describe, expect, it } from 'vitest'
import { STREAM_START } from '../../src/core/transport/config.ts'
import { StreamCode } from '../../src/wire/frame.ts'
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
  settleOpen,
  streamFrames,
  sum,
} from '../support/stream-pair.ts'

describe('a stream', () => {
  it('carries bytes both ways, ends in each on its own, and is forgotten when both are over', () => {
    const [a, b] = pair()
    const id = a.open(443, 50_000)
    a.streams.write(id, pattern(700_000, 1))
    a.streams.end(id)
    settle(a, b)
    expect(b.streams.list()).toMatchObject([
      { id, port: 443, sourcePort: 50_000, opener: false, writable: true, readable: false },
    ])
    expect(a.streams.list()).toMatchObject([
      { id, port: 443, opener: true, accepted: true, buffered: 0, writable: false },
    ])
    b.streams.write(id, pattern(10, 2))
    b.streams.end(id)
    settle(a, b)
    expect(Buffer.compare(b.bytes(id), pattern(700_000, 1))).toBe(0)
    expect(Buffer.compare(a.bytes(id), pattern(10, 2))).toBe(0)
    expect(b.heard[0]).toEqual({ kind: 'opened', id, port: 443, sourcePort: 50_000 })
    expect(a.story(id)).toEqual(['accepted', 'finished', 'end', 'closed'])
    expect(b.story(id)).toEqual(['opened', 'end', 'finished', 'closed'])
    expect([a.streams.list(), b.streams.list()]).toEqual([[], []])
  })

  it('has an even id if the end with the greater HIT opened it, and an odd one otherwise', () => {
    const [a, b] = pair()
    expect([a.open(), a.open(), b.open(), b.open()]).toEqual([0, 2, 1, 3])
  })

  it('is accepted by a word of the peer’s, though neither has a byte to say', () => {
    const [a, b] = pair()
    const id = a.open()
    settle(a, b)
    expect(a.story(id)).toEqual(['accepted'])
    expect(kinds(say(receiver()))).toEqual([])
  })

  it('that is refused is reset with the reason, and is never accepted', () => {
    const [a, b] = pair()
    const id = a.open()
    a.streams.write(id, pattern(100))
    const packet = a.packet()
    if (packet !== undefined) expect([b.take(packet), a.acked(packet)]).toEqual([undefined, undefined])
    expect([...b.streams.events()]).toMatchObject([{ kind: 'opened' }])
    b.streams.refuse(id, StreamCode.PORT_CLOSED)
    settle(a, b)
    expect(a.story(id)).toEqual(['reset 1', 'stopped 1', 'closed'])
    expect(b.story(id)).toEqual(['closed'])
  })

  it('tells of nothing before its STREAM_OPEN, and of nothing but that before it is accepted', () => {
    const b = new StreamEnd(false)
    b.streams.receive(data(0, 0, 5, true))
    expect([[...b.streams.events()], b.streams.list()]).toEqual([[], []])
    b.streams.receive(open(0))
    expect([...b.streams.events()].map(({ kind }) => kind)).toEqual(['opened'])
    expect([[...b.streams.events()], b.streams.list()]).toEqual([[], []])
    b.streams.accept(0)
    expect([...b.streams.events()].map(({ kind }) => kind)).toEqual(['data', 'end'])
  })

  it('that is stopped is reset by its sender with the same code, and its reader hears no more', () => {
    const [a, b] = pair()
    const id = a.open()
    a.streams.write(id, pattern(2_000_000))
    const packet = a.packet()
    if (packet !== undefined) expect(b.take(packet)).toBeUndefined()
    b.listen()
    b.streams.stop(id, StreamCode.CANCELLED)
    settle(a, b)
    expect(a.story(id)).toEqual(['accepted', 'stopped 3'])
    expect(b.story(id)).toEqual(['opened'])
    expect(a.streams.write(id, pattern(1))).toBe('over')
    expect(a.streams.buffered(id)).toBe(0)
    // What nobody will read has given its credit back.
    const { window } = b.streams.freeze()
    expect(window.consumed).toBe(window.received)
  })

  it('that is reset loses what its reader has not heard, and its end', () => {
    const [a, b] = pair()
    const id = a.open()
    a.streams.write(id, pattern(5_000))
    const first = a.packet()
    if (first !== undefined) b.take(first)
    b.listen()
    a.streams.end(id)
    a.streams.reset(id, StreamCode.CANCELLED)
    a.streams.reset(id, StreamCode.PROTOCOL)
    settle(a, b)
    expect(b.story(id)).toEqual(['opened', 'reset 3'])
    expect(b.bytes(id).length).toBeLessThan(1_200)
  })

  it('that is over swallows what comes late for it', () => {
    const [a, b] = pair()
    const id = a.open()
    a.streams.write(id, pattern(500))
    a.streams.end(id)
    const packet = a.packet()
    if (packet === undefined) throw new Error('there is a packet')
    b.take(packet)
    a.acked(packet)
    b.listen()
    b.streams.end(id)
    b.streams.consumed(0, id, 500, 0)
    settle(a, b)
    expect(b.take(packet)).toBeUndefined()
    for (const kind of ['reset-stream', 'stop-sending'] as const) {
      expect(b.streams.receive({ kind, id, code: 0, finalSize: 10 })).toBeUndefined()
    }
    expect([b.listen(), b.streams.list()]).toEqual([[], []])
  })
})

describe('flow control', () => {
  it('holds a stream at 256 KiB and all together at 1 MiB until somebody reads, and says who holds it up', () => {
    const a = new StreamEnd(true)
    const [first = 0, ...others] = Array.from({ length: 5 }, () => a.open())
    settleOpen(a)
    a.streams.write(first, pattern(300_000))
    const blocked = say(a)
    expect(sum(blocked)).toBe(STREAM_START.maxStreamData)
    expect(blocked).toContainEqual({ kind: 'stream-data-blocked', id: first, limit: STREAM_START.maxStreamData })
    for (const id of others) a.streams.write(id, pattern(STREAM_START.maxStreamData))
    const all = say(a)
    expect(sum(all)).toBe(STREAM_START.maxData - STREAM_START.maxStreamData)
    expect(all).toContainEqual({ kind: 'data-blocked', limit: STREAM_START.maxData })
    expect(a.streams.wantsToSend).toBe(false)
    a.streams.receive({ kind: 'max-data', limit: STREAM_START.maxData + 7 })
    expect(sum(say(a))).toBe(7)
  })

  it('lets no more than 64 KiB of a stream go before its STREAM_OPEN is acknowledged', () => {
    const a = new StreamEnd(true)
    const id = a.open()
    a.streams.write(id, pattern(100_000))
    const packets = [a.packet(60_000), a.packet(60_000)]
    expect(sum(packets.flatMap((packet) => streamFrames(packet?.bytes ?? new Uint8Array(1))))).toBe(65_536)
    expect(a.streams.wantsToSend).toBe(false)
    a.streams.acked({ kind: 'stream-open', id })
    expect(a.streams.wantsToSend).toBe(true)
  })

  it('costs a lost byte nothing', () => {
    const a = new StreamEnd(true)
    const id = a.open()
    settleOpen(a)
    a.streams.receive({ kind: 'max-stream-data', id, limit: 2 ** 40 })
    a.streams.write(id, pattern(STREAM_START.maxData))
    const packets = []
    for (let packet = a.packet(); packet !== undefined; packet = a.packet()) packets.push(packet)
    for (const packet of packets) a.lost(packet)
    expect(sum(say(a))).toBe(STREAM_START.maxData)
    expect(a.streams.freeze().sent).toBe(STREAM_START.maxData)
  })

  it('tells of a new limit no more often than each quarter of a window', () => {
    const b = receiver()
    const said: string[] = []
    const steps = STREAM_START.maxStreamData / 256
    for (let n = 0; n < steps; n++) {
      b.streams.receive(data(0, n * 256, 256))
      b.listen()
      b.streams.consumed(n * 1_000, 0, 256, 1)
      said.push(...kinds(say(b)))
    }
    // A quarter of the window of all streams is as much as the whole one of a stream.
    expect(said.sort()).toEqual(['max-data', ...Array.from({ length: 4 }, () => 'max-stream-data')])
  })

  it.each([
    { what: 'STREAM_DATA_BLOCKED', kind: 'stream-data-blocked', streams: 1, bytes: STREAM_START.maxStreamData + 9_000 },
    { what: 'DATA_BLOCKED', kind: 'data-blocked', streams: 5, bytes: STREAM_START.maxStreamData },
  ] as const)(
    'goes on behind a full window of which less than a quarter was read, though $what was lost',
    ({ kind, streams, bytes }) => {
      const [a, b] = pair()
      const ids = Array.from({ length: streams }, () => a.open())
      // Opened and accepted, before there is anything to hold up.
      settle(a, b)
      for (const id of ids) a.streams.write(id, pattern(bytes))
      const lost = []
      for (let packet = a.packet(); packet !== undefined; packet = a.packet()) {
        const blocked = packet.sent.some((frame) => frame.kind === kind)
        // All but the word that it is held up arrives: that is the last packet.
        if (blocked) lost.push(packet)
        else expect([b.take(packet), a.acked(packet)]).toEqual([undefined, undefined])
      }
      expect(lost).toHaveLength(1)
      b.listen()
      b.streams.consumed(0, ids[0] ?? 0, 1_000, 10)
      expect(say(b)).toEqual([])
      expect(a.packet()).toBeUndefined()
      for (const packet of lost) a.lost(packet)
      settle(a, b)
      expect(a.streams.list().map(({ buffered }) => buffered)).toEqual(ids.map(() => 0))
    },
  )

  it('says a lost limit again, unless a higher one was said since', () => {
    const b = receiver()
    const updates = [1, 2].map((quarter) => {
      b.streams.receive(data(0, (quarter - 1) * 65_536, 65_536))
      b.listen()
      b.streams.consumed(0, 0, 65_536, 0)
      return b.packet()
    })
    expect(updates.map((packet) => packet?.sent)).toEqual(
      [1, 2].map((quarter) => [
        { kind: 'max-stream-data', id: 0, limit: STREAM_START.maxStreamData + quarter * 65_536 },
      ]),
    )
    const [earlier, later] = updates
    if (earlier !== undefined) b.lost(earlier)
    expect(b.packet()).toBeUndefined()
    if (later !== undefined) b.lost(later)
    expect(b.packet()?.sent).toEqual(later?.sent)
  })

  it('answers a peer that says it is held up with all there is to give, and one that lies with nothing', () => {
    const b = receiver()
    b.streams.receive(data(0, 0, 100))
    b.listen()
    b.streams.consumed(0, 0, 100, 0)
    expect(say(b)).toEqual([])
    for (let n = 0; n < 1_000; n++) {
      b.streams.receive({ kind: 'stream-data-blocked', id: 0, limit: 0 })
      b.streams.receive({ kind: 'data-blocked', limit: 0 })
      b.streams.receive({ kind: 'streams-blocked', limit: 0 })
      expect(kinds(say(b))).toEqual(n === 0 ? ['max-data', 'max-stream-data'] : [])
    }
  })

  it.each<[rttMs: number, window: number]>([
    [1_000, 6_291_456],
    [0, 262_144],
  ])('with a round trip of %d ms between reads lets a stream’s window grow to %d', (rttMs, size) => {
    const [a, b] = pair()
    const id = a.open()
    a.streams.write(id, pattern(30_000_000), true)
    settle(a, b, rttMs, 60_000)
    const frozen = b.streams.freeze()
    expect(frozen.streams[0]?.receiving.window.size).toBe(size)
    expect(frozen.window.size).toBeLessThanOrEqual(25_165_824)
    expect(b.bytes(id)).toHaveLength(30_000_000)
  })
})

describe('turns', () => {
  it('go round: streams that have much to send each get a packet, and short ones share one', () => {
    const a = new StreamEnd(true)
    const ids = [a.open(), a.open(), a.open()]
    settleOpen(a)
    for (const id of ids) a.streams.write(id, pattern(3_000))
    const turns = say(a, 1_000).map((frame) => 'id' in frame && frame.id)
    expect(turns.slice(0, 6)).toEqual([0, 2, 4, 0, 2, 4])
    for (const id of ids) a.streams.write(id, pattern(100))
    const packet = a.packet(1_000)
    expect(packet?.sent.map((frame) => frame.kind === 'stream' && [frame.id, frame.length])).toEqual([
      [0, 100],
      [2, 100],
      [4, 100],
    ])
  })

  it('are for lost bytes first', () => {
    const a = new StreamEnd(true)
    const id = a.open()
    settleOpen(a)
    a.streams.write(id, pattern(3_000))
    const first = a.packet(1_000)
    a.packet(1_000)
    if (first !== undefined) a.lost(first)
    expect(a.packet(1_000)?.sent).toMatchObject([{ kind: 'stream', offset: 0 }])
    expect(a.packet(1_100)?.sent).toMatchObject([{ kind: 'stream', offset: expect.any(Number) }])
  })
})

describe('after a move', () => {
  /** A stream of 20 kB of which the second end has heard 10 kB and taken 6 kB, its answer being under way. */
  function halfWay(): [a: StreamEnd, b: StreamEnd, id: number] {
    const [a, b] = pair()
    const id = a.open()
    settle(a, b)
    a.streams.write(id, pattern(20_000, 1))
    for (let packet = a.packet(1_000); packet !== undefined && b.bytes(id).length < 10_000; packet = a.packet(1_000)) {
      b.take(packet)
      a.acked(packet)
      b.listen()
    }
    b.streams.consumed(0, id, 6_000, 0)
    b.streams.write(id, pattern(500, 2))
    b.packet()
    return [a, b, id]
  }

  it('what is unread is told again from where the application had got to, and what is under way is sent again', () => {
    const [a, b, id] = halfWay()
    b.move()
    b.heard.length = 0
    const [first, ...more] = b.listen()
    expect(first).toMatchObject({ kind: 'data', id })
    expect(more.every(({ kind }) => kind === 'data')).toBe(true)
    const unread = b.bytes(id)
    expect(Buffer.compare(unread, pattern(unread.length, 1, 6_000))).toBe(0)
    expect(sum(say(b))).toBe(500)
    a.streams.requeueAll()
    expect(sum(say(a))).toBe(20_000 - 6_000 - unread.length)
  })

  it('both ends say all their limits again', () => {
    const [a, b, id] = halfWay()
    b.move()
    a.streams.requeueAll()
    for (const end of [a, b]) {
      const said = say(end)
      expect(said).toContainEqual({ kind: 'max-streams', limit: 256 })
      expect(said.filter(({ kind }) => kind === 'max-data')).toHaveLength(1)
      expect(said).toContainEqual({ kind: 'max-stream-data', id, limit: expect.any(Number) })
    }
  })

  it('the application hears again how each half ended', () => {
    const [a, b, id] = halfWay()
    a.streams.end(id)
    b.streams.stop(id, StreamCode.CANCELLED)
    const other = a.open()
    a.streams.end(other)
    settle(a, b)
    for (const end of [a, b]) {
      end.heard.length = 0
      end.move()
      end.listen()
    }
    expect([a.story(id), b.story(id)]).toEqual([['accepted', 'stopped 3'], []])
    expect([a.story(other), b.story(other)]).toEqual([['accepted', 'finished'], ['end']])
  })
})

describe('the view of a stream', () => {
  it('says that it is readable as long as bytes of it are unread, though all have come and been given out', () => {
    const b = receiver()
    b.streams.receive(data(0, 0, 100, true))
    b.listen()
    const readable = () => b.streams.list().map((view) => view.readable)
    expect(readable()).toEqual([true])
    b.streams.consumed(0, 0, 99, 10)
    expect(readable()).toEqual([true])
    b.streams.consumed(0, 0, 1, 10)
    expect(readable()).toEqual([false])
  })
})
