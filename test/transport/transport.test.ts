// Streams between two engines: who may open them, what they cost, how they end, and what becomes of a peer that breaks their rules.

import { describe, expect, it } from 'vitest'
import { AccessList } from '../../src/core/access.ts'
import type { Config } from '../../src/core/config.ts'
import type { MachineEvent } from '../../src/core/machine.ts'
import { type AeadProvider, nodeAead } from '../../src/crypto/aead.ts'
import { StreamCode } from '../../src/wire/frame.ts'
import { NextHeader } from '../../src/wire/registry.ts'
import { freeze, pair, place, send, thaw } from '../support/pair.ts'
import { type Cast, stage, those } from '../support/stage.ts'
import { noise, StreamApp } from '../support/stream-app.ts'

const PORT = 9

function world(config: Partial<Config> = {}, eager = true, echo = true) {
  const { wire, alice, bob, a, b } = pair({ config })
  b.engine.listen(PORT)
  const client = new StreamApp(wire, a, b.engine.hit)
  const server = new StreamApp(wire, b, a.engine.hit, { echo, eager })
  return { wire, alice, bob, a, b, client, server }
}

function reasons(events: readonly MachineEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'stream-lost' || event.type === 'ended' ? [event.reason] : []))
}

describe('a stream', () => {
  it('carries 100 kB there and back again, and is forgotten', () => {
    const { wire, a, b, client, server } = world()
    const id = client.open(PORT)
    const bytes = noise(100_000)
    client.say(id, bytes)
    wire.run(5_000)
    expect(client.text(id)).toEqual(bytes)
    expect(client.line(id)).toMatchObject({ ended: true, finished: true, closed: true })
    expect(server.line(id)).toMatchObject({ ended: true, finished: true, closed: true })
    expect([a, b].map((end) => end.engine.streams(end === a ? b.engine.hit : a.engine.hit))).toEqual([[], []])
  })

  it('may be opened and written to before there is an association', () => {
    const { wire, a, b, client, server } = world()
    a.engine.close(wire.now, b.engine.hit)
    wire.run(200)
    a.engine.associate(wire.now, { hit: b.engine.hit, locators: [b.at] })
    const id = client.open(PORT)
    client.say(id, noise(5_000))
    wire.run(1_000)
    expect(server.text(id)).toEqual(noise(5_000))
    expect(client.line(id).closed).toBe(true)
  })

  it('to nobody is none', () => {
    const { wire, a } = world()
    expect(a.engine.openStream(wire.now, a.engine.hit, PORT)).toBe('no-association')
    expect(a.engine.writeStream(wire.now, a.engine.hit, 0, new Uint8Array(1))).toBe('over')
  })

  it('to a port where nobody listens is reset, and nobody there hears of it', () => {
    const { wire, b, client } = world()
    const id = client.open(PORT + 1)
    wire.run(500)
    expect(client.line(id)).toMatchObject({ resetCode: StreamCode.PORT_CLOSED, closed: true })
    expect(b.told.filter((type) => type.startsWith('stream'))).toEqual([])
    expect(b.engine.counters['port-closed']).toBe(1)
  })

  it('of a peer that the port does not admit is reset with another code', () => {
    const { wire, a, b, client } = world()
    b.engine.unlisten(PORT)
    b.engine.listen(PORT, new AccessList({ deny: [a.engine.hit] }))
    const id = client.open(PORT)
    wire.run(500)
    expect(client.line(id)).toMatchObject({ resetCode: StreamCode.REFUSED, closed: true })
  })

  it('goes on when its port is not listened to any more', () => {
    const { wire, b, client } = world()
    const id = client.open(PORT)
    wire.run(100)
    b.engine.unlisten(PORT)
    client.say(id, noise(3_000))
    wire.run(500)
    expect(client.text(id)).toEqual(noise(3_000))
  })
})

describe('an association without streams', () => {
  it('has no transport, at either end, before the first of them', () => {
    const { wire, a, b, client, server } = world()
    send(wire, a, b, 'a datagram')
    wire.run(100)
    expect(freeze(wire, b).associations.map(({ streams }) => streams)).toEqual([undefined])
    expect(client.lines.size + server.lines.size).toBe(0)
    expect(freeze(wire, a).associations.map(({ streams }) => streams)).toEqual([undefined])
  })

  it('costs its timers nothing once its streams are over', () => {
    const { wire, a, b, client } = world({ mtuRaiseMs: 1e9 })
    const id = client.open(PORT)
    client.say(id, noise(2_000))
    wire.run(2_000)
    const before = wire.sent.length
    wire.run(10_000)
    expect(wire.sent.length - before).toBe(0)
    expect(Math.min(a.engine.deadline, b.engine.deadline)).toBeGreaterThan(wire.now + 2_000)
  })
})

