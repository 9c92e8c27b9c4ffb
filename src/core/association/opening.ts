// The Initiator's half of the state machine (RFC 7401 §4.4.4): I1-SENT, the puzzle, I2-SENT. The bytes are made and judged in
// initiator.ts; here is when they are sent, how often, and how it ends.

import { formatLocator, isLoopback, type Locator, type Route, sameLocator } from '../../base/address.ts'
import { equalBytes } from '../../base/bytes.ts'
import { forgetKeySet } from '../../crypto/forget.ts'
import { sha256 } from '../../crypto/hash.ts'
import { hitOf, hitText } from '../../crypto/hit.ts'
import { publicKeyFrom, verify } from '../../crypto/identity.ts'
import type { Notify, R1, R2 } from '../../wire/messages.ts'
import { coveredBy } from '../../wire/packet.ts'
import { Notification, Parameter } from '../../wire/registry.ts'
import type { EndReason } from '../machine.ts'
import { listedLocators, withPorts } from '../moving/offer.ts'
import { type OwnLocator, routesTo } from '../own-locators.ts'
import type { Association } from './association.ts'
import { establish } from './establish.ts'
import { type AcceptedR1, acceptR1, acceptR2, buildI2, encodeI1, type SentI2 } from './initiator.ts'
import { liveFloor } from './live-floor.ts'
import type { Listed } from './paths.ts'

/** What every step of an exchange goes back to when it comes to nothing. */
interface Dial {
  readonly i1: Uint8Array
  readonly targets: readonly Route[]
  readonly startedAt: number
  tries: number
  /** An R1 has sent the I2 elsewhere: one may. */
  redirected: boolean
}

/** What an R1 says of where its sender is (RFC 8047 §4.2.8), and where it came from. */
interface Origin {
  readonly source: Route
  readonly listed: readonly Listed[]
}

export type Opening =
  | { readonly name: 'I1-SENT'; readonly dial: Dial }
  | {
      readonly name: 'SOLVING'
      readonly dial: Dial
      readonly accepted: AcceptedR1
      readonly origin: Origin
      readonly to: Route
      /** When the Responder ceases to take the solution. */
      readonly until: number
    }
  | {
      readonly name: 'I2-SENT'
      readonly dial: Dial
      readonly sent: SentI2
      readonly origin: Origin
      readonly to: Route
      /** Our locators as the I2 has them. */
      readonly told: readonly OwnLocator[]
      tries: number
      readonly sentAt: number
    }

/** An I2 that nobody answers may come from the R1 of somebody who only repeats R1s: after so many tries I1 goes out again. */
const I2_TRIES = 3

/** Whether somebody who wants an association has to begin one. What is ending makes way for it at once. */
export function wantsOpening(known: Association | undefined, now: number): boolean {
  if (known === undefined) return true
  if (known.on('associate') !== 'send I1') return false
  if (known.state.name === 'closing') known.end(now, 'closed', 'begun again before the peer acknowledged')
  return true
}

/** Sends the first I1s: to a few locators at once, to one by turns afterwards (RFC 7401 §6.6). */
export function startOpening(association: Association, now: number, locators: readonly Locator[]): void {
  const { context } = association
  association.on('associate')
  const i1 = encodeI1(context, association.peerBytes)
  const named = locators.slice(0, context.config.locatorsPerPeerMax)
  const targets = routesTo(context.locators, named)
  const dial: Dial = { i1, targets, startedAt: now, tries: 1, redirected: false }
  association.turn({ name: 'opening', opening: { name: 'I1-SENT', dial } })
  association.tried = named
  for (const target of targets.slice(0, context.config.i1TargetsMax)) context.sendPacket(i1, target)
  association.timers.set('open', targets.length === 0 ? now : now + association.rtt.ptoMs)
}

/** The timer of whatever step the exchange is at. */
export function expireOpening(association: Association, now: number): void {
  const { state, context, rtt } = association
  // Exchange Complete (RFC 7401 §4.4.1): the peer has had time for every I2 that it could send.
  if (state.name === 'r2-sent') association.turn({ name: 'established', session: state.session })
  if (state.name !== 'opening') return
  const { opening } = state
  const { dial } = opening
  const endsAt = dial.startedAt + context.config.baseExchangeMs
  if (now >= endsAt || dial.targets.length === 0) return giveUp(association, now)
  if (opening.name === 'SOLVING' && now < opening.until) return solve(association, now, opening)
  if (opening.name === 'I2-SENT' && opening.tries < triesOf(association, opening)) {
    context.sendPacket(opening.sent.bytes, opening.origin.source)
    opening.tries += 1
    association.timers.set('open', Math.min(now + rtt.backoffMs(opening.tries), endsAt))
    return
  }
  if (opening.name !== 'I1-SENT') startOver(association, opening)
  const target = dial.targets[dial.tries % dial.targets.length]
  if (target !== undefined) context.sendPacket(dial.i1, target)
  dial.tries += 1
  association.timers.set('open', Math.min(now + rtt.backoffMs(dial.tries), endsAt))
}

