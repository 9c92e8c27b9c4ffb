// The single door (MOVING §1, §4): every start of a saved or frozen identity reads its record, claims the next epoch and
// activates it with an instance key drawn at that very moment. A pure machine of plain data: a state and an input give a
// state and what to do. Whoever drives it asks the ledger; a lost reply is asked for again with the same nonce.

import { equalBytes } from '../../base/bytes.ts'
import type { Entropy } from '../../crypto/entropy.ts'
import { type Hit, hitBytes } from '../../crypto/hit.ts'
import { type Identity, type PublicKey, samePublicKey, type WithKeys } from '../../crypto/identity.ts'
import { encodeClaim, signedInput } from '../../wire/object.ts'
import { type Activating, type DrawnStart, drawActivation, NONCE_BYTES } from './drawn-start.ts'
import { EPOCH_MAX } from './fields.ts'
import { type ReceiptFault, signObject, verifyReceipt } from './receipt.ts'
import type { ActivateReply, ClaimReply, ClaimRequest, LedgerRecord, StartReply } from './record.ts'

/** What is to be started. Plain data. */
export interface StartPlan {
  readonly hit: Hit
  /** The epoch a capsule or frozen state comes from, to resume its associations; undefined resumes nothing. */
  readonly base: number | undefined
  /** The grant that came with the capsule. */
  readonly grant: Uint8Array | undefined
  /** The highest epoch ever seen in receipts; 0 if none. */
  readonly seen: number
  /** The ledger this identity is pinned to, if it is. */
  readonly ledger: PublicKey | undefined
  /** Start although an earlier start on this host seems alive: the user's word, or an abort by claim in the same process. */
  readonly takeOver: boolean
  /** The ledger takes claim and activation as one change. */
  readonly together: boolean
  /** Drawn before there was a capsule; used if the epoch turns out to be its own, and for one start only. */
  readonly drawn?: DrawnStart | undefined
}

/** What a start needs and its state must not hold: who signs, and randomness from the operating system (MOVING §3). */
export interface StartKeys {
  readonly host: Identity
  readonly identity: Identity
  readonly entropy: Entropy
  /** What makes the instance key; the standard ones if it is not said. */
  readonly algorithms?: WithKeys
}

/** Why a start did not happen. */
export type StartRefusal =
  | 'used' // the capsule's epoch has been started from already
  | 'older' // a later capsule or start exists
  | 'unknown' // this ledger never activated the capsule's epoch: another ledger, or one rolled back
  | 'not-yours' // the grant names another host or epoch
  | 'not-holder' // the identity is held by another host, and no grant was shown
  | 'alive' // an earlier start on this host is still running
  | 'lost' // other hosts won every time
  | 'unavailable' // the ledger did not answer in time
  | 'exhausted' // epochs have run out
  | 'other-key' // the record is of another key with the same HIT
  | 'bad-receipt' // the ledger's receipt is not by the pinned ledger, or not for this start
  | 'invalid' // the ledger found our request malformed or forged

/** A start that may seal packets. `secret` is the instance key's, 32 bytes, for this run's memory alone. */
export interface Started {
  readonly epoch: number
  readonly incarnation: Uint8Array
  readonly secret: Uint8Array
  readonly receipt: Uint8Array
  readonly ledger: PublicKey
  /** The epoch whose associations may be resumed; undefined: none (MOVING §4). */
  readonly base: number | undefined
}

export type StartPhase =
  | { readonly name: 'reading' }
  | { readonly name: 'claiming'; readonly epoch: number; readonly request: ClaimRequest }
  | ({ readonly name: 'activating' } & Activating)
  /** Claim and activation in one question. `foreseen`: what it will come to if the ledger can keep what it has decided. */
  | ({ readonly name: 'starting'; readonly claim: ClaimRequest; readonly foreseen?: Started } & Activating)
  | { readonly name: 'started'; readonly started: Started }
  | { readonly name: 'refused'; readonly why: StartRefusal }

/** Plain data: `structuredClone` of it is the machine cloned, as a copied process would be. Times are ms. */
export interface StartState {
  readonly plan: StartPlan
  readonly phase: StartPhase
  /** Numbers of the first and the last question asked in this phase; replies to earlier ones are ignored. */
  readonly firstAsk: number
  readonly lastAsk: number
  /** True while a question is out; false while we pause before the next. */
  readonly asking: boolean
  /** Call `stepStart` with `wake` at this time; Infinity when it is over. */
  readonly wakeAt: number
  readonly giveUpAt: number
  /** A question of this phase got no answer at all: it may have been carried out. */
  readonly unheard: boolean
  /** Unanswered questions in a row, and races lost. */
  readonly failures: number
  readonly races: number
}

