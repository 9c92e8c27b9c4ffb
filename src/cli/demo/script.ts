// What happens in the demo (DESIGN §10): a service moves three times between two addresses while its peer talks to it, and then
// both move at the same moment. Every stay is an operating system process of its own, which is gone before the next one
// begins; all that passes between them is a capsule, through this process, which holds no socket at all.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatLocator } from '../../base/address.ts'
import { messageOf } from '../../node/errors.ts'
import { pause } from '../kindly.ts'
import { roundMs } from '../output.ts'
import { type Addresses, loopbackAddresses } from './addresses.ts'
import { Child } from './child.ts'
import type { Counts, News, PeerCounts, Role, Standing } from './messages.ts'
import type { DemoSummary, MoveReport } from './summary.ts'
import type { Timeline } from './timeline.ts'
import { udpSocketsOf } from './udp-sockets.ts'

/** How long the two talk between moves. */
const TALK_MS = 1_200
/** A peer that hears nothing for so long after a move has lost the service. */
const BACK_MS = 6_000

/** Plays it all and returns the summary. Leaves no process and no file behind. */
export async function playDemo(timeline: Timeline, stop: AbortSignal): Promise<DemoSummary> {
  const folder = await mkdtemp(join(tmpdir(), 'sojourn-demo-'))
  const stage = new Stage(folder, await loopbackAddresses(), timeline, stop)
  try {
    await stage.play()
  } catch (error) {
    stage.trouble(messageOf(error))
  } finally {
    stage.clear()
    await rm(folder, { recursive: true, force: true })
  }
  return stage.summary()
}

/** A process and where it stays. */
interface Stay {
  readonly child: Child
  readonly standing: Standing
}

type Back = Extract<News, { type: 'back' }>

class Stage {
  readonly #folder: string
  readonly #addresses: Addresses
  readonly #timeline: Timeline
  readonly #stop: AbortSignal
  readonly #children: Child[] = []
  readonly #moves: MoveReport[] = []
  readonly #troubles: string[] = []
  #counts: PeerCounts | undefined
  #duplicatedAtService = 0
  #hit = ''
  #socketsCounted = true
  #serial = 0
  #onBack: (back: Back) => void = () => undefined

  constructor(folder: string, addresses: Addresses, timeline: Timeline, stop: AbortSignal) {
    this.#folder = folder
    this.#addresses = addresses
    this.#timeline = timeline
    this.#stop = stop
  }

  async play(): Promise<void> {
    const { first, second, peer: home, aliases } = this.#addresses
    if (!aliases) this.#timeline.event('no 127.0.0.2 here: one address, three ports', { event: 'no-aliases' })
    const [serviceChild, peerChild] = await Promise.all([this.#start('service'), this.#start('peer')])
    let service = await this.#begin(serviceChild, first, undefined)
    let peer = await this.#begin(peerChild, home, service.standing.peer)
    this.#hit = service.standing.hit
    for (const [index, address] of [second, first, second].entries()) {
      await this.#talk(service, peer)
      service = await this.#move(`move ${index + 1}`, service, address, peer)
    }
    await this.#talk(service, peer)
    ;[service, peer] = await this.#moveBoth(service, first, peer, home)
    await this.#talk(service, peer)
    this.#counts = await peer.child.ask<PeerCounts>({ type: 'finish' })
    const { duplicated } = await service.child.ask<Counts>({ type: 'finish' })
    this.#duplicatedAtService = duplicated
  }

  trouble(text: string): void {
    this.#troubles.push(text)
    this.#timeline.event(text, { event: 'trouble', text })
  }

  /** Ends every process that is left. */
  clear(): void {
    for (const child of this.#children) child.kill()
  }

  summary(): DemoSummary {
    const counts = this.#counts
    const sent = counts?.sent ?? 0
    const answered = counts?.answered ?? 0
    const baseExchanges = counts?.baseExchanges ?? 0
    const duplicated = (counts?.duplicated ?? 0) + this.#duplicatedAtService
    return {
      ok: this.#troubles.length === 0 && baseExchanges === 1 && duplicated === 0,
      hit: this.#hit,
      moves: this.#moves,
      sent,
      answered,
      lost: sent - answered,
      duplicated,
      reordered: counts?.reordered ?? 0,
      baseExchanges,
      repeated: counts?.repeated ?? 0,
      aliases: this.#addresses.aliases,
      socketsCounted: this.#socketsCounted,
      troubles: this.#troubles,
    }
  }

  async #start(role: Role): Promise<Child> {
    const child = await Child.start(role, this.#folder, ++this.#serial, (news) => this.#heard(news))
    this.#children.push(child)
    return child
  }

  async #begin(child: Child, address: string, talkTo: string | undefined): Promise<Stay> {
    const standing = await child.ask<Standing>({ type: 'begin', bind: { address, port: 0 }, talkTo })
    const { hit, epoch } = standing
    const [locator, { role, pid }] = [formatLocator(standing.locator), child]
    this.#timeline.event(`${role} ${hit} starts at ${locator}, pid ${pid}`, {
      event: 'begin',
      who: role,
      pid,
      hit,
      locator,
      epoch,
    })
    return { child, standing }
  }