describe('datagrams and streams', () => {
  it('take turns', () => {
    const { wire, a, b, client } = world()
    const id = client.open(PORT)
    wire.run(200)
    client.say(id, noise(8_000), false)
    for (let n = 0; n < 4; n++) a.engine.send(wire.now, b.engine.hit, 7, 7, new Uint8Array(100))
    const sizes: number[] = []
    for (let out = a.engine.transmit(wire.now); out !== undefined; out = a.engine.transmit(wire.now))
      sizes.push(out.bytes.length)
    const kinds = sizes.slice(0, 8).map((size) => (size > 200 ? 'stream' : 'datagram'))
    expect(new Set(kinds.map((kind, n) => `${kind} ${n % 2}`)).size).toBe(2)
  })

  it('differ in that no window holds a datagram back', () => {
    const { wire, a, b, client } = world()
    const id = client.open(PORT)
    wire.run(200)
    wire.bend = () => []
    client.say(id, noise(200_000), false)
    wire.drain()
    const held = wire.sent.filter(({ at, from }) => at === wire.now && from === a.at).length
    expect(held).toBeLessThanOrEqual(20)
    for (let n = 0; n < 100; n++) a.engine.send(wire.now, b.engine.hit, 7, 7, new Uint8Array(100))
    wire.drain()
    expect(wire.sent.filter(({ at, from }) => at === wire.now && from === a.at).length).toBe(held + 100)
  })
})

describe('what is told of streams', () => {
  /**
   * 40 packets, of one stream or each of a new one, when nobody listens before the last has come: how many streams the opener was told
   * are accepted by then, and what is told after all.
   */
  const late = (config: Partial<Config>, streams: 'one' | 'forty') => {
    const { wire, a, b, client } = world(config, false)
    const id = client.open(PORT)
    wire.run(200)
    a.events.length = 0
    for (let n = 0; n < 40; n++) {
      client.say(streams === 'one' ? id : client.open(PORT), new Uint8Array(50), false)
      for (let out = a.engine.transmit(wire.now); out !== undefined; out = a.engine.transmit(wire.now))
        b.engine.receive(wire.now, out.bytes, a.at)
      for (let out = b.engine.transmit(wire.now); out !== undefined; out = b.engine.transmit(wire.now))
        a.engine.receive(wire.now, out.bytes, b.at)
    }
    const told = (engine: typeof a.engine): MachineEvent[] => {
      const events: MachineEvent[] = []
      for (let event = engine.event(); event !== undefined; event = engine.event()) events.push(event)
      return events
    }
    const accepted = told(a.engine).filter(({ type }) => type === 'stream-accepted').length
    const lengths = told(b.engine).flatMap((event) => (event.type === 'stream-data' ? [event.bytes.length] : []))
    return { accepted, events: lengths.length, bytes: lengths.reduce((sum, length) => sum + length, 0) }
  }

  it('is put together when it is asked for, so that packets that came meanwhile make one event', () => {
    expect(late({}, 'one')).toEqual({ accepted: 0, events: 1, bytes: 2_000 })
  })

  it('tells no more at once than its owner should be told, and the rest when that is fetched', () => {
    expect(late({}, 'forty')).toEqual({ accepted: 40, events: 40, bytes: 2_000 })
    const few = late({ streamEventsMax: 3 }, 'forty')
    expect(few).toMatchObject({ events: 40, bytes: 2_000 })
    expect(few.accepted).toBeLessThanOrEqual(5)
  })
})

describe('an association that is over takes its streams with it', () => {
  it('by a goodbye', () => {
    const { wire, a, b, client, server } = world({}, false)
    const id = client.open(PORT)
    client.say(id, noise(2_000), false)
    wire.run(100)
    a.engine.close(wire.now, b.engine.hit)
    wire.run(500)
    expect(reasons(a.events)).toEqual(['closed', 'closed'])
    expect(reasons(b.events)).toEqual(['closed-by-peer', 'closed-by-peer'])
    expect([client.line(id).lost, server.line(id).lost]).toEqual(['closed', 'closed-by-peer'])
    expect(a.engine.streams(b.engine.hit)).toEqual([])
  })

  it('by a crash of the peer, which comes back without them', () => {
    const { wire, bob, a, b, client } = world({}, false)
    const id = client.open(PORT)
    client.say(id, noise(2_000), false)
    wire.run(100)
    const state = freeze(wire, b)
    const b2 = thaw(wire, bob, { ...state, associations: [] }, 2, place(2))
    b2.engine.associate(wire.now, { hit: a.engine.hit, locators: [a.at] })
    wire.run(2_000)
    expect(reasons(a.events)).toEqual(['replaced', 'replaced'])
    expect(client.line(id).lost).toBe('replaced')
  })
})

