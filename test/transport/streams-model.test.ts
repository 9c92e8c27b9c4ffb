// Two ends under arbitrary commands, over packets that are lost, repeated and put in another order, either end moving to another
// machine at any step: each byte comes once, in order, and the end after all of them (RFC 9000 §2.2, MOVING §7).

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StreamEvent } from '../../src/core/transport/streams/streams.ts'
import { type Packet, pattern, StreamEnd, settle } from '../support/stream-pair.ts'

/** What one end has written on one stream, and what the other has heard of it. */
interface Direction {
  written: number
  ended: boolean
  /** Somebody broke it off: by RESET_STREAM, or by STOP_SENDING from the other end. */
  broken: boolean
  /** The reader asked for no more. */
  unwanted: boolean
  heard: number
  consumed: number
  endHeard: boolean
}

type Side = 'a' | 'b'

const OTHER: Readonly<Record<Side, Side>> = { a: 'b', b: 'a' }
const SEED: Readonly<Record<Side, number>> = { a: 1, b: 2 }

class Model {
  readonly ends: Readonly<Record<Side, StreamEnd>> = { a: new StreamEnd(true), b: new StreamEnd(false) }
  readonly #known: Record<Side, Set<number>> = { a: new Set(), b: new Set() }
  readonly #directions = new Map<string, Direction>()
  /** Packets by sender that may still arrive, and those of them whose fate the sender will be told. */
  readonly #flying: Record<Side, Packet[]> = { a: [], b: [] }
  readonly #tracked = new Set<Packet>()
  /** Streams of which whoever opened them has heard that they are accepted. */
  readonly #accepted = new Set<number>()
  #now = 0

