// A Diffie–Hellman key that was drawn before there was anything to exchange: it serves one move (MOVING §5), and no other group.

import { expect, test } from 'vitest'
import { Engine } from '../../src/core/engine.ts'
import { DH_P256, DH_P384, type DhKey, generateDh } from '../../src/crypto/dh.ts'
import { End, freeze, hip, pair, place } from '../support/pair.ts'

/** Thaws one of a pair with this key, and says which values its P1 and its next rekey have. */
function thawnWith(dh: DhKey | undefined): {
  readonly p1: Uint8Array | undefined
  readonly u1: Uint8Array | undefined
} {
  const { wire, alice, a, b } = pair()
  const state = freeze(wire, a)
  const { identity, entropy } = alice
  const at = place(3)
  const engine = Engine.thaw({ identity, start: alice.start(2), entropy, locators: [at], now: wire.now, dh }, state)
  const next = (): Uint8Array | undefined => {
    const { bytes } = engine.transmit(wire.now) ?? {}
    const message = bytes && hip(bytes)
    if (bytes !== undefined) b.engine.receive(wire.now, bytes, at)
    return message?.kind === 'UPDATE' ? message.dh?.publicValue : undefined
  }
  const p1 = next()
  wire.add(new End(engine, at))
  wire.run(1_000)
  expect(engine.rekey(wire.now, b.engine.hit)).toBe(true)
  return { p1, u1: next() }
}

test('it is in the P1 of a thaw, and in nothing after that', () => {
  const dh = generateDh(DH_P256, (bytes) => new Uint8Array(bytes).fill(7))
  const { p1, u1 } = thawnWith(dh)
  expect(p1).toEqual(dh?.publicValue)
  expect(u1).toHaveLength(64)
  expect(u1).not.toEqual(p1)
})

test('one of another group than the association has is not used', () => {
  const { p1 } = thawnWith(generateDh(DH_P384, (bytes) => new Uint8Array(bytes).fill(7)))
  expect(p1).toHaveLength(64)
})
