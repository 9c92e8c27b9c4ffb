// Limits and times of src/node that no other test comes to: crossed here, by clocks that are moved on by hand and by what stands in
// for the system. The list of them all is in limits.test.ts.

import { type RemoteInfo, Socket } from 'node:dgram'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Locator } from '../../src/base/address.ts'
import { verifyReady } from '../../src/core/moving/ready.ts'
import { MemoryLedger } from '../../src/ledger/memory.ts'
import { Attempts } from '../../src/node/attempts.ts'
import * as limits from '../../src/node/config.ts'
import { SojournError } from '../../src/node/errors.ts'
import { Host } from '../../src/node/host.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import { Outgoing, type Written } from '../../src/node/outgoing.ts'
import { Pings } from '../../src/node/pings.ts'
import { openPort } from '../../src/node/port.ts'
import { LEDGER } from '../support/actors.ts'
import { endpointOn, pair } from '../support/endpoints.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { withoutKoffi } from '../support/without-koffi.ts'

const { hit } = createIdentity()

/** From here on timers wait to be told that time passes; sockets do not. */
function stopTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
}

/** The code of what it rejects with; undefined as long as it has not. */
function fate(promise: Promise<unknown>): { code: string | undefined } {
  const told: { code: string | undefined } = { code: undefined }
  promise.catch((error: { readonly code: string }) => {
    told.code = error.code
  })
  return told
}

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('a time that is not given', () => {
  test('a ping waits a second for its answer', async () => {
    stopTimers()
    const pings = new Pings(() => true)
    const waited = fate(pings.ping(hit, {}, () => undefined))
    await vi.advanceTimersByTimeAsync(limits.PING_MS - 1)
    expect(waited.code).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(waited.code).toBe('ERR_SOJOURN_TIMEOUT')
  })

  test('a question who is there waits five seconds', async () => {
    const a = await endpointOn()
    stopTimers()
    const waited = fate(a.whoIs('127.0.0.1:9'))
    await vi.advanceTimersByTimeAsync(limits.QUESTION_MS - 1)
    expect(waited.code).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(waited.code).toBe('ERR_SOJOURN_UNREACHABLE')
  })

  test('streams that nobody ends are waited for, then a goodbye that nobody answers, and then it closes', async () => {
    // The path seems slow, because each look at the clock takes its time: so the protocol does not give up before we do.
    let time = performance.now()
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (time += 10))
    const { a, b, association } = await pair()
    b.listen(7)
    const stream = a.connect(b.peer, 7)
    await stream.opened
    b.destroy()
    clock.mockReturnValue(time)
    stopTimers()
    const closing = a.close()
    // The end that is told is something new, so it is waited for twice.
    for (let waits = 0; waits < 2; waits++) {
      expect(association.state).toBe('established')
      await vi.advanceTimersByTimeAsync(limits.FINISH_MS - 1)
      expect(association.state).toBe('established')
      await vi.advanceTimersByTimeAsync(1)
      if (association.state !== 'established') break
    }
    expect(association.state).toBe('closing')
    let closed = false
    void a.closed.then(() => {
      closed = true
    })
    await vi.advanceTimersByTimeAsync(limits.GOODBYE_MS - 1)
    expect(closed).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    vi.useRealTimers()
    await closing
    expect(await a.closed).toEqual({ reason: 'closed' })
  })

  test('the ledger is told where we are a moment after the start', async () => {
    const ledger = new MemoryLedger({ identity: LEDGER })
    const publish = vi.spyOn(ledger, 'publish')
    const host = await Host.open({ home: temporaryFolder() })
    stopTimers()
    await endpointOn({ ledger, host })
    await vi.advanceTimersByTimeAsync(limits.PUBLISH_AFTER_MS - 1)
    expect(publish).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(publish).toHaveBeenCalledOnce()
  })

  test('the key of an offer is destroyed half an hour after it was made', async () => {
    const host = await Host.open({ home: temporaryFolder() })
    let time = performance.now()
    const ready = verifyReady(await host.offer(hit), hit, 0)
    if (typeof ready === 'string') throw new Error(ready)
    const made = performance.now()
    vi.spyOn(performance, 'now').mockImplementation(() => time)
    time += limits.OFFER_KEPT_MS - 1
    const keys = host.keysFor(ready.offer)
    expect(keys?.secret.some((byte) => byte !== 0)).toBe(true)
    time = made + limits.OFFER_KEPT_MS
    expect(host.keysFor(ready.offer)).toBeUndefined()
    expect(keys?.secret.every((byte) => byte === 0)).toBe(true)
  })
})

