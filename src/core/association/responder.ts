// The Responder's side of the base exchange from I2 on (RFC 7401 §6.9, RFC 7402 §5.2, MOVING §2). Checks stand in the order of
// their cost: a table look-up, two hashes, the budget of the source, then Diffie–Hellman, and a signature last. Nothing is kept until all have passed.

import type { Locator } from '../../base/address.ts'
import { concat, equalBytes } from '../../base/bytes.ts'
import { agree } from '../../crypto/dh.ts'
import { decryptParameter } from '../../crypto/envelope.ts'
import { forgetKeySet } from '../../crypto/forget.ts'
import { type Hit, hitOf, hitText, isFlatHit } from '../../crypto/hit.ts'
import { type PublicKey, publicKeyFrom, verify } from '../../crypto/identity.ts'
import { baseKeys, espKeymatIndex, type KeyContext, type KeySet } from '../../crypto/keymat.ts'
import { solves } from '../../crypto/puzzle.ts'
import { sameSecret, wipe } from '../../crypto/secret.ts'
import * as exchange from '../../wire/exchange.ts'
import { isMalformed } from '../../wire/malformed.ts'
import { encodeMessage, type I2 } from '../../wire/messages.ts'
import * as packets from '../../wire/packet.ts'
import { encodeReserveSpi } from '../../wire/private.ts'
import { Parameter, TransportFormat } from '../../wire/registry.ts'
import { encodeEspInfo } from '../../wire/update.ts'
import { exchangeLocators } from '../moving/offer.ts'
import { logKij } from './context.ts'
import { suiteIdOf } from './exchange-offer.ts'
import type { Generation, R1Pool } from './r1-pool.ts'
import type { Drop, ExchangeContext, PeerProof, Seed } from './seed.ts'
import { exchangeEpoch, proveStart, type StartFault, sameStart } from './start-proof.ts'

/** Why an I2 makes no association, in the order of the checks. */
export type I2Fault =
  | 'i2-hits'
  | 'i2-hit-suite'
  | 'i2-generation'
  | 'i2-counter'
  | 'i2-consumed'
  | 'i2-puzzle'
  | 'i2-dh-group'
  | 'i2-cipher'
  | 'i2-esp-suite'
  | 'i2-esp-info'
  | 'i2-addressee'
  | 'i2-prefix-limit'
  | 'i2-dh-value'
  | 'i2-host-id'
  | 'i2-imposter'
  | 'i2-not-admitted'
  | 'i2-mac'
  | 'i2-signature'
  | `i2-${StartFault}`

/** An association that the Responder could have, but for its SPIs. */
export type Candidate = Omit<Seed, 'inboundSpi' | 'reserveIn'>

/** What the owner of the association has to say. `Reason`: why not, to be counted. */
export interface Admission<Reason extends string> {
  /** J of the exchange that made the association we have with the sender, if we have one. */
  readonly held?: Uint8Array | undefined
  /** Whether this key may try at all. It fits the sender's HIT, but nothing proves yet that its owner is there. */
  admit(key: PublicKey, peer: Hit): boolean
  /**
   * The last word, when everything else is proved and before there is an R2: fresh SPIs for the association, or why there
   * shall be none (its epoch is below the floor, there is no room). A refused I2 leaves no trace here.
   */
  decide(candidate: Candidate): { readonly inboundSpi: number; readonly reserveIn: number } | Reason
}

/** A new association and its R2; or the R2 of one that we have; or nothing. */
export type I2Outcome<Reason extends string> =
  | { readonly seed: Seed; readonly r2: Uint8Array }
  | { readonly repeat: Uint8Array }
  | Drop<I2Fault | Reason>

