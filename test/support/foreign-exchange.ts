// What packets of a peer that knows only the RFCs (foreign-peer.ts) hold: P-256, AES-128-CBC, ESP suite 8.

import type { ECDH } from 'node:crypto'
import { addressBytes, type Locator } from '../../src/base/address.ts'
import type { Identity } from '../../src/crypto/identity.ts'
import * as exchange from '../../src/wire/exchange.ts'
import type { R1 } from '../../src/wire/messages.ts'
import { encodeLocatorSet } from '../../src/wire/mobility.ts'
import { appendParameter, type ParameterValue } from '../../src/wire/packet.ts'

/** A rekey from this end (RFC 7402 §6.8): what we have sent, whether it is acknowledged, what has come. */
export interface Rekey {
  readonly spi: number
  readonly dh: ECDH | undefined
  readonly updateId: number
  readonly keymatIndex: number
  acknowledged: boolean
  theirs: { readonly spi: number; readonly dh: Uint8Array | undefined; readonly keymatIndex: number } | undefined
}

/** RFC 7401 §5.3.2. */
export function r1Parameters(identity: Identity, i: Uint8Array, publicValue: Uint8Array): ParameterValue[] {
  return [
    exchange.encodePuzzle({ k: 0, lifetime: 37, opaque: new Uint8Array(2), i }),
    exchange.encodeDhGroupList([7]),
    exchange.encodeDiffieHellman({ group: 7, publicValue }),
    exchange.encodeHipCipher([2]),
    hostIdOf(identity),
    exchange.encodeHitSuiteList([2]),
    exchange.encodeTransportFormatList([4095]),
    exchange.encodeEspTransform([8]),
  ]
}

/** RFC 7401 §5.3.3, for the solution `j` of the puzzle in `r1`. */
export function i2Parameters(identity: Identity, r1: R1, j: Uint8Array, publicValue: Uint8Array): ParameterValue[] {
  const { opaque, k, i } = r1.puzzle
  return [
    ...(r1.counter === undefined ? [] : [exchange.encodeR1Counter(r1.counter)]),
    exchange.encodeSolution({ k, opaque: opaque.slice(), i: i.slice(), j }),
    exchange.encodeDiffieHellman({ group: 7, publicValue }),
    exchange.encodeHipCipher([2]),
    hostIdOf(identity),
    exchange.encodeTransportFormatList([4095]),
    exchange.encodeEspTransform([8]),
  ]
}

function hostIdOf({ publicKey: { algorithm, label, bytes: key } }: Identity): ParameterValue {
  return exchange.encodeHostId({ algorithm, label, key })
}

/** RFC 8046 §4; `type` 1 has no port, type 2 is of RFC 9028 §5.7. */
export function locatorSet({ address, port }: Locator, type: 1 | 2, spi: number): ParameterValue {
  const entry = { trafficType: 0 as const, preferred: true, lifetimeSeconds: 3_600, spi }
  const bytes = addressBytes(address) ?? new Uint8Array(16)
  if (type === 1) return encodeLocatorSet([{ ...entry, locatorType: 1, address: bytes }])
  const more = { port, protocol: 17, kind: 0, priority: 1 }
  return encodeLocatorSet([{ ...entry, ...more, locatorType: 2, address: bytes }])
}

/** X ‖ Y (RFC 7401 §5.2.7, RFC 5903 §7). */
export function publicValueOf(dh: ECDH): Uint8Array {
  return new Uint8Array(dh.getPublicKey().subarray(1))
}

/** RFC 7401 §5.2.14: HIP_SIGNATURE or HIP_SIGNATURE_2 behind it. */
export function signed(identity: Identity, packet: Uint8Array, type: 61633 | 61697): Uint8Array {
  const signature = { algorithm: identity.publicKey.algorithm, bytes: identity.sign(packet) }
  return appendParameter(packet, type, exchange.encodeSignature(type, signature).contents)
}
