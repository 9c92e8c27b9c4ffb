// The streams and listeners of one endpoint, between the engine and those who hold them: whose event it is, who waits for the peer
// to allow another stream, and which of them still have something to send when the endpoint closes.

import type { AccessList, AccessRules } from '../core/access.ts'
import type { Engine } from '../core/engine.ts'
import type { StreamEvent } from '../core/stream-event.ts'
import type { Hit } from '../crypto/hit.ts'
import type { Access } from './access.ts'
import { EPHEMERAL_COUNT, EPHEMERAL_FIRST, STREAMS_WAITING_MAX } from './config.ts'
import { now } from './driver.ts'
import { SojournError } from './errors.ts'
import type { Listener, ListenerCarrier } from './listener.ts'
import type { Written } from './outgoing.ts'
import { SojournStream } from './stream.ts'
import type { StreamCarrier } from './stream-carrier.ts'
import { StreamCode } from './stream-errors.ts'
import { tellOf, tellOpen, tellReset } from './stream-observation.ts'
import type { StreamOptions } from './stream-options.ts'

/** What the streams need of their endpoint. */
export interface StreamsCarrier {
  /** Drains the engine, once for all that is done in this turn, unless many `bytes` are written in it. */
  soon(bytes?: number): void
  requireOpen(): void
  rules(access: Access): AccessRules
  /** Keeps the process alive for the sake of somebody, or no longer. */
  hold(holder: object, held: boolean): void
}

/** The streams and listeners of one endpoint. */
export class Streams implements StreamCarrier, ListenerCarrier {
  readonly listeners: Map<number, Listener> = new Map()
  readonly #engine: Engine
  readonly #carrier: StreamsCarrier
  readonly #streams = new Map<Hit, Map<number, SojournStream>>()
  /** Without an id: the association is being made, or the peer allows no more streams. */
  readonly #unopened = new Set<SojournStream>()
  readonly #waiting = new Map<Hit, SojournStream[]>()
  #nextPort = 0
  /** What is written now goes into a capsule. */
  #freezing = false
  readonly #whenGone = new Set<() => void>()

  constructor(engine: Engine, carrier: StreamsCarrier) {
    this.#engine = engine
    this.#carrier = carrier
  }

  get hit(): Hit {
    return this.#engine.hit
  }

  // ── Opening ────────────────────────────────────────────────────────────────

