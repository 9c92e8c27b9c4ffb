// What waits on the streams of all peers draws on one budget, which a capsule carries: however slowly anybody reads, the process can
// move, who comes later finds room, and nothing stands still for ever.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULTS } from '../../src/core/config.ts'
import { CAPSULE_BYTES_MAX } from '../../src/core/moving/capsule.ts'
import { writeStreams } from '../../src/core/moving/frozen-streams-codec.ts'
import { StreamAccount, StreamBudget } from '../../src/core/transport/streams/budget.ts'
import { encodeCbor } from '../../src/wire/object.ts'
import { pair as engines, freeze, place, thaw } from '../support/pair.ts'
import { noise, StreamApp } from '../support/stream-app.ts'
import { data, open, pattern, StreamEnd, settleOpen, streamFrames } from '../support/stream-pair.ts'

const PORT = 9

describe('the budget', () => {
  it('fits a capsule, with a fourth left for associations, datagrams and what the application carries', () => {
    expect(DEFAULTS.waitingBytesMax).toBeLessThanOrEqual((CAPSULE_BYTES_MAX / 2) * 0.75)
  })

  it('leaves one alone half of all, and among n that take what they can one in n + 1 free for who comes later', () => {
    for (const n of [1, 2, 9, 99]) {
      const budget = new StreamBudget(1_000_000)
      const accounts = Array.from({ length: n }, () => new StreamAccount(budget))
      for (let taken = true; taken; ) {
        taken = false
        for (const account of accounts) {
          const bytes = Math.min(account.room, 1_000)
          taken ||= bytes > 0
          account.change(bytes)
        }
      }
      const free = 1_000_000 - budget.held
      expect(Math.abs(free - 1_000_000 / (n + 1))).toBeLessThan(1_000)
      expect(new StreamAccount(budget).room).toBe(Math.floor(free / 2))
      for (const account of accounts) account.close()
      expect(budget.held).toBe(0)
    }
  })

  it('is given back with the streams of a peer, and whoever was refused meanwhile is told', () => {
    const budget = new StreamBudget(30_000)
    const [hog, late] = [new StreamEnd(true, {}, budget), new StreamEnd(true, {}, budget)]
    const [mine, theirs] = [hog.open(), late.open()]
    expect(hog.streams.write(mine, pattern(14_000))).toBe('taken')
    let told = 0
    late.streams.onRoom(() => {
      told += 1
    })
    expect(late.streams.write(theirs, pattern(9_000))).toBe('full')
    expect([late.listen(), told]).toEqual([[], 0])
    hog.streams.close()
    expect([late.listen(), told]).toEqual([[{ kind: 'writable', id: theirs }], 1])
    expect(late.streams.write(theirs, pattern(9_000))).toBe('taken')
  })

  it('lets a peer that leaves all our answers unread open another stream and ask on it', () => {
    const end = new StreamEnd(true, {}, new StreamBudget(1_000_000))
    expect(end.streams.receive(open(1))).toBeUndefined()
    for (let size = 100_000; size >= 1; size = Math.floor(size / 10))
      while (end.streams.write(1, pattern(size)) !== 'full');
    expect(end.streams.receive(open(3))).toBeUndefined()
    expect(end.streams.receive(data(3, 0, 10_000))).toBeUndefined()
    // What it sends has a limit, too.
    expect(end.streams.receive(data(3, 10_000, 20_000))).toBe('full')
  })

  it('is not exceeded by streams that are opened and left empty', () => {
    const budget = new StreamBudget(10_000)
    const end = new StreamEnd(true, {}, budget)
    const answers = Array.from({ length: 100 }, (_, n) => end.streams.receive(open(2 * n + 1)))
    expect(answers.filter((answer) => answer === 'full').length).toBeGreaterThan(50)
    expect(budget.held).toBeLessThanOrEqual(10_000)
  })
})

describe('what a peer sends beyond what may wait', () => {
  const config = { waitingBytesMax: 100_000 }

  /** A client writes to a server that reads nothing. */
  function scene() {
    const { wire, bob, a, b } = engines({ config })
    b.engine.listen(PORT)
    const client = new StreamApp(wire, a, b.engine.hit)
    const server = new StreamApp(wire, b, a.engine.hit, { eager: false })
    const id = client.open(PORT)
    const bytes = noise(70_000)
    client.say(id, bytes.subarray(0, 40_000), false)
    wire.run(1_000)
    client.say(id, bytes.subarray(40_000))
    wire.run(3_000)
    return { wire, bob, client, server, id, bytes, buffered: () => a.engine.streams(b.engine.hit)[0]?.buffered ?? 0 }
  }

  it('is refused, and not acknowledged, until there is room again', () => {
    const { wire, client, server, id, bytes, buffered } = scene()
    // Half of the budget, less than a packet and the stream itself.
    expect(70_000 - buffered()).toBeGreaterThan(47_000)
    expect(70_000 - buffered()).toBeLessThanOrEqual(50_000)
    for (let second = 0; second < 20 && !client.line(id).finished; second++) {
      server.read(id)
      wire.run(1_000)
    }
    server.read(id)
    expect(Buffer.compare(server.text(id), bytes)).toBe(0)
    expect(client.line(id)).toMatchObject({ finished: true, lost: undefined })
  })

  it('keeps nobody from moving, at the brim, and arrives where the reader goes', () => {
    const { wire, bob, client, server, id, bytes } = scene()
    const state = freeze(wire, server.end)
    const waiting = state.associations.flatMap(({ streams }) => streams?.streams ?? [])
    expect(waiting.reduce((sum, { receiving }) => sum + receiving.bytes.length, 0)).toBeGreaterThan(47_000)
    server.attend(thaw(wire, bob, state, 2, place(4), config))
    for (let second = 0; second < 30 && !client.line(id).finished; second++) {
      wire.run(1_000)
      server.read(id)
    }
    expect(Buffer.compare(server.text(id), bytes)).toBe(0)
    expect(client.line(id)).toMatchObject({ finished: true, lost: undefined })
  })
})

