// The joint state as text: equal texts are states that behave alike. Keys, SPIs and nonces are renamed in the order in which
// they show, times become the order of timers. What the ends know comes first, then what is in flight.

import { toHex } from '../../src/base/bytes.ts'
import { type Association, TIMERS } from '../../src/core/association/association.ts'
import type { Inbound, Next, Offer, Secrets, Session } from '../../src/core/association/session.ts'
import type { UpdateIds } from '../../src/core/association/update.ts'
import type { OutboundSa } from '../../src/core/sa/outbound.ts'
import { classify, hipOf } from '../../src/wire/datagram.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import { decodeMessage, type I2, type Message, type Update } from '../../src/wire/messages.ts'
import { SIDES } from './cast.ts'
import { textOf } from './crypto-cache.ts'
import type { End } from './end.ts'
import type { Flying, World } from './world.ts'

/** One joint state: what it is, and what its packets are, whatever their numbers in this schedule. */
export interface Description {
  /** The ends, what is in flight, what is still to be done and what may still go wrong: equal texts behave alike. */
  readonly text: string
  /** The ends alone. */
  readonly ends: string
  /** By the id of the packet. */
  readonly packets: ReadonlyMap<number, string>
}

export function describeWorld(world: World): Description {
  const names = new Names()
  const name: Name = (token) => names.of(token)
  const ends = describeEnds(world, names)
  const rough = world.flying.map((packet) => ({ text: describePacket(packet, (t) => names.known(t)), packet }))
  rough.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : a.packet.id - b.packet.id))
  const packets = new Map(rough.map(({ packet }) => [packet.id, describePacket(packet, name)]))
  const { done, copies, timers, impatient } = world
  const text = `${done.join()} ${copies} ${timers} ${impatient}\n${ends}\n${[...packets.values()].join('\n')}`
  return { text, ends, packets }
}

function describeEnds(world: World, names: Names): string {
  const { former, ends, now } = world
  const sides = SIDES.map((side) => describeEnd(ends[side], now, names))
  const name: Name = (token) => names.of(token)
  const zombie = former.association === undefined ? '' : describeAssociation(former.association, now, name)
  return [...sides, `${former.text} ${zombie}`].join('\n')
}

type Name = (token: string | number) => string

class Names {
  readonly #names = new Map<string | number, string>()

  of(token: string | number): string {
    let name = this.#names.get(token)
    if (name === undefined) {
      name = `~${this.#names.size}`
      this.#names.set(token, name)
    }
    return name
  }

  known(token: string | number): string {
    return this.#names.get(token) ?? '?'
  }
}

function describeEnd(end: End, now: number, names: Names): string {
  const head = `${end.side} ${end.status} e${end.epoch} claimed ${end.claimed} at ${end.locator.address} sent ${end.sent}`
  if (end.status === 'down') return head
  const { association } = end
  if (association === undefined) return `${head} none`
  return `${head} ${describeAssociation(association, now, (token) => names.of(token))}`
}

function describeAssociation(association: Association, now: number, name: Name): string {
  const { state, session, rtt, reliable, paths, credit, timers } = association
  const parts = [state.name, session === undefined ? '' : describeSession(session, name)]
  for (const { purpose, updateId, tries } of reliable.values()) parts.push(`${purpose} ${updateId} ${tries}`)
  const pto = rtt.ptoMs
  for (const tuple of paths.tuples) {
    const check = tuple.check === undefined ? '' : `check ${name(textOf(tuple.check.nonce))} ${tuple.checks}`
    const recent = now - tuple.checkedAt < pto
    const { listed, received, sent, answers } = tuple
    const current = paths.current === tuple
    parts.push(`${tuple.key} ${tuple.state} ${[listed, current, received, sent, answers, recent].join()} ${check}`)
  }
  const due = TIMERS.map((timer) => ({ timer, at: timers.at(timer) })).filter(({ at }) => at < Infinity)
  due.sort((a, b) => a.at - b.at)
  for (const { timer, at } of due) parts.push(`${timer}${at <= now ? '!' : ''}`)
  const { unsent, early, interimSent, silenceTries, readdressWanted, unansweredSince, learned } = association
  const forged = session?.inbound.reduce((sum, { sa }) => sum + sa.forged, 0) ?? 0
  const { answerEcho } = association
  const noted = now - association.lastNotifiedAt < pto
  parts.push(
    // What goes to a verified place costs no credit, and credit starts afresh before a place is unverified again.
    [
      pto,
      paths.current?.state === 'active' ? 0 : credit.bytes,
      unsent.size,
      interimSent,
      silenceTries,
      readdressWanted,
      noted,
      forged,
    ].join(),
    unansweredSince === undefined ? '' : 'waiting',
    answerEcho === undefined ? '' : `echo ${name(textOf(answerEcho.nonce))} ${[...answerEcho.keys].join()}`,
    learned === undefined ? '' : `learned ${learned.start.epoch}`,
    ...early.map(({ bytes }) => `early ${name(textOf(bytes))}`),
  )
  if (state.name === 'closing') parts.push(`tries ${state.tries}`)
  return parts.join(' | ')
}

