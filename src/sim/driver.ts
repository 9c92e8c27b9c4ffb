// Carries one machine through virtual time, as the Node driver carries it through real time: every input is followed by a
// pump, and the machine's deadline is kept in the clock (DESIGN §1).

import type { Locator } from '../base/address.ts'
import { eachOf, type Machine, type MachineEvent, pump, type Sink, type Transmit } from '../core/machine.ts'
import type { Clock } from './clock.ts'

/** Datagrams and events a machine may let go in one turn before its neighbours have theirs. */
const TURN = 64
/** Datagrams that it may let go in one piece, as to a socket that cuts them apart. */
const TOGETHER = 8
/** How long what can wait does. */
const PATIENCE_MS = 1
/** Turns at one instant after which a machine is said to spin. */
const SPINS_MAX = 10_000

export interface DriverOptions {
  readonly clock: Clock
  readonly machine: Machine
  transmit(datagram: Transmit): void
  event(event: MachineEvent): void
}

export class Driver implements Sink {
  /** As the Node driver is, for as long. */
  patient = true
  readonly #options: DriverOptions
  #running = true
  #wakeAt = Infinity
  #instant = -1
  #turns = 0

  constructor(options: DriverOptions) {
    this.#options = options
    this.poke()
  }

  get running(): boolean {
    return this.#running
  }

  receive(datagram: Uint8Array, source: Locator): void {
    if (!this.#running) return
    this.#options.machine.receive(this.#options.clock.now, datagram, source)
    this.poke()
  }

  /** Drains the machine; to be called after every command. */
  poke(patient = true): void {
    if (!this.#running) return
    this.patient = patient
    const { clock, machine } = this.#options
    this.#countTurn(clock.now)
    if (pump(machine, clock.now, this, TURN, TURN, TOGETHER)) clock.at(clock.now, () => this.poke())
    if (this.#running) this.#arm()
  }

  /** Lets go of the machine in the middle of whatever it does, as a crash would. */
  stop(): void {
    this.#running = false
  }

  transmit(datagram: Transmit): void {
    if (datagram.each === undefined) {
      if (this.#running) this.#options.transmit(datagram)
      return
    }
    // Whoever takes one may stop this machine.
    for (const bytes of eachOf(datagram)) if (this.#running) this.#options.transmit({ bytes, to: datagram.to })
  }

  event(event: MachineEvent): void {
    if (this.#running) this.#options.event(event)
  }

  #arm(): void {
    const { clock, machine } = this.#options
    const deadline = machine.owes?.() === true ? clock.now + PATIENCE_MS : machine.deadline
    if (deadline >= this.#wakeAt) return
    this.#wakeAt = Math.max(deadline, clock.now)
    const armedFor = this.#wakeAt
    clock.at(armedFor, () => this.#wake(armedFor))
  }

  #wake(armedFor: number): void {
    if (!this.#running || armedFor !== this.#wakeAt) return
    this.#wakeAt = Infinity
    const { clock, machine } = this.#options
    if (machine.deadline <= clock.now) machine.expire(clock.now)
    this.poke(false)
  }

  #countTurn(now: number): void {
    if (now !== this.#instant) {
      this.#instant = now
      this.#turns = 0
    }
    this.#turns += 1
    if (this.#turns > SPINS_MAX)
      throw new Error(`a machine spins at ${now} ms: its deadline is ${this.#options.machine.deadline}`)
  }
}