describe('an association that is used', () => {
  it('by streams alone is not idle, at the end that only reads either', () => {
    const { wire, a, b, client } = world({ idleMs: 3_000 }, true, false)
    const id = client.open(PORT)
    for (let n = 0; n < 5; n++) {
      client.say(id, noise(100), false)
      wire.run(2_000)
    }
    expect([...a.told, ...b.told]).not.toContain('ended')
    wire.run(10_000)
    expect(client.line(id).lost).toMatch(/^closed/)
  })
})

describe('a peer out of reach', () => {
  it('gets nothing while it is parked, and everything when it is found again', () => {
    const { wire, a, b, client } = world()
    const id = client.open(PORT)
    const bytes = noise(50_000)
    client.say(id, bytes)
    wire.run(30)
    wire.bend = () => []
    for (let s = 0; s < 60 && !(a.told.includes('parked') && b.told.includes('parked')); s++) wire.run(1_000)
    expect([a.told.includes('parked'), b.told.includes('parked')]).toEqual([true, true])
    const before = wire.sent.length
    client.say(id, noise(10), false)
    wire.run(20_000)
    expect(wire.sent.slice(before).filter(({ bytes: packet }) => packet[0] !== 0 || packet[3] !== 0)).toEqual([])
    wire.bend = (flying) => [flying]
    wire.run(90_000)
    expect(client.text(id)).toEqual(bytes)
    expect(client.line(id).closed).toBe(true)
  })
})

/** Seals what it is told in place of the next payload, in next header 253. */
class Liar {
  readonly aead: AeadProvider
  #payload: Uint8Array | undefined

  constructor() {
    this.aead = {
      opener: (suite, keys) => nodeAead.opener(suite, keys),
      sealer: (suite, keys, entropy) => {
        const sealer = nodeAead.sealer(suite, keys, entropy)
        return { seal: (packet, sequence) => sealer.seal(this.#forge(packet), sequence) }
      },
    }
  }

  lie(payload: Uint8Array): void {
    this.#payload = payload
  }

  #forge(packet: Uint8Array): Uint8Array {
    const payload = this.#payload
    this.#payload = undefined
    if (payload === undefined) return packet
    // AES-GCM: SPI, number and IV before it; padding, its length, next header and ICV behind it.
    const end = packet.length - 18
    const pad = end - 16 - payload.length
    packet.set(payload, 16)
    for (let n = 0; n < pad; n++) packet[end - pad + n] = n + 1
    packet.set([pad, NextHeader.TRANSPORT], end)
    return packet
  }
}

describe('a peer that breaks the rules of streams', () => {
  /** Alice says this to Bob; what becomes of both. */
  const lies = (payload: (cast: Cast) => readonly number[]): readonly string[] => {
    const liar = new Liar()
    const cast = stage({ aead: liar.aead })
    cast.b.engine.listen(PORT)
    cast.b.engine.openStream(cast.wire.now, cast.a.engine.hit, PORT)
    cast.wire.run(100)
    liar.lie(Uint8Array.from(payload(cast)))
    cast.a.engine.send(cast.wire.now, cast.b.engine.hit, 7, 7, new Uint8Array(100))
    cast.wire.run(1_000)
    expect(those(cast, 'CLOSE', cast.b).length).toBeGreaterThanOrEqual(1)
    return [cast.a, cast.b].map(({ events }) =>
      events.flatMap((event) => (event.type === 'ended' ? [`${event.reason}: ${event.detail}`] : [])).join(),
    )
  }
  const NOT_US = 'the rules of streams were broken by the peer'

  it.each<[what: string, name: string, bytes: readonly number[]]>([
    ['a frame that is none', 'FRAME_ENCODING', [0x3f]],
    ['a packet without frames', 'FRAME_ENCODING', []],
    ['a stream beyond the limit', 'STREAM_LIMIT', [0x30, 0x7f, 0xff, 0, 9, 0, 0]],
  ])('with %s hears why in a last word, and then the association is closed', (_, name, bytes) => {
    const [liar, honest] = lies(() => bytes)
    expect(honest).toContain(`${NOT_US}: ${name}`)
    expect(liar).toContain(`the rules of streams were broken as the peer says: ${name}`)
  })

  it('by acknowledging what was never sealed is found out', () => {
    const [, honest] = lies(({ wire, b, a }) => {
      const spi = [...wire.sent]
        .reverse()
        .find(({ from, bytes }) => from === b.at && bytes[0] !== 0)
        ?.bytes.slice(0, 4)
      expect(a.told).toContain('associated')
      return [0x02, ...(spi ?? []), 0x7f, 0xff, 0, 0, 0]
    })
    expect(honest).toContain(`${NOT_US}: PROTOCOL_VIOLATION`)
  })
})
