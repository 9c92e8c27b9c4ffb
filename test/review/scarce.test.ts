// What a hostile reviewer found in the budget's scarcity: writers that nobody wakes.

import { describe, expect, it } from 'vitest'
import { STREAM_DEFAULTS } from '../../src/core/transport/config.ts'
import { StreamAccount, StreamBudget } from '../../src/core/transport/streams/budget.ts'
import { pattern, StreamEnd } from '../support/stream-pair.ts'

const BYTES = STREAM_DEFAULTS.waitingBytesMax

/** A writer with a stream to a peer that reads `read` of them at once and leaves the rest unread. */
function readOneOf(scarce: boolean) {
  const budget = new StreamBudget(BYTES)
  const hog = new StreamAccount(budget)
  if (scarce) hog.change(BYTES / 2 + 1)
  const a = new StreamEnd(true, {}, budget)
  const b = new StreamEnd(false)
  const unread = [a.open(), a.open(), a.open(), a.open()]
  const read = a.open()
  const waits = new Set<number>()
  let [written, got] = [0, 0]
  const pump = (): void => {
    for (let quiet = false; !quiet; ) {
      quiet = true
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const)
        for (let packet = from.packet(); packet !== undefined; packet = from.packet()) {
          quiet = false
          expect(to.take(packet)).toBeUndefined()
          from.acked(packet)
        }
      for (const event of a.listen()) if (event.kind === 'writable') waits.delete(event.id)
      for (const event of b.listen())
        if (event.kind === 'data' && event.id === read) {
          got += event.bytes.length
          b.streams.consumed(0, read, event.bytes.length, 0)
          quiet = false
        }
    }
  }
  pump()
  for (const id of unread) expect(a.streams.write(id, pattern(220_000))).not.toBe('full')
  pump()
  for (let round = 0; round < 3_000 && got < 3_000_000; round++) {
    for (let size = 16_384; size >= 1 && !waits.has(read); ) {
      const outcome = a.streams.write(read, pattern(size))
      if (outcome !== 'full') written += size
      if (outcome === 'high' || (outcome === 'full' && size === 1)) waits.add(read)
      if (outcome === 'full') size >>= 1
      else break
    }
    pump()
  }
  return { written, got, waits: waits.has(read) }
}

describe('a stream whose peer reads it, beside four of the same peer that it does not read', () => {
  it('gets on while room is plenty', () => {
    expect(readOneOf(false).got).toBeGreaterThanOrEqual(3_000_000)
  })
  it('gets on while room is scarce', () => {
    expect(readOneOf(true).got).toBeGreaterThanOrEqual(3_000_000)
  })
})

const RTT_MS = 20
const READ_BYTES = 65_536

/** Bytes that come on each of eight streams in 2,000 round trips, from writers who write on when told; the peer reads all, 64 KiB each 20 ms. */
function shares(scarce: boolean): readonly number[] {
  const budget = new StreamBudget(BYTES)
  if (scarce) new StreamAccount(budget).change(BYTES / 2 + 1)
  const a = new StreamEnd(true, {}, budget)
  const b = new StreamEnd(false)
  const ids = Array.from({ length: 8 }, () => a.open())
  const unread = new Map(ids.map((id) => [id, 0]))
  const got = new Map(ids.map((id) => [id, 0]))
  const write = (id: number): void => {
    for (let size = 65_536; size >= 1_024; ) {
      const outcome = a.streams.write(id, pattern(size))
      if (outcome === 'full') size >>= 1
      else if (outcome === 'high') return
    }
  }
  const listen = (): void => {
    for (const event of a.listen()) if (event.kind === 'writable') write(event.id)
    for (const event of b.listen())
      if (event.kind === 'data') unread.set(event.id, (unread.get(event.id) ?? 0) + event.bytes.length)
  }
  for (const id of ids) write(id)
  for (let round = 0; round < 2_000; round++) {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      for (let packet = from.packet(); packet !== undefined; packet = from.packet()) {
        to.take(packet)
        from.acked(packet)
        listen()
      }
    // It reads what there is, of each stream as much.
    const waiting = [...unread].filter(([, bytes]) => bytes > 0)
    for (const [id, bytes] of waiting) {
      const taken = Math.min(bytes, Math.floor(READ_BYTES / waiting.length))
      unread.set(id, bytes - taken)
      got.set(id, (got.get(id) ?? 0) + taken)
      b.streams.consumed(round * RTT_MS, id, taken, RTT_MS)
    }
  }
  return [...got.values()]
}

/** The least of them, as a part of what would be its share. */
function least(all: readonly number[]): number {
  return (Math.min(...all) * all.length) / all.reduce((sum, one) => sum + one, 0)
}

describe('eight streams to a peer that reads them all alike', () => {
  it('share while room is plenty', () => {
    expect(least(shares(false))).toBeGreaterThan(0.5)
  })

  it('share while room is scarce', () => {
    const all = shares(true)
    expect(least(all)).toBeGreaterThan(0.5)
  })
})

describe('a peer that repeats an old limit', () => {
  it('makes nobody try again who could write no more than before', () => {
    const budget = new StreamBudget(BYTES)
    new StreamAccount(budget).change(BYTES / 2 + 1)
    const end = new StreamEnd(true, {}, budget)
    const ids = Array.from({ length: 256 }, () => end.open())
    for (let packet = end.packet(); packet !== undefined; packet = end.packet()) end.acked(packet)
    for (const id of ids) end.streams.write(id, pattern(262_145))
    end.listen()
    end.streams.receive({ kind: 'max-data', limit: 1 })
    expect(end.listen()).toEqual([])
  })
})
