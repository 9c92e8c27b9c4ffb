// One process identity on the network, as users hold it (DESIGN §8). Opening it with a host and a ledger goes through the
// single door, so that it can be frozen and started elsewhere; without them it lives and ends here.

import { EventEmitter } from 'node:events'
import type { Locator } from '../base/address.ts'
import type { Choices } from '../core/association/exchange-offer.ts'
import type { Config } from '../core/config.ts'
import { Engine, type OwnStart } from '../core/engine.ts'
import type { FrozenState } from '../core/moving/frozen.ts'
import type { Started } from '../core/moving/start.ts'
import { verifyWhereabouts } from '../core/moving/whereabouts.ts'
import { STANDARD } from '../crypto/algorithms.ts'
import type { Hit } from '../crypto/hit.ts'
import type { Identity, PublicKey } from '../crypto/identity.ts'
import type { Ledger } from '../ledger/interface.ts'
import type { Association } from './association.ts'
import { Carrier } from './carrier.ts'
import { checkedChoices } from './choices.ts'
import { DatagramSocket } from './datagram-socket.ts'
import { startIdentity } from './door.ts'
import { now } from './driver.ts'
import { systemEntropy } from './entropy.ts'
import { messageOf, SojournError } from './errors.ts'
import { FloorFile } from './floor-file.ts'
import { freezeCarrier } from './freeze.ts'
import type { Host, HostKem } from './host.ts'
import { createIdentity } from './key-file.ts'
import { observe, openKeyLog } from './observe.ts'
import { onlyStart, ownStart } from './own-start.ts'
import { formatPeer, type PeerLike, peerOf } from './peer.ts'
import { plain } from './plain.ts'
import { type DatagramPort, openPort, reachableLocators } from './port.ts'

/** What opening and thawing have in common. */
export interface PlaceOptions extends Choices {
  /** This machine: needed, with a ledger, for an identity that is saved or will move. */
  readonly host?: Host
  readonly ledger?: Ledger
  /** Local UDP address. Default: every address, any free port. */
  readonly bind?: Partial<Locator>
  /** Whether a peer may associate with us, asked before it costs a signature; who may not is told so. Default: everybody. */
  readonly admit?: (peer: Hit) => boolean
  /** Whether those who ask for whoever is here, without a HIT, are answered (RFC 7401 §4.1.8). Default: no. */
  readonly opportunistic?: boolean
  /** An association without a datagram or a ping for so many milliseconds is closed. Default: none ever is. */
  readonly idleMs?: number
  /** Aborting stops the opening; afterwards it closes the endpoint kindly. */
  readonly signal?: AbortSignal
  readonly config?: Partial<Config>
}

export interface EndpointOptions extends PlaceOptions {
  /** Who this process is. Default: a fresh identity that is not saved. */
  readonly identity?: Identity
  /** Start although an earlier start of this identity seems to be running here. */
  readonly takeOver?: boolean
}

export interface AssociateOptions {
  readonly signal?: AbortSignal
  /** Default 5000. */
  readonly timeoutMs?: number
}

export interface FreezeOptions {
  /** Where it goes: a READY of the target host (`host.offer`), or that host's long-term key (`host.kem`). */
  readonly to: Uint8Array | HostKem
  /**
   * The application's own suitcase, carried along as it is. A function is called once nothing more comes or goes: what it
   * packs fits exactly what the sockets carry.
   */
  readonly state?: Uint8Array | (() => Uint8Array)
  /** Aborting lets the endpoint run on. */
  readonly signal?: AbortSignal
}

/** Why an endpoint is gone. `fenced`: a newer start of its identity, of that epoch, runs elsewhere. */
export type EndpointEnd =
  | { readonly reason: 'closed' | 'destroyed' | 'frozen' }
  | { readonly reason: 'fenced'; readonly epoch: number }

export interface EndpointEvents {
  /** A base exchange has finished, whoever began it. */
  association: [association: Association]
  /** Our own address has changed and the peers are being told. */
  move: [from: Locator, to: Locator]
  close: [end: EndpointEnd]
}

