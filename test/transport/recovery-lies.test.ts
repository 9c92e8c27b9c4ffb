// A peer that acknowledges what it has not received (RFC 9000 §21.4): how it is found out, and what it costs meanwhile.

import { describe, expect, it } from 'vitest'
import { Recovery } from '../../src/core/transport/recovery/recovery.ts'
import { RECOVERY_DEFAULTS } from '../../src/core/transport/recovery-config.ts'
import { seeded } from '../support/actors.ts'
import { GapBomb, receiveGaps, Watched } from '../support/gaps.ts'
import { honestRun } from '../support/honest-run.ts'
import { OTHER, Sender, SPACE } from '../support/recovery-sender.ts'

const config = RECOVERY_DEFAULTS

describe('a peer that lies', () => {
  it('is found out by an acknowledgement of what was never sealed, and gains nothing by it', () => {
    for (const ranges of [[[1, 3]], [[3, 3]], [[0, 1]], [[1, 2 ** 52]]] as const) {
      const sender = new Sender()
      sender.send(0)
      sender.send(0)
      const { windowBytes, bytesInFlight } = sender.recovery
      expect(sender.ack(50, ranges)).toEqual({ acked: [], lost: [], fault: true })
      expect(sender.recovery).toMatchObject({ windowBytes, bytesInFlight })
    }
  })

  it('is found out by an acknowledgement of a number that was skipped, alone or in a range', () => {
    const sender = new Sender()
    sender.send(0)
    sender.recovery.skipped(SPACE, ++sender.highest)
    sender.send(0)
    expect(
      sender.ack(10, [
        [3, 3],
        [1, 1],
      ]).fault,
    ).toBe(false)
    expect(sender.ack(10, [[2, 2]]).fault).toBe(true)
    expect(sender.ack(10, [[1, 3]]).fault).toBe(true)
    expect(sender.ack(10, [[2, 2]], 0, OTHER).fault).toBe(false)
    sender.recovery.dropSpace(SPACE)
    expect(sender.ack(10, [[2, 2]]).fault).toBe(false)
  })

  it('and acknowledges everything ahead of time is found out before its window has doubled twice', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const recovery = new Recovery<number>({ config, entropy: seeded(seed) })
      let [number, sent, caught] = [0, 0, false]
      for (let now = 0; !caught && now < 10_000; now += 10) {
        while (recovery.bytesInFlight + 1_200 <= recovery.windowBytes) {
          if (recovery.skip()) recovery.skipped(SPACE, ++number)
          recovery.sent(now, { space: SPACE, number: ++number, bytes: 1_200, frames: [], appLimited: false })
          sent += 1
        }
        const ack = { space: SPACE, ranges: [{ smallest: 1, largest: number }], delayMs: 0 }
        caught = recovery.onAck(now + 1, ack, number).fault
      }
      expect(caught).toBe(true)
      expect(recovery.windowBytes).toBeLessThanOrEqual(4 * 12_000)
      expect(sent).toBeLessThanOrEqual(60)
    }
  })

  it('costs no more than a search a range, however many gaps it claims', () => {
    const sender = new Sender({ sentPacketsMax: 100_000 })
    for (let n = 0; n < 20_000; n++) sender.send(0, { bytes: 100 })
    let visited = 0
    for (let frame = 0; frame < 200; frame++) {
      const top = 20_000 - frame
      const ranges = Array.from({ length: 64 }, (_, n) => [top - 3 * n, top - 3 * n] as const)
      const { acked, lost } = sender.ack(1, ranges)
      visited += acked.length + lost.length
    }
    expect(visited).toBe(20_000)
    expect(sender.recovery.outstanding).toBe(0)
  })
})

describe('an acknowledgement with 64 gaps', () => {
  /** How often a frame has its numbers looked at, on average over all of them, the first time and the second. */
  function looks(packets: number): readonly [fresh: number, stale: number] {
    const bomb = new GapBomb(packets)
    const all = () => {
      bomb.rewind()
      const watched = new Watched()
      for (let n = 0; n < bomb.frames; n++) bomb.explode(watched)
      return watched.looks / bomb.frames
    }
    return [all(), all()]
  }

  it('takes a binary search for each of them, however many packets are under way, and no more when it comes again', () => {
    for (const packets of [1_024, 65_536])
      for (const perFrame of looks(packets)) expect(perFrame).toBeLessThan(64 * (Math.log2(packets) + 8))
  })

  it('is all that packets with gaps make us say, in a few looks a range, in whatever order they come', () => {
    const numbers = Array.from({ length: 4_096 }, (_, n) => 100_000 + 2 * n)
    for (const order of [numbers, [...numbers].reverse(), numbers.map((_, n) => numbers[(n * 1_237) % 4_096] ?? 0)]) {
      const watched = new Watched()
      receiveGaps(order, watched)
      expect(watched.looks / order.length).toBeLessThan(64 * 6)
    }
  })
})

describe('an honest peer', () => {
  // All of them, by hand: SOJOURN_HONEST=100000 npx vitest run --project together test/transport/recovery-lies.test.ts
  const runs = Number(process.env.SOJOURN_HONEST ?? 1_000)

  it('is never taken for a liar, whatever is lost or comes late', () => {
    let skipped = 0
    let lost = 0
    for (let seed = 1; seed <= runs; seed++) {
      const run = honestRun(seed)
      expect(run.faults, `seed ${seed}`).toBe(0)
      skipped += run.skipped
      lost += run.lost
    }
    expect(skipped).toBeGreaterThan(3 * runs)
    expect(lost).toBeGreaterThan(5 * runs)
  }, 1_800_000)
})

describe('numbers are skipped', () => {
  it('at random, at least sixteen packets apart, and farther apart the larger the window', () => {
    const gaps = (windowPackets: number, seed: number) => {
      const changes = { windowPacketsInitial: windowPackets, windowBytesInitial: 2 ** 30 }
      const recovery = new Recovery<number>({ config: { ...config, ...changes }, entropy: seeded(seed) })
      const found: number[] = []
      for (let number = 1, last = 0; found.length < 50; number++) {
        if (recovery.skip()) {
          recovery.skipped(SPACE, number)
          found.push(number - last - 1)
          last = number
        } else recovery.sent(0, { space: SPACE, number, bytes: 1, frames: [], appLimited: false })
      }
      return found
    }
    const [small, large] = [gaps(10, 1), gaps(2_000, 1)]
    expect(Math.min(...small, ...large)).toBeGreaterThanOrEqual(config.skipPacketsMin)
    expect(Math.max(...small)).toBeLessThanOrEqual(config.skipPacketsMin + 5)
    expect(Math.max(...large)).toBeLessThanOrEqual(config.skipPacketsMin + 1_000)
    expect(large.reduce((a, b) => a + b) / large.length).toBeGreaterThan(300)
    expect(gaps(2_000, 2)).not.toEqual(large)
  })

  it('and remembered, so many of so many SAs', () => {
    const sender = new Sender()
    sender.highest = 10_000
    const { skippedNumbersMax, spacesMax } = config
    for (let n = 1; n <= skippedNumbersMax + 1; n++) sender.recovery.skipped(SPACE, n * 2)
    expect(sender.ack(0, [[2, 2]]).fault).toBe(false)
    expect(sender.ack(0, [[4, 4]]).fault).toBe(true)
    for (let space = 100; space < 100 + spacesMax; space++) sender.recovery.skipped(space, 2)
    expect(sender.ack(0, [[4, 4]]).fault).toBe(false)
    expect(sender.ack(0, [[2, 2]], 0, 100).fault).toBe(true)
  })
})
