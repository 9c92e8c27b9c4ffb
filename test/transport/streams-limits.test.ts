// What either end of streams may not do, and what a hostile peer gets out of it (RFC 9000 §4, §20.1, §21).

import { describe, expect, it } from 'vitest'
import { STREAM_START } from '../../src/core/transport/config.ts'
import { PAGE_BYTES } from '../../src/core/transport/streams/pages.ts'
import { ReceiveBuffer } from '../../src/core/transport/streams/receive-buffer.ts'
import { SendBuffer } from '../../src/core/transport/streams/send-buffer.ts'
import { type StreamFrame, TransportError } from '../../src/wire/frame.ts'
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
} from '../support/stream-pair.ts'

describe('limits', () => {
  it('of streams: 256 at once, and one more for each that is over; the peer is told that it holds us up', () => {
    const [a, b] = pair()
    const ids = Array.from({ length: 256 }, () => a.open())
    expect(a.streams.open(80, 1)).toBe('limit')
    expect(say(a)).toContainEqual({ kind: 'streams-blocked', limit: 256 })
    for (const id of ids) b.streams.receive(open(id))
    b.listen()
    for (const id of ids.slice(0, 64)) {
      a.streams.end(id)
      b.streams.end(id)
    }
    settle(a, b)
    expect(a.heard).toContainEqual({ kind: 'openable' })
    for (let n = 0; n < 64; n++) a.open()
    expect(a.streams.open(80, 1)).toBe('limit')
  })

  it('of our own streams hold whatever the peer allows', () => {
    const [a] = pair({ streamsMax: 2 })
    a.streams.receive({ kind: 'max-streams', limit: 2 ** 53 - 1 })
    a.open()
    a.open()
    expect(a.streams.open(80, 1)).toBe('limit')
    expect(kinds(say(a))).not.toContain('streams-blocked')
  })

  it('of what is buffered ask the writer to wait, then take no more, and tell when there is room', () => {
    const [a, b] = pair({ sendHighWaterBytes: 1_000, waitingBytesMax: 14_600 })
    const [first, second] = [a.open(), a.open()]
    expect(a.streams.write(first, pattern(999))).toBe('taken')
    expect(a.streams.write(first, pattern(1_001))).toBe('high')
    expect(a.streams.write(second, pattern(5_000))).toBe('full')
    expect(a.streams.write(second, pattern(4_000))).toBe('high')
    expect(a.streams.write(second, pattern(1_000))).toBe('full')
    expect(a.streams.buffered(second)).toBe(4_000)
    settle(a, b)
    expect([...a.story(first)].sort()).toEqual(['accepted', 'writable'])
    expect([...a.story(second)].sort()).toEqual(['accepted', 'writable'])
    expect(b.bytes(second)).toHaveLength(4_000)
    expect(a.streams.write(second, pattern(1))).toBe('taken')
  })

  it('of windows stop their growth', () => {
    const [a, b] = pair({}, { streamWindowBytesMax: 400_000, associationWindowBytesMax: 1_200_000 })
    const id = a.open()
    a.streams.write(id, pattern(5_000_000))
    settle(a, b, 1_000, 60_000)
    const frozen = b.streams.freeze()
    expect([frozen.streams[0]?.receiving.window.size, frozen.window.size]).toEqual([400_000, 1_200_000])
  })

  it('of pieces with gaps between them: one more is a violation', () => {
    const b = receiver({ streamPiecesMax: 10 })
    for (let n = 0; n < 10; n++) expect(b.streams.receive(data(0, 1 + 2 * n, 1))).toBeUndefined()
    expect(b.streams.receive(data(0, 2, 1))).toBeUndefined()
    expect(b.streams.receive(data(0, 100, 1))).toBeUndefined()
    expect(b.streams.receive(data(0, 200, 1))).toBe(TransportError.PROTOCOL_VIOLATION)
  })
})

