// A room of a game on datagrams: players say which way they go, everybody is told twenty times a second who is where. Run it compiled:
//   node dist/examples/game.js [ADDRESS]
// Ctrl-C freezes it; the same again goes on, at another address if you like. Positions and the number of the tick are declared; the
// timer is not, so it is made anew. A datagram on its way may be lost, as always: the next tick says it all again.

import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Endpoint, Host, thaw } from '../src/index.ts'

const CAPSULE = 'game.capsule'
const PORT = 7
const TICK_MS = 50
/** A player who is not heard for so many ticks has left. */
const PATIENCE = 100

interface Player {
  readonly hit: string
  readonly port: number
  x: number
  y: number
  heard: number
}

const host = await Host.open()
const place = { host, ledger: host.ledger(), bind: { address: process.argv[2] ?? '127.0.0.1' } }
const thawed = existsSync(CAPSULE) ? await thaw(readFileSync(CAPSULE), place) : undefined
if (thawed !== undefined) rmSync(CAPSULE)
const endpoint = thawed?.endpoint ?? (await Endpoint.open(place))
const socket = thawed?.sockets.get(PORT) ?? (await endpoint.datagrams(PORT))

interface Room {
  tick: number
  players: Player[]
}
const room: Room = thawed === undefined ? { tick: 0, players: [] } : JSON.parse(String(Buffer.from(thawed.state)))

socket.on('message', (bytes, { hit, port }) => {
  const player = room.players.find((known) => known.hit === hit) ?? { hit, port, x: 0, y: 0, heard: 0 }
  if (!room.players.includes(player)) room.players.push(player)
  player.heard = room.tick
  const way = String(bytes)
  if (way === 'east') player.x++
  if (way === 'west') player.x--
  if (way === 'north') player.y++
  if (way === 'south') player.y--
})

const timer = setInterval(() => {
  room.tick++
  room.players = room.players.filter(({ heard }) => room.tick - heard <= PATIENCE)
  const players = room.players.map(({ hit, x, y }) => ({ hit, x, y }))
  const scene = JSON.stringify({ tick: room.tick, players })
  for (const { hit, port } of room.players) socket.send(scene, port, hit)
}, TICK_MS)

const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
console.log(`${endpoint.peer}, tick ${room.tick}, ${room.players.length} players`)
await stopped
clearInterval(timer)
const state = (): Uint8Array => Buffer.from(JSON.stringify(room))
writeFileSync(CAPSULE, await endpoint.freeze({ to: host.kem, state }), { mode: 0o600 })
