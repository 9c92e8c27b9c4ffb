// An endpoint in a network namespace of its own: node link-child.js ADDRESS. It says on stdout, a JSON line each, who it is and where, then of
// every stream that has come how many bytes it had and how long the longest datagram was. A line on stdin, `PEER BYTES`, makes it send.

import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { Endpoint } from '../../src/index.ts'
import { choice } from '../../src/node/accelerated/choice.ts'
import { Driver } from '../../src/node/driver.ts'
import type { DatagramPort } from '../../src/node/port.ts'

const PORT = 7
const PIECE = Buffer.alloc(65_536, 'x')
let longest = 0

// What comes from the system, before any line of the protocol has seen it.
const listen = Driver.prototype.listen
Driver.prototype.listen = function (this: Driver, port: DatagramPort): void {
  Reflect.apply(listen, this, [port])
  const heard = port.onMessage
  port.onMessage = (bytes, source) => {
    longest = Math.max(longest, bytes.length)
    heard(bytes, source)
  }
}

const say = (what: Readonly<Record<string, unknown>>): void => void process.stdout.write(`${JSON.stringify(what)}\n`)

const endpoint = await Endpoint.open({ bind: { address: process.argv[2] ?? '' } })
endpoint.listen(PORT, async (stream) => {
  let bytes = 0
  for await (const chunk of stream) bytes += chunk.length
  stream.end()
  say({ bytes, longest })
})
say({ peer: endpoint.peer, accelerated: choice().ports.accelerated !== undefined })

for await (const line of createInterface({ input: process.stdin })) {
  const [peer = '', bytes = '0'] = line.split(' ')
  const stream = endpoint.connect(peer, PORT)
  function* pieces(): Iterable<Uint8Array> {
    for (let left = Number(bytes); left > 0; left -= PIECE.length) yield PIECE.subarray(0, Math.min(left, PIECE.length))
  }
  stream.resume()
  await Promise.all([pipeline(pieces, stream, { end: true }), once(stream, 'end')])
  say({ sent: Number(bytes) })
}
