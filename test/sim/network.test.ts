// Virtual time, links, translators and the network, with a machine that only echoes: the simulator must do the harm it says it
// does, and no other, before its verdict on anything counts.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Locator } from '../../src/base/address.ts'
import { Prng } from '../../src/base/prng.ts'
import type { Machine, MachineEvent, Transmit } from '../../src/core/machine.ts'
import { Driver } from '../../src/sim/driver.ts'
import { CALM, Clock, type FaultKind, Link, Nat, Network, type Socket, type Watch } from '../../src/sim.ts'

const HOME = { address: '10.0.0.1', port: 1 }
const OUTSIDE = { address: '198.51.100.1', port: 0 }
const A = { address: '192.0.2.1', port: 7 }
const B = { address: '192.0.2.2', port: 7 }

describe('the clock', () => {
  it('runs things by time, and by order of asking at one instant', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 60 }), (times) => {
        const clock = new Clock()
        const ran: { at: number; order: number }[] = []
        for (const [order, at] of times.entries()) clock.at(at, () => ran.push({ at: clock.now, order }))
        clock.run(1_000)
        const expected = times.map((at, order) => ({ at, order })).sort((x, y) => x.at - y.at || x.order - y.order)
        expect(ran).toEqual(expected)
      }),
    )
  })

  it('stops at the time it is told, and runs nothing that lies in the past before now', () => {
    const clock = new Clock()
    const ran: number[] = []
    clock.at(5, () => clock.at(1, () => ran.push(clock.now)))
    clock.at(11, () => ran.push(clock.now))
    clock.run(10)
    expect([clock.now, clock.pending, ran]).toEqual([10, 1, [5]])
  })

  it('never runs what is due at no time', () => {
    const clock = new Clock()
    clock.at(Infinity, () => expect.unreachable())
    expect(clock.pending).toBe(0)
  })
})

describe('a link', () => {
  const packet = Uint8Array.from({ length: 100 }, (_, i) => i)

  it('that is calm delivers every packet once, whole, after its delay', () => {
    const link = new Link(new Prng(1), CALM)
    expect(link.carry(packet)).toEqual([{ afterMs: CALM.delayMs, bytes: packet }])
  })

  it.each<readonly [FaultKind, number, (copies: readonly Uint8Array[]) => boolean]>([
    ['loss', 0.3, (copies) => copies.length === 0],
    ['duplicate', 0.5, (copies) => copies.length === 2],
    ['corrupt', 0.1, ([copy]) => copy?.length === 100 && differentBits(copy, packet) === 1],
    ['truncate', 0.05, ([copy]) => copy !== undefined && copy.length < 100],
  ])('strikes with %s as often as it says, and tells', (kind, chance, struck) => {
    const told: FaultKind[] = []
    const link = new Link(new Prng(7), { ...CALM, [kind]: chance }, (fault) => told.push(fault))
    const outcomes = Array.from({ length: 4_000 }, () => struck(link.carry(packet).map(({ bytes }) => bytes)))
    const times = outcomes.filter(Boolean).length
    expect(told.length).toBe(times)
    expect(told.every((fault) => fault === kind)).toBe(true)
    expect(times / 4_000).toBeCloseTo(chance, 1)
  })

  it('reorders by holding some packets back', () => {
    const link = new Link(new Prng(3), { ...CALM, reorder: 0.2 })
    const delays = Array.from({ length: 500 }, () => link.carry(packet)[0]?.afterMs ?? 0)
    expect(Math.min(...delays)).toBe(CALM.delayMs)
    expect(Math.max(...delays)).toBeGreaterThan(3 * CALM.delayMs)
  })

  it('lets nothing through while it is cut', () => {
    const link = new Link(new Prng(1), CALM)
    link.open = false
    expect(link.carry(packet)).toEqual([])
  })
})

