// Frames of streams in words: each kind once, and those of a conversation that was captured.

import { describe, expect, it, test } from 'vitest'
import { readCapture } from '../../src/inspect/capture.ts'
import { carriedBy } from '../../src/inspect/carried.ts'
import { frameFields, frameWords } from '../../src/inspect/frames.ts'
import { findingJson, inspect } from '../../src/inspect/inspect.ts'
import { readKeyLog } from '../../src/inspect/key-log.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { pcapOf } from '../support/pcap.ts'
import { playStory } from './story.ts'

const ranges = [
  { start: 7, end: 10 },
  { start: 3, end: 4 },
]

test.each<[Frame, string]>([
  [{ kind: 'padding', bytes: 12 }, 'PADDING of 12 bytes'],
  [{ kind: 'ping' }, 'PING'],
  [{ kind: 'ack', spi: 0x1234, delayMs: 1, ranges }, 'ACK of SPI 0x00001234: 7–9, 3'],
  [{ kind: 'stream', id: 4, offset: 10, data: new Uint8Array(5), fin: false }, 'STREAM 4: bytes 10–14'],
  [{ kind: 'stream', id: 4, offset: 15, data: new Uint8Array(0), fin: true }, 'STREAM 4: nothing at 15, the last'],
  [{ kind: 'stream-open', id: 0, port: 80, sourcePort: 49_152 }, 'STREAM_OPEN 0: port 49152 → 80'],
  [{ kind: 'reset-stream', id: 2, code: 3, finalSize: 9 }, 'RESET_STREAM 2: CANCELLED, after 9 bytes'],
  [{ kind: 'stop-sending', id: 2, code: 99 }, 'STOP_SENDING 2: 99'],
  [{ kind: 'max-data', limit: 1_000 }, 'MAX_DATA: 1000'],
  [{ kind: 'stream-data-blocked', id: 6, limit: 64 }, 'STREAM_DATA_BLOCKED 6: 64'],
  [{ kind: 'close-transport', code: 0xa }, 'CLOSE_TRANSPORT: PROTOCOL_VIOLATION'],
])('%o reads %s', (frame, words) => {
  expect(frameWords(frame)).toBe(words)
})

test('bytes of a stream are counted, not shown', () => {
  const frame: Frame = { kind: 'stream', id: 4, offset: 10, data: new Uint8Array(5), fin: false }
  expect(frameFields(frame)).toEqual({ kind: 'stream', id: 4, offset: 10, bytes: 5, fin: false })
})

describe('a captured stream', () => {
  const { seen, keys } = playStory('ed25519', 13)
  const log = readKeyLog(keys.join('\n'))
  if ('fault' in log) throw new Error(log.fault)
  const findings = [...inspect([...carriedBy(readCapture(pcapOf(seen)).frames)], log)]
  const inside = findings.flatMap(({ esp }) => (esp?.inside === undefined ? [] : [esp.inside]))

  it('is shown from its opening to its last byte, and acknowledged', () => {
    const words = inside.join('\n')
    expect(words).toMatch(/STREAM_OPEN 0: port \d+ → 9/)
    expect(words).toMatch(/STREAM 0: bytes 0–7, the last/)
    expect(words).toMatch(/ACK of SPI 0x[0-9a-f]{8}: /)
  })

  it('is in the JSON, too, with its ranges as numbers', () => {
    const frames = findings.flatMap((finding) => findingJson(finding).frames ?? [])
    expect(frames).toContainEqual({ kind: 'stream', id: 0, offset: 0, bytes: 8, fin: true })
    expect(frames).toContainEqual(expect.objectContaining({ kind: 'ack', ranges: expect.any(Array) }))
  })
})
