// How K follows the rate of the I2s that reach Diffie–Hellman (RFC 7401 §4.1.1).

import { describe, expect, it } from 'vitest'
import { Difficulty } from '../../src/core/association/difficulty.ts'
import { type Config, DEFAULTS } from '../../src/core/config.ts'

function difficulty(config: Partial<Config> = {}): Difficulty {
  return new Difficulty({ ...DEFAULTS, ...config })
}

/** So many I2s a second from `start` on, for `ms`; K at every second's end. */
function load(subject: Difficulty, perSecond: number, start: number, ms: number): number[] {
  const ks: number[] = []
  for (let at = start, next = start + 1000; at < start + ms; at += 1000 / perSecond) {
    for (; at >= next; next += 1000) ks.push(subject.at(next))
    subject.note(at)
  }
  return [...ks, subject.at(start + ms)]
}

/** Senders with so much power: each step of K halves what they get through. */
function race(subject: Difficulty, hashesPerSecond: number, seconds: number): number[] {
  const ks: number[] = []
  for (let second = 0; second < seconds; second++) {
    const k = subject.at(second * 1000)
    load(subject, hashesPerSecond / 2 ** k, second * 1000, 999)
    ks.push(k)
  }
  return ks
}

describe('the difficulty of puzzles', () => {
  it('is 0 when nothing is the matter, however long', () => {
    const subject = difficulty()
    expect([0, 1e3, 1e9].map((now) => subject.at(now))).toEqual([0, 0, 0])
  })

  it('stays 0 at a rate within the budget', () => {
    expect(new Set(load(difficulty(), 450, 0, 20_000))).toEqual(new Set([0]))
  })

  it('rises by one step a second while more than the budget come, to 13 and no further', () => {
    const ks = load(difficulty(), 2_000, 0, 20_000)
    expect(ks.slice(0, 4)).toEqual([1, 2, 3, 4])
    expect(Math.max(...ks)).toBe(13)
    expect(ks.every((k, at) => k - (ks[at - 1] ?? 0) <= 1)).toBe(true)
  })

  it('holds between the two rates', () => {
    const subject = difficulty()
    load(subject, 2_000, 0, 5_000)
    const k = subject.at(5_000)
    load(subject, 250, 5_000, 5_000)
    const held = subject.at(10_000)
    expect(held).toBeGreaterThanOrEqual(k)
    expect(new Set(load(subject, 250, 10_000, 20_000))).toEqual(new Set([held]))
  })

  it('settles where those who solve can do no more than the budget, instead of going up and down', () => {
    const ks = race(difficulty(), 64_000, 60)
    const settled = new Set(ks.slice(20))
    expect(settled.size).toBe(1)
    const [k = 0] = settled
    expect(64_000 / 2 ** k).toBeLessThanOrEqual(550)
    expect(64_000 / 2 ** k).toBeGreaterThan(100)
  })

  it('falls by one step a second once it is quiet, and is back without anybody asking', () => {
    const subject = difficulty()
    load(subject, 2_000, 0, 5_000)
    const top = subject.at(5_000)
    const after = Array.from({ length: 12 }, (_, second) => subject.at(5_000 + 1_000 * second))
    expect(after.every((k, at) => (after[at - 1] ?? top) - k <= 1)).toBe(true)
    expect([after[2], after.at(-1)]).toEqual([top, 0])
    const other = difficulty()
    load(other, 2_000, 0, 5_000)
    expect(other.at(1e9)).toBe(0)
  })

  it('never goes below what is asked of it, nor above that if it is more than the most', () => {
    expect(new Set(load(difficulty({ puzzleDifficulty: 15 }), 2_000, 0, 5_000))).toEqual(new Set([15]))
    const subject = difficulty({ puzzleDifficulty: 3 })
    load(subject, 2_000, 0, 5_000)
    expect([subject.at(5_000) > 3, subject.at(1e6)]).toEqual([true, 3])
  })

  it('is not moved by a clock that goes back', () => {
    const subject = difficulty({ puzzleRiseExchangesPerSecond: 5 })
    load(subject, 100, 10_000, 1_000)
    const k = subject.at(11_000)
    for (let n = 0; n < 100; n++) subject.note(5_000)
    expect([subject.at(5_000), subject.at(11_000)]).toEqual([k, k])
  })
})
