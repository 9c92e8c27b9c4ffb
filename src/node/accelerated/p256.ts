// Diffie–Hellman on P-256 (RFC 5903) by OpenSSL itself: the same values as crypto/dh.ts. node:crypto's ECDH checks its own pair anew
// before each agreement, which takes longer than the agreement. The peer's value is checked to be a point of the curve; as
// that has prime order, there is nothing else to check (NIST SP 800-56A §5.6.2.3.4). And ECDSA (RFC 7401 §5.2.9) whose nonces OpenSSL
// multiplies: the same signatures as crypto/ecdsa.ts.

import { assert } from '../../base/assert.ts'
import { DH_P256, type DhGroup, type DhKey } from '../../crypto/dh.ts'
import { ECDSA_P256 } from '../../crypto/ecdsa.ts'
import { ecdsaSigner } from '../../crypto/ecdsa-signing.ts'
import type { Entropy } from '../../crypto/entropy.ts'
import type { KeyAlgorithm } from '../../crypto/key-algorithm.ts'
import { drawScalar, P256 } from '../../crypto/nist-curve.ts'
import { Secret, wipe } from '../../crypto/secret.ts'
import type { ForeignFunction, Koffi } from './koffi.ts'
import { Pinned } from './memory.ts'

/** openssl/obj_mac.h, openssl/ec.h */
const NID_P256 = 415
const UNCOMPRESSED = 4

const SCALAR_BYTES = 32
const VALUE_BYTES = 64
const POINT_BYTES = 65
const SCALAR_AT = 0
const POINT_AT = 32
const ROOM = 128

/** Throws where the functions are not shown. */
export function acceleratedP256(koffi: Koffi): DhGroup {
  const curve = new Curve(koffi)
  return Object.freeze({
    id: DH_P256,
    name: P256.jwk,
    publicBytes: VALUE_BYTES,
    generate(entropy: Entropy): DhKey {
      const secret = drawScalar(P256, entropy)
      const key = new DirectKey(curve, secret)
      wipe(secret)
      return key
    },
    fromSecret: (secret: Uint8Array): DhKey => new DirectKey(curve, secret),
  })
}

/** Throws where the functions are not shown. */
export function acceleratedEcdsaP256(koffi: Koffi): KeyAlgorithm {
  const curve = new Curve(koffi)
  const sign = ecdsaSigner(P256, 'sha256', (nonce) => {
    const scalar = curve.scalar(nonce)
    const point = curve.publicValue(scalar)
    curve.freeScalar(scalar)
    return point
  })
  return Object.freeze({
    ...ECDSA_P256,
    sign: (secret: Uint8Array, _key: unknown, message: Uint8Array) => sign(secret, message),
  })
}

interface Left {
  readonly free: ForeignFunction
  readonly scalar: number
}

/** Cleanses the scalars of keys that are gone, as OpenSSL does for node:crypto. */
const left = new FinalizationRegistry<Left>(({ free, scalar }) => void free(scalar))

class DirectKey implements DhKey {
  readonly group = DH_P256
  readonly publicValue: Uint8Array
  readonly #curve: Curve
  readonly #scalar: number