  async #talk(service: Stay, peer: Stay): Promise<void> {
    this.#timeline.scene(`${place(service)} ⇄ ${place(peer)}`)
    await pause(TALK_MS, this.#stop)
    if (this.#stop.aborted) throw new Error('stopped')
  }

  async #move(name: string, service: Stay, address: string, peer: Stay): Promise<Stay> {
    // The target is ready before the source stops: that is PREPARE.
    const target = await this.#start('service')
    const offer = await target.ask<Uint8Array>({ type: 'offer', hit: service.standing.hit })
    const back = this.#nextBack()
    const capsule = await this.#freeze(name, service, offer)
    await this.#countSockets(name, [service.child, target], [peer.child])
    const next = await this.#thaw(name, target, capsule, address)
    const { blackoutMs } = await back
    this.#report(name, service, next, blackoutMs)
    return next
  }

  async #moveBoth(service: Stay, serviceTo: string, peer: Stay, peerTo: string): Promise<[Stay, Stay]> {
    const name = 'both move'
    const targets = await Promise.all([this.#start('service'), this.#start('peer')])
    const offers = await Promise.all([
      targets[0].ask<Uint8Array>({ type: 'offer', hit: service.standing.hit }),
      targets[1].ask<Uint8Array>({ type: 'offer', hit: peer.standing.hit }),
    ])
    const back = this.#nextBack()
    const capsules = await Promise.all([this.#freeze(name, service, offers[0]), this.#freeze(name, peer, offers[1])])
    await this.#countSockets(name, [service.child, peer.child, ...targets], [])
    const next = await Promise.all([
      this.#thaw(name, targets[0], capsules[0], serviceTo),
      this.#thaw(name, targets[1], capsules[1], peerTo),
    ])
    const { blackoutMs } = await back
    this.#report(name, service, next[0], blackoutMs)
    this.#report(name, peer, next[1], blackoutMs)
    return next
  }

  /** Freezes a process and waits until it is gone. */
  async #freeze(name: string, { child, standing }: Stay, to: Uint8Array): Promise<Uint8Array> {
    const capsule = await child.ask<Uint8Array>({ type: 'freeze', to })
    await child.exited
    const { role, pid } = child
    const from = formatLocator(standing.locator)
    const text = `${name}: ${role} at ${from} frozen into ${capsule.length} bytes; pid ${pid} has exited`
    this.#timeline.event(text, { event: 'frozen', who: role, pid, from, bytes: capsule.length })
    return capsule
  }

  async #thaw(name: string, child: Child, capsule: Uint8Array, address: string): Promise<Stay> {
    const standing = await child.ask<Standing>({ type: 'thaw', capsule, bind: { address, port: 0 } })
    const { role, pid } = child
    const to = formatLocator(standing.locator)
    const { epoch } = standing
    const text = `${name}: ${role} goes on at ${to}, pid ${pid}, epoch ${epoch}`
    this.#timeline.event(text, { event: 'thawed', who: role, pid, to, epoch })
    return { child, standing }
  }

  /** No process keeps a UDP socket across a move, but those that stay. */
  async #countSockets(name: string, without: readonly Child[], staying: readonly Child[]): Promise<void> {
    const pids = [process.pid, ...without.map((child) => child.pid)]
    const counts = await Promise.all(pids.map(udpSocketsOf))
    const stayers = await Promise.all(staying.map((child) => udpSocketsOf(child.pid)))
    if ([...counts, ...stayers].includes(undefined)) {
      this.#socketsCounted = false
      return
    }
    for (const [index, count] of counts.entries()) {
      if (count !== 0) this.trouble(`${name}: pid ${pids[index]} keeps ${count} UDP sockets across the move`)
    }
    if (stayers.includes(0)) this.trouble(`${name}: the peer has lost its UDP socket`)
    const held = staying.length === 0 ? 'no process holds a UDP socket' : 'only the peer holds a UDP socket'
    this.#timeline.event(`${name}: ${held}`, {
      event: 'sockets',
      without: pids,
      staying: staying.map(({ pid }) => pid),
    })
  }

  #report(name: string, before: Stay, after: Stay, blackoutMs: number): void {
    const { role } = before.child
    const { epoch } = after.standing
    const report = { who: role, from: place(before), to: place(after), epoch, blackoutMs: roundMs(blackoutMs) }
    this.#moves.push(report)
    const text = `${name}: answers again after ${blackoutMs.toFixed(1)} ms`
    this.#timeline.event(text, { event: 'moved', ...report })
  }

  #nextBack(): Promise<Back> {
    const back = new Promise<Back>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer for ${BACK_MS} ms after a move`)), BACK_MS)
      this.#onBack = (news) => {
        clearTimeout(timer)
        this.#onBack = () => undefined
        resolve(news)
      }
    })
    // Another step may fail first; then nobody waits for this one.
    back.catch(() => undefined)
    return back
  }

  #heard(news: News): void {
    if (news.type === 'progress') this.#timeline.progress(news.sent, news.answered)
    else if (news.type === 'back') this.#onBack(news)
    else this.trouble(news.text)
  }
}

function place({ standing }: Stay): string {
  return formatLocator(standing.locator)
}
