// Recovery under any sequence of packets, acknowledgements, losses, moves and times: what is counted stays true.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NewReno } from '../../src/core/transport/recovery/congestion/new-reno.ts'
import { Recovery } from '../../src/core/transport/recovery/recovery.ts'
import { RECOVERY_DEFAULTS } from '../../src/core/transport/recovery-config.ts'
import { seeded } from '../support/actors.ts'

interface Name {
  readonly space: number
  readonly number: number
}

interface Step {
  readonly what:
    | 'send'
    | 'burst'
    | 'ack'
    | 'wait'
    | 'expire'
    | 'probe'
    | 'address'
    | 'port'
    | 'thaw'
    | 'rekey'
    | 'datagram'
  readonly n: number
  readonly wait: number
}

/** A sender, and beside it the set of what a sender of its history has outstanding. */
class Model {
  readonly recovery: Recovery<Name>
  readonly outstanding = new Map<string, { readonly name: Name; readonly bytes: number; path: number }>()
  readonly skipped = new Set<string>()
  now = 0
  #space = 1
  #highest = new Map<number, number>()
  #path = 0

  constructor(reno: boolean) {
    const options = { config: { ...RECOVERY_DEFAULTS, sentPacketsMax: 50 }, entropy: seeded(5) }
    this.recovery = new Recovery(
      reno ? { ...options, controller: (config, bytes) => new NewReno(config, bytes) } : options,
    )
  }

  step({ what, n, wait }: Step): void {
    this.now += wait
    if (what === 'send' || what === 'burst') for (let k = what === 'send' ? 1 : n % 20; k > 0; k--) this.#send(n)
    else if (what === 'probe') this.#probe()
    else if (what === 'ack') this.#ack(n)
    else if (what === 'expire') this.#expire()
    else if (what === 'address') {
      this.recovery.pathChanged('address')
      this.#path += 1
    } else if (what === 'port') this.recovery.pathChanged('port')
    else if (what === 'thaw') {
      this.#gone(this.recovery.restart())
      expect(this.outstanding.size).toBe(0)
      this.#space += 1
      this.#path += 1
    } else if (what === 'rekey') {
      this.#space += 1
      if (n % 3 === 0) this.#gone(this.recovery.dropSpace(this.#space - 2))
    } else if (what === 'datagram') this.#passed(n)
  }

  check(): void {
    const { recovery } = this
    const [floor, inFlight] = [2 * recovery.mtu.current, this.#bytes()]
    expect(recovery.outstanding).toBe(this.outstanding.size)
    expect(recovery.bytesInFlight).toBe(inFlight)
    expect(recovery.windowBytes).toBeGreaterThanOrEqual(floor)
    expect(recovery.windowBytes).toBeLessThanOrEqual(2 ** 40)
    expect(recovery.rtt.smoothedMs).toBeGreaterThanOrEqual(0)
    expect(recovery.deadline).not.toBeNaN()
    if (this.outstanding.size > 0) expect(recovery.deadline).toBeLessThanOrEqual(this.now + 400_000)
  }

  /** From here on nothing is sent; time alone and one honest acknowledgement must settle everything. */
  finish(): void {
    for (let n = 0; n < 3; n++) this.#expire(Math.max(this.now, Math.min(this.recovery.deadline, this.now + 1e6)))
    const spaces = new Set([...this.outstanding.values()].map(({ name }) => name.space))
    for (const space of spaces) this.#acknowledge([...this.#of(space)], space)
    for (let n = 0; n < 10 && this.outstanding.size > 0; n++) this.#expire(this.recovery.deadline)
    expect(this.outstanding.size).toBe(0)
    expect(this.recovery.bytesInFlight).toBe(0)
  }

  #send(n: number): void {
    const bytes = 40 + (n % (this.recovery.packetBytes - 40))
    if (this.recovery.maySend(this.now, bytes)) this.#depart(bytes, n % 2 === 0)
  }

  #passed(n: number): void {
    const number = (this.#highest.get(this.#space) ?? 0) + 1
    this.#highest.set(this.#space, number)
    this.recovery.passed(this.now, this.#space, number)
    this.recovery.spendDatagram(this.now, n)
  }

  #probe(): void {
    const bytes = this.recovery.mtu.probe(this.now)
    if (bytes !== undefined && this.outstanding.size < 50) this.#depart(bytes, false, 'mtu')
  }

  #depart(bytes: number, appLimited: boolean, probe?: 'mtu' | 'pto'): void {
    const space = this.#space
    let number = (this.#highest.get(space) ?? 0) + 1
    if (this.recovery.skip()) {
      this.recovery.skipped(space, number)
      this.skipped.add(`${space}/${number}`)
      number += 1
    }
    this.#highest.set(space, number)
    const name = { space, number }
    this.recovery.sent(this.now, { ...name, bytes, frames: [name], appLimited, ...(probe && { probe }) })
    this.outstanding.set(`${space}/${number}`, { name, bytes, path: this.#path })
  }

  #ack(n: number): void {
    const space = Math.max(1, this.#space - (n % 2))
    const numbers = [...this.#of(space)].filter((_, at) => (n >> (at % 20)) & 1)
    this.#acknowledge(numbers, space)
  }

  #acknowledge(numbers: readonly number[], space: number): void {
    if (numbers.length === 0) return
    const ranges = numbers.toSorted((a, b) => b - a).map((number) => ({ smallest: number, largest: number }))
    const highest = this.#highest.get(space) ?? 0
    const { acked, lost, fault } = this.recovery.onAck(this.now, { space, ranges, delayMs: numbers.length }, highest)
    expect(fault).toBe(false)
    expect(acked.flat().map(({ number }) => number)).toEqual(numbers)
    this.#gone(acked)
    this.#gone(lost)
  }

  #expire(now = this.now): void {
    this.now = now
    const { lost, probes } = this.recovery.expire(now)
    this.#gone(lost)
    for (let n = 0; n < probes; n++) this.#depart(50, false, 'pto')
  }

  #gone(carried: readonly (readonly Name[])[]): void {
    for (const { space, number } of carried.flat()) {
      expect(this.outstanding.delete(`${space}/${number}`)).toBe(true)
    }
  }

  *#of(space: number): IterableIterator<number> {
    for (const { name } of this.outstanding.values()) if (name.space === space) yield name.number
  }

  #bytes(): number {
    let sum = 0
    for (const { bytes, path } of this.outstanding.values()) if (path === this.#path) sum += bytes
    return sum
  }
}

describe('recovery, whatever happens,', () => {
  const step: fc.Arbitrary<Step> = fc.record({
    what: fc.constantFrom(
      ...(['send', 'burst', 'burst', 'ack', 'ack', 'ack', 'wait', 'expire', 'expire'] as const),
      ...(['probe', 'address', 'port', 'thaw', 'rekey', 'datagram'] as const),
    ),
    n: fc.nat(2 ** 20),
    wait: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 400, noNaN: true })),
  })

  it.each([false, true])('gives each packet back once, and counts what is under way (NewReno: %s)', (reno) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
        const model = new Model(reno)
        for (const one of steps) {
          model.step(one)
          model.check()
        }
        model.finish()
      }),
      { numRuns: 60 },
    )
  })
})
