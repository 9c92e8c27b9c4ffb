// What must never happen (MOVING §3, §5, §6), looked at after every action. A fault is thrown: the explorer adds the schedule.

import { equalBytes, toHex } from '../../src/base/bytes.ts'
import type { MachineEvent } from '../../src/core/machine.ts'
import { otherSide, type Sealed, SIDES, type Side, startAt } from './cast.ts'
import type { End } from './end.ts'
import type { Flying, World } from './world.ts'

/** A rule that was broken. */
export class Fault extends Error {}

function fault(rule: string): never {
  throw new Fault(rule)
}

export class Safety {
  readonly #world: World
  /** Every (key, number) that an honest engine has sealed. */
  readonly #numbers = new Set<string>()
  readonly #labels = new Map<string, Sealed>()
  readonly #delivered = new Map<string, Side>()
  /** FINALS of each start, by `X1`: its last numbers by SPI. */
  readonly #finals = new Map<string, ReadonlyMap<number, number>>()
  /** The highest epoch of the peer that each side has been bound to. */
  readonly #bound: Record<Side, number> = { X: 1, C: 1 }
  readonly #ended: string[] = []
  #handling: Flying | undefined

  constructor(world: World) {
    this.#world = world
  }

  get delivered(): ReadonlyMap<string, Side> {
    return this.#delivered
  }

  /** Ends of associations so far, as `X reset`. */
  get ended(): readonly string[] {
    return this.#ended
  }

  onSealed(sealed: Sealed): void {
    const number = `${sealed.key} ${sealed.sequence}`
    if (this.#numbers.has(number)) fault('N: a key sealed the same number twice')
    this.#numbers.add(number)
    if (sealed.label !== 'dummy') this.#labels.set(sealed.label, sealed)
  }

  beforeDelivery(packet: Flying): void {
    this.#handling = packet
  }

  afterDelivery(): void {
    this.#handling = undefined
  }

  onEvent(end: End, event: MachineEvent): void {
    if (event.type === 'frozen') this.#onFrozen(end)
    else if (event.type === 'datagram') this.#onDatagram(end, new TextDecoder().decode(event.bytes))
    else if (event.type === 'fenced') fault('an engine that nobody has superseded was fenced')
    else if (event.type === 'rebound' && this.#handling?.by === 'F') fault('H: a P1 of the former host was accepted')
    else if (event.type === 'ended') this.#onEnded(end, event.reason, event.detail)
  }

  /** After every action. */
  check(): void {
    const { ends } = this.#world
    for (const side of SIDES) this.#checkBinding(ends[side])
    const [x, c] = [ends.X.session, ends.C.session]
    if (x?.ratchet.name !== 'settled' || c?.ratchet.name !== 'settled') return
    if (!ends.X.listens || !ends.C.listens || ends.X.association?.state.name === 'closing') return
    if (x.peerStart.epoch !== ends.C.epoch || c.peerStart.epoch !== ends.X.epoch || x.outbound === x.interim) return
    if (c.outbound === c.interim) return
    if (!equalBytes(x.current.resumption.id, c.current.resumption.id))
      fault('DISAGREE: both ends settled with different S')
    if (!equalBytes(x.current.hip.send.integrity, c.current.hip.receive.integrity)) fault('DISAGREE: other HIP keys')
  }

  #checkBinding(end: End): void {
    const { session, side } = end
    if (end.status === 'down') this.#bound[side] = 1
    if (session === undefined || end.status === 'down') return
    const peer = otherSide(side)
    const { epoch, incarnation } = session.peerStart
    if (epoch < this.#bound[side]) fault(`${side} was bound to epoch ${this.#bound[side]} and is now to ${epoch}`)
    this.#bound[side] = epoch
    if (epoch > this.#world.ends[peer].epoch) fault(`R: ${side} is bound to epoch ${epoch}, which was never activated`)
    if (!equalBytes(incarnation, startAt(peer, epoch).incarnation))
      fault(`R: ${side} is bound to incarnation ${toHex(incarnation)}, which no receipt names`)
  }

  #onFrozen(end: End): void {
    const finals = end.frozen?.associations[0]?.finals ?? []
    this.#finals.set(`${end.side}${end.epoch}`, new Map(finals.map(({ spi, sequence }) => [spi, sequence])))
  }

  #onDatagram(end: End, label: string): void {
    const { side } = end
    if (label.startsWith('F')) {
      const what = this.#world.former.onAccepted(end, label)
      if (what !== undefined) fault(what)
      return
    }
    if (this.#delivered.has(label)) fault(`datagram ${label} was delivered twice`)
    if (label[0] === side) fault(`datagram ${label} came back to its sender`)
    this.#delivered.set(label, side)
    const sealed = this.#labels.get(label)
    if (sealed === undefined) return fault(`datagram ${label} was never sealed`)
    const bound = end.session?.peerStart.epoch ?? 0
    if (sealed.epoch > bound) fault(`E: ${side} opened a packet of epoch ${sealed.epoch} while bound to ${bound}`)
    if (sealed.epoch === bound) return
    const final = this.#finals.get(`${sealed.side}${sealed.epoch}`)?.get(sealed.spi)
    if (final === undefined || sealed.sequence > final)
      fault(`E: ${side} opened number ${sealed.sequence} of epoch ${sealed.epoch}, whose final is ${final}`)
  }

  #onEnded(end: End, reason: string, detail: string): void {
    this.#ended.push(`${end.side} ${reason}`)
    const { scenario, impatient, former } = this.#world
    const lawful = scenario.mayReset === 'early' ? former.early : scenario.mayReset === true
    if (!lawful && !impatient) fault(`needless end at ${end.side}: ${reason} (${detail})`)
  }
}
