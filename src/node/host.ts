// This machine as a place where processes stay (MOVING, Words): an identity that never moves, a long-term KEM key for stored
// capsules, and one-time ones for live hand-offs. All in SOJOURN_HOME, by default ~/.sojourn (MOVING §7).

import { createPrivateKey } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { toHex } from '../base/bytes.ts'
import { signReady } from '../core/moving/ready.ts'
import type { Hit } from '../crypto/hit.ts'
import type { Identity, PublicKey, WithKeys } from '../crypto/identity.ts'
import { secretCopy, wipe } from '../crypto/secret.ts'
import { FileLedger } from '../ledger/file.ts'
import { algorithmsHere } from './accelerated/choice.ts'
import { HOST_OFFERS_MAX, OFFER_KEPT_MS } from './config.ts'
import { now } from './driver.ts'
import { systemEntropy } from './entropy.ts'
import { SojournError } from './errors.ts'
import { readOrCreateIdentity } from './key-file.ts'
import { Readiness, type ThawPlace } from './readiness.ts'
import { rehearseMove } from './rehearsal.ts'
import { generateKemKeys, KEM_ID, type KemKeys } from './seal.ts'
import { createSecret, readSecret, secretFolder } from './secret-file.ts'

/** A host as the target of stored capsules: who it is and the key to seal to. */
export interface HostKem {
  /** Whose key it is. */
  readonly host: PublicKey
  /** The number of the kind of key (RFC 9180 §7.1). */
  readonly kem: number
  /** What capsules are sealed to. */
  readonly publicKey: Uint8Array
}

/** Where a host is kept. */
export interface HostOptions {
  /** Default: SOJOURN_HOME, or ~/.sojourn. */
  readonly home?: string
}

const OFFER_ID_BYTES = 16

/** This machine's folder of keys. */
export class Host {
  /** The folder of its keys. */
  readonly home: string
  /** Who it is. */
  readonly identity: Identity
  readonly #kem: KemKeys
  readonly #offers = new Map<string, Offer>()
  readonly #ledgers = new Set<FileLedger>()

  private constructor(home: string, identity: Identity, kem: KemKeys) {
    this.home = home
    this.identity = identity
    this.#kem = kem
  }

  /** Opens the folder, and makes what is missing in it. Rejects with ERR_SOJOURN_KEY_FILE. */
  static async open(options: HostOptions = {}): Promise<Host> {
    const home = options.home ?? defaultHome()
    await secretFolder(home)
    const identity = await readOrCreateIdentity(join(home, 'host.pem'))
    const kem = await readOrCreateKem(join(home, 'kem.pem'))
    return new Host(home, identity, kem)
  }

  /** Its name. */
  get hit(): Hit {
    return this.identity.hit
  }

  /**
   * The ledger in plain files that processes of this machine share: by default the one in this host's own folder, for identities
   * of the kinds that need not be asked for.
   */
  ledger(folder: string = join(this.home, 'ledger'), algorithms?: WithKeys): FileLedger {
    const { keys } = algorithms ?? algorithmsHere()
    const ledger = new FileLedger({ folder, entropy: systemEntropy, algorithms: { keys } })
    this.#ledgers.add(ledger)
    return ledger
  }

