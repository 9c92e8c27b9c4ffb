// The Initiator's side of the base exchange (RFC 7401 §4.1, §6.6, §6.8, §6.10; RFC 7402 §5.2; MOVING §2) as pure steps:
// I1, then an R1 is accepted, its puzzle solved in slices by the caller, I2, then an R2 makes a Seed. The bytes of I1 and I2
// are made once and repeated as they are.

import { concat, equalBytes } from '../../base/bytes.ts'
import { agree, generateDh } from '../../crypto/dh.ts'
import { sealParameter } from '../../crypto/envelope.ts'
import { type Hit, hitBytes, hitOf, isHitOf } from '../../crypto/hit.ts'
import { publicKeyFrom, verify } from '../../crypto/identity.ts'
import { baseKeys, espKeymatIndex, type KeyContext, type KeySet } from '../../crypto/keymat.ts'
import { PuzzleSolver } from '../../crypto/puzzle.ts'
import { sameSecret, wipe } from '../../crypto/secret.ts'
import { type HitSuite, hitSuite } from '../../crypto/suites.ts'
import * as exchange from '../../wire/exchange.ts'
import { encodeMessage, type R1, type R2 } from '../../wire/messages.ts'
import * as packets from '../../wire/packet.ts'
import { encodePadding, encodeReserveSpi } from '../../wire/private.ts'
import { Parameter, TransportFormat } from '../../wire/registry.ts'
import { encodeEchoResponseSigned, encodeEspInfo } from '../../wire/update.ts'
import { KnownSignatures } from '../moving/known-signatures.ts'
import { exchangeLocators } from '../moving/offer.ts'
import { logKij } from './context.ts'
import { ownHostIdTlv, suiteIdOf } from './exchange-offer.ts'
import type { Drop, ExchangeContext, PeerProof, Seed } from './seed.ts'
import { appendInstance, exchangeEpoch, proveStart, type StartFault, sameStart, UNKNOWN_START } from './start-proof.ts'
import { withUnsignedEchoes } from './unsigned-echoes.ts'

/**
 * Why an R1 is not answered. `r1-imposter`: another identity answered; what follows it in the list is that of the peer,
 * signed by it.
 */
export type R1Fault =
  | 'r1-hits'
  | 'r1-host-id'
  | 'r1-imposter'
  | 'r1-signature'
  | 'r1-hit-suite'
  | 'r1-dh-group'
  | 'r1-dh-value'
  | 'r1-puzzle'
  | 'r1-puzzle-too-difficult'
  | 'r1-cipher'
  | 'r1-esp-suite'
  | 'r1-echo'
  | `r1-${StartFault}`

/** Why an R2 makes no Seed. */
export type R2Fault = 'r2-hits' | 'r2-mac' | 'r2-signature' | 'r2-esp-info' | 'r2-start' | `r2-${StartFault}`

/** What an R1 offers and we have chosen. Step `solver` until it gives a J, then call `buildI2`. */
export interface AcceptedR1 extends PeerProof {
  /** Of several R1s the one with the largest counter counts (RFC 7401 §5.2.3): compare `high`, then `low`. */
  readonly counter: exchange.R1Counter | undefined
  readonly solver: PuzzleSolver
  /** How long the Responder promises to take the solution. */
  readonly lifetimeMs: number
  readonly puzzle: exchange.Puzzle
  readonly dh: exchange.DiffieHellman
  readonly suite: HitSuite
  readonly cipher: number
  readonly espSuite: number
  readonly hostIdTlv: Uint8Array
  readonly echoSigned: Uint8Array | undefined
  readonly echoUnsigned: readonly Uint8Array[]
}

/** An I2 to be sent, and what its R2 is checked against. */
export interface SentI2 {
  readonly bytes: Uint8Array
  readonly accepted: AcceptedR1
  readonly context: KeyContext
  readonly keys: KeySet
  readonly inboundSpi: number
  readonly reserveIn: number
}

