// Server and client of mutual TLS 1.3 over TCP, beside which bench/handshakes is read: Ed25519 certificates on both sides, X25519,
// no resumption.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import { answer } from '../support.ts'

interface Credentials {
  readonly key: string
  readonly cert: string
}

answer({
  open: async ({ key, cert }: Credentials) => {
    const server = createServer({
      key,
      cert,
      ca: [cert],
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
    })
    server.on('secureConnection', (socket) => {
      socket.on('error', () => undefined)
      // What tells the client that its certificate was taken: in TLS 1.3 its own side is done before that.
      socket.end('.')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    return { port }
  },
  run: async ({
    port,
    count,
    atOnce,
    key,
    cert,
  }: Credentials & { readonly port: number; readonly count: number; readonly atOnce: number }) => {
    let left = count
    const one = async (): Promise<void> => {
      const socket = connect({ host: '127.0.0.1', port, key, cert, ca: [cert], checkServerIdentity: () => undefined })
      socket.setNoDelay()
      await once(socket, 'data')
      socket.destroy()
    }
    const runner = async (): Promise<void> => {
      while (left-- > 0) await one()
    }
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: atOnce }, runner))
    return { ms: performance.now() - startedAt }
  },
})
