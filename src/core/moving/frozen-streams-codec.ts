// The stream table in a capsule (MOVING §7) ↔ CBOR maps with integer keys, as strict as the rest of it (frozen-codec.ts): ranges rise
// and lie apart, bytes are as many as the ranges say, every list is capped, and field numbers never change their meaning.

import type { Range } from '../../base/ranges.ts'
import type { CborValue } from '../../wire/object.ts'
import type {
  Delivery,
  FrozenReceiving,
  FrozenSending,
  FrozenStream,
  FrozenStreams,
  FrozenWindow,
} from '../transport/streams/frozen-streams.ts'
import { type FieldMap, type Fields, fieldMap } from './fields.ts'

/** Largest counts and sizes. What streams keep (`transport/config.ts`) is well inside. */
const STREAMS_MAX = 16_384
const RANGES_MAX = 65_536
const BYTES_MAX = 64 * 1024 * 1024
const NUMBER_MAX = Number.MAX_SAFE_INTEGER

const DELIVERIES: readonly Delivery[] = ['idle', 'queued', 'sent', 'acked']
const STATES: readonly FrozenSending['state'][] = ['send', 'data-sent', 'data-recvd', 'reset-sent', 'reset-recvd']

export function writeStreams(frozen: FrozenStreams): FieldMap {
  return fieldMap([
    [1, frozen.opened],
    [2, writeRanges(frozen.ownClosed)],
    [3, writeRanges(frozen.peerClosed)],
    [4, frozen.maxStreams],
    [5, frozen.maxData],
    [6, frozen.sent],
    [7, frozen.peerMaxStreams],
    [8, writeWindow(frozen.window)],
    [9, frozen.streams.map(writeStream)],
  ])
}

export function readStreams(fields: Fields): FrozenStreams {
  return {
    opened: number(fields, 1),
    ownClosed: readRanges(fields, 2),
    peerClosed: readRanges(fields, 3),
    maxStreams: number(fields, 4),
    maxData: number(fields, 5),
    sent: number(fields, 6),
    peerMaxStreams: number(fields, 7),
    window: fields.nested(8, readWindow),
    streams: fields.list(9, STREAMS_MAX, readStream),
  }
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
    [1, STATES.indexOf(sending.state)],
    [2, sending.limit],
    [3, sending.base],
    [4, sending.bytes],
    [5, sending.sent],
    [6, writeRanges(sending.acked)],
    [7, DELIVERIES.indexOf(sending.fin)],
    [8, DELIVERIES.indexOf(sending.reset)],
    [9, sending.resetCode],
    [10, sending.stopped],
  ])
}

function readSending(fields: Fields): FrozenSending {
  return {
    state: choice(fields, 1, STATES, 'send'),
    limit: number(fields, 2),
    base: number(fields, 3),
    bytes: fields.bytes(4, 0, BYTES_MAX),
    sent: number(fields, 5),
    acked: readRanges(fields, 6),
    fin: delivery(fields, 7),
    reset: delivery(fields, 8),
    resetCode: number(fields, 9),
    stopped: fields.has(10) ? number(fields, 10) : undefined,
  }
}

function writeReceiving(receiving: FrozenReceiving): FieldMap {
  return fieldMap([
    [1, writeWindow(receiving.window)],
    [2, writeRanges(receiving.ranges)],
    [3, receiving.bytes],
    [4, receiving.finalSize],
    [5, receiving.reset],
    [6, DELIVERIES.indexOf(receiving.stop)],
    [7, receiving.stopCode],
  ])
}

function readReceiving(fields: Fields): FrozenReceiving {
  const ranges = readRanges(fields, 2)
  const length = ranges.reduce((sum, { start, end }) => sum + end - start, 0)
  if (length > BYTES_MAX) fields.fail(2)
  return {
    window: fields.nested(1, readWindow),
    ranges,
    bytes: fields.bytes(3, Math.min(length, BYTES_MAX)),
    finalSize: fields.has(4) ? number(fields, 4) : undefined,
    reset: fields.has(5) ? number(fields, 5) : undefined,
    stop: delivery(fields, 6),
    stopCode: number(fields, 7),
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
  return { limit: number(fields, 1), size: number(fields, 2), consumed: number(fields, 3), received: number(fields, 4) }
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
  return choice(fields, key, DELIVERIES, 'idle')
}

function choice<T>(fields: Fields, key: number, all: readonly T[], otherwise: T): T {
  return all[fields.integer(key, 0, all.length - 1)] ?? otherwise
}

function number(fields: Fields, key: number): number {
  return fields.integer(key, 0, NUMBER_MAX)
}
