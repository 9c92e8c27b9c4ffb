// CLOSE and CLOSE_ACK (RFC 7401 §5.3.7, §5.3.8, §6.14, §6.15; MOVING §6): signed, MACed, echoed, and bound to both starts.

import { equalBytes } from '../../base/bytes.ts'
import type { Close, CloseAck } from '../../wire/messages.ts'
import { encodeEchoRequestSigned, encodeEchoResponseSigned } from '../../wire/update.ts'
import { provenStart } from '../moving/rebind.ts'
import type { Association } from './association.ts'
import { heldSecrets, type Secrets, type Session } from './session.ts'
import { sameStart, UNKNOWN_START } from './start-proof.ts'
import type { Tuple } from './tuple.ts'
import { buildClose, macFits, signatureFits } from './update.ts'

/** Says goodbye; the association ends when the peer has acknowledged, or after a few tries. `detail`: why, for our owner. */
export function startClose(association: Association, now: number, detail = ''): void {
  if (association.on('close') === 'discard') association.end(now, 'closed', detail)
  else sayGoodbye(association, now, detail)
}

/** RFC 7401 §4.4.3: nothing has been said or heard for UAL. The timer looks, when it fires, how long that really is. */
export function expireIdle(association: Association, now: number): void {
  const { usable, context, unsent } = association
  // What is parked, or has something to send, is not idle.
  if (usable === undefined || unsent.size > 0) association.usedAt = now
  const due = association.usedAt + context.config.idleMs
  if (due > now) return association.timers.set('idle', due)
  sayGoodbye(association, now, 'idle')
}

function sayGoodbye(association: Association, now: number, detail: string): void {
  const { session, context, state } = association
  if (session === undefined || state.name === 'closing') return
  const nonce = context.entropy(16)
  const close = buildClose(association.envelope(session), 'CLOSE', [encodeEchoRequestSigned(nonce)])
  association.turn({ name: 'closing', session, close, nonce, tries: 1, startedAt: now, detail })
  for (const timer of [
    'open',
    'offer',
    'answer',
    'plain-rekey',
    'reliable',
    'check',
    'silence',
    'keepalive',
    'park',
    'park-probe',
    'rekey',
    'streams',
    'idle',
  ] as const) {
    association.timers.stop(timer)
  }
  sendClose(association, close)
  association.timers.set('close', now + association.rtt.ptoMs)
}

function sendClose(association: Association, packet: Uint8Array): void {
  const { session, paths } = association
  const { current } = paths
  if (session === undefined || current === undefined) return
  // The peers of a thaw are unverified until they have answered; a start that ends at once still says so (MOVING §2).
  if (association.envelope(session).proveStart) association.sendFreely(packet, current)
  else association.sendTo(packet, current)
}

/** In `closing` CLOSE is repeated; in `closed` and `e-failed` the memory of it goes. */
export function expireClosing(association: Association, now: number): void {
  const { state, context } = association
  if (state.name === 'closed' || state.name === 'e-failed') {
    association.turn({ name: 'unassociated' })
    return context.forget(association)
  }
  if (state.name !== 'closing') return
  const { closeTriesMax, mslMs } = context.config
  if (state.tries >= closeTriesMax || now - state.startedAt >= mslMs)
    return association.end(now, 'closed', 'the peer did not acknowledge')
  state.tries += 1
  sendClose(association, state.close)
  const next = now + association.rtt.backoffMs(state.tries)
  association.timers.set('close', Math.min(next, state.startedAt + mslMs))
}

/** In `closed`, the CLOSE_ACK of the first CLOSE goes out for every other. */
export function repeatCloseAck(association: Association, message: Close, tuple: Tuple): void {
  association.paths.countReceived(tuple, message.packet.bytes.length + 4)
  if (association.state.name === 'closed') association.sendTo(association.state.closeAck, tuple)
}

export function onClose(association: Association, now: number, message: Close, tuple: Tuple): void {
  const { session, context } = association
  association.paths.countReceived(tuple, message.packet.bytes.length + 4)
  if (session === undefined) return onEarlyClose(association, now, message, tuple)
  if (message.echoRequestSigned.length > context.config.echoBytesMax) return context.count('echo-too-long')
  const secrets = fitting(association, session, message)
  if (secrets === undefined) return
  const echo = encodeEchoResponseSigned(message.echoRequestSigned)
  const closeAck = buildClose(association.envelope(session, secrets), 'CLOSE_ACK', [echo])
  association.sendTo(closeAck, tuple)
  // Both at once: our owner still hears why we did.
  const detail = association.state.name === 'closing' ? association.state.detail : ''
  association.end(now, 'closed-by-peer', detail, { name: 'closed', closeAck })
}

