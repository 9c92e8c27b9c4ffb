// @hyperswarm/secret-stream (Noise XX, then XChaCha20-Poly1305) over TCP and over udx-native. Every connection has a fresh key.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Client, Contender } from './contender.ts'
import { type DuplexLike, type Pipe, pipeOf, serve } from './pipe.ts'
import { rival } from './rival.ts'
import { streamLine } from './stream-line.ts'
import { addressOf, listening } from './tcp.ts'

interface SecretStreams {
  readonly default: {
    new (initiator: boolean, raw: object, options?: { readonly keyPair: object }): DuplexLike
    keyPair(): object
  }
}

interface UdxSocket {
  bind(port: number, host: string): void
  address(): { readonly port: number }
  send(bytes: Uint8Array, port: number, host: string): Promise<boolean>
  on(event: 'message', listener: (bytes: Uint8Array, from: { host: string; port: number }) => void): unknown
  close(): Promise<void>
}

interface UdxStream extends DuplexLike {
  connect(socket: UdxSocket, remoteId: number, port: number, host: string): void
}

interface Udx {
  readonly default: new () => { createSocket(): UdxSocket; createStream(id: number): UdxStream }
}

async function secretStreams() {
  return ((await rival('@hyperswarm/secret-stream')) as SecretStreams).default
}

function clientOf(pipe: (address: string) => Promise<Pipe>, close: () => Promise<void>): Client {
  return { line: (address) => streamLine(() => pipe(address)), close }
}

export const overTcp: Contender = {
  listen: async ({ host }) => {
    const SecretStream = await secretStreams()
    const keyPair = SecretStream.keyPair()
    const server = createServer({ noDelay: true }, (raw) => serve(pipeOf(new SecretStream(false, raw, { keyPair }))))
    return listening(server, host)
  },
  client: async () => {
    const SecretStream = await secretStreams()
    const pipe = async (address: string): Promise<Pipe> => {
      const raw = connect({ ...addressOf(address), noDelay: true })
      await once(raw, 'connect')
      return pipeOf(new SecretStream(true, raw))
    }
    return clientOf(pipe, async () => undefined)
  },
}

// udx-native has no handshake of its own: a datagram says which stream wants one, and is answered with the stream that it got.

const HELLO_EVERY_MS = 250
const HELLO_TRIES = 20

function hello(id: number, answers: number): Uint8Array {
  const bytes = new Uint8Array(9)
  const view = new DataView(bytes.buffer)
  view.setUint32(1, id)
  view.setUint32(5, answers)
  return bytes
}

/** What a hello says; undefined of everything else. */
function said(bytes: Uint8Array): { readonly id: number; readonly answers: number } | undefined {
  if (bytes.length !== 9) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return { id: view.getUint32(1), answers: view.getUint32(5) }
}

export const overUdx: Contender = {
  listen: async ({ host }) => {
    const [SecretStream, { default: UDX }] = [await secretStreams(), (await rival('udx-native')) as Udx]
    const udx = new UDX()
    const socket = udx.createSocket()
    socket.bind(0, host)
    const keyPair = SecretStream.keyPair()
    const known = new Map<string, number>()
    socket.on('message', (bytes, from) => {
      const asked = said(bytes)
      if (asked === undefined) return
      const key = `${from.host} ${from.port} ${asked.id}`
      let id = known.get(key)
      if (id === undefined) {
        id = known.size + 1
        known.set(key, id)
        const raw = udx.createStream(id)
        raw.connect(socket, asked.id, from.port, from.host)
        serve(pipeOf(new SecretStream(false, raw, { keyPair })))
      }
      void socket.send(hello(id, asked.id), from.port, from.host)
    })
    return `${host} ${socket.address().port}`
  },
  client: async ({ host: own }) => {
    const [SecretStream, { default: UDX }] = [await secretStreams(), (await rival('udx-native')) as Udx]
    const udx = new UDX()
    const socket = udx.createSocket()
    socket.bind(0, own)
    const waiting = new Map<number, (id: number) => void>()
    socket.on('message', (bytes) => {
      const answer = said(bytes)
      if (answer === undefined) return
      waiting.get(answer.answers)?.(answer.id)
      waiting.delete(answer.answers)
    })
    let made = 0
    const pipe = async (address: string): Promise<Pipe> => {
      const { host, port } = addressOf(address)
      made += 1
      const id = made
      const raw = udx.createStream(id)
      const remote = await new Promise<number>((resolve, reject) => {
        let tries = 0
        const ask = (): void => {
          if (++tries > HELLO_TRIES) return reject(new Error('nobody answered'))
          void socket.send(hello(id, 0), port, host)
          timer = setTimeout(ask, HELLO_EVERY_MS)
        }
        let timer: NodeJS.Timeout | undefined
        waiting.set(id, (theirs) => {
          clearTimeout(timer)
          resolve(theirs)
        })
        ask()
      })
      raw.connect(socket, remote, port, host)
      return pipeOf(new SecretStream(true, raw))
    }
    return clientOf(pipe, () => socket.close())
  },
}
