// Thawing (MOVING §4, §7): everything that can be checked is checked before the single door, and nothing is sent before it.

import { AccessList } from '../core/access.ts'
import type { Engine, OwnStart } from '../core/engine.ts'
import {
  type CapsuleFault,
  decodeCapsule,
  openCapsule,
  type ReadCapsule,
  type UnsealedCapsule,
} from '../core/moving/capsule.ts'
import { forgetFrozen } from '../core/moving/frozen.ts'
import type { Started } from '../core/moving/start.ts'
import type { Identity } from '../crypto/identity.ts'
import type { Ledger } from '../ledger/interface.ts'
import { algorithmsHere } from './accelerated/choice.ts'
import { accessRules } from './access.ts'
import { checkedChoices } from './choices.ts'
import { startIdentity } from './door.ts'
import { Endpoint, type PlaceOptions } from './endpoint.ts'
import { type EnginePlace, makeEngine } from './engine.ts'
import { systemEntropy } from './entropy.ts'
import { SojournError } from './errors.ts'
import { FloorFile } from './floor-file.ts'
import type { Host } from './host.ts'
import { observe } from './observe.ts'
import { ownStart } from './own-start.ts'
import { plain } from './plain.ts'
import type { DatagramPort } from './port.ts'
import { openPorts } from './port-set.ts'
import type { Resumed } from './resumed.ts'
import { type KemKeys, SEAL_SUITE, unseal } from './seal.ts'

export interface ThawOptions extends PlaceOptions {
  readonly host: Host
  /** The one that has recorded the start that was frozen. */
  readonly ledger: Ledger
}

/** What comes out of a capsule. */
export interface Thawed extends Resumed {
  /** The one that goes on. */
  readonly endpoint: Endpoint
  /** The application's own suitcase. */
  readonly state: Uint8Array
}

/**
 * Continues a frozen endpoint in this process: associations and streams go on, sockets and listeners are bound as they were, and
 * what had not been read is read first. Rejects with ERR_SOJOURN_CAPSULE (foreign, edited, truncated, older or used), ERR_SOJOURN_LEDGER,
 * ERR_SOJOURN_FENCED or ERR_SOJOURN_ADDRESS; not one packet has been sealed then.
 * @example
 * const { endpoint, sockets, state } = await thaw(readFileSync('capsule'), { host, ledger: host.ledger() })
 * sockets.get(7)?.on('message', (bytes) => console.log(bytes))
 * console.log(`${endpoint.hit}, start ${endpoint.epoch}, goes on with ${Buffer.from(state)}`)
 */
export async function thaw(capsule: Uint8Array, options: ThawOptions): Promise<Thawed> {
  const { host, ledger, signal } = options
  signal?.throwIfAborted()
  checkedChoices(options, undefined)
  accessRules(options, options.algorithms)
  const read = openCapsule(plain(capsule), host.hit, [], algorithmsHere().keys)
  if (typeof read === 'string') throw capsuleError(FAULTS[read])
  const { hit, epoch, offer } = read.header
  const readiness = host.readyFor(offer)
  // Opened side by side, because the process stands still meanwhile. When one of them fails, the capsule is not used up.
  const record = Promise.resolve(readiness?.recordOf(ledger, epoch) ?? ledger.read(hit))
  record.catch(() => undefined)
  const kept = Promise.resolve(readiness?.floorsFor(options) ?? FloorFile.open(host, hit, options))
  kept.catch(() => undefined)
  const bound = readiness?.takePort(options.bind)
  const [opened, port] = await both(
    unsealed(read, options),
    bound === undefined ? host.yieldPorts().then(() => openPorts(options.bind)) : Promise.resolve(bound),
  )
  const { frozen, identity, keys } = opened
  let ahead: Ahead | undefined
  try {
    const access = new AccessList(accessRules(options, options.algorithms))
    const at = { identity, port, place: options, frozen, floors: await kept, access, dh: readiness?.takeDh() }
    const start = readiness?.takeStart(ledger)
    const plan = {
      hit: identity.hit,
      base: frozen.epoch,
      grant: read.grant,
      seen: frozen.epoch,
      ledger: undefined,
      takeOver: false,
      drawn: start?.drawn,
    }
    const startKeys = { host: host.identity, identity, entropy: systemEntropy }
    ahead = new Ahead(at, start?.instance)
    const foreseen = (start: Started): void => ahead?.make(start)
    const started = await startIdentity(plan, startKeys, ledger, { signal, record, foreseen })
    host.forget(keys)
    const { engine, own } = ahead.take(started)
    const resumed = Endpoint.resume(at, engine, own)
    forgetFrozen(frozen)
    observe('thawed', { hit: identity.hit, epoch: started.epoch, from: frozen.epoch })
    return { ...resumed, state: frozen.state }
  } catch (error) {
    ahead?.drop()
    identity.destroy()
    forgetFrozen(frozen)
    await port.close()
    throw error
  }
}

