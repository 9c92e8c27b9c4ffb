// ECDSA signatures (FIPS 186-4 §6.4) with the nonces of RFC 6979 §3.2, byte for byte as noble makes them and with its generator and its
// arithmetic, but for what takes nearly all of the time: the nonce times the base point is left to whoever computes it faster.

import { createHash, createHmac } from 'node:crypto'
import { bytesToNumberBE, createHmacDrbg } from '@noble/curves/utils.js'
import { concat } from '../base/bytes.ts'
import { type NistCurve, validScalar } from './nist-curve.ts'
import { wipe } from './secret.ts'

/** X‖Y of a scalar times the base point. The scalar is a secret, and lent. */
export type TimesBase = (scalar: Uint8Array) => Uint8Array

/** Signs with a hash as wide as the curve: r‖s, whether s is high or low. */
export function ecdsaSigner(
  curve: NistCurve,
  hash: 'sha256' | 'sha384',
  timesBase: TimesBase,
): (secret: Uint8Array, message: Uint8Array) => Uint8Array {
  const { Fn } = curve.noble.Point
  const mac = (key: Uint8Array, data: Uint8Array) => createHmac(hash, key).update(data).digest()
  const draw = createHmacDrbg<Uint8Array>(curve.bytes, curve.bytes, mac)
  const reduced = (bytes: Uint8Array): bigint => Fn.create(bytesToNumberBE(bytes))
  return (secret, message) => {
    const scalar = Fn.fromBytes(secret)
    const digest = reduced(createHash(hash).update(message).digest())
    const seed = concat(secret, Fn.toBytes(digest))
    const signature = draw(seed, (nonce) => {
      if (!validScalar(curve, nonce)) return undefined
      const r = reduced(timesBase(nonce).subarray(0, curve.bytes))
      // How long an inversion takes depends on the number: it is that of a product that tells nothing of the nonce, and the factor, which
      // only the nonce gives away, goes out again.
      const factor = reduced(mac(nonce, seed))
      const inverse = Fn.inv(Fn.mul(factor, Fn.fromBytes(nonce)))
      const s = Fn.mul(inverse, Fn.add(Fn.mul(factor, digest), Fn.mul(Fn.mul(factor, scalar), r)))
      return r === 0n || s === 0n ? undefined : concat(Fn.toBytes(r), Fn.toBytes(s))
    })
    wipe(seed)
    return signature
  }
}
