// One end of streams under any frames at all, among any commands: a violation is an answer, never an exception, and what is kept
// stays within what was allowed.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { STREAM_START } from '../../src/core/transport/config.ts'
import { type StreamFrame, TransportError } from '../../src/wire/frame.ts'
import { StreamEnd } from '../support/stream-pair.ts'

// Mostly what is nearly right: the first violation ends a run.
const id = fc.oneof(
  { weight: 60, arbitrary: fc.nat(7) },
  { weight: 1, arbitrary: fc.constantFrom(511, 512, 513, 2 ** 53 - 1) },
)
const size = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom(40, 40, 40, 60) },
  { weight: 1, arbitrary: fc.oneof(fc.nat(300_000), fc.maxSafeNat()) },
)
const offset = fc.oneof(
  { weight: 40, arbitrary: fc.nat(20) },
  { weight: 1, arbitrary: fc.oneof(fc.nat(300_000), fc.nat(2 ** 52)) },
)
const code = fc.nat(9)

const frame: fc.Arbitrary<StreamFrame> = fc.oneof(
  fc.record({
    kind: fc.constant('stream' as const),
    id,
    offset,
    data: fc.nat(20).map((length) => new Uint8Array(length)),
    fin: fc.constantFrom(false, false, false, false, true),
  }),
  fc.record({ kind: fc.constant('stream-open' as const), id, port: fc.constantFrom(80, 80, 81), sourcePort: code }),
  fc.record({ kind: fc.constant('reset-stream' as const), id, code, finalSize: size }),
  fc.record({ kind: fc.constant('stop-sending' as const), id, code }),
  fc.record({
    kind: fc.constantFrom(
      'max-data' as const,
      'max-streams' as const,
      'data-blocked' as const,
      'streams-blocked' as const,
    ),
    limit: size,
  }),
  fc.record({ kind: fc.constantFrom('max-stream-data' as const, 'stream-data-blocked' as const), id, limit: size }),
)

const command = fc.record({
  what: fc.constantFrom(
    'open',
    'write',
    'end',
    'reset',
    'stop',
    'accept',
    'refuse',
    'listen',
    'send',
    'send and lose',
    'move',
  ),
  id: fc.nat(7),
  bytes: fc.nat(5_000),
})

interface Command {
  readonly what: string
  readonly id: number
  readonly bytes: number
}

function obey(end: StreamEnd, { what, id, bytes }: Command): void {
  const { streams } = end
  switch (what) {
    case 'open':
      streams.open(80, 1)
      return
    case 'write':
      streams.write(id, new Uint8Array(bytes))
      return
    case 'end':
      return streams.end(id)
    case 'reset':
      return streams.reset(id, 3)
    case 'stop':
      return streams.stop(id, 3)
    case 'accept':
      return streams.accept(id)
    case 'refuse':
      return streams.refuse(id, 1)
    case 'move':
      return end.move()
    case 'listen':
      for (const event of end.listen()) if (event.kind === 'data') streams.consumed(0, event.id, event.bytes.length, 10)
      return
    default: {
      const packet = end.packet(100 + bytes)
      if (packet !== undefined) what === 'send' ? end.acked(packet) : end.lost(packet)
    }
  }
}

describe('one end of streams', () => {
  it('answers any frame with nothing or with the code of a violation, and keeps no more than it allowed', () => {
    const codes: readonly (number | undefined)[] = [undefined, ...Object.values(TransportError)]
    fc.assert(
      fc.property(fc.array(fc.oneof(frame, frame, command), { maxLength: 120, size: 'max' }), (steps) => {
        const end = new StreamEnd(true)
        for (let n = 0; n < 4; n++) end.open()
        for (const step of steps) {
          if ('what' in step) {
            obey(end, step)
            continue
          }
          const fault = end.streams.receive(step)
          expect(codes).toContain(fault)
          // After a violation the transport is closed.
          if (fault !== undefined) break
        }
        check(end)
      }),
      { numRuns: 400 },
    )
  })
})

function check(end: StreamEnd): void {
  const { window, streams, sent, maxData } = end.streams.freeze()
  expect(window.received).toBeLessThanOrEqual(window.limit)
  expect(window.consumed).toBeLessThanOrEqual(window.received)
  expect(window.limit - window.consumed).toBeLessThanOrEqual(Math.max(window.size, STREAM_START.maxData))
  expect(sent).toBeLessThanOrEqual(maxData)
  for (const { receiving, sending } of streams) {
    expect(receiving.bytes.length).toBeLessThanOrEqual(receiving.window.limit - receiving.window.consumed)
    expect(sending.sent).toBeLessThanOrEqual(sending.limit)
  }
}