/** Takes an I2. Never throws for anything it contains. */
export function acceptI2<Reason extends string>(
  self: ExchangeContext,
  pool: R1Pool,
  now: number,
  i2: I2,
  source: Locator,
  admission: Admission<Reason>,
): I2Outcome<Reason> {
  const fault = strangerFault(self, i2)
  if (fault !== undefined) return { drop: fault }
  const generation = pool.generationOf(now, i2.solution.opaque)
  if (generation === undefined) return { drop: 'i2-generation' }
  if (!echoes(generation.counter, i2.counter)) return { drop: 'i2-counter' }
  const { i, j } = i2.solution
  const recalled = pool.recall(now, generation, i, j, i2.packet.bytes)
  if (recalled === 'consumed') return { drop: 'i2-consumed' }
  if (recalled !== undefined) return recalled
  if (!solved(self, pool, generation, i2, source, admission.held)) return { drop: 'i2-puzzle' }
  const chosen = choiceFault(self, generation, i2)
  if (chosen !== undefined) return { drop: chosen }
  if (!pool.mayAgree(now, source)) return { drop: 'i2-prefix-limit' }
  const candidate = authenticate(self, pool, generation, i2, admission)
  if ('drop' in candidate) return candidate
  const spis = admission.decide(candidate)
  if (typeof spis === 'string') {
    forgetKeySet(candidate.keys)
    return { drop: spis }
  }
  const seed: Seed = { ...candidate, inboundSpi: spis.inboundSpi, reserveIn: spis.reserveIn }
  const r2 = encodeR2(self, pool, seed)
  pool.consume(now, generation, i, j, i2.packet.bytes, r2)
  return { seed, r2 }
}

function strangerFault(self: ExchangeContext, i2: I2): I2Fault | undefined {
  if (!equalBytes(i2.receiver, self.hitBytes) || equalBytes(i2.sender, self.hitBytes)) return 'i2-hits'
  return isFlatHit(i2.sender) && self.hitSuites.includes(suiteIdOf(i2.sender)) ? undefined : 'i2-hit-suite'
}

function echoes(counter: exchange.R1Counter, echoed: exchange.R1Counter | undefined): boolean {
  return echoed !== undefined && echoed.high === counter.high && echoed.low === counter.low && !echoed.reserved
}

// K from the generation, not from the packet; I again from the source and the association at hand; and one hash for J.
function solved(
  self: ExchangeContext,
  pool: R1Pool,
  generation: Generation,
  i2: I2,
  source: Locator,
  held: Uint8Array | undefined,
): boolean {
  const { k, i, j } = i2.solution
  if (k !== generation.k || !equalBytes(i, pool.puzzleOf(generation, i2.sender, source, held))) return false
  return solves(pool.suite, i, i2.sender, self.hitBytes, j, k)
}

// RFC 7401 §6.9 steps 9, 10 and 13; RFC 7402 §5.2.
function choiceFault(self: ExchangeContext, generation: Generation, i2: I2): I2Fault | undefined {
  if (!generation.variants.has(i2.dh.group)) return 'i2-dh-group'
  if (!self.hipCiphers.includes(i2.cipher)) return 'i2-cipher'
  const [transport, ...more] = i2.transports
  const [espSuite] = i2.espSuites
  if (transport !== TransportFormat.ESP || more.length > 0) return 'i2-esp-suite'
  if (espSuite === undefined || !self.espSuites.includes(espSuite)) return 'i2-esp-suite'
  if (i2.espInfo.oldSpi !== 0 || i2.espInfo.newSpi === 0) return 'i2-esp-info'
  if (i2.epoch === undefined) return undefined
  // Who supports EPOCH has read ours in the R1, and keeps an SPI free for our thaw.
  if (!sameStart(i2.epoch.addressee, self.start)) return 'i2-addressee'
  return i2.reserveSpi === undefined || i2.reserveSpi === i2.espInfo.newSpi ? 'i2-esp-info' : undefined
}

function authenticate<Reason extends string>(
  self: ExchangeContext,
  pool: R1Pool,
  generation: Generation,
  i2: I2,
  admission: Admission<Reason>,
): Candidate | Drop<I2Fault> {
  const { suite } = pool
  const variant = generation.variants.get(i2.dh.group)
  const kij = variant && agree(variant.dh, i2.dh.publicValue)
  if (kij === undefined) return { drop: 'i2-dh-value' }
  const i = concat(i2.solution.i)
  const j = concat(i2.solution.j)
  const espSuite = i2.espSuites[0] ?? 0
  const peerBytes = concat(i2.sender)
  const { cipher } = i2
  const { algorithms } = self
  const context: KeyContext = { suite, espSuite, cipher, algorithms, own: self.hitBytes, peer: peerBytes, i, j }
  if (i2.espInfo.keymatIndex !== espKeymatIndex(context)) return { drop: 'i2-esp-info' }
  const keys = baseKeys(context, kij)
  const proof = provePeer(self, i2, context, keys, admission)
  if (!('drop' in proof)) logKij(self, proof.peer, kij)
  wipe(kij)
  if ('drop' in proof) {
    forgetKeySet(keys)
    return proof
  }
  return {
    initiator: false,
    ...proof,
    context,
    dhGroup: i2.dh.group,
    keys,
    outboundSpi: i2.espInfo.newSpi,
    reserveOut: i2.reserveSpi,
    peerDh: proof.peerStart === undefined ? concat(i2.dh.publicValue) : undefined,
  }
}

