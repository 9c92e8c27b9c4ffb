// The key schedule (MOVING §3; RFC 7401 §6.5, RFC 7402 §7): keys of a base exchange, of a ratchet, and the interim key of a
// thawed side. KEYMAT is drawn in one order: HIP-gl, HIP-lg (encryption, integrity each), SA-gl, SA-lg (encryption,
// authentication each); the gl keys are those of what the host with the greater HIT sends. Kij, PRK and KEYMAT are not kept.

import { assert } from '../base/assert.ts'
import { compareBytes, concat, utf8, Writer } from '../base/bytes.ts'
import type { EspSuiteInfo } from './aead.ts'
import { type Algorithms, STANDARD } from './algorithms.ts'
import { sha256 } from './hash.ts'
import { expand, extract } from './hkdf.ts'
import { Secret, wipe } from './secret.ts'
import type { HitSuite, Keymat } from './suites.ts'

/** HIP keys of one direction. */
export interface HipKeys {
  readonly encryption: Uint8Array
  readonly integrity: Uint8Array
}

/** ESP keys of one direction; the encryption key of an AEAD ends with its salt. */
export interface EspKeys {
  readonly encryption: Uint8Array
  readonly authentication: Uint8Array
}

/** What resumes an association: S, and the public id that names it. */
export interface Resumption {
  /** 8 bytes. */
  readonly id: Uint8Array
  /** S, 32 bytes. */
  readonly secret: Uint8Array
}

/** All keys of one generation, as seen from one end. */
export interface KeySet {
  readonly hip: { readonly send: HipKeys; readonly receive: HipKeys }
  readonly esp: { readonly send: EspKeys; readonly receive: EspKeys }
  readonly resumption: Resumption
  /** Bytes of KEYMAT drawn: the index after the last ESP key. */
  readonly keymatLength: number
}

/** What stays the same over an association's life. HITs are 16 bytes; I and J are the puzzle's. */
export interface KeyContext {
  readonly suite: HitSuite
  readonly espSuite: number
  readonly cipher: number
  /** Where suite and cipher are looked up; by default the standard table. */
  readonly algorithms?: Algorithms
  readonly own: Uint8Array
  readonly peer: Uint8Array
  readonly i: Uint8Array
  readonly j: Uint8Array
}

/** One start of an identity: its epoch and its incarnation (16 bytes). */
export interface Start {
  readonly epoch: number
  readonly incarnation: Uint8Array
}

/** The keys of a base exchange. */
export function baseKeys(context: KeyContext, kij: Uint8Array): KeySet {
  const { own, peer } = context
  const info = ownIsGreater(context) ? concat(peer, own) : concat(own, peer)
  const material = context.suite.keymat(kij, concat(context.i, context.j), info, keymatBytes(context))
  return keySet(context, material, info)
}

/**
 * The keys after a ratchet: fresh Diffie–Hellman mixed with the S before, bound to both ends' starts. Every rekey is one.
 * HKDF-SHA-256 whatever the suite (MOVING §3).
 */
export function ratchetKeys(
  context: KeyContext,
  kij: Uint8Array,
  previous: Resumption,
  own: Start,
  peer: Start,
): KeySet {
  const info = ownIsGreater(context)
    ? concat(context.peer, context.own, startBytes(peer), startBytes(own))
    : concat(context.own, context.peer, startBytes(own), startBytes(peer))
  const both = new Secret(kij.length + previous.secret.length)
  both.set(kij)
  both.set(previous.secret, kij.length)
  const prk = extract('sha256', concat(context.i, context.j), both)
  wipe(both)
  return keySet(context, { prk, keymat: expand('sha256', prk, info, keymatBytes(context)) }, info)
}

/** What an RFC 7402 rekey makes new; the HIP keys stay. */
export type EspKeySet = Pick<KeySet, 'esp' | 'resumption'>

/**
 * The keys of a rekey with a peer that knows only the RFCs: a KEYMAT from new values, of which ESP keys alone are drawn, or an old one
 * from an index on (RFC 7402 §6.10, §7).
 */
export function rekeyedKeys(context: KeyContext, kij: Uint8Array, index = 0): EspKeySet {
  const { own, peer, suite } = context
  const info = ownIsGreater(context) ? concat(peer, own) : concat(own, peer)
  const esp = espSuiteOf(context)
  const length = 2 * (esp.encryptionBytes + esp.authenticationBytes)
  const material = suite.keymat(kij, concat(context.i, context.j), info, index + length)
  const draw = new Draw(material.keymat.subarray(index))
  const [greater, less] = [drawEsp(draw, esp), drawEsp(draw, esp)]
  const secret = expand('sha256', material.prk, concat(utf8('sojourn resume'), info), 32)
  wipe(material.prk, material.keymat)
  return {
    esp: ownIsGreater(context) ? { send: greater, receive: less } : { send: less, receive: greater },
    resumption: resumptionOf(secret),
  }
}

