// The EVP functions of OpenSSL that the node binary has inside and shows (EVP_EncryptInit(3)), and contexts of AES-128-GCM. A context
// is a key ready for use, in C: it is cleansed when it is freed.

import type { ForeignFunction, Koffi } from './koffi.ts'

/** Pointers are addresses. Results that are not positive are failures. */
export interface OpenSsl {
  readonly newContext: ForeignFunction
  readonly freeContext: ForeignFunction
  readonly encryptInit: ForeignFunction
  readonly encryptUpdate: ForeignFunction
  readonly encryptFinal: ForeignFunction
  readonly decryptInit: ForeignFunction
  readonly decryptUpdate: ForeignFunction
  readonly decryptFinal: ForeignFunction
  readonly getParameters: ForeignFunction
  readonly clearErrors: ForeignFunction
  /** The address of AES-128-GCM. */
  readonly cipher: number
}

/** The functions, or why they are not there. */
export function openSsl(koffi: Koffi): OpenSsl | string {
  try {
    const c = koffi.load(null)
    const pointer = 'uintptr_t'
    const init = [pointer, pointer, pointer, pointer, pointer]
    const update = [pointer, pointer, pointer, pointer, 'int']
    const final = [pointer, pointer, pointer]
    return {
      newContext: c.func('EVP_CIPHER_CTX_new', pointer, []),
      freeContext: c.func('EVP_CIPHER_CTX_free', 'void', [pointer]),
      encryptInit: c.func('EVP_EncryptInit_ex2', 'int', init),
      encryptUpdate: c.func('EVP_EncryptUpdate', 'int', update),
      encryptFinal: c.func('EVP_EncryptFinal_ex', 'int', final),
      decryptInit: c.func('EVP_DecryptInit_ex2', 'int', init),
      decryptUpdate: c.func('EVP_DecryptUpdate', 'int', update),
      decryptFinal: c.func('EVP_DecryptFinal_ex', 'int', final),
      getParameters: c.func('EVP_CIPHER_CTX_get_params', 'int', [pointer, pointer]),
      clearErrors: c.func('ERR_clear_error', 'void', []),
      cipher: c.func('EVP_aes_128_gcm', pointer, [])(),
    }
  } catch {
    return 'the functions of OpenSSL are not shown by this build of Node'
  }
}
