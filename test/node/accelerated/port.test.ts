// Bursts and merged reads: whatever is sent arrives as it was, in order and by few system calls, whether the system helps or not.

import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { concat, toHex } from '../../../src/base/bytes.ts'
import { Pinned } from '../../../src/node/accelerated/memory.ts'
import { WAITING_MAX } from '../../../src/node/accelerated/outbox.ts'
import { UdpSocket } from '../../../src/node/accelerated/socket.ts'
import { type DatagramPort, openPort } from '../../../src/node/port.ts'
import { Calls } from './calls.ts'

const EAGAIN = 11
const EINVAL = 22
const EIO = 5
const EMSGSIZE = 90
const EOPNOTSUPP = 95
const ENOPROTOOPT = 92
const SOL_UDP = 17
const UDP_SEGMENT = 103
const UDP_GRO = 104
const MTU_DISCOVER = [10, 23]

const open: DatagramPort[] = []

afterEach(async () => {
  for (const port of open.splice(0)) await port.close()
})

function kept<T extends DatagramPort>(port: T): T {
  open.push(port)
  return port
}

/** Resolves with the next `count` datagrams that come. `joined` is called for each that was read along with the one before. */
function heard(port: DatagramPort, count: number, joined?: () => void): Promise<string[]> {
  return new Promise((resolve) => {
    const all: string[] = []
    port.onMessage = (bytes, _source, along) => {
      all.push(toHex(bytes))
      if (along === true) joined?.()
      if (all.length === count) resolve(all)
    }
  })
}

/** Sends them as a driver does: all, so many at once, and then what is kept back. */
function sendAll(from: DatagramPort, to: DatagramPort, datagrams: readonly Uint8Array[], together = 1): void {
  const { locator } = to
  for (let at = 0; at < datagrams.length; at += together)
    from.send(concat(...datagrams.slice(at, at + together)), locator, false, datagrams[0]?.length ?? 0)
  from.flush()
}

const MARKED = 300

/** So many packets of that size, one after the other in memory. */
function packets(count: number, size = MARKED): Uint8Array[] {
  const memory = new Uint8Array(count * size)
  for (let index = 0; index < count; index++) new DataView(memory.buffer).setUint32(index * size, index)
  return Array.from({ length: count }, (_, index) => memory.subarray(index * size, (index + 1) * size))
}

it('what comes while another takes long is told of before that is answered', async () => {
  const [from, to] = [kept(await openPort({ address: '127.0.0.1' })), kept(await openPort({ address: '127.0.0.1' }))]
  const told: string[] = []
  let time = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => time)
  await new Promise<void>((resolve) => {
    to.onMessage = (bytes) => {
      told.push(toHex(bytes))
      if (told.length > 1) return
      time += 1
      sendAll(from, to, [Uint8Array.of(2)])
    }
    to.onBatch = resolve
    sendAll(from, to, [Uint8Array.of(1)])
  })
  clock.mockRestore()
  expect(told).toEqual(['01', '02'])
})

describe.each([1, 8])('a thousand packets, handed over %i at once,', (together) => {
  it('of 1,400 bytes take less than one call in forty to send, and to receive', async () => {
    const calls = new Calls()
    const [from, to] = [kept(calls.open()), kept(calls.open())]
    // Nothing takes long: otherwise it would be looked again.
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
    let bursts = 0
    for (const group of Array.from({ length: 20 }, () => packets(50, 1_400))) {
      const all = heard(to, 50)
      sendAll(from, to, group, together)
      expect(await all).toEqual(group.map(toHex))
      bursts += 2
    }
    clock.mockRestore()
    expect(calls.count('sendmsg')).toBe(bursts)
    // One call reads what one or both of them brought, in one or two turns of the loop.
    expect(calls.count('recvmmsg')).toBeLessThanOrEqual(bursts)
  })

  it('leave by one call for each place they go to, at the most 64 and as many bytes as a packet has', async () => {
    const calls = new Calls()
    const from = kept(calls.open())
    const places = [kept(calls.open()), kept(calls.open())]
    const all = places.map((place) => heard(place, 100))
    for (const place of places) sendAll(from, place, packets(100), together)
    await Promise.all(all)
    expect(calls.count('sendmsg')).toBe(4)
  })

  it('that lie anywhere in memory leave by as few', async () => {
    const calls = new Calls()
    const [from, to] = [kept(calls.open()), kept(calls.open())]
    const scattered = packets(64).map((bytes) => bytes.slice())
    const all = heard(to, 64)
    sendAll(from, to, scattered, together)
    expect(await all).toEqual(scattered.map(toHex))
    expect(calls.count('sendmsg')).toBe(1)
  })
})

