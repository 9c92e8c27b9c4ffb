// The web server: plain HTTP on a port of its identity. What it has to remember of its responses is packed by `resumable`.

import type { Endpoint } from '../../node/endpoint.ts'
import { type ResumableServer, resumable } from '../../node/resumable.ts'
import type { Thawed } from '../../node/thaw.ts'
import { openContent } from './content.ts'
import type { Part } from './part.ts'

/** The port it listens on, inside the association. */
export const WEB_PORT = 80

/** Serves until it is frozen or closed. */
export class WebServer implements Part {
  readonly #server: ResumableServer

  private constructor(on: Endpoint | Thawed) {
    this.#server = resumable(on, WEB_PORT, { open: openContent })
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
