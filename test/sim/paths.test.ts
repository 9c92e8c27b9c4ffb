// Processes on two addresses, and ports that are dead: the world does that harm, and they live through it as on real sockets.

import { describe, expect, it } from 'vitest'
import { type Process, World } from '../../src/sim.ts'

/** Two processes with an association that have told each other all their addresses. */
function acquainted(homes: number, seed = 11): { world: World; a: Process; b: Process } {
  const world = new World({ seed })
  const [a, b] = [world.process('a', { homes }), world.process('b', { homes })]
  a.associate(b)
  world.run(3_000)
  expect([a.with(b)?.state, b.with(a)?.state]).toEqual(['established', 'established'])
  return { world, a, b }
}

function hears(world: World, from: Process, to: Process, ms = 500): boolean {
  const { id } = from.send(to)
  world.run(ms)
  return to.has(id)
}

describe('a process on two addresses', () => {
  it('is gone on with at the other one when one is dead, and back at the first when that has been mended', () => {
    const { world, a, b } = acquainted(2)
    const [first, second] = b.host.addresses
    if (first === undefined || second === undefined) throw new Error('two')
    expect(a.with(b)?.locator?.address).toBe(first)
    world.network.block(first)
    expect(hears(world, a, b)).toBe(false)
    expect(hears(world, a, b)).toBe(true)
    expect(a.with(b)?.path).toMatchObject({ why: 'failover', remote: { address: second } })
    expect(world.tally.events.failover).toBeGreaterThan(0)
    world.network.mend(first)
    world.run(40_000)
    expect(hears(world, a, b)).toBe(true)
    expect(world.violations).toEqual([])
  })

  it('moves with its association, and is on two addresses again', () => {
    const { world, a, b } = acquainted(2)
    world.thaw(b, world.freeze(b), world.host('elsewhere'))
    world.run(3_000)
    expect(hears(world, a, b)).toBe(true)
    expect(a.with(b)?.path?.alternatives.map(({ remote }) => remote.address)).toEqual(
      expect.arrayContaining([b.host.addresses[1]]),
    )
    expect(world.violations).toEqual([])
  })
})

describe('a process whose port is dead', () => {
  it('opens a fresh one when it hears nobody, goes on from there, and is heard at the old one if that lives again', () => {
    const { world, a, b } = acquainted(1)
    const before = b.locator
    world.network.block(before)
    b.send(a)
    world.run(6_000)
    expect(b.locator).not.toEqual(before)
    expect(b.told('silent').length).toBe(1)
    expect([hears(world, a, b), hears(world, b, a)]).toEqual([true, true])
    expect(a.with(b)?.locator).toEqual(b.locator)
    world.network.mend(before)
    const c = world.process('c')
    c.associate(b, [before])
    world.run(1_000)
    expect(c.with(b)?.state).toBe('established')
    expect(world.violations).toEqual([])
  })
})