const SIZES = [1, 16, 60, 300, 1_232, 1_233, 1_400]
/** What may be on one socket: control packets, keepalives, runs of one length, and bytes that look like the beginning of others. */
const datagrams = fc.array(
  fc
    .record({
      size: fc.constantFrom(...SIZES),
      run: fc.integer({ min: 1, max: 12 }),
      tail: fc.constantFrom(0, 1, 15),
      looks: fc.constantFrom('esp', 'control', 'keepalive', 'nested'),
    })
    .map(({ size, run, tail, looks }) =>
      Array.from({ length: run }, (_, index) => {
        const bytes = new Uint8Array(Math.max(1, index === run - 1 ? size - tail : size))
        bytes.fill(looks === 'keepalive' ? 0xff : looks === 'control' ? 0 : 0x11)
        // Every 16 bytes the same SPI and a number that follows: nothing in a payload may look like a boundary.
        for (let at = 0; looks === 'nested' && at + 8 <= bytes.length; at += 16)
          bytes.set([9, 9, 9, 9, 0, 0, 0, at / 16], at)
        return bytes
      }),
    ),
  { minLength: 1, maxLength: 12 },
)

/** Whether the system merges what it reads there, by its own word. */
function merges({ counted, koffi }: Calls, address: string): boolean {
  const socket = new UdpSocket(counted, new Pinned(koffi, 64), { address, port: 0, six: address.includes(':') })
  socket.close()
  return socket.merges
}

describe.each(['127.0.0.1', '::1', '::'])('on %s', (address) => {
  it.each(['accelerated', 'either'])('datagrams of any lengths arrive as they were at an %s port', async (which) => {
    const calls = new Calls()
    const from = kept(calls.open(address))
    const to = kept(which === 'either' ? await openPort({ address }) : calls.open(address))
    const reach = { address: address === '::' ? '127.0.0.1' : address, port: to.locator.port }
    let merged = 0
    await fc.assert(
      fc.asyncProperty(datagrams, async (groups) => {
        const sent = groups.flat()
        const all = heard(to, sent.length, () => merged++)
        for (const [index, group] of groups.entries()) {
          // Every third run at once, as far as it is one length.
          if (index % 3 === 2) from.send(concat(...group), reach, index % 2 === 0, group[0]?.length ?? 1)
          else for (const bytes of group) from.send(bytes, reach, index % 2 === 0)
        }
        from.flush()
        expect(await all).toEqual(sent.map(toHex))
      }),
      { numRuns: 30 },
    )
    // Otherwise nothing has been split: on loopback what leaves as one burst comes as one, wherever the kernel has words for it.
    if (which === 'accelerated') expect(merged > 0).toBe(merges(calls, address))
  })
})

