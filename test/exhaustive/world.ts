// X and C with a network between them that delivers in any order, loses and repeats. One object is one schedule: what happens
// is chosen from outside, one action at a time, and the same actions always lead to the same bytes.

import type { Locator } from '../../src/base/address.ts'
import type { MachineEvent } from '../../src/core/machine.ts'
import { locatorOf, otherSide, type Sealed, SIDES, type Side, sideAt } from './cast.ts'
import { textOf } from './crypto-cache.ts'
import { End } from './end.ts'
import { FormerHost, isAttack } from './former-host.ts'
import { Safety } from './safety.ts'

/** What a side can be told to do, as `X.freeze`; an attack is `F.` and its name. */
export type Command = string

export interface Scenario {
  readonly name: string
  /** Each thread is done in order; threads interleave freely, and nothing has to be done. */
  readonly threads: readonly (readonly Command[])[]
  /**
   * How many packets may be delivered twice, and how often a timer may fire while packets are out. Losses need no bound: what
   * is lost is what is never delivered, and every state is also judged as if all that is in flight were lost.
   */
  readonly copies: number
  readonly timers: number
  /** Every start of an identity is at the same address; else each is at a new one, and packets to the old one are forwarded. */
  readonly inPlace?: boolean
  /** Nobody forwards what comes to the address of an older start. */
  readonly unforwarded?: boolean
  /** Crashes and CLOSE: an association may end. `early`: only after an attack that came before the new start was bound. */
  readonly mayReset?: boolean | 'early'
}

/** One datagram on its way. */
export interface Flying {
  readonly id: number
  readonly bytes: Uint8Array
  readonly from: Locator
  readonly to: Locator
  /** Who sent it; F is the former host of X. */
  readonly by: Side | 'F'
  readonly epoch: number
  readonly sealed: Sealed | undefined
}

/** What can happen next, as text: a command, or `deliver 3`, `copy 3` (delivered, and still there), `timer X`. */
export type Action = string

export class World {
  readonly scenario: Scenario
  readonly ends: Readonly<Record<Side, End>>
  readonly former: FormerHost
  readonly safety: Safety
  flying: Flying[] = []
  now = 0
  /** How far each thread is. */
  readonly done: number[]
  copies: number
  timers: number
  /** A freeze ran out of patience while an S was unconfirmed: then a reset is lawful (MOVING §3). */
  impatient = false
  #ids = 0
  readonly #sealed = new Map<Uint8Array, Sealed>()

  constructor(scenario: Scenario) {
    this.scenario = scenario
    this.done = scenario.threads.map(() => 0)
    ;({ copies: this.copies, timers: this.timers } = scenario)
    this.safety = new Safety(this)
    const spy = (packet: Uint8Array, sealed: Sealed): void => {
      this.#sealed.set(packet, sealed)
      this.safety.onSealed(sealed)
    }
    this.former = new FormerHost(this)
    this.ends = { X: new End('X', spy), C: new End('C', spy) }
    this.#warmUp()
  }

  /** Everything that can happen now. */
  actions(): Action[] {
    const actions: Action[] = []
    this.scenario.threads.forEach((thread, index) => {
      const command = thread[this.done[index] ?? 0]
      if (command !== undefined && this.#enabled(command)) actions.push(`${command}#${index}`)
    })
    const seen = new Set<string>()
    for (const packet of this.flying) {
      if (!this.reaches(packet)) continue
      const text = `${packet.from.address} ${packet.to.address} ${textOf(packet.bytes)}`
      if (seen.has(text)) continue
      seen.add(text)
      actions.push(`deliver ${packet.id}`)
      if (this.copies > 0) actions.push(`copy ${packet.id}`)
    }
    if (this.timers > 0)
      for (const side of SIDES) {
        const { listens, engine } = this.ends[side]
        if (listens && engine.deadline < this.now + SOON_MS) actions.push(`timer ${side}`)
      }
    return actions
  }

  do(action: Action): void {
    const [verb = '', what = ''] = action.split(' ')
    if (verb === 'timer') {
      this.timers -= 1
      this.fire(what === 'X' ? 'X' : 'C')
    } else if (verb === 'deliver' || verb === 'copy') this.#handle(verb, Number(what))
    else {
      const [command = '', thread = '0'] = action.split('#')
      this.done[Number(thread)] = (this.done[Number(thread)] ?? 0) + 1
      this.#command(command)
    }
    this.safety.check()
  }

  /** Which end an action concerns, and nothing else; undefined if it may concern both. */
  concerns(action: Action): Side | undefined {
    const [verb, id] = action.split(' ')
    if (verb === 'timer' || isAttack(action) || action.includes('.learn')) return undefined
    if (verb !== 'deliver' && verb !== 'copy') return action.startsWith('X') ? 'X' : 'C'
    const packet = this.find(Number(id))
    return packet && sideAt(packet.to)
  }

  /** Advances to the next deadline of that side and runs it; the other side may be late for its own. */
  fire(side: Side): void {
    const { engine } = this.ends[side]
    this.now = Math.max(this.now, engine.deadline)
    engine.expire(this.now)
    this.#pump(side)
  }

  /** Whether a packet would reach an engine if it were delivered now. */
  reaches(packet: Flying): boolean {
    const side = sideAt(packet.to)
    if (side === undefined) return false
    const end = this.ends[side]
    return end.listens && (this.scenario.unforwarded !== true || end.locator.address === packet.to.address)
  }

  deliver(packet: Flying): void {
    this.flying = this.flying.filter((other) => other !== packet)
    const side = sideAt(packet.to)
    if (side === undefined) return
    this.safety.beforeDelivery(packet)
    if (packet.by === 'F') this.former.beforeDelivery(this.ends[side])
    this.ends[side].engine.receive(this.now, packet.bytes, packet.from)
    this.#pump(side)
    this.safety.afterDelivery()
  }

  /** Completes what would be completed in the end: what is frozen thaws, what has crashed is started again. */
  complete(): void {
    this.former.stop()
    for (const side of SIDES) {
      if (this.ends[side].status === 'frozen') this.#command(`${side}.thaw`)
      if (this.ends[side].status === 'down') this.#command(`${side}.restart`)
    }
  }

  /** Sends one datagram; returns its label. */
  send(side: Side): string {
    const label = this.ends[side].send(this.now)
    this.#pump(side)
    return label
  }

  inject(bytes: Uint8Array, from: Locator, to: Locator, sealed?: Sealed): void {
    this.#fly({ bytes, from, to, by: 'F', epoch: 1, sealed })
  }

  find(id: number): Flying | undefined {
    return this.flying.find((packet) => packet.id === id)
  }

  #handle(verb: 'deliver' | 'copy', id: number): void {
    const packet = this.find(id)
    if (packet === undefined) throw new Error(`there is no packet ${id}`)
    this.deliver(packet)
    if (verb === 'deliver') return
    this.copies -= 1
    this.flying = [...this.flying, packet].sort((a, b) => a.id - b.id)
  }

