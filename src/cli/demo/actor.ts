// A child process of the demo: one role, one endpoint, and nothing but messages from the parent to go by. After a freeze it
// exits; what it was lives on in the capsule.

import { Command } from 'commander'
import type { Ledger } from '../../ledger/interface.ts'
import type { Association } from '../../node/association.ts'
import type { DatagramSocket } from '../../node/datagram-socket.ts'
import { Endpoint } from '../../node/endpoint.ts'
import { messageOf } from '../../node/errors.ts'
import { Host } from '../../node/host.ts'
import { parsePeer } from '../../node/peer.ts'
import { thaw } from '../../node/thaw.ts'
import type { FromChild, FromParent, News, Request, Role, Standing } from './messages.ts'
import { TalkingPeer } from './peer.ts'
import { SERVICE_PORT, Service } from './service.ts'

/** The hidden commands that the parent starts; the argument is the shared ledger folder. */
export function actorCommands(): readonly Command[] {
  return (['service', 'peer'] as const).map((role) =>
    new Command(`demo-${role}`)
      .argument('<ledger>')
      .description(`the ${role} of the demo; started by it`)
      .action((folder: string) => act(role, folder)),
  )
}

async function act(role: Role, folder: string): Promise<void> {
  const host = await Host.open()
  const actor = new Actor(role, host, host.ledger(folder))
  // A parent that is gone takes its children along.
  process.on('disconnect', () => process.exit(1))
  process.on('message', (message: FromParent) => void actor.handle(message))
  await send({ type: 'done', number: 0, result: undefined })
  await actor.over
}

class Actor {
  /** Settles when this process has nothing left to do. */
  readonly over: Promise<void>
  readonly #role: Role
  readonly #host: Host
  readonly #ledger: Ledger
  #end: () => void = () => undefined
  #endpoint: Endpoint | undefined
  #part: Service | TalkingPeer | undefined

  constructor(role: Role, host: Host, ledger: Ledger) {
    this.#role = role
    this.#host = host
    this.#ledger = ledger
    this.over = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  async handle({ number, ...request }: FromParent): Promise<void> {
    try {
      const result = await this.#obey(request)
      await send({ type: 'done', number, result })
      // Nothing is left of a frozen process: not even its process.
      if (request.type === 'freeze') process.exit(0)
      if (request.type === 'finish') this.#leave()
    } catch (error) {
      await send({ type: 'failed', number, message: messageOf(error) })
    }
  }

  #obey(request: Request): Promise<unknown> {
    switch (request.type) {
      case 'begin':
        return this.#begin(request)
      case 'offer':
        return this.#host.offer(request.hit)
      case 'freeze':
        return this.#freeze(request.to)
      case 'thaw':
        return this.#thaw(request)
      case 'finish':
        return this.#finish()
    }
  }

  async #begin({ bind, talkTo }: Extract<Request, { type: 'begin' }>): Promise<Standing> {
    const endpoint = await Endpoint.open({ host: this.#host, ledger: this.#ledger, bind })
    if (this.#role === 'service') {
      const socket = await endpoint.datagrams(SERVICE_PORT)
      return this.#play(endpoint, socket, undefined, undefined)
    }
    const association = await endpoint.associate(parsePeer(talkTo ?? ''))
    return this.#play(endpoint, await endpoint.datagrams(), association, undefined)
  }

  async #freeze(to: Uint8Array): Promise<Uint8Array> {
    const { endpoint, part } = this.#playing()
    return endpoint.freeze({ to, state: () => part.suitcase() })
  }

  async #thaw({ capsule, bind }: Extract<Request, { type: 'thaw' }>): Promise<Standing> {
    const { endpoint, sockets, state } = await thaw(capsule, { host: this.#host, ledger: this.#ledger, bind })
    const [socket] = sockets.values()
    const [association] = endpoint.associations()
    if (socket === undefined || association === undefined)
      throw new Error('the capsule holds no socket or no association')
    return this.#play(endpoint, socket, association, state)
  }

  #play(
    endpoint: Endpoint,
    socket: DatagramSocket,
    association: Association | undefined,
    suitcase: Uint8Array | undefined,
  ): Standing {
    this.#endpoint = endpoint
    if (this.#role === 'service') this.#part = new Service(socket, suitcase)
    else if (association !== undefined) {
      const peer = new TalkingPeer(socket, association, tell, suitcase)
      endpoint.on('association', (another) => peer.replaced(another))
      this.#part = peer
    }
    const { hit, locator, peer, epoch } = endpoint
    return { hit, locator, peer, epoch }
  }

  async #finish(): Promise<unknown> {
    const { part } = this.#playing()
    return part instanceof Service ? part.counts : part.finish()
  }

  #leave(): void {
    void this.#endpoint?.close().then(() => {
      process.disconnect()
      this.#end()
    })
  }

  #playing(): { readonly endpoint: Endpoint; readonly part: Service | TalkingPeer } {
    const endpoint = this.#endpoint
    const part = this.#part
    if (endpoint === undefined || part === undefined) throw new Error('nothing runs here yet')
    return { endpoint, part }
  }
}

function tell(news: News): void {
  void send(news)
}

function send(message: FromChild): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) throw new Error('this command is started by sojourn demo')
    process.send(message, undefined, undefined, () => resolve())
  })
}
