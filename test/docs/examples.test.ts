// The examples, run as their readers would: each is talked to, stopped, started again at another address, and goes on.

import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type Endpoint, parsePeer, type SojournStream, sojournConnection } from '../../src/index.ts'
import { endpointOn, nextOn } from '../support/endpoints.ts'
import { begin, runFolder, stop } from '../support/programs.ts'
import { ROOT } from '../support/tree.ts'

const example = (name: string): string => join(ROOT, 'dist', 'examples', `${name}.js`)

/** One who is in the room, and what was heard there. */
class Guest {
  readonly heard: string[] = []
  readonly socket: WebSocket

  constructor(endpoint: Endpoint, peer: string, name: string) {
    const createConnection = sojournConnection(endpoint, { peers: [peer] })
    this.socket = new WebSocket(`ws://[${parsePeer(peer).hit}]/${name}`, { createConnection })
    this.socket.on('message', (text) => this.heard.push(String(text)))
  }

  async hears(text: string): Promise<void> {
    while (!this.heard.includes(text)) await once(this.socket, 'message')
  }
}

test('examples/chat.ts moves with everybody in the room, and with the half of a frame', async () => {
  const cwd = runFolder()
  const first = await begin(example('chat'), '127.0.0.1', cwd)
  const endpoint = await endpointOn()
  const ann = new Guest(endpoint, first.printed, 'ann')
  await ann.hears('ann has come')
  const bob = new Guest(endpoint, first.printed, 'bob')
  await bob.hears('bob has come')
  ann.socket.send('hello')
  await bob.hears('ann: hello')
  // A text frame of five bytes, masked with zeros, of which the last two come after the move (RFC 6455 §5.2).
  const stream = endpoint.connect(first.printed, 80)
  stream.write('GET /eve HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n')
  stream.write(`Sec-WebSocket-Key: ${'A'.repeat(22)}==\r\nSec-WebSocket-Version: 13\r\n\r\n`)
  await bob.hears('eve has come')
  stream.write(Buffer.from([0x81, 0x85, 0, 0, 0, 0, ...Buffer.from('lat')]))
  bob.socket.send('still here')
  await ann.hears('bob: still here')

  await stop(first)
  ann.socket.send('anybody?')
  const second = await begin(example('chat'), '127.0.0.2', cwd)
  await bob.hears('ann: anybody?')
  stream.write('er')
  await ann.hears('eve: later')
  expect(ann.heard.filter((text) => text === 'bob: still here')).toHaveLength(1)
  expect([...endpoint.associations()].map(({ baseExchanges }) => baseExchanges)).toEqual([1])
  second.child.kill('SIGKILL')
})

test('examples/game.ts moves with its players where they stand', async () => {
  const cwd = runFolder()
  const first = await begin(example('game'), '127.0.0.1', cwd)
  const endpoint = await endpointOn()
  const { peer } = await endpoint.associate(first.printed)
  const socket = await endpoint.datagrams()
  const scene = async (x: number): Promise<{ tick: number }> => {
    for (;;) {
      const { tick, players } = JSON.parse(String((await nextOn(socket)).bytes))
      if (players.length === 1 && players[0].hit === endpoint.hit && players[0].x === x) return { tick }
    }
  }
  socket.send('east', 7, peer)
  socket.send('east', 7, peer)
  const before = await scene(2)
  await stop(first)
  const second = await begin(example('game'), '127.0.0.2', cwd)
  const at = await scene(2)
  expect(at.tick).toBeGreaterThan(before.tick)
  expect(at.tick).toBeLessThan(before.tick + 200)
  socket.send('west', 7, peer)
  await scene(1)
  second.child.kill('SIGKILL')
})

describe('examples/agent.ts', () => {
  /** Lines as they come. */
  async function* lines(stream: SojournStream): AsyncGenerator<string, undefined> {
    let rest = ''
    for await (const bytes of stream) {
      const [...whole] = (rest + String(bytes)).split('\n')
      rest = whole.pop() ?? ''
      yield* whole
    }
    return undefined
  }

  test('moves in the middle of its work, and of a line', async () => {
    const cwd = runFolder()
    const first = await begin(example('agent'), '127.0.0.1', cwd)
    const endpoint = await endpointOn()
    const stream = endpoint.connect(first.printed, 7)
    const heard = lines(stream)
    stream.write('note keys name processes\nwork 12\nnote addresses do')
    for (let step = 1; step <= 3; step++) expect((await heard.next()).value).toBe(`step ${step} of 12`)
    await stop(first)
    const second = await begin(example('agent'), '127.0.0.2', cwd)
    stream.write(' not\nnotes\n')
    const rest: (string | undefined)[] = []
    const notes = '2 notes: keys name processes; addresses do not'
    while (!rest.includes('step 12 of 12') || !rest.includes(notes)) rest.push((await heard.next()).value)
    expect(rest.filter((line) => line?.startsWith('step'))).toEqual(
      Array.from({ length: 9 }, (_, index) => `step ${index + 4} of 12`),
    )
    second.child.kill('SIGKILL')
  })
})
