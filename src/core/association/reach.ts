// Whether the peer can be reached, and where: address checks by echo (RFC 8046 §5.4, MOVING §6), silence, parking, keepalives.

import { equalBytes } from '../../base/bytes.ts'
import { encodeEchoRequestSigned, encodeSeq } from '../../wire/update.ts'
import { sendOffer } from '../moving/offer.ts'
import type { Association } from './association.ts'
import { askAlternatives, onChecked, takePath, watchPath } from './failover.ts'
import { nextUpdateId, sendAlong } from './ratchet.ts'
import { tend } from './streaming.ts'
import { type Check, headerBytes, type Tuple } from './tuple.ts'
import { buildUpdate } from './update.ts'

/**
 * Starts a check of a tuple: an UPDATE with a nonce of its own that must come back from that very tuple. MAC only, outside
 * the one-UPDATE-at-a-time rule, at most one per RTO and a few open (MOVING §6).
 */
export function startCheck(association: Association, now: number, tuple: Tuple, why: Check['why']): void {
  const { context, paths, rtt } = association
  if (tuple.check !== undefined) return restateCheck(association, now, tuple, why)
  // A silent path cannot wait until it may be asked again; the silence is as long.
  if (why !== 'failover' && now - tuple.checkedAt < rtt.ptoMs) return
  if (paths.openChecks >= context.config.checksOpenMax) return context.count('checks-open')
  if (sendCheck(association, now, tuple, why)) tuple.checks = 1
}

/** What was only to be known is now to be used. What replaces a silent path is asked again at once; that measures nothing. */
function restateCheck(association: Association, now: number, tuple: Tuple, why: Check['why']): void {
  const { check } = tuple
  if (check === undefined || why === 'standby') return
  if (check.why === 'standby') check.why = why
  if (why !== 'failover' || check.sentAt === now) return
  if (sendCheck(association, now, tuple, check.why)) tuple.checks = Math.max(tuple.checks, 2)
}

function sendCheck(
  association: Association,
  now: number,
  tuple: Tuple,
  why: Check['why'],
  signed = false,
  free = false,
): boolean {
  const { session, context } = association
  if (session === undefined) return false
  const nonce = tuple.check?.nonce ?? context.entropy(16)
  const updateId = tuple.check?.updateId ?? session.nextUpdateId
  const packet = buildUpdate(
    association.envelope(session),
    [encodeSeq(updateId), encodeEchoRequestSigned(nonce)],
    signed,
  )
  // What may not go yet is no try: it goes with the next packet that pays for it.
  if (free) association.sendFreely(packet, tuple)
  else if (!mayGo(association, now, packet, tuple)) return false
  if (tuple.check === undefined) nextUpdateId(session)
  tuple.checkedAt = now
  association.probe = packet
  tuple.check = { nonce, updateId, sentAt: now, why }
  association.timers.set('check', Math.min(association.timers.at('check'), now + association.rtt.ptoMs))
  return true
}

/**
 * To an unverified tuple a check goes within three times what came from it; or, to where the peer says that it is, a few times at
 * the cost of its credit, so that listing somebody else's address buys less than it costs (RFC 8046 §5.4, §5.6).
 */
function mayGo(association: Association, now: number, packet: Uint8Array, tuple: Tuple): boolean {
  const { paths, credit } = association
  const size = packet.length + 4
  const paid = tuple.state === 'active' || paths.withinAmplification(tuple, size)
  const bytes = size + headerBytes(tuple.locator)
  if (paid || !paths.mayAsk(tuple) || !credit.covers(now, bytes)) return association.sendTo(packet, tuple)
  credit.spend(now, bytes)
  tuple.answers += 1
  association.sendFreely(packet, tuple)
  return true
}

/** Unanswered checks are repeated a few times, then given up: the tuple stays unverified. */
export function repeatChecks(association: Association, now: number): void {
  const { config } = association.context
  let soonest = Infinity
  for (const tuple of association.paths.tuples) {
    if (tuple.check === undefined) continue
    const due = tuple.check.sentAt + association.rtt.backoffMs(tuple.checks)
    if (due <= now) {
      if (tuple.checks >= config.checkTriesMax) {
        tuple.check = undefined
        // Whoever still waits for this tuple to be verified asks again.
        association.context.wake(association)
        continue
      }
      tuple.checks += 1
      if (!sendCheck(association, now, tuple, tuple.check.why)) tuple.check = undefined
    }
    if (tuple.check !== undefined)
      soonest = Math.min(soonest, tuple.check.sentAt + association.rtt.backoffMs(tuple.checks))
  }
  if (soonest < Infinity) association.timers.set('check', soonest)
}

