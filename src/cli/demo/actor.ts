// A child process of the demo: one role, one endpoint, and nothing but messages from the parent to go by. After a freeze it
// exits; what it was lives on in the capsule.

import { Command } from 'commander'
import type { Ledger } from '../../ledger/interface.ts'
import { Endpoint } from '../../node/endpoint.ts'
import { messageOf } from '../../node/errors.ts'
import { Host } from '../../node/host.ts'
import { thaw } from '../../node/thaw.ts'
import {
  type Begin,
  type FromChild,
  type FromParent,
  type News,
  type Request,
  ROLES,
  type Role,
  type Standing,
} from './messages.ts'
import { beginPart, type Part, resumePart } from './part.ts'

/** The hidden commands that the parent starts; the argument is the shared ledger folder. */
export function actorCommands(): readonly Command[] {
  return ROLES.map((role) =>
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
  #part: Part | undefined
  #tell = (news: News): void => void send(news)

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
        return this.#playing().finish()
    }
  }

  async #begin(request: Begin): Promise<Standing> {
    const endpoint = await Endpoint.open({ host: this.#host, ledger: this.#ledger, bind: request.bind })
    return this.#play(endpoint, await beginPart(this.#role, endpoint, request, (news) => this.#tell(news)))
  }

  #freeze(to: Uint8Array): Promise<Uint8Array> {
    return this.#playing().freeze(to)
  }

  async #thaw({ capsule, bind }: Extract<Request, { type: 'thaw' }>): Promise<Standing> {
    const thawed = await thaw(capsule, { host: this.#host, ledger: this.#ledger, bind })
    return this.#play(
      thawed.endpoint,
      resumePart(this.#role, thawed, (news) => this.#tell(news)),
    )
  }

  #play(endpoint: Endpoint, part: Part): Standing {
    this.#endpoint = endpoint
    this.#part = part
    const { hit, locator, peer, epoch } = endpoint
    return { hit, locator, peer, epoch }
  }

  #leave(): void {
    // How the others leave is no news any more.
    this.#tell = () => undefined
    void this.#endpoint?.close().then(() => {
      process.disconnect()
      this.#end()
    })
  }

  #playing(): Part {
    if (this.#part === undefined) throw new Error('nothing runs here yet')
    return this.#part
  }
}

function send(message: FromChild): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) throw new Error('this command is started by sojourn demo')
    process.send(message, undefined, undefined, () => resolve())
  })
}
