// While more than half of the budget is held, nothing is written that the peer's windows would not let go at once: who takes nothing
// leaves half to the rest, and whoever had to wait is told when the peer allows more, or when room is plenty again.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MORSEL_BYTES, STREAM_WEIGHT, StreamAccount, StreamBudget } from '../../src/core/transport/streams/budget.ts'
import { pattern, StreamEnd, settleOpen } from '../support/stream-pair.ts'

describe('a budget of which more than half is held', () => {
  const BYTES = 16_000_000

  /** Somebody whose peer reads nothing holds more than half; another has a stream, of which the peer's limit lets 262,144 bytes go. */
  function scarce() {
    const budget = new StreamBudget(BYTES)
    const hog = new StreamAccount(budget)
    hog.change(BYTES / 2 + 1)
    const end = new StreamEnd(true, {}, budget)
    const id = end.open()
    settleOpen(end)
    return { budget, hog, end, id }
  }

  /** Writes until not a byte more is taken, while the peer takes everything that may leave. */
  function fill(end: StreamEnd, id: number): void {
    for (let size = 65_536; size >= 1; size >>= 1) while (end.streams.write(id, pattern(size)) !== 'full') drain(end)
  }

  /** Takes everything that may leave. */
  function drain(end: StreamEnd): void {
    for (let packet = end.packet(); packet !== undefined; packet = end.packet()) end.acked(packet)
  }

  it('takes what the peer lets go at once and not a byte more, of a stream or of all', () => {
    const { end, id } = scarce()
    expect(end.streams.write(id, pattern(262_145))).toBe('full')
    expect(end.streams.write(id, pattern(262_144))).not.toBe('full')
    expect(end.streams.write(id, pattern(1))).toBe('full')
    drain(end)
    expect(end.streams.write(id, pattern(1))).toBe('full')
    const others = [1, 2, 3].map(() => end.open())
    settleOpen(end)
    for (const other of others) expect(end.streams.write(other, pattern(262_144))).not.toBe('full')
    // All of MAX_DATA is spoken for.
    const [last] = [end.open()]
    settleOpen(end)
    expect(end.streams.write(last, pattern(1))).toBe('full')
  })

  it('tells a writer when the peer allows more of the stream, or a morsel more of all', () => {
    const { end, id } = scarce()
    end.streams.receive({ kind: 'max-stream-data', id, limit: 2_000_000 })
    end.listen()
    fill(end, id)
    drain(end)
    expect(end.listen()).toEqual([])
    end.streams.receive({ kind: 'max-data', limit: 1_048_576 + MORSEL_BYTES - 1 })
    expect(end.listen()).toEqual([])
    end.streams.receive({ kind: 'max-data', limit: 1_048_576 + MORSEL_BYTES })
    expect(end.listen()).toEqual([{ kind: 'writable', id }])
    expect(end.streams.write(id, pattern(MORSEL_BYTES + 1))).toBe('full')
    end.streams.receive({ kind: 'max-data', limit: 4_000_000 })
    expect(end.listen()).toEqual([{ kind: 'writable', id }])
    expect(end.streams.write(id, pattern(951_425))).toBe('full')
    expect(end.streams.write(id, pattern(951_424))).not.toBe('full')
    expect(end.streams.write(id, pattern(1))).toBe('full')
    end.streams.receive({ kind: 'max-stream-data', id, limit: 2_000_001 })
    expect(end.listen()).toEqual([{ kind: 'writable', id }])
  })

  it('tells a writer when another stream of the same peer gives up what it had ready', () => {
    for (const how of ['reset', 'stopped'] as const) {
      const { end, id } = scarce()
      const others = [1, 2, 3, 4].map(() => end.open())
      settleOpen(end)
      for (const other of others) expect(end.streams.write(other, pattern(262_144))).not.toBe('full')
      expect(end.streams.write(id, pattern(1))).toBe('full')
      const [first = id] = others
      if (how === 'reset') end.streams.reset(first, 0)
      else end.streams.receive({ kind: 'stop-sending', id: first, code: 0 })
      expect(end.listen()).toContainEqual({ kind: 'writable', id })
      expect(end.streams.write(id, pattern(262_144))).not.toBe('full')
    }
  })

  it('tells every writer when less than half is held again', () => {
    const { hog, end, id } = scarce()
    expect(end.streams.write(id, pattern(262_145))).toBe('full')
    let told = 0
    end.streams.onRoom(() => {
      told += 1
    })
    hog.change(-STREAM_WEIGHT)
    expect([told, end.listen()]).toEqual([0, []])
    hog.change(-STREAM_WEIGHT)
    expect([told, end.listen()]).toEqual([1, [{ kind: 'writable', id }]])
    expect(end.streams.write(id, pattern(262_145))).not.toBe('full')
  })

  it('forgets who stood with their streams', () => {
    const { hog, end, id } = scarce()
    expect(end.streams.write(id, pattern(262_145))).toBe('full')
    let told = 0
    end.streams.onRoom(() => {
      told += 1
    })
    end.streams.close()
    hog.close()
    expect(told).toBe(0)
  })

  it('leaves half of itself to the rest, however many peers in turn take nothing', () => {
    const budget = new StreamBudget(BYTES)
    for (let n = 0; n < 50; n++) {
      const end = new StreamEnd(true, {}, budget)
      const id = end.open()
      settleOpen(end)
      fill(end, id)
      drain(end)
    }
    expect(budget.held).toBeGreaterThan(BYTES / 2)
    // Beside what the first took there is only what fifty streams weigh.
    expect(budget.held).toBeLessThanOrEqual(BYTES / 2 + 65_536 + 50 * STREAM_WEIGHT)
  })
})

