// Packets that are almost right: one parameter or field changed, with MACs and signatures as a test wants them.

import type { Identity } from '../../src/crypto/identity.ts'
import type { KeySet } from '../../src/crypto/keymat.ts'
import type { HitSuite } from '../../src/crypto/suites.ts'
import { encodeSignature } from '../../src/wire/exchange.ts'
import { encodeMessage } from '../../src/wire/messages.ts'
import { appendParameter, coveredByR1, decodePacket, macTwoInput, type ParameterValue } from '../../src/wire/packet.ts'
import { Parameter } from '../../src/wire/registry.ts'
import { sound } from '../wire/fixtures.ts'

const CONTROLS_OFFSET = 6

/** A copy in which the contents of one parameter have been changed in place; nothing else is, no signature either. */
export function altered(bytes: Uint8Array, type: number, change: (contents: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice()
  const parameter = sound(decodePacket(copy)).parameters.find((one) => one.type === type)
  if (parameter === undefined) throw new Error(`there is no parameter ${type}`)
  change(parameter.contents)
  return copy
}

/** A copy with one byte flipped. */
export function flippedAt(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

/** An R1 with some parameters replaced, some left out and other controls, signed by `signer`. */
export function resignedR1(
  r1: Uint8Array,
  signer: Identity,
  changes: readonly ParameterValue[],
  left: readonly number[] = [],
  controls = 0,
): Uint8Array {
  const packet = sound(decodePacket(r1))
  const gone = new Set([...changes.map(({ type }) => type), ...left])
  const kept = packet.parameters.filter(({ type }) => type < Parameter.HIP_SIGNATURE_2 && !gone.has(type))
  const bytes = encodeMessage('R1', packet.sender, packet.receiver, [...kept, ...changes])
  bytes.set([controls >> 8, controls & 0xff], CONTROLS_OFFSET)
  const covered = coveredByR1(sound(decodePacket(bytes)), Parameter.HIP_SIGNATURE_2)
  return signed(bytes, Parameter.HIP_SIGNATURE_2, signer, covered)
}

/** An R2 with the parameters of another, between these HITs, under this MAC key and signature. */
export function forgedR2(
  r2: Uint8Array,
  hits: { readonly sender: Uint8Array; readonly receiver: Uint8Array },
  seal: {
    readonly suite: HitSuite
    readonly keys: KeySet['hip']['send']
    readonly hostIdTlv: Uint8Array
    readonly signer: Identity
  },
): Uint8Array {
  const kept = sound(decodePacket(r2)).parameters.filter(({ type }) => type < Parameter.HIP_MAC)
  const bytes = encodeMessage('R2', hits.sender, hits.receiver, kept)
  const mac = seal.suite.mac(seal.keys.integrity, macTwoInput(bytes, seal.hostIdTlv))
  const proven = appendParameter(bytes, Parameter.HIP_MAC_2, mac)
  return signed(proven, Parameter.HIP_SIGNATURE, seal.signer, proven)
}

/** An I2 with the parameters of another, under this MAC key and signature. */
export function forgedI2(
  i2: Uint8Array,
  seal: { readonly suite: HitSuite; readonly keys: KeySet['hip']['send']; readonly signer: Identity },
): Uint8Array {
  const packet = sound(decodePacket(i2))
  const kept = packet.parameters.filter(({ type }) => type < Parameter.HIP_MAC)
  const bytes = encodeMessage('I2', packet.sender, packet.receiver, kept)
  const proven = appendParameter(bytes, Parameter.HIP_MAC, seal.suite.mac(seal.keys.integrity, bytes))
  return signed(proven, Parameter.HIP_SIGNATURE, seal.signer, proven)
}

function signed(bytes: Uint8Array, as: 61633 | 61697, signer: Identity, covered: Uint8Array): Uint8Array {
  const signature = { algorithm: signer.publicKey.algorithm, bytes: signer.sign(covered) }
  const { type, contents } = encodeSignature(as, signature)
  return appendParameter(bytes, type, contents)
}
