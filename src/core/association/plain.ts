// Peers that know only the RFCs (no EPOCH in their R1 or I2): RFC 7402 §6.8 to §6.10 in place of the ratchet, RFC 8046 §3.2 as it
// stands. A rekey is one UPDATE of each end, ours and theirs, whoever began and even if both did; it is over when ours is acknowledged
// and theirs has come. We always bring a fresh Diffie–Hellman value, so that no KEYMAT has to be kept: one that brings none gets keys
// from the value that it brought last (RFC 7402 §6.10). Their HIP keys last as long as the association.

import { agree, type DhKey } from '../../crypto/dh.ts'
import { type EspKeySet, type Resumption, rekeyedKeys } from '../../crypto/keymat.ts'
import { wipe } from '../../crypto/secret.ts'
import { encodeDiffieHellman } from '../../wire/exchange.ts'
import type { Update } from '../../wire/messages.ts'
import type { LocatorEntry } from '../../wire/mobility.ts'
import {
  encodeAck,
  encodeEchoRequestSigned,
  encodeEchoResponseSigned,
  encodeEspInfo,
  encodeSeq,
  LOWEST_SPI,
} from '../../wire/update.ts'
import { listedLocators, locatorParameter, sendOffer, withPorts } from '../moving/offer.ts'
import type { OutboundSa } from '../sa/outbound.ts'
import type { Association } from './association.ts'
import { logKij } from './context.ts'
import { onAcknowledged } from './control.ts'
import { replayEarly } from './data.ts'
import { acknowledge, freshDh, nextUpdateId, retireOldSas } from './ratchet.ts'
import { arrive, park, startCheck } from './reach.ts'
import { onReaddress, ordinarySpi } from './readdress.ts'
import { mayAddPair, type SaPair, setAside, usePair, withdrawPair } from './sa-pairs.ts'
import { addInbound, makeOutbound, replaceResumption, type Session, switchOutbound } from './session.ts'
import type { Tuple } from './tuple.ts'
import { buildUpdate, type Contents, macFits, signatureFits } from './update.ts'

/** What an association with such a peer has beside the rest. */
export interface Plain {
  /** The peer's latest Diffie–Hellman value. */
  peerDh: Uint8Array
  rekey: PlainRekey | undefined
  /** When the last rekey was over, and the Update ID of their half of it. */
  rekeyedAt: number
  lastHalf: number | undefined
  /** Pairs of SAs beside the one in use, oldest first. */
  pairs: readonly SaPair[]
  /** We have been started elsewhere and have no SA to seal with before a rekey (MOVING §2). */
  thawed: boolean
}

/** Our half of a rekey, which is repeated until it is acknowledged, and theirs, once it has come. */
export interface PlainRekey {
  readonly dh: DhKey
  readonly inboundSpi: number
  readonly updateId: number
  readonly bytes: Uint8Array
  /** It is no rekey but another pair of SAs: the inbound SPI of the one beside which it is made. */
  readonly beside: number | undefined
  /** Where it answers to; undefined if we have begun. */
  readonly to: Tuple | undefined
  tries: number
  turn: number
  sentAt: number
  acknowledged: boolean
  theirs: Theirs | undefined
}

interface Theirs {
  readonly updateId: number
  readonly dh: Uint8Array
  readonly outbound: OutboundSa
  readonly resumption: Resumption
}

/** Begins a rekey; false while there is one. After a thaw it says where we are, too (RFC 8046 §3.2.2). */
export function startPlainRekey(association: Association, now: number): boolean {
  const { session, context } = association
  if (session?.plain === undefined || session.plain.rekey !== undefined) return false
  // The peer may still wait for our acknowledgement of the last one, and would take this one for it.
  const newest = session.inbound.findLast(({ role }) => role === 'ordinary')
  if (newest?.sa.highest === 0 && now - session.plain.rekeyedAt < context.config.ptoMaxMs) return false
  const locators = context.locators.slice(0, context.config.locatorsPerPeerMax)
  const where = (spi: number): Contents[] => (session.plain?.thawed === true ? [locatorParameter(locators, spi)] : [])
  const rekey = openRekey(association, now, session, undefined, where)
  session.plain.rekey = rekey
  sendRekey(association, now, rekey)
  association.timers.set('plain-rekey', now + association.rtt.ptoMs)
  return true
}

