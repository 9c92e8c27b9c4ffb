// Every vector of ../shared/vectors/wycheproof with node:crypto alone, whatever key or nonce sizes we use of it; KMAC, which Node has
// not got, with noble. How our own layer takes the sizes in use is in wycheproof.test.ts. A file that no check is for fails.

import * as crypto from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { kmac128 } from '@noble/hashes/sha3-addons.js'
import { expect, it } from 'vitest'
import { sharedJson } from '../support/shared.ts'
import { ROOT } from '../support/tree.ts'

type Fields = Readonly<Record<string, unknown>>

function text(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string') throw new Error(`no text ${name}`)
  return value
}

const bytes = (fields: Fields, name: string): Buffer => Buffer.from(text(fields, name), 'hex')
const number = (fields: Fields, name: string): number => Number(fields[name])
const bits = (fields: Fields): number => number(fields, 'keySize')

/** Throws, or returns true if the vector is what it says, or false. */
type Check = (one: Fields) => boolean

const publicKey = (one: Fields): crypto.KeyObject => crypto.createPublicKey(text(one, 'publicKeyPem'))

const ecdsa =
  (hash: string): Check =>
  (one) =>
    crypto.verify(hash, bytes(one, 'msg'), { key: publicKey(one), dsaEncoding: 'ieee-p1363' }, bytes(one, 'sig'))

const ecdh =
  (curve: string, width: number): Check =>
  (one) => {
    const own = crypto.createECDH(curve)
    const digits = bytes(one, 'private').subarray(-width)
    own.setPrivateKey(Buffer.concat([Buffer.alloc(width - digits.length), digits]))
    return own.computeSecret(bytes(one, 'public')).equals(bytes(one, 'shared'))
  }

const hkdf =
  (hash: string): Check =>
  (one) => {
    const made = crypto.hkdfSync(hash, bytes(one, 'ikm'), bytes(one, 'salt'), bytes(one, 'info'), number(one, 'size'))
    return Buffer.from(made).equals(bytes(one, 'okm'))
  }

const hmac =
  (hash: string): Check =>
  (one) => {
    const tag = crypto.createHmac(hash, bytes(one, 'key')).update(bytes(one, 'msg')).digest()
    return tag.subarray(0, number(one, 'tagSize') / 8).equals(bytes(one, 'tag'))
  }

function aesCbc(one: Fields): boolean {
  const [name, key, iv] = [`aes-${bits(one)}-cbc`, bytes(one, 'key'), bytes(one, 'iv')]
  const decipher = crypto.createDecipheriv(name, key, iv)
  const opened = Buffer.concat([decipher.update(bytes(one, 'ct')), decipher.final()])
  const cipher = crypto.createCipheriv(name, key, iv)
  const sealed = Buffer.concat([cipher.update(bytes(one, 'msg')), cipher.final()])
  return opened.equals(bytes(one, 'msg')) && sealed.equals(bytes(one, 'ct'))
}

function aesGcm(one: Fields): boolean {
  const name = bits(one) === 128 ? 'aes-128-gcm' : bits(one) === 192 ? 'aes-192-gcm' : 'aes-256-gcm'
  const [key, iv, aad] = [bytes(one, 'key'), bytes(one, 'iv'), bytes(one, 'aad')]
  const decipher = crypto.createDecipheriv(name, key, iv).setAAD(aad).setAuthTag(bytes(one, 'tag'))
  const opened = Buffer.concat([decipher.update(bytes(one, 'ct')), decipher.final()])
  const cipher = crypto.createCipheriv(name, key, iv).setAAD(aad)
  const sealed = Buffer.concat([cipher.update(bytes(one, 'msg')), cipher.final()])
  return opened.equals(bytes(one, 'msg')) && sealed.equals(bytes(one, 'ct'))
}

function rsaPss(one: Fields): boolean {
  const { RSA_PKCS1_PSS_PADDING: padding } = crypto.constants
  const key = { key: publicKey(one), padding, saltLength: number(one, 'sLen') }
  return crypto.verify('sha256', bytes(one, 'msg'), key, bytes(one, 'sig'))
}

/** RFC 7748 §5 through the DER forms of RFC 8410. */
function x25519(one: Fields): boolean {
  const privateKey = crypto.createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), bytes(one, 'private')]),
    format: 'der',
    type: 'pkcs8',
  })
  const peer = crypto.createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), bytes(one, 'public')]),
    format: 'der',
    type: 'spki',
  })
  return crypto.diffieHellman({ privateKey, publicKey: peer }).equals(bytes(one, 'shared'))
}

function kmac(one: Fields): boolean {
  const tag = kmac128(bytes(one, 'key'), bytes(one, 'msg'), { dkLen: number(one, 'tagSize') / 8 })
  return bytes(one, 'tag').equals(tag)
}

const CHECKS: Readonly<Record<string, Check>> = {
  aes_cbc_pkcs5: aesCbc,
  aes_gcm: aesGcm,
  ecdh_secp256r1_ecpoint: ecdh('prime256v1', 32),
  ecdh_secp384r1_ecpoint: ecdh('secp384r1', 48),
  ecdsa_secp256r1_sha256_p1363: ecdsa('sha256'),
  ecdsa_secp384r1_sha384_p1363: ecdsa('sha384'),
  ed25519: (one) => crypto.verify(null, bytes(one, 'msg'), publicKey(one), bytes(one, 'sig')),
  hkdf_sha256: hkdf('sha256'),
  hkdf_sha384: hkdf('sha384'),
  hmac_sha256: hmac('sha256'),
  hmac_sha384: hmac('sha384'),
  kmac128_no_customization: kmac,
  rsa_pss_2048_sha256_mgf1_32: rsaPss,
  x25519,
}

it.each(Object.entries(CHECKS))('%s: every vector gives what it should', (name, check) => {
  const { testGroups } = sharedJson(`vectors/wycheproof/${name}_test.json`) as { testGroups: readonly Fields[] }
  let looked = 0
  for (const { tests, ...shared } of testGroups) {
    for (const one of tests as readonly Fields[]) {
      looked += 1
      expect(wantedOf({ ...shared, ...one }), `case ${one.tcId}: ${one.comment}`).toContain(
        outcome(check, { ...shared, ...one }),
      )
    }
  }
  expect(looked).toBeGreaterThanOrEqual(83)
})

/** OpenSSL takes nonces of at most 128 bytes. */
const NONCE_BITS_MAX = 1_024

function wantedOf(one: Fields): readonly string[] {
  if (one.result === 'invalid') return ['wrong', 'refused']
  // "acceptable" is what a library may take or refuse; if it takes it, it must not come to anything else.
  if (one.result === 'acceptable') return ['right', 'refused']
  return Number(one.ivSize ?? 0) > NONCE_BITS_MAX ? ['refused'] : ['right']
}

function outcome(check: Check, one: Fields): 'right' | 'wrong' | 'refused' {
  try {
    return check(one) ? 'right' : 'wrong'
  } catch {
    return 'refused'
  }
}

it('leaves out no file of the folder', () => {
  const files = readdirSync(join(ROOT, '..', 'shared', 'vectors', 'wycheproof'))
  expect(files.sort()).toEqual(
    Object.keys(CHECKS)
      .map((name) => `${name}_test.json`)
      .sort(),
  )
})
