// The AES-GCM vectors of ../shared/vectors/wycheproof by OpenSSL itself, with the calls, the contexts and the order of them that
// src/node/accelerated/gcm.ts uses: an SA's AAD has always 12 bytes and theirs have any number, so its packets cannot say them all.

import { afterAll, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { IcvParameter } from '../../src/node/accelerated/icv-parameter.ts'
import { Pinned } from '../../src/node/accelerated/memory.ts'
import { openSsl } from '../../src/node/accelerated/openssl.ts'
import { koffi } from '../node/accelerated/calls.ts'
import { sharedJson } from '../support/shared.ts'

interface Vector {
  readonly tcId: number
  readonly result: 'valid' | 'invalid' | 'acceptable'
  readonly key: string
  readonly iv: string
  readonly aad: string
  readonly msg: string
  readonly ct: string
  readonly tag: string
}

interface Vectors {
  readonly testGroups: readonly {
    readonly keySize: number
    readonly ivSize: number
    readonly tagSize: number
    readonly tests: readonly Vector[]
  }[]
}

const openssl = openSsl(koffi())
if (typeof openssl === 'string') throw new Error(openssl)
const {
  cipher,
  clearErrors,
  getParameters,
  encryptInit,
  encryptUpdate,
  encryptFinal,
  decryptInit,
  decryptUpdate,
  decryptFinal,
} = openssl
const memory = new Pinned(koffi(), 4_096)
const [NONCE_AT, LENGTH_AT, TAG_AT, KEY_AT, AAD_AT, TEXT_AT, OPENED_AT] = [0, 32, 48, 64, 128, 1_024, 2_048]
const icv = new IcvParameter(memory, 3_072)
const address = (at: number): number => memory.address + at
/** One context of each kind for all vectors: an SA has one for all its packets, and a key is set only once. */
const contexts = [openssl.newContext(), openssl.newContext()] as const
afterAll(() => contexts.forEach((context) => void openssl.freeContext(context)))

function place(hex: string, at: number): number {
  const bytes = fromHex(hex)
  memory.bytes.set(bytes, at)
  return bytes.length
}

/** Sealed where it is. */
function seal({ key, iv, aad, msg }: Vector): readonly [ct: string, tag: string] {
  const [context] = contexts
  const [aadBytes, bytes] = [place(aad, AAD_AT), place(msg, TEXT_AT)]
  place(key, KEY_AT)
  place(iv, NONCE_AT)
  const done =
    encryptInit(context, cipher, address(KEY_AT), 0, 0) > 0 &&
    encryptInit(context, 0, 0, address(NONCE_AT), 0) > 0 &&
    encryptUpdate(context, 0, address(LENGTH_AT), address(AAD_AT), aadBytes) > 0 &&
    encryptUpdate(context, address(TEXT_AT), address(LENGTH_AT), address(TEXT_AT), bytes) > 0 &&
    encryptFinal(context, address(TAG_AT), address(LENGTH_AT)) > 0 &&
    getParameters(context, icv.at(address(TEXT_AT + bytes), 16)) > 0
  if (!done) throw new Error('OpenSSL did not seal')
  const sealed = memory.bytes.subarray(TEXT_AT, TEXT_AT + bytes + 16)
  return [toHex(sealed.subarray(0, bytes)), toHex(sealed.subarray(bytes))]
}

/** The plaintext, if it is authentic. */
function open({ key, iv, aad, ct, tag }: Vector): string | undefined {
  const [, context] = contexts
  const [aadBytes, bytes] = [place(aad, AAD_AT), place(ct, TEXT_AT)]
  place(tag, TEXT_AT + bytes)
  place(key, KEY_AT)
  place(iv, NONCE_AT)
  const authentic =
    decryptInit(context, cipher, address(KEY_AT), 0, 0) > 0 &&
    decryptInit(context, 0, 0, address(NONCE_AT), icv.at(address(TEXT_AT + bytes), 16)) > 0 &&
    decryptUpdate(context, 0, address(LENGTH_AT), address(AAD_AT), aadBytes) > 0 &&
    decryptUpdate(context, address(OPENED_AT), address(LENGTH_AT), address(TEXT_AT), bytes) > 0 &&
    decryptFinal(context, address(TAG_AT), address(LENGTH_AT)) > 0
  clearErrors()
  return authentic ? toHex(memory.bytes.subarray(OPENED_AT, OPENED_AT + bytes)) : undefined
}

it('AES-128-GCM: OpenSSL, called as accelerated SAs call it, makes and refuses the right tags', () => {
  const { testGroups } = sharedJson('vectors/wycheproof/aes_gcm_test.json') as Vectors
  const fitting = testGroups
    .filter(({ keySize, ivSize, tagSize }) => keySize === 128 && ivSize === 96 && tagSize === 128)
    .flatMap(({ tests }) => tests)
  expect(fitting.length).toBeGreaterThan(40)
  expect(new Set(fitting.map(({ result }) => result))).toEqual(new Set(['valid', 'invalid']))
  for (const vector of fitting) {
    const { msg, ct, tag, result } = vector
    expect(open(vector), `test ${vector.tcId}`).toBe(result === 'valid' ? msg : undefined)
    if (result === 'valid') expect(seal(vector), `test ${vector.tcId}`).toEqual([ct, tag])
  }
})
