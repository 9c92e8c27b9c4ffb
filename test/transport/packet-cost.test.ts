// What a packet of a bulk transfer costs the two engines, counted and never timed: AEAD calls, packets that only acknowledge, places in
// memory, bytes of heap. The rest of the way, the system calls, is counted in test/node/accelerated.

import { describe, expect, it } from 'vitest'
import { eachOf } from '../../src/core/machine.ts'
import { packetLeft } from '../../src/core/sa/packet-memory.ts'
import type { AeadProvider } from '../../src/crypto/aead.ts'
import { stage } from '../support/stage.ts'

const PORT = 9
const TURN = 64
const CHUNK = new Uint8Array(65_536)

/** Seals and opens nothing, so that what is counted is ours. */
class Counting implements AeadProvider {
  seals = 0
  opens = 0

  sealer() {
    return { seal: () => void this.seals++ }
  }

  opener() {
    return {
      open: (packet: Uint8Array) => {
        this.opens++
        return packet.subarray(16, packet.length - 16)
      },
    }
  }
}

/** One stream that always has something to send, to somebody who reads at once. */
class Bulk {
  readonly aead = new Counting()
  readonly #cast = stage({ aead: this.aead })
  readonly #id: number
  #now = this.#cast.wire.now
  #read = 0
  /** Pieces of memory in which packets have left. */
  pieces = 0

  constructor() {
    const { a, b } = this.#cast
    b.engine.listen(PORT)
    const id = a.engine.openStream(this.#now, b.engine.hit, PORT)
    if (typeof id !== 'number') throw new Error(`no stream: ${id}`)
    this.#id = id
  }

  get read(): number {
    return this.#read
  }

  /** A burst of the sender, which comes in batches of so many; between them the receiver reads and answers. */
  turn(batch: number, together = 1): readonly Uint8Array[] {
    const { a, b } = this.#cast
    this.#now += 0.5
    a.engine.expire(this.#now)
    b.engine.expire(this.#now)
    while (a.engine.writeStream(this.#now, b.engine.hit, this.#id, CHUNK) === 'taken');
    while (a.engine.event() !== undefined);
    const burst: Uint8Array[] = []
    while (burst.length < TURN) {
      const out = a.engine.transmit(this.#now, Math.min(together, TURN - burst.length))
      if (out === undefined) break
      if (out.each === undefined) burst.push(out.bytes)
      else burst.push(...eachOf(out))
      this.pieces += 1
    }
    for (const [index, bytes] of burst.entries()) {
      b.engine.receive(this.#now, bytes, a.at)
      if ((index + 1) % batch === 0 || index === burst.length - 1) this.#answer()
    }
    return burst
  }

  #answer(): void {
    const { a, b } = this.#cast
    for (let event = b.engine.event(); event !== undefined; event = b.engine.event()) {
      if (event.type !== 'stream-data') continue
      this.#read += event.bytes.length
      b.engine.consumed(this.#now, a.engine.hit, event.id, event.bytes.length)
    }
    for (let out = b.engine.transmit(this.#now); out !== undefined; out = b.engine.transmit(this.#now)) {
      a.engine.receive(this.#now, out.bytes, b.at)
      packetLeft(out.bytes)
    }
  }
}

/** A transfer whose window is wide open. */
function underWay(batch = TURN): Bulk {
  const bulk = new Bulk()
  for (let turns = 0; turns < 60; turns++) bulk.turn(batch)
  return bulk
}

/** What a thousand packets of it cost. */
function thousand(bulk: Bulk, batch: number) {
  const { aead } = bulk
  const before = { seals: aead.seals, opens: aead.opens, read: bulk.read }
  let packets = 0
  while (packets < 1_000) packets += bulk.turn(batch).length
  const back = aead.seals - before.seals - packets
  return { packets, back, opens: aead.opens - before.opens, bytes: bulk.read - before.read }
}

describe('a thousand packets of a stream', () => {
  it('are sealed once and opened once, and answered once for each burst that comes together', () => {
    const { packets, back, opens, bytes } = thousand(underWay(), TURN)
    expect(opens).toBe(packets + back)
    expect(back).toBeLessThanOrEqual(Math.ceil(packets / TURN) + 4)
    expect(bytes).toBeGreaterThan(0.95 * packets * 1_400)
  })

  it('are answered by every tenth where they come one by one', () => {
    const { packets, back } = thousand(underWay(1), 1)
    expect(back).toBeLessThanOrEqual(packets / 10 + 10)
  })

  it('lie end to end in memory, a piece of 64 kB at a time, and are all of one size', () => {
    const bulk = underWay()
    const packets: Uint8Array[] = []
    while (packets.length < 1_000) packets.push(...bulk.turn(TURN))
    expect(new Set(packets.map(({ length }) => length)).size).toBe(1)
    const apart = packets.filter((packet, index) => {
      const before = packets[index - 1]
      return before?.buffer !== packet.buffer || before.byteOffset + before.length !== packet.byteOffset
    })
    // Acknowledgements of the other end, which shares this memory here, lie between bursts.
    expect(apart.length).toBeLessThan(2 * Math.ceil((packets.length * 1_472) / 65_536) + 4)
  })

  it('leave in as few pieces as they have memory, where whoever sends them takes several at once', () => {
    const bulk = underWay()
    const [before, read] = [bulk.pieces, bulk.read]
    const packets: Uint8Array[] = []
    while (packets.length < 1_000) packets.push(...bulk.turn(TURN, TURN))
    expect(new Set(packets.map(({ length }) => length)).size).toBe(1)
    expect(bulk.pieces - before).toBeLessThan(3 * Math.ceil((packets.length * 1_472) / 65_536))
    expect(bulk.read - read).toBeGreaterThan(0.95 * packets.length * 1_400)
  })

  it('take no more than a few pieces of memory, all of them together, if it is said that they have left', () => {
    const bulk = underWay()
    const pieces = new Set<ArrayBufferLike>()
    for (let packets = 0; packets < 1_000; ) {
      const burst = bulk.turn(TURN)
      packets += burst.length
      for (const packet of burst) {
        pieces.add(packet.buffer)
        packetLeft(packet)
      }
    }
    expect(pieces.size).toBeLessThanOrEqual(8)
  })

  it('leave less than 2.6 kB of garbage each on the heap, both ends together', () => {
    const bulk = underWay()
    for (let turns = 0; turns < 200; turns++) bulk.turn(TURN)
    // A collection in between makes a sample too small: most have none.
    const samples = Array.from({ length: 41 }, () => {
      const before = process.memoryUsage().heapUsed
      const packets = bulk.turn(TURN).length
      return (process.memoryUsage().heapUsed - before) / packets
    })
    samples.sort((one, other) => one - other)
    expect(samples[20]).toBeLessThan(2_600)
  })
})
