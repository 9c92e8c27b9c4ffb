// A session with one peer as users hold it: what the engine says about it, its events, and a `closed` promise that never
// rejects. It survives moves of both ends; a new base exchange of the same peer is a new one.

import { EventEmitter } from 'node:events'
import type { Locator } from '../base/address.ts'
import type { AssociationView, Path } from '../core/engine.ts'
import type { EndReason } from '../core/machine.ts'
import type { Hit } from '../crypto/hit.ts'
import type { ConnectOptions } from './connect.ts'
import { SojournError, type SojournErrorCode } from './errors.ts'
import type { SojournStream } from './stream.ts'

/** Why an association is over; `frozen` and `destroyed` when its endpoint was. */
export interface AssociationEnd {
  /** Why, in a word. */
  readonly reason: EndReason | 'frozen' | 'destroyed'
  /** Why, for people. */
  readonly detail: string
}

/** What an association emits. */
export interface AssociationEvents {
  /** The peer is now reached on another path, which is verified: its locator there, and why. `path` says more. */
  path: [locator: Locator, why: Path['why']]
  /** The peer has been started again elsewhere and goes on with us. */
  rebound: [epoch: number]
  /** The peer has answered our own thaw. */
  resumed: []
  /** It has new keys. */
  rekeyed: []
  /** The peer does not answer; datagrams wait. */
  parked: []
  /** A parked peer has come back. */
  woken: []
  /** It is over. */
  close: [end: AssociationEnd]
}

/** What an association needs of its endpoint. */
export interface AssociationCarrier {
  readonly hit: Hit
  view(peer: Hit): AssociationView | undefined
  rekeyWith(peer: Hit): boolean
  closeWith(peer: Hit): void
  pingPeer(peer: Hit, options: PingOptions): Promise<Pong>
  connectWith(peer: Hit, port: number, options: ConnectOptions): SojournStream
}

/** How to ask. */
export interface PingOptions {
  /** What to send along; comes back as it was. */
  readonly bytes?: Uint8Array
  /** Default 1000. */
  readonly timeoutMs?: number
  /** Aborting stops waiting. */
  readonly signal?: AbortSignal
}

/** An answer to a ping. */
export interface Pong {
  /** How long the answer took. */
  readonly rttMs: number
  /** Where the peer was reached. */
  readonly path: Locator | undefined
}

/** A session with one peer. Made by `endpoint.associate()`, or by the peer. */
export class Association extends EventEmitter<AssociationEvents> implements AsyncDisposable {
  /** Our HIT. */
  readonly local: Hit
  /** The HIT of the peer. */
  readonly peer: Hit
  /** True if we began it. */
  readonly initiator: boolean
  /** Settles when the association ends; never rejects. */
  readonly closed: Promise<AssociationEnd>
  readonly #carrier: AssociationCarrier
  #settle: (end: AssociationEnd) => void = () => undefined
  #end: AssociationEnd | undefined
  #closing = false

