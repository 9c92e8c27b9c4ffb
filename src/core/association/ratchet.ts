// The three-packet ratchet that renews S with fresh Diffie–Hellman values of both sides (MOVING §3, §5): offer, answer,
// confirmation and its ACK. A thaw runs it with P1, P2, P3 (../moving/rebind.ts); an ordinary rekey (RFC 7402 §6.9)
// runs the same states with U1, U2 and U3. The initiator commits with the answer, the responder with the first packet
// that opens under the new keys; both keep the old S until the confirmation or its ACK.

import { assert } from '../../base/assert.ts'
import { compareBytes, equalBytes } from '../../base/bytes.ts'
import { agree, type DhKey, generateDh } from '../../crypto/dh.ts'
import { type KeySet, ratchetKeys, type Start } from '../../crypto/keymat.ts'
import { wipe } from '../../crypto/secret.ts'
import { encodeDiffieHellman } from '../../wire/exchange.ts'
import type { Update } from '../../wire/messages.ts'
import { encodeReserveSpi } from '../../wire/private.ts'
import {
  type EspInfo,
  encodeAck,
  encodeEchoResponseSigned,
  encodeEspInfo,
  encodeSeq,
  LOWEST_SPI,
} from '../../wire/update.ts'
import type { Association, Reliable } from './association.ts'
import { logKij } from './context.ts'
import { replayEarly } from './data.ts'
import { watchPath } from './failover.ts'
import { startPlainRekey } from './plain.ts'
import { park, startCheck } from './reach.ts'
import { readdress } from './readdress.ts'
import { isAside } from './sa-pairs.ts'
import {
  type Answer,
  addInbound,
  closeInbound,
  makeOutbound,
  type Next,
  type Offer,
  replaceSecrets,
  type Secrets,
  type Session,
  secretsOf,
  switchOutbound,
  turnRatchet,
} from './session.ts'
import type { Tuple } from './tuple.ts'
import { withUnsignedEchoes } from './unsigned-echoes.ts'
import { buildUpdate, type Contents } from './update.ts'

/** Begins an ordinary rekey; false while anything else is unfinished (RFC 7402 §6.9: one at a time). */
export function startRekey(association: Association, now: number): boolean {
  const { usable: session, context } = association
  if (session === undefined || session.ratchet.name !== 'settled') return false
  if (session.plain !== undefined) return startPlainRekey(association, now)
  // A thawed association has its P1 to send first.
  if (association.reliable.size > 0 || session.interim !== undefined) return false
  const dh = freshDh(association, session)
  const inboundSpi = context.newSpi(association)
  const reserveIn = context.newSpi(association)
  const updateId = nextUpdateId(session)
  const bytes = buildUpdate(
    association.envelope(session),
    offerParameters(session, dh, inboundSpi, reserveIn, updateId),
    true,
  )
  const offer: Offer = { kind: 'rekey', dh, bytes, updateId, inboundSpi, reserveIn, tries: 1, sentAt: now, turn: 0 }
  turnRatchet(session, { name: 'offering', offer })
  sendAlong(association, now, bytes)
  association.timers.set('offer', now + association.rtt.ptoMs)
  return true
}

/**
 * ESP_INFO may say 0 to take an SA back (RFC 7402 §5.1.1), but nothing can be sealed to it. With a Diffie–Hellman value keys are
 * drawn from the first byte (§6.9).
 */
export function soundEspInfo({ keymatIndex, newSpi }: EspInfo, reserve: number): boolean {
  return keymatIndex === 0 && newSpi >= LOWEST_SPI && reserve !== newSpi
}

/** What P1 and U1 have in common. */
export function offerParameters(
  session: Session,
  dh: DhKey,
  inboundSpi: number,
  reserveIn: number,
  updateId: number,
): Contents[] {
  const oldSpi = session.inbound.find(({ role }) => role === 'ordinary')?.sa.spi ?? inboundSpi
  return [
    encodeEspInfo({ keymatIndex: 0, oldSpi, newSpi: inboundSpi }),
    encodeSeq(updateId),
    encodeDiffieHellman({ group: dh.group, publicValue: dh.publicValue }),
    encodeReserveSpi(reserveIn),
  ]
}

export function freshDh(association: Association, session: Session): DhKey {
  const { context } = association
  const { entropy, algorithms } = context
  const dh = context.takeDh(session.dhGroup) ?? generateDh(session.dhGroup, entropy, algorithms.dhGroups)
  assert(dh !== undefined, 'an association has a Diffie–Hellman group that we have')
  return dh
}