describe('an exchange that came to nothing', () => {
  const tries = async (timeoutMs: number): Promise<number> => {
    let begun = 0
    const attempts = new Attempts()
    const error = new SojournError('ERR_SOJOURN_UNREACHABLE', 'nobody')
    const actions = { begin: () => void begun++, abandon: () => undefined }
    const joined = attempts.join({ hit, locators: [] }, timeoutMs, undefined, actions).catch(() => undefined)
    attempts.fail(hit, 'unreachable', [], error)
    attempts.failAll(error)
    await joined
    return begun
  }

  test('is begun again for whoever waits for more than a second yet, and for nobody else', async () => {
    vi.spyOn(performance, 'now').mockReturnValue(5_000)
    expect(await tries(limits.RETRY_MS_MIN)).toBe(1)
    expect(await tries(limits.RETRY_MS_MIN + 1)).toBe(2)
  })
})

describe('a port that is asked for as any', () => {
  test('is one of 16,384, and then there is none', async () => {
    const a = await endpointOn()
    const ports = new Set(Array.from({ length: limits.EPHEMERAL_COUNT }, () => a.listen(0).port))
    expect([ports.size, Math.min(...ports), Math.max(...ports)]).toEqual([16_384, 49_152, 65_535])
    expect(() => a.listen(0)).toThrow(expect.objectContaining({ code: 'ERR_SOJOURN_ADDRESS' }))
    expect(a.listen(7).port).toBe(7)
  })
})

describe('a write before there is an association', () => {
  test('of 64 KiB asks its writer to wait, and one of a byte less does not', async () => {
    const [a, b] = await Promise.all([endpointOn(), endpointOn()])
    b.listen(9, (stream) => stream.resume())
    const answers = [limits.WRITE_AHEAD_BYTES, limits.WRITE_AHEAD_BYTES - 1].map((length) =>
      a.connect(b.peer, 9).write(new Uint8Array(length)),
    )
    expect(answers).toEqual([false, true])
  })
})

describe('a write for which there is too little room', () => {
  /** What is offered to an engine that has so much room, and what it takes. */
  function written(bytes: number, room: number): { readonly offered: number[]; readonly taken: number } {
    const offered: number[] = []
    let left = room
    const sink = {
      end: () => undefined,
      write: (_stream: unknown, { length }: Uint8Array): Written => {
        offered.push(length)
        if (length > left) return 'full'
        left -= length
        return 'taken'
      },
    }
    const outgoing = new Outgoing(sink, { writableLength: bytes })
    outgoing.begin()
    outgoing.writev([{ chunk: new Uint8Array(bytes) }], () => undefined)
    return { offered, taken: outgoing.written }
  }

  test('is halved until a kibibyte, and no smaller piece of it is tried', () => {
    expect(written(4_096, 1_023)).toEqual({ offered: [4_096, 2_048, 1_024], taken: 0 })
    expect(written(4_096, 1_024)).toEqual({ offered: [4_096, 2_048, 1_024], taken: limits.WRITE_PIECE_BYTES_MIN })
    expect(written(4_096, 3_500).taken).toBe(3_072)
  })
})

describe('a port of node:dgram', () => {
  test('asks the system for four mebibytes each way, and no more', async () => {
    withoutKoffi()
    const asked = (['setRecvBufferSize', 'setSendBufferSize'] as const).map((name) => vi.spyOn(Socket.prototype, name))
    const port = await openPort({ address: '127.0.0.1' })
    await port.close()
    for (const spy of asked) expect(spy.mock.calls).toEqual([[limits.SOCKET_BUFFER_BYTES]])
  })

  test('remembers four thousand sources, and begins anew with the next', async () => {
    withoutKoffi()
    const on = vi.spyOn(Socket.prototype, 'on')
    const port = await openPort({ address: '127.0.0.1' })
    const [, hear] = on.mock.calls.findLast(([name]) => name === 'message') ?? []
    if (hear === undefined) throw new Error('nobody listens to the socket')
    let source: Locator | undefined
    port.onMessage = (_bytes, from) => {
      source = from
    }
    const from = (number: number): Locator | undefined => {
      const info: RemoteInfo = { address: `192.0.2.${number & 7}`, family: 'IPv4', port: 1 + (number >> 3), size: 1 }
      Reflect.apply(hear, undefined, [Buffer.alloc(1), info])
      return source
    }
    const first = from(0)
    for (let number = 1; number < limits.PORT_SOURCES_MAX; number++) from(number)
    expect(from(0)).toBe(first)
    from(limits.PORT_SOURCES_MAX)
    const again = from(0)
    expect(again).toEqual(first)
    expect(again).not.toBe(first)
    await port.close()
  })
})
