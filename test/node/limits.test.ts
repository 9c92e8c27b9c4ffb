// Every limit and time of src/node is in its config.ts, and is crossed by a test: here is the list, with the test. A new number
// of the kind that stands elsewhere in src/node fails.

import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Ledger } from '../../src/ledger/interface.ts'
import { MemoryLedger } from '../../src/ledger/memory.ts'
import * as limits from '../../src/node/config.ts'
import type { DatagramPort } from '../../src/node/port.ts'
import { Publisher } from '../../src/node/publisher.ts'
import { Seeker } from '../../src/node/seeker.ts'
import { SuccessorPort } from '../../src/node/successor-port.ts'
import { HOST_B, LEDGER } from '../support/actors.ts'
import { silentPort } from '../support/silent-port.ts'
import { type Elsewhere, strewnLimits } from '../support/strewn-limits.ts'
import { readText } from '../support/tree.ts'

const at = (file: string, title: string): Elsewhere => ({ file: `test/node/${file}.test.ts`, test: title })

const PIECES = 'what is put together has a limit, above which it is pushed'

const GOODBYE = 'streams that nobody ends are waited for, then a goodbye that nobody answers, and then it closes'
const PUBLISHER = 'a ledger that is away is told eight times, after pauses that double'
const SEEKER = 'a peer that is not found is asked after ever more rarely, every five seconds in the end'
const SUCCESSOR = 'an old port remembers no more callers than a thousand, and forgets them all at once'

const CROSSINGS: Readonly<Record<keyof typeof limits, Elsewhere>> = {
  EPHEMERAL_FIRST: at('listeners', 'takes any free port for 0, and says which'),
  EPHEMERAL_COUNT: at('limit-crossings', 'is one of 16,384, and then there is none'),
  TIMER_MS_MAX: at('driver', 'a deadline beyond what a timer can hold does not fire at once'),
  READ_BYTES_MAX: at('small-pieces', 'throws if no window is ever that large, and gives what there is at the end'),
  SMALL_PIECE_BYTES_MAX: at('small-pieces', PIECES),
  SMALL_PIECES_BYTES_MIN: at('small-pieces', PIECES),
  SMALL_PIECES_BYTES_MAX: at('small-pieces', PIECES),
  STREAMS_WAITING_MAX: at('listeners', 'for which too many others wait already fails at once'),
  BACKLOG_STREAMS_MAX: at('listeners', 'refuses what is too much to keep'),
  EARLY_BYTES: at('driver', 'much that is written in one turn leaves before its end, and nothing is told then'),
  WRITE_AHEAD_BYTES: at('limit-crossings', 'of 64 KiB asks its writer to wait, and one of a byte less does not'),
  FREEZE_ROUNDS_MAX: at('stream-hold', 'no more than a few answers to those who write in answer'),
  FINISH_MS: at('limit-crossings', GOODBYE),
  UNANSWERED_BYTES_MAX: at('resumable', 'of a client that sends requests without end are cut off'),
  UNREAD_DATAGRAMS_MAX: at('datagram-socket', 'what comes before anybody listens waits, and what overflows is counted'),
  WRITE_PIECE_BYTES_MIN: at('limit-crossings', 'is halved until a kibibyte, and no smaller piece of it is tried'),
  REHEARSAL_AT_ONCE_MS: at(
    'rehearsal',
    'a rehearsal lasts no longer than its time, but for the least that is of any use',
  ),
  REHEARSAL_SOON_MS: at('rehearsal', 'a peer that has seen moves practises once for all of them, and later'),
  TURN_DATAGRAMS_MAX: at('driver', 'a machine with much to say lets others run in between'),
  SOCKET_BUFFER_BYTES: at('limit-crossings', 'asks the system for four mebibytes each way, and no more'),
  PORT_SOURCES_MAX: at('limit-crossings', 'remembers four thousand sources, and begins anew with the next'),
  PORT_ANNOUNCED_MAX: at('port', 'a wildcard is reached at addresses of this machine, never at the wildcard'),
  OLD_PORT_MS: at('port-holder', 'the port that is left hears half a second longer, and is closed then'),
  OLD_PORT_CALLERS_MAX: at('limits', SUCCESSOR),
  RETRY_MS_MIN: at(
    'limit-crossings',
    'is begun again for whoever waits for more than a second yet, and for nobody else',
  ),
  ASSOCIATE_MS: at('endpoint', 'a silent peer fails in time and lists what was tried'),
  PING_MS: at('limit-crossings', 'a ping waits a second for its answer'),
  QUESTION_MS: at('limit-crossings', 'a question who is there waits five seconds'),
  GOODBYE_MS: at('limit-crossings', GOODBYE),
  PUBLISH_AFTER_MS: at('limit-crossings', 'the ledger is told where we are a moment after the start'),
  PUBLISH_TRIES_MAX: at('limits', PUBLISHER),
  PUBLISH_PAUSE_MS_MIN: at('limits', PUBLISHER),
  SEEK_PAUSE_MS_MIN: at('limits', SEEKER),
  SEEK_PAUSE_MS_MAX: at('limits', SEEKER),
  HOST_OFFERS_MAX: at('freeze', 'a host awaits a bounded number of capsules, and drops no offer for another'),
  OFFER_KEPT_MS: at('limit-crossings', 'the key of an offer is destroyed half an hour after it was made'),
  REHEARSED_MOVES_MAX: at('rehearsal', 'a rehearsal ends when the process has played enough'),
  REHEARSAL_TURNS_MAX: at('rehearsal', 'engines that never fall silent are left alone after a thousand turns'),
  FLOORS_SAVE_AFTER_MS: at(
    'floors',
    'the file is written soon after a floor has risen, for its owner alone, and nothing else stays',
  ),
  SECRET_FILE_BYTES_MAX: at('files', 'a folder, a missing file and an endless one are no identities'),
}