  #enabled(command: Command): boolean {
    if (isAttack(command)) return this.former.can(command)
    const [name, verb] = command.split('.')
    const end = this.ends[name === 'X' ? 'X' : 'C']
    switch (verb) {
      case 'freeze':
        return end.status === 'running' && end.session !== undefined
      case 'thaw':
      case 'unfreeze':
      case 'claim':
        return end.status === 'frozen'
      case 'restart':
        return end.status === 'down'
      case 'crash':
        return end.status !== 'down'
      default:
        return end.status === 'running' && end.session !== undefined
    }
  }

  #command(command: Command): void {
    if (isAttack(command)) return this.former.attack(command)
    const [name, verb] = command.split('.')
    const side = name === 'X' ? 'X' : 'C'
    const end = this.ends[side]
    const { now } = this
    const peer = this.ends[otherSide(side)]
    if (verb === 'send') end.send(now)
    else if (verb === 'freeze') end.freeze(now)
    else if (verb === 'thaw') end.thaw(now, this.scenario.inPlace === true ? 1 : end.claimed + 1)
    else if (verb === 'unfreeze') end.unfreeze(now)
    else if (verb === 'claim') end.claimed += 1
    else if (verb === 'crash') end.crash()
    else if (verb === 'restart') end.restart(now)
    else if (verb === 'rekey') end.engine.rekey(now, peer.engine.hit)
    else if (verb === 'close') end.engine.close(now, peer.engine.hit)
    else if (verb === 'readdress') {
      end.locator = locatorOf(side, 9)
      end.engine.readdress(now, [end.locator])
    } else if (verb === 'learn') {
      const whereabouts = peer.engine.whereabouts(1)
      if (whereabouts !== undefined) end.engine.learn(now, peer.engine.hit, whereabouts)
    } else throw new Error(`there is no command ${command}`)
    if (end.status !== 'down') this.#pump(side)
  }

  #pump(side: Side): void {
    const end = this.ends[side]
    const { engine } = end
    for (let sent = engine.transmit(this.now); sent !== undefined; sent = engine.transmit(this.now)) {
      const sealed = this.#sealed.get(sent.bytes)
      this.#fly({ bytes: sent.bytes, from: end.locator, to: sent.to, by: side, epoch: end.epoch, sealed })
    }
    for (let event = engine.event(); event !== undefined; event = engine.event()) this.#onEvent(end, event)
  }

  #onEvent(end: End, event: MachineEvent): void {
    if (event.type === 'frozen') {
      const name = end.session?.ratchet.name
      this.impatient ||= name === 'answered' || name === 'crossed' || name === 'committed'
      end.onFrozen()
    }
    this.safety.onEvent(end, event)
  }

  #fly(packet: Omit<Flying, 'id'>): void {
    if (this.former.takes(packet) || sideAt(packet.to) === undefined) return
    this.#ids += 1
    const flying = { id: this.#ids, ...packet }
    this.flying.push(flying)
    this.former.hear(flying)
  }

  /** One datagram each way, and every timer that follows from it, until only keepalives are left. */
  #warmUp(): void {
    for (const side of SIDES) this.ends[side].begin(0)
    for (const side of SIDES) this.send(side)
    for (;;) {
      const packet = this.flying[0]
      if (packet !== undefined) this.deliver(packet)
      else {
        const side = this.ends.X.engine.deadline <= this.ends.C.engine.deadline ? 'X' : 'C'
        if (this.ends[side].engine.deadline > SOON_MS) return
        this.fire(side)
      }
    }
  }
}

/** Timers later than that are keepalives, rekeys by age and the end of parking: they fire only in the liveness check. */
const SOON_MS = 11_000
