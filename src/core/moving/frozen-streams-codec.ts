// The stream table in a capsule (MOVING §7) ↔ CBOR maps with integer keys, as strict as the rest of it (frozen-codec.ts): ranges rise
// and lie apart, bytes are as many as the ranges say, every list is capped, and field numbers never change their meaning.

import type { Range } from '../../base/ranges.ts'
import type { CborValue } from '../../wire/object.ts'
import type { Delivery } from '../transport/streams/delivery.ts'
import type {
  FrozenReceiving,
  FrozenSending,
  FrozenStream,
  FrozenStreamIds,
  FrozenStreams,
  FrozenWindow,
} from '../transport/streams/frozen-streams.ts'
import { type FieldMap, type Fields, fieldMap } from './fields.ts'

/** Largest counts and sizes. What streams keep (`transport/config.ts`) is well inside. */
const STREAMS_MAX = 16_384
const RANGES_MAX = 65_536
const BYTES_MAX = 64 * 1024 * 1024
const NUMBER_MAX = Number.MAX_SAFE_INTEGER
const OFFSET_MAX = 2 ** 52
const WINDOW_MAX = 2 ** 32
/** Indices of streams: their ids are twice that. */
const INDEX_MAX = 2 ** 51

const DELIVERIES: readonly Delivery[] = ['idle', 'queued', 'sent', 'acked']

export function writeStreams({ ids, maxData, sent, window, streams }: FrozenStreams): FieldMap {
  return fieldMap([
    [1, writeIds(ids)],
    [2, maxData],
    [3, sent],
    [4, writeWindow(window)],
    [5, streams.map(writeStream)],
  ])
}

export function readStreams(fields: Fields): FrozenStreams {
  return {
    ids: fields.nested(1, readIds),
    maxData: number(fields, 2),
    sent: number(fields, 3),
    window: fields.nested(4, readWindow),
    streams: readList(fields, 5),
  }
}

/**
 * True if every stream has been opened and is not over: one of ours beyond those would be opened a second time. `even`: bit 0 of
 * the ids that this end gives out is 0.
 */
export function mayLive({ ids, streams }: FrozenStreams, even: boolean): boolean {
  return streams.every(({ id }) => {
    const own = (id % 2 === 0) === even
    const index = Math.floor(id / 2)
    const closed = own ? ids.ownClosed : ids.peerClosed
    const begun = index < (own ? ids.opened : ids.peerMaxStreams)
    return begun && !closed.some(({ start, end }) => start <= index && index < end)
  })
}

/** Lowest id first, so that none comes twice. */
function readList(fields: Fields, key: number): FrozenStream[] {
  const streams = fields.list(key, STREAMS_MAX, readStream)
  if (streams.some(({ id }, index) => id <= (streams[index - 1]?.id ?? -1))) fields.fail(key)
  return streams
}

function writeIds(ids: FrozenStreamIds): FieldMap {
  return fieldMap([
    [1, ids.opened],
    [2, ids.maxStreams],
    [3, ids.peerMaxStreams],
    [4, writeRanges(ids.ownClosed)],
    [5, writeRanges(ids.peerClosed)],
  ])
}

function readIds(fields: Fields): FrozenStreamIds {
  const ids = {
    opened: fields.integer(1, 0, INDEX_MAX),
    maxStreams: fields.integer(2, 0, NUMBER_MAX),
    peerMaxStreams: fields.integer(3, 0, NUMBER_MAX),
    ownClosed: readRanges(fields, 4),
    peerClosed: readRanges(fields, 5),
  }
  const { opened, peerMaxStreams, ownClosed, peerClosed } = ids
  if (!lieWithin(ownClosed, 0, opened)) fields.fail(4)
  if (!lieWithin(peerClosed, 0, peerMaxStreams)) fields.fail(5)
  return ids
}

function writeStream({ id, ports, accepted, open, sending, receiving }: FrozenStream): FieldMap {
  return fieldMap([
    [1, id],
    [2, ports?.port],
    [3, ports?.sourcePort],
    [4, accepted],
    [5, DELIVERIES.indexOf(open)],
    [6, writeSending(sending)],
    [7, writeReceiving(receiving)],
  ])
}

function readStream(fields: Fields): FrozenStream {
  return {
    id: number(fields, 1),
    ports: fields.has(2) ? { port: fields.integer(2, 0, 0xffff), sourcePort: fields.integer(3, 0, 0xffff) } : undefined,
    accepted: fields.flag(4),
    open: delivery(fields, 5),
    sending: fields.nested(6, readSending),
    receiving: fields.nested(7, readReceiving),
  }
}