  /** A stream to a port of a peer, which leaves as soon as `associated` resolves; at once if that is undefined. */
  connect(peer: Hit, port: number, options: StreamOptions, associated: Promise<unknown> | undefined): SojournStream {
    this.#carrier.requireOpen()
    const stream = new SojournStream(this, peer, this.#ephemeral(), port, options)
    this.#unopened.add(stream)
    if (associated === undefined) this.#begin(stream)
    else
      void associated.then(
        () => this.#begin(stream),
        (error: unknown) => this.#unopened.delete(stream) && stream.fail(error as Error),
      )
    return stream
  }

  /** Takes up the streams with this peer that a thawed engine brings. */
  adopt(peer: Hit, untold: ReadonlySet<number> = new Set()): void {
    for (const view of this.#engine.streams(peer)) {
      // Its listener is about to hear of it.
      if (!view.opener && untold.has(view.id)) continue
      // Nobody has anything to do with it any more: the engine finishes it alone.
      if (!view.writable && !view.readable) continue
      this.#add(SojournStream.thawed(this, peer, view), view.id)
    }
  }

  /** Those that wait in listeners for somebody to take them. */
  untaken(): ReadonlyMap<Hit, ReadonlySet<number>> {
    const untaken = new Map<Hit, Set<number>>()
    for (const listener of this.listeners.values())
      for (const { remoteAddress, id } of listener.untaken) {
        const ids = untaken.get(remoteAddress) ?? new Set()
        untaken.set(remoteAddress, id === undefined ? ids : ids.add(id))
      }
    return untaken
  }

  /** Those of now, by peer and id. */
  all(): ReadonlyMap<Hit, ReadonlyMap<number, SojournStream>> {
    return new Map([...this.#streams].map(([peer, streams]) => [peer, new Map(streams)]))
  }

  /** No new streams are taken. */
  stopListening(): void {
    for (const listener of [...this.listeners.values()]) void listener.close()
  }

  /** There is something to finish, with this peer or any. */
  has(peer?: Hit): boolean {
    return peer === undefined ? this.#streams.size > 0 : this.#streams.has(peer)
  }

  /** UNHEARD of what no application hears. */
  heard(event: StreamEvent): unknown {
    const { peer, id } = event
    if (event.type === 'stream') return this.#incoming(peer, id, event.port, event.sourcePort)
    const stream = this.#streams.get(peer)?.get(id)
    const over = event.type === 'stream-closed' || event.type === 'stream-lost'
    if (over) this.#forget(peer, id)
    const heard = stream?.heard(event)
    if (stream !== undefined) tellOf(stream, event)
    if (over) for (const check of this.#whenGone) check()
    return heard
  }

  /** The peer allows more streams than before. */
  openable(peer: Hit): void {
    const waiting = this.#waiting.get(peer) ?? []
    while (waiting[0] !== undefined && this.#tryBegin(waiting[0])) waiting.shift()
    if (waiting.length === 0) this.#waiting.delete(peer)
  }

  // ── For streams ────────────────────────────────────────────────────────────

  write(stream: SojournStream, bytes: Uint8Array): Written {
    const written = this.#engine.writeStream(now(), stream.remoteAddress, idOf(stream), bytes, this.#freezing)
    // What is handed over for a freeze travels.
    this.#carrier.soon(this.#freezing ? 0 : bytes.length)
    return written
  }

  end(stream: SojournStream): void {
    this.#engine.endStream(now(), stream.remoteAddress, idOf(stream))
    this.#carrier.soon()
  }

  reset(stream: SojournStream, code: number): void {
    tellReset(stream, 'us', code)
    this.#engine.resetStream(now(), stream.remoteAddress, idOf(stream), code)
    this.#carrier.soon()
  }

  stop(stream: SojournStream, code: number): void {
    this.#engine.stopStream(now(), stream.remoteAddress, idOf(stream), code)
    this.#carrier.soon()
  }

  consumed(stream: SojournStream, bytes: number): void {
    if (this.#engine.consumed(now(), stream.remoteAddress, idOf(stream), bytes)) this.#carrier.soon()
  }

  want(stream: SojournStream, bytes: number): void {
    this.#engine.wantStream(now(), stream.remoteAddress, idOf(stream), bytes)
    this.#carrier.soon()
  }

  left(stream: SojournStream): void {
    this.hold(stream, false)
    if (!this.#unopened.delete(stream)) return
    const waiting = this.#waiting.get(stream.remoteAddress)
    const place = waiting?.indexOf(stream) ?? -1
    if (place >= 0) waiting?.splice(place, 1)
  }

  hold(stream: SojournStream, held: boolean): void {
    this.#carrier.hold(stream, held && !stream.destroyed)
  }

  // ── For listeners ──────────────────────────────────────────────────────────

  openListener(port: number, listener: Listener, access: AccessList): number | undefined {
    this.#carrier.requireOpen()
    let chosen = port
    for (let tried = 0; port === 0 && tried < EPHEMERAL_COUNT; tried++) {
      chosen = this.#ephemeral()
      if (!this.listeners.has(chosen)) break
    }
    if (this.listeners.has(chosen) || !this.#engine.listen(chosen, access)) return undefined
    this.listeners.set(chosen, listener)
    return chosen
  }

  adoptListener(port: number, listener: Listener, access: AccessList): void {
    this.listeners.set(port, listener)
    this.#engine.unlisten(port)
    this.#engine.listen(port, access)
  }

  rules(access: Access): AccessRules {
    return this.#carrier.rules(access)
  }

  shutListener(port: number): void {
    if (this.listeners.delete(port)) this.#engine.unlisten(port)
  }

  // ── The end ────────────────────────────────────────────────────────────────

  /** For a freeze: everything that the applications wrote and did not read is the engine's. */
  freeze(): void {
    this.#freezing = true
    for (const stream of this.#each()) stream.hold()
    this.#freezing = false
  }

  /**
   * For a freeze that could not take all along: whoever has a stream that the engine has broken off hears that, and not that it goes on
   * elsewhere. The engine itself stands still and tells nobody in time.
   */
  shed(): void {
    for (const [peer, streams] of [...this.#streams]) {
      const left = new Set(this.#engine.streams(peer).map(({ id }) => id))
      for (const id of [...streams.keys()])
        if (!left.has(id)) this.heard({ type: 'stream-lost', peer, id, reason: 'shed', detail: '' })
    }
  }

  /** The freeze came to nothing. */
  unfreeze(): void {
    for (const stream of this.#each()) stream.release()
  }

  /**
   * Ends all streams, of one peer if it is named, and resolves when the peers have ended theirs too, or when nothing has arrived for
   * `patienceMs`.
   */
  async finish(patienceMs: number, peer?: Hit): Promise<void> {
    const left = (): SojournStream[] =>
      [...this.#each()].filter(({ remoteAddress }) => remoteAddress === (peer ?? remoteAddress))
    for (const stream of left()) if (!stream.writableEnded && !stream.destroyed) stream.end()
    let progress = ''
    while (left().length > 0 && progress !== this.#progress()) {
      progress = this.#progress()
      await this.#something(patienceMs, () => left().length === 0)
    }
  }

  /** Ends everything at once; the engine is left as it is. */
  shut(reason: string): void {
    for (const stream of [...this.#unopened, ...this.#each()]) stream.leave(reason)
    this.stopListening()
    this.#streams.clear()
    this.#waiting.clear()
    for (const check of this.#whenGone) check()
  }

  /** What changes as long as peers take what is left for them. */
  #progress(): string {
    const sums = [...this.#streams.keys()].map((peer) => {
      const views = this.#engine.streams(peer)
      return [views.length, views.reduce((sum, { buffered }) => sum + buffered, 0)]
    })
    return sums.join()
  }

  /** Waits so long, or until an event after which `done`. */
  async #something(ms: number, done: () => boolean): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    let check: (() => void) | undefined
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms)
      check = () => done() && resolve()
      this.#whenGone.add(check)
    })
    clearTimeout(timer)
    if (check !== undefined) this.#whenGone.delete(check)
  }

  *#each(): IterableIterator<SojournStream> {
    for (const streams of this.#streams.values()) yield* streams.values()
  }

  #incoming(peer: Hit, id: number, port: number, sourcePort: number): void {
    const listener = this.listeners.get(port)
    const stream = new SojournStream(this, peer, port, sourcePort, listener?.streamOptions)
    this.#add(stream, id)
    stream.accept(id)
    tellOpen(stream, false)
    if (listener === undefined) stream.refuse(StreamCode.PORT_CLOSED)
    else listener.offer(stream)
  }

  #begin(stream: SojournStream): void {
    if (stream.destroyed || !this.#unopened.has(stream)) return
    const peer = stream.remoteAddress
    const waiting = this.#waiting.get(peer) ?? []
    if (waiting.length > 0 || !this.#tryBegin(stream)) this.#wait(stream, waiting)
  }

  /** False: the peer allows no more streams now. */
  #tryBegin(stream: SojournStream): boolean {
    const { remoteAddress, remotePort, localPort } = stream
    const id = this.#engine.openStream(now(), remoteAddress, remotePort, localPort)
    if (id === 'limit') return false
    this.#unopened.delete(stream)
    if (id === 'no-association') {
      const message = `the association with ${remoteAddress} is over: connect again`
      stream.fail(new SojournError('ERR_SOJOURN_CLOSED', message))
    } else {
      this.#add(stream, id)
      stream.begin(id)
      this.#carrier.soon()
    }
    return true
  }

  #wait(stream: SojournStream, waiting: SojournStream[]): void {
    const peer = stream.remoteAddress
    if (waiting.length >= STREAMS_WAITING_MAX) {
      this.#unopened.delete(stream)
      const message = `too many streams to ${peer} wait to be opened: close some first`
      return stream.fail(new SojournError('ERR_SOJOURN_QUEUE_FULL', message))
    }
    waiting.push(stream)
    this.#waiting.set(peer, waiting)
  }

  #add(stream: SojournStream, id: number): void {
    const ofPeer = this.#streams.get(stream.remoteAddress) ?? new Map<number, SojournStream>()
    ofPeer.set(id, stream)
    this.#streams.set(stream.remoteAddress, ofPeer)
  }

  #forget(peer: Hit, id: number): void {
    const ofPeer = this.#streams.get(peer)
    ofPeer?.delete(id)
    if (ofPeer?.size === 0) this.#streams.delete(peer)
  }

  /** The port we are seen to come from. */
  #ephemeral(): number {
    const port = EPHEMERAL_FIRST + this.#nextPort
    this.#nextPort = (this.#nextPort + 1) % EPHEMERAL_COUNT
    return port
  }
}

function idOf(stream: SojournStream): number {
  return stream.id ?? -1
}
