// Somebody else's sender: CUBIC over TCP as kernels have it, and none of the code in src/core/transport. Segments of Ethernet, clocked
// by acknowledgements and not paced, a scoreboard of SACKs (RFC 2018, RFC 6675), a retransmission timer (RFC 6298), the window of
// RFC 9438, and slow start that ends by HyStart's rise of delay or by a loss. Its receiver acknowledges every other segment, and each
// one out of order. test/links/plain-cubic.test.ts holds it against what the kernel's reached.

import type { VirtualClock, VirtualLink } from './virtual-link.ts'

const SEGMENT_BYTES = 1_448
/** With IPv4, TCP and its timestamps. */
const PACKET_BYTES = 1_500
const ACK_BYTES = 60
const [BETA, C] = [0.7, 0.4]
const INITIAL_WINDOW = 10
const DUPLICATES = 3
const RTO_MS_MIN = 200
const DELAYED_ACK_MS = 40
/** HyStart: not below so large a window, by so many samples of a round. */
const [LOW_WINDOW, SAMPLES] = [16, 8]

interface Ack {
  /** All segments below it have come. */
  readonly next: number
  /** Those above that have come. */
  readonly sacks: readonly number[]
}

/** A segment that is not acknowledged in sequence yet: its newest transmission. */
interface Segment {
  order: number
  sentAt: number
  again: boolean
  state: 'flying' | 'lost' | 'sacked'
}

export interface PlainOptions {
  readonly clock: VirtualClock
  readonly forth: Pick<VirtualLink, 'send'>
  readonly back: Pick<VirtualLink, 'send'>
}

export class PlainCubic {
  readonly #options: PlainOptions
  readonly #clock: VirtualClock
  readonly #receiver: Receiver
  readonly #segments = new Map<number, Segment>()
  #una = 0
  #next = 0
  #order = 0
  #pipe = 0
  /** The newest transmission that has arrived, and those that wait to be judged by it, in their order. */
  #arrived = 0
  #waiting: { readonly number: number; readonly order: number }[] = []
  readonly #again: number[] = []
  /** The window, in segments; recovery lasts until all below `#recover` has come. */
  #window = INITIAL_WINDOW
  #threshold = Infinity
  #recover = 0
  #plateau = 0
  #epoch: { readonly at: number; readonly plateau: number; readonly k: number; reno: number } | undefined
  #prior = 0
  #smoothed = 0
  #variance = 0
  #least = Infinity
  #round = { end: 0, least: Infinity, samples: 0 }
  #backoff = 1
  #rtoAt = Infinity
  timeouts = 0

  constructor(options: PlainOptions) {
    this.#options = options
    this.#clock = options.clock
    this.#receiver = new Receiver(options.clock, (ack) => options.back.send(ACK_BYTES, () => this.#acknowledged(ack)))
  }

  /** Bytes of data that its receiver has in sequence. */
  get delivered(): number {
    return this.#receiver.next * SEGMENT_BYTES
  }

  /** Begins to send, and never ends. */
  start(): void {
    this.#send()
  }

  #send(): void {
    while (this.#pipe < Math.floor(this.#window)) {
      let number = this.#again.shift()
      while (number !== undefined && this.#segments.get(number)?.state !== 'lost') number = this.#again.shift()
      this.#transmit(number ?? this.#next++)
    }
  }

  #transmit(number: number): void {
    const again = this.#segments.has(number)
    const order = ++this.#order
    this.#segments.set(number, { order, sentAt: this.#clock.now, again, state: 'flying' })
    this.#waiting.push({ number, order })
    this.#pipe += 1
    if (this.#rtoAt === Infinity) this.#watch()
    this.#options.forth.send(PACKET_BYTES, () => this.#receiver.hear(number))
  }

  #acknowledged({ next, sacks }: Ack): void {
    let news = 0
    const advanced = next > this.#una
    for (let number = this.#una; number < next; number++) news += this.#landed(number, true)
    this.#una = Math.max(this.#una, next)
    for (const number of sacks) news += this.#landed(number, false)
    if (advanced) {
      this.#backoff = 1
      this.#watch()
    }
    const before = this.#una < this.#recover
    this.#judge()
    if (!before && news > 0) this.#grow(news)
    this.#send()
  }

