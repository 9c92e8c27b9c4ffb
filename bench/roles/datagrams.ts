// One side of one variant of bench/datagrams: sends 1200-byte datagrams with WINDOW outstanding, or receives them and says
// after every ACK_EVERY how many have come.

import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { nodeAead } from '../../src/crypto/aead.ts'
import { Endpoint, type Hit, parseLocator } from '../../src/index.ts'
import { answer } from '../support.ts'

const SIZE = 1200
const WINDOW = 64
const ACK_EVERY = 8
const STALL_MS = 100

/** What a variant has to do: get bytes to the other side, and hear of those that come. */
interface Pipe {
  readonly address: string
  send(bytes: Uint8Array): void
  onMessage: (bytes: Uint8Array) => void
}

const [variant = '', side = ''] = process.argv.slice(2)
let pipe: Pipe | undefined

answer({
  open: async ({ address }: { readonly address?: string }) => {
    pipe =
      variant === 'dgram'
        ? await plain(address)
        : variant.startsWith('ceiling')
          ? await sealed(address)
          : await sojourn(address)
    if (side === 'receiver') receive(pipe)
    return { address: pipe.address }
  },
  run: ({ ms }: { readonly ms: number }) => run(pipe, ms),
})

function receive(from: Pipe): void {
  let count = 0
  const reply = new Uint8Array(8)
  const view = new DataView(reply.buffer)
  from.onMessage = () => {
    count += 1
    if (count % ACK_EVERY !== 0) return
    view.setFloat64(0, count)
    from.send(reply)
  }
}

function run(to: Pipe | undefined, ms: number): Promise<{ packets: number; ms: number }> {
  if (to === undefined) throw new Error('open comes first')
  return new Promise((resolve) => {
    const payload = randomBytes(SIZE)
    const startedAt = performance.now()
    let acknowledged = 0
    let outstanding = 0
    let heardAt = startedAt
    const fill = (): void => {
      for (; outstanding < WINDOW; outstanding++) to.send(payload)
    }
    to.onMessage = () => {
      acknowledged += ACK_EVERY
      outstanding -= ACK_EVERY
      heardAt = performance.now()
      if (heardAt - startedAt < ms) return fill()
      clearInterval(watch)
      to.onMessage = () => undefined
      setTimeout(() => resolve({ packets: acknowledged, ms: heardAt - startedAt }), 20)
    }
    // A lost datagram would hold the window for ever.
    const watch = setInterval(() => {
      if (performance.now() - heardAt < STALL_MS) return
      outstanding = 0
      fill()
    }, STALL_MS)
    fill()
  })
}

function bound(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 })
  return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(socket)))
}

/** Plain dgram: the receiver learns the other side from its first datagram. */
async function plain(address: string | undefined): Promise<Pipe> {
  const socket = await bound()
  let remote = address === undefined ? undefined : parseLocator(address)
  const made: Pipe = {
    address: `127.0.0.1:${socket.address().port}`,
    send: (bytes) => {
      if (remote !== undefined) socket.send(bytes, remote.port, remote.address)
    },
    onMessage: () => undefined,
  }
  socket.on('message', (bytes, from) => {
    remote ??= { address: from.address, port: from.port }
    made.onMessage(bytes)
  })
  return made
}

/** The bare loop: number, seal, send; receive, open. No window, no demultiplexing, no inner header. */
async function sealed(address: string | undefined): Promise<Pipe> {
  const keys = { encryption: new Uint8Array(20).fill(7), authentication: new Uint8Array(0) }
  const sealer = nodeAead.sealer(13, keys, (length) => randomBytes(length))
  const opener = nodeAead.opener(13, keys)
  const under = await plain(address)
  let sequence = 0
  const made: Pipe = {
    address: under.address,
    send: (bytes) => {
      const packet = new Uint8Array(16 + bytes.length + 4 + 16)
      packet.set(bytes, 16)
      sequence += 1
      new DataView(packet.buffer).setUint32(4, sequence)
      sealer.seal(packet, sequence)
      under.send(packet)
    },
    onMessage: () => undefined,
  }
  under.onMessage = (packet) => {
    const opened = opener.open(packet, new DataView(packet.buffer, packet.byteOffset).getUint32(4))
    if (opened !== undefined) made.onMessage(opened)
  }
  return made
}

async function sojourn(address: string | undefined): Promise<Pipe> {
  const endpoint = await Endpoint.open({ bind: { address: '127.0.0.1' } })
  const socket = await endpoint.datagrams(7)
  let hit: Hit | undefined
  if (address !== undefined) hit = (await endpoint.associate(address)).peer
  const made: Pipe = {
    address: endpoint.peer,
    send: (bytes) => {
      if (hit !== undefined) socket.send(bytes, 7, hit)
    },
    onMessage: () => undefined,
  }
  socket.on('message', (bytes, from) => {
    hit ??= from.hit
    made.onMessage(bytes)
  })
  return made
}
