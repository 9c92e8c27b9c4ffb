// X and C together, each by its number: what is in flight between them, what is still to be done and what may still go wrong.
// Also the rules that need both ends to be looked at (safety.ts has the same rules for engines).

import { createHash } from 'node:crypto'
import { otherSide, type Side } from './cast.ts'
import { type Letter, shapes } from './letters.ts'
import { Fault } from './safety.ts'
import type { Input, Solo, Stand, Step, Told } from './solo.ts'
import type { Scenario } from './world.ts'

/** One joint state. `flying` is sorted; a letter that is under way twice stands there twice. */
export interface Pair {
  readonly X: Stand
  readonly C: Stand
  readonly flying: readonly Letter[]
  /** A freeze ran out of patience while an S was unconfirmed: then a reset is lawful (MOVING §3). */
  readonly impatient: boolean
  /** Labels that have arrived, sorted. */
  readonly arrived: string
  readonly reset: boolean
}

export type Solos = Readonly<Record<Side, Solo>>

export function standOf(pair: Pair, side: Side): Stand {
  return side === 'X' ? pair.X : pair.C
}

export function listening(pair: Pair, letter: Letter, scenario: Pick<Scenario, 'unforwarded'>): boolean {
  const { listens, address } = standOf(pair, letter.toSide).facts
  return listens && (scenario.unforwarded !== true || address === letter.to.address)
}

/** The pair after one step of one end. `flying` is what is left of what was in flight. */
export function stepped(pair: Pair, scenario: Scenario, side: Side, step: Step, flying: readonly Letter[]): Pair {
  let { impatient, arrived, reset } = pair
  for (const told of step.told) {
    if (told.type === 'frozen') impatient ||= told.impatient
    else if (told.type === 'fenced') throw new Fault('an engine that nobody has superseded was fenced')
    else if (told.type === 'ended') {
      reset = true
      if (scenario.mayReset !== true && !impatient)
        throw new Fault(`needless end at ${side}: ${told.reason} (${told.detail})`)
    } else arrived = arrive(pair, side, told, arrived)
  }
  const next: Pair = {
    X: side === 'X' ? step.to : pair.X,
    C: side === 'C' ? step.to : pair.C,
    flying: step.sent.length === 0 ? flying : [...flying, ...step.sent].sort((a, b) => a.id - b.id),
    impatient,
    arrived,
    reset,
  }
  checkTogether(next, side)
  return next
}

function arrive(
  pair: Pair,
  side: Side,
  { label, sealed, bound }: Extract<Told, { type: 'datagram' }>,
  arrived: string,
): string {
  const known = arrived === '' ? [] : arrived.split(',')
  if (known.includes(label)) throw new Fault(`datagram ${label} was delivered twice`)
  if (label[0] === side) throw new Fault(`datagram ${label} came back to its sender`)
  if (sealed === undefined) throw new Fault(`datagram ${label} was never sealed`)
  if (sealed.epoch > bound)
    throw new Fault(`E: ${side} opened a packet of epoch ${sealed.epoch} while bound to ${bound}`)
  if (sealed.epoch < bound) {
    const final = standOf(pair, otherSide(side)).finals.get(sealed.epoch)?.get(sealed.spi)
    if (final === undefined || sealed.sequence > final)
      throw new Fault(`E: ${side} opened number ${sealed.sequence} of epoch ${sealed.epoch}, whose final is ${final}`)
  }
  return [...known, label].sort().join()
}

function checkTogether({ X, C }: Pair, side: Side): void {
  const [moved, other] = side === 'X' ? [X.facts, C.facts] : [C.facts, X.facts]
  if (moved.session !== undefined && moved.session.boundTo > other.epoch)
    throw new Fault(`R: ${side} is bound to epoch ${moved.session.boundTo}, which was never activated`)
  const [x, c] = [X.facts.session, C.facts.session]
  if (x?.ratchet !== 'settled' || c?.ratchet !== 'settled' || x.viaInterim || c.viaInterim) return
  if (!X.facts.listens || !C.facts.listens || X.facts.state === 'closing') return
  if (x.boundTo !== C.facts.epoch || c.boundTo !== X.facts.epoch) return
  if (x.resumption !== c.resumption) throw new Fault('DISAGREE: both ends settled with different S')
  if (x.hipSend !== c.hipReceive) throw new Fault('DISAGREE: other HIP keys')
}

// ── The same up to names ─────────────────────────────────────────────────────

/** By token: its name in the pair that is being written, if `stamp` is that of the pair. */
let names = new Int32Array(1_024)
let stamps = new Int32Array(1_024)
let stamp = 0
let count = 0

function nameOf(token: number): number {
  if (token >= stamps.length) {
    names = enlarged(names, token)
    stamps = enlarged(stamps, token)
  }
  if (stamps[token] !== stamp) {
    stamps[token] = stamp
    names[token] = count++
  }
  return names[token] ?? 0
}

/** The name if there is one yet, or 0xffff. */
function known(token: number): number {
  return stamps[token] === stamp ? (names[token] ?? 0) : 0xffff
}

function enlarged(array: Int32Array<ArrayBuffer>, token: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * (token + 1))
  larger.set(array)
  return larger
}

/** As much of a pair as tells it apart from others. */
interface Outside extends Pick<Pair, 'flying' | 'impatient'> {
  readonly X: Look
  readonly C: Look
  readonly arrived?: string
}

export type Look = Pick<Stand, 'shape' | 'tokens'>

/**
 * The pair as a text that is equal for pairs that differ only in what was drawn at random: both ends' texts by number, then
 * where tokens of C are tokens of X, then the packets with the same names.
 */
export function textOfPair({ X, C, flying, impatient, arrived = '' }: Outside): string {
  stamp += 1
  count = 0
  for (const token of X.tokens) nameOf(token)
  let text = `${arrived}${impatient ? '!' : ''}|`
  text += String.fromCharCode(X.shape & 0xffff, X.shape >>> 16, C.shape & 0xffff, C.shape >>> 16)
  for (const token of C.tokens) text += String.fromCharCode(nameOf(token))
  const rough = flying.map((letter) => {
    let way = String.fromCharCode(letter.shape & 0xffff, letter.shape >>> 16)
    for (const token of letter.tokens) way += String.fromCharCode(known(token))
    return { letter, way }
  })
  if (rough.length > 1) rough.sort((a, b) => (a.way < b.way ? -1 : a.way > b.way ? 1 : a.letter.id - b.letter.id))
  for (const { letter } of rough) {
    text += String.fromCharCode(0xfffe, letter.shape & 0xffff, letter.shape >>> 16)
    for (const token of letter.tokens) text += String.fromCharCode(nameOf(token))
  }
  return text
}

/** 20 bytes in the place of a text: millions of them fit into memory, and no two texts have the same. */
export function digestOf(text: string): string {
  return createHash('sha1').update(Buffer.from(text, 'utf16le')).digest().toString('latin1')
}

export function withoutLetter(flying: readonly Letter[], letter: Letter): readonly Letter[] {
  const at = flying.indexOf(letter)
  return [...flying.slice(0, at), ...flying.slice(at + 1)]
}

export function letterInput(letter: Letter): Input {
  return { key: `letter ${letter.id}`, kind: 'letter', letter }
}

/** For a reader. */
export function tellPair({ X, C, flying }: Pair): string {
  const texts = [X, C].map(({ shape }) => (shapes.at(shape) ?? '').replaceAll(/[^ -~]/g, '.'))
  return [...texts, ...flying.map(({ text }) => text)].join('\n')
}