function openRekey(
  association: Association,
  now: number,
  session: Session,
  to: Tuple | undefined,
  more: (spi: number) => readonly Contents[],
  adds = false,
): PlainRekey {
  const dh = freshDh(association, session)
  const inUse = ordinarySpi(session)
  const oldSpi = adds ? 0 : inUse
  const inboundSpi = association.context.newSpi(association)
  const updateId = nextUpdateId(session)
  const parameters = [
    encodeEspInfo({ keymatIndex: 0, oldSpi, newSpi: inboundSpi }),
    encodeSeq(updateId),
    encodeDiffieHellman({ group: dh.group, publicValue: dh.publicValue }),
    ...more(inboundSpi),
  ]
  const bytes = buildUpdate(association.envelope(session), parameters, true)
  const halves = { acknowledged: false, theirs: undefined }
  const beside = adds ? inUse : undefined
  return { dh, inboundSpi, updateId, bytes, beside, to, tries: 1, turn: 0, sentAt: now, ...halves }
}

function sendRekey(association: Association, now: number, rekey: PlainRekey): void {
  const { session, paths } = association
  if (session?.plain?.thawed === true && rekey.to === undefined) return sendOffer(association, now, rekey)
  const tuple = rekey.to ?? paths.current
  if (tuple !== undefined) association.sendTo(rekey.bytes, tuple)
  if (rekey.to !== undefined && association.answerEcho !== undefined) association.answerEcho.sends += 1
}

/** Unacknowledged, it is repeated (RFC 7401 §6.11). Acknowledged without an answer, it is given up and begun again later. */
export function repeatPlainRekey(association: Association, now: number): void {
  const { session, context, timers, rtt } = association
  const rekey = session?.plain?.rekey
  if (session?.plain === undefined || rekey === undefined) return
  if (rekey.tries >= context.config.updateTriesMax) {
    if (!rekey.acknowledged) return park(association, now)
    context.count('rekey-unanswered')
    session.inbound = session.inbound.filter(({ sa }) => sa.spi !== rekey.inboundSpi)
    context.dropSpi(rekey.inboundSpi)
    session.plain.rekey = undefined
    return timers.set('rekey', now + context.config.ptoMaxMs)
  }
  rekey.tries += 1
  rekey.turn += 1
  if (!rekey.acknowledged) sendRekey(association, now, rekey)
  timers.set('plain-rekey', now + rtt.backoffMs(rekey.tries))
}

/** UPDATE in (RFC 7401 §6.12): MAC, signature, what it acknowledges, what is new in it. */
export function onPlainUpdate(association: Association, now: number, message: Update, tuple: Tuple): void {
  const { session, context } = association
  if (session?.plain === undefined) return
  if ((message.echoRequestSigned?.length ?? 0) > context.config.echoBytesMax) return context.count('echo-too-long')
  const size = message.packet.bytes.length + 4
  association.paths.countReceived(tuple, size)
  if (!macFits(message, session.context.suite, session.current.hip.receive)) return context.count('mac-forged')
  if (message.signature === undefined) return context.count('signature-missing')
  if (!signatureFits(message, session.peerKey, context.algorithms)) return context.count('signature-forged')
  const matched = acknowledges(association, now, message, tuple, session)
  const { seq } = message
  const state = seq === undefined ? undefined : session.peerUpdateIds.state(seq)
  // A recorded packet proves nothing about now.
  if (matched || state === 'new') association.heard(now, tuple, size)
  if (seq === undefined) return
  if (state === 'old') return context.count('update-id-old')
  if (state === 'seen') return repeatAnswer(association, now, message, tuple, seq)
  onNew(association, now, session, { ...message, seq }, tuple)
}

