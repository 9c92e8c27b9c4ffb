// The limits of src/core/config.ts that keep memory back, and how what they bound is filled. What the others are limits of stands in
// test/core/kept-memory.test.ts: a new limit is in one of the two lists, or that does not compile.

import type { Route } from '../../src/base/address.ts'
import { AnswerCache } from '../../src/core/association/consumed.ts'
import { encodeI1 } from '../../src/core/association/initiator.ts'
import { Paths } from '../../src/core/association/paths.ts'
import { type Generation, R1Pool } from '../../src/core/association/r1-pool.ts'
import { addFinal } from '../../src/core/association/session.ts'
import { UpdateIds } from '../../src/core/association/update.ts'
import { Budgets } from '../../src/core/budgets.ts'
import type { Config } from '../../src/core/config.ts'
import { Floors } from '../../src/core/moving/floor.ts'
import { Outlet } from '../../src/core/outlet.ts'
import { ReplayWindow } from '../../src/core/sa/replay.ts'
import { wrapHip } from '../../src/wire/datagram.ts'
import type { Final } from '../../src/wire/private.ts'
import { associated, run } from './abroad.ts'
import { identity, seeded } from './actors.ts'
import { answerR1, askForR1, type End, end, read } from './exchange.ts'
import type { Hoard } from './hoards.ts'
import { type Cast, freeze, place, say, stage, thaw, those } from './stage.ts'

const anywhere = (n: number): Route => ({ address: `198.18.${(n >> 8) & 255}.${n & 255}`, port: 1_024 + (n >> 16) })

/** What ends and their wire remember for tests that look back is let go. */
function forgetStory({ wire, a, b }: Cast): void {
  wire.sent.length = 0
  for (const { events } of [a, b]) events.length = 0
}

/** Datagrams to somebody who is not there. */
function unsent(config: Config): (n: number) => unknown {
  const { a, b } = stage({ associate: false, config })
  a.engine.associate(0, { hit: b.engine.hit, locators: [place(77)] })
  return () => a.engine.send(0, b.engine.hit, 7, 7, new Uint8Array(1_000))
}

/** Datagrams that came, and that nobody fetches. */
function unheard(config: Config): (n: number) => unknown {
  const outlet = new Outlet(config)
  const peer = identity(1).hit
  return () => outlet.tell({ type: 'datagram', peer, sourcePort: 1, port: 1, bytes: new Uint8Array(1_000) })
}

/** The R1s that a pool gives out now. */
function generationOf(initiator: End, responder: End, pool: R1Pool): Generation {
  const { puzzle } = read('R1', askForR1(0, initiator, responder, pool))
  const generation = pool.generationOf(0, puzzle.opaque)
  if (generation === undefined) throw new Error('an R1 that was just made is of no generation')
  return generation
}

/** Twenty solutions have been accepted, the nth time. */
function consume(pool: R1Pool, generation: Generation, n: number): void {
  const i = Uint8Array.of(...new Uint8Array(30), n >> 8, n)
  for (let m = 0; m < 20; m++) pool.consume(0, generation, i, Uint8Array.of(...new Uint8Array(31), m), i, i)
}

/** Many a key in an endless row, none of them anybody's. */
const strangerKey = (n: number) => ({
  algorithm: 13,
  label: 1,
  bytes: Uint8Array.of(...new Uint8Array(28), n >>> 24, n >>> 16, n >>> 8, n),
})

