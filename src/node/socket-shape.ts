// What programs expect of a `net.Socket` beyond a Duplex: http, http2, undici, ws and their like call these on whatever they are
// given. Nothing here knows the protocol; what has no meaning in it does nothing, as setNoDelay.

import type { AddressInfo, SocketReadyState } from 'node:net'
import { Duplex, type DuplexOptions } from 'node:stream'
import type { Hit } from '../crypto/hit.ts'
import { SojournError } from './errors.ts'

/** A Duplex in the shape of `net.Socket`, whose addresses are HITs. */
export abstract class SocketShape extends Duplex {
  /** Milliseconds of silence after which 'timeout' is emitted; undefined if never asked for. */
  timeout?: number
  #idle: NodeJS.Timeout | undefined

  constructor(options: DuplexOptions) {
    super(options)
  }

  /** Ours. */
  abstract get localAddress(): Hit
  /** Ours, inside the association. */
  abstract get localPort(): number
  /** The peer: its HIT, which is an IPv6 address to look at. */
  abstract get remoteAddress(): Hit
  /** The peer's, inside the association. */
  abstract get remotePort(): number
  /** True until the peer has accepted the stream. */
  abstract get connecting(): boolean
  abstract ref(): this
  abstract unref(): this
  /** Breaks both directions off: the peer's stream fails, and what was on its way is lost. */
  abstract resetAndDestroy(): this

  /** For programs that look for it: a HIT is one address. */
  get autoSelectFamilyAttemptedAddresses(): string[] {
    return []
  }

  /** As of a socket: HITs look like IPv6 addresses. */
  get remoteFamily(): 'IPv6' {
    return 'IPv6'
  }

  /** As of a socket: HITs look like IPv6 addresses. */
  get localFamily(): 'IPv6' {
    return 'IPv6'
  }

  /** As `connecting`, and true too once it has failed before it was open. */
  get pending(): boolean {
    return this.connecting
  }

  /** Bytes written that Node still holds. */
  get bufferSize(): number {
    return this.writableLength
  }

  /** As of a socket. */
  get readyState(): SocketReadyState {
    if (this.connecting && !this.destroyed) return 'opening'
    if (this.readable && this.writable) return 'open'
    if (this.readable) return 'readOnly'
    return this.writable ? 'writeOnly' : 'closed'
  }

  /** Our end: a HIT and a port inside the association. */
  address(): AddressInfo {
    return { address: this.localAddress, family: 'IPv6', port: this.localPort }
  }

  /** A stream is made by `endpoint.connect`: this only throws ERR_SOJOURN_ARGUMENT. */
  connect(): never {
    throw new SojournError('ERR_SOJOURN_ARGUMENT', 'a stream is connected once: call endpoint.connect for another one')
  }

  /** Emits 'timeout' after so many milliseconds in which nothing was written or came; 0 never. The stream stays open. */
  setTimeout(ms: number, callback?: () => void): this {
    clearTimeout(this.#idle)
    this.#idle = undefined
    this.timeout = ms
    if (callback !== undefined) {
      if (ms === 0) this.off('timeout', callback)
      else this.once('timeout', callback)
    }
    if (ms > 0 && !this.destroyed) {
      this.#idle = setTimeout(() => this.emit('timeout'), ms)
      this.#idle.unref()
    }
    return this
  }

  /** Does nothing: what is written leaves in the same turn anyway. */
  setNoDelay(_noDelay?: boolean): this {
    return this
  }

  /** Does nothing: the association looks after its path, and tells when the peer is gone. */
  setKeepAlive(_enable?: boolean, _initialDelayMs?: number): this {
    return this
  }

  /** Ends our direction, and destroys the stream once all of it has arrived. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  /** For the stream: something was written or came. */
  protected active(): void {
    this.#idle?.refresh()
  }

  /** For the stream: no 'timeout' any more. */
  protected rest(): void {
    clearTimeout(this.#idle)
    this.#idle = undefined
  }
}