/** The engine, made while the ledger still waits for its disk. Nobody pumps it before the start stands. */
class Ahead {
  readonly #at: EnginePlace
  #instance: Identity | undefined
  #made: { readonly engine: Engine; readonly own: OwnStart; readonly start: Started } | undefined

  /** `instance`: the key of the start that was drawn ahead, if one was. */
  constructor(at: EnginePlace, instance: Identity | undefined) {
    this.#at = at
    this.#instance = instance
  }

  make(start: Started): void {
    const own = this.#own(start)
    try {
      this.#made = { engine: makeEngine(this.#at, own), own, start }
    } catch {
      // What is wrong is told when the start stands, and only then.
      own.instance.destroy()
    }
  }

  take(started: Started): { readonly engine: Engine; readonly own: OwnStart } {
    if (this.#made?.start === started) return this.#made
    this.drop()
    const own = this.#own(started)
    return { engine: makeEngine(this.#at, own), own }
  }

  #own(start: Started): OwnStart {
    const instance = this.#instance
    this.#instance = undefined
    return ownStart(start, instance)
  }

  /** The start did not come to be. */
  drop(): void {
    this.#instance?.destroy()
    this.#instance = undefined
    this.#made?.engine.destroy()
    this.#made?.own.instance.destroy()
    this.#made = undefined
  }
}

/** A port is not left open when the capsule does not open. */
async function both<T>(capsule: Promise<T>, opening: Promise<DatagramPort>): Promise<[T, DatagramPort]> {
  // Also when the port fails first, nobody misses its error.
  const port = opening.catch(() => undefined)
  try {
    return [await capsule, await opening]
  } catch (error) {
    await (await port)?.close()
    throw error
  }
}

async function unsealed(
  read: ReadCapsule,
  { host, algorithms }: ThawOptions,
): Promise<UnsealedCapsule & { readonly keys: KemKeys }> {
  const { header } = read
  if (header.suite !== SEAL_SUITE) throw capsuleError(FAULTS['other-version'])
  const keys = host.keysFor(header.offer)
  if (keys === undefined) {
    const [what, wayOut] = ['was sealed to an offer that ran out, was used, or died with its process', ABORT]
    throw capsuleError([what, wayOut])
  }
  const plaintext = await unseal(keys, read.sealed, read.aad)
  if (plaintext === undefined) throw capsuleError(['does not open with the key it names', ABORT])
  const capsule = decodeCapsule(plaintext, header, algorithmsHere(algorithms))
  plaintext.fill(0)
  if ('malformed' in capsule) throw capsuleError([`is not well formed (${capsule.malformed})`, ABORT])
  return { ...capsule, keys }
}

function capsuleError([what, wayOut]: readonly [string, string]): SojournError {
  return new SojournError('ERR_SOJOURN_CAPSULE', `this capsule ${what}: ${wayOut}`)
}

const AGAIN = 'transfer it again from where it was frozen'
const ABORT = 'start the identity anew, from its key file, on the host it left'

const FAULTS: Readonly<Record<CapsuleFault, readonly [string, string]>> = {
  malformed: ['is truncated or damaged', AGAIN],
  'other-version': ['is of a release this one cannot read', 'thaw it with the release that froze it, or the next one'],
  'too-large': ['is larger than any this release writes', AGAIN],
  forged: ['has a grant that is not signed by the host it names', AGAIN],
  edited: ['is not the one its grant was signed for', AGAIN],
  'not-yours': ['is for another host', 'thaw it on the host that it was frozen for'],
}
