// What PROTOCOL says of frames and streams is what the code does.

import { describe, expect, it } from 'vitest'
import { STREAM_DEFAULTS, STREAM_START } from '../../src/core/transport/config.ts'
import { FrameType, StreamCode, TransportError } from '../../src/wire/frame.ts'
import { readText } from '../support/tree.ts'

const section = readText('docs/PROTOCOL.md').split('\n## Streams\n')[1]?.split('\n## ')[0] ?? ''
const figure = section.split('```')[1] ?? ''

describe('the section Streams of PROTOCOL', () => {
  it.each(Object.entries(FrameType))('draws %s under its number', (name, type) => {
    const number = type.toString(16).padStart(2, '0')
    expect(figure).toMatch(new RegExp(`\\b${name} ${number}\\b`))
  })

  it('draws boxes whose sides meet their corners', () => {
    const lines = figure.split('\n')
    const at = (line: string, mark: string) => [...line].flatMap((one, index) => (one === mark ? [index] : []))
    const boxes = lines.flatMap((line, index) => (line.startsWith('|') ? [index] : []))
    expect(boxes.length).toBeGreaterThan(4)
    for (const index of boxes) {
      const line = lines[index] ?? ''
      expect(at(lines[index - 1] ?? '', '+'), line).toEqual(at(line, '|'))
      expect(lines[index + 1]).toBe(lines[index - 1])
    }
  })

  it('lists the codes of streams and of the transport', () => {
    const rows = [...section.matchAll(/^\| (\d+) \| ([A-Z_]+) \|/gm)].map(([, code, name]) => [name, Number(code)])
    expect(rows).toEqual([...Object.entries(StreamCode), ...Object.entries(TransportError)])
  })

  it.each([
    ['no more than 64 KiB of a stream', STREAM_START.unopenedBytes, 64 * 1_024],
    ['They start at 1 MiB', STREAM_START.maxData, 1_024 * 1_024],
    ['1 MiB, 256 KiB', STREAM_START.maxStreamData, 256 * 1_024],
    ['\n  256, are not negotiated', STREAM_START.maxStreams, 256],
    ['when 64 streams are over', STREAM_START.maxStreams / 4, 64],
    ['up to 24 MiB and 6 MiB', STREAM_DEFAULTS.associationWindowBytesMax, 24 * 1_024 * 1_024],
    ['up to 24 MiB and 6 MiB', STREAM_DEFAULTS.streamWindowBytesMax, 6 * 1_024 * 1_024],
    ['more than 4,096 pieces', STREAM_DEFAULTS.streamPiecesMax, 4_096],
  ])('says "%s" as the limits do', (words, limit, said) => {
    expect(section).toContain(words)
    expect(limit).toBe(said)
  })
})
