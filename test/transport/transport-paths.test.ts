// One transport by itself: what a change of path, of keys or of the peer's start does to what it has sent.

import { describe, expect, it } from 'vitest'
import { DEFAULTS } from '../../src/core/config.ts'
import { Transport } from '../../src/core/transport/transport.ts'
import type { AckFrame } from '../../src/wire/frame.ts'
import { FrameWriter } from '../../src/wire/frame-writer.ts'
import { seeded } from '../support/actors.ts'
import { noise } from '../support/stream-app.ts'

const SPI = 0x1000
const LIMIT = 1_472
const WINDOW = 12_000

/** A transport that has written so much, and what it has sent under which SPI. */
class Sender {
  readonly transport = new Transport({ config: DEFAULTS, entropy: seeded(3), even: true, mtuLimit: LIMIT })
  readonly id: number
  spi = SPI
  number = 0

  constructor(bytes: number) {
    const id = this.transport.streams.open(9, 0)
    if (id === 'limit') throw new Error(id)
    this.id = id
    this.transport.streams.write(id, noise(bytes))
  }

  /** Lets everything leave that may, and says how many bytes that were. */
  send(now: number): number {
    let sum = 0
    for (let plan = this.transport.plan(now); plan !== undefined; plan = this.transport.plan(now)) {
      const writer = new FrameWriter(new Uint8Array(plan.bytes))
      const draft = this.transport.write(now, plan, writer)
      if (writer.length === 0) break
      this.number += 1
      this.transport.sent(now, this.spi, this.number, writer.length, draft)
      sum += writer.length
    }
    return sum
  }

  /** The peer acknowledges `first` to `last` of an SA. */
  hear(now: number, first: number, last: number, spi = this.spi): void {
    const ack: AckFrame = { kind: 'ack', spi, delayMs: 0, ranges: [{ start: first, end: last + 1 }] }
    const writer = new FrameWriter(new Uint8Array(100))
    writer.write(ack)
    this.transport.receive(now, 0x2000, Math.floor(now * 1_000) + 1, writer.written)
  }
}

/** A sender whose window has grown and whose round trip is known. */
function warm(): Sender {
  const sender = new Sender(1_000_000)
  // The peer has said what it allows, and that the stream is open.
  for (let round = 0; round < 6; round++) {
    const first = sender.number + 1
    for (let ms = 0; ms < 40; ms += 2) sender.send(round * 50 + ms)
    if (sender.number >= first) sender.hear(round * 50 + 50, first, sender.number)
  }
  return sender
}

describe('another path', () => {
  it('to another port of the same address keeps window, round trip and packet size', () => {
    const { transport } = warm()
    const { windowBytes, bytesInFlight } = transport.recovery
    const before = [windowBytes, bytesInFlight, transport.recovery.rtt.smoothedMs, transport.recovery.packetBytes]
    transport.pathChanged('port', LIMIT)
    const { recovery } = transport
    expect([recovery.windowBytes, recovery.bytesInFlight, recovery.rtt.smoothedMs, recovery.packetBytes]).toEqual(
      before,
    )
    expect(recovery.windowBytes).toBeGreaterThan(WINDOW)
  })

  it('to another address starts with an initial window, no round trip and the smallest packets', () => {
    const { transport } = warm()
    transport.pathChanged('address', LIMIT)
    const { recovery } = transport
    expect(recovery.windowBytes).toBe(WINDOW)
    expect(recovery.rtt.latestMs).toBeUndefined()
    expect(recovery.packetBytes).toBe(1_200)
  })
})

describe('a peer that goes on elsewhere', () => {
  it('gets everything again that it has not acknowledged, and its old numbers mean nothing', () => {
    const sender = new Sender(6_000)
    expect(sender.send(0)).toBeGreaterThan(6_000)
    expect(sender.transport.streams.wantsToSend).toBe(false)
    const last = sender.number
    sender.transport.rebound(LIMIT)
    sender.spi = SPI + 1
    sender.number = 0
    // From an old packet of before: taken for nothing, and for no lie.
    sender.hear(10, 1, last, SPI)
    expect(sender.transport.closing).toBeUndefined()
    expect(sender.send(10)).toBeGreaterThan(6_000)
  })
})

describe('other keys on the SPI of before', () => {
  it('begin to count again, and what the old ones carried goes out again', () => {
    const sender = new Sender(3_000)
    sender.send(0)
    sender.number = 0
    sender.transport.passed(5, SPI, 1, 100)
    expect(sender.transport.streams.wantsToSend).toBe(true)
    sender.number = 1
    expect(sender.send(5)).toBeGreaterThan(3_000)
  })
})

describe('what closes a transport', () => {
  it.each<[what: string, act: (sender: Sender) => void, code: number]>([
    ['an acknowledgement of what was never sealed', (sender) => sender.hear(9, 1, 1_000), 0xa],
    [
      'an acknowledgement of a number that was left out',
      (sender) => {
        sender.transport.skipped(SPI, sender.number + 1)
        sender.hear(9, 1, sender.number + 1)
      },
      0xa,
    ],
    ['a packet of nothing', (sender) => sender.transport.receive(9, 1, 1, new Uint8Array(0)), 0x7],
  ])('is %s: one last word, and then silence', (_, act, code) => {
    const sender = new Sender(100)
    sender.send(0)
    act(sender)
    expect(sender.transport.closing).toEqual({ code, byPeer: false })
    expect(sender.transport.plan(10)).toMatchObject({ kind: 'close' })
    expect(sender.transport.deadlineAfter(10)).toBe(Infinity)
  })

  it('is the peer’s last word, which is not answered', () => {
    const sender = new Sender(100)
    const writer = new FrameWriter(new Uint8Array(9))
    writer.write({ kind: 'close-transport', code: 3 })
    sender.transport.receive(0, 1, 1, writer.written)
    expect(sender.transport.closing).toEqual({ code: 3, byPeer: true })
    expect(sender.transport.plan(0)).toBeUndefined()
  })
})
