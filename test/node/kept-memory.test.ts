// What the layers above the core keep, read from the heap: what is pushed in beyond a limit of theirs does not stay. What happens to it
// instead is in the tests that cross the limits: limits.test.ts here, of the ledger and of the commands.

import { type RemoteInfo, Socket } from 'node:dgram'
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as cliLimits from '../../src/cli/config.ts'
import { hitText } from '../../src/crypto/hit.ts'
import * as ledgerLimits from '../../src/ledger/config.ts'
import { FileLedger } from '../../src/ledger/file.ts'
import { Pinned } from '../../src/node/accelerated/memory.ts'
import { Names } from '../../src/node/accelerated/names.ts'
import { AF_INET, EAGAIN, NAME_BYTES } from '../../src/node/accelerated/system-calls.ts'
import * as limits from '../../src/node/config.ts'
import { DatagramSocket } from '../../src/node/datagram-socket.ts'
import { Host } from '../../src/node/host.ts'
import { Listener } from '../../src/node/listener.ts'
import { openPort } from '../../src/node/port.ts'
import { ResumableConnection } from '../../src/node/resumable-connection.ts'
import { SojournStream } from '../../src/node/stream.ts'
import { SuccessorPort } from '../../src/node/successor-port.ts'
import { seeded, X } from '../support/actors.ts'
import { expectHeldBack, type Hoard, type Places, placesUnder } from '../support/hoards.ts'
import { pair } from '../support/pair.ts'
import { silentPort } from '../support/silent-port.ts'
import { StreamSide } from '../support/stream-world.ts'
import { strewnLimits } from '../support/strewn-limits.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { withoutKoffi } from '../support/without-koffi.ts'
import { Calls, koffi } from './accelerated/calls.ts'

const set = vi.hoisted(() => new Map<string, number>())

/** The limits of a layer, as far as a test does not set them otherwise. */
const settable = vi.hoisted(() => async <T extends object>(original: () => Promise<T>): Promise<T> => {
  return new Proxy({ ...(await original()) }, { get: (all, name) => set.get(String(name)) ?? Reflect.get(all, name) })
})

vi.mock(import('../../src/node/config.ts'), settable)
vi.mock(import('../../src/ledger/config.ts'), settable)
// Practice takes time and keeps nothing.
vi.mock(import('../../src/node/rehearsal.ts'), async (original) => ({
  ...(await original()),
  rehearseMove: async () => 0,
}))

afterEach(() => {
  set.clear()
  vi.restoreAllMocks()
})

const peer = X.hit
const BYTES = 1_000

/** Streams of an end that may open none, and whom it is associated with. */
function streamsHere() {
  const { wire, a, b } = pair({ config: { streamsMax: 0 } })
  return { streams: new StreamSide(wire, a).streams, peer: b.engine.hit }
}

