// The peer's side of the rebinding flight and the rules that decide every crossing (MOVING §5, §6): P1 in, P2 out, and the
// thawed side's reading of P2. What both have in common with an ordinary rekey is in ../association/ratchet.ts.

import { equalBytes } from '../../base/bytes.ts'
import type { DhKey } from '../../crypto/dh.ts'
import type { PublicKey } from '../../crypto/identity.ts'
import type { KeySet, Start } from '../../crypto/keymat.ts'
import type { Update } from '../../wire/messages.ts'
import { coveredBy } from '../../wire/packet.ts'
import { type Epoch, encodeFinals } from '../../wire/private.ts'
import { Parameter } from '../../wire/registry.ts'
import { encodeAck, encodeEchoRequestSigned } from '../../wire/update.ts'
import type { Association } from '../association/association.ts'
import { replayEarly } from '../association/data.ts'
import { tendSoon } from '../association/failover.ts'
import { liveFloor } from '../association/live-floor.ts'
import { refuse } from '../association/notify.ts'
import {
  commitWithAnswer,
  deriveNext,
  freshDh,
  leaveInterim,
  makeNext,
  nextUpdateId,
  offerParameters,
  sendAnswer,
  soundEspInfo,
  withdrawOffer,
} from '../association/ratchet.ts'
import { arrive } from '../association/reach.ts'
import {
  type Answer,
  addInbound,
  applyFinals,
  closeInbound,
  finalsOf,
  heldSecrets,
  interimFor,
  type Offer,
  replaceSecrets,
  type Secrets,
  type Session,
  switchOutbound,
  turnRatchet,
} from '../association/session.ts'
import { reboundStreams } from '../association/streaming.ts'
import { headerBytes, type Tuple } from '../association/tuple.ts'
import { buildUpdate, macFits, signatureFits, UpdateIds } from '../association/update.ts'
import { listedLocators } from './offer.ts'
import { verifyInstance, verifyReceipt } from './receipt.ts'

/** A P1 with everything that a P1 has. */
interface RebindOffer {
  readonly message: Update
  readonly epoch: Epoch
  readonly seq: number
  readonly dh: NonNullable<Update['dh']>
  readonly espInfo: NonNullable<Update['espInfo']>
  readonly locators: NonNullable<Update['locators']>
  readonly finals: NonNullable<Update['finals']>
  readonly reserveSpi: number
}

/** A start that receipt and INSTANCE prove and no floor forbids. */
interface ProvenStart {
  readonly key: PublicKey
  readonly start: Start
  readonly receipt: { readonly ledgerKey: PublicKey; readonly bytes: Uint8Array }
}

/** An UPDATE that offers to rebind: Diffie–Hellman and FINALS, and no ACK. */
export function isRebindOffer(message: Update): boolean {
  return message.dh !== undefined && message.finals !== undefined && message.ack === undefined
}

/** P1 of a higher epoch, a copy of one that we have answered, or one of the bound epoch that this start has not answered. */
export function onRebindOffer(
  association: Association,
  now: number,
  message: Update,
  tuple: Tuple,
  relation: 'higher' | 'same',
): void {
  const { session, context } = association
  const offer = readOffer(message)
  if (session === undefined || offer === undefined) return context.count('offer-incomplete')
  const { ratchet } = session
  if (relation === 'same') {
    const answer = ratchet.name === 'answered' || ratchet.name === 'crossed' ? ratchet.answer : undefined
    if (answer !== undefined) {
      if (!equalBytes(answer.offerBytes, message.packet.bytes)) return context.count('offer-changed')
      return sendAnswer(association, now, answer, tuple)
    }
    if (ratchet.name !== 'offering' || ratchet.offer.kind !== 'rebind') return context.count('offer-repeated')
  }
  const secrets = heldSecrets(session).find(({ resumption }) => equalBytes(resumption.id, offer.epoch.resumptionId))
  const fits = secrets !== undefined && macFits(message, session.context.suite, secrets.hip.receive)
  if (!fits && relation === 'same') return context.count('offer-of-other-secret')
  // Without a MAC that fits, a signature is checked only out of a budget: it costs a hundred times as much.
  if (!fits && !context.mayNotifyStranger(now, tuple.locator)) return context.count('mac-forged')
  if (!signatureFits(message, session.peerKey, context.algorithms)) return context.count('signature-forged')
  const proven = provenStart(association, message)
  if (proven === undefined) return
  if (!fits) return refuse(association, now, message, tuple, proven, 'no-shared-secret')
  if (relation === 'higher' && session.peerStart.epoch > offer.epoch.baseEpoch) {
    return refuse(association, now, message, tuple, proven, 'older-state')
  }
  acceptOffer(association, now, offer, tuple, proven, secrets, relation)
}