describe('writers who wait until they are told', () => {
  const step = fc.record({
    who: fc.nat(3),
    what: fc.constantFrom('write', 'send', 'send', 'read', 'reset'),
    bytes: fc.nat(90_000),
  })

  it('get to the end, however scarce room was on the way, once their peers read', () => {
    let scarce = 0
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const budget = new StreamBudget(1_500_000)
        const patient = Array.from({ length: 4 }, () => new PatientWriter(budget))
        for (const { who, what, bytes } of steps) {
          patient[who]?.obey(what, bytes)
          expect(budget.excess).toBe(0)
          if (budget.scarce) scarce += 1
        }
        for (let round = 0; round < 3_000 && !patient.every((one) => one.done); round++)
          for (const one of patient) for (const what of ['write', 'send', 'read'] as const) one.obey(what, 64_000)
        expect(patient.map(({ done }) => done)).toEqual([true, true, true, true])
      }),
      { numRuns: 12 },
    )
    expect(scarce).toBeGreaterThan(0)
  })
})

/** A server with two streams, which it writes until it is asked to wait, and then not before it is told; its client reads when it likes. */
class PatientWriter {
  static readonly BYTES = 900_000
  readonly #server: StreamEnd
  readonly #client = new StreamEnd(false)
  readonly #left = new Map<number, number>()
  readonly #waits = new Set<number>()
  readonly #unread = new Map<number, number>()

  constructor(budget: StreamBudget) {
    this.#server = new StreamEnd(true, {}, budget)
    for (let n = 0; n < 2; n++) this.#left.set(this.#server.open(), PatientWriter.BYTES)
  }

  /** All that was not given up is written, sent and read. */
  get done(): boolean {
    return (
      [...this.#left.values()].every((bytes) => bytes === 0) && this.#server.streams.account.held <= 2 * STREAM_WEIGHT
    )
  }

  obey(what: string, bytes: number): void {
    if (what === 'write') for (const id of this.#left.keys()) this.#write(id, bytes)
    else if (what === 'send') this.#send(bytes)
    else if (what === 'read') this.#read()
    else this.#reset()
    for (const event of this.#server.listen()) if (event.kind === 'writable') this.#waits.delete(event.id)
  }

  /** As Node's side of a stream does: what is not taken whole is offered in halves. */
  #write(id: number, bytes: number): void {
    const left = this.#left.get(id) ?? 0
    for (
      let size = Math.min(left, bytes + 1);
      size >= 1 && !this.#waits.has(id);
      size = Math.min(size, this.#left.get(id) ?? 0)
    ) {
      const outcome = this.#server.streams.write(id, pattern(size))
      if (outcome !== 'full') this.#left.set(id, (this.#left.get(id) ?? 0) - size)
      if (outcome === 'high' || (outcome === 'full' && size === 1)) this.#waits.add(id)
      if (outcome === 'full') size >>= 1
    }
  }

  #send(bytes: number): void {
    for (const [from, to] of [
      [this.#server, this.#client],
      [this.#client, this.#server],
    ] as const) {
      const packet = from.packet(100 + bytes)
      if (packet === undefined) continue
      expect(to.take(packet)).toBeUndefined()
      from.acked(packet)
    }
    for (const event of this.#client.listen())
      if (event.kind === 'data') this.#unread.set(event.id, (this.#unread.get(event.id) ?? 0) + event.bytes.length)
  }

  #read(): void {
    for (const [id, bytes] of this.#unread) this.#client.streams.consumed(0, id, bytes, 0)
    this.#unread.clear()
  }

  /** One of the two is given up, whatever of it waits. */
  #reset(): void {
    const [id] = this.#left.keys()
    if (id === undefined || this.#left.size === 1) return
    this.#left.delete(id)
    this.#server.streams.reset(id, 0)
  }
}