export function nextUpdateId(session: Session): number {
  const id = session.nextUpdateId
  session.nextUpdateId = (id + 1) >>> 0
  return id
}

/** U1 from the peer. Both at once: the offer of the greater HIT wins (docs/PROTOCOL.md, rulings). */
export function onRekeyOffer(association: Association, now: number, message: Update, tuple: Tuple): void {
  const { session, context } = association
  if (session === undefined || message.dh === undefined || message.espInfo === undefined) return
  if (message.seq === undefined || message.reserveSpi === undefined || message.epoch === undefined) return
  if (!soundEspInfo(message.espInfo, message.reserveSpi)) return context.count('offer-incomplete')
  const { ratchet } = session
  const own = ratchet.name === 'offering' ? ratchet.offer : undefined
  const ours = compareBytes(context.hitBytes, association.peerBytes) > 0
  if (own !== undefined && (own.kind === 'rebind' || ours)) return context.count('rekey-crossed')
  if (own === undefined && ratchet.name !== 'settled') return context.count('rekey-in-progress')
  if (!equalBytes(message.epoch.resumptionId, session.current.resumption.id))
    return context.count('rekey-of-other-secret')
  const dh = freshDh(association, session)
  const keys = deriveNext(association, session, dh, message.dh, session.peerStart)
  if (keys === undefined) return context.count('dh-invalid')
  if (own !== undefined) withdrawOffer(association, session, own)
  // This offer has confirmed the S it names: a late ACK of our own confirmation must not confirm the S after it.
  if (association.reliable.delete('confirm') && association.reliable.size === 0) association.timers.stop('reliable')
  const inboundSpi = context.newSpi(association)
  const reserveIn = context.newSpi(association)
  const next = makeNext(association, session, keys, inboundSpi, message.espInfo.newSpi, reserveIn, message.reserveSpi)
  const updateId = nextUpdateId(session)
  const parameters = [...offerParameters(session, dh, inboundSpi, reserveIn, updateId), encodeAck([message.seq])]
  const bytes = buildUpdate(association.envelope(session, session.current), parameters, true)
  const offerBytes = message.packet.bytes
  const answer: Answer = { kind: 'rekey', offerBytes, bytes, updateId, nonce: new Uint8Array(0), tries: 1, freeAt: now }
  turnRatchet(session, { name: 'answered', answer, next })
  session.peerUpdateIds.record(message.seq)
  association.sendTo(bytes, tuple)
  replayEarly(association, now)
}

/** Our rekey offer is void: a higher epoch or the peer's winning offer came between (MOVING §6). */
export function withdrawOffer(association: Association, session: Session, offer: Offer): void {
  association.context.dropSpi(offer.inboundSpi)
  association.context.dropSpi(offer.reserveIn)
  association.timers.stop('offer')
  if (session.ratchet.name === 'offering') turnRatchet(session, { name: 'settled' })
}

/** The keys of the next S, or undefined if the peer's value is none of the base exchange's group (RFC 7402 §6.9, MOVING §3). */
export function deriveNext(
  association: Association,
  session: Session,
  dh: DhKey,
  offered: NonNullable<Update['dh']>,
  peerStart: Start,
  from: Secrets = session.current,
): KeySet | undefined {
  const kij = offered.group === dh.group ? agree(dh, offered.publicValue) : undefined
  if (kij === undefined) return undefined
  const { context } = association
  logKij(context, association.peer, kij)
  const own = { epoch: context.start.epoch, incarnation: context.start.incarnation }
  const keys = ratchetKeys(session.context, kij, from.resumption, own, peerStart)
  wipe(kij)
  return keys
}

/** Builds the SAs of the next S. Sequence numbers start at 1 here and nowhere else for these keys. */
export function makeNext(
  association: Association,
  session: Session,
  keys: KeySet,
  inboundSpi: number,
  outboundSpi: number,
  reserveIn: number,
  reserveOut: number,
): Next {
  const { context } = association
  addInbound(session, context, 'ordinary', inboundSpi, keys.esp.receive, keys.resumption.id)
  const outbound = makeOutbound(session, context, outboundSpi, keys.esp.send)
  return { secrets: secretsOf(keys, reserveIn, reserveOut), outbound }
}