/** An I1, padded so that no R1 amplifies it (MOVING §2). */
export function encodeI1(
  self: Pick<ExchangeContext, 'hitBytes' | 'config' | 'dhGroups'>,
  peer: Uint8Array,
): Uint8Array {
  const groups = exchange.encodeDhGroupList(self.dhGroups)
  const room = self.config.i1PacketBytes - packets.HIP_HEADER_BYTES - packets.encodeParameters([groups]).length
  // The header of PADDING takes four bytes.
  return encodeMessage('I1', self.hitBytes, peer, room < 8 ? [groups] : [groups, encodePadding(room - 4)])
}

/** Checks an R1 in the order of RFC 7401 §6.8, and chooses from what it offers. */
export function acceptR1(self: ExchangeContext, peer: Hit, r1: R1): AcceptedR1 | Drop<R1Fault> {
  const peerBytes = hitBytes(peer)
  if (!equalBytes(r1.sender, peerBytes) || !equalBytes(r1.receiver, self.hitBytes)) return { drop: 'r1-hits' }
  const { keys } = self.algorithms
  const { algorithm, label, key: bytes } = r1.hostId
  const peerKey = publicKeyFrom(algorithm, label, bytes, keys)
  // The HIT vouches for the key, if nothing else can: the peer is what it is, but of a kind that we have not got.
  if (peerKey === undefined) return { drop: isHitOf(peer, { algorithm, label, bytes }) ? 'r1-hit-suite' : 'r1-host-id' }
  if (hitOf(peerKey) !== peer) return { drop: 'r1-imposter' }
  const signed = packets.coveredByR1(r1.packet, Parameter.HIP_SIGNATURE_2)
  if (r1.signature.algorithm !== peerKey.algorithm) return { drop: 'r1-signature' }
  if (!met.has(peerKey, signed, r1.signature.bytes)) {
    if (!verify(peerKey, signed, r1.signature.bytes, keys)) return { drop: 'r1-signature' }
    met.keep(peerKey, signed, r1.signature.bytes)
  }
  const choice = choose(self, peerBytes, r1)
  if ('drop' in choice) return choice
  const covered = () => packets.coveredByR1(r1.packet, Parameter.INSTANCE)
  const proof = proveStart(r1.epoch, r1.instance, peer, covered)
  if (typeof proof === 'string') return { drop: `r1-${proof}` }
  const { suite } = choice
  // Copies, because a message is a view of its packet; by concat, because the slice of a Buffer would be one too.
  const { k, lifetime, opaque, i } = r1.puzzle
  return {
    peer,
    peerKey,
    peerStart: proof.start,
    peerReceipt: proof.receipt,
    counter: r1.counter,
    solver: new PuzzleSolver(suite, i, self.hitBytes, peerBytes, k, self.entropy),
    lifetimeMs: 1000 * 2 ** (lifetime - 32),
    puzzle: { k, lifetime, opaque: concat(opaque), i: concat(i) },
    dh: { group: r1.dh.group, publicValue: concat(r1.dh.publicValue) },
    ...choice,
    hostIdTlv: concat(r1.hostIdTlv),
    echoSigned: r1.echoSigned && concat(r1.echoSigned),
    echoUnsigned: (r1.echoUnsigned ?? []).map((echo) => concat(echo)),
  }
}

// An R1 is signed once a generation (RFC 7401 §5.2.15), and several identities of a host, or one that tries again, meet it again.
const met = new KnownSignatures()

