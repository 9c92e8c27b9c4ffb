// A transfer both ways whose one end moves at any moment of it: whatever way the applications read, what each has read before and what
// it reads after is what the other wrote, byte for byte. `npm run moments` takes every moment; `npm test` some of them.

import { expect, test } from 'vitest'
import type { SojournStream } from '../../src/node/stream.ts'
import { type StreamReader, WAYS, type Way } from '../support/stream-readers.ts'
import { StreamWorld, turn } from '../support/stream-world.ts'
import { momentsOf } from './moments.ts'

/** Characters of one to four bytes, which packets cut anywhere. */
const sent: Buffer = Buffer.from(Array.from({ length: 2_000 }, (_, index) => `${index}é€😀`).join('\n'))
const PIECE = 1_000
const STEPS_MAX = 1_000

/** One end's application: reads in some way, and writes a piece at each step, as long as there is one. */
class Application {
  readonly got: Buffer[] = []
  readonly failed: Error[] = []
  readonly #way: Way
  #stream: SojournStream | undefined
  #reader: StreamReader = {}
  #written = 0

  constructor(way: Way) {
    this.#way = way
  }

  /** Goes on with this stream: what was written is on its way already, whatever has become of it. */
  attend(stream: SojournStream | undefined): void {
    this.#stream = stream
    this.#reader = stream === undefined ? {} : this.#way(stream, this.got)
  }

  step(): void {
    this.#reader.step?.()
    const stream = this.#stream
    if (stream === undefined || this.#written === sent.length) return
    const piece = sent.subarray(this.#written, this.#written + PIECE)
    this.#written += piece.length
    stream.write(piece, (error) => error && this.failed.push(error))
    if (this.#written === sent.length) stream.end()
  }
}

/** When the world stops: right after a packet, before Node has done anything about it, or when it has. */
type Instant = 'at once' | 'a turn later'

/** Runs a transfer to its end, with a move after so many steps if it takes as many; returns how many it took. */
async function transfer(way: Way, moment = Infinity, instant: Instant = 'at once'): Promise<number> {
  using world = new StreamWorld()
  const [moving, staying] = [new Application(way), new Application(way)]
  moving.attend(world.open((stream) => staying.attend(stream)))
  let steps = 0
  for (; world.isBusy && steps < STEPS_MAX; steps++) {
    if (steps === moment) {
      if (instant === 'a turn later') await turn()
      // The other writes on: all there is for it may leave before FREEZE, and a `for await` that has all of it destroys its stream.
      moving.attend((await world.move(() => staying.step())).stream)
    }
    moving.step()
    staying.step()
    await turn()
    world.step()
  }
  for (const { got, failed } of [moving, staying]) {
    expect([`moved after ${moment}, ${instant}`, failed]).toEqual([`moved after ${moment}, ${instant}`, []])
    expect([moment, instant, Buffer.concat(got).equals(sent)]).toEqual([moment, instant, true])
  }
  return steps
}

const INSTANTS: readonly Instant[] = ['at once', 'a turn later']

test.each(Object.keys(WAYS).map((name, turn) => [name, turn] as const))(
  'nothing is lost and nothing repeated in a move with %s',
  async (name, order) => {
    const way = WAYS[name] as Way
    const steps = await transfer(way)
    expect(steps).toBeGreaterThan(60)
    for (const [index, instant] of INSTANTS.entries())
      for (const moment of momentsOf(steps, 32, 5 * (2 * order + index))) await transfer(way, moment, instant)
  },
)
