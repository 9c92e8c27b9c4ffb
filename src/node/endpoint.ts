// One process identity on the network, as users hold it (DESIGN §8). Opening it with a host and a ledger goes through the
// single door, so that it can be frozen and started elsewhere; without them it lives and ends here.

import { EventEmitter } from 'node:events'
import type { Locator } from '../base/address.ts'
import { AccessList } from '../core/access.ts'
import type { Engine, OwnStart } from '../core/engine.ts'
import { pump, type Transmit } from '../core/machine.ts'
import type { Hit } from '../crypto/hit.ts'
import type { Identity } from '../crypto/identity.ts'
import { type Access, accessRules } from './access.ts'
import { type Association, endError } from './association.ts'
import { Carrier } from './carrier.ts'
import { checkedChoices } from './choices.ts'
import { ASSOCIATE_MS, FINISH_MS, GOODBYE_MS, TURN_DATAGRAMS_MAX } from './config.ts'
import { type ConnectOptions, connected } from './connect.ts'
import { DatagramSocket } from './datagram-socket.ts'
import { now } from './driver.ts'
import type { EndpointEnd, EndpointEvents } from './endpoint-events.ts'
import type { AssociateOptions, EndpointOptions, FreezeOptions, PlaceOptions } from './endpoint-options.ts'
import { type EnginePlace, makeEngine } from './engine.ts'
import { SojournError } from './errors.ts'
import { findLocators } from './find.ts'
import { FloorFile } from './floor-file.ts'
import { freezeCarrier } from './freeze.ts'
import { createIdentity } from './key-file.ts'
import { Listener, type ListenOptions } from './listener.ts'
import { observe } from './observe.ts'
import { onlyStart, startHere } from './own-start.ts'
import { formatPeer, type Peer, type PeerLike, peerOf } from './peer.ts'
import type { Bind } from './port.ts'
import { openPorts } from './port-set.ts'
import { type Resumed, resumed } from './resumed.ts'
import type { SojournStream } from './stream.ts'

export type { EndpointEnd, EndpointEvents } from './endpoint-events.ts'
export type { AssociateOptions, EndpointOptions, FreezeOptions, PlaceOptions } from './endpoint-options.ts'

/** One process identity on the network. */
export class Endpoint extends EventEmitter<EndpointEvents> implements AsyncDisposable {
  /** Who it is. */
  readonly identity: Identity
  /** How often this identity has been started, this start included. */
  readonly epoch: number
  /** Settles when the endpoint is gone; never rejects. */
  readonly closed: Promise<EndpointEnd>
  readonly #carrier: Carrier
  readonly #place: PlaceOptions
  readonly #access: AccessList
  /** Keys that nobody else has given us or may use: they go when the endpoint goes. */
  readonly #own: readonly Identity[]
  readonly #floors: FloorFile | undefined
  #settle: (end: EndpointEnd) => void = () => undefined
  #end: EndpointEnd | undefined
  #closing: Promise<void> | undefined
  #freezing = false

