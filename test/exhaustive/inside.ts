// Everything that one end holds, as text: equal texts are ends that will do the same with the same inputs. Unlike describe.ts it
// leaves no time out: a moment is written as its distance from now, so that what is merged is the same to the millisecond. What
// is drawn at random (keys, SPIs, nonces) is renamed in the order in which it shows, and listed beside the text.

import { toHex } from '../../src/base/bytes.ts'
import { type Association, TIMERS } from '../../src/core/association/association.ts'
import type { Generation } from '../../src/core/association/r1-pool.ts'
import { quietMs } from '../../src/core/association/reach.ts'
import type { Session } from '../../src/core/association/session.ts'
import { UpdateIds } from '../../src/core/association/update.ts'
import { InboundSa } from '../../src/core/sa/inbound.ts'
import { OutboundSa } from '../../src/core/sa/outbound.ts'
import { Spis } from '../../src/core/spis.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { CAST, locatorOf, otherSide, sealedOf } from './cast.ts'
import { textOf } from './crypto-cache.ts'
import { shapeOfPacket } from './describe.ts'
import { associationsOf, type End } from './end.ts'
import { poolOf } from './generations.ts'

/** A text with its random parts taken out. */
export interface Shape {
  readonly text: string
  readonly tokens: readonly (string | number)[]
}

/** Later than that is not soon: keepalives, rekeys by age, the end of parking. */
export const SOON_MS = 11_000

// Which SPIs lead to an association is known to its engine alone: packets to them wait for a key, others are dropped.
const claimed = new WeakMap<Association, Set<number>>()
const { draw, claim, drop } = Spis.prototype
Spis.prototype.draw = function drawAndTell(this: Spis, association: Association): number {
  const spi = draw.call(this, association)
  spisOf(association).add(spi)
  return spi
}
Spis.prototype.claim = function claimAndTell(this: Spis, spi: number, association: Association): void {
  spisOf(association).add(spi)
  claim.call(this, spi, association)
}
Spis.prototype.drop = function dropAndTell(this: Spis, spi: number): void {
  const association = this.find(spi)
  if (association !== undefined) spisOf(association).delete(spi)
  drop.call(this, spi)
}

function spisOf(association: Association): Set<number> {
  let spis = claimed.get(association)
  if (spis === undefined) {
    spis = new Set()
    claimed.set(association, spis)
  }
  return spis
}

/** What an end holds now. */
export function insideOf(end: End, now: number): Shape {
  const writer = new Writer(now)
  const { side, status, epoch, claimed: claims, locator, sent } = end
  writer.plain(side, status, epoch, claims, locator.address, sent)
  if (status === 'freezing') writer.plain(end.freezesBy - now)
  if (status !== 'down') {
    for (const association of associationsOf(end.entropy)) {
      // A closed one is remembered for a while, and answers as it did before.
      if (association.state.name !== 'closed' || association.timers.armed > 0) writeAssociation(writer, association)
    }
  }
  writePool(writer, end)
  // Rules ask for them, not ends.
  for (const [start, finals] of end.finals) {
    writer.plain('finals', start)
    for (const [spi, sequence] of finals) {
      writer.token(spi)
      writer.plain(sequence)
    }
  }
  return writer.shape()
}

class Writer {
  readonly now: number
  readonly #parts: (string | number | boolean)[] = []
  readonly #names = new Map<string | number, number>()

  constructor(now: number) {
    this.now = now
  }

  plain(...parts: readonly (string | number | boolean)[]): void {
    this.#parts.push(...parts)
  }

  token(token: string | number): void {
    let name = this.#names.get(token)
    if (name === undefined) {
      name = this.#names.size
      this.#names.set(token, name)
    }
    this.#parts.push(`~${name}`)
  }

  knows(token: string | number): boolean {
    return this.#names.has(token)
  }

  nameOf(token: string | number): number {
    return this.#names.get(token) ?? -1
  }

  time(at: number): void {
    const distance = at - this.now
    // No rule looks further back than the longest PTO.
    if (distance < -SOON_MS) this.#parts.push('past')
    // Sums of fractions differ in the last digits.
    else this.#parts.push(Math.round(distance * 1_000) / 1_000)
  }