describe('a translator', () => {
  const make = (filtering: 'anybody' | 'same-address' | 'same-tuple', expired = () => {}) =>
    new Nat({ address: OUTSIDE.address, timeoutMs: 100, filtering }, new Prng(1), expired)

  it('shows one socket at one port, whomever it talks to, and leads back to it', () => {
    const nat = make('anybody')
    const seen = nat.outward(0, HOME, A)
    expect(nat.outward(1, HOME, B)).toEqual(seen)
    expect(nat.inward(2, B, seen.port)).toEqual(HOME)
    expect(nat.outward(3, { ...HOME, port: 2 }, A)).not.toEqual(seen)
  })

  it.each([
    ['anybody', [true, true, true]],
    ['same-address', [true, true, false]],
    ['same-tuple', [true, false, false]],
  ] as const)('that lets in %s keeps to it', (filtering, admitted) => {
    const nat = make(filtering)
    const { port } = nat.outward(0, HOME, A)
    const sources = [A, { ...A, port: 8 }, B]
    expect(sources.map((source) => nat.inward(1, source, port) !== undefined)).toEqual(admitted)
  })

  it('forgets an idle mapping, tells, and shows the socket at another port from then on', () => {
    let expired = 0
    const nat = make('anybody', () => {
      expired += 1
    })
    const { port } = nat.outward(0, HOME, A)
    expect(nat.inward(100, A, port)).toEqual(HOME)
    expect(nat.inward(201, A, port)).toBeUndefined()
    expect([expired, nat.size]).toEqual([1, 0])
    expect(nat.outward(202, HOME, A).port).not.toBe(port)
  })

  it('forgets everything at a rebind', () => {
    const nat = make('anybody')
    const { port } = nat.outward(0, HOME, A)
    expect(nat.rebind()).toBe(1)
    expect(nat.inward(1, A, port)).toBeUndefined()
  })
})

describe('the network', () => {
  it('carries a datagram to an echo and back, in twice the delay', () => {
    const { clock, from, heard } = pair()
    from.send(Uint8Array.of(1, 2, 3), B)
    clock.run(100)
    expect(heard).toEqual([{ at: 2 * CALM.delayMs, bytes: [1, 2, 3], source: B }])
  })

  it('drops exactly the packets a filter names', () => {
    const { clock, network, from, heard } = pair()
    network.drop(({ to }) => to === B, 2, 2)
    for (let i = 1; i <= 5; i++) from.send(Uint8Array.of(i), B)
    clock.run(100)
    expect(heard.map(({ bytes }) => bytes[0])).toEqual([1, 4, 5])
  })

  it('holds back what a filter holds back, until the filter is removed', () => {
    const { clock, network, from, heard } = pair()
    const remove = network.filter(({ bytes }) => (bytes[0] === 1 ? 50 : 'pass'))
    from.send(Uint8Array.of(1), B)
    from.send(Uint8Array.of(2), B)
    clock.run(200)
    remove()
    from.send(Uint8Array.of(1), B)
    clock.run(400)
    expect(heard.map(({ bytes }) => bytes[0])).toEqual([2, 1, 1])
  })

  it('cuts one way or both, and heals', () => {
    const { clock, network, from, heard, arrived } = pair()
    network.cut('b', 'a', true)
    from.send(Uint8Array.of(1), B)
    clock.run(50)
    expect([arrived.length, heard.length]).toEqual([1, 0])
    network.cut('a', 'b')
    from.send(Uint8Array.of(2), B)
    clock.run(100)
    expect([arrived.length, heard.length]).toEqual([1, 0])
    network.heal('a', 'b')
    from.send(Uint8Array.of(3), B)
    clock.run(150)
    expect(heard.map(({ bytes }) => bytes[0])).toEqual([3])
  })

  it('shows a lie as a lie: an injected packet comes from nobody’s socket', () => {
    const { clock, network, arrived } = pair()
    network.inject('a', { address: '203.0.113.9', port: 9 }, B, Uint8Array.of(9))
    clock.run(50)
    expect(arrived.map(({ from, origin }) => [from.address, origin])).toEqual([['203.0.113.9', undefined]])
  })

  it('swallows what is sent where nobody lives, or to a private address', () => {
    const { clock, network, from, arrived } = pair()
    const nat = new Nat({ address: OUTSIDE.address, timeoutMs: 100, filtering: 'anybody' }, new Prng(1))
    network.addAddress('home', HOME.address, nat)
    network.bind(HOME, () => expect.unreachable())
    from.send(Uint8Array.of(1), { address: '203.0.113.9', port: 9 })
    from.send(Uint8Array.of(1), HOME)
    clock.run(50)
    expect(arrived).toEqual([])
  })

  it('leads through a translator and back', () => {
    const { clock, network } = pair()
    const nat = new Nat({ address: OUTSIDE.address, timeoutMs: 100, filtering: 'same-tuple' }, new Prng(1))
    network.addAddress('home', HOME.address, nat)
    const got: Locator[] = []
    network.bind(HOME, (_bytes, source) => got.push(source))?.send(Uint8Array.of(1), B)
    clock.run(50)
    expect(got).toEqual([B])
  })
})

