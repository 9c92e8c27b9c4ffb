// What a host that has said READY has ready (MOVING, PREPARE): the UDP port is bound, floors and record are read, start and DH key are
// drawn, and the ledger has written down, without a name, what it will keep if the start is granted. All of it depends on no capsule, and a
// frozen process would wait for it. It holds as long as READY does and serves one thaw.

import { isDeepStrictEqual } from 'node:util'
import { type DrawnStart, drawStart } from '../core/moving/drawn-start.ts'
import { READY_SECONDS } from '../core/moving/ready.ts'
import { DH_P256, type DhKey, generateDh } from '../crypto/dh.ts'
import type { Hit } from '../crypto/hit.ts'
import { Identity } from '../crypto/identity.ts'
import { wipe } from '../crypto/secret.ts'
import type { Ledger, LedgerRecord } from '../ledger/interface.ts'
import { algorithmsHere } from './accelerated/choice.ts'
import type { PlaceOptions } from './endpoint.ts'
import { systemEntropy } from './entropy.ts'
import { FloorFile } from './floor-file.ts'
import type { Host } from './host.ts'
import type { Bind, DatagramPort } from './port.ts'
import { openPorts } from './port-set.ts'

/** Where an offered process will be thawed: of what `thaw` will be given, the part that can be made ready. */
export interface ThawPlace {
  /** The one that has recorded the start that will be frozen. */
  readonly ledger: Ledger
  /** Where to open the UDP port. */
  readonly bind?: Bind | readonly Bind[]
}

/** A start that has been drawn, and its instance key as it signs. */
export interface ReadyStart {
  readonly drawn: DrawnStart
  readonly instance: Identity
}

/** What has been read of the identity. */
interface ReadAhead {
  readonly record: LedgerRecord | undefined
  readonly floors: FloorFile | undefined
}

/** Made while the process still runs elsewhere. */
export class Readiness {
  readonly #place: ThawPlace
  readonly #read: ReadAhead
  readonly #timer: NodeJS.Timeout
  #start: ReadyStart | undefined
  #port: DatagramPort | undefined
  /** For the peer that is told first: one key serves one move. Others get theirs when it is wanted. */
  #dh: DhKey | undefined = generateDh(DH_P256, systemEntropy, algorithmsHere().dhGroups)
  #takeBack: () => void

  private constructor(
    place: ThawPlace,
    read: ReadAhead,
    port: DatagramPort | undefined,
    start?: ReadyStart,
    takeBack?: () => void,
  ) {
    this.#place = place
    this.#read = read
    this.#port = port
    this.#start = start
    this.#takeBack = takeBack ?? ((): void => undefined)
    this.#timer = setTimeout(() => this.drop(), READY_SECONDS * 1_000)
    this.#timer.unref()
    port?.unref()
  }

  /** Never rejects: what cannot be had now, the thaw asks for itself, and says what is wrong. */
  static async make(hit: Hit, place: ThawPlace, host: Host): Promise<Readiness> {
    const { ledger, bind } = place
    const port = await openPorts(bind).catch(() => undefined)
    const floors = await FloorFile.open(host, hit, {}).catch(() => undefined)
    const record = ledger.prepare && (await ledger.read(hit).catch(() => undefined))
    const read = { record, floors }
    if (record === undefined) return new Readiness(place, read, port)
    const drawn = drawStart(hit, record.epoch + 1, { host: host.identity, entropy: systemEntropy })
    const takeBack = await ledger.prepare?.(drawn.nonce, drawn.request).catch(() => undefined)
    // What no ledger has prepared for is drawn when it is wanted, and not a moment before.
    if (takeBack === undefined) {
      wipe(drawn.secret)
      return new Readiness(place, read, port)
    }
    const instance = Identity.fromSecret('ed25519', drawn.secret, algorithmsHere())
    return new Readiness(place, read, port, { drawn, instance }, takeBack)
  }

  /** The record, if that start was the last one: what has become of it since, the ledger finds when it decides. */
  recordOf(ledger: Ledger, epoch: number): LedgerRecord | undefined {
    const { record } = this.#read
    return ledger === this.#place.ledger && record?.activated?.epoch === epoch ? record : undefined
  }

  /** The floors, if they are what would be read now. */
  floorsFor({ config, algorithms }: PlaceOptions): FloorFile | undefined {
    const { floors } = this.#read
    return config?.floorsMax === undefined && algorithms === undefined && floors?.current === true ? floors : undefined
  }

  /** The port, if it is the one wanted. It is the taker's from now on. */
  takePort(bind: ThawPlace['bind'] = {}): DatagramPort | undefined {
    const port = isDeepStrictEqual(this.#place.bind ?? {}, bind) ? this.#port : undefined
    if (port === undefined) return undefined
    this.#port = undefined
    port.ref()
    return port
  }

  /** Lets go of a port whose number somebody else may want now. One that was free to choose stands in nobody's way. */
  async yieldPort(): Promise<void> {
    const binds: readonly Bind[] = [this.#place.bind ?? {}].flat()
    if (binds.every(({ port = 0 }) => port === 0)) return
    const port = this.#port
    this.#port = undefined
    await port?.close()
  }

  /** The start, if the ledger is the one that has prepared for it. Its secrets are the taker's from now on. */
  takeStart(ledger: Ledger): ReadyStart | undefined {
    if (ledger !== this.#place.ledger) return undefined
    const start = this.#start
    this.#start = undefined
    return start
  }

  /** The Diffie–Hellman key for a P1. */
  takeDh(): DhKey | undefined {
    const dh = this.#dh
    this.#dh = undefined
    return dh
  }

  /** Lets go of what nobody has taken. */
  drop(): void {
    clearTimeout(this.#timer)
    this.#takeBack()
    this.#takeBack = () => undefined
    if (this.#start !== undefined) {
      wipe(this.#start.drawn.secret)
      this.#start.instance.destroy()
    }
    this.#start = undefined
    this.#dh = undefined
    void this.#port?.close()
    this.#port = undefined
  }
}
