// A chat room over WebSockets (the ordinary `ws`) that moves with everybody in it. Run it compiled:
//   node dist/examples/chat.js [ADDRESS]           the room; Ctrl-C freezes it, the same again goes on, at another address if you like
//   node dist/examples/chat.js join HIT@ADDRESS:PORT NAME
// The connections travel as streams. What `ws` knows of them does not, so the room declares it: who is who, and the bytes of a
// frame of which only the beginning has come.

import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { type WebSocket, WebSocketServer, WebSocket as WsClient } from 'ws'
import { Endpoint, Host, parsePeer, SojournStream, sojournConnection, thaw } from '../src/index.ts'

const CAPSULE = 'chat.capsule'
const PORT = 80

interface Member {
  readonly peer: string
  readonly id: number | undefined
  readonly name: string
  /** In base64. */
  tail: string
}

/** Bytes of the last frame, as long as it is not whole (RFC 6455 §5.2). */
function unfinished(bytes: Buffer): Buffer {
  for (;;) {
    const short = (bytes[1] ?? 0) & 0x7f
    const header = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + ((bytes[1] ?? 0) & 0x80 ? 4 : 0)
    if (bytes.length < header) return bytes
    const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
    if (bytes.length < header + length) return bytes
    bytes = bytes.subarray(header + length)
  }
}

const members = new Map<WebSocket, Member>()
const sockets = new WebSocketServer({ noServer: true })

function say(text: string): void {
  for (const socket of members.keys()) socket.send(text)
}

function join(socket: WebSocket, stream: SojournStream, name: string): void {
  const member: Member = { peer: stream.remoteAddress, id: stream.id, name, tail: '' }
  members.set(socket, member)
  stream.on('data', (bytes: Buffer) => {
    member.tail = unfinished(Buffer.concat([Buffer.from(member.tail, 'base64'), bytes])).toString('base64')
  })
  socket.on('message', (text) => say(`${name}: ${text}`))
  socket.on('close', () => members.delete(socket))
  socket.on('error', () => socket.terminate())
}

/** Gives `ws` a connection whose handshake was made elsewhere: it makes it once more, and nobody hears the answer. */
function resume(stream: SojournStream, { name, tail }: Member): void {
  const headers = { upgrade: 'websocket', 'sec-websocket-key': `${'0'.repeat(22)}==`, 'sec-websocket-version': '13' }
  const request = Object.assign(new IncomingMessage(new Socket()), { method: 'GET', url: '/', headers })
  const write = stream.write
  stream.write = () => true
  sockets.handleUpgrade(request, stream, Buffer.alloc(0), (socket) => {
    join(socket, stream, name)
    stream.emit('data', Buffer.from(tail, 'base64'))
  })
  stream.write = write
}

async function room(address = '127.0.0.1'): Promise<void> {
  const host = await Host.open()
  const place = { host, ledger: host.ledger(), bind: { address } }
  const thawed = existsSync(CAPSULE) ? await thaw(readFileSync(CAPSULE), place) : undefined
  if (thawed !== undefined) rmSync(CAPSULE)
  const endpoint = thawed?.endpoint ?? (await Endpoint.open(place))
  const http = createServer().on('upgrade', (request, stream, head) => {
    const name = decodeURIComponent(request.url?.slice(1) ?? '')
    sockets.handleUpgrade(request, stream, head, (socket) => {
      if (stream instanceof SojournStream) join(socket, stream, name)
      say(`${name} has come`)
    })
  })
  const listener = thawed?.listeners.get(PORT) ?? endpoint.listen(PORT)
  listener.on('stream', (stream) => http.emit('connection', stream))
  for (const member of thawed === undefined ? [] : (JSON.parse(String(Buffer.from(thawed.state))) as Member[])) {
    const stream = [...(thawed?.streams ?? [])].find(([peer]) => peer === member.peer)?.[1].get(member.id ?? -1)
    if (stream !== undefined) resume(stream, member)
  }
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  console.log(`${endpoint.peer}, ${members.size} in the room`)
  await stopped
  const state = (): Uint8Array => Buffer.from(JSON.stringify([...members.values()]))
  writeFileSync(CAPSULE, await endpoint.freeze({ to: host.kem, state }), { mode: 0o600 })
}

async function visit(like: string, name: string): Promise<void> {
  const endpoint = await Endpoint.open()
  const createConnection = sojournConnection(endpoint, { peers: [like] })
  const socket = new WsClient(`ws://[${parsePeer(like).hit}]/${encodeURIComponent(name)}`, { createConnection })
  socket.on('message', (text) => console.log(String(text)))
  await once(socket, 'open')
  for await (const line of createInterface(process.stdin)) socket.send(line)
  await endpoint.close()
}

const [command, peer = '', name = 'somebody'] = process.argv.slice(2)
if (command === 'join') await visit(peer, name)
else await room(command)
