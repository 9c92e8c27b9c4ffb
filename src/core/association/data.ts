// ESP in and out (RFC 7402, RFC 4303): datagrams as inner UDP, echoes as ICMPv6, dummies against forgetful NATs. What may
// leave, and how much, is decided in one place: `mayLeave`. Sequence numbers are drawn at the last moment, so that nothing
// that has been sealed is ever thrown away.

import { type Route, sameLocator } from '../../base/address.ts'
import { compareBytes, equalBytes } from '../../base/bytes.ts'
import {
  decodeEcho,
  ECHO_BYTES,
  encodeEcho,
  INNER_UDP_BYTES,
  readInnerUdp,
  writeInnerUdp,
} from '../../wire/datagram.ts'
import { spiOf } from '../../wire/esp.ts'
import { isMalformed } from '../../wire/malformed.ts'
import { NextHeader } from '../../wire/registry.ts'
import type { Transmit } from '../machine.ts'
import { isWorn, mayNotSeal, turnsWorn } from '../sa/wear.ts'
import type { Association, Unsent } from './association.ts'
import { takenUp } from './plain.ts'
import { commitByData, startRekey } from './ratchet.ts'
import { expectAnswer, onBeat, oweAnswer, startCheck } from './reach.ts'
import type { Inbound, Session } from './session.ts'
import { type Gate, nextStreamPackets, wantsPacket } from './stream-packets.ts'
import { onStreamPacket } from './streaming.ts'
import { sameOrNone, type Tuple } from './tuple.ts'

/** Takes one ESP packet whose SPI is ours. */
export function onEsp(association: Association, now: number, packet: Uint8Array, source: Route): void {
  const { session, context } = association
  if (association.on('ESP') === undefined || session === undefined) return context.count('esp-without-session')
  const spi = spiOf(packet)
  const entry = session.inbound.find(({ sa }) => sa.spi === spi)
  if (entry === undefined) return holdEarly(association, now, packet, source)
  // RFC 9001 §6.6: each try is a guess at the ICV, and their number is limited. The association lives on by its rekey.
  if (entry.sa.forged >= context.config.forgedPacketsMax) return context.count('esp-forgery-limit')
  const opened = entry.sa.open(packet)
  if (typeof opened === 'string') {
    context.count(`esp-${opened}`)
    if (opened === 'forged' && isDoubtful(association, entry)) association.timers.set('rekey', now)
    return
  }
  const { ratchet } = session
  if (ratchet.name === 'answered' || ratchet.name === 'crossed') {
    if (equalBytes(entry.of, ratchet.next.secrets.resumption.id)) commitByData(association)
  }
  if (session.plain?.rekey?.inboundSpi === spi) takenUp(association, now, session.plain.rekey)
  const tuple = tupleOf(association, source)
  association.paths.countReceived(tuple, packet.length)
  association.heard(now, tuple, packet.length)
  const { sealedPacketsMax, ptoMaxMs } = context.config
  if (opened.sequence >= sealedPacketsMax && association.timers.at('rekey') > now + ptoMaxMs)
    association.timers.set('rekey', now)
  if (tuple !== association.paths.current && isNewest(session, entry, opened.sequence)) follow(association, now, tuple)
  const { nextHeader, plaintext, length, sequence } = opened
  const ofStreams = nextHeader === NextHeader.TRANSPORT
  onStreamPacket(association, now, spi, sequence, ofStreams ? plaintext : undefined, length)
  if (!ofStreams) deliver(association, session, now, nextHeader, plaintext.subarray(0, length))
  else entry.sa.release(plaintext)
}

/**
 * Only the highest-numbered authentic packet may propose a tuple (MOVING §6): of the newest SA that the peer has sealed to. In a rekey
 * it goes on with the old one until U3 comes, and U3 may be on its way to where the peer was. FINALS end that.
 */
function isNewest(session: Session, entry: Inbound, sequence: number): boolean {
  const { sa } = entry
  const used = session.inbound.findLast((other) => other.role === 'ordinary' && other.sa.highest > 0)
  return entry === used && sa.final === Infinity && sequence === sa.highest
}

