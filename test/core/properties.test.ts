// The small machines of the core, each against a plain model of what it promises.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Agenda } from '../../src/core/agenda.ts'
import { AnswerCache, type ConsumedPairs } from '../../src/core/association/consumed.ts'
import { Difficulty } from '../../src/core/association/difficulty.ts'
import { Rtt } from '../../src/core/association/rtt.ts'
import { TokenBucket } from '../../src/core/association/token-bucket.ts'
import { DEFAULTS } from '../../src/core/config.ts'
import { Floors } from '../../src/core/moving/floor.ts'
import { Outlet } from '../../src/core/outlet.ts'
import { NETWORK, PrefixBuckets } from '../../src/core/prefix-buckets.ts'
import { packetMemory, trimPacket } from '../../src/core/sa/packet-memory.ts'
import { identity, seeded } from '../support/actors.ts'
import { place } from '../support/pair.ts'

const waits = fc.array(fc.nat(3_000), { minLength: 1, maxLength: 80 })

describe('a token bucket', () => {
  it('gives in any stretch of time no more than its burst and what came back meanwhile', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 20 }),
        waits,
        (perSecond, burst, pauses) => {
          const bucket = new TokenBucket(perSecond, burst)
          const taken: number[] = []
          let now = 0
          for (const pause of pauses) {
            now += pause / 10
            for (let n = 0; n < 3; n++) if (bucket.take(now)) taken.push(now)
          }
          for (const [index, from] of taken.entries()) {
            const within = taken.slice(index).filter((at) => at <= from + 1_000).length
            expect(within).toBeLessThanOrEqual(burst + perSecond + 1)
          }
        },
      ),
    )
  })

  it('is full again when it has rested, and not before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), (perSecond, burst) => {
        const bucket = new TokenBucket(perSecond, burst)
        const all = (now: number) => Array.from({ length: burst + 1 }, () => bucket.take(now)).filter(Boolean).length
        expect(all(0)).toBe(burst)
        expect(bucket.take(999 / perSecond)).toBe(false)
        expect(all(2_000 + (burst * 1_000) / perSecond)).toBe(burst)
      }),
    )
  })

  it('is not filled by a clock that goes back', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10_000), { maxLength: 30 }), (times) => {
        const bucket = new TokenBucket(10, 5)
        for (let n = 0; n < 5; n++) bucket.take(10_000)
        for (const now of times) expect(bucket.take(now)).toBe(false)
      }),
    )
  })
})

describe('the buckets of prefixes', () => {
  it('give one prefix, whatever its hosts and ports, no more than one bucket would', () => {
    const source = fc.record({ host: fc.nat(255), port: fc.integer({ min: 1, max: 65_535 }) })
    fc.assert(
      fc.property(fc.array(fc.tuple(source, fc.nat(200)), { maxLength: 60 }), (packets) => {
        const buckets = new PrefixBuckets({ unit: NETWORK, slots: 64, perSecond: 5, burst: 4 }, seeded(1))
        let [now, given] = [0, 0]
        for (const [{ host, port }, pause] of packets) {
          now += pause
          if (buckets.take(now, { address: `198.51.100.${host}`, port })) given += 1
          expect(given).toBeLessThanOrEqual(4 + (5 * now) / 1_000)
        }
        expect(buckets.bytes).toBe(64 * 8)
      }),
    )
  })
})

describe('an agenda', () => {
  it('hands out what a sorted list would, however deadlines move', () => {
    const step = fc.record({ item: fc.nat(9), due: fc.oneof(fc.nat(100), fc.constant(Infinity)), now: fc.nat(100) })
    const what = fc.constantFrom('note', 'note', 'forget', 'due')
    fc.assert(
      fc.property(fc.array(fc.tuple(what, step), { maxLength: 300 }), (steps) => {
        const items = Array.from({ length: 10 }, () => ({ due: Infinity }))
        const agenda = new Agenda<{ due: number }>()
        const noted = new Map<{ due: number }, number>()
        for (const [action, { item: index, due, now }] of steps) {
          const item = items[index] ?? { due: Infinity }
          if (action === 'note') {
            item.due = due
            agenda.note(item)
            if (due === Infinity) noted.delete(item)
            else noted.set(item, due)
          } else if (action === 'forget') {
            agenda.forget(item)
            noted.delete(item)
          } else {
            const earliest = Math.min(...noted.values())
            const found = agenda.due(now)
            expect(found === undefined).toBe(earliest > now)
            if (found !== undefined) {
              expect(noted.get(found)).toBe(earliest)
              noted.delete(found)
            }
          }
          expect(agenda.next).toBe(Math.min(...noted.values()))
        }
      }),
    )
  })
})

