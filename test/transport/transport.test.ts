// Streams between two engines: everything that is written arrives once and in order, whatever befalls the wire and the ends.

import { describe, expect, it } from 'vitest'
import { pair } from '../support/pair.ts'
import { noise, StreamApp } from '../support/stream-app.ts'

const PORT = 9

function world(options: Parameters<typeof pair>[0] = {}) {
  const { wire, alice, bob, a, b } = pair(options)
  b.engine.listen(PORT)
  const client = new StreamApp(wire, a, b.engine.hit)
  const server = new StreamApp(wire, b, a.engine.hit, { echo: true })
  return { wire, alice, bob, a, b, client, server }
}

describe('a stream', () => {
  it('carries 100 kB there and back again, and is forgotten', () => {
    const { wire, a, b, client, server } = world()
    const id = client.open(PORT)
    const bytes = noise(100_000)
    client.say(id, bytes)
    wire.run(5_000)
    expect(client.text(id)).toEqual(bytes)
    expect(client.line(id)).toMatchObject({ ended: true, finished: true, closed: true })
    expect(server.line(id)).toMatchObject({ ended: true, finished: true, closed: true })
    expect([a, b].map((end) => end.engine.streams(end === a ? b.engine.hit : a.engine.hit))).toEqual([[], []])
  })
})