// RFC 7401 §6.9 steps 11, 12, 14 and 15.
function provePeer<Reason extends string>(
  self: ExchangeContext,
  i2: I2,
  context: KeyContext,
  keys: KeySet,
  admission: Admission<Reason>,
): PeerProof | Drop<I2Fault> {
  const peer = hitText(context.peer)
  const hostId = hostIdOf(self, i2, context, keys)
  const known = self.algorithms.keys
  const peerKey = hostId && publicKeyFrom(hostId.algorithm, hostId.label, hostId.key, known)
  if (peerKey === undefined) return { drop: 'i2-host-id' }
  if (hitOf(peerKey) !== peer) return { drop: 'i2-imposter' }
  if (!admission.admit(peerKey, peer)) return { drop: 'i2-not-admitted' }
  const mac = context.suite.mac(keys.hip.receive.integrity, ...packets.macInput(i2.packet, Parameter.HIP_MAC))
  if (!sameSecret(mac, i2.mac)) return { drop: 'i2-mac' }
  const signed = packets.coveredBy(i2.packet, Parameter.HIP_SIGNATURE)
  if (i2.signature.algorithm !== peerKey.algorithm || !verify(peerKey, signed, i2.signature.bytes, known)) {
    return { drop: 'i2-signature' }
  }
  const proof = proveStart(i2.epoch, i2.instance, peer, () => packets.coveredBy(i2.packet, Parameter.INSTANCE))
  if (typeof proof === 'string') return { drop: `i2-${proof}` }
  return { peer, peerKey, peerStart: proof.start, peerReceipt: proof.receipt }
}

function hostIdOf(self: ExchangeContext, i2: I2, context: KeyContext, keys: KeySet): exchange.HostId | undefined {
  if (i2.encrypted === undefined) return i2.hostId
  const { ciphers } = self.algorithms
  const plaintext = decryptParameter(context.cipher, keys.hip.receive.encryption, i2.encrypted, ciphers)
  const inside = plaintext === undefined ? undefined : packets.decodeParameters(plaintext)
  if (inside === undefined || isMalformed(inside)) return undefined
  const [parameter, ...more] = inside
  if (parameter?.type !== Parameter.HOST_ID || more.length > 0) return undefined
  const hostId = exchange.decodeHostId(parameter.contents, 0)
  return isMalformed(hostId) ? undefined : hostId
}

function encodeR2(self: ExchangeContext, pool: R1Pool, seed: Seed): Uint8Array {
  const { context, keys, peerStart } = seed
  const keymatIndex = espKeymatIndex(context)
  const parameters = [
    encodeEspInfo({ keymatIndex, oldSpi: 0, newSpi: seed.inboundSpi }),
    ...exchangeLocators(self, seed.inboundSpi, peerStart),
    ...(peerStart === undefined ? [] : [exchangeEpoch(self.start, peerStart, false), encodeReserveSpi(seed.reserveIn)]),
  ]
  const packet = encodeMessage('R2', self.hitBytes, context.peer, parameters)
  const mac = context.suite.mac(keys.hip.send.integrity, packets.macTwoInput(packet, pool.hostIdTlv))
  const bytes = packets.appendParameter(packet, Parameter.HIP_MAC_2, mac)
  const signature = { algorithm: self.identity.publicKey.algorithm, bytes: self.identity.sign(bytes) }
  const { type, contents } = exchange.encodeSignature(Parameter.HIP_SIGNATURE, signature)
  return packets.appendParameter(bytes, type, contents)
}
