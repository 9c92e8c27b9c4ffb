// The ledger in plain files (MOVING §1, §10): a folder an identity, a file a version, never rewritten. Version n + 1 is made
// in one step that fails if it is there, so of two claims at once one loses, reads again and decides again. It arbitrates
// between the processes of one machine and no further, and its key protects it from other machines, not from its own user.

import { join } from 'node:path'
import { equalBytes, toHex } from '../base/bytes.ts'
import {
  applyActivate,
  applyClaim,
  applyStart,
  type ClaimRefusal,
  foretellStart,
  peekClaim,
} from '../core/moving/record.ts'
import { admitWhereabouts, verifyWhereabouts, whereaboutsHit } from '../core/moving/whereabouts.ts'
import type { Entropy } from '../crypto/entropy.ts'
import { type Hit, hitBytes } from '../crypto/hit.ts'
import type { Identity, PublicKey, WithKeys } from '../crypto/identity.ts'
import type { KeyAlgorithms } from '../crypto/key-algorithm.ts'
import { KEY_ALGORITHMS } from '../crypto/public-key.ts'
import { Chain } from './chain.ts'
import { CHAINS_MAX, RACES_MAX } from './config.ts'
import { Folder } from './folder.ts'
import {
  type ActivateReply,
  type ClaimReply,
  type ClaimRequest,
  type Ledger,
  LedgerError,
  type LedgerRecord,
  type StartReply,
} from './interface.ts'
import { LedgerKey } from './key-file.ts'
import { isRunning, type Runner, thisRunner } from './runner.ts'
import type { VersionFile } from './version-file.ts'

export interface FileLedgerOptions {
  /** The ledger's folder, such as ~/.sojourn/ledger. Made if it is not there. */
  readonly folder: string
  /** Random bytes from the operating system. */
  readonly entropy: Entropy
  /** Wall clock in ms, for receipts; the system's if not given. */
  readonly now?: () => number
  /** The kinds of key that identities may have; by default Ed25519 and ECDSA P-256. */
  readonly algorithms?: WithKeys | undefined
}

const WHEREABOUTS = /^whereabouts-[0-9a-f]{8}-[0-9a-f]{16}$/
const ENDED = /^ended-[0-9a-f]{8}$/

/** A ledger for the processes of one machine. Opens no file before it is asked something. */
export class FileLedger implements Ledger {
  readonly #root: Folder
  readonly #now: () => number
  readonly #keys: KeyAlgorithms
  readonly #key: LedgerKey
  readonly #chains = new Map<Hit, Chain>()
  /** Starts that are prepared, by identity. */
  readonly #prepared = new Map<Hit, PreparedStart>()
  #runner: Promise<Runner> | undefined

  constructor(options: FileLedgerOptions) {
    this.#root = new Folder(options.folder, options.entropy, () => this.#self())
    this.#now = options.now ?? Date.now
    this.#keys = options.algorithms?.keys ?? KEY_ALGORITHMS
    this.#key = new LedgerKey(this.#root, options.entropy)
  }

  async key(): Promise<PublicKey> {
    return (await this.#key.identity()).publicKey
  }

  async read(hit: Hit): Promise<LedgerRecord | undefined> {
    return (await this.#chain(hit).newest())?.record
  }

  /** As the interface says. */
  async claim(request: ClaimRequest): Promise<ClaimReply> {
    await this.key()
    const about = peekClaim(request.claim)
    if (about === undefined) return { refused: 'malformed', record: undefined }
    return this.#race(about.hit, 'later', async (newest) => {
      const reply = applyClaim(newest?.record, request, [], this.#keys)
      if (reply.refused !== undefined || reply.record === newest?.record) return { reply }
      const alive = await this.#stillAlive(newest, about.granted, request)
      return alive === undefined ? { reply, next: { record: reply.record, runner: newest?.runner } } : { reply: alive }
    })
  }

  async activate(request: Uint8Array): Promise<ActivateReply> {
    const identity: Identity = await this.#key.identity()
    const about = peekClaim(request)
    if (about === undefined) return { refused: 'malformed', record: undefined }
    const runner = await this.#self()
    return this.#race(about.hit, 'now', async (newest) => {
      const reply = applyActivate(newest?.record, request, identity, this.#now())
      if (reply.refused !== undefined || reply.record === newest?.record) return { reply }
      return { reply, next: { record: reply.record, runner } }
    })
  }

