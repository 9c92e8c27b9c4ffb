// UPDATE, NOTIFY, CLOSE and CLOSE_ACK as bytes (RFC 7401 §5.3.5–5.3.8): every one names both starts in EPOCH (MOVING §2, §6),
// carries a MAC under the HIP key of the S its resumption id names, and a signature unless it is a mere address check.
// Also the memory of the peer's Update IDs (RFC 7401 §6.12.1).

import type { Identity, PublicKey } from '../../crypto/identity.ts'
import { verify } from '../../crypto/identity.ts'
import type { KeyAlgorithms } from '../../crypto/key-algorithm.ts'
import type { HipKeys, Resumption, Start } from '../../crypto/keymat.ts'
import { sameSecret } from '../../crypto/secret.ts'
import type { HitSuite } from '../../crypto/suites.ts'
import { encodeSignature } from '../../wire/exchange.ts'
import { type Close, type CloseAck, encodeMessage, type Notify, type Update } from '../../wire/messages.ts'
import { encodeNotification } from '../../wire/notify.ts'
import { appendParameter, coveredBy, macInput } from '../../wire/packet.ts'
import { encodeEpoch, encodePadding } from '../../wire/private.ts'
import { Parameter } from '../../wire/registry.ts'
import { signInstance } from '../moving/receipt.ts'
import type { OwnStart } from './context.ts'

export interface Contents {
  readonly type: number
  readonly contents: Uint8Array
}

/** Keys and names that every packet of an association needs. */
export interface Envelope {
  readonly own: Uint8Array
  readonly peer: Uint8Array
  readonly suite: HitSuite
  readonly start: OwnStart
  readonly identity: Identity
  readonly addressee: Start
  readonly baseEpoch: number
  readonly resumption: Resumption
  readonly hipSend: HipKeys
  /** P1, and the answers and CLOSE of a start whose P1 is unanswered, prove the epoch with receipt and INSTANCE. */
  readonly proveStart: boolean
  /** For a peer that knows only the RFCs: no EPOCH, and everything is signed (RFC 7401 §5.3.5). */
  readonly plain?: boolean
}

/** An UPDATE; address checks go without the signature. `padTo` is the size of the finished packet, for P1. */
export function buildUpdate(
  envelope: Envelope,
  parameters: readonly Contents[],
  signed: boolean,
  padTo = 0,
): Uint8Array {
  return seal(envelope, 'UPDATE', parameters, signed, padTo)
}

export function buildClose(
  envelope: Envelope,
  kind: 'CLOSE' | 'CLOSE_ACK',
  parameters: readonly Contents[],
): Uint8Array {
  return seal(envelope, kind, parameters, true, 0)
}

/**
 * NOTIFY has a signature but no MAC (RFC 7401 §5.3.6). With `prover` it carries INSTANCE too: a former host has the identity
 * key, so the signature alone does not say whose word it is (MOVING §1).
 */
export function buildNotify(
  context: { readonly hitBytes: Uint8Array; readonly identity: Identity },
  peer: Uint8Array,
  extra: Contents,
  notification: { readonly type: number; readonly data: Uint8Array },
  prover?: OwnStart,
): Uint8Array {
  let bytes = encodeMessage('NOTIFY', context.hitBytes, peer, [encodeNotification(notification), extra])
  if (prover?.receipt !== undefined) {
    bytes = appendParameter(bytes, Parameter.INSTANCE, signInstance(prover.instance, bytes))
  }
  return sign(bytes, context.identity)
}

export function epochOf(
  start: OwnStart,
  addressee: Start | undefined,
  baseEpoch: number,
  resumptionId: Uint8Array,
  receipt: boolean,
): Contents {
  return encodeEpoch({
    sender: { epoch: start.epoch, incarnation: start.incarnation },
    addressee: addressee ?? { epoch: 0, incarnation: new Uint8Array(16) },
    baseEpoch,
    resumptionId,
    receipt: receipt && start.receipt !== undefined ? start.receipt : new Uint8Array(0),
  })
}

