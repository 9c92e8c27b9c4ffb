// What has been sent and is neither acknowledged nor lost yet (RFC 9002 §A.1). Numbers tell packets apart within one SA only,
// and a rekey changes SAs in mid-stream, so each packet also has its place in the order in which all of them were sent: that
// is what loss is judged by.

import { assert } from '../../../base/assert.ts'

export interface SentPacket<F> {
  readonly space: number
  readonly number: number
  /** Place among all packets ever sent here, from 1. */
  readonly order: number
  readonly sentAt: number
  readonly bytes: number
  readonly frames: readonly F[]
  readonly probe: 'mtu' | 'pto' | undefined
  /** Which path it went: the count of changes of address so far. */
  readonly path: number
  state: 'outstanding' | 'acked' | 'lost'
}

/** Packets in the order in which they were added; the settled ones at the front go, so that each is passed over once. */
class Line<F> {
  #packets: (SentPacket<F> | undefined)[] = []
  #head = 0

  get first(): SentPacket<F> | undefined {
    return this.#packets[this.#head]
  }

  push(packet: SentPacket<F>): void {
    this.#packets.push(packet)
  }

  /** Takes settled packets from the front, until one is outstanding. */
  settle(visit?: (packet: SentPacket<F>) => void): void {
    for (let packet = this.first; packet !== undefined && packet.state !== 'outstanding'; packet = this.first) {
      // Not kept for its place: an idle association would keep what it has sent last.
      this.#packets[this.#head++] = undefined
      visit?.(packet)
    }
    if (this.#head < 64 || this.#head * 2 < this.#packets.length) return
    this.#packets = this.#packets.slice(this.#head)
    this.#head = 0
  }

  *[Symbol.iterator](): IterableIterator<SentPacket<F>> {
    for (let at = this.#head; at < this.#packets.length; at++) {
      const packet = this.#packets[at]
      if (packet?.state === 'outstanding') yield packet
    }
  }

  /** Outstanding packets of one space whose numbers are in a range, both ends included; called for numbers that rise. */
  within(smallest: number, largest: number, found: SentPacket<F>[]): void {
    let [low, high] = [this.#head, this.#packets.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#packets[middle]?.number ?? 0) < smallest) low = middle + 1
      else high = middle
    }
    for (let at = low; at < this.#packets.length; at++) {
      const packet = this.#packets[at]
      if (packet === undefined || packet.number > largest) return
      if (packet.state === 'outstanding') found.push(packet)
    }
  }
}

/** Packets of one SA. */
interface Space<F> {
  readonly spi: number
  readonly line: Line<F>
  highest: number
}

export class SentPackets<F> {
  readonly #all = new Line<F>()
  readonly #spaces = new Map<number, Space<F>>()
  /** The SA that was sent under last. */
  #space: Space<F> | undefined
  #order = 0
  #size = 0

  /** Outstanding packets. */
  get size(): number {
    return this.#size
  }

  /** The order of the packet sent last; 0 if none was. */
  get lastOrder(): number {
    return this.#order
  }

  /** SAs of which anything is outstanding. */
  get spaces(): number {
    let spaces = 0
    for (const { line } of this.#spaces.values()) if (line.first !== undefined) spaces += 1
    return spaces
  }

  add(packet: Omit<SentPacket<F>, 'order' | 'state'>): SentPacket<F> {
    const { space, number, sentAt, bytes, frames, probe, path } = packet
    const of = this.#spaceOf(space)
    assert(number > of.highest || of.line.first === undefined, 'the numbers of one SA rise')
    this.#space = of
    this.#order += 1
    this.#size += 1
    const order = this.#order
    const sent: SentPacket<F> = { space, number, order, sentAt, bytes, frames, probe, path, state: 'outstanding' }
    of.highest = number
    of.line.push(sent)
    this.#all.push(sent)
    return sent
  }

  #spaceOf(spi: number): Space<F> {
    const known = this.#space?.spi === spi ? this.#space : this.#spaces.get(spi)
    if (known !== undefined) return known
    const space = { spi, line: new Line<F>(), highest: 0 }
    this.#spaces.set(spi, space)
    return space
  }

  /**
   * Takes out the packets of one SA with numbers in these ranges, and returns them in the order in which they were sent.
   * Costs a binary search a range and a step a packet, however often an acknowledgement is repeated.
   */
  acknowledge(
    space: number,
    ranges: readonly { readonly smallest: number; readonly largest: number }[],
  ): SentPacket<F>[] {
    const found: SentPacket<F>[] = []
    const line = this.#spaces.get(space)?.line
    if (line === undefined) return found
    for (let at = ranges.length - 1; at >= 0; at--) {
      const range = ranges[at]
      if (range !== undefined) line.within(range.smallest, range.largest, found)
    }
    for (const packet of found) this.#settle(packet, 'acked')
    return found
  }

  /** Outstanding packets, oldest first; each may be given up on while it is handed out. */
  [Symbol.iterator](): IterableIterator<SentPacket<F>> {
    return this.#all[Symbol.iterator]()
  }

  /** The packet counts as lost. */
  lose(packet: SentPacket<F>): void {
    this.#settle(packet, 'lost')
  }

  /** Forgets what is settled and older than all that is outstanding; `visit` sees each such packet once, in order. */
  settle(visit?: (packet: SentPacket<F>) => void): void {
    this.#all.settle(visit)
    for (const space of this.#spaces.values()) {
      space.line.settle()
      // That of now is about to be needed again.
      if (space.line.first === undefined && space !== this.#space) this.#spaces.delete(space.spi)
    }
  }

  #settle(packet: SentPacket<F>, state: 'acked' | 'lost'): void {
    assert(packet.state === 'outstanding', 'a packet is settled once')
    packet.state = state
    this.#size -= 1
  }
}