/** I2-SENT: the R2 was lost, and its sender closes. The keys of our I2 are those of the association (RFC 7401 §4.4.3). */
function onEarlyClose(association: Association, now: number, message: Close, tuple: Tuple): void {
  const { state, context, peerBytes } = association
  if (state.name !== 'opening' || state.opening.name !== 'I2-SENT') return
  const { accepted, keys, context: keyContext } = state.opening.sent
  const { suite } = keyContext
  const { peerKey, peerStart } = accepted
  if (message.echoRequestSigned.length > context.config.echoBytesMax) return context.count('echo-too-long')
  if (!macFits(message, suite, keys.hip.receive)) return context.count('mac-forged')
  const sender = message.epoch?.sender
  const ofThatStart = peerStart === undefined || (sender !== undefined && sameStart(sender, peerStart))
  if (!ofThatStart || !signatureFits(message, peerKey, context.algorithms)) return context.count('close-refused')
  const envelope = {
    own: context.hitBytes,
    peer: peerBytes,
    suite,
    start: context.start,
    identity: context.identity,
    addressee: peerStart ?? UNKNOWN_START,
    baseEpoch: 0,
    resumption: keys.resumption,
    hipSend: keys.hip.send,
    proveStart: false,
    plain: peerStart === undefined,
  }
  const closeAck = buildClose(envelope, 'CLOSE_ACK', [encodeEchoResponseSigned(message.echoRequestSigned)])
  association.sendTo(closeAck, tuple)
  association.end(now, 'closed-by-peer', 'before its R2 came', { name: 'closed', closeAck })
}

/**
 * The S under which a CLOSE is authentic. One of a higher epoch must prove its start; one that names an older start of ours
 * still closes if its MAC fits a key that we hold; a lower epoch never (MOVING §6).
 */
function fitting(association: Association, session: Session, message: Close): Secrets | undefined {
  const { context } = association
  const { epoch } = message
  if (session.plain !== undefined) return fittingPlain(association, session, message)
  if (epoch === undefined) {
    context.count('close-without-epoch')
    return undefined
  }
  const secrets = heldSecrets(session).find(({ hip }) => macFits(message, session.context.suite, hip.receive))
  const { sender, addressee } = epoch
  const known = session.peerStart
  let lawful =
    sender.epoch > known.epoch || (sender.epoch === known.epoch && equalBytes(sender.incarnation, known.incarnation))
  // Under the S from which the peer thawed only an unanswered start closes, and that proves itself: a former host has it too.
  const left = secrets === session.current && peerHasThawed(session)
  if (sender.epoch > known.epoch || left) lawful &&= provenStart(association, message) !== undefined
  const ours = addressee.epoch === context.start.epoch && equalBytes(addressee.incarnation, context.start.incarnation)
  if (!ours && addressee.epoch >= context.start.epoch) lawful = false
  if (secrets === undefined || !lawful || !signatureFits(message, session.peerKey, context.algorithms)) {
    context.count(secrets === undefined ? 'mac-forged' : 'close-refused')
    return undefined
  }
  return secrets
}

/** A peer that knows only the RFCs has one set of HIP keys, and no starts. */
function fittingPlain({ context }: Association, session: Session, message: Close): Secrets | undefined {
  const secrets = session.current
  if (!macFits(message, session.context.suite, secrets.hip.receive)) context.count('mac-forged')
  else if (signatureFits(message, session.peerKey, context.algorithms)) return secrets
  else context.count('signature-forged')
  return undefined
}

/** We have answered a P1, and the new S is not confirmed yet. */
function peerHasThawed({ ratchet }: Session): boolean {
  if (ratchet.name === 'answered' || ratchet.name === 'crossed') return ratchet.answer.kind === 'rebind'
  return ratchet.name === 'committed' && ratchet.kind === 'rebind' && ratchet.offer === undefined
}

export function onCloseAck(association: Association, now: number, message: CloseAck): void {
  const { state, context } = association
  if (state.name !== 'closing') return
  const { session } = state
  const fits = heldSecrets(session).some(({ hip }) => macFits(message, session.context.suite, hip.receive))
  if (!fits || !equalBytes(message.echoResponseSigned, state.nonce)) return context.count('close-ack-forged')
  if (!signatureFits(message, session.peerKey, context.algorithms)) return context.count('signature-forged')
  association.end(now, 'closed', state.detail)
}
