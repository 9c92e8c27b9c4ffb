// Memory of packets: nothing is handed out twice before it has left, and a small packet keeps no long memory.

import { expect, it } from 'vitest'
import { DEFAULTS } from '../../src/core/config.ts'
import { burstMemory, packetLeft, packetMemory, trimBurst, trimPacket } from '../../src/core/sa/packet-memory.ts'
import { stage } from '../support/stage.ts'

const LONG = 65_000
const SHORT = 1_000
const PIECE = 65_536

it('gives a small packet memory of its own size, and the long one that was taken for it to the next', () => {
  const first = packetMemory(LONG)
  first.fill(7, 0, 100)
  const small = trimPacket(first, 100)
  expect([...small]).toEqual(new Array(100).fill(7))
  expect(small.buffer).not.toBe(first.buffer)
  const next = packetMemory(LONG)
  expect(next.buffer).toBe(first.buffer)
  expect(packetMemory(LONG).buffer).not.toBe(first.buffer)
})

it('lets packets that are long after all keep what they have', () => {
  const packet = packetMemory(LONG)
  const trimmed = trimPacket(packet, LONG - 1)
  expect(trimmed.buffer).toBe(packet.buffer)
  expect(packetMemory(LONG).buffer).not.toBe(packet.buffer)
})

it('gives what was not needed of a short packet to the one that follows, which lies right behind it', () => {
  const first = trimPacket(packetMemory(SHORT), 10)
  const second = packetMemory(SHORT)
  expect(second.buffer).toBe(first.buffer)
  expect(second.byteOffset).toBe(first.byteOffset + 10)
})

it('uses memory again when the last packet in it has left, and not before', () => {
  const packets: Uint8Array[] = [packetMemory(SHORT)]
  const { buffer } = packets[0] ?? new Uint8Array()
  for (let next = packetMemory(SHORT); next.buffer === buffer; next = packetMemory(SHORT)) packets.push(next)
  const [last, ...others] = packets.reverse()
  for (const packet of others) packetLeft(packet)
  expect(packetMemory(LONG).buffer).not.toBe(buffer)
  // Of packets that were cut from it by tests before this one nobody says that they have left.
  if (last !== undefined && packets.length === Math.floor(PIECE / SHORT)) {
    packetLeft(last)
    expect(packetMemory(LONG).buffer).toBe(buffer)
  }
})

it('gives a burst as many packets as leave together, and what it did not need to whoever comes next', () => {
  const whole = burstMemory(1_424, 64)
  expect(whole.length % 1_424).toBe(0)
  expect(whole.length).toBeLessThanOrEqual(65_507)
  const count = whole.length / 1_424
  const [first, rest] = [trimBurst(whole, 1_000, count - 1), packetMemory(SHORT)]
  expect([rest.buffer === first.buffer, rest.byteOffset]).toEqual([true, first.byteOffset + 1_000])
  packetLeft(rest)
  packetLeft(first)
  expect(() => packetLeft(packetMemory(SHORT), PIECE)).toThrow('a packet leaves once')
})

it('uses the memory of a burst again when all of it has left, in whatever pieces', () => {
  const buffers = new Set<ArrayBufferLike>()
  for (let turn = 0; turn < 1_000; turn++) {
    const whole = burstMemory(SHORT, 10)
    const count = whole.length / SHORT
    const burst = trimBurst(whole, whole.length - (count > 1 ? SHORT : 0), count > 1 ? 1 : 0)
    buffers.add(burst.buffer)
    if (turn % 2 === 0) packetLeft(burst, burst.length / SHORT)
    else for (let at = 0; at < burst.length; at += SHORT) packetLeft(burst.subarray(at, at + SHORT))
  }
  expect(buffers.size).toBeLessThanOrEqual(3)
})

it('makes no memory for packets that leave one after the other', () => {
  const buffers = new Set<ArrayBufferLike>()
  for (let turn = 0; turn < 1_000; turn++) {
    const packet = packetMemory(turn % 2 === 0 ? LONG : SHORT)
    buffers.add(packet.buffer)
    packetLeft(packet)
  }
  expect(buffers.size).toBeLessThanOrEqual(3)
})

it('holds that a packet leaves once, and knows nothing of memory that is not its own', () => {
  const packet = packetMemory(LONG)
  packetLeft(packet)
  expect(() => packetLeft(packet)).toThrow('leaves once')
  expect(() => packetLeft(new Uint8Array(10))).not.toThrow()
})

it('is clean where a packet has nothing to say: a keepalive shows nothing of what was there before', () => {
  const open = { open: (packet: Uint8Array) => packet.slice(16, -16) }
  const { a } = stage({ aead: { sealer: () => ({ seal: () => undefined }), opener: () => open } })
  const used = packetMemory(PIECE)
  used.fill(0xaa)
  packetLeft(used)
  // What is begun next is that piece.
  let cut = packetMemory(SHORT)
  for (const { buffer } = cut; cut.buffer === buffer; ) cut = packetMemory(SHORT)
  expect(cut[0]).toBe(0xaa)
  let dummy: Uint8Array | undefined
  for (let now = a.engine.deadline; dummy === undefined && now < 60_000; now = a.engine.deadline) {
    a.engine.expire(now)
    dummy = a.engine.transmit(now)?.bytes
  }
  const payload = dummy?.subarray(16, 16 + DEFAULTS.dummyBytes)
  expect([...(payload ?? [])]).toEqual(new Array(DEFAULTS.dummyBytes).fill(0))
})