export type StartInput =
  | { readonly type: 'read'; readonly ask: number; readonly record: LedgerRecord | undefined }
  | { readonly type: 'claimed'; readonly ask: number; readonly reply: ClaimReply }
  | { readonly type: 'activated'; readonly ask: number; readonly reply: ActivateReply }
  | { readonly type: 'answered'; readonly ask: number; readonly reply: StartReply }
  /** The ledger has decided on a `start`, and is still making it durable. */
  | { readonly type: 'foreseen'; readonly ask: number; readonly receipt: Uint8Array }
  /** The ledger could not be asked, or its reply is known to be lost. */
  | { readonly type: 'failed'; readonly ask: number }
  | { readonly type: 'wake' }

export type StartOutput =
  | { readonly type: 'read'; readonly ask: number; readonly hit: Hit }
  | { readonly type: 'claim'; readonly ask: number; readonly request: ClaimRequest }
  | { readonly type: 'activate'; readonly ask: number; readonly request: Uint8Array }
  | { readonly type: 'start'; readonly ask: number; readonly claim: ClaimRequest; readonly activate: Uint8Array }
  /** What `started` will say if all goes well: to prepare with, and to do nothing yet that others could see. */
  | { readonly type: 'foreseen'; readonly started: Started }
  | { readonly type: 'started'; readonly started: Started }
  | { readonly type: 'refused'; readonly why: StartRefusal; readonly detail: string }

export interface StartStep {
  readonly state: StartState
  readonly outputs: readonly StartOutput[]
}

/** How long one answer is waited for, and how long the ledger as a whole (see `patient`). */
const ANSWER_MS = 2_000
const PATIENCE_MS = 15_000
/** Pauses double from the first to the second, and each is drawn at random up to that length. */
const PAUSE_MS_MIN = 20
const PAUSE_MS_MAX = 1_000
const RACES_MAX = 12

/** Begins a start: the first step asks for the record. */
export function beginStart(plan: StartPlan, now: number, patienceMs: number = PATIENCE_MS): StartStep {
  const state: StartState = {
    plan,
    phase: { name: 'reading' },
    firstAsk: 1,
    lastAsk: 0,
    asking: false,
    wakeAt: now,
    giveUpAt: now + patienceMs,
    unheard: false,
    failures: 0,
    races: 0,
  }
  return ask(state, now)
}

/** Takes one input. Late, repeated and unexpected replies change nothing. Changes neither its input nor its state. */
export function stepStart(state: StartState, input: StartInput, now: number, keys: StartKeys): StartStep {
  if (state.phase.name === 'started' || state.phase.name === 'refused') return still(state)
  if (input.type === 'wake') return now < state.wakeAt ? still(state) : wake(state, now, keys)
  if (input.ask < state.firstAsk || input.ask > state.lastAsk) return still(state)
  switch (input.type) {
    case 'failed':
      return state.asking && input.ask === state.lastAsk ? unanswered(state, now, keys) : still(state)
    case 'read':
      return state.phase.name === 'reading' ? judged(state, input.record, now, keys) : still(state)
    case 'claimed':
      return state.phase.name === 'claiming' ? claimed(state, state.phase.epoch, input.reply, now, keys) : still(state)
    case 'activated':
      return state.phase.name === 'activating' ? activated(state, state.phase, input.reply, now, keys) : still(state)
    case 'answered':
      return state.phase.name === 'starting' ? answered(state, state.phase, input.reply, now, keys) : still(state)
    case 'foreseen':
      return state.phase.name === 'starting' ? foreseen(state, state.phase, input.receipt, keys) : still(state)
  }
}

/** What the record says about a plan: undefined if it may be claimed by `host`. */
export function judge(plan: StartPlan, record: LedgerRecord | undefined, keys: StartKeys): StartRefusal | undefined {
  if (record !== undefined && !samePublicKey(record.key, keys.identity.publicKey)) return 'other-key'
  const current = record?.activated
  if (plan.base === undefined) {
    return current === undefined || isHost(current.host, keys) ? undefined : 'not-holder'
  }
  if (current === undefined || current.epoch < plan.base) return 'unknown'
  if (current.epoch > plan.base) {
    if (current.previous === plan.base) return 'used'
    return current.previous > plan.base ? 'older' : 'unknown'
  }
  return plan.grant !== undefined || isHost(current.host, keys) ? undefined : 'not-yours'
}