  /** A segment has arrived; 1 if that is news. */
  #landed(number: number, inSequence: boolean): number {
    const segment = this.#segments.get(number)
    if (segment === undefined) return 0
    const { state, order, sentAt, again } = segment
    if (inSequence) this.#segments.delete(number)
    if (state === 'sacked') return 0
    if (state === 'flying') this.#pipe -= 1
    segment.state = 'sacked'
    this.#arrived = Math.max(this.#arrived, order)
    // Karn: what was sent twice measures nothing.
    if (!again) this.#sample(this.#clock.now - sentAt)
    return 1
  }

  /** Whoever left three transmissions before one that arrived is lost. */
  #judge(): void {
    const judged = this.#waiting.findIndex(({ order }) => order > this.#arrived - DUPLICATES)
    for (const { number, order } of this.#waiting.splice(0, judged < 0 ? this.#waiting.length : judged)) {
      const segment = this.#segments.get(number)
      if (segment?.order !== order || segment.state !== 'flying') continue
      segment.state = 'lost'
      this.#pipe -= 1
      this.#again.push(number)
      if (this.#una >= this.#recover) this.#reduce()
    }
    this.#again.sort((a, b) => a - b)
  }

  /** RFC 9438 §4.6 and §4.7. */
  #reduce(): void {
    this.#recover = this.#next
    this.#plateau = this.#window < this.#plateau ? (this.#window * (1 + BETA)) / 2 : this.#window
    this.#prior = this.#window
    this.#window = Math.max(2, this.#window * BETA)
    this.#threshold = this.#window
    this.#epoch = undefined
  }

  #grow(segments: number): void {
    if (this.#window < this.#threshold) {
      this.#window += segments
      return
    }
    this.#epoch ??= this.#begin()
    const { at, plateau, k } = this.#epoch
    const cubic = (ms: number): number => C * ((ms - at) / 1_000 - k) ** 3 + plateau
    const alpha = this.#epoch.reno < this.#prior ? (3 * (1 - BETA)) / (1 + BETA) : 1
    this.#epoch.reno += (alpha * segments) / this.#window
    const { now } = this.#clock
    if (cubic(now) < this.#epoch.reno) this.#window = Math.max(this.#window, this.#epoch.reno)
    else {
      const target = Math.min(Math.max(cubic(now + this.#smoothed), this.#window), 1.5 * this.#window)
      this.#window += (segments * (target - this.#window)) / this.#window
    }
  }

  #begin(): { readonly at: number; readonly plateau: number; readonly k: number; reno: number } {
    const plateau = Math.max(this.#plateau, this.#window)
    return { at: this.#clock.now, plateau, k: Math.cbrt((plateau - this.#window) / C), reno: this.#window }
  }

  #sample(ms: number): void {
    const first = this.#smoothed === 0
    this.#variance = first ? ms / 2 : 0.75 * this.#variance + 0.25 * Math.abs(this.#smoothed - ms)
    this.#smoothed = first ? ms : 0.875 * this.#smoothed + 0.125 * ms
    this.#least = Math.min(this.#least, ms)
    this.#hystart(ms)
  }

  /** The first samples of a round are all longer than the shortest ever by an eighth: a queue stands. */
  #hystart(ms: number): void {
    if (this.#una >= this.#round.end) this.#round = { end: this.#next, least: Infinity, samples: 0 }
    if (this.#window >= this.#threshold || this.#window < LOW_WINDOW || this.#round.samples >= SAMPLES) return
    this.#round.samples += 1
    this.#round.least = Math.min(this.#round.least, ms)
    if (this.#round.samples < SAMPLES) return
    if (this.#round.least > this.#least + Math.min(Math.max(this.#least / 8, 4), 16)) this.#threshold = this.#window
  }

  #watch(): void {
    const wait = Math.max(RTO_MS_MIN, this.#smoothed + 4 * this.#variance) * this.#backoff
    const due = this.#clock.now + (this.#smoothed === 0 ? 1_000 * this.#backoff : wait)
    const asleep = this.#rtoAt === Infinity
    this.#rtoAt = due
    if (asleep) this.#clock.at(due, () => this.#wake())
  }

  #wake(): void {
    if (this.#clock.now < this.#rtoAt) {
      this.#clock.at(this.#rtoAt, () => this.#wake())
      return
    }
    this.timeouts += 1
    this.#reduce()
    this.#window = 1
    this.#pipe = 0
    this.#waiting = []
    this.#again.length = 0
    for (const [number, segment] of this.#segments) {
      if (segment.state === 'sacked') continue
      segment.state = 'lost'
      this.#again.push(number)
    }
    this.#again.sort((a, b) => a - b)
    this.#backoff = Math.min(64, 2 * this.#backoff)
    this.#rtoAt = Infinity
    this.#watch()
    this.#send()
  }
}

class Receiver {
  readonly #clock: VirtualClock
  readonly #tell: (ack: Ack) => void
  readonly #beyond = new Set<number>()
  #untold = 0
  #turn = 0
  next = 0

  constructor(clock: VirtualClock, tell: (ack: Ack) => void) {
    this.#clock = clock
    this.#tell = tell
  }

  hear(number: number): void {
    const gaps = this.#beyond.size > 0
    if (number >= this.next) this.#beyond.add(number)
    while (this.#beyond.delete(this.next)) this.next += 1
    this.#untold += 1
    if (gaps || this.#beyond.size > 0 || this.#untold >= 2) this.#acknowledge()
    else {
      const turn = this.#turn
      this.#clock.at(this.#clock.now + DELAYED_ACK_MS, () => {
        if (turn === this.#turn) this.#acknowledge()
      })
    }
  }

  #acknowledge(): void {
    this.#untold = 0
    this.#turn += 1
    this.#tell({ next: this.next, sacks: [...this.#beyond] })
  }
}