/** Reads the start that a packet claims; counts why it is not proven (MOVING §1). */
export function provenStart(
  association: Association,
  message: Pick<Update, 'epoch' | 'instance' | 'packet'>,
): ProvenStart | undefined {
  const { context, session } = association
  const { epoch, instance, packet } = message
  if (session === undefined || epoch === undefined) return undefined
  const start = epoch.sender
  const pinned = session.peerLedger ?? context.floors.get(session.peerKey)?.ledger
  const { keys } = context.algorithms
  const receipt = verifyReceipt(epoch.receipt, { hit: association.peer, start, pinned, keys })
  if (typeof receipt === 'string') {
    context.count(`receipt-${receipt}`)
    return undefined
  }
  if (instance === undefined || !verifyInstance(instance, coveredBy(packet, Parameter.INSTANCE), start, keys)) {
    context.count('instance-unproven')
    return undefined
  }
  const proven = { key: session.peerKey, start, receipt: { ledgerKey: receipt.ledgerKey, bytes: epoch.receipt } }
  const judgement = context.floors.judge(proven, liveFloor(association))
  if (judgement === 'accepted') return proven
  context.count(`start-${judgement}`)
  return undefined
}

/** From now on the association belongs to this start of the peer, and its Update IDs begin anew (MOVING §6). */
function bindStart(association: Association, session: Session, { key, start, receipt }: ProvenStart): void {
  const { epoch, incarnation } = start
  session.peerStart = { epoch, incarnation }
  session.peerLedger = receipt.ledgerKey
  session.peerUpdateIds = new UpdateIds(association.context.config.updateIdWindow)
  session.peerCheckIds = new UpdateIds(association.context.config.updateIdWindow)
  association.context.floors.raise({ key, epoch, incarnation, ledger: receipt.ledgerKey, receipt: receipt.bytes })
}

/**
 * P2 for our P1: the thawed side commits. In a crossing both ends do, with one and the same new S; but what we crossed may have
 * been a late copy of a P1 that an earlier start of ours had answered. A peer's start answers a P1 once, so P2 decides.
 */
export function onRebindAnswer(
  association: Association,
  now: number,
  message: Update,
  tuple: Tuple,
  relation: 'higher' | 'same',
): void {
  const { session, context } = association
  const { dh, espInfo, reserveSpi, finals, epoch } = message
  if (session === undefined || (session.ratchet.name !== 'offering' && session.ratchet.name !== 'crossed')) return
  const complete = dh !== undefined && espInfo !== undefined && reserveSpi !== undefined && message.seq !== undefined
  if (!complete || epoch === undefined || !soundEspInfo(espInfo, reserveSpi)) return context.count('answer-incomplete')
  const { ratchet } = session
  const { offer } = ratchet
  if (!equalBytes(epoch.resumptionId, session.current.resumption.id)) return context.count('answer-of-other-secret')
  const proven = relation === 'higher' ? provenStart(association, message) : undefined
  if (relation === 'higher' && proven === undefined) return
  const keys = deriveNext(association, session, offer.dh, dh, epoch.sender)
  if (keys === undefined) return context.count('dh-invalid')
  const known = ratchet.name === 'crossed' ? ratchet.next : undefined
  const same = known !== undefined && equalBytes(known.secrets.resumption.id, keys.resumption.id)
  if (finals !== undefined && !applyFinals(withoutNext(session), finals, now + 3 * association.rtt.ptoMs)) {
    return refuse(association, now, message, tuple, proven, 'numbers-above-finals')
  }
  if (proven !== undefined) bindStart(association, session, proven)
  if (known !== undefined && !same) dropNext(association, session)
  const next = same
    ? known
    : makeNext(association, session, keys, offer.inboundSpi, espInfo.newSpi, offer.reserveIn, reserveSpi)
  if (offer.kind === 'rebind') {
    association.rtt.restart()
    arrive(association, now, tuple)
  }
  commitWithAnswer(association, now, next, message, offer)
}

function readOffer(message: Update): RebindOffer | undefined {
  const { epoch, seq, dh, espInfo, locators, finals, reserveSpi } = message
  if (epoch === undefined || seq === undefined || dh === undefined || espInfo === undefined) return undefined
  if (locators === undefined || finals === undefined || reserveSpi === undefined) return undefined
  return soundEspInfo(espInfo, reserveSpi)
    ? { message, epoch, seq, dh, espInfo, locators, finals, reserveSpi }
    : undefined
}

/** The peer is bound to its new start; whatever was unfinished falls back to the S that P1 names (MOVING §6). */
function acceptOffer(
  association: Association,
  now: number,
  offer: RebindOffer,
  tuple: Tuple,
  proven: ProvenStart,
  secrets: Secrets,
  relation: 'higher' | 'same',
): void {
  const { session, context, paths } = association
  if (session === undefined) return
  const own = unansweredOffer(session, secrets)
  const dh = own?.dh ?? freshDh(association, session)
  const keys = deriveNext(association, session, dh, offer.dh, proven.start, secrets)
  if (keys === undefined) return context.count('dh-invalid')
  const closesAt = now + 3 * association.rtt.ptoMs
  if (!applyFinals(session, offer.finals, closesAt)) {
    return refuse(association, now, offer.message, tuple, proven, 'numbers-above-finals')
  }
  abandon(association, session, secrets)
  bindStart(association, session, proven)
  session.peerUpdateIds.record(offer.seq)
  association.credit.restart(now)
  association.rtt.restart()
  association.reliable.clear()
  const received = tuple.received
  paths.keep(tuple)
  paths.list(listedLocators(offer.locators, now))
  paths.restart(tuple)
  tendSoon(association, now)
  tuple.received = Math.max(received, offer.message.packet.bytes.length + 4 + headerBytes(tuple.locator))
  association.heard(now, tuple, offer.message.packet.bytes.length + 4)
  reboundStreams(association, now)
  // The window of an interim SA does not travel: a copy of a P1 that an earlier start of ours has answered opens none.
  if (relation === 'higher') openInterim(association, session, proven.start, offer.epoch.addressee)
  answerOffer(association, now, session, offer, own, dh, keys, tuple)
  association.timers.set('old-sas', Math.min(closesAt, association.timers.at('old-sas')))
  context.event({ type: 'rebound', peer: association.peer, epoch: proven.start.epoch })
  replayEarly(association, now)
  context.wake(association)
}