function judged(state: StartState, record: LedgerRecord | undefined, now: number, keys: StartKeys): StartStep {
  const { plan } = state
  const why = judge(plan, record, keys)
  if (why !== undefined) return refuse(state, why)
  const epoch = Math.max(record?.epoch ?? 0, plan.base ?? 0, plan.seen) + 1
  if (epoch > EPOCH_MAX) return refuse(state, 'exhausted')
  const drawn = plan.drawn?.epoch === epoch ? plan.drawn : undefined
  const payload = encodeClaim({
    host: keys.host.publicKey,
    hit: hitBytes(plan.hit),
    epoch,
    grant: plan.grant,
    incarnation: undefined,
    nonce: drawn?.nonce ?? keys.entropy(NONCE_BYTES),
  })
  const { identity } = keys
  const request: ClaimRequest = {
    claim: signObject('claim', payload, keys.host),
    identity:
      record?.activated === undefined
        ? { key: identity.publicKey, signature: identity.sign(signedInput('claim', payload)) }
        : undefined,
    takeOver: plan.takeOver,
  }
  if (!plan.together) return enter(state, { name: 'claiming', epoch, request }, now)
  return enter(state, { name: 'starting', claim: request, ...(drawn ?? drawActivation(plan.hit, epoch, keys)) }, now)
}

/** Whoever claims an epoch that is still free comes after everything that was in the record: no need to read it again. */
function answered(
  state: StartState,
  phase: Extract<StartPhase, { name: 'starting' }>,
  { step, reply }: StartReply,
  now: number,
  keys: StartKeys,
): StartStep {
  return step === 'claim' ? claimed(state, phase.epoch, reply, now, keys) : activated(state, phase, reply, now, keys)
}

function claimed(state: StartState, epoch: number, reply: ClaimReply, now: number, keys: StartKeys): StartStep {
  const { record } = reply
  if (reply.refused === undefined) return won(state, epoch, reply.record, now, keys)
  switch (reply.refused) {
    case 'stale':
      return raced(state, now, keys)
    case 'unsigned':
      // The record we read had been activated and this one has not: another ledger, or one rolled back.
      return refuse(state, 'unknown')
    case 'not-holder':
    case 'wrong-grant':
      // Either the record moved since we read it, or it never was ours.
      return refuse(state, judge(state.plan, record, keys) ?? (state.plan.grant ? 'not-yours' : 'not-holder'))
    case 'alive':
      return refuse(state, 'alive', reply.detail)
    case 'other-key':
      return refuse(state, 'other-key')
    case 'epoch-limit':
      return refuse(state, 'exhausted')
    case 'malformed':
    case 'forged':
      return refuse(state, 'invalid', reply.refused)
  }
}

/** The claim stands. Only a record whose last activated epoch is still the base may be resumed from: read it again here. */
function won(state: StartState, epoch: number, record: LedgerRecord, now: number, keys: StartKeys): StartStep {
  if (record.epoch !== epoch || !isHost(record.holder, keys)) return raced(state, now, keys)
  if (record.activated?.epoch === epoch) return refuse(state, 'used')
  const why = judge(state.plan, record, keys)
  if (why !== undefined) return refuse(state, why)
  return enter(state, { name: 'activating', ...drawActivation(state.plan.hit, epoch, keys) }, now)
}

function activated(
  state: StartState,
  phase: Activating,
  reply: ActivateReply,
  now: number,
  keys: StartKeys,
): StartStep {
  if (reply.refused === 'lost') return raced(state, now, keys)
  if (reply.refused === 'used') return refuse(state, 'used')
  if (reply.refused === 'unknown') return refuse(state, 'unknown')
  if (reply.refused !== undefined) return refuse(state, 'invalid', reply.refused)
  const started = startedBy(state.plan, phase, reply.receipt, keys)
  if (typeof started === 'string') return refuse(state, 'bad-receipt', started)
  const next = over(state, { name: 'started', started })
  return { state: next, outputs: [{ type: 'started', started }] }
}

/** Says what will be; nothing has started before the answer. A receipt that is no good is refused when it is the answer. */
function foreseen(
  state: StartState,
  phase: Extract<StartPhase, { name: 'starting' }>,
  receipt: Uint8Array,
  keys: StartKeys,
): StartStep {
  const started = startedBy(state.plan, phase, receipt, keys)
  if (typeof started === 'string') return still(state)
  return { state: { ...state, phase: { ...phase, foreseen: started } }, outputs: [{ type: 'foreseen', started }] }
}