describe('a peer that breaks the rules is told which:', () => {
  const { FLOW_CONTROL, STREAM_LIMIT, STREAM_STATE, FINAL_SIZE, PROTOCOL_VIOLATION } = TransportError
  const reset = (id: number, finalSize: number): StreamFrame => ({ kind: 'reset-stream', id, code: 0, finalSize })

  it.each<[what: string, before: readonly StreamFrame[], frame: StreamFrame, code: number]>([
    ['a byte beyond the window of a stream', [], data(0, STREAM_START.maxStreamData, 1), FLOW_CONTROL],
    ['a final size beyond it', [], reset(0, STREAM_START.maxStreamData + 1), FLOW_CONTROL],
    [
      'a byte beyond the window of all streams',
      [2, 4, 6].flatMap((id) => [open(id), data(id, STREAM_START.maxStreamData - 1, 1)]),
      data(0, STREAM_START.maxStreamData - 1, 1),
      0,
    ],
    [
      'a byte beyond the window of all streams after four full ones',
      [...[0, 2, 4, 6].flatMap((id) => [open(id), data(id, STREAM_START.maxStreamData - 1, 1)]), open(8)],
      data(8, 0, 1),
      FLOW_CONTROL,
    ],
    [
      '64 KiB and a byte before STREAM_OPEN',
      [data(2, 0, STREAM_START.unopenedBytes)],
      data(2, 65_536, 1),
      FLOW_CONTROL,
    ],
    ['a stream beyond MAX_STREAMS', [], open(512), STREAM_LIMIT],
    ['bytes of a stream far beyond it', [], data(2 ** 53 - 2, 0, 1), STREAM_LIMIT],
    ['bytes of a stream of ours that is none', [], data(1, 0, 1), STREAM_STATE],
    ['STOP_SENDING of one far away', [], { kind: 'stop-sending', id: 2 ** 53 - 1, code: 0 }, STREAM_STATE],
    ['MAX_STREAM_DATA of one that is none', [], { kind: 'max-stream-data', id: 3, limit: 1 }, STREAM_STATE],
    ['STREAM_DATA_BLOCKED of one that is none', [], { kind: 'stream-data-blocked', id: 3, limit: 1 }, STREAM_STATE],
    ['STREAM_OPEN of one that is none', [], open(3), STREAM_STATE],
    ['STREAM_OPEN with other ports', [], open(0, 81), PROTOCOL_VIOLATION],
    ['a byte behind the end', [data(0, 0, 10, true)], data(0, 10, 1), FINAL_SIZE],
    ['an end that moves down', [data(0, 0, 10, true)], data(0, 0, 9, true), FINAL_SIZE],
    ['an end that moves up', [data(0, 0, 10, true)], data(0, 0, 11, true), FINAL_SIZE],
    ['an end before bytes that came', [data(0, 0, 10)], data(0, 0, 9, true), FINAL_SIZE],
    ['a reset before bytes that came', [data(0, 0, 10)], reset(0, 9), FINAL_SIZE],
    ['a reset with another size than the end', [data(0, 5, 5, true)], reset(0, 11), FINAL_SIZE],
    ['a second reset with another size', [reset(0, 10)], reset(0, 11), FINAL_SIZE],
    ['bytes behind a reset', [reset(0, 10)], data(0, 10, 1), FINAL_SIZE],
  ])('%s', (_what, before, frame, code) => {
    const b = receiver()
    for (const one of before) expect(b.streams.receive(one)).toBeUndefined()
    b.listen()
    expect(b.streams.receive(frame)).toBe(code === 0 ? undefined : code)
  })

  it('STREAM_OPEN of a stream of ours', () => {
    const a = new StreamEnd(true)
    expect(a.streams.receive(open(a.open()))).toBe(STREAM_STATE)
  })
})