  constructor(curve: Curve, secret: Uint8Array) {
    this.#curve = curve
    this.#scalar = curve.scalar(secret)
    left.register(this, { free: curve.freeScalar, scalar: this.#scalar })
    this.publicValue = curve.publicValue(this.#scalar)
  }

  get secret(): Uint8Array {
    return this.#curve.secret(this.#scalar)
  }

  agree(peerPublic: Uint8Array): Uint8Array | undefined {
    return peerPublic.length === VALUE_BYTES ? this.#curve.agree(this.#scalar, peerPublic) : undefined
  }
}

/** EC_POINT_new(3), EC_POINT_add(3), BN_bn2bin(3). */
class Curve {
  readonly freeScalar: ForeignFunction
  readonly #memory: Pinned
  readonly #fromBytes
  readonly #toBytes
  readonly #newPoint
  readonly #clearPoint
  readonly #read
  readonly #write
  readonly #times
  readonly #clearErrors
  readonly #group: number
  readonly #numbers: number

  constructor(koffi: Koffi) {
    const c = koffi.load(null)
    const pointer = 'uintptr_t'
    const fourPointers = [pointer, pointer, pointer, pointer]
    this.freeScalar = c.func('BN_clear_free', 'void', [pointer])
    this.#fromBytes = c.func('BN_bin2bn', pointer, [pointer, 'int', pointer])
    this.#toBytes = c.func('BN_bn2binpad', 'int', [pointer, pointer, 'int'])
    this.#newPoint = c.func('EC_POINT_new', pointer, [pointer])
    this.#clearPoint = c.func('EC_POINT_clear_free', 'void', [pointer])
    this.#read = c.func('EC_POINT_oct2point', 'int', [pointer, pointer, pointer, 'size_t', pointer])
    this.#write = c.func('EC_POINT_point2oct', 'size_t', [pointer, pointer, 'int', pointer, 'size_t', pointer])
    this.#times = c.func('EC_POINT_mul', 'int', [...fourPointers, pointer, pointer])
    this.#clearErrors = c.func('ERR_clear_error', 'void', [])
    this.#group = c.func('EC_GROUP_new_by_curve_name', pointer, ['int'])(NID_P256)
    this.#numbers = c.func('BN_CTX_new', pointer, [])()
    this.#memory = new Pinned(koffi, ROOM)
  }

  /** The address of a number that the caller frees. */
  scalar(secret: Uint8Array): number {
    assert(secret.length === SCALAR_BYTES, 'a scalar is as wide as its curve')
    this.#memory.bytes.set(secret, SCALAR_AT)
    const scalar = this.#fromBytes(this.#memory.address + SCALAR_AT, SCALAR_BYTES, 0)
    this.#memory.bytes.fill(0, SCALAR_AT, SCALAR_AT + SCALAR_BYTES)
    return held(scalar)
  }

  secret(scalar: number): Secret {
    this.#toBytes(scalar, this.#memory.address + SCALAR_AT, SCALAR_BYTES)
    return this.#taken(SCALAR_AT)
  }

  publicValue(scalar: number): Uint8Array {
    assert(this.#multiply(scalar, 0), 'a scalar in range times the base point is a point')
    return this.#memory.bytes.slice(POINT_AT + 1, POINT_AT + POINT_BYTES)
  }

  /** X of the scalar times the peer's point; undefined if that is not on the curve. */
  agree(scalar: number, peerPublic: Uint8Array): Secret | undefined {
    const { bytes, address } = this.#memory
    bytes[POINT_AT] = UNCOMPRESSED
    bytes.set(peerPublic, POINT_AT + 1)
    const peer = held(this.#newPoint(this.#group))
    const onCurve = this.#read(this.#group, peer, address + POINT_AT, POINT_BYTES, this.#numbers) === 1
    const agreed = onCurve && this.#multiply(scalar, peer)
    this.#clearPoint(peer)
    if (agreed) return this.#taken(POINT_AT + 1)
    this.#clearErrors()
    return undefined
  }

  /** The scalar times a point, or times the base point if that is 0, written into the memory; whether there is such a point. */
  #multiply(scalar: number, point: number): boolean {
    const { address } = this.#memory
    const product = held(this.#newPoint(this.#group))
    const factors = point === 0 ? ([scalar, 0, 0] as const) : ([0, point, scalar] as const)
    const multiplied = this.#times(this.#group, product, ...factors, this.#numbers) === 1
    const at = [address + POINT_AT, POINT_BYTES] as const
    const length = multiplied ? this.#write(this.#group, product, UNCOMPRESSED, ...at, this.#numbers) : 0
    this.#clearPoint(product)
    return length === POINT_BYTES
  }

  /** Secret bytes out of the memory. */
  #taken(at: number): Secret {
    const secret = new Secret(SCALAR_BYTES)
    secret.set(this.#memory.bytes.subarray(at, at + SCALAR_BYTES))
    this.#memory.bytes.fill(0)
    return secret
  }
}

function held(address: number): number {
  if (address === 0) throw new RangeError('OpenSSL has no memory left')
  return address
}