/** The peer seems to be there now, or speaks from there. */
function follow(association: Association, now: number, tuple: Tuple): void {
  const { paths, context, peerBytes } = association
  if (paths.mayFollow(tuple, compareBytes(context.hitBytes, peerBytes) < 0))
    startCheck(association, now, tuple, paths.reasonToFollow(tuple))
}

function tupleOf(association: Association, source: Route): Tuple {
  const { current } = association.paths
  if (current !== undefined && sameLocator(current.locator, source) && sameOrNone(current.at, source.at)) return current
  return association.paths.glance(source)
}

/**
 * Half of the forgeries that one SA stands have come, or numbers that the peer should never have reached (RFC 7402 §6.8): it is
 * time for another. Only the SAs of the present S can be rekeyed.
 */
function isDoubtful({ session, context }: Association, { sa, role, of }: Inbound): boolean {
  const { forgedPacketsMax, sealedPacketsMax } = context.config
  if (session === undefined) return false
  // A peer that knows only the RFCs may have other keys than we think, if we moved in the middle of a rekey.
  const astray = session.plain !== undefined && sa.highest === 0 && sa.forged > 0
  if (!astray && sa.forged < forgedPacketsMax / 2 && sa.highest < sealedPacketsMax) return false
  return role === 'ordinary' && equalBytes(of, session.current.resumption.id)
}

/** A packet under a key that we are about to have: it waits a second, and only then counts as a failure (MOVING §5). */
function holdEarly(association: Association, now: number, packet: Uint8Array, source: Route): void {
  const { context, early, timers } = association
  if (early.length >= context.config.earlyPacketsMax) return context.count('early-packets-full')
  early.push({ bytes: packet.slice(), source, at: now })
  if (early.length === 1) timers.set('early', now + context.config.earlyMs)
}

/** MOVING §5: packets whose key never came count as failures only now. */
export function countEarly(association: Association, now: number): void {
  const { earlyMs } = association.context.config
  const kept = association.early.filter(({ at }) => at + earlyMs > now)
  for (let late = association.early.length - kept.length; late > 0; late--)
    association.context.count('early-packet-lost')
  association.early = kept
  const first = kept[0]
  if (first !== undefined) association.timers.set('early', first.at + earlyMs)
}

/** The keys have come. */
export function replayEarly(association: Association, now: number): void {
  const { early } = association
  association.early = []
  for (const { bytes, source } of early) onEsp(association, now, bytes, source)
}

function deliver(
  association: Association,
  session: Session,
  now: number,
  nextHeader: number,
  payload: Uint8Array,
): void {
  const { context, peer, peerBytes } = association
  if (nextHeader !== NextHeader.NONE) oweAnswer(association, now)
  if (nextHeader === NextHeader.UDP) {
    const datagram = readInnerUdp(payload, peerBytes, context.hitBytes, association.pair)
    if (isMalformed(datagram)) return context.count('datagram-malformed')
    const fault = context.ports.fault(datagram.port, peer, session.peerKey)
    if (fault !== undefined) return context.count(fault)
    association.usedAt = now
    context.event({
      type: 'datagram',
      peer,
      sourcePort: datagram.sourcePort,
      port: datagram.port,
      bytes: datagram.data,
    })
    return
  }
  if (nextHeader === NextHeader.NONE) return context.count('dummy-received')
  association.usedAt = now
  if (nextHeader !== NextHeader.ICMPV6) return context.count('next-header-unknown')
  const echo = decodeEcho(payload, peerBytes, context.hitBytes)
  if (isMalformed(echo)) return context.count('echo-malformed')
  const { identifier, sequence, data } = echo
  if (echo.reply) return context.event({ type: 'pong', peer, identifier, sequence, bytes: data })
  if (!context.mayEchoReply(now)) return context.count('echo-limit')
  enqueue(association, { kind: 'echo', reply: true, identifier, sequence, bytes: data })
}

