// node:net, and node:tls with a certificate on either side: TLS 1.3, no resumption.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls'
import type { Contender, ContenderOptions } from './contender.ts'
import { pipeOf, serve } from './pipe.ts'
import { streamLine } from './stream-line.ts'

const BACKLOG = 4_096

export async function listening(server: Server, host: string): Promise<string> {
  server.listen(0, host, BACKLOG)
  await once(server, 'listening')
  return `${host} ${(server.address() as AddressInfo).port}`
}

export function addressOf(address: string): { readonly host: string; readonly port: number } {
  const [host = '', port = ''] = address.split(' ')
  return { host, port: Number(port) }
}

function served(socket: Socket): void {
  socket.setNoDelay()
  serve(pipeOf(socket))
}

export const net: Contender = {
  listen: ({ host }) => listening(createServer(served), host),
  client: async () => ({
    line: (address) =>
      streamLine(async () => {
        const socket = connect({ ...addressOf(address), noDelay: true })
        await once(socket, 'connect')
        return pipeOf(socket)
      }),
    close: async () => undefined,
  }),
}

function keys({ credentials }: ContenderOptions) {
  if (credentials === undefined) throw new Error('there is no openssl to make a certificate')
  return { ...credentials, ca: credentials.cert }
}

export const mutualTls: Contender = {
  listen: (options) => {
    const server = createTlsServer({
      ...keys(options),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
    })
    server.on('secureConnection', served)
    server.on('tlsClientError', () => undefined)
    return listening(server, options.host)
  },
  client: async (options) => ({
    line: (address) =>
      streamLine(async () => {
        const to = { ...keys(options), ...addressOf(address), checkServerIdentity: () => undefined }
        const socket = tlsConnect(to)
        socket.setNoDelay()
        await once(socket, 'secureConnect')
        return pipeOf(socket)
      }),
    close: async () => undefined,
  }),
}