  private constructor(
    identity: Identity,
    epoch: number,
    carrier: Carrier,
    place: PlaceOptions,
    access: AccessList,
    own: readonly Identity[],
    floors?: FloorFile,
  ) {
    super()
    this.identity = identity
    this.epoch = epoch
    this.#carrier = carrier
    this.#place = place
    this.#access = access
    this.#own = own
    this.#floors = floors
    this.closed = new Promise((resolve) => {
      this.#settle = resolve
    })
    carrier.on('association', (association) => this.emit('association', association))
    carrier.on('fenced', (fencedBy) => void this.#shut({ reason: 'fenced', epoch: fencedBy }))
    carrier.on('moved', (from, to) => this.emit('move', from, to))
    place.signal?.addEventListener('abort', () => void this.close(), { once: true })
  }

  /**
   * Opens an endpoint. Rejects with a SojournError, or with the signal's reason.
   * @example const endpoint = await Endpoint.open({ host, ledger: host.ledger(), bind: { address: '127.0.0.1' } })
   */
  static async open(options: EndpointOptions = {}): Promise<Endpoint> {
    const { host, ledger, signal } = options
    signal?.throwIfAborted()
    const identity = options.identity ?? createIdentity()
    if ((host === undefined) !== (ledger === undefined)) {
      throw new SojournError('ERR_SOJOURN_ARGUMENT', 'a host needs a ledger and a ledger a host: give both or neither')
    }
    checkedChoices(options, identity)
    accessRules(options, options.algorithms)
    // The port comes first: when it is taken, nothing has been claimed.
    const port = await openPorts(options.bind)
    try {
      const floors = host === undefined ? undefined : await FloorFile.open(host, identity.hit, options)
      const start =
        host === undefined || ledger === undefined ? onlyStart() : await startHere(identity, host, ledger, options)
      const access = new AccessList(accessRules(options, options.algorithms))
      const at = { identity, port, place: options, frozen: undefined, floors, access }
      const own = options.identity === undefined ? [identity, start.instance] : [start.instance]
      return Endpoint.#run(at, makeEngine(at, start), start, own)
    } catch (error) {
      await port.close()
      throw error
    }
  }

  /** For `thaw`: takes up a frozen state that `engine` goes on from, by a start that was just activated. */
  static resume(at: EnginePlace, engine: Engine, start: OwnStart): Resumed & { readonly endpoint: Endpoint } {
    // The peers are told before anything else is done; what they answer comes in a later turn.
    const { port } = at
    const transmit = ({ bytes, to, whole }: Transmit): void => port.send(bytes, to, whole)
    pump(engine, now(), { transmit, event: () => undefined }, TURN_DATAGRAMS_MAX, 0)
    port.flush()
    const endpoint = Endpoint.#run(at, engine, start, [at.identity, start.instance])
    return { endpoint, ...resumed(endpoint.#carrier, at.frozen) }
  }

  static #run(at: EnginePlace, engine: Engine, start: OwnStart, own: readonly Identity[]): Endpoint {
    const { identity, port, place, floors, access } = at
    const carrier = new Carrier({ engine, port, ledger: place.ledger, algorithms: place.algorithms })
    const endpoint = new Endpoint(identity, start.epoch, carrier, place, access, own, floors)
    // The application gets to its sockets and events before the first packet is sent.
    setImmediate(() => carrier.start())
    return endpoint
  }

  /** Its name. */
  get hit(): Hit {
    return this.identity.hit
  }

  /** Where the UDP port is bound; of several, the preferred one. */
  get locator(): Locator {
    return this.#carrier.locator
  }

  /** How others write this endpoint: `HIT@ADDR:PORT`. */
  get peer(): string {
    return formatPeer({ hit: this.hit, locators: this.#carrier.own })
  }

  /** Drops and faults by name, since the start. */
  get counters(): Readonly<Record<string, number>> {
    return this.#carrier.engine.counters
  }

  /**
   * An association with `peer`: the present one, or a new one. Rejects with ERR_SOJOURN_UNREACHABLE (what was tried is in
   * the message), REFUSED, INCOMPATIBLE, IMPOSTER, FENCED, CLOSED, LEDGER, ARGUMENT, or with the signal's reason.
   * @example const association = await endpoint.associate(peer) // 'HIT@ADDR:PORT', or a HIT that the ledger finds
   */
  async associate(like: PeerLike, options: AssociateOptions = {}): Promise<Association> {
    this.#requireRunning()
    options.signal?.throwIfAborted()
    return this.#reach(this.#another(like), options)
  }

  /**
   * Who is at `ADDR:PORT`, as they say and sign: resolves with `HIT@ADDR:PORT`, for `associate` or `connect`. Opportunistic
   * mode (RFC 7401 §4.1.8), a leap of faith: whoever is on the way could have answered. Only endpoints that set `opportunistic`
   * answer. Rejects with ERR_SOJOURN_UNREACHABLE, ARGUMENT or CLOSED, or with the signal's reason.
   */
  async whoIs(at: string, options: AssociateOptions = {}): Promise<string> {
    this.#requireRunning()
    const { engine, driver, questions } = this.#carrier
    return questions.ask(at, options, { inquiries: engine.inquiries, run: () => driver.run() })
  }

  /** Those of now. */
  associations(): IterableIterator<Association> {
    return this.#carrier.associations()
  }

  /**
   * A stream to where `peer` listens on `port`: a Duplex in the shape of `net.Socket`, there at once. What is written waits for the
   * association, if there is none yet, and for nothing else; `opened` says whether the peer takes it. Errors are events of the
   * stream: ERR_SOJOURN_REFUSED (nobody listens there, or it does not take our streams), RESET, UNREACHABLE and whatever else
   * `associate` rejects with. Throws ERR_SOJOURN_ARGUMENT, CLOSED or FENCED.
   * @example
   * endpoint.listen(80, (stream) => stream.end('hello'))
   * const other = await Endpoint.open()
   * for await (const chunk of other.connect(endpoint.peer, 80)) console.log(String(chunk))
   */
  connect(like: PeerLike, port: number, options: ConnectOptions = {}): SojournStream {
    this.#requireRunning()
    const peer = this.#another(like)
    const present = this.#carrier.association(peer.hit)
    const ready = present !== undefined && this.#carrier.engine.reaches(peer.hit)
    return connected(
      this.#carrier.streams,
      peer.hit,
      port,
      options,
      ready ? undefined : () => this.#reach(peer, options),
    )
  }

  /**
   * Takes the streams that peers open to `port`, 0 for any free one: by a callback, or by `for await`. Streams of peers that
   * `allow` and `deny` leave out are refused. Throws ERR_SOJOURN_ADDRESS if somebody listens there, ARGUMENT, CLOSED or FENCED.
   * @example
   * const server = (await import('node:http')).createServer((request, response) => response.end(request.url))
   * endpoint.listen(80, (stream) => server.emit('connection', stream))
   */
  listen(port: number, onstream?: (stream: SojournStream) => void): Listener
  listen(port: number, options: ListenOptions, onstream?: (stream: SojournStream) => void): Listener
  listen(
    port: number,
    options: ListenOptions | ((stream: SojournStream) => void) = {},
    onstream?: (stream: SojournStream) => void,
  ): Listener {
    this.#requireRunning()
    if (typeof options === 'function') return this.listen(port, {}, options)
    const listener = Listener.bound(this.#carrier.streams, port, options)
    if (onstream !== undefined) listener.on('stream', onstream)
    return listener
  }

  /**
   * Who may associate with this identity from now on, whoever begins: instead of what `allow` and `deny` said before. Says
   * goodbye to those who may not any more. Throws ERR_SOJOURN_ARGUMENT.
   * @example endpoint.setAccess({ deny: [peer] })
   */
  setAccess(access: Access): void {
    this.#access.set(accessRules(access, this.#place.algorithms))
    this.#carrier.engine.enforceAccess(now())
    this.#carrier.driver.run()
  }

  /** A socket for datagrams in the shape of node:dgram; `access` says whose datagrams it takes. */
  createDatagramSocket(access: Access = {}): DatagramSocket {
    this.#requireRunning()
    return new DatagramSocket(this.#carrier, access)
  }

  /**
   * `createDatagramSocket` and `bind` in one: resolves when it listens. Datagrams of peers that `access` leaves out are dropped
   * and counted. Rejects with ERR_SOJOURN_ADDRESS or ARGUMENT.
   * @example (await endpoint.datagrams(7)).on('message', (bytes, { hit, port }) => console.log(hit, port, bytes))
   */
  async datagrams(port = 0, access: Access = {}): Promise<DatagramSocket> {
    const socket = this.createDatagramSocket(access)
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(port, () => {
        socket.off('error', reject)
        resolve()
      })
    })
    return socket
  }

  /** Moves to another local address or port, or several; associations follow. Default: other free ports of the same addresses. */
  async rebind(bind: Bind | readonly Bind[] = {}): Promise<Locator> {
    this.#requireRunning()
    return this.#carrier.rebind(bind)
  }

  /**
   * Stops for good and returns the capsule that `thaw` continues from on the host it is sealed to. Peers are told nothing.
   * When it rejects or is aborted, the endpoint runs on. Rejects with ERR_SOJOURN_LEDGER without a host and a ledger,
   * ERR_SOJOURN_CAPSULE if the offer is no good.
   * @example writeFileSync('capsule', await endpoint.freeze({ to: host.kem, state: () => Buffer.from('mine') }))
   */
  async freeze(options: FreezeOptions): Promise<Uint8Array> {
    this.#requireRunning()
    const { host, ledger, algorithms } = this.#place
    if (host === undefined || ledger === undefined) {
      const message = 'an endpoint without host and ledger cannot be frozen: give both to Endpoint.open'
      throw new SojournError('ERR_SOJOURN_LEDGER', message)
    }
    this.#freezing = true
    const check = (): void => {
      if (this.#end !== undefined || this.#closing !== undefined) this.#requireRunning()
    }
    try {
      const plan = { ...options, host, epoch: this.epoch, algorithms, check }
      const capsule = await freezeCarrier(this.#carrier, plan)
      observe('frozen', { hit: this.hit, epoch: this.epoch, bytes: capsule.length })
      const end = { reason: 'frozen' } as const
      this.#end = end
      // The port is closed when this returns. The rest is put away when who waits for the capsule has had it.
      void this.#carrier.halt()
      process.nextTick(() => void this.#putAway(end).catch(() => undefined))
      return capsule
    } catch (error) {
      // Closed or fenced meanwhile: that is the better reason.
      if (this.#end !== undefined) this.#requireRunning()
      throw error
    } finally {
      this.#freezing = false
    }
  }

  /** Ends every stream, says goodbye to every peer, then closes; waits as long as they take what is left for them. Resolves when the port is closed. */
  close(): Promise<void> {
    this.#closing ??= this.#sayGoodbye()
    return this.#closing
  }

  /** Closes at once and without a word; peers find out by themselves. */
  destroy(): void {
    void this.#shut({ reason: 'destroyed' })
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Keeps the process alive while the endpoint is open (the default). */
  ref(): this {
    this.#carrier.ref()
    return this
  }

  /** Lets the process end although the endpoint is open. */
  unref(): this {
    this.#carrier.unref()
    return this
  }

  /** Who is meant, and that it is not us. */
  #another(like: PeerLike): Peer {
    // A name that is in use is known to be one: there may be thousands of streams a second.
    const known = typeof like === 'string' ? this.#carrier.association(like as Hit) : undefined
    if (known !== undefined) return { hit: known.peer, locators: [] }
    const peer = peerOf(like)
    if (peer.hit !== this.hit) return peer
    throw new SojournError('ERR_SOJOURN_ARGUMENT', `${peer.hit} is this endpoint itself: name another peer`)
  }

  async #reach(peer: Peer, { signal, timeoutMs = ASSOCIATE_MS }: AssociateOptions): Promise<Association> {
    if (this.#access.excludes(peer.hit)) throw endError(peer.hit, 'denied', [], '')
    const locators = peer.locators.length > 0 ? peer.locators : await findLocators(this.#place, peer.hit)
    if (locators.length === 0 && this.#carrier.association(peer.hit) === undefined) {
      const message = `nobody knows where ${peer.hit} is: write it as HIT@ADDR:PORT, or give a ledger it uses`
      throw new SojournError('ERR_SOJOURN_UNREACHABLE', message)
    }
    return this.#carrier.associate({ hit: peer.hit, locators }, timeoutMs, signal)
  }

  async #sayGoodbye(): Promise<void> {
    if (this.#end !== undefined) return
    this.#carrier.streams.stopListening()
    if (this.#carrier.streams.has()) await this.#carrier.streams.finish(FINISH_MS)
    const ends = [...this.#carrier.associations()].map((association) => association.closed)
    this.#carrier.engine.closeAll(now())
    this.#carrier.driver.run()
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, GOODBYE_MS)
    })
    await Promise.race([Promise.all(ends), patience])
    clearTimeout(timer)
    await this.#shut({ reason: 'closed' })
  }

  async #shut(end: EndpointEnd): Promise<void> {
    if (this.#end !== undefined) return
    this.#end = end
    await this.#putAway(end)
  }

  async #putAway(end: EndpointEnd): Promise<void> {
    const shut = this.#carrier.shut(end.reason, `the endpoint is ${end.reason}`)
    // Nothing is sealed or signed any more: the keys need not wait until the port has closed.
    this.#carrier.engine.destroy()
    for (const identity of this.#own) identity.destroy()
    await shut
    const kept = this.#floors?.close(end.reason)
    // A frozen process is waited for, and its floors are in the capsule too.
    if (end.reason !== 'frozen') await kept
    // A frozen or fenced start leaves the record to the next one.
    const over = end.reason === 'closed' || end.reason === 'destroyed'
    if (over) await this.#place.ledger?.release?.(this.hit, this.epoch).catch(() => undefined)
    this.#settle(end)
    this.emit('close', end)
  }

  #requireRunning(): void {
    const end = this.#end
    if (end?.reason === 'fenced') {
      const message = `${this.hit} has been started elsewhere (epoch ${end.epoch}): this start is over`
      throw new SojournError('ERR_SOJOURN_FENCED', message)
    }
    if (end !== undefined || this.#freezing || this.#closing !== undefined) {
      const why = end?.reason ?? (this.#freezing ? 'freezing' : 'closing')
      throw new SojournError('ERR_SOJOURN_CLOSED', `the endpoint of ${this.hit} is ${why}: open another one`)
    }
  }
}
