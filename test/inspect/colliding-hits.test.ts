// Two keys with one HIT in one capture: each packet is judged by the key that signed it, and no key opens what is the other's.

import { expect, it, vi } from 'vitest'
import { Engine } from '../../src/core/engine.ts'
import type { Identity } from '../../src/crypto/identity.ts'
import { readCapture } from '../../src/inspect/capture.ts'
import { carriedBy } from '../../src/inspect/carried.ts'
import { inspect } from '../../src/inspect/inspect.ts'
import { readKeyLog } from '../../src/inspect/key-log.ts'
import { keyLogLine } from '../../src/node/observe.ts'
import { collidingIdentities } from '../support/colliding.ts'
import { actor, End, place, send, Wire } from '../support/pair.ts'
import { pcapOf, type Seen } from '../support/pcap.ts'

vi.mock('../../src/crypto/hit.ts', async (original) => {
  const { cutTo12Bits } = await import('../support/short-hits.ts')
  return cutTo12Bits(await original<typeof import('../../src/crypto/hit.ts')>())
})

/** What one of the two and X have to say to each other, and the keys. */
function played(
  identity: Identity,
  last: number,
): { readonly seen: readonly Seen[]; readonly keys: readonly string[] } {
  const keys: string[] = []
  const wire = new Wire()
  const keylog = (entry: Parameters<typeof keyLogLine>[0]): number => keys.push(keyLogLine(entry))
  const [x, other] = [actor(61), actor(60 + last, true, identity)].map((who, index) => {
    const at = place(index === 0 ? 1 : last)
    const { entropy } = who
    const options = { identity: who.identity, start: who.start(1), entropy, locators: [at], now: 0, keylog }
    return wire.add(new End(new Engine(options), at))
  })
  if (x === undefined || other === undefined) throw new Error('two ends')
  for (const end of [x, other]) end.engine.bind(7)
  other.engine.associate(0, { hit: x.engine.hit, locators: [x.at] })
  wire.run(200)
  send(wire, other, x, 'hello')
  wire.run(100)
  other.engine.rekey(wire.now, x.engine.hit)
  wire.run(500)
  other.engine.close(wire.now, x.engine.hit)
  wire.run(500)
  return {
    seen: wire.sent.map(({ at, from, to, bytes }) => ({ at, source: from, destination: to, payload: bytes })),
    keys,
  }
}

it('two keys with one HIT are told apart in one capture, whoever was seen first', () => {
  const [one, two] = collidingIdentities()
  const [first, second] = [played(one, 2), played(two, 3)]
  for (const order of [
    [first, second],
    [second, first],
  ]) {
    const carried = carriedBy(readCapture(pcapOf(order.flatMap(({ seen }) => seen))).frames)
    const log = readKeyLog(order.flatMap(({ keys }) => keys).join('\n'))
    if ('fault' in log) throw new Error(log.fault)
    const findings = [...inspect([...carried], log)]
    expect(findings.flatMap(({ errors }) => errors)).toEqual([])
    const checks = findings.flatMap((finding) => Object.values(finding.checks))
    expect(checks.every((passed) => passed)).toBe(true)
    expect(findings.filter(({ checks: { signature } }) => signature === true).length).toBeGreaterThan(10)
    // A word of either, and the dummy that says that it came.
    expect(findings.filter(({ checks: { icv } }) => icv === true).length).toBe(4)
  }
})
