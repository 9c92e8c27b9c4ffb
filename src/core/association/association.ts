// One association: this identity and one peer (RFC 7401 §4.4). The class holds what every part needs and the outer state, which
// turns as states.ts allows; the parts are beside it: opening (base exchange), control (UPDATE and NOTIFY in), ratchet (rekey),
// ../moving/rebind (MOVING §5, §6), reach (address checks, silence, parking), data (ESP) and closing.

import type { Locator, Route } from '../../base/address.ts'
import { assert } from '../../base/assert.ts'
import { Deadlines } from '../../base/deadlines.ts'
import { Queue } from '../../base/queue.ts'
import { forgetResumption } from '../../crypto/forget.ts'
import { type Hit, hitBytes } from '../../crypto/hit.ts'
import { sumOfPair } from '../../wire/checksum.ts'
import type { EndReason } from '../machine.ts'
import { repeatOffer } from '../moving/offer.ts'
import { expireClosing, expireIdle } from './closing.ts'
import type { Context } from './context.ts'
import { Credit } from './credit.ts'
import { countEarly, rekeyIfDue } from './data.ts'
import { expireFailover, tendPaths } from './failover.ts'
import type { Learned } from './live-floor.ts'
import { dropOpening, expireOpening, type Opening } from './opening.ts'
import { Paths, type Tuple } from './paths.ts'
import { repeatPlainRekey } from './plain.ts'
import { repeatAnswer, repeatReliable } from './ratchet.ts'
import { expireKeepalive, expirePark, expireSilence, probeParked, repeatChecks, resumeTimers } from './reach.ts'
import { Rtt } from './rtt.ts'
import { closeInbound, forgetSession, heldSecrets, type Secrets, type Session, spokenSecrets } from './session.ts'
import { type Action, actionOf, type Input, leads, type StateName } from './states.ts'
import { expireStreams, loseStreams, type Streaming } from './streaming.ts'
import type { Envelope } from './update.ts'

/**
 * RFC 7401 §4.4.2, with the data of each state inside it; `nameOf` is what the RFC calls it. `opening` is I1-SENT or I2-SENT, by
 * how far the exchange is. `parked` is ours (MOVING §6): alive, but out of reach.
 */
export type State =
  | { readonly name: 'unassociated' }
  | { readonly name: 'opening'; readonly opening: Opening }
  | { readonly name: 'r2-sent'; readonly session: Session }
  | { readonly name: 'established'; readonly session: Session }
  | { readonly name: 'parked'; readonly session: Session }
  | {
      readonly name: 'closing'
      readonly session: Session
      readonly close: Uint8Array
      readonly nonce: Uint8Array
      readonly startedAt: number
      /** Why it is closed, in the owner's words. */
      readonly detail: string
      tries: number
    }
  | { readonly name: 'closed'; readonly closeAck: Uint8Array }
  | { readonly name: 'e-failed' }

const NAMES: Readonly<Record<Exclude<State['name'], 'opening'>, StateName>> = {
  unassociated: 'UNASSOCIATED',
  'r2-sent': 'R2-SENT',
  established: 'ESTABLISHED',
  parked: 'PARKED',
  closing: 'CLOSING',
  closed: 'CLOSED',
  'e-failed': 'E-FAILED',
}

/** What RFC 7401 §4.4.2 calls a state. An Initiator that solves a puzzle has not sent its I2 yet. */
export function nameOf(state: State): StateName {
  if (state.name !== 'opening') return NAMES[state.name]
  return state.opening.name === 'I2-SENT' ? 'I2-SENT' : 'I1-SENT'
}

export type Timer =
  | 'open'
  | 'offer'
  | 'answer'
  | 'plain-rekey'
  | 'reliable'
  | 'check'
  | 'silence'
  | 'failover'
  | 'tend'
  | 'keepalive'
  | 'old-sas'
  | 'early'
  | 'park'
  | 'park-probe'
  | 'rekey'
  | 'streams'
  | 'close'
  | 'idle'

/** How an association is when it is over. */
type Over = Extract<State, { readonly name: 'unassociated' | 'closed' | 'e-failed' }>

/** What waits to be sealed. Bytes are ours: the caller may reuse its buffer. */
export type Unsent =
  | {
      readonly kind: 'datagram'
      readonly sourcePort: number
      readonly port: number
      readonly bytes: Uint8Array
      /** The packet that `bytes` already stand in, at their place: it only has to be sealed. */
      readonly packet?: Uint8Array | undefined
    }
  | {
      readonly kind: 'echo'
      readonly reply: boolean
      readonly identifier: number
      readonly sequence: number
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'dummy' }

/** An UPDATE that is repeated until it is acknowledged. */
export interface Reliable {
  readonly purpose: 'confirm' | 'readdress'
  readonly bytes: Uint8Array
  readonly updateId: number
  tries: number
  sentAt: number
}

