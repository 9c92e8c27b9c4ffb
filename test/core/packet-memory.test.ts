// Memory of packets: nothing is handed out twice, and a small packet keeps no long memory.

import { expect, it } from 'vitest'
import { packetMemory, trimPacket } from '../../src/core/sa/packet-memory.ts'

const LONG = 65_000

it('gives a small packet memory of its own size, and the long one that was taken for it to the next, all zero', () => {
  const first = packetMemory(LONG)
  first.fill(7, 0, 100)
  const small = trimPacket(first, 100)
  expect([...small]).toEqual(new Array(100).fill(7))
  expect(small.buffer).not.toBe(first.buffer)
  const next = packetMemory(LONG)
  expect(next).toBe(first)
  expect(next.every((byte) => byte === 0)).toBe(true)
  expect(packetMemory(LONG)).not.toBe(first)
})

it('lets packets that are long after all keep what they have', () => {
  const packet = packetMemory(LONG)
  const trimmed = trimPacket(packet, LONG - 1)
  expect(trimmed.buffer).toBe(packet.buffer)
  expect(packetMemory(LONG).buffer).not.toBe(packet.buffer)
})

it('gives what was not needed of a short packet to the one that follows, which lies right behind it', () => {
  const first = trimPacket(packetMemory(1_000), 10)
  const second = packetMemory(1_000)
  expect(second.buffer).toBe(first.buffer)
  expect(second.byteOffset).toBe(first.byteOffset + 10)
})
