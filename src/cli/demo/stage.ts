// The stage of the demo: processes that begin, freeze, go on elsewhere and are gone, each move told and measured. Every stay is an
// operating system process of its own, which is gone before the next one begins; all that passes between them is a capsule,
// through this process, which holds no socket at all.

import { formatLocator } from '../../base/address.ts'
import { pause } from '../kindly.ts'
import { roundMs } from '../output.ts'
import type { Addresses } from './addresses.ts'
import { Child } from './child.ts'
import type { Begin, News, Role, Standing } from './messages.ts'
import type { MoveReport } from './summary.ts'
import type { Timeline } from './timeline.ts'
import { udpSocketsOf } from './udp-sockets.ts'

/** A process that hears nothing for so long after a move, or in a download, has lost the other one. */
const SILENCE_MS = 10_000

/** A process and where it stays. */
export interface Stay {
  readonly child: Child
  readonly standing: Standing
}

/** A process that is to go elsewhere: into `target`, which has offered to take it, at another address. */
export interface Move {
  readonly stay: Stay
  readonly target: Child
  readonly offer: Uint8Array
  readonly address: string
}

const NO_BYTES: Uint8Array = new Uint8Array(0)

type Heard<T extends News['type']> = Extract<News, { type: T }>

/** Where the acts are played. */
export class Stage {
  readonly addresses: Addresses
  readonly folder: string
  readonly timeline: Timeline
  readonly moves: MoveReport[] = []
  readonly troubles: string[] = []
  /** False once the system did not tell how many sockets a process has. */
  socketsCounted = true
  readonly #stop: AbortSignal
  readonly #children: Child[] = []
  readonly #waiting = new Set<(news: News) => void>()
  #serial = 0

  constructor(folder: string, addresses: Addresses, timeline: Timeline, stop: AbortSignal) {
    this.folder = folder
    this.addresses = addresses
    this.timeline = timeline
    this.#stop = stop
  }

  trouble(text: string): void {
    this.troubles.push(text)
    this.timeline.event(text, { event: 'trouble', text })
  }