/**
 * An R1 from where no I1 went may be somebody's copy: its sender gets one I2, which is less than three times the R1. So does a place
 * that an R1 has named; afterwards it is the turn of where the R1 came from.
 */
function triesOf(association: Association, { to, origin }: Extract<Opening, { name: 'I2-SENT' }>): number {
  const elsewhere = sameLocator(to, origin.source) ? 0 : 1
  return elsewhere + (association.tried.some((target) => sameLocator(target, origin.source)) ? I2_TRIES : 1)
}

/**
 * Where the I2 goes: to the place that the R1 prefers, if it does (RFC 8047 §4.2.8). Whoever has one key could have us send an I2 to
 * anybody by it: so once in an exchange, and from outside never to this machine.
 */
function destination({ context }: Association, dial: Dial, { source, listed }: Origin): Route {
  const [preferred] = listed.filter((entry) => entry.preferred === true && entry.traffic !== 'data')
  if (preferred === undefined || dial.redirected || sameLocator(preferred.locator, source)) return source
  if (isLoopback(preferred.locator) && !isLoopback(source)) return source
  const [route] = routesTo(context.locators, [preferred.locator])
  if (route === undefined) return source
  dial.redirected = true
  context.count('i2-redirected')
  return route
}

/** Back to I1-SENT, with nothing left of the step that failed. */
function startOver(association: Association, opening: Opening): void {
  dropOpening(association, opening)
  association.turn({ name: 'opening', opening: { name: 'I1-SENT', dial: opening.dial } })
}

/** What was seen last decides what the user is told. */
function giveUp(association: Association, now: number): void {
  const { fault } = association
  association.end(now, fault?.reason ?? 'unreachable', fault?.detail ?? '', { name: 'e-failed' })
}

/** RFC 7401 §6.8. Matched by HITs, never by address. Of several R1s the one with the largest counter counts. */
export function onR1(association: Association, now: number, message: R1, source: Route): void {
  const { state, context } = association
  if (state.name !== 'opening') return context.count('r1-unexpected')
  const { opening } = state
  const before =
    opening.name === 'SOLVING' ? opening.accepted : opening.name === 'I2-SENT' ? opening.sent.accepted : undefined
  if (before !== undefined && !isLater(message.counter, before.counter)) return context.count('r1-not-later')
  const accepted = acceptR1(context, association.peer, message)
  if ('drop' in accepted)
    return fail(association, accepted.drop, INCOMPATIBLE.has(accepted.drop) ? 'incompatible' : undefined)
  const { peerStart, peerKey, peerReceipt } = accepted
  const live = liveFloor(association)
  const judgement = context.floors.judge({ key: peerKey, start: peerStart, receipt: peerReceipt }, live)
  if (judgement === 'other-key') return fail(association, 'r1-other-key', 'imposter')
  if (judgement !== 'accepted') return fail(association, `r1-${judgement}`, 'refused')
  if (!context.access.admits(association.peer, peerKey)) return association.end(now, 'denied')
  dropOpening(association, opening)
  const { dial } = opening
  const until = now + accepted.lifetimeMs
  const named = listedLocators(withPorts(message.locators ?? [], source.port), now)
  const origin = { source, listed: named.slice(0, context.config.locatorsPerPeerMax) }
  const to = destination(association, dial, origin)
  const next: Opening = { name: 'SOLVING', dial, accepted, origin, to, until }
  association.turn({ name: 'opening', opening: next })
  solve(association, now, next)
}

function isLater(counter: R1['counter'], than: AcceptedR1['counter']): boolean {
  if (counter === undefined || than === undefined) return false
  return counter.high > than.high || (counter.high === than.high && counter.low > than.low)
}

const INCOMPATIBLE: ReadonlySet<string> = new Set([
  'r1-hit-suite',
  'r1-dh-group',
  'r1-cipher',
  'r1-esp-suite',
  'r1-puzzle-too-difficult',
])

