// The same of streams and of loss recovery.

import type { Config } from '../../src/core/config.ts'
import { STREAM_START } from '../../src/core/transport/config.ts'
import { EarlierPaths } from '../../src/core/transport/recovery/earlier-paths.ts'
import { Received } from '../../src/core/transport/recovery/received.ts'
import { Rtt } from '../../src/core/transport/recovery/rtt.ts'
import { SendTimes } from '../../src/core/transport/recovery/send-times.ts'
import { Skips } from '../../src/core/transport/recovery/skips.ts'
import type { StreamFrame } from '../../src/wire/frame.ts'
import { seeded } from './actors.ts'
import type { Hoard, Push } from './hoards.ts'
import { type End, pair, type Wire } from './pair.ts'
import { Sender } from './recovery-sender.ts'
import { data, open, receiver, StreamEnd } from './stream-pair.ts'

const FAR = 2 ** 40
/** What is not looked at is as large as it may be. */
const WIDE = { streamWindowBytesMax: FAR, associationWindowBytesMax: FAR, waitingBytesMax: FAR }
const PIECE_BYTES = 8_192

/** A receiver whose application waits for more of each of its streams than ever comes. */
function patient(config: Partial<Config>, streams: number): StreamEnd {
  const end = receiver({ ...WIDE, ...config })
  for (let n = 1; n < streams; n++) end.streams.receive(open(2 * n))
  end.listen()
  for (let n = 0; n < streams; n++) end.streams.want(2 * n, FAR)
  while (end.packet() !== undefined);
  return end
}

/** What both ends agree on cannot be set by anybody: it is written over, for the rest of the test. */
export function agreeOn(start: { readonly [Limit in keyof typeof STREAM_START]?: number }): void {
  for (const [limit, value] of Object.entries(start)) Reflect.set(STREAM_START, limit, value)
}

/** What a peer says before it has heard of any other limit. Nobody reads it. */
function early(frame: (n: number) => StreamFrame, opened = true): Push {
  const { streams } = new StreamEnd(false, WIDE)
  if (opened) streams.receive(open(0))
  return (n) => streams.receive(frame(n))
}

const piece = (n: number): StreamFrame => data(0, n * PIECE_BYTES, PIECE_BYTES)

/** Of `STREAM_START`, with the others out of the way. */
export const START_HOARDS: Readonly<Record<keyof typeof STREAM_START, Hoard<void>>> = {
  maxData: { at: 65_536, pushes: 100, fill: () => early(piece) },
  maxStreamData: { at: 65_536, pushes: 100, fill: () => early(piece) },
  unopenedBytes: { at: 65_536, pushes: 100, fill: () => early(piece, false) },
  maxStreams: { at: 8, pushes: 500, fill: () => early((n) => open(2 * n)) },
}

/** Both say what they have to say, and answer, and some time has passed. */
function talk(wire: Wire, a: End, b: End): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
    [a, b],
  ] as const) {
    from.engine.expire(wire.now)
    for (let out = from.engine.transmit(wire.now); out !== undefined; out = from.engine.transmit(wire.now))
      to.engine.receive(wire.now, out.bytes, from.at)
  }
  wire.now += 30
}

export const TRANSPORT_HOARDS = {
  streamEventsMax: {
    at: 8,
    pushes: 600,
    fill: (config) => {
      agreeOn({ maxStreams: 8 })
      const { wire, a, b } = pair({ config })
      b.engine.listen(9)
      const peer = b.engine.hit
      // Nobody asks b what there is to tell. With each stream that begins it looks what there is.
      return () => {
        const id = a.engine.openStream(wire.now, peer, 9)
        if (typeof id === 'number') {
          talk(wire, a, b)
          a.engine.resetStream(wire.now, peer, id, 1)
          a.engine.stopStream(wire.now, peer, id, 1)
        }
        talk(wire, a, b)
        while (a.engine.event() !== undefined);
      }
    },
  },
  streamWindowBytesMax: {
    at: 262_144,
    pushes: 250,
    fill: ({ streamWindowBytesMax }) => {
      const { streams } = patient({ streamWindowBytesMax }, 1)
      return (n) => streams.receive(data(0, n * PIECE_BYTES, PIECE_BYTES))
    },
  },
  associationWindowBytesMax: {
    at: 1_048_576,
    pushes: 800,
    fill: ({ associationWindowBytesMax }) => {
      const { streams } = patient({ associationWindowBytesMax }, 8)
      return (n) => streams.receive(data(2 * (n % 8), (n >> 3) * PIECE_BYTES, PIECE_BYTES))
    },
  },
  streamPiecesMax: {
    at: 16,
    pushes: 2_500,
    fill: ({ streamPiecesMax }) => {
      const { streams } = receiver({ streamPiecesMax })
      return (n) => streams.receive(data(0, 1 + 100 * n, 1))
    },
  },
  streamsMax: {
    at: 4,
    pushes: 500,
    fill: ({ streamsMax }) => {
      const { streams } = new StreamEnd(true, { streamsMax })
      streams.receive({ kind: 'max-streams', limit: FAR })
      return () => streams.open(80, 1)
    },
  },
  waitingBytesMax: {
    at: 65_536,
    pushes: 100,
    fill: ({ waitingBytesMax }) => {
      const { streams } = patient({ waitingBytesMax }, 1)
      return (n) => {
        streams.write(0, new Uint8Array(PIECE_BYTES))
        streams.receive(data(0, n * PIECE_BYTES, PIECE_BYTES))
      }
    },
  },
  ackRangesMax: {
    at: 64,
    pushes: 6_000,
    fill: (config) => {
      const received = new Received(config)
      return (n) => received.note(n, 1, 2 * n + 1, true)
    },
  },
  spacesMax: {
    at: 16,
    pushes: 2_500,
    fill: (config) => {
      const [received, skips] = [new Received(config), new Skips(config, seeded(1), 10)]
      return (n) => {
        received.note(n, n, 1, true)
        skips.note(n, 1, 10)
      }
    },
  },
  sentPacketsMax: {
    at: 64,
    pushes: 3_000,
    fill: ({ sentPacketsMax }) => {
      const sender = new Sender({ sentPacketsMax, windowPacketsInitial: FAR, windowBytesInitial: FAR })
      return (n) => sender.recovery.maySend(1_000 * n, 1_200) && sender.send(1_000 * n)
    },
  },
  sendTimesMax: {
    at: 64,
    pushes: 8_000,
    fill: (config) => {
      const times = new SendTimes(config)
      return (n) => times.note(n, 1, n)
    },
  },
  skippedNumbersMax: {
    at: 64,
    pushes: 25_000,
    fill: (config) => {
      const skips = new Skips(config, seeded(1), 10)
      return (n) => skips.note(1, n, 10)
    },
  },
  earlierPathsMax: {
    at: 8,
    pushes: 2_000,
    fill: (config) => {
      const paths = new EarlierPaths(config)
      return (n) => {
        const rtt = new Rtt(config)
        rtt.sample(n, 10, 0)
        paths.leave(n, `path ${n}`, { windowBytes: n, mtuBytes: 1_200, rtt })
      }
    },
  },
} satisfies { readonly [Limit in keyof Config]?: Hoard<Config> }