/** The keys of the interim SA, from the thawed side (`sender`) to its peer only, on the peer's reserve SPI (MOVING §3). */
export function interimKeys(
  context: Pick<KeyContext, 'espSuite' | 'algorithms'>,
  s: Resumption,
  senderHit: Uint8Array,
  receiverHit: Uint8Array,
  sender: Start,
  receiver: Start,
  spi: number,
): EspKeys {
  const suite = espSuiteOf(context)
  const tail = new Writer().u32(spi).u16(suite.id).finish()
  const starts = concat(startBytes(sender), startBytes(receiver))
  const info = concat(utf8('sojourn interim'), senderHit, receiverHit, starts, tail)
  const bytes = expand('sha256', s.secret, info, suite.encryptionBytes + suite.authenticationBytes)
  const keys = drawEsp(new Draw(bytes), suite)
  wipe(bytes)
  return keys
}

/** Where in KEYMAT the ESP keys of a base exchange begin: the KEYMAT index of its ESP_INFO (RFC 7402 §5.1.1). */
export function espKeymatIndex(context: Pick<KeyContext, 'suite' | 'cipher' | 'algorithms'>): number {
  return 2 * (cipherBytes(context) + context.suite.macKeyBytes)
}

/** The incarnation that an instance key stands for (MOVING §1): 16 bytes. */
export function incarnationOf(instancePublicKey: Uint8Array): Uint8Array {
  return sha256(utf8('sojourn instance 1\0'), instancePublicKey).slice(0, 16)
}

/** The Resumption of an S: the id is a hash of it (MOVING §3). */
export function resumptionOf(secret: Uint8Array): Resumption {
  const id = sha256(utf8('sojourn resume id'), secret).slice(0, 8)
  return { id, secret }
}

function keySet(context: KeyContext, material: Keymat, info: Uint8Array): KeySet {
  const esp = espSuiteOf(context)
  const draw = new Draw(material.keymat)
  const hipGreater = drawHip(draw, context)
  const hipLess = drawHip(draw, context)
  const espGreater = drawEsp(draw, esp)
  const espLess = drawEsp(draw, esp)
  const greater = ownIsGreater(context)
  const secret = expand('sha256', material.prk, concat(utf8('sojourn resume'), info), 32)
  wipe(material.prk, material.keymat)
  return {
    hip: greater ? { send: hipGreater, receive: hipLess } : { send: hipLess, receive: hipGreater },
    esp: greater ? { send: espGreater, receive: espLess } : { send: espLess, receive: espGreater },
    resumption: resumptionOf(secret),
    keymatLength: draw.at,
  }
}

// The keys of one generation lie in one piece of memory, a view each, and are overwritten each in its time.
class Draw {
  at = 0
  readonly #memory: ArrayBuffer

  constructor(keymat: Uint8Array) {
    this.#memory = new ArrayBuffer(keymat.length)
    new Uint8Array(this.#memory).set(keymat)
  }

  take(length: number): Secret {
    const from = this.at
    this.at += length
    assert(this.at <= this.#memory.byteLength, 'KEYMAT is shorter than the keys drawn from it')
    return new Secret(this.#memory, from, length)
  }
}

function drawHip(draw: Draw, context: KeyContext): HipKeys {
  const encryption = draw.take(cipherBytes(context))
  return { encryption, integrity: draw.take(context.suite.macKeyBytes) }
}

function drawEsp(draw: Draw, suite: EspSuiteInfo): EspKeys {
  const encryption = draw.take(suite.encryptionBytes)
  return { encryption, authentication: draw.take(suite.authenticationBytes) }
}

function keymatBytes(context: KeyContext): number {
  const esp = espSuiteOf(context)
  return espKeymatIndex(context) + 2 * (esp.encryptionBytes + esp.authenticationBytes)
}

function ownIsGreater(context: KeyContext): boolean {
  const order = compareBytes(context.own, context.peer)
  assert(order !== 0, 'an association has two different ends')
  return order > 0
}

function startBytes(start: Start): Uint8Array {
  assert(start.incarnation.length === 16, 'an incarnation has 16 bytes')
  return new Writer().u64(start.epoch).bytes(start.incarnation).finish()
}

function espSuiteOf({ espSuite, algorithms = STANDARD }: Pick<KeyContext, 'espSuite' | 'algorithms'>): EspSuiteInfo {
  const suite = algorithms.espSuites.get(espSuite)
  assert(suite !== undefined, `ESP suite ${espSuite} is not one of ours`)
  return suite
}

function cipherBytes({ cipher, algorithms = STANDARD }: Pick<KeyContext, 'cipher' | 'algorithms'>): number {
  const known = algorithms.ciphers.get(cipher)
  assert(known !== undefined, `HIP cipher ${cipher} is not one of ours`)
  return known.keyBytes
}