function describeSession(session: Session, name: Name): string {
  const { ratchet, peerStart, baseEpoch, current, outbound, interim, inbound, retired, nextUpdateId } = session
  const parts = [`bound ${peerStart.epoch} base ${baseEpoch}`, describeSecrets(current, name), ratchet.name]
  if ('offer' in ratchet && ratchet.offer !== undefined) parts.push(describeOffer(ratchet.offer, name))
  if ('answer' in ratchet) {
    const { kind, offerBytes, updateId, nonce, tries } = ratchet.answer
    parts.push(`answer ${kind} ${name(textOf(offerBytes))} ${updateId} ${name(textOf(nonce))} ${tries}`)
  }
  if ('next' in ratchet) parts.push(describeNext(ratchet.next, name))
  if ('peerUpdateId' in ratchet) parts.push(`of ${ratchet.peerUpdateId}`)
  parts.push(`out ${describeOutbound(outbound, name)}${outbound === interim ? ' interim' : ''}`)
  if (interim !== undefined) parts.push(`interim ${describeOutbound(interim, name)}`)
  for (const entry of inbound) parts.push(describeInbound(entry, name))
  for (const { spi, sequence } of retired) parts.push(`retired ${name(spi)} ${sequence}`)
  parts.push(`ids ${nextUpdateId} ${describeIds(session.peerUpdateIds)} checks ${describeIds(session.peerCheckIds)}`)
  return parts.join('; ')
}

function describeSecrets({ resumption, reserveIn, reserveOut }: Secrets, name: Name): string {
  return `S ${name(textOf(resumption.id))} ${name(reserveIn)} ${name(reserveOut)}`
}

function describeOffer({ kind, dh, updateId, inboundSpi, reserveIn, tries, turn }: Offer, name: Name): string {
  return `offer ${kind} ${name(textOf(dh.publicValue))} ${updateId} ${name(inboundSpi)} ${name(reserveIn)} ${tries} ${turn}`
}

function describeNext({ secrets, outbound }: Next, name: Name): string {
  return `next ${describeSecrets(secrets, name)} ${describeOutbound(outbound, name)}`
}

function describeOutbound({ spi, sequence }: OutboundSa, name: Name): string {
  return `${name(spi)} ${sequence}`
}

function describeInbound({ sa, role, of, closesAt }: Inbound, name: Name): string {
  const window = toHex(sa.snapshot().bitmap.subarray(0, 4))
  const closes = closesAt < Infinity ? 'closes' : ''
  return `in ${role} ${name(sa.spi)} ${name(textOf(sa.keys.encryption))} ${name(textOf(of))} ${sa.highest} ${window} ${sa.final} ${closes}`
}

function describeIds(ids: UpdateIds): string {
  const { highest } = ids
  if (highest === undefined) return 'none'
  const seen = Array.from({ length: 16 }, (_, back) => highest - back).filter((id) => ids.state(id) === 'seen')
  return seen.join()
}

// ── Packets ───────────────────────────────────────────────────────────────────

const shapes = new Map<string, (name: Name) => string>()