/** The answer has come: the initiator commits, seals under the new keys and repeats its confirmation until that is ACKed. */
export function commitWithAnswer(
  association: Association,
  now: number,
  next: Next,
  message: Update,
  offer: Offer,
): void {
  const { session, context } = association
  assert(session !== undefined && message.seq !== undefined, 'an answer has a SEQ and an association')
  if (offer.tries === 1) association.rtt.sample(now - offer.sentAt)
  association.timers.stop('offer')
  association.timers.stop('answer')
  session.peerUpdateIds.record(message.seq)
  turnRatchet(session, { name: 'committed', kind: offer.kind, next, offer, peerUpdateId: message.seq })
  switchOutbound(session, next.outbound, context.config.finalsMax)
  leaveInterim(association, session)
  confirm(association, session, [
    encodeAck([message.seq]),
    ...(message.echoRequestSigned === undefined ? [] : [encodeEchoResponseSigned(message.echoRequestSigned)]),
  ])
  replayEarly(association, now)
  context.wake(association)
}

/**
 * P3 or U3, under the new HIP key: key confirmation, repeated until ACKed under the new HIP key. Data under the new keys, which
 * commits the peer just as well, need not wait for its signature.
 */
function confirm(association: Association, session: Session, parameters: readonly Contents[]): void {
  // It lets the peer drop the old S: a question under it that is still out may be refused from now on, which means nothing.
  association.probe = undefined
  const { ratchet } = session
  association.context.owe(association, (now) => {
    if (association.session !== session || session.ratchet !== ratchet || association.over) return
    const updateId = nextUpdateId(session)
    const bytes = buildUpdate(association.envelope(session), [...parameters, encodeSeq(updateId)], true)
    sendReliably(association, now, { purpose: 'confirm', bytes, updateId, tries: 1, sentAt: now })
  })
}

/** A packet opened under the new keys: a responder commits (MOVING §5). The old S stays until P3 or its ACK. */
export function commitByData(association: Association): void {
  const { session, context } = association
  if (session === undefined) return
  const { ratchet } = session
  if (ratchet.name !== 'answered' && ratchet.name !== 'crossed') return
  const { next } = ratchet
  association.timers.stop('answer')
  const { kind } = ratchet.answer
  turnRatchet(session, { name: 'committed', kind, next, offer: undefined, peerUpdateId: undefined })
  switchOutbound(session, next.outbound, context.config.finalsMax)
  leaveInterim(association, session)
  closeInbound(session, context, ({ role }) => role === 'interim')
  if (ratchet.name !== 'crossed') return
  association.timers.stop('offer')
  confirm(association, session, [])
}

/** P3 or its ACK under the new HIP key: only now the old S and its HIP keys go. */
export function settle(association: Association, now: number): void {
  const { session, context } = association
  if (session === undefined) return
  const { ratchet } = session
  if (ratchet.name === 'settled' || ratchet.name === 'offering') return
  const rekeyed = (ratchet.name === 'committed' ? ratchet.kind : ratchet.answer.kind) === 'rekey'
  const { next } = ratchet
  context.dropSpi(session.current.reserveIn)
  replaceSecrets(session, next.secrets)
  turnRatchet(session, { name: 'settled' })
  // A question under the old S that is still out may be refused by now; that would mean nothing.
  association.probe = undefined
  switchOutbound(session, next.outbound, context.config.finalsMax)
  leaveInterim(association, session)
  association.timers.stop('offer')
  association.timers.stop('answer')
  closeInbound(session, context, ({ role }) => role === 'interim')
  retireOldSas(association, now, session)
  session.establishedAt = now
  association.timers.set('rekey', now + context.config.rekeyMs)
  if (rekeyed) context.event({ type: 'rekeyed', peer: association.peer })
  const { current } = association.paths
  if (current !== undefined && current.state !== 'active') startCheck(association, now, current, association.paths.why)
  // What is still out under the old S would never be acknowledged: the peer has dropped those keys.
  if (association.reliable.delete('readdress')) association.readdressWanted = true
  if (association.readdressWanted) readdress(association, now)
  context.wake(association)
}

/** The peer has answered this start, in whatever way: the interim key is not needed any more. */
export function leaveInterim(association: Association, session: Session): void {
  if (session.interim === undefined) return
  session.interim = undefined
  association.context.event({ type: 'resumed', peer: association.peer })
}