/** The list itself; and the doctor, whose numbers are what it asks of a machine. */
const OTHERS: readonly string[] = ['config.ts', 'doctor.ts']

describe('the limits of src/node', () => {
  test.each(Object.entries(CROSSINGS))('%s is crossed by a test that there is', (_limit, where) => {
    expect(readText(where.file)).toContain(where.test)
  })

  test('are those of config.ts', () => {
    expect(Object.keys(CROSSINGS).sort()).toEqual(Object.keys(limits).sort())
  })

  test('stand nowhere else: no constant of another file is named as a limit or a time', () => {
    expect(strewnLimits('src/node', OTHERS)).toEqual([])
  })
})

describe('in this layer', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  /** A ledger that is away, and when it was asked. */
  function away(): { readonly ledger: Ledger; readonly asked: number[] } {
    const asked: number[] = []
    const ask = (): Promise<never> => {
      asked.push(Date.now())
      return Promise.reject(new Error('away'))
    }
    return { ledger: Object.assign(new MemoryLedger({ identity: LEDGER }), { publish: ask, find: ask }), asked }
  }

  const pauses = (asked: readonly number[]): number[] => asked.slice(1).map((at, index) => at - (asked[index] ?? 0))

  test(PUBLISHER, async () => {
    vi.useFakeTimers()
    const { ledger, asked } = away()
    new Publisher(ledger, () => Uint8Array.of(1)).publish()
    await vi.advanceTimersByTimeAsync(120_000)
    expect(pauses(asked)).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400])
  })

  test(SEEKER, async () => {
    vi.useFakeTimers()
    const { ledger, asked } = away()
    const seeker = new Seeker(ledger, () => undefined)
    seeker.seek(HOST_B.hit)
    await vi.advanceTimersByTimeAsync(30_000)
    seeker.stopAll()
    expect(pauses(asked).slice(0, 4)).toEqual([25, 50, 100, 200])
    expect(Math.max(...pauses(asked))).toBe(5_000)
    const before = asked.length
    await vi.advanceTimersByTimeAsync(30_000)
    expect(asked.length).toBe(before)
  })

  test(SUCCESSOR, () => {
    const sent: string[] = []
    const silent = (name: string): DatagramPort => silentPort(() => void sent.push(name))
    const [fresh, original] = [silent('fresh'), silent('original')]
    const port = new SuccessorPort(fresh, original)
    port.onMessage = () => undefined
    const caller = (n: number) => ({ address: '192.0.2.1', port: n + 1 })
    for (let n = 0; n < limits.OLD_PORT_CALLERS_MAX; n++) original.onMessage(Uint8Array.of(1), caller(n))
    port.send(Uint8Array.of(1), caller(0))
    original.onMessage(Uint8Array.of(1), caller(limits.OLD_PORT_CALLERS_MAX))
    port.send(Uint8Array.of(1), caller(0))
    port.send(Uint8Array.of(1), caller(limits.OLD_PORT_CALLERS_MAX))
    expect(sent).toEqual(['original', 'fresh', 'original'])
  })
})
