// The budgets of prefixes: whom they tell apart, that nobody can aim at them, and that they never grow.

import { describe, expect, it } from 'vitest'
import { encodeI1 } from '../../src/core/association/initiator.ts'
import { R1Pool } from '../../src/core/association/r1-pool.ts'
import { Budgets } from '../../src/core/budgets.ts'
import { DEFAULTS } from '../../src/core/config.ts'
import { NETWORK, PrefixBuckets } from '../../src/core/prefix-buckets.ts'
import { seeded } from '../support/actors.ts'
import { end, read } from '../support/exchange.ts'
import { labelOf, place, sentBy, stage, those } from '../support/stage.ts'

const from = (address: string) => ({ address, port: 10_500 })

function buckets({ slots = 4_096, perSecond = 1_000, burst = 5 } = {}, seed = 1): PrefixBuckets {
  return new PrefixBuckets({ unit: NETWORK, slots, perSecond, burst }, seeded(seed))
}

function taken(budget: PrefixBuckets, now: number, address: string): number {
  let count = 0
  while (budget.take(now, from(address))) count += 1
  return count
}

/** Two addresses that share a bucket of `budget`, whose prefixes differ. */
function colliding(budget: PrefixBuckets, among: readonly string[]): string[] {
  const [first = '', ...others] = among
  taken(budget, 0, first)
  return others.filter((address) => !budget.take(0, from(address)))
}

describe('the budget of a prefix', () => {
  it('gives its burst, then as many as come back, and never more than its burst at once', () => {
    const budget = buckets()
    expect([0, 0, 1, 3, 1_000_000].map((now) => taken(budget, now, '192.0.2.1'))).toEqual([5, 0, 1, 2, 5])
  })

  it('gains nothing from a clock that stands still or goes back', () => {
    const budget = buckets({ burst: 1 })
    const take = (now: number) => budget.take(now, from('192.0.2.1'))
    expect([10, 10, 5, 10, 11].map(take)).toEqual([true, false, false, false, true])
  })

  it.each([
    ['192.0.2.1', '192.0.2.254', '192.0.3.1'],
    ['2001:db8:0:100::1', '2001:db8:0:1ff:ffff::', '2001:db8:0:200::1'],
  ])('of %s is that of %s, and not that of %s', (one, same, other) => {
    const budget = buckets()
    taken(budget, 0, one)
    expect([taken(budget, 0, same), taken(budget, 0, other)]).toEqual([0, 5])
  })

  it('is shared with other prefixes that nobody without the secret can choose', () => {
    const addresses = Array.from({ length: 2_000 }, (_, n) => `10.${n >> 8}.${n & 255}.1`)
    const shared = [1, 2].map((seed) => colliding(buckets({ slots: 64, burst: 1_000 }, seed), addresses))
    for (const addresses of shared) expect(addresses.length).toBeGreaterThan(10)
    expect(shared[0]).not.toEqual(shared[1])
  })

  it('takes the same memory after 100,000 spoofed sources as before the first', () => {
    const responder = end(2)
    const pool = new R1Pool(responder)
    const budgets = new Budgets(DEFAULTS, seeded(1))
    const i1 = read('I1', encodeI1(end(1), responder.hitBytes))
    const sizes = () => [pool.prefixBytes, budgets.prefixBytes, pool.consumedPairs]
    const before = sizes()
    for (let n = 0; n < 100_000; n++) {
      const source = from(`${1 + (n % 126)}.${(n >> 8) & 255}.${n & 255}.7`)
      pool.answer(n / 100, i1, source)
      budgets.stranger(n / 100, source)
    }
    expect(before).toEqual([98_304, 2_048, 0])
    expect(sizes()).toEqual(before)
  })
})

describe('the budget of strangers', () => {
  it('is three signed words in one second, if that is the limit', () => {
    const cast = stage()
    const i1 = those(cast, 'I1')[0]
    const nobody = stage({ associate: false, seeds: [31, 32] })
    if (i1 === undefined) throw new Error('no I1')
    for (let n = 0; n < 10; n++) nobody.wire.inject({ ...i1, from: place(9), to: nobody.b.at })
    expect(sentBy(nobody, nobody.b).map(({ bytes }) => labelOf(bytes))).toEqual(['NOTIFY', 'NOTIFY', 'NOTIFY'])
  })

  it('is that of one host, and neighbours have their own', () => {
    const budgets = new Budgets({ ...DEFAULTS, strangerNotifiesPerSecond: 1 }, seeded(1))
    const ask = (address: string) => budgets.stranger(0, from(address))
    expect(['192.0.2.1', '192.0.2.1', '192.0.2.2'].map(ask)).toEqual([true, false, true])
    expect(['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1'].map(ask)).toEqual([true, false, true])
  })

  it('is shared by all when there is one slot', () => {
    const budgets = new Budgets({ ...DEFAULTS, strangerSlots: 1, strangerNotifiesPerSecond: 2 }, seeded(1))
    const asked = ['10.0.1.1', '10.0.2.1', '2001:db8::1'].map((address) => budgets.stranger(0, from(address)))
    expect(asked).toEqual([true, true, false])
  })
})