/** A datagram of the application. Its bytes are copied, once and to where they will be sealed if there are keys already. */
export function draftDatagram(
  association: Association,
  sourcePort: number,
  port: number,
  bytes: Uint8Array,
): Extract<Unsent, { kind: 'datagram' }> {
  const outbound = association.session?.outbound
  if (outbound === undefined) return { kind: 'datagram', sourcePort, port, bytes: new Uint8Array(bytes) }
  const packet = outbound.allocate(INNER_UDP_BYTES + bytes.length)
  const start = outbound.payloadOffset + INNER_UDP_BYTES
  packet.set(bytes, start)
  return { kind: 'datagram', sourcePort, port, bytes: packet.subarray(start, start + bytes.length), packet }
}

/** Queues something to be sealed; false when the queue is full. */
export function enqueue(association: Association, item: Unsent): boolean {
  const { context } = association
  const size = item.kind === 'dummy' ? 0 : item.bytes.length
  if (association.unsentBytes + size > context.config.unsentBytesMax || !association.unsent.push(item)) {
    context.count('unsent-full')
    return false
  }
  association.unsentBytes += size
  context.wake(association)
  return true
}

/** Seals the next packet that may leave, or returns undefined. Datagrams and packets of streams take turns; of these, `most` at once. */
export function nextPacket(association: Association, now: number, most = 1): Transmit | undefined {
  const session = association.usable
  const tuple = association.paths.current
  if (session === undefined || tuple === undefined) return undefined
  const doubtful = tuple.state !== 'active' && session.outbound !== session.interim
  if (doubtful && association.unsent.size === 0 && !wantsPacket(association, now)) return undefined
  // The question comes first: data could use up all that may go there, and nobody would ever ask. A P2 is that question.
  if (doubtful && association.answerEcho?.keys.has(tuple.key) !== true)
    startCheck(association, now, tuple, association.paths.why)
  const { streamsNext } = association
  const [next, other] = streamsNext ? STREAMS_FIRST : DATAGRAMS_FIRST
  const atOnce = association.unsent.size === 0 && !doubtful ? most : 1
  const packet = next(association, now, session, tuple, atOnce)
  if (packet !== undefined) {
    association.streamsNext = !streamsNext
    return packet
  }
  const instead = other(association, now, session, tuple, atOnce)
  if (instead !== undefined) return instead
  if (doubtful) startCheck(association, now, tuple, association.paths.why)
  return undefined
}

/** While we freeze nothing leaves but what is soon over and the question for what is under way, and that only to where the peer is for sure. */
export function heldPacket(association: Association, now: number, most = 1): Transmit | undefined {
  const session = association.usable
  const tuple = association.paths.current
  if (session === undefined || tuple?.state !== 'active' || association.streaming?.transport.held !== true)
    return undefined
  return nextOfStreams(association, now, session, tuple, most)
}

function nextDatagram(association: Association, now: number, session: Session, tuple: Tuple): Transmit | undefined {
  const item = association.unsent.peek()
  if (item === undefined) return undefined
  const { outbound } = session
  const length = payloadLength(association, item)
  if (!mayLeave(association, now, session, tuple, outbound.size(length))) return undefined
  association.unsent.shift()
  const packet = (item.kind === 'datagram' ? item.packet : undefined) ?? outbound.allocate(length)
  if (item.kind !== 'dummy') {
    association.unsentBytes -= item.bytes.length
    association.usedAt = now
  }
  outbound.seal(packet, length, fill(association, item, packet, outbound.payloadOffset))
  association.streaming?.transport.passed(now, outbound.spi, outbound.sequence, packet.length)
  account(association, now, session, tuple, packet.length)
  expectAnswer(association, now, item.kind === 'dummy' ? untilKeepalive(association, now) : 0)
  if (association.unsent.size === 0 && association.full) {
    association.full = false
    association.context.event({ type: 'drained', peer: association.peer })
  }
  return { bytes: packet, to: tuple.route, whole: false }
}

