// Who has been refused another stream is told when there may be one.

import { describe, expect, it } from 'vitest'
import { STREAM_START } from '../../src/core/transport/config.ts'
import { pair } from '../support/pair.ts'
import { StreamApp } from '../support/stream-app.ts'

const PORT = 9

describe('an engine that has refused to open a stream', () => {
  it('tells once that it would not any more, after others are over, and nobody who was not refused', () => {
    const { wire, a, b } = pair()
    b.engine.listen(PORT)
    const client = new StreamApp(wire, a, b.engine.hit)
    new StreamApp(wire, b, a.engine.hit, { echo: true })
    const ids = Array.from({ length: STREAM_START.maxStreams }, () => client.open(PORT))
    wire.run(200)
    expect(a.engine.openStream(wire.now, b.engine.hit, PORT)).toBe('limit')
    wire.run(1_000)
    expect(a.told).not.toContain('streams-openable')
    for (const id of ids) client.say(id, Uint8Array.of(1))
    wire.run(2_000)
    expect(a.events.filter(({ type }) => type === 'streams-openable')).toEqual([
      { type: 'streams-openable', peer: b.engine.hit },
    ])
    expect(typeof a.engine.openStream(wire.now, b.engine.hit, PORT)).toBe('number')
    expect(b.told).not.toContain('streams-openable')
  })
})