describe('floors', () => {
  const keys = [1, 2, 3, 4].map((seed) => identity(seed).publicKey)
  const step = fc.record({ key: fc.nat(3), epoch: fc.integer({ min: 1, max: 6 }), incarnation: fc.nat(2) })
  const bytes = (n: number) => new Uint8Array(16).fill(n)

  it('never fall, and judge every lower epoch as lower', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const floors = new Floors(10)
        const highest = new Map<number, number>()
        for (const { key: index, epoch, incarnation } of steps) {
          const key = keys[index]
          if (key === undefined) continue
          const before = highest.get(index) ?? 0
          const claimed = { key, start: { epoch, incarnation: bytes(incarnation) }, receipt: undefined }
          expect(floors.judge(claimed) === 'lower-epoch').toBe(epoch < before)
          floors.raise({ key, epoch, incarnation: bytes(incarnation), ledger: undefined, receipt: undefined })
          highest.set(index, Math.max(before, epoch))
          expect(floors.get(key)?.epoch).toBe(highest.get(index))
        }
      }),
    )
  })

  it('are kept up to their limit, those of the latest contacts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.array(fc.nat(3), { maxLength: 40 }), (limit, contacts) => {
        const floors = new Floors(limit)
        const recent: number[] = []
        for (const index of contacts) {
          const key = keys[index]
          if (key === undefined) continue
          floors.raise({ key, epoch: 1, incarnation: bytes(1), ledger: undefined, receipt: undefined })
          recent.splice(0, recent.length, ...recent.filter((other) => other !== index), index)
          recent.splice(0, recent.length - limit)
          expect(keys.flatMap((one, at) => (floors.get(one) === undefined ? [] : [at]))).toEqual([...recent].sort())
        }
      }),
    )
  })
})

describe('a round-trip time', () => {
  it('stays among its samples, and its time-out between its bounds', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 50 }), (samples) => {
        const rtt = new Rtt(DEFAULTS)
        expect(rtt.ptoMs).toBe(DEFAULTS.ptoInitialMs)
        for (const sample of samples) {
          rtt.sample(sample)
          expect(rtt.smoothedMs).toBeGreaterThanOrEqual(Math.min(...samples) - 1e-6)
          expect(rtt.smoothedMs).toBeLessThanOrEqual(Math.max(...samples) + 1e-6)
          expect(rtt.ptoMs).toBeGreaterThanOrEqual(DEFAULTS.ptoMinMs)
          expect(rtt.ptoMs).toBeLessThanOrEqual(DEFAULTS.ptoMaxMs)
        }
      }),
    )
  })

  it('makes pauses that double up to a bound', () => {
    fc.assert(
      fc.property(fc.nat(3_000), (sample) => {
        const rtt = new Rtt(DEFAULTS)
        rtt.sample(sample)
        const pauses = [1, 2, 3, 4, 5, 6, 7, 8].map((tries) => rtt.backoffMs(tries))
        expect(pauses).toEqual(pauses.map((_, index) => Math.min(rtt.ptoMs * 2 ** index, DEFAULTS.ptoMaxMs)))
      }),
    )
  })
})