export class Association {
  readonly context: Context
  readonly peer: Hit
  readonly peerBytes: Uint8Array
  readonly paths: Paths
  readonly credit: Credit
  readonly rtt: Rtt
  readonly timers: Deadlines<Timer> = new Deadlines()
  readonly unsent: Queue<Unsent>
  unsentBytes = 0
  /** The application was told that the queue is full and waits for room. */
  full = false
  streaming: Streaming | undefined
  /** Whose turn it is to leave: datagrams and packets of streams take turns. */
  streamsNext = false
  /** Sum over both HITs, for the checksums of inner datagrams. */
  readonly pair: number
  state: State = { name: 'unassociated' }
  #input: Input | undefined
  /** What that does in a state of this name. */
  #judged: StateName | undefined
  #action: Action | undefined
  /** How many base exchanges this association has needed. */
  baseExchanges = 0
  readonly reliable: Map<Reliable['purpose'], Reliable> = new Map()
  /** Packets under keys that we are about to have (MOVING §5). */
  early: { readonly bytes: Uint8Array; readonly source: Route; readonly at: number }[] = []
  interimSent = 0
  interimBytes = 0
  /** The nonce of our last P2 and the tuples it went to; it outlives the ratchet, because data may overtake P3. */
  answerEcho:
    | { readonly nonce: Uint8Array; readonly keys: Set<string>; readonly sentAt: number; sends: number }
    | undefined
  /** When the application last said or heard something. */
  usedAt: number
  lastHeardAt: number
  /** ESP alone: from what else comes from a new place the peer does not learn that our address was rebound. */
  lastSentAt: number
  /** When we first sent something that the peer has not followed by anything. */
  unansweredSince: number | undefined
  /** When the peer first sent something that we have not followed by anything. */
  owedSince: number | undefined
  silenceTries = 0
  /** See `held`. */
  replaces: Uint8Array | undefined
  lastNotifiedAt: number = -Infinity
  /** The last address check or probe sent, which a refusal may name. */
  probe: Uint8Array | undefined
  parkProbeMs = 0
  parkTurn = 0
  readdressWanted = false
  /** The peer has our locators. */
  announced = false
  tried: Locator[] = []
  /** What the user should be told if the base exchange comes to nothing. */
  fault: { readonly reason: EndReason; readonly detail: string } | undefined
  /** The newest whereabouts of the peer that we have been shown. */
  learned: Learned | undefined

  constructor(context: Context, peer: Hit, now: number) {
    this.context = context
    this.peer = peer
    this.peerBytes = hitBytes(peer)
    this.pair = sumOfPair(context.hitBytes, this.peerBytes)
    this.paths = new Paths(context.config, context)
    this.credit = new Credit(context.config, now)
    this.rtt = new Rtt(context.config)
    this.unsent = new Queue(context.config.unsentPacketsMax)
    this.usedAt = now
    this.lastHeardAt = now
    this.lastSentAt = now
  }

  /** When `expire` wants to be called (for the engine's agenda). */
  get due(): number {
    return this.timers.next
  }

  /** The keys and SAs, if there are any now. */
  get session(): Session | undefined {
    return 'session' in this.state ? this.state.session : undefined
  }

  /** The same while they may be used for anything: RFC 7402 §6.9 treats R2-SENT like ESTABLISHED. */
  get usable(): Session | undefined {
    const { state } = this
    return state.name === 'established' || state.name === 'r2-sent' ? state.session : undefined
  }

  /**
   * J of the exchange that made this association, or the one in whose place it is opened: an I2 for an R1 from before that comes
   * too late.
   */
  get held(): Uint8Array | undefined {
    return this.session?.context.j ?? this.replaces
  }

  /** Where the peer may be, best first: it is looked for there by turns (MOVING §5, §6). */
  targets(now: number): readonly Route[] {
    const { learned, session } = this
    const moved = learned !== undefined && session !== undefined && learned.start.epoch > session.peerStart.epoch
    const found = this.paths.targets(now, moved)
    return found.length > 0 ? found : this.paths.targets(now)
  }

  /** Nothing but the memory of it is left. */
  get over(): boolean {
    return this.session === undefined && this.state.name !== 'opening'
  }