/** RFC 7401 §6.12.2; false if it acknowledges and answers nothing of ours. */
function acknowledges(association: Association, now: number, message: Update, tuple: Tuple, session: Session): boolean {
  const checked = tuple.check !== undefined && message.ack?.includes(tuple.check.updateId) === true
  const matched = onAcknowledged(association, now, message, tuple, session.current) || checked
  const rekey = session.plain?.rekey
  if (rekey === undefined || rekey.acknowledged || message.ack?.includes(rekey.updateId) !== true) return matched
  if (rekey.tries === 1) association.rtt.sample(now - rekey.sentAt)
  // What comes with the acknowledgement is the answer. What came before it was a late copy of something older.
  if (offers(message) && message.seq !== undefined && session.peerUpdateIds.state(message.seq) === 'new')
    rekey.theirs = undefined
  // It was sent to wherever the peer might be, so the answer says where that is (MOVING §5).
  if (session.plain?.thawed === true) arrive(association, now, tuple)
  takenUp(association, now, rekey)
  return true
}

/** The peer has our half: it has acknowledged it, or sealed to the SPI that it names. */
export function takenUp(association: Association, now: number, rekey: PlainRekey): void {
  rekey.acknowledged = true
  finish(association, now, rekey)
}

/** What has been seen is acknowledged again (RFC 7401 §6.12.1); an answer that may be lost goes out again with it. */
function repeatAnswer(association: Association, now: number, message: Update, tuple: Tuple, seq: number): void {
  const rekey = association.session?.plain?.rekey
  if (offers(message) && rekey?.to !== undefined && !rekey.acknowledged) sendRekey(association, now, rekey)
  else answer(association, message, tuple, seq)
}

function onNew(
  association: Association,
  now: number,
  session: Session,
  message: Update & { readonly seq: number },
  tuple: Tuple,
): void {
  const { seq } = message
  const locators = message.locators && withPorts(message.locators, tuple.locator.port)
  if (offers(message)) return onOffer(association, now, session, message, tuple, locators)
  const newest = session.peerUpdateIds.highest === undefined || seq > session.peerUpdateIds.highest
  session.peerUpdateIds.record(seq)
  const { espInfo } = message
  if (espInfo !== undefined && espInfo.newSpi === 0) withdrawPair(association, now, espInfo.oldSpi)
  if (locators !== undefined && newest) return onReaddress(association, now, { ...message, locators }, tuple, seq)
  answer(association, message, tuple, seq)
}

function answer(association: Association, message: Update, tuple: Tuple, seq: number): void {
  const echo = message.echoRequestSigned
  const parameters = echo === undefined ? [encodeAck([seq])] : [encodeAck([seq]), encodeEchoResponseSigned(echo)]
  acknowledge(association, tuple, parameters)
}

/** RFC 8046 §3.2.1: equal SPIs are there for firewalls. A new one of 0 takes an SA back (RFC 7402 §5.1.1). */
function offers({ espInfo }: Update): boolean {
  return espInfo !== undefined && espInfo.newSpi !== espInfo.oldSpi && espInfo.newSpi !== 0
}