  do(step: Step): void {
    this.#now += 1
    const end = this.ends[step.side]
    const ids = [...this.#known[step.side]]
    const id = ids[step.pick % Math.max(1, ids.length)]
    if (step.what === 'open') return this.#open(step.side)
    if (step.what === 'send') return this.#send(step)
    if (step.what === 'arrive' || step.what === 'arrive again' || step.what === 'lose' || step.what === 'fear')
      return this.#fate(step)
    if (step.what === 'move') return this.#move(step.side)
    if (id === undefined) return
    this.#command(step, end, id)
    this.#listen(step.side)
  }

  /** Nothing is lost any more, everybody reads: what was written and not broken off has arrived whole. */
  finish(): void {
    for (const side of ['a', 'b'] as const) {
      for (const packet of this.#flying[side]) if (this.#tracked.has(packet)) this.ends[side].lost(packet)
      for (const id of this.#known[side]) this.#consume(side, id, Infinity)
    }
    for (const side of ['a', 'b'] as const) this.ends[side].heard.length = 0
    settle(this.ends.a, this.ends.b, 10, 16_000)
    for (const side of ['a', 'b'] as const) for (const event of this.ends[side].heard) this.#heard(side, event, true)
    for (const [key, direction] of this.#directions) {
      if (direction.broken || direction.unwanted) continue
      expect([key, direction.heard, direction.endHeard]).toEqual([key, direction.written, direction.ended])
    }
    for (const id of [...this.#known.a, ...this.#known.b]) {
      const broken = this.#direction('a', id).broken || this.#direction('b', id).broken
      expect([id, broken || this.#accepted.has(id)]).toEqual([id, true])
    }
    this.#checkSums()
  }

  #checkSums(): void {
    const { a, b } = this.ends
    const [one, other] = [a.streams.freeze(), b.streams.freeze()]
    expect(one.sent).toBe(other.window.received)
    expect(other.sent).toBe(one.window.received)
    for (const { window } of [one, other]) expect(window.consumed).toBe(window.received)
    // Both ends forget the same streams, and remember that they were.
    expect(one.streams.map(({ id }) => id)).toEqual(other.streams.map(({ id }) => id))
    expect(one.ids.ownClosed).toEqual(other.ids.peerClosed)
    expect(other.ids.ownClosed).toEqual(one.ids.peerClosed)
    for (const id of [...this.#known.a, ...this.#known.b]) {
      expect(a.streams.buffered(id)).toBe(0)
      expect(b.streams.buffered(id)).toBe(0)
    }
  }

  #open(side: Side): void {
    const id = this.ends[side].streams.open(80, 4_000)
    if (id !== 'limit') this.#known[side].add(id)
  }

  #command({ what, side, size }: Step, end: StreamEnd, id: number): void {
    const out = this.#direction(side, id)
    const into = this.#direction(OTHER[side], id)
    switch (what) {
      case 'write': {
        const written = end.streams.write(id, pattern(size, SEED[side] + id, out.written))
        if (written === 'taken' || written === 'high') out.written += size
        else expect(out.ended || out.broken).toBe(true)
        return
      }
      case 'end':
        end.streams.end(id)
        out.ended = true
        return
      case 'reset':
        end.streams.reset(id, 3)
        out.broken = true
        return
      case 'stop':
        end.streams.stop(id, 3)
        into.unwanted = true
        into.broken = true
        return
      default:
        this.#consume(side, id, size)
    }
  }

  #consume(side: Side, id: number, most: number): void {
    const into = this.#direction(OTHER[side], id)
    const bytes = Math.min(most, into.heard - into.consumed)
    this.ends[side].streams.consumed(this.#now, id, bytes, 10)
    into.consumed += bytes
  }

  #send({ side, size }: Step): void {
    const packet = this.ends[side].packet(64 + (size % 20_000))
    if (packet === undefined) return
    this.#flying[side].push(packet)
    this.#tracked.add(packet)
  }

  #fate({ what, side, pick }: Step): void {
    const flying = this.#flying[side]
    const index = pick % Math.max(1, flying.length)
    const packet = flying[index]
    if (packet === undefined) return
    if (what === 'lose' || what === 'fear') {
      // What is feared lost may come all the same.
      if (this.#tracked.delete(packet)) this.ends[side].lost(packet)
    } else {
      expect(this.ends[OTHER[side]].take(packet)).toBeUndefined()
      this.#listen(OTHER[side])
      if (this.#tracked.delete(packet)) this.ends[side].acked(packet)
      this.#listen(side)
    }
    if (what === 'arrive' || what === 'lose') flying.splice(index, 1)
  }

  /** What flies may still arrive, but nobody is told what becomes of it; both ends send again what is not acknowledged. */
  #move(side: Side): void {
    this.ends[side].move()
    this.ends[OTHER[side]].streams.requeueAll()
    this.#tracked.clear()
    for (const { id } of this.ends[side].streams.freeze().streams) {
      const into = this.#direction(OTHER[side], id)
      into.heard = into.consumed
      into.endHeard = false
    }
    this.#listen(side)
  }

  #listen(side: Side): void {
    for (const event of this.ends[side].listen()) this.#heard(side, event, false)
  }

  #heard(side: Side, event: StreamEvent, consumed: boolean): void {
    if (!('id' in event)) return
    const { id } = event
    const into = this.#direction(OTHER[side], id)
    const out = this.#direction(side, id)
    this.#known[side].add(id)
    switch (event.kind) {
      case 'opened':
        expect([event.port, event.sourcePort]).toEqual([80, 4_000])
        return
      case 'accepted':
        this.#accepted.add(id)
        return
      case 'data':
        expect(into.endHeard || into.unwanted).toBe(false)
        expect(into.heard + event.bytes.length).toBeLessThanOrEqual(into.written)
        expect(Buffer.compare(event.bytes, pattern(event.bytes.length, SEED[OTHER[side]] + id, into.heard))).toBe(0)
        into.heard += event.bytes.length
        if (consumed) into.consumed += event.bytes.length
        return
      case 'end':
        expect([into.endHeard, into.ended, into.heard]).toEqual([false, true, into.written])
        into.endHeard = true
        return
      case 'reset':
        expect(into.broken).toBe(true)
        return
      case 'stopped':
        expect(out.unwanted).toBe(true)
        return
      case 'finished':
        expect(out.ended).toBe(true)
        return
      default:
    }
  }

  #direction(from: Side, id: number): Direction {
    const key = `${id} from ${from}`
    let direction = this.#directions.get(key)
    if (direction === undefined) {
      direction = {
        written: 0,
        ended: false,
        broken: false,
        unwanted: false,
        heard: 0,
        consumed: 0,
        endHeard: false,
      }
      this.#directions.set(key, direction)
    }
    return direction
  }
}

const ACTIONS = [
  ...['open', 'end', 'reset', 'stop', 'move', 'lose', 'fear', 'arrive again'],
  ...Array.from({ length: 4 }, () => 'write'),
  ...Array.from({ length: 3 }, () => 'consume'),
  ...Array.from({ length: 8 }, () => 'send'),
  ...Array.from({ length: 6 }, () => 'arrive'),
] as const

interface Step {
  readonly what: (typeof ACTIONS)[number]
  readonly side: Side
  readonly pick: number
  readonly size: number
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom(...ACTIONS),
  side: fc.constantFrom('a', 'b'),
  pick: fc.nat(30),
  size: fc.oneof(fc.nat(50), fc.nat(3_000), fc.nat(20_000), fc.integer({ min: 100_000, max: 400_000 })),
})

describe('two ends of streams', () => {
  it('hear each byte once and in order, whatever is lost and whoever moves', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 250, size: 'max' }), (steps) => {
        const model = new Model()
        for (const one of steps) model.do(one)
        model.finish()
      }),
      { numRuns: 120 },
    )
  })
})