/** The start that a receipt makes, or what is wrong with the receipt. */
function startedBy(
  { hit, base, ledger: pinned }: StartPlan,
  phase: Activating & { readonly foreseen?: Started },
  bytes: Uint8Array,
  { host }: StartKeys,
): Started | ReceiptFault | 'other-host' {
  if (phase.foreseen !== undefined && equalBytes(phase.foreseen.receipt, bytes)) return phase.foreseen
  const { epoch, incarnation, secret } = phase
  const receipt = verifyReceipt(bytes, { hit, start: { epoch, incarnation }, pinned })
  if (typeof receipt === 'string') return receipt
  if (!equalBytes(receipt.host, hitBytes(host.hit))) return 'other-host'
  return { epoch, incarnation, secret, receipt: bytes, ledger: receipt.ledgerKey, base }
}

/** Somebody else claimed: pause for a random time, so that contenders do not keep step, and read again. */
function raced(state: StartState, now: number, keys: StartKeys): StartStep {
  const races = state.races + 1
  if (races > RACES_MAX) return refuse(state, 'lost')
  const next = { ...state, phase: { name: 'reading' as const }, firstAsk: state.lastAsk + 1, races, failures: 0 }
  return still(pause(next, races, now, keys.entropy))
}

/** No answer: pause and ask the same again, byte for byte. */
function unanswered(state: StartState, now: number, keys: StartKeys): StartStep {
  const failures = state.failures + 1
  return still(pause({ ...state, failures }, failures, now, keys.entropy))
}

function wake(before: StartState, now: number, keys: StartKeys): StartStep {
  const state = before.asking ? { ...before, unheard: true } : before
  if (now >= state.giveUpAt && !patient(state)) return refuse(state, 'unavailable')
  return state.asking ? unanswered(state, now, keys) : ask(state, now)
}

/**
 * An activation may stand although its answer was lost. Whoever gave up then would drop the one instance key that it is for, and
 * the frozen state with it: its epoch is used, by nobody. A start that resumes nothing loses nothing and may claim again, and
 * so may one whose ledger has said every time that it did nothing.
 */
function patient({ phase, plan, unheard }: StartState): boolean {
  if (plan.base === undefined) return false
  return phase.name === 'activating' || (phase.name === 'starting' && unheard)
}

function enter(state: StartState, phase: StartPhase, now: number): StartStep {
  return ask({ ...state, phase, firstAsk: state.lastAsk + 1, unheard: false, failures: 0 }, now)
}

function ask(state: StartState, now: number): StartStep {
  const number = state.lastAsk + 1
  const lasting = patient({ ...state, unheard: true })
  const wakeAt = lasting ? now + ANSWER_MS : Math.min(now + ANSWER_MS, Math.max(now, state.giveUpAt))
  return { state: { ...state, lastAsk: number, asking: true, wakeAt }, outputs: question(state, number) }
}

function question(state: StartState, number: number): readonly StartOutput[] {
  const { phase, plan } = state
  if (phase.name === 'reading') return [{ type: 'read', ask: number, hit: plan.hit }]
  if (phase.name === 'claiming') return [{ type: 'claim', ask: number, request: phase.request }]
  if (phase.name === 'activating') return [{ type: 'activate', ask: number, request: phase.request }]
  if (phase.name === 'starting') {
    return [{ type: 'start', ask: number, claim: phase.claim, activate: phase.request }]
  }
  return []
}

function pause(state: StartState, times: number, now: number, entropy: Entropy): StartState {
  const longest = Math.min(PAUSE_MS_MIN * 2 ** times, PAUSE_MS_MAX)
  const [high = 0, low = 0] = entropy(2)
  const share = (high * 256 + low) / 0x1_0000
  return { ...state, asking: false, wakeAt: now + PAUSE_MS_MIN / 2 + share * longest }
}

function refuse(state: StartState, why: StartRefusal, detail: string = why): StartStep {
  return { state: over(state, { name: 'refused', why }), outputs: [{ type: 'refused', why, detail }] }
}

function over(state: StartState, phase: StartPhase): StartState {
  return { ...state, phase, asking: false, wakeAt: Number.POSITIVE_INFINITY }
}

function still(state: StartState): StartStep {
  return { state, outputs: [] }
}

function isHost(key: PublicKey, keys: StartKeys): boolean {
  return samePublicKey(key, keys.host.publicKey)
}
