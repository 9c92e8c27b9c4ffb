// Signed words outside the exchange (RFC 7401 §5.3.6, §6.13; MOVING §6): RESUME_REFUSED tells an end that its peer cannot go
// on with it, SUPERSEDED tells an instance that a newer start of its identity exists. Both are rate-limited, and neither
// changes anything unless it proves what it says.

import { equalBytes } from '../../base/bytes.ts'
import { sha256 } from '../../crypto/hash.ts'
import { type PublicKey, samePublicKey } from '../../crypto/identity.ts'
import type { Start } from '../../crypto/keymat.ts'
import { encodeHostId } from '../../wire/exchange.ts'
import type { Notify, Update } from '../../wire/messages.ts'
import { Notification } from '../../wire/registry.ts'
import { provenStart } from '../moving/rebind.ts'
import { openReceipt } from '../moving/receipt.ts'
import type { Association } from './association.ts'
import type { Context } from './context.ts'
import type { Tuple } from './tuple.ts'
import { buildNotify, epochOf, signatureFits } from './update.ts'

export type RefusalReason = 'no-association' | 'no-shared-secret' | 'older-state' | 'numbers-above-finals'

/** Refuses a packet of a peer that we have no state for: signed, proven, with the hash of what is refused. */
export function refusal(
  context: Context,
  peer: Uint8Array,
  addressee: Start | undefined,
  refused: Uint8Array,
): Uint8Array {
  const { start } = context
  const epoch = epochOf(start, addressee, 0, new Uint8Array(8), true)
  return buildNotify(context, peer, epoch, { type: Notification.RESUME_REFUSED, data: sha256(refused) }, start)
}

/** Tells the sender of an I1 that another identity than it looks for is here: HOST_ID and signature prove which. */
export function otherIdentity(context: Context, peer: Uint8Array): Uint8Array {
  const { algorithm, label, bytes: key } = context.identity.publicKey
  const notification = { type: Notification.INVALID_HIT, data: new Uint8Array(0) }
  return buildNotify(context, peer, encodeHostId({ algorithm, label, key }), notification)
}

/** Tells the sender of an I2 that we do not admit it. The hash of that I2 keeps the word from being used again. */
export function blocked(context: Context, peer: Uint8Array, i2: Uint8Array): Uint8Array {
  const { algorithm, label, bytes: key } = context.identity.publicKey
  const notification = { type: Notification.BLOCKED_BY_POLICY, data: sha256(i2) }
  return buildNotify(context, peer, encodeHostId({ algorithm, label, key }), notification)
}

/** A P1 or P2 that we cannot go on from: a proven floor rises, the association ends here and there (MOVING §4, §6). */
export function refuse(
  association: Association,
  now: number,
  message: Update,
  tuple: Tuple,
  proven:
    | {
        readonly start: Start
        readonly key: PublicKey
        readonly receipt: { readonly ledgerKey: PublicKey; readonly bytes: Uint8Array }
      }
    | undefined,
  reason: RefusalReason,
): void {
  const { context } = association
  context.count(`resume-refused-${reason}`)
  if (proven !== undefined) {
    const { start, key, receipt } = proven
    const { epoch, incarnation } = start
    context.floors.raise({ key, epoch, incarnation, ledger: receipt.ledgerKey, receipt: receipt.bytes })
  }
  if (context.mayNotify(now)) {
    association.sendTo(refusal(context, association.peerBytes, message.epoch?.sender, message.packet.bytes), tuple)
  }
  association.end(now, 'reset', reason)
}

/** An authentic packet of an older start: answered at most once per RTO with the receipt that supersedes it (MOVING §6). */
export function answerSuperseded(association: Association, now: number, tuple: Tuple): void {
  const { session, context } = association
  if (session === undefined || now - association.lastNotifiedAt < association.rtt.ptoMs) return
  const receipt = context.floors.get(session.peerKey)?.receipt
  if (receipt === undefined || !context.mayNotify(now)) return
  association.lastNotifiedAt = now
  const epoch = epochOf(context.start, session.peerStart, 0, new Uint8Array(8), false)
  const notification = { type: Notification.SUPERSEDED, data: receipt }
  association.sendTo(buildNotify(context, association.peerBytes, epoch, notification), tuple)
}

/** NOTIFY in. It never changes state but in the two ways that MOVING §6 allows. */
export function onNotify(association: Association, now: number, message: Notify, tuple: Tuple): void {
  const { session, context } = association
  const { notification, epoch } = message
  if (session === undefined || epoch === undefined || epoch.sender.epoch < session.peerStart.epoch) {
    return context.count('notify-ignored')
  }
  if (notification.type !== Notification.SUPERSEDED && notification.type !== Notification.RESUME_REFUSED) {
    return context.count('notify-unknown')
  }
  if (!signatureFits(message, session.peerKey, context.algorithms)) return context.count('signature-forged')
  association.paths.countReceived(tuple, message.packet.bytes.length + 4)
  if (notification.type === Notification.SUPERSEDED) return onSuperseded(association, notification.data)
  // Where the peer has a ledger, its identity key alone refuses nothing: a former host has that too.
  if (session.peerLedger !== undefined && provenStart(association, message) === undefined) {
    return context.count('refusal-unproven')
  }
  const refused = flight(association).some((packet) => equalBytes(sha256(packet), notification.data))
  if (!refused) return context.count('refusal-of-nothing')
  association.end(now, 'reset', 'the peer cannot resume it')
}

/** Only a receipt of our own ledger for a higher epoch fences us. */
function onSuperseded(association: Association, bytes: Uint8Array): void {
  const { context } = association
  const receipt = openReceipt(bytes)
  const { ledgerKey } = context.start
  if (typeof receipt === 'string' || ledgerKey === undefined || !samePublicKey(receipt.ledgerKey, ledgerKey)) {
    return context.count('superseded-unproven')
  }
  if (!equalBytes(receipt.hit, context.hitBytes) || receipt.epoch <= context.start.epoch)
    return context.count('superseded-unproven')
  context.fenced(receipt.epoch)
}

/** Everything of ours that is out and unanswered. */
function flight(association: Association): Uint8Array[] {
  const { session } = association
  const packets = [...association.reliable.values()].map(({ bytes }) => bytes)
  if (association.probe !== undefined) packets.push(association.probe)
  if (session === undefined) return packets
  const { ratchet } = session
  if (ratchet.name === 'offering' || ratchet.name === 'crossed') packets.push(ratchet.offer.bytes)
  if (ratchet.name === 'answered' || ratchet.name === 'crossed') packets.push(ratchet.answer.bytes)
  return packets
}
