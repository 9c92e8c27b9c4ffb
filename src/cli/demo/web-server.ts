// The web server: plain HTTP on a port of its identity. What it has to remember of its responses is packed by `resumable`. So that every
// stay has its part of a film, however slow the machine is, it does not get far beyond that part before it moves.

import type { Endpoint } from '../../node/endpoint.ts'
import { type Content, type ResumableServer, resumable } from '../../node/resumable.ts'
import type { Thawed } from '../../node/thaw.ts'
import { openContent } from './content.ts'
import type { Part } from './part.ts'

/** The port it listens on, inside the association. */
export const WEB_PORT = 80

/** In how many stays a film is served, and how much of it one serves beyond its part. */
export const FILM_STAYS = 3
const BEYOND = 0.04

/** Serves until it is frozen or closed. */
export class WebServer implements Part {
  readonly #server: ResumableServer

  private constructor(on: Endpoint | Thawed) {
    const { epoch } = 'endpoint' in on ? on.endpoint : on
    this.#server = resumable(on, WEB_PORT, { open: (path, offset) => braked(openContent(path, offset), offset, epoch) })
  }

  static begin(endpoint: Endpoint): WebServer {
    return new WebServer(endpoint)
  }

  static resume(thawed: Thawed): WebServer {
    return new WebServer(thawed)
  }

  freeze(to: Uint8Array): Promise<Uint8Array> {
    return this.#server.freeze({ to })
  }

  async finish(): Promise<void> {
    await this.#server.close()
  }
}

function braked(content: Content | undefined, offset: number, stay: number): Content | undefined {
  if (content === undefined || stay >= FILM_STAYS) return content
  return { ...content, body: upTo(content, offset, content.size * (stay / FILM_STAYS + BEYOND)) }
}

async function* upTo({ body }: Content, offset: number, end: number): AsyncIterable<Uint8Array> {
  let at = offset
  for await (const bytes of body) {
    // The rest is for the next stay.
    if (at >= end) await new Promise(() => undefined)
    yield bytes
    at += bytes.length
  }
}