/** The I2 for a solution J, under keys that only the Responder of that R1 can derive too. */
export function buildI2(
  self: ExchangeContext,
  accepted: AcceptedR1,
  j: Uint8Array,
  spis: { readonly inboundSpi: number; readonly reserveIn: number },
): SentI2 | Drop<'r1-dh-value' | 'r1-echo'> {
  const { suite, cipher, espSuite, peer } = accepted
  const { algorithms } = self
  const own = generateDh(accepted.dh.group, self.entropy, algorithms.dhGroups)
  const kij = own === undefined ? undefined : agree(own, accepted.dh.publicValue)
  if (own === undefined || kij === undefined) return { drop: 'r1-dh-value' }
  logKij(self, peer, kij)
  const peerBytes = hitBytes(peer)
  const { i } = accepted.puzzle
  const context: KeyContext = { suite, espSuite, cipher, algorithms, own: self.hitBytes, peer: peerBytes, i, j }
  const keys = baseKeys(context, kij)
  wipe(kij)
  const { inboundSpi, reserveIn } = spis
  const parameters = [
    encodeEspInfo({ keymatIndex: espKeymatIndex(context), oldSpi: 0, newSpi: inboundSpi }),
    ...(accepted.counter === undefined ? [] : [exchange.encodeR1Counter(accepted.counter)]),
    ...exchangeLocators(self, inboundSpi, accepted.peerStart),
    exchange.encodeSolution({ ...accepted.puzzle, j }),
    exchange.encodeDiffieHellman({ group: own.group, publicValue: own.publicValue }),
    exchange.encodeHipCipher([cipher]),
    encryptedHostId(self, cipher, keys.hip.send.encryption),
    ...(accepted.echoSigned === undefined ? [] : [encodeEchoResponseSigned(accepted.echoSigned)]),
    exchange.encodeTransportFormatList([TransportFormat.ESP]),
    exchange.encodeEspTransform([espSuite]),
    exchangeEpoch(self.start, accepted.peerStart ?? UNKNOWN_START, true),
    encodeReserveSpi(reserveIn),
  ]
  // An echo is as long as its author likes; one that leaves no room for the rest cannot be answered.
  if (packets.encodeParameters(parameters).length > parametersBytesMax(self)) return { drop: 'r1-echo' }
  const bytes = signI2(self, encodeMessage('I2', self.hitBytes, peerBytes, parameters), suite, keys)
  return { bytes: withUnsignedEchoes(bytes, accepted.echoUnsigned), accepted, context, keys, inboundSpi, reserveIn }
}

/** The end of the exchange: an R2 that proves its sender has the keys and is the peer. */
export function acceptR2(self: ExchangeContext, sent: SentI2, r2: R2): Seed | Drop<R2Fault> {
  const { accepted, context, keys } = sent
  const { peer, peerKey, peerReceipt, hostIdTlv } = accepted
  if (!equalBytes(r2.sender, context.peer) || !equalBytes(r2.receiver, context.own)) return { drop: 'r2-hits' }
  // HIP_MAC_2 covers both together, and they would have to be one packet.
  if (r2.packet.bytes.length + hostIdTlv.length > packets.HIP_PACKET_LIMIT) return { drop: 'r2-mac' }
  const mac = context.suite.mac(keys.hip.receive.integrity, packets.macTwoInput(r2.packet, hostIdTlv))
  if (!sameSecret(mac, r2.mac2)) return { drop: 'r2-mac' }
  const signed = packets.coveredBy(r2.packet, Parameter.HIP_SIGNATURE)
  if (
    r2.signature.algorithm !== peerKey.algorithm ||
    !verify(peerKey, signed, r2.signature.bytes, self.algorithms.keys)
  ) {
    return { drop: 'r2-signature' }
  }
  const { keymatIndex, oldSpi, newSpi } = r2.espInfo
  if (oldSpi !== 0 || newSpi === 0 || keymatIndex !== espKeymatIndex(context)) return { drop: 'r2-esp-info' }
  const proof = proveStart(r2.epoch, r2.instance, peer, () => packets.coveredBy(r2.packet, Parameter.INSTANCE))
  if (typeof proof === 'string') return { drop: `r2-${proof}` }
  if (!continues(self, accepted, r2, proof.start)) return { drop: 'r2-start' }
  return {
    initiator: true,
    peer,
    peerKey,
    peerStart: accepted.peerStart,
    peerReceipt,
    context,
    dhGroup: accepted.dh.group,
    keys,
    inboundSpi: sent.inboundSpi,
    outboundSpi: newSpi,
    reserveIn: sent.reserveIn,
    reserveOut: r2.reserveSpi,
    peerDh: accepted.peerStart === undefined ? accepted.dh.publicValue : undefined,
  }
}