const NODE_HOARDS = {
  UNREAD_DATAGRAMS_MAX: {
    at: 8,
    pushes: 500,
    fill: () => {
      const { streams } = streamsHere()
      const { hit } = streams
      const nothing = (): undefined => undefined
      const carrier = { hit, openPort: nothing, adoptPort: nothing, shutPort: nothing, ref: nothing, unref: nothing }
      const socket = new DatagramSocket({
        ...carrier,
        rules: (access) => streams.rules(access),
        sendDatagram: () => 'sent',
      })
      return () => socket.deliver(new Uint8Array(BYTES), peer, 7)
    },
  },
  STREAMS_WAITING_MAX: {
    at: 4,
    pushes: 500,
    fill: () => {
      const { streams, peer } = streamsHere()
      return () => streams.connect(peer, 7, {}, undefined).on('error', () => undefined)
    },
  },
  BACKLOG_STREAMS_MAX: {
    at: 4,
    pushes: 400,
    fill: () => {
      const { streams } = streamsHere()
      const listener = Listener.bound(streams, 7, {})
      return (n) => {
        const stream = new SojournStream(streams, peer, 7, 1)
        stream.accept(n)
        listener.offer(stream)
      }
    },
  },
  UNANSWERED_BYTES_MAX: {
    at: 8_000,
    pushes: 400,
    fill: () => {
      const stream = new SojournStream(streamsHere().streams, peer, 7, 1)
      stream.accept(0)
      const nobody = (): never => {
        throw new Error('nobody asks')
      }
      new ResumableConnection(stream, nobody, () => undefined).begin()
      return () => stream.destroyed || stream.emit('data', Buffer.alloc(BYTES))
    },
  },
  PORT_SOURCES_MAX: {
    at: 64,
    pushes: 3_000,
    fill: async () => {
      const on = vi.spyOn(Socket.prototype, 'on')
      withoutKoffi()
      const port = await openPort({ address: '127.0.0.1' })
      const [, hear] = on.mock.calls.findLast(([name]) => name === 'message') ?? []
      if (hear === undefined) throw new Error('nobody listens to the socket')
      await port.close()
      return (n) => {
        const info: RemoteInfo = { address: `192.0.${n >> 8}.${n & 255}`, family: 'IPv4', port: 1, size: 1 }
        Reflect.apply(hear, undefined, [Buffer.alloc(1), info])
      }
    },
  },
  OLD_PORT_CALLERS_MAX: {
    at: 64,
    pushes: 3_000,
    fill: () => {
      const original = silentPort()
      const port = new SuccessorPort(silentPort(), original)
      port.onMessage = () => undefined
      return (n) => original.onMessage(Uint8Array.of(1), { address: '192.0.2.1', port: n })
    },
  },
  HOST_OFFERS_MAX: {
    at: 4,
    pushes: 150,
    fill: async () => {
      const host = await Host.open({ home: temporaryFolder() })
      return () => host.offer(peer).catch(() => undefined)
    },
  },
} satisfies { readonly [Limit in keyof typeof limits]?: Hoard<void> }

const LEDGER_HOARDS = {
  CHAINS_MAX: {
    at: 16,
    pushes: 600,
    fill: () => {
      const ledger = new FileLedger({ folder: temporaryFolder(), entropy: seeded(1) })
      return (n) => ledger.read(hitText(Uint8Array.of(0x20, 1, 0, 0x21, ...new Uint8Array(10), n >> 8, n)))
    },
  },
} satisfies { readonly [Limit in keyof typeof ledgerLimits]?: Hoard<void> }

/** What is kept by direct calls has limits beside it. */
const ACCELERATED_HOARDS: Readonly<Record<string, () => Places>> = {
  'names.ts: NAMES_MAX': () => {
    const names = new Names(false, undefined)
    const name = new Pinned(koffi(), NAME_BYTES)
    name.view.setUint16(0, AF_INET, true)
    const routes: unknown[] = []
    const route = (n: number) => ({ words: [2, n, 0, 0], route: { address: `192.0.${n >> 8}.${n & 255}`, port: 1 } })
    return {
      pushes: 20_000,
      held: (n) => {
        name.view.setUint32(4, n)
        return names.read(name, 0)
      },
      free: (n) => routes.push([[], route(n)]),
    }
  },
  'outbox.ts: WAITING_MAX': () => {
    const calls = new Calls()
    const from = calls.open()
    calls.refuse = (call) => (call === 'sendmsg' ? EAGAIN : undefined)
    const kept: Uint8Array[] = []
    return {
      pushes: 8_000,
      held: () => {
        from.send(new Uint8Array(BYTES), from.locator)
        from.flush()
      },
      free: () => kept.push(new Uint8Array(BYTES)),
    }
  },
}

describe('what is pushed in beyond the limit is not kept:', () => {
  it.each(Object.entries<Hoard<void>>({ ...NODE_HOARDS, ...LEDGER_HOARDS }))('%s', (limit, hoard) =>
    expectHeldBack(() => placesUnder(hoard, (value) => void set.set(limit, value))),
  )

  it.each(Object.entries(ACCELERATED_HOARDS))('%s', (_limit, places) => expectHeldBack(places))
})