/** One slice of the puzzle a call, so that nobody can make this process stand still (RFC 7401 §4.1.2). */
function solve(association: Association, now: number, opening: Extract<Opening, { name: 'SOLVING' }>): void {
  const { context } = association
  const j = opening.accepted.solver.step(context.config.puzzleTriesPerSlice)
  if (j === undefined) return association.timers.set('open', now + 1)
  const spis = { inboundSpi: context.newSpi(association), reserveIn: context.newSpi(association) }
  const sent = buildI2(context, opening.accepted, j, spis)
  association.timers.set('open', now + association.rtt.ptoMs)
  if ('drop' in sent) {
    context.dropSpi(spis.inboundSpi)
    context.dropSpi(spis.reserveIn)
    startOver(association, opening)
    return fail(association, sent.drop, 'incompatible')
  }
  const { to, dial, origin } = opening
  const i2Sent: Opening = { name: 'I2-SENT', dial, sent, origin, to, told: context.locators, tries: 1, sentAt: now }
  association.turn({ name: 'opening', opening: i2Sent })
  context.sendPacket(sent.bytes, to)
}

/** RFC 7401 §6.10. */
export function onR2(association: Association, now: number, message: R2, source: Route): void {
  const { state, context } = association
  if (state.name !== 'opening' || state.opening.name !== 'I2-SENT') return context.count('r2-unexpected')
  const { opening } = state
  const seed = acceptR2(context, opening.sent, message)
  if ('drop' in seed) return fail(association, seed.drop, undefined)
  if (opening.tries === 1) association.rtt.sample(now - opening.sentAt)
  const tuple = association.paths.observe(source)
  const bytes = message.packet.bytes.length + 4
  association.paths.countReceived(tuple, bytes)
  const { origin, to, told, tries } = opening
  const asked = sameLocator(source, to) || (tries > 1 && sameLocator(source, origin.source))
  const listed = message.locators && listedLocators(withPorts(message.locators, source.port), now)
  const before = origin.listed.length > 0 ? origin.listed : undefined
  establish(association, now, seed, { tuple, bytes, asked, listed: listed ?? before, told })
}

/**
 * The peer does not admit us, and says so of this very I2 (RFC 7401 §5.2.19). Where the peer has a ledger a former host of it
 * could say the same: then it only makes the error better if nobody else answers.
 */
export function onBlocked(association: Association, now: number, message: Notify): void {
  const { state, context } = association
  if (state.name !== 'opening' || state.opening.name !== 'I2-SENT') return context.count('packet-before-exchange')
  const { bytes, accepted } = state.opening.sent
  const { type, data } = message.notification
  if (type !== Notification.BLOCKED_BY_POLICY || !equalBytes(data, sha256(bytes)))
    return context.count('notify-ignored')
  const { keys } = context.algorithms
  if (!verify(accepted.peerKey, coveredBy(message.packet, Parameter.HIP_SIGNATURE), message.signature.bytes, keys))
    return context.count('signature-forged')
  if (accepted.peerReceipt === undefined)
    return association.end(now, 'refused', 'blocked by policy', { name: 'e-failed' })
  association.fault = { reason: 'refused', detail: 'blocked by policy' }
}

/**
 * Somebody else is at one of the addresses we tried, and says so under its own signature. It settles nothing, for anybody
 * on the path could say it; it only makes the error better if nobody else answers.
 */
export function onOtherIdentity(association: Association, message: Notify, source: Locator): void {
  const { state, context } = association
  const { hostId, notification } = message
  if (state.name !== 'opening' || hostId === undefined || notification.type !== Notification.INVALID_HIT) return
  if (!association.tried.some((target) => sameLocator(target, source))) return
  const { keys } = context.algorithms
  const key = publicKeyFrom(hostId.algorithm, hostId.label, hostId.key, keys)
  const other = hitText(message.sender)
  if (key === undefined || hitOf(key) !== other) return context.count('notify-ignored')
  if (!verify(key, coveredBy(message.packet, Parameter.HIP_SIGNATURE), message.signature.bytes, keys))
    return context.count('signature-forged')
  association.fault = { reason: 'imposter', detail: `${other} is at ${formatLocator(source)}` }
}

function fail(association: Association, name: string, reason: EndReason | undefined): void {
  association.context.count(name)
  if (reason !== undefined) association.fault = { reason, detail: name }
}

/** The SPIs of an exchange that came to nothing lead nowhere, and its keys are gone. */
export function dropOpening(association: Association, opening: Opening): void {
  if (opening.name !== 'I2-SENT') return
  association.context.dropSpi(opening.sent.inboundSpi)
  association.context.dropSpi(opening.sent.reserveIn)
  forgetKeySet(opening.sent.keys)
}