/** An echo came back; true if it was asked for. It verifies a tuple only if that tuple was asked (MOVING §6). */
export function onEcho(association: Association, now: number, nonce: Uint8Array, tuple: Tuple): boolean {
  const { context, answerEcho } = association
  const { check } = tuple
  if (check !== undefined && equalBytes(check.nonce, nonce)) {
    onChecked(association, now, association.paths.keep(tuple), check)
    association.probe = undefined
    context.wake(association)
    return true
  }
  if (answerEcho === undefined || !equalBytes(answerEcho.nonce, nonce)) {
    context.count('echo-unexpected')
    return false
  }
  if (!answerEcho.keys.has(tuple.key)) {
    startCheck(association, now, association.paths.keep(tuple), 'moved')
    return true
  }
  if (answerEcho.sends === 1 && isAnswered(association)) {
    tuple.rttMs = now - answerEcho.sentAt
    if (tuple === association.paths.current) association.rtt.sample(tuple.rttMs)
    else tuple.checks = 1
  }
  association.probe = undefined
  takePath(association, now, association.paths.keep(tuple), 'moved')
  context.wake(association)
  return true
}

/** An answer from where P1 went proves that the peer is there; from anywhere else it is a hint (MOVING §6). */
export function arrive(association: Association, now: number, tuple: Tuple): void {
  const { paths, context, peer } = association
  if (tuple.state !== 'active' && !tuple.offered) return startCheck(association, now, paths.keep(tuple), 'moved')
  if (paths.activate(tuple, 'moved')) context.event({ type: 'path', peer, locator: tuple.locator, why: 'moved' })
}

/** Once data under the new keys has overtaken P3, what comes is a repetition of it and says nothing of the round trip. */
function isAnswered({ session }: Association): boolean {
  return session?.ratchet.name === 'answered' || session?.ratchet.name === 'crossed'
}

/**
 * Something went out that the peer should follow with something: after three PTO of nothing we ask (MOVING §6). `patienceMs`:
 * how long before that nothing is to be expected. The timer is not moved by every packet; when it fires it looks how long the
 * silence really is.
 */
export function expectAnswer(association: Association, now: number, patienceMs = 0): void {
  // Nothing follows a keepalive at once.
  if (patienceMs === 0) watchPath(association, now)
  const since = now + patienceMs
  if (association.unansweredSince !== undefined && association.unansweredSince <= since) return
  association.unansweredSince = since
  association.silenceTries = 0
  const { timers } = association
  timers.set('silence', Math.min(timers.at('silence'), since + silenceMs(association)))
}

function silenceMs(association: Association): number {
  return Math.max(3 * association.rtt.ptoMs, association.context.config.silenceMsMin)
}

/** Probes the current tuple; in the end the association is parked. */
export function expireSilence(association: Association, now: number): void {
  const { usable: session, context, paths, unansweredSince } = association
  if (session === undefined || unansweredSince === undefined) return
  if ('offer' in session.ratchet && session.ratchet.name !== 'committed') return
  const due = unansweredSince + silenceMs(association)
  if (association.silenceTries === 0 && due > now) return association.timers.set('silence', due)
  if (association.silenceTries >= context.config.updateTriesMax) return park(association, now)
  association.silenceTries += 1
  // Asked once, and nothing for three PTO and more.
  if (association.silenceTries === 2) context.silent(now, association)
  if (association.silenceTries > 1) askAlternatives(association, now)
  if (paths.current !== undefined) probe(association, now, paths.current)
  association.timers.set('silence', now + association.rtt.backoffMs(association.silenceTries + 1))
}

/**
 * An UPDATE whose only purpose is to be answered, to a tuple that need not be in doubt. It is signed: a peer that has dropped
 * the HIP keys of our S can still tell that it is ours, and that we are superseded.
 */
export function probe(association: Association, now: number, tuple: Tuple): boolean {
  tuple.check = undefined
  const { paths } = association
  // A parked end has been silent: one probe at its long intervals may go to a place that the peer has signed for. If only a
  // LOCATOR_SET speaks for it, there are not many.
  const known = tuple === paths.current || tuple.found || tuple.received > 0 || tuple.state === 'active'
  const parked = association.state.name === 'parked'
  const free = parked && tuple.listed && (known || paths.mayAsk(tuple))
  if (free && !known) tuple.answers += 1
  const sent = sendCheck(association, now, tuple, parked ? 'moved' : 'standby', true, free)
  if (sent) tuple.checks = association.context.config.checkTriesMax
  return sent
}

/** What a parked end does not wait for. */
const PARKED_TIMERS = [
  'open',
  'offer',
  'answer',
  'plain-rekey',
  'reliable',
  'check',
  'silence',
  'failover',
  'tend',
  'streams',
] as const

/** Retries are exhausted: out of reach, but not dead (MOVING §6). The ledger may know better. */
export function park(association: Association, now: number): void {
  const { usable: session, context, timers } = association
  if (session === undefined) return
  association.turn({ name: 'parked', session })
  for (const timer of PARKED_TIMERS) timers.stop(timer)
  association.parkProbeMs = Math.min(
    2 * association.rtt.backoffMs(context.config.updateTriesMax),
    context.config.parkProbeMsMax,
  )
  // Where the peer was thought to be it has just been asked in vain: the first turn is the next best place's.
  association.parkTurn = 1
  timers.set('park', now + context.config.parkMs)
  timers.set('park-probe', now + association.parkProbeMs)
  context.event({ type: 'parked', peer: association.peer })
  context.event({ type: 'lookup', peer: association.peer })
}