describe('an application that writes more than it is asked to', () => {
  it('loses the streams on which most waits, if all of it is too much for a capsule, and no others', () => {
    const { wire, bob, a, b } = engines({ config: { waitingBytesMax: 100_000 } })
    const client = new StreamApp(wire, a, b.engine.hit)
    const server = new StreamApp(wire, b, a.engine.hit)
    a.engine.listen(PORT)
    const [small, large] = [server.open(PORT), server.open(PORT)]
    wire.run(200)
    wire.bend = () => []
    const write = (id: number, bytes: number) => b.engine.writeStream(wire.now, a.engine.hit, id, noise(bytes), true)
    expect([write(small, 30_000), write(large, 200_000)]).toEqual(['taken', 'taken'])
    freeze(wire, b)
    const state = b.engine.frozenState([], new Uint8Array(0), true)
    wire.bend = (flying) => [flying]
    server.attend(thaw(wire, bob, state, 2, place(4)))
    wire.run(10_000)
    expect(client.text(small)).toHaveLength(30_000)
    expect([client.line(small).resetCode, client.line(large).resetCode]).toEqual([undefined, 3])
  })
})

describe('any number of peers that share a budget', () => {
  const step = fc.record({
    who: fc.nat(3),
    what: fc.constantFrom('write', 'write', 'send', 'send', 'send', 'lose', 'read', 'answer'),
    bytes: fc.integer({ min: 1, max: 9_000 }),
  })

  it('never hold more than it, nor more than they pay for in a capsule, and all get to the end once they are read', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
        const budget = new StreamBudget(40_000)
        const lines = Array.from({ length: 4 }, () => new Line(budget))
        for (const [index, { who, what, bytes }] of steps.entries()) {
          lines[who]?.obey(what, bytes)
          expect(budget.excess).toBe(0)
          expect(lines.reduce((sum, { server }) => sum + server.streams.account.held, 0)).toBe(budget.held)
          for (const { server } of index % 16 === 0 ? lines : []) {
            const encoded = encodeCbor(writeStreams(server.streams.freeze())).length
            expect(encoded).toBeLessThanOrEqual(server.streams.account.held + 128)
          }
        }
        for (let round = 0; round < 2_000 && lines.some((line) => !line.done); round++)
          for (const line of lines) for (const what of ['send', 'read', 'answer'] as const) line.obey(what, 1_200)
        for (const line of lines) expect([line.read, line.answered]).toEqual([line.written, line.wrote])
      }),
      { numRuns: 12 },
    )
  })
})

/** A client with room enough writes to a server that shares a budget with others, and reads what the server writes. */
class Line {
  readonly client = new StreamEnd(true)
  readonly server: StreamEnd
  readonly id: number
  written = 0
  read = 0
  wrote = 0
  answered = 0
  #unread = 0

  constructor(budget: StreamBudget) {
    this.server = new StreamEnd(false, {}, budget)
    this.id = this.client.open()
    for (const frame of [open(this.id)]) this.server.streams.receive(frame)
    settleOpen(this.client)
    this.server.listen()
  }

  get done(): boolean {
    return this.read === this.written && this.answered === this.wrote
  }

  obey(what: string, bytes: number): void {
    if (what === 'write') {
      this.client.streams.write(this.id, new Uint8Array(bytes))
      this.written += bytes
      if (this.server.streams.write(this.id, new Uint8Array(bytes)) !== 'full') this.wrote += bytes
    } else if (what === 'send' || what === 'lose') this.#send(this.client, this.server, what === 'lose', bytes)
    else if (what === 'answer') this.#send(this.server, this.client, false, bytes)
    else {
      this.server.streams.consumed(0, this.id, this.#unread, 10)
      this.read += this.#unread
      this.#unread = 0
    }
    for (const event of this.server.listen()) if (event.kind === 'data') this.#unread += event.bytes.length
    for (const event of this.client.listen()) {
      if (event.kind !== 'data') continue
      this.answered += event.bytes.length
      this.client.streams.consumed(0, this.id, event.bytes.length, 10)
    }
  }

  #send(from: StreamEnd, to: StreamEnd, lost: boolean, bytes: number): void {
    const packet = from.packet(100 + bytes)
    if (packet === undefined) return
    const answers = lost ? ['lost'] : streamFrames(packet.bytes).map((frame) => to.streams.receive(frame))
    for (const answer of answers) expect([undefined, 'full', 'lost']).toContain(answer)
    // Where there was no room for a part of it, nothing of it is acknowledged.
    if (answers.some((answer) => answer !== undefined)) from.lost(packet)
    else from.acked(packet)
  }
}

describe('a gap', () => {
  it('can always be filled, however little room there is', () => {
    const budget = new StreamBudget(20_000)
    const end = new StreamEnd(false, {}, budget)
    end.streams.receive(open(0))
    end.listen()
    expect(end.streams.receive(data(0, 9_000, 500))).toBeUndefined()
    expect(new StreamAccount(budget).room).toBeLessThan(6_000)
    const hog = new StreamAccount(budget)
    for (; hog.room > 0; hog.change(hog.room));
    expect(end.streams.receive(data(0, 9_500, 300))).toBe('full')
    expect(end.streams.receive(data(0, 0, 9_000))).toBeUndefined()
    expect(end.listen().reduce((sum, event) => sum + (event.kind === 'data' ? event.bytes.length : 0), 0)).toBe(9_500)
  })
})