  /** The public half of the long-term key: pass it to `freeze({ to })` for a capsule that is stored. */
  get kem(): HostKem {
    return { host: this.identity.publicKey, kem: this.#kem.kem, publicKey: this.#kem.publicKey }
  }

  /**
   * A READY for one identity: a signed offer with a key that opens one capsule (MOVING §7). Freeze within a minute; the capsule
   * may take half an hour to come. `epoch` is the one that will be frozen, if it is known; 0 if not. `place` is where it will be
   * thawed: then the port is bound, and what the ledger will keep is on its disk, before the process stands still. Rejects with
   * ERR_SOJOURN_CAPSULE while 64 capsules are awaited.
   * @example
   * const ready = await target.offer(endpoint.hit, endpoint.epoch, { ledger: host.ledger() })
   * const capsule = await endpoint.freeze({ to: ready })
   * const moved = await thaw(capsule, { host: target, ledger: host.ledger() })
   */
  async offer(hit: Hit, epoch = 0, place?: ThawPlace): Promise<Uint8Array> {
    await this.#prepare(hit)
    const keys = await generateKemKeys()
    const readiness = place && (await Readiness.make(hit, place, this))
    const offer = systemEntropy(OFFER_ID_BYTES)
    this.#expire()
    // To drop an older one would lose the process that is being sealed to it.
    if (this.#offers.size >= HOST_OFFERS_MAX) {
      readiness?.drop()
      const message = `${this.hit} awaits ${HOST_OFFERS_MAX} capsules: thaw them, or wait until their offers run out`
      throw new SojournError('ERR_SOJOURN_CAPSULE', message)
    }
    this.#offers.set(toHex(offer), { keys, until: now() + OFFER_KEPT_MS, readiness })
    return signReady({ offer, hit, epoch, kem: keys.kem, kemKey: keys.publicKey }, this.identity)
  }

  /** The key behind an offer that still holds, or for an empty offer id the long-term one. */
  keysFor(offer: Uint8Array): KemKeys | undefined {
    this.#expire()
    return offer.length === 0 ? this.#kem : this.#offers.get(toHex(offer))?.keys
  }

  /** What is ready for the capsule of an offer, if anything. */
  readyFor(offer: Uint8Array): Readiness | undefined {
    return this.#offers.get(toHex(offer))?.readiness
  }

  /** A thaw needs a port now: whoever only may need one, for a capsule that may never come, gives way. */
  async yieldPorts(): Promise<void> {
    await Promise.all([...this.#offers.values()].map(({ readiness }) => readiness?.yieldPort()))
  }

  /** Destroys a one-time key that has opened its capsule. The long-term one stays. */
  forget(keys: KemKeys): void {
    for (const [id, offer] of this.#offers) {
      if (offer.keys !== keys) continue
      this.#offers.delete(id)
      wipe(keys.secret)
      offer.readiness?.drop()
    }
  }

  // PREPARE: what is done now need not be waited for once the process is frozen.
  async #prepare(hit: Hit): Promise<void> {
    await Promise.allSettled([rehearseMove(), ...[...this.#ledgers].map((ledger) => ledger.read(hit))])
  }

  #expire(): void {
    const time = now()
    for (const offer of this.#offers.values()) if (offer.until <= time) this.forget(offer.keys)
  }
}

interface Offer {
  readonly keys: KemKeys
  readonly until: number
  readonly readiness: Readiness | undefined
}

/** SOJOURN_HOME, or ~/.sojourn. */
export function defaultHome(): string {
  const set = process.env.SOJOURN_HOME
  return set === undefined || set === '' ? join(homedir(), '.sojourn') : set
}

// The KEM key as PKCS #8 PEM of a P-256 key, which other tools can read too.
async function readOrCreateKem(path: string): Promise<KemKeys> {
  const found = await readSecret(path)
  if (found !== undefined) return kemFrom(found, path)
  const keys = await generateKemKeys()
  if (await createSecret(path, kemPem(keys))) return keys
  return kemFrom((await readSecret(path)) ?? '', path)
}

function kemPem({ publicKey, secret }: KemKeys): string {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
  const [x, y] = [text(publicKey.subarray(1, 33)), text(publicKey.subarray(33))]
  const key = createPrivateKey({ key: { kty: 'EC', crv: 'P-256', x, y, d: text(secret) }, format: 'jwk' })
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function kemFrom(pem: string, path: string): KemKeys {
  try {
    const { crv, x = '', y = '', d = '' } = createPrivateKey(pem).export({ format: 'jwk' })
    const bytes = [x, y, d].map((text) => Buffer.from(text, 'base64url'))
    const [xBytes, yBytes, secret] = bytes
    if (crv === 'P-256' && xBytes?.length === 32 && yBytes?.length === 32 && secret?.length === 32) {
      return { kem: KEM_ID, publicKey: Uint8Array.of(4, ...xBytes, ...yBytes), secret: secretCopy(secret) }
    }
  } catch {
    // Told below; the cause could quote the key.
  }
  const message = `KEM key file ${path} holds no P-256 key: restore it, or remove it and lose the capsules stored for it`
  throw new SojournError('ERR_SOJOURN_KEY_FILE', message)
}
