// Two ends of a base exchange in memory, with nothing between them but bytes.

import type { Locator } from '../../src/base/address.ts'
import type { KeyLogEntry, OwnStart } from '../../src/core/association/context.ts'
import { type Choices, offerOf } from '../../src/core/association/exchange-offer.ts'
import { acceptR1, acceptR2, buildI2, encodeI1, type SentI2 } from '../../src/core/association/initiator.ts'
import { R1Pool } from '../../src/core/association/r1-pool.ts'
import { type Admission, acceptI2, type I2Outcome } from '../../src/core/association/responder.ts'
import type { ExchangeContext, Seed } from '../../src/core/association/seed.ts'
import { type Config, DEFAULTS } from '../../src/core/config.ts'
import { signReceipt } from '../../src/core/moving/receipt.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { Identity, type IdentityAlgorithm } from '../../src/crypto/identity.ts'
import { incarnationOf } from '../../src/crypto/keymat.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import { decodeMessage, type Message, type MessageKind } from '../../src/wire/messages.ts'
import { HOST_A, LEDGER, seeded } from './actors.ts'

export interface End extends ExchangeContext {
  readonly keylogged: KeyLogEntry[]
}

export interface EndOptions extends Choices {
  readonly algorithm?: IdentityAlgorithm
  /** Instead of one that is drawn. */
  readonly identity?: Identity
  readonly ledger?: boolean
  readonly epoch?: number
  readonly config?: Partial<Config>
}

/** An end that is the same in every run; `seed` tells ends apart. */
export function end(seed: number, options: EndOptions = {}): End {
  const entropy = seeded(seed)
  const identity = options.identity ?? Identity.generate(entropy, options.algorithm, options.algorithms)
  const keylogged: KeyLogEntry[] = []
  return {
    config: { ...DEFAULTS, ...options.config },
    identity,
    hitBytes: hitBytes(identity.hit),
    start: startOf(identity, Identity.generate(entropy), options.epoch ?? 1, options.ledger ?? false),
    entropy,
    ...offerOf(options, identity),
    keylog: (entry) => keylogged.push(entry),
    keylogged,
  }
}

/** A start of `identity`, with a receipt if there is a ledger. */
export function startOf(identity: Identity, instance: Identity, epoch: number, ledger: boolean): OwnStart {
  const incarnation = incarnationOf(instance.publicKey.bytes)
  const host = hitBytes(HOST_A.hit)
  const fields = { ledger: LEDGER.publicKey, hit: hitBytes(identity.hit), epoch, host, incarnation }
  const receipt = ledger ? signReceipt({ ...fields, timeMs: 1_795_000_000_000 }, LEDGER) : undefined
  return { epoch, incarnation, instance, receipt, ledgerKey: ledger ? LEDGER.publicKey : undefined }
}

export const SOURCE: Locator = { address: '192.0.2.1', port: 10_500 }

/** Lets everybody in, on fixed SPIs. */
export const OPEN_DOOR: Admission<never> = {
  admit: () => true,
  decide: () => ({ inboundSpi: 0x2000, reserveIn: 0x2001 }),
}

/** Reads a message that must be sound. */
export function read<K extends MessageKind>(kind: K, bytes: Uint8Array): Extract<Message, { kind: K }> {
  const message = tryRead(kind, bytes)
  if (message === undefined) throw new Error(`this is no ${kind}`)
  return message
}

/** Reads a message; undefined if it is malformed or of another kind. */
export function tryRead<K extends MessageKind>(kind: K, bytes: Uint8Array): Extract<Message, { kind: K }> | undefined {
  const message = decodeMessage(bytes)
  return !isMalformed(message) && isKind(kind, message) ? message : undefined
}

function isKind<K extends MessageKind>(kind: K, message: Message): message is Extract<Message, { kind: K }> {
  return message.kind === kind
}

/** The R1 that `pool` answers to an I1 of `initiator`. */
export function askForR1(now: number, initiator: End, responder: End, pool: R1Pool): Uint8Array {
  const i1 = encodeI1(initiator, responder.hitBytes)
  return unwrapped(pool.answer(now, read('I1', i1), SOURCE)).r1
}

/** The I2 with which `initiator` answers an R1. */
export function answerR1(initiator: End, responder: End, r1: Uint8Array): SentI2 {
  const accepted = unwrapped(acceptR1(initiator, responder.identity.hit, read('R1', r1)))
  let j: Uint8Array | undefined
  while (j === undefined) j = accepted.solver.step(initiator.config.puzzleTriesPerSlice)
  return unwrapped(buildI2(initiator, accepted, j, { inboundSpi: 0x1000, reserveIn: 0x1001 }))
}

/** What the responder does about an I2. */
export function offerI2<Reason extends string>(
  now: number,
  responder: End,
  pool: R1Pool,
  i2: Uint8Array,
  admission: Admission<Reason>,
  source: Locator = SOURCE,
): I2Outcome<Reason> {
  return acceptI2(responder, pool, now, read('I2', i2), source, admission)
}

export interface Exchange {
  readonly r1: Uint8Array
  readonly sent: SentI2
  readonly r2: Uint8Array
  readonly initiated: Seed
  readonly responded: Seed
  readonly pool: R1Pool
}

/** A whole base exchange at `now`. */
export function exchange(initiator: End, responder: End, pool: R1Pool = new R1Pool(responder), now = 0): Exchange {
  const r1 = askForR1(now, initiator, responder, pool)
  const sent = answerR1(initiator, responder, r1)
  const outcome = offerI2(now, responder, pool, sent.bytes, OPEN_DOOR)
  if (!('seed' in outcome)) throw new Error(`no seed: ${JSON.stringify(outcome)}`)
  const initiated = unwrapped(acceptR2(initiator, sent, read('R2', outcome.r2)))
  return { r1, sent, r2: outcome.r2, initiated, responded: outcome.seed, pool }
}

/** What is there if nothing was dropped. */
export function unwrapped<T extends object>(result: T): Exclude<T, { readonly drop: string }> {
  if ('drop' in result) throw new Error(`dropped: ${String(result.drop)}`)
  return result as Exclude<T, { readonly drop: string }>
}
