// Questions over datagrams. One that is sent while its addressee moves may be lost, as UDP's are, so it is asked again.

import { once } from 'node:events'
import type { DatagramSocket } from '../../src/node/datagram-socket.ts'

const AGAIN_MS = 250

/** Asks until there is an answer to this very question, which `fits` recognises by its text, and returns that. */
export async function ask(
  socket: DatagramSocket,
  peer: string,
  port: number,
  question: string,
  fits: (answer: string) => boolean = (answer) => answer === question,
): Promise<string> {
  for (;;) {
    socket.send(question, port, peer)
    const answer = await nextWithin(socket, AGAIN_MS)
    if (answer !== undefined && fits(answer)) return answer
  }
}

async function nextWithin(socket: DatagramSocket, ms: number): Promise<string | undefined> {
  try {
    const [bytes] = await once(socket, 'message', { signal: AbortSignal.timeout(ms) })
    return String(bytes)
  } catch {
    return undefined
  }
}
