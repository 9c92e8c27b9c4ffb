// What the owner of an engine does with streams. The other half of the class is engine.ts; what a stream is, transport/.

import { assert } from '../base/assert.ts'
import type { Hit } from '../crypto/hit.ts'
import type { AccessList } from './access.ts'
import type { Association } from './association/association.ts'
import { rttOf, streamingOf, tend } from './association/streaming.ts'
import { Ports } from './ports.ts'
import type { Streams, StreamView } from './transport/streams/streams.ts'

export abstract class StreamCommands {
  /** Ports that take streams: others than those of datagrams. */
  protected readonly listeners: Ports = new Ports()

  /** The association with this peer, as long as it takes commands. */
  protected abstract reach(peer: Hit): Association | undefined
  /** Every input to an association ends there. */
  protected abstract touched(association: Association, now: number): void

  /** Takes streams to `port` (1 to 65,535) from now on, of whoever `access` admits. False if the port is taken. */
  listen(port: number, access?: AccessList): boolean {
    return this.listeners.bind(port, access)
  }

  /** Refuses new streams to `port`; those that are open go on. */
  unlisten(port: number): void {
    this.listeners.unbind(port)
  }

  /**
   * Opens a stream to a port of the peer, and returns its id. It may be written to at once; `stream-accepted` or `stream-reset`
   * says what the peer thinks. An association that is only being made will do. 'limit': more streams are open than the peer
   * allows, or than we do.
   */
  openStream(now: number, peer: Hit, port: number, sourcePort = 0): number | 'no-association' | 'limit' {
    assert(Number.isInteger(port) && port > 0 && port < 65_536, 'a stream goes to a port between 1 and 65,535')
    const association = this.reach(peer)
    if (association === undefined || association.session?.plain !== undefined) return 'no-association'
    const id = streamingOf(association).transport.streams.open(port, sourcePort)
    this.#tend(association, now)
    return id
  }

  /**
   * Writes bytes, which are copied. `high`: as much waits as should, and `stream-writable` follows; they are taken all the same.
   * `full`: nothing is taken, because too much waits on the streams of all peers together, or half of that and the peer's windows
   * would not let it go; `stream-writable` follows when there is room for some of it, and fewer bytes may be taken at once. `over`:
   * the stream is gone, ended or broken off. `last`: right before a freeze, whatever there is of an application's is taken, full or not.
   */
  writeStream(now: number, peer: Hit, id: number, bytes: Uint8Array, last = false): 'taken' | 'high' | 'full' | 'over' {
    return this.#on(now, peer, (streams) => streams.write(id, bytes, last)) ?? 'over'
  }

  /** Ends our half after what has been written. */
  endStream(now: number, peer: Hit, id: number): void {
    this.#on(now, peer, (streams) => streams.end(id))
  }

  /** Breaks our half off: what has not arrived need not. Codes are those of `StreamCode`. */
  resetStream(now: number, peer: Hit, id: number, code: number): void {
    this.#on(now, peer, (streams) => streams.reset(id, code))
  }

  /** Asks the peer to break its half off; nothing more of it is told. */
  stopStream(now: number, peer: Hit, id: number, code: number): void {
    this.#on(now, peer, (streams) => streams.stop(id, code))
  }

  /**
   * The application has read so many more bytes of what `stream-data` told: the peer may send as many more. False if there is nothing
   * to say of it, neither to the peer nor to the application.
   */
  consumed(now: number, peer: Hit, id: number, bytes: number): boolean {
    const association = this.reach(peer)
    const rttMs = association === undefined ? 0 : rttOf(association)
    const streams = this.#on(now, peer, (streams) => {
      streams.consumed(now, id, bytes, rttMs)
      return streams
    })
    return streams?.wantsToSend === true || streams?.hasNews === true
  }

  /**
   * The application takes nothing before so many bytes have come: the peer may send as many, up to `streamWindowBytesMax`.
   */
  wantStream(now: number, peer: Hit, id: number, bytes: number): void {
    this.#on(now, peer, (streams) => streams.want(id, bytes))
  }

  /** True if `openStream` finds an association: not one that is closing. */
  reaches(peer: Hit): boolean {
    return this.reach(peer) !== undefined
  }

  /** The streams with a peer, in the order of their ids; after a thaw, those that go on. */
  streams(peer: Hit): readonly StreamView[] {
    return this.reach(peer)?.streaming?.transport.streams.list() ?? []
  }

  #on<T>(now: number, peer: Hit, what: (streams: Streams) => T): T | undefined {
    const association = this.reach(peer)
    if (association?.streaming === undefined) return undefined
    const result = what(association.streaming.transport.streams)
    this.#tend(association, now)
    return result
  }

  #tend(association: Association, now: number): void {
    tend(association, now)
    this.touched(association, now)
  }
}