describe('a hostile peer', () => {
  it('that sends a byte here and a byte there makes us keep no more than the window', () => {
    const b = receiver()
    for (let offset = 1; offset < STREAM_START.maxStreamData; offset += 67) b.streams.receive(data(0, offset, 1))
    expect(b.listen()).toEqual([])
    b.streams.receive({ kind: 'stream', id: 0, offset: 0, data: new Uint8Array(STREAM_START.maxStreamData), fin: true })
    expect(b.listen().filter(({ kind }) => kind === 'data')).toHaveLength(STREAM_START.maxStreamData / 8_192)
  })

  it('that sends few bytes makes us keep those and no page, nor the memory of others beside them', () => {
    const held = ([first]: ReturnType<StreamEnd['listen']>): number | undefined =>
      first?.kind === 'data' ? first.bytes.buffer.byteLength : undefined
    const b = receiver()
    b.streams.receive({ kind: 'stream', id: 0, offset: 0, data: new Uint8Array(100), fin: false })
    expect(held(b.listen())).toBe(100)
    const others = new Uint8Array(65_536).subarray(0, 100)
    b.streams.receive({ kind: 'stream', id: 2, offset: 0, data: others, fin: false })
    expect(held(b.listen())).toBe(undefined)
    b.streams.receive(open(2))
    expect(held(b.listen().filter(({ kind }) => kind === 'data'))).toBe(100)
  })

  it('that shares packets out among streams makes us keep no more than four times the bytes of each', () => {
    const packet = new Uint8Array(65_536)
    for (const [length, memory] of [
      [16_384, 65_536],
      [16_383, 16_383],
    ] as const) {
      const b = receiver()
      b.streams.receive({ kind: 'stream', id: 0, offset: 0, data: packet.subarray(0, length), fin: false })
      const [first] = b.listen()
      expect(first?.kind === 'data' && first.bytes.buffer.byteLength).toBe(memory)
    }
  })

  it('that sends other bytes a second time does not change those that came first', () => {
    const b = receiver()
    const bytes = (text: string) => Uint8Array.from(Buffer.from(text))
    const send = (offset: number, text: string) =>
      b.streams.receive({ kind: 'stream', id: 0, offset, data: bytes(text), fin: false })
    send(2, 'cd')
    send(0, 'ABXXef')
    b.listen()
    send(0, '??????g')
    b.listen()
    expect(Buffer.from(b.bytes(0)).toString()).toBe('ABcdefg')
  })

  it('that opens and abandons streams as fast as it may costs no memory that stays', () => {
    const b = new StreamEnd(false)
    let limit: number = STREAM_START.maxStreams
    for (let index = 0; index < 5_000; index++) {
      if (index >= limit) {
        for (const frame of say(b)) if (frame.kind === 'max-streams') limit = frame.limit
      }
      const id = 2 * index
      expect(b.streams.receive(open(id))).toBeUndefined()
      expect(b.streams.receive({ kind: 'reset-stream', id, code: 0, finalSize: 100 })).toBeUndefined()
      expect(b.streams.receive({ kind: 'stop-sending', id, code: 0 })).toBeUndefined()
      b.listen()
      settleOpen(b)
      b.listen()
      limit = Math.max(limit, b.streams.freeze().ids.peerMaxStreams)
    }
    const frozen = b.streams.freeze()
    expect([frozen.streams.length, frozen.ids.peerClosed]).toEqual([0, [{ start: 0, end: 5_000 }]])
    expect([frozen.window.received, frozen.window.consumed]).toEqual([500_000, 500_000])
  })

  it('that repeats every limit there is makes us say nothing', () => {
    const a = new StreamEnd(true)
    const id = a.open()
    settleOpen(a)
    for (let n = 0; n < 1_000; n++) {
      a.streams.receive({ kind: 'max-data', limit: n })
      a.streams.receive({ kind: 'max-stream-data', id, limit: n })
      a.streams.receive({ kind: 'max-streams', limit: n % 256 })
    }
    expect([a.streams.wantsToSend, a.streams.freeze().maxData]).toEqual([false, STREAM_START.maxData])
  })
})

describe('the memory of a buffer', () => {
  it('is none once everything in it is acknowledged, or read', () => {
    const sending = new SendBuffer()
    sending.write(new Uint8Array(10_000))
    for (let chunk = sending.next(Infinity); chunk !== undefined; chunk = sending.next(Infinity))
      sending.mark(chunk, Math.min(chunk.length, 1_000))
    sending.acked({ offset: 0, length: 9_000, fin: false })
    expect(sending.memoryBytes).toBe(PAGE_BYTES)
    sending.acked({ offset: 9_000, length: 1_000, fin: false })
    expect(sending.memoryBytes).toBe(0)

    const receiving = new ReceiveBuffer()
    receiving.write(0, new Uint8Array(10_000).fill(1), 16)
    receiving.write(12_000, new Uint8Array(1), 16)
    receiving.read()
    receiving.consume(10_000)
    expect(receiving.memoryBytes).toBe(PAGE_BYTES)
    receiving.write(10_000, new Uint8Array(2_000).fill(2), 16)
    receiving.read()
    receiving.consume(12_001)
    expect(receiving.memoryBytes).toBe(0)
    receiving.write(12_001, Uint8Array.of(3, 4), 16)
    expect(receiving.read().flatMap((view) => [...view])).toEqual([3, 4])
  })
})
