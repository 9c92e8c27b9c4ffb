// A service that counts what it is sent, and goes on counting wherever it is started next. Run it compiled:
//   node dist/examples/counter.js [ADDRESS]
// It prints where it is. Stop it with Ctrl-C or SIGTERM, start it again in the same folder, with another address if you like:
// whoever talked to it still does. The capsule file is sealed to this host and opens once.

import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Endpoint, Host, thaw } from '../src/index.ts'

const CAPSULE = 'counter.capsule'
const PORT = 7

const host = await Host.open()
const place = { host, ledger: host.ledger(), bind: { address: process.argv[2] ?? '127.0.0.1' } }
const thawed = existsSync(CAPSULE) ? await thaw(readFileSync(CAPSULE), place).catch(refused) : undefined
if (thawed !== undefined) rmSync(CAPSULE)
const endpoint = thawed?.endpoint ?? (await Endpoint.open(place))
const socket = thawed?.sockets.get(PORT) ?? (await endpoint.datagrams(PORT))

let count = thawed === undefined ? 0 : Number(Buffer.from(thawed.state).toString())
socket.on('message', (bytes, from) => {
  count += 1
  socket.send(Buffer.from(`${count}: ${bytes}`), from.port, from.hit)
})
const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
console.log(`${endpoint.peer}, start number ${endpoint.epoch}, ${count} counted so far`)

await stopped
const state = (): Uint8Array => Buffer.from(`${count}`)
writeFileSync(CAPSULE, await endpoint.freeze({ to: host.kem, state }), { mode: 0o600 })

/** A capsule that has been used, or is for another host: the message says what to do, and nothing has been sent. */
function refused(error: Error): never {
  console.error(error.message)
  process.exit(1)
}