  constructor(carrier: AssociationCarrier, peer: Hit, initiator: boolean) {
    super()
    this.#carrier = carrier
    this.local = carrier.hit
    this.peer = peer
    this.initiator = initiator
    this.closed = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  /** `moving`: a move of ours or of the peer is not finished. `parked`: the peer does not answer. */
  get state(): AssociationView['state'] | 'closed' {
    return this.#view()?.state ?? 'closed'
  }

  /** Where the peer is reached now; undefined once closed. */
  get locator(): Locator | undefined {
    return this.#view()?.locator
  }

  /**
   * The path that datagrams take now: both ends, whether it is verified, how long a round trip takes and why it is this one; and
   * the others that are known. Undefined once closed.
   * @example const association = await endpoint.associate(peer)
   * console.log(association.path?.why, association.path?.remote) // 'exchange' { address: '192.0.2.1', port: 10500 }
   * association.on('path', (locator, why) => console.log(why, locator)) // 'failover' { address: '2001:db8::1', port: 10500 }
   */
  get path(): Path | undefined {
    return this.#view()?.path
  }

  /** The smoothed round-trip time; undefined before the first answer. */
  get rttMs(): number | undefined {
    return this.#view()?.rttMs
  }

  /** How often the peer has been started, as far as it told us. */
  get peerEpoch(): number {
    return this.#view()?.peerEpoch ?? 0
  }

  /** Base exchanges run with this peer. Moves need none. */
  get baseExchanges(): number {
    return this.#view()?.baseExchanges ?? 0
  }

  /** Datagrams that wait for the peer. */
  get queued(): number {
    return this.#view()?.queued ?? 0
  }

  /** An echo inside the association, answered by the peer's endpoint itself. Rejects with ERR_SOJOURN_TIMEOUT. */
  ping(options: PingOptions = {}): Promise<Pong> {
    this.#open()
    return this.#carrier.pingPeer(this.peer, options)
  }

  /** A stream to a port of this peer, as `endpoint.connect`. Throws ERR_SOJOURN_CLOSED or ARGUMENT. */
  connect(port: number, options: ConnectOptions = {}): SojournStream {
    this.#open()
    if (this.#closing) throw new SojournError('ERR_SOJOURN_CLOSED', `the association with ${this.peer} is closing`)
    return this.#carrier.connectWith(this.peer, port, options)
  }

  /** Begins new keys by a fresh Diffie–Hellman; 'rekeyed' follows. False if one is under way or a move is. */
  rekey(): boolean {
    this.#open()
    return this.#carrier.rekeyWith(this.peer)
  }

  /** Ends its streams, says goodbye to the peer; resolves when it answered or was given up on. */
  close(): Promise<AssociationEnd> {
    if (this.#end === undefined && !this.#closing) this.#carrier.closeWith(this.peer)
    this.#closing = true
    return this.closed
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** For the endpoint: it is over. */
  finish(end: AssociationEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#settle(end)
    this.emit('close', end)
  }

  #view(): AssociationView | undefined {
    return this.#end === undefined ? this.#carrier.view(this.peer) : undefined
  }

  #open(): void {
    if (this.#end === undefined) return
    const message = `the association with ${this.peer} is over (${this.#end.reason}): associate again`
    throw new SojournError('ERR_SOJOURN_CLOSED', message)
  }
}

/** The error of a base exchange that came to nothing, or of an association that ended under a waiting call. */
export function endError(peer: Hit, reason: EndReason, tried: readonly string[], detail: string): SojournError {
  const where = tried.length > 0 ? ` at ${tried.join(', ')}` : ''
  const why = detail === '' ? '' : ` (${detail})`
  const [code, what, wayOut] = ENDS[reason]
  return new SojournError(code, `${peer} ${what}${where}${why}: ${wayOut}`)
}

const ENDS: Readonly<Record<EndReason, readonly [SojournErrorCode, string, string]>> = {
  closed: ['ERR_SOJOURN_CLOSED', 'was closed by us', 'associate again'],
  'closed-by-peer': ['ERR_SOJOURN_REFUSED', 'has closed the association', 'associate again if it should go on'],
  reset: ['ERR_SOJOURN_REFUSED', 'could not resume the association', 'associate again; unanswered data is lost'],
  replaced: ['ERR_SOJOURN_CLOSED', 'has begun a new association', 'use that one'],
  fenced: ['ERR_SOJOURN_FENCED', 'no longer talks to this start of our identity', 'a newer start of it runs elsewhere'],
  unreachable: ['ERR_SOJOURN_UNREACHABLE', 'does not answer', 'check that it runs there and that UDP passes'],
  refused: ['ERR_SOJOURN_REFUSED', 'refuses us', 'ask its owner to admit this identity'],
  denied: ['ERR_SOJOURN_REFUSED', 'is not on our own list', 'allow it, or deny it no longer'],
  incompatible: ['ERR_SOJOURN_INCOMPATIBLE', 'shares no cipher suite with us', 'compare the suites of both ends'],
  imposter: ['ERR_SOJOURN_IMPOSTER', 'is not who answers', 'check the HIT, or where it lives now'],
  expired: ['ERR_SOJOURN_TIMEOUT', 'has not answered for too long', 'associate again once it is back'],
}
