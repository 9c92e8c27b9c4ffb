// The stream classes of Node over engines in memory: time is virtual and packets pass one by one, so that a test can stop a transfer
// after any of them. A move is what the driver makes of it, but for the seal and the ledger: the capsule's bytes are written and read.

import { vi } from 'vitest'
import type { AccessRules } from '../../src/core/access.ts'
import { CAPSULE_VERSION, type CapsuleHeader, decodeCapsule, prepareCapsule } from '../../src/core/moving/capsule.ts'
import { type Access, accessRules } from '../../src/node/access.ts'
import { Listener } from '../../src/node/listener.ts'
import type { SojournStream } from '../../src/node/stream.ts'
import { Streams, type StreamsCarrier } from '../../src/node/streams.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import { type Actor, type End, pair, place, thaw, type Wire } from './pair.ts'

/** One start of one of the two, with the streams that its application holds. */
export class StreamSide implements StreamsCarrier {
  readonly end: End
  readonly streams: Streams
  readonly #wire: Wire
  #soon = false

  constructor(wire: Wire, end: End) {
    this.#wire = wire
    this.end = end
    this.streams = new Streams(end.engine, this)
    end.listener = (event) => {
      if (event.type === 'streams-openable') this.streams.openable(event.peer)
      else if ('id' in event) this.streams.heard(event)
    }
  }

  soon(): void {
    if (this.#soon) return
    this.#soon = true
    process.nextTick(() => {
      this.#soon = false
      this.#wire.drain()
    })
  }

  requireOpen(): void {
    // As long as the test runs.
  }

  rules(access: Access): AccessRules {
    return accessRules(access)
  }

  hold(): void {
    // Nothing here keeps a process alive.
  }

  /** The one stream there is, as long as one of its directions is open. */
  get stream(): SojournStream | undefined {
    return [...this.streams.all().values()].flatMap((ofPeer) => [...ofPeer.values()])[0]
  }
}

/** All that Node does of its own accord is done when this resolves. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Two ends with an association; one of them moves. */
export class StreamWorld implements Disposable {
  readonly #wire: Wire
  readonly #mover: Actor
  readonly #clock: { mockRestore(): void }
  readonly stayer: StreamSide
  #moving: StreamSide
  #epoch = 1

  constructor() {
    const { wire, alice, a, b } = pair()
    this.#wire = wire
    this.#mover = alice
    this.#clock = vi.spyOn(performance, 'now').mockImplementation(() => wire.now)
    this.#moving = new StreamSide(wire, a)
    this.stayer = new StreamSide(wire, b)
  }

  [Symbol.dispose](): void {
    this.#clock.mockRestore()
  }

  /** Where the one that moves is now. */
  get mover(): StreamSide {
    return this.#moving
  }

  /** Opens a stream from the one that moves; the other takes it. */
  open(taken: (stream: SojournStream) => void): SojournStream {
    const { streams, end } = this.stayer
    Listener.bound(streams, 9, {}).on('stream', taken)
    return this.#moving.streams.connect(end.engine.hit, 9, {}, undefined)
  }

  /** One of the engines has something of a stream that is not over. */
  get isBusy(): boolean {
    const { engine } = this.stayer.end
    return engine.streams(this.#moving.end.engine.hit).length + this.#moving.end.engine.streams(engine.hit).length > 0
  }

  /** Lets one packet arrive, or a timer fire; what Node does about it follows. False if nothing is left to happen. */
  step(): boolean {
    return this.#wire.step()
  }

  /** FREEZE, a capsule, THAW at another place. What the engine says meanwhile passes, and the other application goes on: `goesOn`. */
  async move(goesOn: () => void = () => undefined): Promise<StreamSide> {
    const { end, streams } = this.#moving
    streams.freeze()
    end.engine.freeze(this.#wire.now)
    this.#wire.drain()
    while (!end.told.includes('frozen')) {
      goesOn()
      if (!this.#wire.step()) throw new Error('FREEZE does not end')
      await turn()
    }
    this.#wire.remove(end)
    const frozen = this.#packed(end.engine.frozenState([], new Uint8Array(0)))
    streams.shut('frozen')
    this.#epoch += 1
    const thawed = thaw(this.#wire, this.#mover, frozen, this.#epoch, place(2 + this.#epoch))
    this.#moving = new StreamSide(this.#wire, thawed)
    this.#moving.streams.adopt(this.stayer.end.engine.hit, new Set())
    this.#wire.drain()
    return this.#moving
  }

  #packed(state: ReturnType<End['engine']['frozenState']>): typeof state {
    const { hit } = this.#mover.identity
    const header: CapsuleHeader = {
      version: CAPSULE_VERSION,
      suite: 1,
      hit,
      epoch: this.#epoch,
      kem: 0,
      recipient: hit,
      offer: new Uint8Array(0),
    }
    const prepared = prepareCapsule(state, header)
    if (prepared === 'too-large') throw new Error('the capsule is too large')
    const capsule = decodeCapsule(prepared.plaintext, header)
    if (isMalformed(capsule)) throw new Error(capsule.malformed)
    return capsule.frozen
  }
}