export const CORE_HOARDS = {
  floorsMax: {
    at: 8,
    pushes: 400,
    fill: ({ floorsMax }) => {
      const floors = new Floors(floorsMax)
      const receipt = new Uint8Array(1_000)
      return (n) =>
        floors.raise({
          key: strangerKey(n),
          epoch: 1,
          incarnation: new Uint8Array(16),
          ledger: undefined,
          receipt: receipt.slice(),
        })
    },
  },
  earlyPacketsMax: {
    at: 8,
    pushes: 500,
    fill: (config) => {
      const cast = stage({ config })
      say(cast, cast.a, cast.b, 'earns')
      const state = freeze(cast, cast.a)
      cast.filters.hold('P2')
      const a2 = thaw(cast, cast.alice, state, 2, place(3), { config })
      for (let n = 0; n < 10; n++) say(cast, a2, cast.b, 'x'.repeat(500))
      cast.wire.run(10)
      say(cast, cast.b, a2, 'x'.repeat(1_000))
      const early = those(cast, 'ESP', cast.b).at(-1)
      return () => early && a2.engine.receive(cast.wire.now, early.bytes, early.from)
    },
  },
  associationsMax: {
    at: 2,
    pushes: 24,
    fill: (config) => {
      const responder = end(2)
      const { b } = stage({ associate: false, config, identities: [identity(3), responder.identity] })
      return (n) => {
        const initiator = end(100 + n)
        const hear = (packet: Uint8Array) => {
          b.engine.receive(0, wrapHip(packet), anywhere(n))
          return b.engine.transmit(0)?.bytes.subarray(4) ?? new Uint8Array(0)
        }
        const r1 = hear(encodeI1(initiator, responder.hitBytes))
        hear(answerR1(initiator, responder, r1).bytes)
        while (b.engine.transmit(0) !== undefined);
        while (b.engine.event() !== undefined);
      }
    },
  },
  inquiriesMax: {
    at: 4,
    pushes: 500,
    fill: (config) => {
      const { b } = stage({ associate: false, config })
      const locators = Array.from({ length: 8 }, (_, n) => anywhere(n))
      return () => {
        b.engine.inquiries?.begin(0, locators)
        while (b.engine.transmit(0) !== undefined);
      }
    },
  },
  locatorsPerPeerMax: {
    at: 4,
    pushes: 1_500,
    fill: (config) => {
      const paths = new Paths(config)
      return (n) => paths.observe(anywhere(n))
    },
  },
  unsentPacketsMax: { at: 8, pushes: 500, fill: (config) => unsent({ ...config, unsentBytesMax: Infinity }) },
  unsentBytesMax: { at: 8_000, pushes: 500, fill: (config) => unsent({ ...config, unsentPacketsMax: 1e6 }) },
  outboxPacketsMax: {
    at: 8,
    pushes: 500,
    fill: (config) => {
      const outlet = new Outlet(config)
      return (n) => outlet.send(new Uint8Array(1_000), anywhere(n))
    },
  },
  eventsMax: { at: 8, pushes: 500, fill: (config) => unheard({ ...config, eventBytesMax: Infinity }) },
  eventBytesMax: { at: 8_000, pushes: 500, fill: unheard },
  saPairsMax: {
    at: 2,
    pushes: 10,
    fill: (config) => {
      const here = associated('they', { ...config, inboundSasMax: 1e6, replayWindow: 2 ** 18 })
      return () => {
        here.foreign.addPair()
        here.foreign.say('x')
        run(here, 50)
        forgetStory(here.cast)
      }
    },
  },
  inboundSasMax: {
    at: 3,
    pushes: 12,
    fill: (config) => {
      // No SA closes for its age before the last one is there.
      const cast = stage({ delayMs: 1, config: { ...config, replayWindow: 2 ** 18, ptoMinMs: 1e6, ptoMaxMs: 1e6 } })
      return () => {
        say(cast, cast.a, cast.b, 'x')
        say(cast, cast.b, cast.a, 'x')
        cast.wire.run(4)
        cast.a.engine.rekey(cast.wire.now, cast.b.engine.hit)
        cast.wire.run(8)
        forgetStory(cast)
      }
    },
  },
  finalsMax: {
    at: 4,
    pushes: 100,
    fill: ({ finalsMax }) => {
      const peers: { finals: readonly Final[] }[] = Array.from({ length: 100 }, () => ({ finals: [] }))
      return (n) => {
        const final = { spi: 2 ** 31 + n, sequence: 2 ** 40 + n }
        for (const peer of peers) peer.finals = addFinal(peer.finals, { ...final }, finalsMax)
      }
    },
  },
  updateIdWindow: {
    at: 8,
    pushes: 120,
    fill: ({ updateIdWindow }) => {
      const peers = Array.from({ length: 100 }, () => new UpdateIds(updateIdWindow))
      return (n) => {
        for (const ids of peers) ids.record(2 ** 31 + n)
      }
    },
  },
  replayWindow: {
    at: 4_096,
    lifted: 2 ** 23,
    pushes: 1_000,
    fill: ({ replayWindow }) => {
      const window = new ReplayWindow(replayWindow)
      return (n) => window.mark(1 + 100 * n)
    },
  },
  consumedPairsMax: {
    at: 64,
    pushes: 100,
    fill: (config) => {
      const [initiator, responder] = [
        end(1),
        end(2, { config: { ...config, cachedAnswersMax: 0, r1GenerationsMax: 1e6, r1Burst: 1e6 } }),
      ]
      const pool = new R1Pool(responder)
      return (n) => consume(pool, generationOf(initiator, responder, pool), n)
    },
  },
  cachedAnswersMax: {
    at: 8,
    pushes: 500,
    fill: ({ cachedAnswersMax, cachedAnswerMs }) => {
      const answers = new AnswerCache(cachedAnswersMax, cachedAnswerMs)
      const i = new Uint8Array(32)
      return () => answers.consume(0, new Map(), i, i, i, new Uint8Array(1_000))
    },
  },
  r1GenerationsMax: {
    at: 3,
    pushes: 120,
    fill: (config) => {
      const [initiator, responder] = [end(1), end(2, { config: { ...config, cachedAnswersMax: 0 } })]
      const pool = new R1Pool(responder)
      return () => {
        pool.renew()
        consume(pool, generationOf(initiator, responder, pool), 0)
      }
    },
  },
  prefixSlots: {
    at: 64,
    lifted: 2 ** 17,
    pushes: 300,
    fill: (config) => {
      const [initiator, responder] = [end(1), end(2, { config })]
      const pool = new R1Pool(responder)
      const i1 = read('I1', encodeI1(initiator, responder.hitBytes))
      return (n) => pool.answer(n, i1, anywhere(n))
    },
  },
  strangerSlots: {
    at: 64,
    lifted: 2 ** 17,
    pushes: 300,
    fill: (config) => {
      const budgets = new Budgets(config, seeded(1))
      return (n) => budgets.stranger(n, anywhere(n))
    },
  },
} satisfies { readonly [Limit in keyof Config]?: Hoard<Config> }
