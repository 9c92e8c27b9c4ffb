// UPDATE in (RFC 7401 §6.12; MOVING §6). First whose packet it is and to which of our starts it speaks, then MAC, then
// signature, then the acknowledged part, then the new part. Nothing here trusts a byte before the MAC has fitted.

import type { Route } from '../../base/address.ts'
import { equalBytes } from '../../base/bytes.ts'
import { samePublicKey } from '../../crypto/identity.ts'
import type { Start } from '../../crypto/keymat.ts'
import type { HostId } from '../../wire/exchange.ts'
import type { Update } from '../../wire/messages.ts'
import { encodeAck, encodeEchoResponseSigned } from '../../wire/update.ts'
import { listedLocators, sendOffer } from '../moving/offer.ts'
import { isRebindOffer, onRebindAnswer, onRebindOffer } from '../moving/rebind.ts'
import type { Association } from './association.ts'
import type { Context } from './context.ts'
import { answerSuperseded, refusal } from './notify.ts'
import { onPlainUpdate } from './plain.ts'
import { acknowledge, onRekeyOffer, sendAnswer, settle } from './ratchet.ts'
import { onEcho } from './reach.ts'
import { onReaddress, readdress } from './readdress.ts'
import { heldSecrets, type Secrets, type Session } from './session.ts'
import type { Tuple } from './tuple.ts'
import { unsignedEchoes } from './unsigned-echoes.ts'
import { macFits, signatureFits } from './update.ts'

/** How the start that a packet names stands to the one we know. */
type Relation = 'same' | 'higher' | 'lower' | 'other'

function relate(claimed: Start, known: Start): Relation {
  if (claimed.epoch > known.epoch) return 'higher'
  if (claimed.epoch < known.epoch) return 'lower'
  return equalBytes(claimed.incarnation, known.incarnation) ? 'same' : 'other'
}

export function onUpdate(association: Association, now: number, message: Update, tuple: Tuple): void {
  const { session, context } = association
  const { epoch } = message
  if (session?.plain !== undefined) return onPlainUpdate(association, now, message, tuple)
  if (session === undefined || epoch === undefined) return context.count('update-without-epoch')
  if ((message.echoRequestSigned?.length ?? 0) > context.config.echoBytesMax) return context.count('echo-too-long')
  association.paths.countReceived(tuple, message.packet.bytes.length + 4)
  const sender = relate(epoch.sender, session.peerStart)
  const addressee = relate(epoch.addressee, context.start)
  if (addressee === 'higher' || addressee === 'other') return context.count('addressee-unknown')
  if (sender === 'other') return context.count('equivocation')
  if (sender === 'lower') return onSuperseded(association, now, message, tuple)
  if (isRebindOffer(message)) return onRebindOffer(association, now, message, tuple, sender)
  const secrets = heldSecrets(session).find(({ resumption }) => equalBytes(resumption.id, epoch.resumptionId))
  if (secrets === undefined) return onUnknownSecret(association, now, message, tuple)
  if (!macFits(message, session.context.suite, secrets.hip.receive)) return context.count('mac-forged')
  if (needsSignature(message) && message.signature === undefined) return context.count('signature-missing')
  if (message.signature !== undefined && !signatureFits(message, session.peerKey, context.algorithms))
    return context.count('signature-forged')
  if (message.hostId !== undefined && !isKeyOf(message.hostId, session)) return context.count('host-id-other')
  if (addressee === 'lower') return onOlderAddressee(association, now, message, tuple, sender)
  if (answersOffer(session, message)) return onAnswer(association, now, message, tuple, sender)
  if (sender === 'higher') return context.count('higher-epoch-without-offer')
  const matched = onAcknowledged(association, now, message, tuple, secrets)
  if (association.session !== session) return
  // A recorded packet proves nothing about now: only what is new, or answers something of ours, is heard.
  if (matched || isNew(session, message)) association.heard(now, tuple, message.packet.bytes.length + 4)
  if (message.seq !== undefined) onNew(association, now, message, tuple, session)
}