function nextOfStreams(
  association: Association,
  now: number,
  session: Session,
  tuple: Tuple,
  most: number,
): Transmit | undefined {
  const sealed = nextStreamPackets(association, now, session, tuple, GATE, most)
  if (sealed === undefined) return undefined
  expectAnswer(association, now, sealed.elicits ? 0 : untilKeepalive(association, now))
  return { bytes: sealed.bytes, each: sealed.each, to: tuple.route, whole: true }
}

const DATAGRAMS_FIRST = [nextDatagram, nextOfStreams] as const
const STREAMS_FIRST = [nextOfStreams, nextDatagram] as const

/**
 * To a verified tuple always; to an unverified one within min(credit, three times what came from it); under the interim key
 * ten packets at once, because the peer has not been able to say anything yet (MOVING §5).
 */
function mayLeave(association: Association, now: number, session: Session, tuple: Tuple, size: number): boolean {
  const { config } = association.context
  if (session.outbound.exhausted || mayNotSeal(session.outbound, size, config)) return false
  if (session.outbound === session.interim) {
    return (
      association.interimSent < config.interimPacketsMax && association.interimBytes + size <= config.interimBytesMax
    )
  }
  if (tuple.state === 'active') return true
  return association.credit.covers(now, size) && association.paths.withinAmplification(tuple, size)
}

function account(association: Association, now: number, session: Session, tuple: Tuple, size: number): void {
  association.lastSentAt = now
  association.owedSince = undefined
  if (session.outbound === session.interim) {
    association.interimSent += 1
    association.interimBytes += size
  } else {
    if (tuple.state !== 'active') association.credit.spend(now, size)
    association.paths.countSent(tuple, size)
  }
  if (turnsWorn(session.outbound, size, association.context.config)) association.timers.set('rekey', now)
}

const GATE: Gate = { mayLeave, account }

function payloadLength(association: Association, item: Unsent): number {
  if (item.kind === 'datagram') return INNER_UDP_BYTES + item.bytes.length
  if (item.kind === 'echo') return ECHO_BYTES + item.bytes.length
  return association.context.config.dummyBytes
}

/** Nobody answers a dummy, but the peer sends its own when it has been quiet for as long, at its next beat. */
function untilKeepalive(association: Association, now: number): number {
  const { keepaliveMs, keepaliveSpread, keepaliveBeatMs } = association.context.config
  const last = association.lastHeardAt + keepaliveMs * (1 + keepaliveSpread) + keepaliveBeatMs
  return Math.max(0, onBeat(association, last) - now)
}

/** Writes the payload and returns its next header. */
function fill(association: Association, item: Unsent, packet: Uint8Array, offset: number): number {
  const { context, peerBytes } = association
  if (item.kind === 'datagram') {
    writeInnerUdp(packet, offset, item.sourcePort, item.port, item.bytes, context.hitBytes, peerBytes, association.pair)
    return NextHeader.UDP
  }
  if (item.kind === 'dummy') {
    // Nothing of what was in that memory before.
    packet.fill(0, offset, offset + context.config.dummyBytes)
    return NextHeader.NONE
  }
  const { reply, identifier, sequence, bytes } = item
  packet.set(encodeEcho(reply, identifier, sequence, bytes, context.hitBytes, peerBytes), offset)
  return NextHeader.ICMPV6
}

/** DESIGN §5: fresh Diffie–Hellman after so many packets, so many forgeries or so long. */
export function rekeyIfDue(association: Association, now: number): void {
  const { session, context, timers } = association
  if (session === undefined) return
  const { rekeyMs } = context.config
  const worn =
    isWorn(session.outbound, context.config) || session.inbound.some((entry) => isDoubtful(association, entry))
  // Without EPOCH nothing can be sealed between a thaw and the rekey, so one that came to nothing is begun again (MOVING §2).
  const keyless = session.plain?.thawed === true
  const due = worn || keyless || now - session.establishedAt >= rekeyMs
  const started = due && startRekey(association, now)
  if (association.state.name === 'parked') return timers.stop('rekey')
  timers.set('rekey', started || !due ? session.establishedAt + 2 * rekeyMs : now + context.config.ptoMaxMs)
}