/** One packet, its tokens named by `name`. */
export function describePacket({ bytes, from, to, by, epoch, sealed }: Flying, name: Name): string {
  const head = `${by}${epoch} ${from.address}>${to.address}`
  if (sealed !== undefined) {
    const { spi, key, sequence, label } = sealed
    return `${head} ESP ${label} ${sequence} ${name(spi)} ${name(key)}`
  }
  const key = textOf(bytes)
  let shape = shapes.get(key)
  if (shape === undefined) {
    shape = shapeOf(bytes)
    shapes.set(key, shape)
  }
  return `${head} ${shape(name)}`
}

function shapeOf(bytes: Uint8Array): (name: Name) => string {
  const raw = textOf(bytes)
  if (classify(bytes) !== 'hip') return () => raw
  const { plain, tokens } = shapeOfPacket(hipOf(bytes))
  return (name) => `${plain} ${tokens.map(name).join(' ')}`
}

/** A HIP packet: its fixed part, and what is drawn at random. */
export function shapeOfPacket(bytes: Uint8Array): Shape {
  const message = decodeMessage(bytes)
  return isMalformed(message) ? { plain: textOf(bytes), tokens: [] } : shapeOfMessage(message)
}

interface Shape {
  readonly plain: string
  readonly tokens: readonly (string | number)[]
}

function shapeOfMessage(message: Message): Shape {
  const tokens: (string | number)[] = []
  const plain: (string | number)[] = [message.kind]
  if ('epoch' in message && message.epoch !== undefined) {
    const { sender, addressee, baseEpoch, resumptionId, receipt } = message.epoch
    plain.push(`e${sender.epoch}>${addressee.epoch} base ${baseEpoch} ${receipt.length > 0 ? 'receipt' : ''}`)
    tokens.push(textOf(sender.incarnation), textOf(addressee.incarnation), textOf(resumptionId))
  }
  if (message.kind === 'UPDATE') shapeUpdate(message, plain, tokens)
  else if (message.kind === 'NOTIFY') {
    plain.push(message.notification.type)
    tokens.push(textOf(message.notification.data))
  } else if (message.kind === 'CLOSE') tokens.push(textOf(message.echoRequestSigned))
  else if (message.kind === 'R1') tokens.push(textOf(message.dh.publicValue), textOf(message.puzzle.i))
  else if (message.kind === 'I2') shapeI2(message, tokens)
  else if (message.kind === 'R2') tokens.push(message.espInfo.newSpi, message.reserveSpi ?? 0)
  else if (message.kind === 'CLOSE_ACK') tokens.push(textOf(message.echoResponseSigned))
  // What is drawn in an exchange is in the whole packet, and what of it shows elsewhere is named here.
  if (message.kind === 'I1' || message.kind === 'R1' || message.kind === 'I2' || message.kind === 'R2')
    tokens.push(textOf(message.packet.bytes))
  return { plain: plain.join(' '), tokens }
}

/** A Responder remembers I and J together, as this text. */
function shapeI2({ solution: { i, j }, dh, espInfo, reserveSpi }: I2, tokens: (string | number)[]): void {
  tokens.push(textOf(i), textOf(i) + textOf(j), textOf(dh.publicValue), espInfo.newSpi, reserveSpi ?? 0)
}

function shapeUpdate(message: Update, plain: (string | number)[], tokens: (string | number)[]): void {
  const { seq, ack, espInfo, dh, reserveSpi, finals, locators, echoRequestSigned, echoResponseSigned } = message
  plain.push(`seq ${seq ?? '-'} ack ${ack?.join() ?? '-'} ${message.signature === undefined ? 'unsigned' : ''}`)
  if (espInfo !== undefined) tokens.push(espInfo.oldSpi, espInfo.newSpi)
  if (dh !== undefined) tokens.push(textOf(dh.publicValue))
  if (reserveSpi !== undefined) tokens.push(reserveSpi)
  for (const { spi, sequence } of finals ?? []) {
    plain.push(`final ${sequence}`)
    tokens.push(spi)
  }
  for (const { address, port } of locators ?? []) plain.push(`at ${toHex(address)} ${port}`)
  if (echoRequestSigned !== undefined) {
    plain.push('echo?')
    tokens.push(textOf(echoRequestSigned))
  }
  if (echoResponseSigned !== undefined) {
    plain.push('echo!')
    tokens.push(textOf(echoResponseSigned))
  }
}