// What stands behind the other parameters at most: INSTANCE, HIP_MAC of 48 bytes, HIP_SIGNATURE.
const INSTANCE_AND_MAC_BYTES = 104 + 56

function parametersBytesMax({ identity }: ExchangeContext): number {
  const signature = 8 * Math.ceil((4 + 2 + identity.signatureBytes) / 8)
  return packets.HIP_PACKET_LIMIT - packets.HIP_HEADER_BYTES - INSTANCE_AND_MAC_BYTES - signature
}

interface Choice {
  readonly suite: HitSuite
  readonly cipher: number
  readonly espSuite: number
}

// RFC 7401 §6.8 steps 5 to 10. The lists are in the Responder's order of preference.
function choose(self: ExchangeContext, peer: Uint8Array, r1: R1): Choice | Drop<R1Fault> {
  const suite = hitSuite(suiteIdOf(peer), self.algorithms.hitSuites)
  if (suite === undefined || !r1.hitSuites.includes(suiteIdOf(self.hitBytes))) return { drop: 'r1-hit-suite' }
  // RFC 7401 §5.2.6: the first of its groups that we offered, so that nobody in between can choose a weaker one.
  const group = r1.dhGroups.find((offered) => self.dhGroups.includes(offered))
  if (group === undefined || r1.dh.group !== group) return { drop: 'r1-dh-group' }
  if (r1.puzzle.i.length !== suite.hashBytes) return { drop: 'r1-puzzle' }
  if (r1.puzzle.k > self.config.puzzleDifficultyMax) return { drop: 'r1-puzzle-too-difficult' }
  const cipher = r1.ciphers.find((offered) => self.hipCiphers.includes(offered))
  if (cipher === undefined) return { drop: 'r1-cipher' }
  const espSuite = r1.espSuites.find((offered) => self.espSuites.includes(offered))
  if (espSuite === undefined || !r1.transports.includes(TransportFormat.ESP)) return { drop: 'r1-esp-suite' }
  return { suite, cipher, espSuite }
}

function encryptedHostId(self: ExchangeContext, cipher: number, key: Uint8Array): packets.ParameterValue {
  const { algorithms, entropy, identity } = self
  return exchange.encodeEncrypted(sealParameter(cipher, key, ownHostIdTlv(identity), entropy, algorithms.ciphers))
}

function signI2(self: ExchangeContext, packet: Uint8Array, suite: HitSuite, keys: KeySet): Uint8Array {
  const proven = appendInstance(packet, self.start)
  const bytes = packets.appendParameter(proven, Parameter.HIP_MAC, suite.mac(keys.hip.send.integrity, proven))
  const signature = { algorithm: self.identity.publicKey.algorithm, bytes: self.identity.sign(bytes) }
  const { type, contents } = exchange.encodeSignature(Parameter.HIP_SIGNATURE, signature)
  return packets.appendParameter(bytes, type, contents)
}

// The R2 must come from the start that made the R1, and be meant for ours; and who can be thawed keeps an SPI free.
function continues(self: ExchangeContext, accepted: AcceptedR1, r2: R2, start: Seed['peerStart']): boolean {
  if (accepted.peerStart === undefined || start === undefined) return accepted.peerStart === start
  if (r2.epoch === undefined || r2.reserveSpi === undefined || r2.reserveSpi === r2.espInfo.newSpi) return false
  return sameStart(start, accepted.peerStart) && sameStart(r2.epoch.addressee, self.start)
}