  async start(
    request: ClaimRequest,
    activate: Uint8Array,
    foreseen?: (receipt: Uint8Array) => void,
  ): Promise<StartReply> {
    const identity: Identity = await this.#key.identity()
    const about = peekClaim(request.claim)
    if (about === undefined) return { step: 'claim', reply: { refused: 'malformed', record: undefined } }
    const runner = await this.#self()
    const prepared = this.#preparedFor(about.hit, activate)
    let tried = false
    return this.#race<StartReply>(about.hit, 'now', async (newest) => {
      // Deciding again: the name was taken, and not by us.
      if (prepared !== undefined && tried) prepared.asked = false
      const timeMs = prepared?.timeMs ?? this.#now()
      const answer = applyStart(newest?.record, request, activate, identity, timeMs, this.#keys)
      const { refused, record } = answer.reply
      if (refused !== undefined) return { reply: answer }
      if (record === newest?.record)
        return { reply: prepared?.asked === false ? { step: 'activate', reply: { refused: 'used', record } } : answer }
      const alive = await this.#stillAlive(newest, about.granted, request)
      if (alive !== undefined) return { reply: { step: 'claim', reply: alive } }
      tried = true
      if (prepared !== undefined) prepared.asked = true
      const { receipt } = answer.reply
      return { reply: answer, next: { record, runner }, meanwhile: () => foreseen?.(receipt) }
    })
  }

  async prepare(nonce: Uint8Array, activate: Uint8Array): Promise<(() => void) | undefined> {
    const identity: Identity = await this.#key.identity()
    const about = peekClaim(activate)
    const chain = about && this.#chain(about.hit)
    const newest = await chain?.newest()
    if (about === undefined || chain === undefined || newest === undefined) return undefined
    const timeMs = this.#now()
    const record = foretellStart(newest.record, nonce, activate, identity, timeMs)
    if (record === undefined) return undefined
    const remove = await chain.prepare({ record, runner: await this.#self() })
    const prepared = { activate, timeMs, asked: false }
    this.#prepared.set(about.hit, prepared)
    return () => {
      remove()
      if (this.#prepared.get(about.hit) === prepared) this.#prepared.delete(about.hit)
    }
  }

  #preparedFor(hit: Hit, activate: Uint8Array): PreparedStart | undefined {
    const prepared = this.#prepared.get(hit)
    return prepared !== undefined && equalBytes(prepared.activate, activate) ? prepared : undefined
  }

  async publish(whereabouts: Uint8Array): Promise<void> {
    const hit = whereaboutsHit(whereabouts)
    if (hit === undefined) return
    const { folder } = this.#chain(hit)
    const said = admitWhereabouts(whereabouts, await this.read(hit), await this.key(), this.#keys)
    if (said === undefined) return
    const name = `whereabouts-${hex(said.start.epoch, 8)}-${hex(said.version, 16)}`
    const kept = newestOf(folder.names(), WHEREABOUTS)
    if (kept !== undefined && kept >= name) return
    await folder.create(name, whereabouts)
    for (const other of folder.names()) if (WHEREABOUTS.test(other) && other < name) folder.remove(other)
  }

  async find(hit: Hit): Promise<Uint8Array | undefined> {
    const { folder } = this.#chain(hit)
    for (let tries = 0; tries < RACES_MAX; tries++) {
      const name = newestOf(folder.names(), WHEREABOUTS)
      if (name === undefined) return undefined
      const bytes = folder.read(name)
      if (bytes === undefined) continue // swept, because newer ones are there
      const said = verifyWhereabouts(bytes, { hit, pinned: await this.key(), keys: this.#keys })
      if (typeof said !== 'string') return bytes
      const wayOut = 'remove the file: the identity publishes again when it moves or starts'
      throw new LedgerError('damaged', `whereabouts ${join(folder.path, name)} are damaged (${said}): ${wayOut}`)
    }
    throw this.#busy(folder)
  }

  async release(hit: Hit, epoch: number): Promise<void> {
    const chain = this.#chain(hit)
    const newest = await chain.newest()
    const self = await this.#self()
    if (newest?.record.activated?.epoch !== epoch || newest.runner === undefined) return
    if (newest.runner.pid !== self.pid || newest.runner.started !== self.started) return
    const name = `ended-${hex(epoch, 8)}`
    await chain.folder.create(name, new Uint8Array(0))
    for (const other of chain.folder.names()) if (ENDED.test(other) && other < name) chain.folder.remove(other)
  }

  /**
   * Decides on the newest version and makes the next one of it; loses a race by deciding again on what won. The name of a claim
   * is made durable by the activation that builds on it: power that fails in between takes the claimant with it, because
   * this ledger arbitrates one machine, and a claim alone has moved nothing.
   */
  async #race<R>(
    hit: Hit,
    named: 'now' | 'later',
    decide: (newest: VersionFile | undefined) => Promise<Decision<R>>,
  ): Promise<R> {
    const chain = this.#chain(hit)
    for (let tries = 0; tries < RACES_MAX; tries++) {
      const newest = await chain.newest()
      const { reply, next, meanwhile } = await decide(newest)
      if (next === undefined) {
        // An answer that is repeated must be as durable as when it was given first.
        if (newest !== undefined && named === 'now') await chain.folder.sync()
        return reply
      }
      if (await chain.append(next, named, meanwhile)) return reply
    }
    throw this.#busy(chain.folder)
  }

  /** Why a claim without a grant has to wait: the start activated last still runs, and nobody said to take over. */
  async #stillAlive(
    newest: VersionFile | undefined,
    granted: boolean,
    { takeOver = false }: ClaimRequest,
  ): Promise<Extract<ClaimReply, { readonly refused: ClaimRefusal }> | undefined> {
    const pid = newest === undefined || granted || takeOver ? undefined : await this.#alive(newest)
    if (pid === undefined) return undefined
    return { refused: 'alive', record: newest?.record, detail: `process ${pid} runs it` }
  }

  /** The process that runs the start activated last, if it still does. */
  async #alive({ record, runner }: VersionFile): Promise<number | undefined> {
    if (record.activated === undefined || runner === undefined) return undefined
    if (this.#chain(record.hit).folder.has(`ended-${hex(record.activated.epoch, 8)}`)) return undefined
    return (await isRunning(runner)) ? runner.pid : undefined
  }

  #chain(hit: Hit): Chain {
    const known = this.#chains.get(hit)
    if (known !== undefined) return known
    const chain = new Chain(this.#root.below(toHex(hitBytes(hit))), hit, this.#keys)
    const [oldest] = this.#chains.keys()
    if (oldest !== undefined && this.#chains.size >= CHAINS_MAX) this.#chains.delete(oldest)
    this.#chains.set(hit, chain)
    return chain
  }

  #self(): Promise<Runner> {
    this.#runner ??= thisRunner()
    return this.#runner
  }

  #busy(folder: Folder): LedgerError {
    return new LedgerError(
      'unavailable',
      `the ledger in ${folder.path} is too busy: stop what else starts this identity`,
    )
  }
}

/**
 * A start that has been drawn and not asked for. It can lie about for a minute, in the memory of a process that somebody copies: so an
 * answer is repeated only to who may have had it before.
 */
interface PreparedStart {
  readonly activate: Uint8Array
  /** When the receipt was written. */
  readonly timeMs: number
  /** A version with it may have been named by this ledger, and by no copy. */
  asked: boolean
}

interface Decision<R> {
  readonly reply: R
  /** What is to be stored; undefined if nothing changes. */
  readonly next?: VersionFile
  /** Called while it is being made durable. */
  readonly meanwhile?: () => void
}

/** Names of one kind have one length, so their order is that of their numbers. */
function newestOf(names: readonly string[], kind: RegExp): string | undefined {
  let newest: string | undefined
  for (const name of names) if (kind.test(name) && (newest === undefined || name > newest)) newest = name
  return newest
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0')
}