describe('the difficulty of puzzles', () => {
  it('stays between its bounds and moves at most a step a second, whatever comes', () => {
    const config = { ...DEFAULTS, puzzleRiseExchangesPerSecond: 5, puzzleFallExchangesPerSecond: 1 }
    fc.assert(
      fc.property(fc.array(fc.nat(600), { maxLength: 200 }), (pauses) => {
        const difficulty = new Difficulty(config)
        const steps: number[] = []
        let [now, before] = [0, 0]
        for (const pause of pauses) {
          now += pause
          difficulty.note(now)
          const k = difficulty.at(now)
          expect(k).toBeGreaterThanOrEqual(config.puzzleDifficulty)
          expect(k).toBeLessThanOrEqual(config.puzzleDifficultyAskedMax)
          if (k > before) steps.push(now)
          before = k
        }
        for (const [index, at] of steps.slice(1).entries())
          expect(at - (steps[index] ?? 0)).toBeGreaterThanOrEqual(1_000)
        expect(difficulty.at(now + 60_000)).toBe(config.puzzleDifficulty)
      }),
    )
  })
})

describe('the outlet', () => {
  it('gives out in order what it took, and counts all that it did not take', () => {
    const config = { ...DEFAULTS, outboxPacketsMax: 5, eventsMax: 4, eventBytesMax: 100 }
    const step = fc.oneof(
      fc.record({ what: fc.constant('send'), size: fc.integer({ min: 40, max: 60 }) }),
      fc.record({ what: fc.constant('tell'), size: fc.nat(50) }),
      fc.record({ what: fc.constantFrom('packet', 'event'), size: fc.constant(0) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const outlet = new Outlet(config)
        const [packets, events]: [number[], number[]] = [[], []]
        let lost = 0
        for (const { what, size } of steps) {
          if (what === 'send') {
            outlet.send(new Uint8Array(size), place(1))
            if (packets.length < 5) packets.push(size + 4)
            else lost += 1
          } else if (what === 'tell') {
            const bytes = new Uint8Array(size)
            outlet.tell({ type: 'datagram', peer: identity(1).hit, port: 7, sourcePort: 7, bytes })
            if (events.length < 4 && events.reduce((sum, one) => sum + one, size) <= 100) events.push(size)
            else lost += 1
          } else if (what === 'packet') expect(outlet.packet()?.bytes.length).toBe(packets.shift())
          else {
            const event = outlet.event()
            expect(event?.type === 'datagram' ? event.bytes.length : undefined).toBe(events.shift())
          }
        }
        const { 'outbox-full': full = 0, 'events-full': unheard = 0 } = outlet.counters
        expect(full + unheard).toBe(lost)
      }),
      { numRuns: 50 },
    )
  })
})

describe('consumed solutions', () => {
  it('are never new again, and only the newest are answered, to the same I2 and after its pause', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(7), fc.boolean(), fc.nat(400)), { maxLength: 60 }), (steps) => {
        const cache = new AnswerCache(3, 300)
        const pairs: ConsumedPairs = new Map()
        const model = new Map<number, { sentAt: number }>()
        let now = 0
        for (const [n, other, pause] of steps) {
          now += pause
          const [j, i2] = [Uint8Array.of(n), Uint8Array.of(n, other ? 1 : 0)]
          const recalled = cache.recall(now, pairs, j, j, i2)
          const known = model.get(n)
          if (known === undefined) {
            expect(recalled).toBeUndefined()
            cache.consume(now, pairs, j, j, Uint8Array.of(n, 0), Uint8Array.of(n))
            model.set(n, { sentAt: now })
            continue
          }
          const newest = [...model.keys()].slice(-3).includes(n)
          const due = newest && !other && now - known.sentAt >= 300
          expect(recalled).toEqual(due ? { repeat: Uint8Array.of(n) } : 'consumed')
          if (due) known.sentAt = now
        }
        expect(pairs.size).toBe(model.size)
      }),
    )
  })
})

it('memory for packets is never handed out twice', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 40 }), (lengths) => {
      // What a packet gives back of its memory is the next one's.
      const cuts = lengths.map((length) => trimPacket(packetMemory(length + 20), length))
      for (const [index, cut] of cuts.entries()) {
        expect(cut.length).toBe(lengths[index])
        cut.fill(index + 1)
      }
      for (const [index, cut] of cuts.entries()) expect(cut.every((byte) => byte === ((index + 1) & 0xff))).toBe(true)
    }),
    { numRuns: 30 },
  )
})
