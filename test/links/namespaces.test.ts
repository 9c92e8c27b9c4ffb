// Real links between network namespaces, which only root can make: where it cannot be, this fails and says so. How long packets of streams
// become on them, and addresses that mean something on one link alone.

import { afterEach, expect, it } from 'vitest'
import { type Side, Veth } from '../../bench/veth.ts'
import { Child } from '../support/children.ts'

const MEGABYTES_16 = 16_000_000
const open: { stop(): Promise<void> | void }[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop()
})

function link(mtu: number): readonly [Side, Side] {
  const made = Veth.make(mtu)
  if (typeof made === 'string') throw new Error(`no link for this test: ${made}`)
  open.push({ stop: () => made.remove() })
  return made.sides
}

interface Sent {
  readonly bytes: number
  /** Bytes of UDP payload. */
  readonly longest: number
}

/** Sends between the two ends of a link, bound to those addresses, by one provider. */
async function carry(sides: readonly [Side, Side], bind: (side: Side) => string, accelerated: boolean): Promise<Sent> {
  const env: Readonly<Record<string, string>> = { SOJOURN_PORTABLE: accelerated ? '0' : '1' }
  const [from, to] = sides.map((side) => {
    const child = new Child('link-child', [bind(side)], [], { env, namespace: side.namespace })
    open.push({ stop: () => child.kill() })
    return child
  }) as [Child, Child]
  const said = await Promise.all([from.said(1), to.said(1)])
  expect(said.map((one) => one?.accelerated)).toEqual([accelerated, accelerated])
  from.tell(`${said[1]?.peer} ${MEGABYTES_16}\n`)
  const arrived = await to.said(2)
  expect(await from.said(2)).toEqual({ sent: MEGABYTES_16 })
  return { bytes: Number(arrived?.bytes), longest: Number(arrived?.longest) }
}

const address = (side: Side): string => side.address
const zoned = (side: Side): string => `${side.linkLocal}%${side.zone}`

it.each([
  ['accelerated', 1_500, 'IPv4', 1_472],
  ['portable', 1_500, 'IPv4', 1_472],
  ['accelerated', 1_400, 'IPv4', 1_372],
  // Its headers are 20 bytes longer.
  ['accelerated', 1_500, 'link-local IPv6', 1_452],
  ['portable', 1_500, 'link-local IPv6', 1_452],
])('%s ports on a link of MTU %i find the longest packet by %s', async (by, mtu, family, longest) => {
  const bind = family === 'IPv4' ? address : zoned
  const { bytes, longest: found } = await carry(link(mtu), bind, by === 'accelerated')
  expect(bytes).toBe(MEGABYTES_16)
  // A gap that is not tried out to its end is less than a step.
  expect(found).toBeLessThanOrEqual(longest)
  expect(found).toBeGreaterThan(longest - 16)
})