describe.each([1, 8])('a system that, of packets handed over %i at once, refuses', (together) => {
  it.each([
    ['EINVAL', EINVAL],
    ['EIO', EIO],
    ['EOPNOTSUPP', EOPNOTSUPP],
  ])('a burst with %s gets its pieces, loses none, and is not asked again', async (_name, errno) => {
    const calls = new Calls()
    // A msghdr says at its 40th byte how long its control messages are: only bursts have one.
    calls.refuse = (call, args) => (call === 'sendmsg' && isBurst(calls, args) ? errno : undefined)
    const [from, to] = [kept(calls.open()), kept(calls.open())]
    for (const tries of [11, 10]) {
      const all = heard(to, 10)
      const before = calls.count('sendmsg')
      sendAll(from, to, packets(10), together)
      expect(await all).toEqual(packets(10).map(toHex))
      expect(calls.count('sendmsg') - before).toBe(tries)
    }
  })

  it('a burst as too long gets its pieces and is asked again', async () => {
    const calls = new Calls()
    calls.refuse = (call, args) => (call === 'sendmsg' && isBurst(calls, args) ? EMSGSIZE : undefined)
    const [from, to] = [kept(calls.open()), kept(calls.open())]
    const first = heard(to, 5)
    sendAll(from, to, packets(5), together)
    await first
    calls.refuse = () => undefined
    const before = calls.count('sendmsg')
    const second = heard(to, 5)
    sendAll(from, to, packets(5), together)
    await second
    expect(calls.count('sendmsg') - before).toBe(1)
  })

  it('anything for a while gets it all afterwards, in order', async () => {
    const calls = new Calls()
    const [from, to] = [kept(calls.open()), kept(calls.open())]
    let refusals = 3
    calls.refuse = (call) => (call === 'sendmsg' && refusals-- > 0 ? EAGAIN : undefined)
    const all = heard(to, 200)
    const sent = packets(200)
    sendAll(from, to, sent, together)
    expect(await all).toEqual(sent.map(toHex))
  })

  it('anything for long is given up on with what is beyond the limit', async () => {
    const calls = new Calls()
    const [from, to] = [kept(calls.open()), kept(calls.open())]
    calls.refuse = (call) => (call === 'sendmsg' ? EAGAIN : undefined)
    const sent = packets(WAITING_MAX + 200, 16)
    // The first burst of 64 waits where it is.
    const all = heard(to, WAITING_MAX + 64)
    sendAll(from, to, sent, together)
    calls.refuse = () => undefined
    expect((await all).at(-1)).toBe(toHex(sent[WAITING_MAX + 63] ?? new Uint8Array(0)))
    const after = heard(to, 1)
    sendAll(from, to, packets(1, 20), together)
    expect(await after).toHaveLength(1)
  })

  it('to know of bursts or merged reads is served without', async () => {
    const calls = new Calls()
    calls.refuse = (call, [, level, name]) =>
      call === 'setsockopt' && level === SOL_UDP && (name === UDP_SEGMENT || name === UDP_GRO) ? ENOPROTOOPT : undefined
    const [from, to] = [kept(calls.open()), kept(calls.open())]
    const all = heard(to, 20)
    sendAll(from, to, packets(20), together)
    expect(await all).toEqual(packets(20).map(toHex))
    expect(calls.count('sendmsg')).toBe(20)
  })

  it('to keep packets whole is not relied upon', async () => {
    const calls = new Calls()
    const without = kept(calls.open())
    expect(without.dontFragment).toBe(true)
    calls.refuse = (call, [, , name = 0]) =>
      call === 'setsockopt' && MTU_DISCOVER.includes(name) ? ENOPROTOOPT : undefined
    expect(kept(calls.open()).dontFragment).toBe(false)
  })

  it('a socket leaves no descriptor behind', () => {
    const calls = new Calls()
    calls.refuse = (call) => (call === 'bind' ? EINVAL : undefined)
    expect(() => calls.open()).toThrow(/bind EINVAL/)
    expect([calls.count('socket'), calls.count('close')]).toEqual([1, 1])
  })
})

describe('a port', () => {
  it('is closed once, and what is sent or asked afterwards reaches no other socket', async () => {
    const calls = new Calls()
    const port = calls.open()
    port.send(packets(1)[0] ?? new Uint8Array(1), port.locator)
    await Promise.all([port.close(), port.close()])
    const before = calls.count('sendmsg')
    port.send(Uint8Array.of(1), port.locator)
    port.flush()
    port.setBuffers(1_000)
    port.ref()
    expect(calls.count('close')).toBe(1)
    expect(calls.count('sendmsg')).toBe(before)
  })

  it('that is closed while it is read says nothing more', async () => {
    const calls = new Calls()
    const [from, to] = [kept(calls.open()), calls.open()]
    let told = 0
    const closed = new Promise<void>((resolve) => {
      to.onMessage = () => {
        told += 1
        void to.close().then(resolve)
      }
    })
    sendAll(from, to, packets(30))
    await closed
    expect(told).toBe(1)
  })
})

/** Whether a call sends a msghdr that has control messages. */
function isBurst(calls: Calls, [, address = 0]: readonly number[]): boolean {
  return calls.peek(address + 40) !== 0
}