  /** Something comes: what the table has for it in the present state; undefined: nothing. */
  on(input: Input): Action | undefined {
    const name = nameOf(this.state)
    // Packet after packet the answer is that of before.
    if (input === this.#input && name === this.#judged) return this.#action
    this.#input = input
    this.#judged = name
    this.#action = actionOf(name, input)
    return this.#action
  }

  /** The one place that changes the outer state: as the table has it for what came last. */
  turn(to: State): void {
    const [from, input] = [nameOf(this.state), this.#input]
    assert(
      input !== undefined && leads(from, input, nameOf(to)),
      `association: ${input} does not lead from ${from} to ${nameOf(to)}`,
    )
    this.state = to
  }

  /** Runs everything that is due. */
  expire(now: number): void {
    for (let timer = this.timers.due(now); timer !== undefined; timer = this.timers.due(now)) {
      this.on(timer === 'idle' ? 'idle' : 'timeout')
      EXPIRE[timer](this, now)
    }
  }

  /**
   * Ends the association without a word to the peer, and tells the owner why. Only an answered CLOSE and an exchange that failed
   * are remembered for a while.
   */
  end(now: number, reason: EndReason, detail = '', to: Over = { name: 'unassociated' }): void {
    const { session, context } = this
    const tried = this.tried
    this.replaces = this.held
    if (this.state.name === 'opening') dropOpening(this, this.state.opening)
    if (session !== undefined) this.forgetKeys(session)
    for (const timer of TIMERS) this.timers.stop(timer)
    this.reliable.clear()
    this.early = []
    this.unsent.clear()
    this.unsentBytes = 0
    this.turn(to)
    loseStreams(this, reason, detail)
    if (to.name !== 'unassociated') this.timers.set('close', now + 2 * context.config.mslMs)
    context.event({ type: 'ended', peer: this.peer, reason, tried, detail })
    if (to.name === 'unassociated') context.forget(this)
  }

  forgetKeys(session: Session): void {
    closeInbound(session, this.context, () => true)
    for (const secrets of heldSecrets(session)) this.context.dropSpi(secrets.reserveIn)
    const { ratchet } = session
    if (ratchet.name === 'offering' || ratchet.name === 'crossed') {
      this.context.dropSpi(ratchet.offer.inboundSpi)
      this.context.dropSpi(ratchet.offer.reserveIn)
    }
    const rekey = session.plain?.rekey
    if (rekey !== undefined) this.context.dropSpi(rekey.inboundSpi)
    if (rekey?.theirs !== undefined) forgetResumption(rekey.theirs.resumption)
    forgetSession(session)
  }

  /** Overwrites every key, without a word to anybody. */
  forget(): void {
    if (this.state.name === 'opening') dropOpening(this, this.state.opening)
    if (this.session !== undefined) this.forgetKeys(this.session)
    this.unsent.clear()
    this.streaming?.transport.streams.account.close()
    this.streaming = undefined
  }

  /** The envelope of a control packet under `secrets`, by default those of the S we have committed to. */
  envelope(session: Session, secrets: Secrets = spokenSecrets(session)): Envelope {
    const { context } = this
    return {
      own: context.hitBytes,
      peer: this.peerBytes,
      suite: session.context.suite,
      start: context.start,
      identity: context.identity,
      addressee: session.peerStart,
      baseEpoch: session.baseEpoch,
      resumption: secrets.resumption,
      hipSend: secrets.hip.send,
      // Until it has answered, the peer knows nothing of this start.
      proveStart: session.interim !== undefined,
      plain: session.plain !== undefined,
    }
  }

  /** Sends a control packet to a tuple; an unverified one never gets more than three times what came from it. */
  sendTo(packet: Uint8Array, tuple: Tuple): boolean {
    if (tuple.state !== 'active' && !this.paths.withinAmplification(tuple, packet.length + 4)) {
      this.context.count('amplification-limit')
      return false
    }
    this.paths.countSent(tuple, packet.length + 4)
    this.sendFreely(packet, tuple)
    return true
  }

  /**
   * For P1 and whatever else has a limit of its own. It is not charged to the tuple: a peer that has never been heard there,
   * because its P2 took another way, must not have to pay for our P1 before it gets an answer.
   */
  sendFreely(packet: Uint8Array, tuple: Tuple): void {
    this.context.sendPacket(packet, tuple.route)
  }

  /** An authentic packet came: the peer is alive. */
  heard(now: number, tuple: Tuple, size: number): void {
    this.paths.keep(tuple)
    this.paths.speaks(tuple)
    this.credit.earn(now, size)
    this.lastHeardAt = now
    this.unansweredSince = undefined
    if (this.state.name === 'r2-sent') {
      this.turn({ name: 'established', session: this.state.session })
      this.timers.stop('open')
    }
    if (this.state.name === 'parked') {
      this.turn({ name: 'established', session: this.state.session })
      this.timers.stop('park')
      this.timers.stop('park-probe')
      resumeTimers(this, now)
      this.context.event({ type: 'woken', peer: this.peer })
    }
    if (this.paths.current === undefined) this.paths.current = tuple
    if (this.unsent.size > 0 || this.streaming !== undefined) this.context.wake(this)
  }
}

const EXPIRE: Readonly<Record<Timer, (association: Association, now: number) => void>> = {
  open: expireOpening,
  offer: repeatOffer,
  answer: repeatAnswer,
  'plain-rekey': repeatPlainRekey,
  reliable: repeatReliable,
  check: repeatChecks,
  silence: expireSilence,
  failover: expireFailover,
  tend: tendPaths,
  keepalive: expireKeepalive,
  'old-sas': closeOldSas,
  early: countEarly,
  park: expirePark,
  'park-probe': probeParked,
  rekey: rekeyIfDue,
  streams: expireStreams,
  close: expireClosing,
  idle: expireIdle,
}

/** Every timer that an association can have. */
export const TIMERS: readonly Timer[] = Object.keys(EXPIRE) as Timer[]

/** MOVING §5: old inbound SAs close wholly three PTO after the answer. */
function closeOldSas(association: Association, now: number): void {
  const { session } = association
  if (session === undefined) return
  closeInbound(session, association.context, (entry) => entry.closesAt <= now)
  const next = Math.min(...session.inbound.map((entry) => entry.closesAt))
  if (next < Infinity) association.timers.set('old-sas', next)
}
