// The peer: sends 200 numbered datagrams a second, repeats what stays unanswered up to three times, and measures how long
// nothing came when the service, or it itself, moved. All that it knows travels when it moves.

import type { Association } from '../../node/association.ts'
import type { DatagramSocket } from '../../node/datagram-socket.ts'
import type { News, PeerCounts } from './messages.ts'
import { Seen, TRIES_MAX } from './seen.ts'
import { NUMBERED_BYTES, SERVICE_PORT } from './service.ts'
import { pack, unpack } from './suitcase.ts'

const PERIOD_MS = 5
/** After a stall, at most so many at once. */
const BURST_MAX = 8
const NEWS_MS = 100
/** How long an answer is waited for after each try. */
const PATIENCE_MS = [300, 600, 900, 1_200] as const

interface Memory {
  readonly seen: Uint8Array
  readonly sent: number
  readonly answered: number
  readonly repeated: number
  readonly reordered: number
  readonly duplicated: number
  readonly baseExchanges: number
  /** Wall clock of the last answer, in ms: compared across processes of one machine. */
  readonly lastAnswerAt: number
  /** Number and next try of what is unanswered. */
  readonly waiting: readonly (readonly [number, number])[]
}

interface Waiting {
  /** Tries made so far. */
  tries: number
  dueAt: number
}

/** Talks to the service on a socket until it is stopped. */
export class TalkingPeer {
  readonly #socket: DatagramSocket
  #association: Association
  readonly #tell: (news: News) => void
  readonly #seen: Seen
  readonly #waiting = new Map<number, Waiting>()
  #counts: PeerCounts
  #lastAnswerAt: number
  /** When the last answer before a move came, until the first one after it is here. */
  #since: number | undefined
  #talking = true
  readonly #startedAt = wallClock()
  #sentHere = 0
  readonly #timers: readonly NodeJS.Timeout[]

  constructor(socket: DatagramSocket, association: Association, tell: (news: News) => void, suitcase?: Uint8Array) {
    this.#socket = socket
    this.#association = association
    this.#tell = tell
    const memory = suitcase === undefined ? undefined : unpack<Memory>(suitcase)
    this.#seen = new Seen(memory?.seen)
    this.#counts = {
      sent: memory?.sent ?? 0,
      answered: memory?.answered ?? 0,
      repeated: memory?.repeated ?? 0,
      reordered: memory?.reordered ?? 0,
      duplicated: memory?.duplicated ?? 0,
      baseExchanges: memory?.baseExchanges ?? 1,
    }
    this.#lastAnswerAt = memory?.lastAnswerAt ?? wallClock()
    this.#since = memory?.lastAnswerAt
    for (const [number, tries] of memory?.waiting ?? []) this.#waiting.set(number, { tries, dueAt: wallClock() + 300 })
    this.#follow(association)
    socket.on('message', (bytes) => this.#answer(bytes))
    this.#timers = [
      setInterval(() => this.#tick(), PERIOD_MS),
      setInterval(() => this.#tell({ type: 'progress', ...this.#counts }), NEWS_MS),
    ]
  }

  /** A new base exchange has replaced the association: the demo counts it as its failure. */
  replaced(association: Association): void {
    this.#count({ baseExchanges: this.#counts.baseExchanges + 1 })
    this.#association = association
    this.#follow(association)
  }

  /** What to remember across a move. Nothing more is sent. */
  suitcase(): Uint8Array {
    this.stop()
    return pack({
      ...this.#counts,
      seen: this.#seen.toBytes(),
      lastAnswerAt: this.#lastAnswerAt,
      waiting: [...this.#waiting].map(([number, { tries }]) => [number, tries] as const),
    } satisfies Memory)
  }

  /** Sends no new numbers; resolves when every one is answered or given up. */
  async finish(): Promise<PeerCounts> {
    this.#talking = false
    while (this.#waiting.size > 0) await new Promise((resolve) => setTimeout(resolve, PERIOD_MS))
    this.stop()
    return this.#counts
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }

  #follow(association: Association): void {
    association.on('rebound', () => {
      this.#since ??= this.#lastAnswerAt
    })
    association.on('close', ({ reason, detail }) => {
      // Frozen or closed by the script itself.
      if (reason === 'frozen' || reason === 'closed') return
      this.#tell({ type: 'trouble', text: `the association ended: ${reason} (${detail})` })
    })
  }

  #tick(): void {
    const time = wallClock()
    for (const [number, waiting] of this.#waiting) {
      if (waiting.dueAt > time) continue
      if (waiting.tries < TRIES_MAX) {
        this.#count({ repeated: this.#counts.repeated + 1 })
        this.#send(number, waiting, time)
      } else this.#waiting.delete(number)
    }
    if (!this.#talking) return
    const owed = Math.floor((time - this.#startedAt) / PERIOD_MS) - this.#sentHere
    this.#sentHere += owed
    for (let count = Math.min(owed, BURST_MAX); count > 0; count--) {
      const number = this.#counts.sent + 1
      const waiting: Waiting = { tries: 0, dueAt: 0 }
      this.#count({ sent: number })
      this.#waiting.set(number, waiting)
      this.#send(number, waiting, time)
    }
  }

  #send(number: number, waiting: Waiting, time: number): void {
    const bytes = Buffer.alloc(NUMBERED_BYTES)
    bytes.writeUInt32BE(number, 0)
    bytes.writeUInt8(waiting.tries, 4)
    waiting.dueAt = time + (PATIENCE_MS[waiting.tries] ?? 0)
    waiting.tries++
    this.#socket.send(bytes, SERVICE_PORT, this.#association.peer)
  }

  #answer(bytes: Buffer): void {
    const time = wallClock()
    const number = bytes.readUInt32BE(0)
    const attempt = bytes.readUInt8(4)
    const late = number < this.#seen.highest && attempt === 0
    if (!this.#seen.note(number, attempt)) return this.#count({ duplicated: this.#counts.duplicated + 1 })
    if (late) this.#count({ reordered: this.#counts.reordered + 1 })
    if (this.#waiting.delete(number)) this.#count({ answered: this.#counts.answered + 1 })
    if (this.#since !== undefined) {
      const { peerEpoch, locator } = this.#association
      this.#tell({ type: 'back', epoch: peerEpoch, blackoutMs: time - this.#since, locator })
      this.#since = undefined
    }
    this.#lastAnswerAt = time
  }

  #count(change: Partial<PeerCounts>): void {
    this.#counts = { ...this.#counts, ...change }
  }
}

/** Milliseconds with fractions that mean the same in every process of this machine. */
function wallClock(): number {
  return performance.timeOrigin + performance.now()
}
