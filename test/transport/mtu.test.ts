// Path MTU discovery against paths that carry so much and no more.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Mtu } from '../../src/core/transport/recovery/mtu.ts'
import { RECOVERY_DEFAULTS } from '../../src/core/transport/recovery-config.ts'
import { Sender } from '../support/recovery-sender.ts'

/** The search begins at once. */
const config = { ...RECOVERY_DEFAULTS, mtuFilledPackets: 0 }
const BASE = config.mtuBaseBytes

/** Searches on a path that carries `carries` bytes until nothing is left to try; the probes that went. */
function search(mtu: Mtu, carries: number, now = 0): number[] {
  const probes: number[] = []
  for (let probe = mtu.probe(now); probe !== undefined; probe = mtu.probe(now)) {
    expect(probe).toBeGreaterThan(mtu.current)
    probes.push(probe)
    mtu.sent()
    expect(mtu.probe(now)).toBeUndefined()
    if (probe <= carries) mtu.acked(now, probe, true)
    else mtu.probeLost(now, probe)
  }
  return probes
}

describe('the search', () => {
  it('starts at what every path carries', () => {
    expect(new Mtu(config).current).toBe(BASE)
    expect(new Mtu(config, 100).current).toBe(BASE)
    expect(search(new Mtu(config, 100), 5_000)).toEqual([])
  })

  it.each<[what: string, limit: number, carries: number, found: number]>([
    ['Ethernet under IPv6', 1_472, 1_452, 1_452],
    ['Ethernet under IPv4', 1_472, 1_472, 1_472],
    ['a path of unknown kind, though it carries more', 1_472, 9_000, 1_472],
    ['jumbo frames that are asked for', 9_000, 8_972, 8_972],
    ['loopback', 65_507, 65_507, 65_507],
    ['nothing above the base', 1_472, 1_200, 1_200],
  ])('finds %s', (_what, limit, carries, found) => {
    const mtu = new Mtu(config, limit)
    search(mtu, carries)
    expect(mtu.current).toBe(found)
  })

  it('comes within 16 bytes of any path below Ethernet, with few probes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_200, max: 1_452 }), (carries) => {
        const mtu = new Mtu(config)
        const probes = search(mtu, carries)
        expect(mtu.current).toBeLessThanOrEqual(carries)
        expect(carries - mtu.current).toBeLessThan(config.mtuStepBytes)
        expect(probes.length).toBeLessThanOrEqual(3 * 6)
      }),
    )
  })

  it('gives up a size after three probes, and tries it again after ten minutes', () => {
    const mtu = new Mtu(config)
    expect(search(mtu, 1_452)).toEqual([1_452, 1_472, 1_472, 1_472])
    expect(mtu.deadline).toBe(config.mtuRaiseMs)
    expect(mtu.probe(config.mtuRaiseMs - 1)).toBeUndefined()
    expect(search(mtu, 1_472, config.mtuRaiseMs)).toEqual([1_472])
    expect(mtu.current).toBe(1_472)
    expect(mtu.deadline).toBe(Infinity)
  })

  it('tries a limit below Ethernet first, and bisects only if the path does not carry it', () => {
    expect(search(new Mtu(config, 1_400), 9_000)).toEqual([1_400])
    expect(search(new Mtu(config, 1_400), 1_350).slice(0, 4)).toEqual([1_400, 1_400, 1_400, 1_300])
  })

  it('does not count the probes of one size against another', () => {
    const mtu = new Mtu(config)
    for (const lost of [true, true, false]) {
      const probe = mtu.probe(0) ?? 0
      mtu.sent()
      if (lost) mtu.probeLost(0, probe)
      else mtu.acked(0, probe, true)
    }
    expect(mtu.current).toBe(1_452)
    expect(search(mtu, 1_452)).toHaveLength(3)
  })

  it('starts afresh on another path, with the limit of that path', () => {
    const mtu = new Mtu(config, 65_507)
    search(mtu, 65_507)
    mtu.restart()
    expect(mtu.current).toBe(BASE)
    search(mtu, 65_507)
    expect(mtu.current).toBe(config.mtuBytesMax)
    mtu.sent()
    mtu.restart()
    expect(mtu.probe(0)).toBe(1_452)
  })
})

