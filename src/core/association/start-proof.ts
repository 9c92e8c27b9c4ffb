// How the ends of a base exchange name and prove their starts (MOVING §1, §2): EPOCH with a receipt, and INSTANCE by the key
// that hashes to the incarnation. A receipt and an INSTANCE count only together, for anybody can copy a receipt.

import { concat, equalBytes } from '../../base/bytes.ts'
import type { Hit } from '../../crypto/hit.ts'
import type { Start } from '../../crypto/keymat.ts'
import { appendParameter, type ParameterValue } from '../../wire/packet.ts'
import { type Epoch, encodeEpoch, type Instance } from '../../wire/private.ts'
import { Parameter } from '../../wire/registry.ts'
import { type ReceiptFault, signInstance, verifyInstance, verifyReceipt } from '../moving/receipt.ts'
import type { OwnStart } from './context.ts'
import type { PeerReceipt } from './seed.ts'

/** Why what a packet says of its sender's start is not believed. */
export type StartFault =
  | 'epoch-zero'
  | 'receipt-without-instance'
  | 'instance-without-receipt'
  | 'instance-forged'
  | `receipt-${ReceiptFault}`

/** A start that is believed; undefined if the sender does not support EPOCH. */
export interface ProvenStart {
  readonly start: Start | undefined
  readonly receipt: PeerReceipt | undefined
}

/** No start at all: the addressee of an R1, or of somebody whose start is not known. */
export const UNKNOWN_START: Start = { epoch: 0, incarnation: new Uint8Array(16) }

const NOTHING = new Uint8Array(0)

/** EPOCH of a base exchange: it resumes nothing, so base epoch and resumption id are zero. */
export function exchangeEpoch(own: OwnStart, addressee: Start, withReceipt: boolean): ParameterValue {
  return encodeEpoch({
    sender: { epoch: own.epoch, incarnation: own.incarnation },
    addressee,
    baseEpoch: 0,
    resumptionId: new Uint8Array(8),
    receipt: (withReceipt ? own.receipt : undefined) ?? NOTHING,
  })
}

/** Appends INSTANCE if there is a receipt to go with it. `packet` is all that it covers. */
export function appendInstance(packet: Uint8Array, own: OwnStart): Uint8Array {
  return own.receipt === undefined
    ? packet
    : appendParameter(packet, Parameter.INSTANCE, signInstance(own.instance, packet))
}

/** Checks the start that an authentic packet names. `covered` makes the bytes that INSTANCE signs. */
export function proveStart(
  epoch: Epoch | undefined,
  instance: Instance | undefined,
  peer: Hit,
  covered: () => Uint8Array,
): ProvenStart | StartFault {
  if (epoch === undefined || epoch.receipt.length === 0) {
    if (instance !== undefined) return 'instance-without-receipt'
    if (epoch === undefined) return { start: undefined, receipt: undefined }
  }
  if (epoch.sender.epoch === 0) return 'epoch-zero'
  const start: Start = { epoch: epoch.sender.epoch, incarnation: concat(epoch.sender.incarnation) }
  if (epoch.receipt.length === 0) return { start, receipt: undefined }
  if (instance === undefined) return 'receipt-without-instance'
  const bytes = concat(epoch.receipt)
  const receipt = verifyReceipt(bytes, { hit: peer, start })
  if (typeof receipt === 'string') return `receipt-${receipt}`
  if (!verifyInstance(instance, covered(), start)) return 'instance-forged'
  return { start, receipt: { ...receipt, bytes } }
}

/** The same epoch of the same incarnation. */
export function sameStart(a: Start, b: Start): boolean {
  return a.epoch === b.epoch && equalBytes(a.incarnation, b.incarnation)
}