function seal(
  envelope: Envelope,
  kind: 'UPDATE' | 'CLOSE' | 'CLOSE_ACK',
  parameters: readonly Contents[],
  signed: boolean,
  padTo: number,
): Uint8Array {
  const { own, peer, suite, start } = envelope
  if (envelope.plain === true) {
    const packet = encodeMessage(kind, own, peer, parameters)
    const mac = suite.mac(envelope.hipSend.integrity, packet)
    return sign(appendParameter(packet, Parameter.HIP_MAC, mac), envelope.identity)
  }
  const proof = envelope.proveStart && start.receipt !== undefined
  const epoch = epochOf(start, envelope.addressee, envelope.baseEpoch, envelope.resumption.id, proof)
  let bytes = encodeMessage(kind, own, peer, [...parameters, epoch])
  if (padTo > 0) {
    const tail =
      (proof ? INSTANCE_BYTES : 0) +
      parameterBytes(suite.hashBytes) +
      parameterBytes(2 + envelope.identity.signatureBytes)
    bytes = encodeMessage(kind, own, peer, [...parameters, epoch, ...paddingTo(padTo, bytes.length + tail)])
  }
  if (proof) bytes = appendParameter(bytes, Parameter.INSTANCE, signInstance(start.instance, bytes))
  bytes = appendParameter(bytes, Parameter.HIP_MAC, suite.mac(envelope.hipSend.integrity, bytes))
  return signed ? sign(bytes, envelope.identity) : bytes
}

const INSTANCE_BYTES = parameterBytes(96)

/** RFC 7401 §5.2.1: header, contents and padding of a parameter. */
function parameterBytes(length: number): number {
  return 11 + length - ((length + 3) % 8)
}

function sign(bytes: Uint8Array, identity: Identity): Uint8Array {
  const signature = { algorithm: identity.publicKey.algorithm, bytes: identity.sign(bytes) }
  const { type, contents } = encodeSignature(Parameter.HIP_SIGNATURE, signature)
  return appendParameter(bytes, type, contents)
}

/** HIP_MAC under the peer's sending key (RFC 7401 §6.4.1). */
export function macFits(message: Update | Close | CloseAck, suite: HitSuite, key: HipKeys): boolean {
  return sameSecret(suite.mac(key.integrity, ...macInput(message.packet, Parameter.HIP_MAC)), message.mac)
}

/** HIP_SIGNATURE by the peer's Host Identity (RFC 7401 §6.4.2). */
export function signatureFits(
  message: Update | Close | CloseAck | Notify,
  key: PublicKey,
  { keys }: { readonly keys: KeyAlgorithms },
): boolean {
  const { signature } = message
  if (signature === undefined || signature.algorithm !== key.algorithm) return false
  return verify(key, coveredBy(message.packet, Parameter.HIP_SIGNATURE), signature.bytes, keys)
}

/** The zero padding that brings a packet of `bytes` to `goal` bytes; nothing if there is no room (MOVING §2). */
function paddingTo(goal: number, bytes: number): readonly Contents[] {
  const room = goal - bytes
  return room < 8 ? [] : [encodePadding(room - 4)]
}

/**
 * The Update IDs of one start of the peer (RFC 7401 §6.12.1): what has been seen is acknowledged again but not acted on
 * again. IDs restart with the epoch, so this memory is made anew with it (MOVING §6).
 */
export class UpdateIds {
  readonly #window: number
  #highest: number | undefined
  #seen: Set<number> | undefined

  /** `seen`: what an earlier memory had (from `all`). */
  constructor(window: number, seen: readonly number[] = []) {
    this.#window = window
    for (const id of seen) this.record(id)
  }

  state(id: number): 'new' | 'seen' | 'old' {
    if (this.#highest === undefined) return 'new'
    if (this.#seen?.has(id) === true) return 'seen'
    return distance(id, this.#highest) <= -this.#window ? 'old' : 'new'
  }

  /** The highest ID so far: only it may say where the peer is. */
  get highest(): number | undefined {
    return this.#highest
  }

  /** All that are remembered, in the order in which they came. */
  get all(): readonly number[] {
    return [...(this.#seen ?? [])]
  }

  record(id: number): void {
    if (this.#highest === undefined || distance(id, this.#highest) > 0) this.#highest = id
    this.#seen ??= new Set()
    this.#seen.add(id)
    for (const seen of this.#seen) if (distance(seen, this.#highest) <= -this.#window) this.#seen.delete(seen)
  }
}

/** `a` − `b` on the circle of 2^32. */
function distance(a: number, b: number): number {
  return (a - b) | 0
}