const ASSOCIATE_MS = 5_000
/** How long peers are waited for when we say goodbye. */
const GOODBYE_MS = 1_000

/** One process identity on the network. */
export class Endpoint extends EventEmitter<EndpointEvents> implements AsyncDisposable {
  readonly identity: Identity
  /** How often this identity has been started, this start included. */
  readonly epoch: number
  /** Settles when the endpoint is gone; never rejects. */
  readonly closed: Promise<EndpointEnd>
  readonly #carrier: Carrier
  readonly #place: PlaceOptions
  readonly #floors: FloorFile | undefined
  #settle: (end: EndpointEnd) => void = () => undefined
  #end: EndpointEnd | undefined
  #closing: Promise<void> | undefined
  #freezing = false

  private constructor(identity: Identity, epoch: number, carrier: Carrier, place: PlaceOptions, floors?: FloorFile) {
    super()
    this.identity = identity
    this.epoch = epoch
    this.#carrier = carrier
    this.#place = place
    this.#floors = floors
    this.closed = new Promise((resolve) => {
      this.#settle = resolve
    })
    carrier.on('association', (association) => this.emit('association', association))
    carrier.on('fenced', (fencedBy) => void this.#shut({ reason: 'fenced', epoch: fencedBy }))
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
    // The port comes first: when it is taken, nothing has been claimed.
    const port = await openPort(options.bind)
    try {
      const floors = host === undefined ? undefined : await FloorFile.open(host, identity.hit, options)
      const start =
        host === undefined || ledger === undefined
          ? onlyStart()
          : ownStart(await startHere(identity, host, ledger, options))
      return Endpoint.#run(identity, start, port, options, undefined, floors)
    } catch (error) {
      await port.close()
      throw error
    }
  }

  /** For `thaw`: continues a frozen state by a start that was just activated. */
  static resume(
    identity: Identity,
    frozen: FrozenState,
    start: OwnStart,
    port: DatagramPort,
    place: PlaceOptions,
    floors: FloorFile,
  ): Resumed {
    const endpoint = Endpoint.#run(identity, start, port, place, frozen, floors)
    const carrier = endpoint.#carrier
    const sockets = new Map(
      frozen.sockets.map((socket) => [socket.port, DatagramSocket.thawed(carrier, socket.port, socket.unread)]),
    )
    carrier.adopt()
    // The peers are told before anything else is done; what they answer comes in a later turn.
    carrier.driver.run()
    return { endpoint, sockets }
  }

  static #run(
    identity: Identity,
    start: OwnStart,
    port: DatagramPort,
    place: PlaceOptions,
    frozen: FrozenState | undefined,
    floors: FloorFile | undefined,
  ): Endpoint {
    const keylog = openKeyLog()
    const options = {
      ...checkedChoices(place, identity),
      identity,
      start,
      entropy: systemEntropy,
      locators: reachableLocators(port.locator),
      now: now(),
      admit: (_key: PublicKey, peer: Hit) => place.admit?.(peer) ?? true,
      opportunistic: place.opportunistic ?? false,
      config: { ...place.config, ...(place.idleMs === undefined ? {} : { idleMs: place.idleMs }) },
      ...(keylog === undefined ? {} : { keylog }),
      ...(floors === undefined ? {} : { floors: floors.floors }),
    }
    const engine = frozen === undefined ? new Engine(options) : Engine.thaw(options, frozen)
    const carrier = new Carrier({ engine, port, ledger: place.ledger })
    const endpoint = new Endpoint(identity, start.epoch, carrier, place, floors)
    // The application gets to its sockets and events before the first packet is sent.
    setImmediate(() => carrier.start())
    return endpoint
  }

  get hit(): Hit {
    return this.identity.hit
  }

  /** Where the UDP port is bound. */
  get locator(): Locator {
    return this.#carrier.locator
  }