/** Their half of a rekey (RFC 7402 §6.9): the answer to ours, its twin if both ends have begun at once, or the first. */
function onOffer(
  association: Association,
  now: number,
  session: Session,
  message: Update & { readonly seq: number },
  tuple: Tuple,
  locators: readonly LocatorEntry[] | undefined,
): void {
  const { context, paths } = association
  const { plain } = session
  const { espInfo, dh, seq } = message
  if (plain === undefined || espInfo === undefined) return
  if (espInfo.newSpi < LOWEST_SPI) return context.count('offer-incomplete')
  if (dh !== undefined && (dh.group !== session.dhGroup || espInfo.keymatIndex !== 0))
    return context.count('dh-invalid')
  // Who begins another one is done with the last: our half has come, though its acknowledgement was lost.
  if (plain.rekey?.theirs !== undefined) takenUp(association, now, plain.rekey)
  const adds = espInfo.oldSpi === 0
  // It is repeated, and may have its pair when the rekey is over, or when it has given another one back.
  if (adds && (plain.rekey !== undefined || !mayAddPair(association, plain))) return context.count('sa-pair-refused')
  if (plain.rekey === undefined) usePair(session, plain, espInfo.oldSpi)
  const asked = locators !== undefined && tuple.state !== 'active' ? context.entropy(16) : undefined
  const echo = asked === undefined ? [] : [encodeEchoRequestSigned(asked)]
  const rekey =
    plain.rekey ?? openRekey(association, now, session, paths.keep(tuple), () => [encodeAck([seq]), ...echo], adds)
  const value = dh?.publicValue.slice() ?? plain.peerDh
  const kij = agree(rekey.dh, value)
  if (kij === undefined) {
    if (plain.rekey === undefined) context.dropSpi(rekey.inboundSpi)
    return context.count('dh-invalid')
  }
  logKij(context, association.peer, kij)
  session.peerUpdateIds.record(seq)
  if (locators !== undefined) paths.list(listedLocators(locators, now))
  const keys = rekeyedKeys(session.context, kij)
  wipe(kij)
  rekey.theirs = { updateId: seq, dh: value, ...takeUp(association, session, rekey, espInfo.newSpi, keys) }
  if (plain.rekey === undefined) {
    plain.rekey = rekey
    if (asked !== undefined)
      association.answerEcho = { nonce: asked, keys: new Set([tuple.key]), sentAt: now, sends: 0 }
    sendRekey(association, now, rekey)
    association.timers.set('plain-rekey', now + association.rtt.ptoMs)
  } else {
    answer(association, message, tuple, seq)
    if (asked !== undefined) startCheck(association, now, tuple, 'readdressed')
  }
  finish(association, now, rekey)
  replayEarly(association, now)
}

/** From now on the new inbound SA opens; nothing is sealed under the new keys before our half is acknowledged (RFC 7402 §6.10). */
function takeUp(
  association: Association,
  session: Session,
  rekey: PlainRekey,
  spi: number,
  keys: EspKeySet,
): Pick<Theirs, 'outbound' | 'resumption'> {
  const { context } = association
  session.inbound = session.inbound.filter(({ sa }) => sa.spi !== rekey.inboundSpi)
  addInbound(session, context, 'ordinary', rekey.inboundSpi, keys.esp.receive, keys.resumption.id)
  return { outbound: makeOutbound(session, context, spi, keys.esp.send), resumption: keys.resumption }
}

/** RFC 7402 §6.10, once both halves are there. */
function finish(association: Association, now: number, rekey: PlainRekey): void {
  const { session, context, timers } = association
  const { theirs, acknowledged } = rekey
  if (session?.plain?.rekey !== rekey || theirs === undefined || !acknowledged) return
  const { plain } = session
  plain.rekey = undefined
  plain.rekeyedAt = now
  plain.lastHalf = theirs.updateId
  plain.peerDh = theirs.dh
  replaceResumption(session, theirs.resumption)
  if (rekey.beside === undefined) switchOutbound(session, theirs.outbound, context.config.finalsMax)
  else {
    setAside(session, plain, rekey.beside)
    session.outbound = theirs.outbound
    context.count('sa-pair-added')
  }
  retireOldSas(association, now, session)
  session.establishedAt = now
  timers.stop('plain-rekey')
  timers.set('rekey', now + context.config.rekeyMs)
  if (rekey.beside === undefined) context.event({ type: plain.thawed ? 'resumed' : 'rekeyed', peer: association.peer })
  plain.thawed = false
  context.wake(association)
}
