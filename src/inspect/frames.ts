// The frames of streams (ESP next header 253) in words, one after another: what was sent of which stream, and what was acknowledged.

import type { Frame } from '../wire/frame.ts'
import { StreamCode, TransportError } from '../wire/frame.ts'
import { spiText } from './words.ts'

const STREAM_CODES = new Map<number, string>(Object.entries(StreamCode).map(([name, code]) => [code, name]))
const TRANSPORT_ERRORS = new Map<number, string>(Object.entries(TransportError).map(([name, code]) => [code, name]))

/** A frame as JSON has it: what it says, and of bytes how many. */
export function frameFields(frame: Frame): Readonly<Record<string, unknown>> {
  if (frame.kind !== 'stream') return { ...frame }
  const { data, ...rest } = frame
  return { ...rest, bytes: data.length }
}

/** A frame in words, such as `STREAM 4: bytes 0–99, the last`. */
export function frameWords(frame: Frame): string {
  const name = frame.kind.toUpperCase().replaceAll('-', '_')
  switch (frame.kind) {
    case 'padding':
      return `${name} of ${frame.bytes} bytes`
    case 'ping':
      return name
    case 'ack': {
      // Ranges end before `end`; words name the last.
      const ranges = frame.ranges.map(({ start, end }) => (end - start === 1 ? `${start}` : `${start}–${end - 1}`))
      return `${name} of SPI ${spiText(frame.spi)}: ${ranges.join(', ')}`
    }
    case 'stream': {
      const { id, offset, data, fin } = frame
      const bytes = data.length === 0 ? `nothing at ${offset}` : `bytes ${offset}–${offset + data.length - 1}`
      return `${name} ${id}: ${bytes}${fin ? ', the last' : ''}`
    }
    case 'stream-open':
      return `${name} ${frame.id}: port ${frame.sourcePort} → ${frame.port}`
    case 'reset-stream':
      return `${name} ${frame.id}: ${STREAM_CODES.get(frame.code) ?? frame.code}, after ${frame.finalSize} bytes`
    case 'stop-sending':
      return `${name} ${frame.id}: ${STREAM_CODES.get(frame.code) ?? frame.code}`
    case 'close-transport':
      return `${name}: ${TRANSPORT_ERRORS.get(frame.code) ?? frame.code}`
    case 'max-stream-data':
    case 'stream-data-blocked':
      return `${name} ${frame.id}: ${frame.limit}`
    default:
      return `${name}: ${frame.limit}`
  }
}