describe('the driver', () => {
  it('expires a machine at its deadline, and not before', () => {
    const clock = new Clock()
    const ticks: number[] = []
    const machine = ticking([10, 25, 26], ticks)
    new Driver({ clock, machine, transmit: () => {}, event: () => {} })
    clock.run(100)
    expect(ticks).toEqual([10, 25, 26])
  })

  it('lets go at once when it is stopped, even in the middle of a turn', () => {
    const clock = new Clock()
    const echo = new Echo()
    const sent: Uint8Array[] = []
    const driver: Driver = new Driver({
      clock,
      machine: echo,
      transmit: ({ bytes }) => {
        sent.push(bytes)
        driver.stop()
      },
      event: () => expect.unreachable(),
    })
    echo.receive(0, Uint8Array.of(1), A)
    echo.receive(0, Uint8Array.of(2), A)
    driver.poke()
    expect(sent.length).toBe(1)
  })

  it('notices a machine that spins', () => {
    const clock = new Clock()
    const machine = ticking(Array<number>(20_000).fill(3), [])
    new Driver({ clock, machine, transmit: () => {}, event: () => {} })
    expect(() => clock.run(10)).toThrow(/spins at 3 ms/)
  })
})

/** Sends back what it gets, and tells of it with an event. */
class Echo implements Machine {
  readonly deadline = Infinity
  readonly #out: Transmit[] = []

  receive(_now: number, bytes: Uint8Array, to: Locator): void {
    this.#out.push({ bytes, to })
  }

  expire(): void {
    expect.unreachable()
  }

  transmit(): Transmit | undefined {
    return this.#out.shift()
  }

  event(): MachineEvent | undefined {
    return undefined
  }
}

function ticking(deadlines: readonly number[], ticks: number[]): Machine {
  let next = 0
  return {
    receive: () => {},
    expire(now) {
      ticks.push(now)
      next += 1
    },
    transmit: () => undefined,
    event: () => undefined,
    get deadline() {
      return deadlines[next] ?? Infinity
    },
  }
}

interface Pair {
  readonly clock: Clock
  readonly network: Network
  readonly from: Socket
  readonly heard: { at: number; bytes: number[]; source: Locator }[]
  /** What reached b. */
  readonly arrived: { from: Locator; origin: number | undefined }[]
}

/** Hosts a and b; b echoes. */
function pair(): Pair {
  const clock = new Clock()
  const arrived: Pair['arrived'] = []
  const heard: Pair['heard'] = []
  const watch: Watch = {
    sent: () => {},
    arrived: (packet, socket) => void (socket.host === 'b' && arrived.push(packet)),
    fault: () => expect.unreachable(),
  }
  const network = new Network(clock, new Prng(1), watch)
  network.addAddress('a', A.address)
  network.addAddress('b', B.address)
  const from = network.bind(A, (bytes, source) => heard.push({ at: clock.now, bytes: [...bytes], source }))
  const to = network.bind(B, (bytes, source) => driver.receive(bytes, source))
  const driver: Driver = new Driver({
    clock,
    machine: new Echo(),
    transmit: (datagram) => to?.send(datagram.bytes, datagram.to),
    event: () => {},
  })
  if (from === undefined) throw new Error('a has its port')
  return { clock, network, from, heard, arrived }
}

function differentBits(x: Uint8Array, y: Uint8Array): number {
  let bits = 0
  for (const [i, byte] of x.entries()) for (let rest = byte ^ (y[i] ?? 0); rest > 0; rest &= rest - 1) bits += 1
  return bits
}