/** A parked end sends only its P1, or else one probe, at doubling intervals: both ends may be parked in a partition. */
export function probeParked(association: Association, now: number): void {
  const { session, context, timers, paths } = association
  if (session === undefined || association.state.name !== 'parked') return
  const { ratchet } = session
  if ((ratchet.name === 'offering' || ratchet.name === 'crossed') && ratchet.offer.kind === 'rebind') {
    ratchet.offer.turn += 1
    sendOffer(association, now, ratchet.offer)
  } else {
    // An unanswered rekey looks for nobody: the peer may be anywhere.
    if (ratchet.name === 'offering') sendAlong(association, now, ratchet.offer.bytes)
    probeNext(association, now)
    const confirm = association.reliable.get('confirm')
    if (confirm !== undefined && paths.current !== undefined) association.sendTo(confirm.bytes, paths.current)
  }
  association.parkProbeMs = Math.min(2 * association.parkProbeMs, context.config.parkProbeMsMax)
  timers.set('park-probe', now + association.parkProbeMs)
  context.event({ type: 'lookup', peer: association.peer })
}

/** One probe, to the next place by turns that may get one: an old address that nothing came from lately would swallow the turn. */
function probeNext(association: Association, now: number): void {
  const { paths } = association
  const targets = association.targets(now)
  for (let left = targets.length; left > 0; left--) {
    const target = targets[association.parkTurn % targets.length]
    association.parkTurn += 1
    if (target !== undefined && probe(association, now, paths.observe(target))) return
  }
}

export function expirePark(association: Association, now: number): void {
  if (association.state.name === 'parked') association.end(now, 'expired', 'the peer could not be reached')
}

/** After parking, what was under way goes on where it stopped. A second try: of what was repeated no answer measures anything. */
export function resumeTimers(association: Association, now: number): void {
  const { session, timers } = association
  if (session === undefined) return
  const { ratchet } = session
  timers.set('rekey', now + association.context.config.ptoMaxMs)
  tend(association, now)
  if (ratchet.name === 'offering' || ratchet.name === 'crossed') {
    ratchet.offer.tries = 2
    timers.set('offer', now + association.rtt.ptoMs)
  }
  if (session.plain?.rekey !== undefined) {
    session.plain.rekey.tries = 2
    timers.set('plain-rekey', now + association.rtt.ptoMs)
  }
  for (const reliable of association.reliable.values()) {
    reliable.tries = 2
    reliable.sentAt = now
    timers.set('reliable', now + association.rtt.ptoMs)
  }
}

/** How long an association is quiet before it says something, and whether that is longer than for others: by the SPI it sends to, which is drawn. */
export function quietMs({ session, context }: Association): number {
  const { keepaliveMs, keepaliveSpread } = context.config
  const spi = session?.outbound.spi ?? 0
  return keepaliveMs * (1 + (keepaliveSpread * (spi % SPREAD_STEPS)) / SPREAD_STEPS)
}

const SPREAD_STEPS = 0x1000

/** When an association that is quiet since then says something. */
function keepaliveAt(association: Association, since: number): number {
  return onBeat(association, since + quietMs(association))
}

/** The beat at that time or next after it, which all associations have in common. */
export function onBeat({ context }: Association, at: number): number {
  const { keepaliveBeatMs } = context.config
  return keepaliveBeatMs === 0 ? at : Math.ceil(at / keepaliveBeatMs) * keepaliveBeatMs
}

/**
 * Something came that the peer wants to be followed by something (`expectAnswer` there). If nothing else leaves, a dummy says in time
 * that we are here: that costs far less than the signed question that would come from there a little later, and its answer.
 */
export function oweAnswer(association: Association, now: number): void {
  if (association.owedSince !== undefined || association.usable === undefined) return
  association.owedSince = now
  const { timers } = association
  timers.set('keepalive', Math.min(timers.at('keepalive'), passiveAt(association, now)))
}

function passiveAt(association: Association, since: number): number {
  return onBeat(association, since + association.context.config.passiveKeepaliveMs)
}

/** When an association that says nothing by itself has to say something. */
function dummyAt(association: Association): number {
  const { owedSince, lastSentAt } = association
  const due = keepaliveAt(association, lastSentAt)
  return owedSince === undefined ? due : Math.min(due, passiveAt(association, owedSince))
}

/** RFC 9028 §4.10 and MOVING §6: a quiet path is kept open by an ESP dummy, long enough for a rebinding to show. */
export function expireKeepalive(association: Association, now: number): void {
  const { usable: session, context } = association
  const due = dummyAt(association)
  if (due > now) {
    association.timers.set('keepalive', due)
    return
  }
  const { current } = association.paths
  if (session !== undefined && current?.state === 'active' && association.unsent.size === 0) {
    association.unsent.push({ kind: 'dummy' })
    context.wake(association)
  } else if (current?.state === 'unverified' && session?.ratchet.name === 'settled') {
    // Its checks were lost, or may not even be sent, and without data nobody would ask again: silence is to end this, too.
    startCheck(association, now, current, association.paths.why)
    expectAnswer(association, now)
  }
  association.owedSince = undefined
  association.timers.set('keepalive', keepaliveAt(association, now))
}
