// Whose a HIP packet is (RFC 7401 §6.1): found by HITs, never by addresses. What nobody here can use is counted, and two
// kinds of it are answered, at a limited rate, because the answer saves their sender a riddle.

import type { Route } from '../base/address.ts'
import { equalBytes } from '../base/bytes.ts'
import { type Hit, hitText } from '../crypto/hit.ts'
import type { I1, Message } from '../wire/messages.ts'
import type { Association } from './association/association.ts'
import { onClose, onCloseAck, repeatCloseAck } from './association/closing.ts'
import type { Context } from './association/context.ts'
import { onUpdate, refuseUpdate } from './association/control.ts'
import { onNotify, otherIdentity } from './association/notify.ts'
import { onBlocked, onOtherIdentity, onR1, onR2 } from './association/opening.ts'
import type { Responding } from './association/responding.ts'
import { actionOf } from './association/states.ts'
import type { Inquiries } from './inquiries.ts'

export interface Reception {
  readonly context: Context
  readonly associations: ReadonlyMap<Hit, Association>
  readonly responding: Responding
  readonly inquiries: Inquiries
  /** A new association with this peer. */
  make(peer: Hit, now: number): Association
}

/** Takes one well-formed packet. Returns the association that it reached, if it reached one. */
export function receiveHip(
  reception: Reception,
  now: number,
  message: Message,
  source: Route,
): Association | undefined {
  const { context, associations, responding } = reception
  if (message.kind === 'I1' && isForAnybody(message)) {
    onOpportunistic(reception, now, message, source)
    return undefined
  }
  if (!equalBytes(message.receiver, context.hitBytes)) {
    onMisaddressed(context, now, message, source)
    return undefined
  }
  const peer = hitText(message.sender)
  const association = associations.get(peer)
  if (message.kind === 'I1') {
    responding.onI1(now, message, source, association)
    return association
  }
  if (message.kind === 'I2') {
    return responding.onI2(now, message, source, association, () => reception.make(peer, now))
  }
  const asked = message.kind === 'R1' && reception.inquiries.onR1(message, source)
  if (association === undefined && asked) return undefined
  if (association === undefined) onStranger(reception, now, message, source)
  else dispatch(association, now, message, source)
  return association
}

function dispatch(
  association: Association,
  now: number,
  message: Exclude<Message, { kind: 'I1' | 'I2' }>,
  source: Route,
): void {
  const does = association.on(message.kind)
  if (does === undefined) return association.context.count(UNEXPECTED[message.kind])
  if (message.kind === 'R1') return onR1(association, now, message, source)
  if (message.kind === 'R2') return onR2(association, now, message, source)
  const tuple = association.paths.glance(source)
  if (message.kind === 'UPDATE')
    return does === 'refuse'
      ? refuseUpdate(association.context, now, message, source)
      : onUpdate(association, now, message, tuple)
  if (message.kind === 'NOTIFY')
    return association.state.name === 'opening'
      ? onBlocked(association, now, message)
      : onNotify(association, now, message, tuple)
  if (message.kind === 'CLOSE')
    return does === 'send CLOSE_ACK again'
      ? repeatCloseAck(association, message, tuple)
      : onClose(association, now, message, tuple)
  return onCloseAck(association, now, message)
}

const UNEXPECTED = {
  R1: 'r1-unexpected',
  R2: 'r2-unexpected',
  UPDATE: 'update-unexpected',
  NOTIFY: 'notify-unexpected',
  CLOSE: 'close-unexpected',
  CLOSE_ACK: 'close-ack-unexpected',
} as const

/** RFC 7401 §4.1.8: the Initiator does not know whom it will find. */
function isForAnybody({ receiver }: Message): boolean {
  return receiver.every((byte) => byte === 0)
}

/** Only where that is wanted. Elsewhere not even who is here is said. */
function onOpportunistic({ context, associations, responding }: Reception, now: number, i1: I1, source: Route): void {
  if (!context.opportunistic) return context.count('i1-opportunistic')
  responding.onI1(now, { ...i1, receiver: context.hitBytes }, source, associations.get(hitText(i1.sender)))
}

/** An I1 for an identity that is not here: a signed word says who is. Shorter than an I1. */
function onMisaddressed(context: Context, now: number, message: Message, source: Route): void {
  context.count('hip-for-another')
  // An unpadded I1 is too short to be answered.
  if (message.kind !== 'I1' || message.padding === undefined || !context.mayNotifyStranger(now, source)) return
  context.sendPacket(otherIdentity(context, message.sender), source)
}

/** A packet for an association that we do not have, by the row of UNASSOCIATED. */
function onStranger({ context, associations }: Reception, now: number, message: Message, source: Route): void {
  context.count('no-association')
  if (actionOf('UNASSOCIATED', message.kind) === undefined) return
  if (message.kind === 'UPDATE') refuseUpdate(context, now, message, source)
  if (message.kind !== 'NOTIFY' || !context.mayNotifyStranger(now, source)) return
  for (const association of associations.values()) onOtherIdentity(association, message, source)
}