function writeSending(sending: FrozenSending): FieldMap {
  return fieldMap([
    [1, sending.limit],
    [2, sending.base],
    [3, sending.bytes],
    [4, sending.sent],
    [5, writeRanges(sending.acked)],
    [6, DELIVERIES.indexOf(sending.fin)],
    [7, DELIVERIES.indexOf(sending.reset)],
    [8, sending.resetCode],
    [9, sending.stopped],
  ])
}

function readSending(fields: Fields): FrozenSending {
  const sending = {
    limit: number(fields, 1),
    base: number(fields, 2),
    bytes: fields.bytes(3, 0, BYTES_MAX),
    sent: number(fields, 4),
    acked: readRanges(fields, 5),
    fin: delivery(fields, 6),
    reset: delivery(fields, 7),
    resetCode: number(fields, 8),
    stopped: fields.has(9) ? number(fields, 9) : undefined,
  }
  const { base, bytes, sent, acked, reset } = sending
  const end = base + bytes.length
  // Of what is broken off, no bytes are kept.
  if (sent < base || (sent > end && reset === 'idle')) fields.fail(4)
  if (!lieWithin(acked, base, Math.min(sent, end))) fields.fail(5)
  return sending
}

function writeReceiving(receiving: FrozenReceiving): FieldMap {
  return fieldMap([
    [1, writeWindow(receiving.window)],
    [2, writeRanges(receiving.ranges)],
    [3, receiving.bytes],
    [4, receiving.finalSize],
    [5, receiving.reset],
    [6, receiving.unwanted],
    [7, DELIVERIES.indexOf(receiving.stop)],
    [8, receiving.stopCode],
  ])
}

function readReceiving(fields: Fields): FrozenReceiving {
  const ranges = readRanges(fields, 2)
  const length = ranges.reduce((sum, { start, end }) => sum + end - start, 0)
  if (length > BYTES_MAX) fields.fail(2)
  const window = fields.nested(1, readWindow)
  if (!lieWithin(ranges, window.consumed, window.received)) fields.fail(2)
  return {
    window,
    ranges,
    bytes: fields.bytes(3, Math.min(length, BYTES_MAX)),
    finalSize: fields.has(4) ? number(fields, 4) : undefined,
    reset: fields.has(5) ? number(fields, 5) : undefined,
    unwanted: fields.flag(6),
    stop: delivery(fields, 7),
    stopCode: number(fields, 8),
  }
}

function writeWindow({ limit, size, consumed, received }: FrozenWindow): FieldMap {
  return fieldMap([
    [1, limit],
    [2, size],
    [3, consumed],
    [4, received],
  ])
}

function readWindow(fields: Fields): FrozenWindow {
  const window = {
    limit: number(fields, 1),
    size: number(fields, 2),
    consumed: number(fields, 3),
    received: number(fields, 4),
  }
  if (window.size > WINDOW_MAX) fields.fail(2)
  // A limit goes out as a number of the wire however far it is raised.
  if (window.limit > OFFSET_MAX) fields.fail(1)
  if (window.consumed > window.received) fields.fail(3)
  if (window.received > window.limit) fields.fail(4)
  return window
}

function lieWithin(ranges: readonly Range[], from: number, to: number): boolean {
  return (ranges[0]?.start ?? from) >= from && (ranges.at(-1)?.end ?? to) <= to
}

/** Bounds one after another, strictly rising. */
function writeRanges(ranges: readonly Range[]): CborValue {
  return ranges.flatMap(({ start, end }) => [start, end])
}

function readRanges(fields: Fields, key: number): Range[] {
  const bounds = fields.integers(key, 2 * RANGES_MAX, NUMBER_MAX)
  const rises = bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? 0))
  if (!rises || bounds.length % 2 !== 0) {
    fields.fail(key)
    return []
  }
  return Array.from({ length: bounds.length / 2 }, (_, n) => ({
    start: bounds[2 * n] ?? 0,
    end: bounds[2 * n + 1] ?? 0,
  }))
}

function delivery(fields: Fields, key: number): Delivery {
  return DELIVERIES[fields.integer(key, 0, DELIVERIES.length - 1)] ?? 'idle'
}

function number(fields: Fields, key: number): number {
  return fields.integer(key, 0, NUMBER_MAX)
}
