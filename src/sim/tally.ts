// What happened in a world, counted by kind, and a hash of all of it: two runs of one seed must agree in every byte and moment.

import { EVENT_KINDS, type EventKind, FAULT_KINDS, type FaultKind } from './faults.ts'

/** A number for each kind. */
export type Counts<Kind extends string> = Record<Kind, number>

const PRIME_A = 0x0100_0193
const PRIME_B = 0x85eb_ca6b
const OFFSET_B = 0x9e37

/** What happened in a world, counted and hashed. */
export class Tally {
  /** How often each kind of event happened. */
  readonly events: Counts<EventKind> = zeros(EVENT_KINDS)
  /** How often each kind of fault happened. */
  readonly faults: Counts<FaultKind> = zeros(FAULT_KINDS)
  #a = 0x811c_9dc5
  #b = 0x1234_5678

  /** Something happened. */
  event(kind: EventKind): void {
    this.events[kind] += 1
  }

  /** Something went wrong. */
  fault(kind: FaultKind): void {
    this.faults[kind] += 1
  }

  /** Mixes bytes that went somewhere, or a moment, into the hash. */
  trace(at: number, bytes: Uint8Array): void {
    this.#mix(Math.floor(at * 1_000) | 0)
    this.#mix(bytes.length)
    const { length } = bytes
    const words = new DataView(bytes.buffer, bytes.byteOffset, length)
    // As #mix, for every four bytes and for what is left of them, in local variables.
    let a = this.#a
    let b = this.#b
    for (let at = 0; at < length; at += 4) {
      const word = at + 4 <= length ? words.getInt32(at) : tailOf(bytes, at)
      a = Math.imul(a ^ word, PRIME_A)
      a ^= a >>> 15
      b = Math.imul(b ^ (word + OFFSET_B), PRIME_B)
      b ^= b >>> 13
    }
    this.#a = a
    this.#b = b
  }

  /** Mixes a text and its moment into the hash. */
  traceText(at: number, text: string): void {
    this.#mix(Math.floor(at * 1_000) | 0)
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i))
  }

  /** The hash so far, 16 hexadecimal digits. */
  get hash(): string {
    return hex(this.#a) + hex(this.#b)
  }

  #mix(value: number): void {
    this.#a = Math.imul(this.#a ^ value, PRIME_A)
    this.#b = Math.imul(this.#b ^ (value + OFFSET_B), PRIME_B)
    this.#b ^= this.#b >>> 13
  }
}

function tailOf(bytes: Uint8Array, from: number): number {
  let word = 0
  for (let at = from; at < bytes.length; at++) word = (word << 8) | (bytes[at] ?? 0)
  return word
}

/** Adds `more` to `sum`, kind by kind. */
export function addCounts<Kind extends string>(sum: Counts<Kind>, more: Readonly<Counts<Kind>>): void {
  for (const kind of Object.keys(more) as Kind[]) sum[kind] += more[kind]
}

/** Nothing counted yet, of each kind. */
export function zeros<Kind extends string>(kinds: readonly Kind[]): Counts<Kind> {
  return Object.fromEntries(kinds.map((kind) => [kind, 0])) as Counts<Kind>
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0')
}