describe('the beginning of a search', () => {
  it('comes when eight packets were full and more was to be sent, on each path anew', () => {
    const mtu = new Mtu(RECOVERY_DEFAULTS)
    for (let path = 0; path < 2; path++) {
      for (let n = 0; n < RECOVERY_DEFAULTS.mtuFilledPackets; n++) {
        expect(search(mtu, 1_472)).toEqual([])
        mtu.filled()
      }
      expect(search(mtu, 1_472)).toEqual([1_452, 1_472])
      mtu.restart()
    }
  })

  it('never comes for those who send little at a time, however long they do', () => {
    const sender = new Sender()
    for (let n = 1; n <= 100; n++) {
      sender.send(10 * n, { bytes: 100, appLimited: true })
      sender.ack(10 * n + 5, [[n, n]])
      expect(sender.recovery.mtu.probe(10 * n + 5)).toBeUndefined()
    }
  })
})

describe('a black hole', () => {
  function found(): Mtu {
    const mtu = new Mtu(config)
    search(mtu, 1_472)
    return mtu
  }

  it('is one after three round trips of large packets lost, and then the base is used', () => {
    const mtu = found()
    expect(mtu.lost(0, 1_472, 10, 20)).toBe(false)
    expect(mtu.lost(0, 1_472, 15, 25)).toBe(false)
    expect(mtu.lost(0, 1_472, 21, 30)).toBe(false)
    expect(mtu.lost(0, 1_472, 31, 40)).toBe(true)
    expect(mtu.current).toBe(BASE)
  })

  it('is none while large packets arrive between, or only small ones are lost', () => {
    const mtu = found()
    for (let order = 1; order < 1_000; order += 10) {
      expect(mtu.lost(0, 1_472, order, order)).toBe(false)
      mtu.acked(0, 1_472, false)
      expect(mtu.lost(0, BASE, order + 1, order + 1)).toBe(false)
    }
    expect(mtu.current).toBe(1_472)
  })

  it('is not denied by small packets that arrive', () => {
    const mtu = found()
    const verdicts = [1, 2, 3].map((order) => {
      mtu.acked(0, 200, false)
      return mtu.lost(0, 1_472, order, order)
    })
    expect(verdicts).toEqual([false, false, true])
  })

  it('is one after six time-outs in a row too, but not where packets are small anyway', () => {
    const mtu = found()
    expect(mtu.silent(0, 5)).toBe(false)
    expect(mtu.silent(0, 6)).toBe(true)
    expect(mtu.silent(0, 7)).toBe(false)
  })

  it('is searched at once for what is still carried, and for more only after ten minutes', () => {
    const mtu = found()
    mtu.silent(0, 6)
    search(mtu, 1_300)
    expect(mtu.current).toBeGreaterThan(1_300 - config.mtuStepBytes)
    expect(mtu.deadline).toBe(config.mtuRaiseMs)
    search(mtu, 1_472, config.mtuRaiseMs)
    expect(mtu.current).toBe(1_472)
  })
})

it('is at rest when what it asked for came out a few bytes shorter, as ESP pads it', () => {
  const mtu = new Mtu(config, 65_507)
  for (let probe = mtu.probe(0), tries = 0; probe !== undefined && tries < 20; probe = mtu.probe(0), tries++) {
    mtu.sent()
    mtu.acked(0, probe - (probe % 16), true)
  }
  expect(mtu.current).toBe(65_504)
  expect(mtu.probe(0)).toBeUndefined()
})

it('never uses more than it was told may be carried, nor less than the base, whatever happens', () => {
  const step = fc.record({
    what: fc.constantFrom('probe', 'acked', 'probeLost', 'lost', 'silent', 'restart'),
    n: fc.nat(2_000),
    wait: fc.nat(400_000),
  })
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 100, size: 'max' }),
      fc.integer({ min: 1_200, max: 10_000 }),
      (steps, limit) => {
        const mtu = new Mtu(config, limit)
        let [now, order] = [0, 0]
        let out: number | undefined
        for (const { what, n, wait } of steps) {
          now += wait
          order += n
          mtu.expire(now)
          const probe = out
          if (what === 'probe') {
            const size = mtu.probe(now)
            if (size !== undefined) {
              expect(size).toBeLessThanOrEqual(limit)
              mtu.sent()
              out = size
            }
          } else if (what === 'acked' && probe !== undefined) {
            mtu.acked(now, probe, true)
            out = undefined
          } else if (what === 'probeLost' && probe !== undefined) {
            mtu.probeLost(now, probe)
            out = undefined
          } else if (what === 'lost') mtu.lost(now, mtu.current, order, order + n)
          else if (what === 'silent') mtu.silent(now, n % 8)
          else if (what === 'restart') {
            mtu.restart(limit)
            out = undefined
          }
          expect(mtu.current).toBeGreaterThanOrEqual(BASE)
          expect(mtu.current).toBeLessThanOrEqual(limit)
          expect(mtu.deadline).toBeGreaterThanOrEqual(now)
        }
      },
    ),
  )
})
