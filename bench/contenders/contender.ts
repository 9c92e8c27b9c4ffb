// Who can be measured: each gives a side that is talked to, and one that talks.

import type { Credentials } from '../certificate.ts'

export interface ContenderOptions {
  /** The address to listen at, and to talk from. */
  readonly host: string
  readonly credentials?: Credentials | undefined
  /** No UDP payload may be longer, for those who can be told. */
  readonly packetBytesMax?: number | undefined
}

/** One connection, or what comes next to it. */
export interface Line {
  /** Delivers so many bytes, or a few more, and says how many. */
  fill(bytes: number): Promise<number>
  /** There and back. */
  ping(bytes: Uint8Array): Promise<void>
  close(): void
}

/** Somebody with an identity of their own, who can connect. */
export interface Client {
  line(address: string): Promise<Line>
  close(): Promise<void>
}

export interface Contender {
  /** Serves whoever comes; the address is for `line`. */
  listen(options: ContenderOptions): Promise<string>
  client(options: ContenderOptions): Promise<Client>
  /** True of those who have one connection to a peer at most: every new one takes another client. */
  readonly once?: boolean
}

/** By the name that the figures have; undefined if there is none of that name. Loads nothing that is not asked for. */
export async function contender(name: string): Promise<Contender | undefined> {
  switch (name) {
    case 'sojourn':
      return (await import('./sojourn.ts')).sojourn
    case 'sealed loop':
      return (await import('./datagrams.ts')).sealedLoop
    case 'node:dgram':
      return (await import('./datagrams.ts')).plainDatagrams
    case 'node:net':
      return (await import('./tcp.ts')).net
    case 'node:tls, mutual':
      return (await import('./tcp.ts')).mutualTls
    case 'tcp + secret-stream':
      return (await import('./secret-stream.ts')).overTcp
    case 'udx + secret-stream':
      return (await import('./secret-stream.ts')).overUdx
    case 'hyperdht':
      return (await import('./hyperdht.ts')).hyperdht
    case 'libp2p':
      return (await import('./libp2p.ts')).libp2p
    default:
      return undefined
  }
}