/** What a limit is of that keeps nothing back in our memory. */
type Other =
  | 'a time'
  /** How often, or how much at once, something is done. */
  | 'work'
  /** Of one thing, such as a file: it is refused, or cut, before anything is kept. */
  | 'one thing'
  /** Of what the system keeps for us, which is not to be seen here: sockets, processes, OpenSSL. */
  | 'the system'

const OTHERS: Readonly<Record<string, Other>> = {
  EPHEMERAL_FIRST: 'one thing',
  EPHEMERAL_COUNT: 'one thing',
  TIMER_MS_MAX: 'a time',
  READ_BYTES_MAX: 'one thing',
  SMALL_PIECE_BYTES_MAX: 'one thing',
  SMALL_PIECES_BYTES_MIN: 'one thing',
  SMALL_PIECES_BYTES_MAX: 'one thing',
  WRITE_PIECE_BYTES_MIN: 'one thing',
  EARLY_BYTES: 'work',
  WRITE_AHEAD_BYTES: 'one thing',
  FREEZE_ROUNDS_MAX: 'work',
  FINISH_MS: 'a time',
  TURN_DATAGRAMS_MAX: 'work',
  SOCKET_BUFFER_BYTES: 'the system',
  PORT_ANNOUNCED_MAX: 'one thing',
  OLD_PORT_MS: 'a time',
  ASSOCIATE_MS: 'a time',
  RETRY_MS_MIN: 'a time',
  PING_MS: 'a time',
  QUESTION_MS: 'a time',
  GOODBYE_MS: 'a time',
  PUBLISH_AFTER_MS: 'a time',
  PUBLISH_TRIES_MAX: 'work',
  PUBLISH_PAUSE_MS_MIN: 'a time',
  SEEK_PAUSE_MS_MIN: 'a time',
  SEEK_PAUSE_MS_MAX: 'a time',
  OFFER_KEPT_MS: 'a time',
  REHEARSAL_TURNS_MAX: 'work',
  REHEARSED_MOVES_MAX: 'work',
  REHEARSAL_AT_ONCE_MS: 'a time',
  REHEARSAL_SOON_MS: 'a time',
  FLOORS_SAVE_AFTER_MS: 'a time',
  SECRET_FILE_BYTES_MAX: 'one thing',

  'ed25519.ts: MESSAGE_BYTES_MAX': 'one thing',
  'gcm.ts: COPIED_BYTES_MAX': 'one thing',
  'gcm.ts: CUT_BYTES_MAX': 'one thing',
  'inbox.ts: CALLS_MAX': 'work',
  'inbox.ts: LONG_MS': 'a time',
  'kmac.ts: KEY_BYTES_MAX': 'one thing',
  'kmac.ts: MESSAGE_BYTES_MAX': 'one thing',
  'kmac.ts: OUTPUT_BYTES_MAX': 'one thing',
  'outbox.ts: BURST_BYTES_MAX': 'one thing',
  'system-calls.ts: SEGMENTS_MAX': 'work',
  // Counted where OpenSSL is asked for them: test/node/accelerated/gcm.test.ts.
  'warm-context.ts: WARM_CONTEXTS_MAX': 'the system',

  VERSION_FILE_BYTES_MAX: 'one thing',
  NONCE_BYTES_MAX: 'one thing',
  RECEIPT_BYTES_MAX: 'one thing',
  STARTED_BYTES_MAX: 'one thing',
  SUCCESSORS_MAX: 'one thing',
  RACES_MAX: 'work',
  CREATE_TRIES_MAX: 'work',

  CHILDREN_MAX: 'the system',
  REDRAW_MS: 'a time',
}

it('every limit of these layers keeps memory back, or is of something else', () => {
  const all = [limits, ledgerLimits, cliLimits].flatMap((layer) => Object.keys(layer))
  const told = Object.keys({ ...NODE_HOARDS, ...LEDGER_HOARDS, ...ACCELERATED_HOARDS, ...OTHERS })
  expect(told.sort()).toEqual([...all, ...strewnLimits('src/node/accelerated')].sort())
})