/** Old inbound SAs close wholly three PTO after the answer (MOVING §5). */
export function retireOldSas(association: Association, now: number, session: Session): void {
  const closesAt = now + 3 * association.rtt.ptoMs
  const { id } = session.current.resumption
  for (const entry of session.inbound) {
    if (entry.role !== 'ordinary' || isAside(session, entry.sa.spi)) continue
    if (!equalBytes(entry.of, id)) entry.closesAt = Math.min(entry.closesAt, closesAt)
  }
  const first = Math.min(...session.inbound.map((entry) => entry.closesAt))
  if (first < Infinity) association.timers.set('old-sas', first)
}

export function sendReliably(association: Association, now: number, reliable: Reliable): void {
  association.reliable.set(reliable.purpose, reliable)
  sendAlong(association, now, reliable.bytes)
  const at = now + association.rtt.backoffMs(reliable.tries)
  association.timers.set('reliable', Math.min(at, association.timers.at('reliable')))
}

/** ACKs are never acknowledged nor repeated; they go where the packet came from. `echoes`: what middleboxes asked in it. */
export function acknowledge(
  association: Association,
  tuple: Tuple,
  parameters: readonly Contents[],
  echoes: readonly Uint8Array[] = [],
): void {
  const { session } = association
  if (session === undefined) return
  const bytes = buildUpdate(association.envelope(session), parameters, false)
  association.sendTo(withUnsignedEchoes(bytes, echoes), tuple)
}

/** Sends along the current path, or another one if that is for data alone. */
export function sendAlong(association: Association, now: number, packet: Uint8Array): void {
  const { signalling } = association.paths
  if (signalling === undefined || !association.sendTo(packet, signalling)) return
  if (signalling === association.paths.current) watchPath(association, now)
}

/** Repeats confirmations and readdressing UPDATEs that have not been acknowledged (RFC 7401 §6.11). */
export function repeatReliable(association: Association, now: number): void {
  const { config } = association.context
  let soonest = Infinity
  for (const reliable of association.reliable.values()) {
    const due = reliable.sentAt + association.rtt.backoffMs(reliable.tries)
    if (due <= now) {
      if (reliable.tries >= config.updateTriesMax) return park(association, now)
      reliable.tries += 1
      reliable.sentAt = now
      sendAlong(association, now, reliable.bytes)
    }
    soonest = Math.min(soonest, reliable.sentAt + association.rtt.backoffMs(reliable.tries))
  }
  if (soonest < Infinity) association.timers.set('reliable', soonest)
}

/** An answer is repeated on its own only until the copies of the offer take over (MOVING §5: at most four). */
export function repeatAnswer(association: Association, now: number): void {
  const { session, context } = association
  if (session === undefined || (session.ratchet.name !== 'answered' && session.ratchet.name !== 'crossed')) return
  const { answer } = session.ratchet
  const { current } = association.paths
  if (answer.tries >= context.config.answersMax || current === undefined) {
    // Whoever thawed repeats its offer as long as it lives; if it has gone again, only parking finds it or ends this.
    if (session.ratchet.name === 'answered') park(association, now)
    return
  }
  answer.tries += 1
  sendAnswer(association, now, answer, current)
  association.timers.set('answer', now + association.rtt.backoffMs(answer.tries))
}

/**
 * P2 to a listed tuple is the address check itself: a few, one per RTO, go outside the data limits (MOVING §5). Its nonce
 * counts only from where it went.
 */
export function sendAnswer(association: Association, now: number, answer: Answer, tuple: Tuple): void {
  const { config } = association.context
  const due = answer.freeAt <= now && tuple.answers < config.answersMax
  let sent = true
  if (tuple.state === 'active') association.sendFreely(answer.bytes, tuple)
  else if (answer.kind === 'rebind' && tuple.listed && due) {
    tuple.answers += 1
    answer.freeAt = now + association.rtt.ptoMs
    association.context.sendPacket(answer.bytes, tuple.route)
  } else sent = association.sendTo(answer.bytes, tuple)
  if (!sent || answer.nonce.length === 0) return
  const known = association.answerEcho
  if (known !== undefined && equalBytes(known.nonce, answer.nonce)) {
    known.keys.add(tuple.key)
    known.sends += 1
  } else association.answerEcho = { nonce: answer.nonce, keys: new Set([tuple.key]), sentAt: now, sends: 1 }
}