/** P2, and data at once under the new keys. Until our own P1 is answered every answer repeats its DH, SPI and proof. */
function answerOffer(
  association: Association,
  now: number,
  session: Session,
  offer: RebindOffer,
  own: Offer | undefined,
  dh: DhKey,
  keys: KeySet,
  tuple: Tuple,
): void {
  const { context } = association
  const inboundSpi = own?.inboundSpi ?? context.newSpi(association)
  const reserveIn = own?.reserveIn ?? context.newSpi(association)
  const updateId = nextUpdateId(session)
  const nonce = context.entropy(16)
  const parameters = [
    ...offerParameters(session, dh, inboundSpi, reserveIn, updateId),
    encodeAck([offer.seq]),
    encodeEchoRequestSigned(nonce),
    encodeFinals(finalsOf(session, context.config.finalsMax)),
  ]
  const bytes = buildUpdate(association.envelope(session, session.current), parameters, true)
  const offerBytes = offer.message.packet.bytes
  const answer: Answer = { kind: 'rebind', offerBytes, bytes, updateId, nonce, tries: 1, freeAt: now }
  const next = makeNext(association, session, keys, inboundSpi, offer.espInfo.newSpi, reserveIn, offer.reserveSpi)
  turnRatchet(
    session,
    own === undefined ? { name: 'answered', answer, next } : { name: 'crossed', offer: own, answer, next },
  )
  switchOutbound(session, next.outbound, context.config.finalsMax)
  sendAnswer(association, now, answer, tuple)
  association.timers.set('answer', now + association.rtt.ptoMs)
}

/** Our own P1, if it is out and unanswered; a P1 that names the pending S has answered it. */
function unansweredOffer({ ratchet }: Session, secrets: Secrets): Offer | undefined {
  if (ratchet.name === 'offering' && ratchet.offer.kind === 'rebind') return ratchet.offer
  return ratchet.name === 'crossed' && secrets !== ratchet.next.secrets ? ratchet.offer : undefined
}

/** Both sides fall back to the S that P1 names and the last finalised SAs (MOVING §6). */
function abandon(association: Association, session: Session, secrets: Secrets): void {
  const { ratchet } = session
  const { context } = association
  closeInbound(session, context, ({ role }) => role === 'interim')
  if (ratchet.name === 'settled') return
  if (ratchet.name === 'offering') {
    if (ratchet.offer.kind === 'rekey') withdrawOffer(association, session, ratchet.offer)
    return
  }
  if (secrets === ratchet.next.secrets) {
    context.dropSpi(session.current.reserveIn)
    replaceSecrets(session, secrets)
    association.timers.stop('offer')
    leaveInterim(association, session)
  } else if (ratchet.name === 'crossed') dropNext(association, session)
  else context.dropSpi(ratchet.next.secrets.reserveIn)
}

/** The inbound SA of a crossing that came to nothing: its SPI, which our P1 has announced, is used again. */
function dropNext(association: Association, session: Session): void {
  const { ratchet } = session
  if (ratchet.name !== 'crossed') return
  const { inboundSpi } = ratchet.offer
  for (const { sa } of session.inbound) if (sa.spi === inboundSpi) sa.forget()
  association.streaming?.transport.received.dropSpace(inboundSpi)
  session.inbound = session.inbound.filter(({ sa }) => sa.spi !== inboundSpi)
  association.context.count('crossing-overtaken')
}

/** FINALS of P2 speak of the SAs before it, never of the one that the new S opens. */
function withoutNext(session: Session): Session {
  const { ratchet } = session
  if (ratchet.name !== 'crossed') return session
  return {
    ...session,
    inbound: session.inbound.filter(({ of }) => !equalBytes(of, ratchet.next.secrets.resumption.id)),
  }
}

/** The SA on our reserve SPI, under a key that only this start of the peer can derive (MOVING §3). */
function openInterim(association: Association, session: Session, sender: Start, receiver: Start): void {
  const { context } = association
  const spi = session.current.reserveIn
  const keys = interimFor(
    session,
    session.current,
    { hit: association.peerBytes, start: sender },
    { hit: context.hitBytes, start: receiver },
    spi,
  )
  addInbound(session, context, 'interim', spi, keys, session.current.resumption.id)
}
