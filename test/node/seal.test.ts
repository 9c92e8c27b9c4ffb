// Capsules are sealed by standard HPKE: the package's own suite, all of it WebCrypto, opens what ours seals, and ours what it
// seals. A damaged box, another key and other associated bytes open to nothing and throw nothing.

import { AEAD_AES_128_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_P256_HKDF_SHA256 } from 'hpke'
import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../../src/base/bytes.ts'
import { generateKemKeys, KEM_ID, sealerTo, unseal } from '../../src/node/seal.ts'

const standard = new CipherSuite(KEM_DHKEM_P256_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_128_GCM)
const plaintext = utf8('a frozen process')
const associated = utf8('its header')

describe('a sealed capsule', () => {
  it('opens in an independent HPKE', async () => {
    const keys = await generateKemKeys()
    const sealed = await (await sealerTo(keys))(plaintext, associated)
    const key = await standard.DeserializePrivateKey(keys.secret, true)
    const opened = await standard.Open(key, sealed.subarray(0, 65), sealed.subarray(65), { aad: associated })
    expect(opened).toEqual(plaintext)
  })

  it('opens here when an independent HPKE has sealed it', async () => {
    const keys = await generateKemKeys()
    const key = await standard.DeserializePublicKey(keys.publicKey)
    const { encapsulatedSecret, ciphertext } = await standard.Seal(key, plaintext, { aad: associated })
    expect(await unseal(keys, concat(encapsulatedSecret, ciphertext), associated)).toEqual(plaintext)
  })

  it('opens with keys that were kept as bytes', async () => {
    const keys = await generateKemKeys()
    const sealed = await (await sealerTo(keys))(plaintext, associated)
    expect(await unseal({ ...keys }, sealed, associated)).toEqual(plaintext)
  })

  it('opens to nothing when any byte of it was changed, or it was cut anywhere', async () => {
    const keys = await generateKemKeys()
    const sealed = await (await sealerTo(keys))(plaintext, associated)
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(await unseal(keys, changed, associated), `byte ${at}`).toBeUndefined()
      expect(await unseal(keys, sealed.subarray(0, at), associated), `cut at ${at}`).toBeUndefined()
    }
  })

  it('opens to nothing with another key or other associated bytes', async () => {
    const [keys, others] = [await generateKemKeys(), await generateKemKeys()]
    const sealed = await (await sealerTo(keys))(plaintext, associated)
    expect(await unseal(others, sealed, associated)).toBeUndefined()
    expect(await unseal(keys, sealed, utf8('another header'))).toBeUndefined()
  })

  it('is not sealed to a KEM or a key that is not one', async () => {
    const { publicKey } = await generateKemKeys()
    await expect(sealerTo({ kem: 0x20, publicKey })).rejects.toThrow(RangeError)
    const off = publicKey.slice()
    off[64] = (off[64] ?? 0) ^ 1
    await expect(sealerTo({ kem: KEM_ID, publicKey: off })).rejects.toThrow('not a point of P-256')
    await expect(sealerTo({ kem: KEM_ID, publicKey: publicKey.subarray(1) })).rejects.toThrow(RangeError)
  })
})
