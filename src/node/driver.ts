// Runs one machine on one port (DESIGN §1): after all that has come at once it pumps, yields to the event loop when the pump wants
// more, and keeps one timer, armed again only when the machine wants to be called earlier than it would fire.

import { performance } from 'node:perf_hooks'
import type { Locator } from '../base/address.ts'
import { type Machine, type MachineEvent, pump, type Sink, type Transmit } from '../core/machine.ts'
import { EARLY_BYTES, TIMER_MS_MAX, TURN_DATAGRAMS_MAX } from './config.ts'
import type { DatagramPort } from './port.ts'

/** Monotonic milliseconds, as every machine here is told. */
export function now(): number {
  return performance.now()
}

/** Events that take nothing from whoever still deals with those before them: as data follows data in any stream, and the end data. */
const FOLLOWS: ReadonlySet<MachineEvent['type']> = new Set([
  'datagram',
  'stream',
  'stream-accepted',
  'stream-data',
  'stream-end',
  'stream-writable',
  'stream-finished',
  'stream-closed',
])

const SETTLED = Promise.resolve()

/** What is answered to an event that no application hears: nobody has anything to go on with. */
export const UNHEARD: unique symbol = Symbol('unheard')

/** Owns the loop between a machine, a port and a clock; not the port's life. */
export class Driver implements Sink {
  /** UNHEARD, or anything else. */
  readonly event: (event: MachineEvent) => unknown
  /** What can wait does so until the timer's next beat: a peer that has just been answered has something to say. */
  patient = true
  readonly #machine: Machine
  #port: DatagramPort
  #timer: NodeJS.Timeout | undefined
  #armedFor = Number.POSITIVE_INFINITY
  #pumping = false
  #again = false
  #yielded = false
  #soon = false
  /** In this turn. */
  #written = 0
  #stopped = false
  #telling = false
  #told = 0
  /** When the last datagram came that did not come along with another. */
  #heardAt = 0
  /** Fetched already, to be told in the next turn. */
  #held: MachineEvent | undefined

  constructor(machine: Machine, port: DatagramPort, onEvent: (event: MachineEvent) => unknown) {
    this.#machine = machine
    this.#port = port
    this.event = onEvent
    this.listen(port)
  }

  /** Feeds the machine from this port too, without sending on it. */
  listen(port: DatagramPort): void {
    port.onMessage = this.#receive
    port.onBatch = this.#answer
  }

  /** Sends on this port from now on, and feeds from it. */
  use(port: DatagramPort): void {
    this.listen(port)
    this.#port = port
  }

  /** It is telling what came: when it has, everything that the application did meanwhile leaves, all in one. */
  get telling(): boolean {
    return this.#telling
  }

  transmit(datagram: Transmit): void {
    this.#port.send(datagram.bytes, datagram.to, datagram.whole, datagram.each)
  }

  /** To be called after every command given to the machine. Safe to call from inside an event. Tells no more than `events`. */
  run(patient = true, events: number = TURN_DATAGRAMS_MAX): void {
    if (this.#stopped) return
    if (this.#pumping) {
      this.#again = true
      return
    }
    this.patient = patient
    this.#pumping = true
    let more = true
    try {
      do {
        this.#again = false
        const told = this.#telling ? 0 : events
        more = pump(this.#machine, now(), this, TURN_DATAGRAMS_MAX, told, this.#port.together)
      } while (this.#again && !more)
    } finally {
      // Also when a listener of the application has thrown: the rest is pumped in the next turn.
      this.#pumping = false
      this.#port.flush()
      if (more) this.#yield()
      this.#arm()
    }
  }

  /**
   * Runs at the end of this turn: what is written meanwhile shares packets. Of many `bytes` the first leave before, so that the peer
   * has something to do. While it tells what came, all that the application does leaves afterwards anyway.
   */
  soon(bytes: number): void {
    if (this.#telling) return
    this.#written += bytes
    if (this.#written >= EARLY_BYTES) {
      this.#written = 0
      this.run(true, 0)
    }
    if (this.#soon) return
    this.#soon = true
    process.nextTick(() => {
      this.#soon = false
      this.#written = 0
      this.run()
    })
  }

  /** Never calls the machine again. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#port.onMessage = () => undefined
    this.#held = undefined
  }

  readonly #receive = (bytes: Uint8Array, source: Locator, along = false): void => {
    if (this.#stopped) return
    if (!along) this.#heardAt = now()
    this.#machine.receive(this.#heardAt, bytes, source)
  }

  /**
   * All that came at once has been taken in. What it brought is told one event after the other, and what waits for one goes on before
   * the next is told, as if each datagram had come by itself: a promise that has settled must not miss what follows. Then it is
   * answered, all in one.
   */
  readonly #answer = (): void => {
    if (this.#telling) return
    this.#telling = true
    this.#told = 0
    // But for what the application has no part in, and who has asked waits for.
    if (this.#machine.answers?.() === true) this.run()
    this.#tell()
  }

  readonly #tell = (): void => {
    if (this.#stopped) return
    const event = this.#held ?? this.#machine.event()
    this.#held = undefined
    if (event === undefined) {
      this.#telling = false
      return this.run()
    }
    // What breaks something off or changes it comes when all that was under way has been done.
    if (this.#told > 0 && !FOLLOWS.has(event.type)) {
      this.#held = event
      return this.#rest()
    }
    this.#pumping = true
    let heard: unknown
    try {
      heard = this.event(event)
    } finally {
      this.#pumping = false
      if (++this.#told >= TURN_DATAGRAMS_MAX) this.#rest()
      else if (heard === UNHEARD) this.#tell()
      // All promises go on that can; the queue of ticks comes only then. `queueMicrotask` would do, at twice the price.
      else void SETTLED.then(this.#next)
    }
  }

  readonly #next = (): void => process.nextTick(this.#tell)

  /** Others have their turn, too. */
  #rest(): void {
    this.#told = 0
    this.run()
    setImmediate(this.#tell)
  }

  readonly #turn = (): void => {
    this.#yielded = false
    this.run()
  }

  readonly #fire = (): void => {
    // A timer that fires early must not make the machine spin until its time has come.
    const time = Math.max(now(), this.#armedFor)
    this.#armedFor = Number.POSITIVE_INFINITY
    if (this.#stopped) return
    if (this.#machine.deadline <= time) this.#machine.expire(time)
    this.run(false)
  }

  #yield(): void {
    if (this.#yielded || this.#stopped) return
    this.#yielded = true
    setImmediate(this.#turn)
  }

  #arm(): void {
    const deadline = this.#machine.owes?.() === true ? now() : this.#machine.deadline
    if (this.#stopped || deadline >= this.#armedFor) return
    clearTimeout(this.#timer)
    const delay = Math.min(Math.max(Math.ceil(deadline - now()), 0), TIMER_MS_MAX)
    // A longer wait than a timer can hold ends early and is armed again.
    this.#armedFor = Math.min(deadline, now() + TIMER_MS_MAX)
    this.#timer = setTimeout(this.#fire, delay)
    // The port keeps the event loop alive, or not; the timer never does alone.
    this.#timer.unref()
  }
}