  /** Ends every process that is left. */
  clear(): void {
    for (const child of this.#children) child.kill()
  }

  /** Lets time pass; throws when the demo is stopped. */
  async pass(ms: number): Promise<void> {
    await pause(ms, this.#stop)
    if (this.#stop.aborted) throw new Error('stopped')
  }

  /** A process that is ready for a role. */
  async start(role: Role): Promise<Child> {
    const child = await Child.start(role, this.folder, ++this.#serial, (news) => this.#heard(news))
    this.#children.push(child)
    return child
  }

  async begin(child: Child, address: string, more: Omit<Begin, 'type' | 'bind'> = {}): Promise<Stay> {
    const standing = await child.ask<Standing>({ type: 'begin', bind: { address, port: 0 }, ...more })
    const { hit, epoch } = standing
    const [locator, { role, pid }] = [formatLocator(standing.locator), child]
    const value = { event: 'begin', who: role, pid, hit, locator, epoch }
    this.timeline.event(`${role} ${hit} starts at ${locator}, pid ${pid}`, value)
    return { child, standing }
  }

  /** What the other one is heard to say next, if `fits`; rejects when nothing is heard for too long, or the demo is stopped. */
  next<T extends News['type']>(type: T, fits: (news: Heard<T>) => boolean = () => true): Promise<Heard<T>> {
    const heard = new Promise<Heard<T>>((resolve, reject) => {
      const over = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(listen)
        this.#stop.removeEventListener('abort', stopped)
      }
      const timer = setTimeout(() => {
        over()
        reject(new Error(`nothing was heard for ${SILENCE_MS} ms`))
      }, SILENCE_MS)
      const stopped = (): void => {
        over()
        reject(new Error('stopped'))
      }
      const listen = (news: News): void => {
        if (news.type !== type) return
        timer.refresh()
        if (!isOf(news, type) || !fits(news)) return
        over()
        resolve(news)
      }
      this.#stop.addEventListener('abort', stopped)
      this.#waiting.add(listen)
    })
    // Another step may fail first; then nobody waits for this one.
    heard.catch(() => undefined)
    return heard
  }

  /** Makes the way for a process into another one, which waits for it: that is PREPARE. */
  async prepare(stay: Stay, target: Child, address: string): Promise<Move> {
    const offer = await target.ask<Uint8Array>({ type: 'offer', hit: stay.standing.hit })
    return { stay, target, offer, address }
  }

  /** Moves some processes at the same moment, and returns where they are then. `staying` keep their sockets. */
  async move(name: string, moves: readonly Move[], staying: readonly Stay[]): Promise<readonly Stay[]> {
    const back = this.next('back')
    const capsules = await Promise.all(moves.map((move) => this.#freeze(name, move)))
    const without = moves.flatMap(({ stay, target }) => [stay.child, target])
    await this.#countSockets(name, without, staying)
    const after = await Promise.all(moves.map((move, index) => this.#thaw(name, move, capsules[index])))
    const { blackoutMs } = await back
    for (const [index, { stay, target }] of moves.entries()) {
      const { standing = stay.standing } = after[index] ?? {}
      this.#report(name, stay, { child: target, standing }, blackoutMs)
    }
    return after
  }

  /** Freezes a process and waits until it is gone. */
  async #freeze(name: string, { stay: { child, standing }, offer }: Move): Promise<Uint8Array> {
    const capsule = await child.ask<Uint8Array>({ type: 'freeze', to: offer })
    await child.exited
    const { role, pid } = child
    const from = formatLocator(standing.locator)
    const text = `${name}: ${role} at ${from} frozen into ${capsule.length} bytes; pid ${pid} has exited`
    this.timeline.event(text, { event: 'frozen', who: role, pid, from, bytes: capsule.length })
    return capsule
  }

  async #thaw(name: string, { target: child, address }: Move, capsule = NO_BYTES): Promise<Stay> {
    const standing = await child.ask<Standing>({ type: 'thaw', capsule, bind: { address, port: 0 } })
    const { role, pid } = child
    const to = formatLocator(standing.locator)
    const { epoch } = standing
    const text = `${name}: ${role} goes on at ${to}, pid ${pid}, epoch ${epoch}`
    this.timeline.event(text, { event: 'thawed', who: role, pid, to, epoch })
    return { child, standing }
  }

  /** No process keeps a UDP socket across a move, but those that stay. */
  async #countSockets(name: string, without: readonly Child[], staying: readonly Stay[]): Promise<void> {
    const pids = [process.pid, ...without.map((child) => child.pid)]
    const counts = await Promise.all(pids.map(udpSocketsOf))
    const stayers = await Promise.all(staying.map(({ child }) => udpSocketsOf(child.pid)))
    if ([...counts, ...stayers].includes(undefined)) {
      this.socketsCounted = false
      return
    }
    for (const [index, count] of counts.entries()) {
      if (count !== 0) this.trouble(`${name}: pid ${pids[index]} keeps ${count} UDP sockets across the move`)
    }
    const roles = staying.map(({ child }) => child.role).join(' and the ')
    if (stayers.includes(0)) this.trouble(`${name}: the ${roles} has lost its UDP socket`)
    const held = staying.length === 0 ? 'no process holds a UDP socket' : `only the ${roles} holds a UDP socket`
    this.timeline.event(`${name}: ${held}`, {
      event: 'sockets',
      without: pids,
      staying: staying.map(({ child }) => child.pid),
    })
  }

  #report(name: string, before: Stay, after: Stay, blackoutMs: number): void {
    const { role } = before.child
    const { epoch } = after.standing
    const report = { who: role, from: place(before), to: place(after), epoch, blackoutMs: roundMs(blackoutMs) }
    this.moves.push(report)
    const text = `${name}: answers again after ${blackoutMs.toFixed(1)} ms`
    this.timeline.event(text, { event: 'moved', ...report })
  }

  #heard(news: News): void {
    if (news.type === 'trouble') this.trouble(news.text)
    for (const listen of [...this.#waiting]) listen(news)
    this.onNews(news)
  }

  /** For the act that is being played: what it shows of the news. */
  onNews: (news: News) => void = () => undefined
}

/** Where a process is, for people. */
export function place({ standing }: Stay): string {
  return formatLocator(standing.locator)
}

function isOf<T extends News['type']>(news: News, type: T): news is Heard<T> {
  return news.type === type
}