/** The same starts but another S: two exchanges have crossed, and each end has one of them. A signed question is refused. */
function onUnknownSecret(association: Association, now: number, message: Update, tuple: Tuple): void {
  const { context, session } = association
  context.count('resumption-unknown')
  if (session === undefined || message.signature === undefined || message.echoRequestSigned === undefined) return
  if (message.dh !== undefined || !context.mayNotifyStranger(now, tuple.locator)) return
  if (!signatureFits(message, session.peerKey, context.algorithms)) return context.count('signature-forged')
  context.sendPacket(refusal(context, association.peerBytes, session.peerStart, message.packet.bytes), tuple.route)
}

/** There is no association, or it is as good as over: whoever still talks to it learns that (MOVING §6). */
export function refuseUpdate(context: Context, now: number, message: Update, source: Route): void {
  context.count('update-refused')
  if (message.epoch === undefined || !context.mayNotifyStranger(now, source)) return
  context.sendPacket(refusal(context, message.sender, message.epoch.sender, message.packet.bytes), source)
}

/** Signed UPDATEs and mere address checks have Update IDs of the same series, but a thief of the MAC key can only forge checks. */
function isNew(session: Session, { seq, signature }: Update): boolean {
  if (seq === undefined) return false
  return (signature === undefined ? session.peerCheckIds : session.peerUpdateIds).state(seq) === 'new'
}

/** DESIGN §5: a thief of a capsule may know the MAC key, so whatever moves, rekeys or rebinds is signed. */
function needsSignature({ locators, dh, finals }: Update): boolean {
  return locators !== undefined || dh !== undefined || finals !== undefined
}

/** RFC 8046 §4.3: a HOST_ID in an UPDATE is the one that the association was made with, however its point is written. */
function isKeyOf({ algorithm, label, key }: HostId, { peerKey }: Session): boolean {
  return samePublicKey({ algorithm, label, bytes: key }, peerKey)
}

/** Not processed; an authentic one learns that it is superseded. */
function onSuperseded(association: Association, now: number, message: Update, tuple: Tuple): void {
  const { session, context } = association
  context.count('lower-epoch')
  if (session === undefined) return
  const known = heldSecrets(session).some(({ hip }) => macFits(message, session.context.suite, hip.receive))
  const authentic =
    known ||
    (message.signature !== undefined &&
      context.mayNotify(now) &&
      signatureFits(message, session.peerKey, context.algorithms))
  if (authentic) answerSuperseded(association, now, tuple)
}

/**
 * Neither acted on nor ACKed, but where it came from and the locators it signs for are where my P1 may find the peer (MOVING
 * §6; DESIGN §5: a NAT rewrites what a packet lists). A recorded packet gets at most one P1 a PTO.
 */
function onOlderAddressee(
  association: Association,
  now: number,
  message: Update,
  tuple: Tuple,
  sender: Relation,
): void {
  const { context, paths, session } = association
  context.count('addressee-older')
  if (sender !== 'same' || session === undefined) return
  for (const { locator } of listedLocators(message.locators ?? [], now)) paths.observe(locator).listed = true
  paths.keep(tuple)
  const { ratchet } = session
  if (ratchet.name !== 'offering' || ratchet.offer.kind !== 'rebind') return
  if (now - tuple.checkedAt < association.rtt.ptoMs) return
  tuple.checkedAt = now
  sendOffer(association, now, ratchet.offer, tuple.route)
}

/** P2 and U2 acknowledge our offer and carry the other half of the Diffie–Hellman. */
function answersOffer(session: Session, message: Update): boolean {
  const { ratchet } = session
  if (message.dh === undefined || message.ack === undefined) return false
  const offer = 'offer' in ratchet ? ratchet.offer : undefined
  return offer !== undefined && message.ack.includes(offer.updateId)
}

