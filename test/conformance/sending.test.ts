// What an application says to a peer with which there is no association yet (RFC 7401 §6.1), through sockets.

import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { Endpoint } from '../../src/node/endpoint.ts'

const bind = { address: '127.0.0.1' }

describe('data for a peer without an association', () => {
  it('on a stream waits for the one base exchange that it begins, and goes then', async () => {
    const [a, b] = await Promise.all([Endpoint.open({ bind }), Endpoint.open({ bind })])
    try {
      b.listen(7, (stream) => stream.pipe(stream))
      expect([...a.associations()]).toEqual([])
      const stream = a.connect(b.peer, 7)
      stream.end('hello')
      const outcome = await buffer(stream).then(String, (error: unknown) => error)
      expect(outcome).toBe('hello')
      expect([...a.associations()].map(({ peer, baseExchanges }) => [peer, baseExchanges])).toEqual([[b.hit, 1]])
    } finally {
      // Here, because the test also runs where nobody tidies up after it (sabotage.test.ts).
      a.destroy()
      b.destroy()
    }
  })
})
