// Streams between endpoints on loopback, by the rules of node:stream and node:net.

import { once } from 'node:events'
import { expect, test } from 'vitest'
import { pair } from '../support/endpoints.ts'

test('what one end writes the other reads, and the answer comes back', async () => {
  const { a, b } = await pair()
  b.listen(7, (stream) => stream.pipe(stream))
  const stream = a.connect(b.peer, 7)
  stream.end('hello')
  const heard: Buffer[] = []
  for await (const chunk of stream) heard.push(chunk)
  expect(Buffer.concat(heard).toString()).toBe('hello')
  if (!stream.closed) await once(stream, 'close')
})