function onAnswer(
  association: Association,
  now: number,
  message: Update,
  tuple: Tuple,
  sender: 'same' | 'higher',
): void {
  const { session, context } = association
  if (session === undefined) return
  const { ratchet } = session
  if (ratchet.name !== 'committed') {
    onRebindAnswer(association, now, message, tuple, sender)
    if (session.ratchet.name === 'committed') association.heard(now, tuple, message.packet.bytes.length + 4)
    return
  }
  const confirm = association.reliable.get('confirm')
  if (sender !== 'same' || message.seq !== ratchet.peerUpdateId || confirm === undefined)
    return context.count('answer-unexpected')
  association.heard(now, tuple, message.packet.bytes.length + 4)
  confirm.tries = Math.max(confirm.tries, 2)
  association.sendTo(confirm.bytes, tuple)
}

/** RFC 7401 §6.12.2: what this packet acknowledges or answers; false if that is nothing. */
export function onAcknowledged(
  association: Association,
  now: number,
  message: Update,
  tuple: Tuple,
  secrets: Secrets,
): boolean {
  const { session } = association
  const echo = message.echoResponseSigned
  let matched = echo !== undefined && onEcho(association, now, echo, tuple)
  for (const reliable of association.reliable.values()) {
    if (message.ack?.includes(reliable.updateId) !== true) continue
    if (reliable.purpose === 'confirm' && isOld(session, secrets)) continue
    matched = true
    association.reliable.delete(reliable.purpose)
    if (reliable.tries === 1) association.rtt.sample(now - reliable.sentAt)
    if (reliable.purpose === 'confirm') settle(association, now)
  }
  if (association.reliable.size === 0) association.timers.stop('reliable')
  // As long as a rebinding is under way that would only ask again, with every answer: when it has settled, ratchet.ts goes on.
  const waits = session?.plain !== undefined && association.reliable.has('readdress')
  if (association.readdressWanted && session?.ratchet.name === 'settled' && !waits) readdress(association, now)
  return matched
}

/** The ACK of P3 counts only under the new HIP key (MOVING §5). */
function isOld(session: Session | undefined, secrets: Secrets): boolean {
  return session !== undefined && session.ratchet.name === 'committed' && secrets === session.current
}

/** RFC 7401 §6.12.1: the new part, at most once; copies are acknowledged again and nothing else. */
function onNew(association: Association, now: number, message: Update, tuple: Tuple, session: Session): void {
  const { seq, epoch } = message
  if (seq === undefined || epoch === undefined) return
  if (message.signature === undefined) {
    session.peerCheckIds.record(seq)
    return answerNew(association, message, tuple, seq)
  }
  const { ratchet } = session
  const state = session.peerUpdateIds.state(seq)
  if (state === 'old') return association.context.count('update-id-old')
  const confirms =
    ratchet.name !== 'settled' &&
    ratchet.name !== 'offering' &&
    equalBytes(epoch.resumptionId, ratchet.next.secrets.resumption.id)
  if (confirms) settle(association, now)
  if (message.dh !== undefined && message.ack === undefined) {
    if (state === 'seen') return repeatRekeyAnswer(association, now, message, tuple)
    return onRekeyOffer(association, now, message, tuple)
  }
  session.peerUpdateIds.record(seq)
  const newest = state === 'new' && session.peerUpdateIds.highest === seq
  if (newest && message.locators !== undefined) return onReaddress(association, now, message, tuple, seq)
  answerNew(association, message, tuple, seq)
}

function answerNew(association: Association, message: Update, tuple: Tuple, seq: number): void {
  const echo = message.echoRequestSigned
  const parameters = echo === undefined ? [encodeAck([seq])] : [encodeAck([seq]), encodeEchoResponseSigned(echo)]
  acknowledge(association, tuple, parameters, unsignedEchoes(message.packet))
}

function repeatRekeyAnswer(association: Association, now: number, message: Update, tuple: Tuple): void {
  const { session } = association
  if (session?.ratchet.name !== 'answered') return association.context.count('offer-repeated')
  const { answer } = session.ratchet
  if (equalBytes(answer.offerBytes, message.packet.bytes)) sendAnswer(association, now, answer, tuple)
}