  /** How others write this endpoint: `HIT@ADDR:PORT`. */
  get peer(): string {
    return formatPeer({ hit: this.hit, locators: reachableLocators(this.locator) })
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
    const { signal, timeoutMs = ASSOCIATE_MS } = options
    this.#requireRunning()
    signal?.throwIfAborted()
    const peer = peerOf(like)
    if (peer.hit === this.hit) {
      throw new SojournError('ERR_SOJOURN_ARGUMENT', `${peer.hit} is this endpoint itself: name another peer`)
    }
    const locators = peer.locators.length > 0 ? peer.locators : await this.#find(peer.hit)
    if (locators.length === 0 && this.#carrier.association(peer.hit) === undefined) {
      const message = `nobody knows where ${peer.hit} is: write it as HIT@ADDR:PORT, or give a ledger it uses`
      throw new SojournError('ERR_SOJOURN_UNREACHABLE', message)
    }
    return this.#carrier.associate({ hit: peer.hit, locators }, timeoutMs, signal)
  }

  associations(): IterableIterator<Association> {
    return this.#carrier.associations()
  }

  /** A socket for datagrams in the shape of node:dgram. */
  createDatagramSocket(): DatagramSocket {
    this.#requireRunning()
    return new DatagramSocket(this.#carrier)
  }

  /**
   * `createDatagramSocket` and `bind` in one: resolves when it listens. Rejects with ERR_SOJOURN_ADDRESS.
   * @example (await endpoint.datagrams(7)).on('message', (bytes, { hit, port }) => console.log(hit, port, bytes))
   */
  async datagrams(port = 0): Promise<DatagramSocket> {
    const socket = this.createDatagramSocket()
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(port, () => {
        socket.off('error', reject)
        resolve()
      })
    })
    return socket
  }

  /** Moves to another local address or port; associations follow. Default: another free port of the same address. */
  async rebind(bind: Partial<Locator> = {}): Promise<Locator> {
    this.#requireRunning()
    const from = this.locator
    const to = await this.#carrier.rebind(bind)
    this.emit('move', from, to)
    return to
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
      // The port is closed when this returns; who waits for the capsule need not wait until its socket says so.
      void this.#shut({ reason: 'frozen' }).catch(() => undefined)
      return capsule
    } catch (error) {
      // Closed or fenced meanwhile: that is the better reason.
      if (this.#end !== undefined) this.#requireRunning()
      throw error
    } finally {
      this.#freezing = false
    }
  }

  /** Says goodbye to every peer, then closes. Resolves when the port is closed. */
  close(): Promise<void> {
    this.#closing ??= this.#sayGoodbye()
    return this.#closing
  }

  /** Closes at once and without a word; peers find out by themselves. */
  destroy(): void {
    void this.#shut({ reason: 'destroyed' })
  }

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

  async #find(peer: Hit): Promise<readonly Locator[]> {
    const bytes = await this.#place.ledger?.find(peer).catch((cause: unknown) => {
      throw new SojournError('ERR_SOJOURN_LEDGER', messageOf(cause), { cause })
    })
    if (bytes === undefined) return []
    const whereabouts = verifyWhereabouts(plain(bytes), { hit: peer, keys: (this.#place.algorithms ?? STANDARD).keys })
    return typeof whereabouts === 'string' ? [] : whereabouts.locators
  }

  async #sayGoodbye(): Promise<void> {
    if (this.#end !== undefined) return
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
    await this.#carrier.shut(end.reason, `the endpoint is ${end.reason}`)
    this.#carrier.engine.destroy()
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

/** A thawed endpoint and its sockets by port. */
export interface Resumed {
  readonly endpoint: Endpoint
  readonly sockets: ReadonlyMap<number, DatagramSocket>
}

function startHere(identity: Identity, host: Host, ledger: Ledger, options: EndpointOptions): Promise<Started> {
  const keys = { host: host.identity, identity, entropy: systemEntropy }
  const { takeOver = false, signal } = options
  const plan = { hit: identity.hit, base: undefined, grant: undefined, seen: 0, ledger: undefined, takeOver }
  return startIdentity(plan, keys, ledger, { signal })
}
