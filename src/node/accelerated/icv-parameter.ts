// Where the ICV of a packet is to be written to or read from, as OpenSSL 3 is told of it: an OSSL_PARAM(3), and one without a key behind
// it. To open, it goes along with the nonce, which saves a call for each packet.

import { utf8 } from '../../base/bytes.ts'
import type { Pinned } from './memory.ts'

/** struct ossl_param_st: key, type, data, its size, the size that was returned. */
const PARAM = { type: 8, data: 16, size: 24, bytes: 40 }
/** openssl/core.h */
const OSSL_PARAM_OCTET_STRING = 5
/** OSSL_CIPHER_PARAM_AEAD_TAG of openssl/core_names.h, with the zero that ends it. */
const NAME = utf8('tag\0')

export class IcvParameter {
  /** What it takes of `memory`. */
  static readonly bytes: number = 2 * PARAM.bytes + 8
  readonly #memory: Pinned
  readonly #start: number

  constructor(memory: Pinned, start: number) {
    const name = start + 2 * PARAM.bytes
    memory.bytes.set(NAME, name)
    memory.setLong(start, memory.address + name)
    memory.view.setUint32(start + PARAM.type, OSSL_PARAM_OCTET_STRING, true)
    this.#memory = memory
    this.#start = start
  }

  /** Its address, good for one call: the ICV has so many bytes and is at `address`. */
  at(address: number, length: number): number {
    this.#memory.setLong(this.#start + PARAM.data, address)
    this.#memory.view.setUint32(this.#start + PARAM.size, length, true)
    return this.#memory.address + this.#start
  }
}