  packet(bytes: Uint8Array): void {
    const { plain, tokens } = shapeOfPacket(bytes)
    this.#parts.push(plain)
    for (const token of tokens) this.token(token)
  }

  shape(): Shape {
    return { text: this.#parts.join(' '), tokens: [...this.#names.keys()] }
  }
}

/** Which puzzles are good now depends on the association at hand. */
function writePool(writer: Writer, { side, entropy, session }: End): void {
  const { pool, generations } = poolOf(entropy) ?? {}
  const peer = otherSide(side)
  for (const generation of generations ?? []) {
    writeGeneration(writer, generation)
    const puzzle = pool?.puzzleOf(
      generation,
      hitBytes(CAST.identities[peer].hit),
      locatorOf(peer, 1),
      session?.context.j,
    )
    if (puzzle !== undefined) writer.token(textOf(puzzle))
  }
}

/** R1s of one generation and the solutions that they have brought. */
function writeGeneration(writer: Writer, { counter, k, secret, variants, consumed, madeAt }: Generation): void {
  writer.plain('R1s', counter.low, k, Math.round(writer.now - madeAt))
  writer.token(textOf(secret))
  for (const { dh } of variants.values()) writer.token(textOf(dh.publicValue))
  for (const [solution, { answer }] of consumed) {
    writer.token(solution)
    if (answer === undefined) continue
    writer.packet(answer.r2)
    writer.time(answer.sentAt)
  }
}

function writeAssociation(writer: Writer, association: Association): void {
  const { state, session, rtt, paths, credit, timers, context } = association
  writer.plain('|', state.name)
  if (session !== undefined) writeSession(writer, session)
  if (state.name === 'closing') {
    writer.packet(state.close)
    writer.plain(state.tries)
  }
  if (state.name === 'closed' && state.closeAck !== undefined) writer.packet(state.closeAck)
  if (state.name === 'opening') writeValue(writer, 'opening', state.opening)
  writer.plain('rtt', rtt.smoothedMs ?? '-', rtt.ptoMs)
  for (const tuple of paths.tuples) {
    writer.plain(paths.current === tuple ? 'current' : 'tuple')
    writeValue(writer, 'tuple', tuple)
  }
  const { silence } = paths
  if (silence !== undefined) {
    writer.plain('silent', silence.asked, silence.answered?.key ?? '')
    writer.time(silence.since)
  }
  // What goes to a verified place costs no credit.
  const doubtful = [...paths.tuples].some(({ state }) => state !== 'active')
  if (doubtful || paths.current?.state !== 'active') writer.plain('credit', credit.bytes)
  for (const name of WRITTEN) {
    writer.plain(name)
    writeValue(writer, name, association[name])
  }
  // When the keepalive is really due, if that is later than its timer: what leaves elsewhere does not put it off.
  const keepaliveAt = association.lastSentAt + quietMs(association)
  if (keepaliveAt > timers.at('keepalive')) writer.time(keepaliveAt)
  if (association.probe !== undefined) writer.packet(association.probe)
  for (const item of association.unsent) writer.plain(item.kind, item.kind === 'datagram' ? textOf(item.bytes) : '')
  for (const floor of context.floors.all()) writer.plain('floor', floor.epoch, floor.receipt === undefined ? '' : 'r')
  writeTimers(writer, timers)
  writeSpis(writer, association)
}

/** The fields of an association that are written as they are; the others are written above, or change nothing that is explored. */
const WRITTEN = [
  'full',
  'reliable',
  'early',
  'interimSent',
  'interimBytes',
  'answerEcho',
  'unansweredSince',
  'owedSince',
  'lastHeardAt',
  'silenceTries',
  'lastNotifiedAt',
  'parkProbeMs',
  'parkTurn',
  'readdressWanted',
  'learned',
  'replaces',
] as const

function writeTimers(writer: Writer, timers: Association['timers']): void {
  const due = TIMERS.map((timer) => ({ timer, at: timers.at(timer) })).filter(({ at }) => at < Infinity)
  due.sort((a, b) => a.at - b.at)
  for (const { timer, at } of due) {
    writer.plain(timer)
    writer.time(at)
  }
}

/** Known ones in the order of their names; the others lead to packets that wait for keys in vain. */
function writeSpis(writer: Writer, association: Association): void {
  const spis = [...spisOf(association)]
  const known = spis.filter((spi) => writer.knows(spi)).sort((a, b) => writer.nameOf(a) - writer.nameOf(b))
  writer.plain('spis')
  for (const spi of [...known, ...spis.filter((one) => !known.includes(one))]) writer.token(spi)
}

function writeSession(writer: Writer, session: Session): void {
  const { peerStart, baseEpoch, current, outbound, interim, inbound, retired, ratchet, nextUpdateId } = session
  writer.plain('bound', peerStart.epoch, 'base', baseEpoch)
  writeValue(writer, 'current', current)
  writeValue(writer, 'ratchet', ratchet)
  writeValue(writer, 'outbound', outbound)
  writer.plain(interim === undefined ? '' : interim === outbound ? 'interim' : 'interim beside')
  if (interim !== undefined) writeValue(writer, 'interim', interim)
  writeValue(writer, 'inbound', inbound)
  writeValue(writer, 'retired', retired)
  writer.plain('ids', nextUpdateId)
  writeValue(writer, 'ids', session.peerUpdateIds)
  writeValue(writer, 'ids', session.peerCheckIds)
}

const SPIS: ReadonlySet<string> = new Set(['spi', 'inboundSpi', 'reserveIn', 'reserveOut'])
/**
 * Follows from what is written: keys from their S, secrets from their ids, an address key from its address; and of an exchange,
 * what its peer is and what both have chosen. A puzzle is solved as soon as it comes.
 */
const FOLLOWS: ReadonlySet<string> = new Set(
  'hip esp secret key dh peerKey peerReceipt hostIdTlv suite context solver'.split(' '),
)

function writeValue(writer: Writer, name: string, value: unknown): void {
  if (value === undefined) return writer.plain('-')
  if (typeof value === 'boolean' || typeof value === 'string') return writer.plain(value)
  if (typeof value === 'number') {
    if (SPIS.has(name)) return writer.token(value)
    if (name.endsWith('At') || name.endsWith('Since')) return writer.time(value)
    return writer.plain(value)
  }
  if (value instanceof Uint8Array) {
    if (name === 'early') return writeEarly(writer, value)
    return PACKETS.has(name) ? writer.packet(value) : writer.token(textOf(value))
  }
  if (value instanceof OutboundSa) {
    writer.token(value.spi)
    return writer.plain(value.sequence)
  }
  if (value instanceof InboundSa) return writeInbound(writer, value)
  if (value instanceof UpdateIds) return writer.plain(...idsOf(value))
  if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
    const values: readonly unknown[] = [...value.values()]
    writer.plain(values.length)
    for (const item of values) writeValue(writer, name, item)
    return
  }
  if (typeof value !== 'object' || value === null) throw new Error(`${name} cannot be written`)
  if (Object.getPrototypeOf(value) !== Object.prototype) throw new Error(`${name} is of a class that is not known here`)
  for (const [key, field] of Object.entries(value)) {
    if (FOLLOWS.has(key)) continue
    writer.plain(key)
    writeValue(writer, name === 'early' && key === 'bytes' ? name : key, field)
  }
}

/** HIP packets, without the zeros that stand before them in UDP. */
const PACKETS: ReadonlySet<string> = new Set(['bytes', 'offerBytes'])

/** The window is as wide as the highest number in it: no exploration has more packets than bits of four bytes. */
function writeInbound(writer: Writer, sa: InboundSa): void {
  writer.token(sa.spi)
  writer.token(textOf(sa.keys.encryption))
  writer.plain(sa.highest, sa.final, toHex(sa.snapshot().bitmap.subarray(0, 4)))
}

/** A packet that waits for its key: what it was sealed as. */
function writeEarly(writer: Writer, bytes: Uint8Array): void {
  const sealed = sealedOf(bytes)
  if (sealed === undefined) return writer.token(textOf(bytes))
  writer.token(sealed.spi)
  writer.token(sealed.key)
  writer.plain(sealed.sequence, sealed.label, sealed.epoch)
}

function idsOf(ids: UpdateIds): readonly (string | number)[] {
  const { highest } = ids
  if (highest === undefined) return ['none']
  return Array.from({ length: 16 }, (_, back) => highest - back).filter((id) => ids.state(id) === 'seen')
}
