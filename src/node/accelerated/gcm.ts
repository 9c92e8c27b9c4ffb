// AES-GCM for ESP (RFC 4106) by OpenSSL itself: the same bytes as crypto/esp-gcm.ts, by calls that make no object. Packets are sealed
// where they are; what is opened goes into memory of its own.

import { randomBytes } from 'node:crypto'
import { markAsUntransferable } from 'node:worker_threads'
import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import type { AeadProvider, Opener, Sealer } from '../../crypto/aead.ts'
import { ESP_AES128_GCM_8, ESP_AES128_GCM_16, nodeAead } from '../../crypto/aead.ts'
import { ESP_HEADER_BYTES, writeSequence } from '../../crypto/esp-number.ts'
import type { EspKeys } from '../../crypto/keymat.ts'
import { secretCopy, wipe } from '../../crypto/secret.ts'
import { litterFitted } from '../young.ts'
import { IcvParameter } from './icv-parameter.ts'
import type { Koffi } from './koffi.ts'
import { Addresses, Pinned } from './memory.ts'
import { type OpenSsl, openSsl } from './openssl.ts'
import { WarmContext } from './warm-context.ts'

const KEY_BYTES = 16
const SALT_BYTES = 4
const IV_BYTES = 8
const TAG_BYTES = 16
const START = ESP_HEADER_BYTES + IV_BYTES

// What is handed over beside the packet: nonce, AAD, a length that nobody reads, a tag, a key, and where the ICV is.
const NONCE_AT = 0
const AAD_AT = 16
const AAD_BYTES = 12
const LENGTH_AT = 32
const TAG_AT = 48
const KEY_AT = 64
const ICV_AT = 80
const ROOM = ICV_AT + IcvParameter.bytes

const ICV_BYTES: ReadonlyMap<number, number> = new Map([
  [ESP_AES128_GCM_16, 16],
  [ESP_AES128_GCM_8, 8],
])

/** Makes AES-128-GCM faster and leaves every other suite to `others`; or says why it does not. */
export function acceleratedAead(koffi: Koffi): ((others: AeadProvider) => AeadProvider) | string {
  const openssl = openSsl(koffi)
  if (typeof openssl === 'string') return openssl
  const gcm = new Gcm(koffi, openssl)
  if (!isRight(gcm)) return 'OpenSSL, called directly, seals other bytes than node:crypto'
  return (others) => ({
    sealer: (suite, keys, entropy) => {
      const icvBytes = icvBytesOf(suite, keys)
      return icvBytes === undefined ? others.sealer(suite, keys, entropy) : new GcmSealer(gcm, keys, icvBytes)
    },
    opener: (suite, keys) => {
      const icvBytes = icvBytesOf(suite, keys)
      return icvBytes === undefined ? others.opener(suite, keys) : new GcmOpener(gcm, keys, icvBytes)
    },
  })
}

// Keys of a wrong length are the others' to complain of.
function icvBytesOf(suite: number, { encryption }: EspKeys): number | undefined {
  return encryption.length === KEY_BYTES + SALT_BYTES ? ICV_BYTES.get(suite) : undefined
}

/** Whether the functions do here what they did where this was written. */
function isRight(gcm: Gcm): boolean {
  const keys = { encryption: randomBytes(KEY_BYTES + SALT_BYTES), authentication: new Uint8Array(0) }
  const [ours, theirs] = [0, 1].map(() => new Uint8Array(START + 64 + TAG_BYTES).fill(7))
  assert(ours !== undefined && theirs !== undefined, 'two packets were made')
  const sealer = new GcmSealer(gcm, keys, TAG_BYTES)
  const opener = new GcmOpener(gcm, keys, TAG_BYTES)
  nodeAead.sealer(ESP_AES128_GCM_16, keys, randomBytes).seal(theirs, 5)
  try {
    sealer.seal(ours, 5)
    return equalBytes(ours, theirs) && opener.open(ours, 5)?.[0] === 7 && opener.open(ours, 6) === undefined
  } catch {
    return false
  } finally {
    sealer.forget()
    opener.forget()
    // Whoever calls next in this process, node:crypto reading a key for instance, must not take its errors for their own.
    gcm.openssl.clearErrors()
  }
}

/** OpenSSL and the memory for its arguments: one for all SAs, because a call waits for nobody. */
class Gcm {
  readonly openssl: OpenSsl
  readonly memory: Pinned
  readonly packets: Addresses
  readonly plaintexts: Plaintexts
  readonly icv: IcvParameter

  constructor(koffi: Koffi, openssl: OpenSsl) {
    this.openssl = openssl
    this.memory = new Pinned(koffi, ROOM)
    this.packets = new Addresses(koffi)
    this.plaintexts = new Plaintexts(koffi)
    this.icv = new IcvParameter(this.memory, ICV_AT)
  }

  /** The address of a key, for as long as `use` runs. */
  withKey(key: Uint8Array, use: (address: number) => void): void {
    const { bytes, address } = this.memory
    bytes.set(key, KEY_AT)
    use(address + KEY_AT)
    bytes.fill(0, KEY_AT, KEY_AT + KEY_BYTES)
  }
}

class GcmSealer implements Sealer {
  readonly #gcm: Gcm
  readonly #icvBytes: number
  readonly #keys: Uint8Array
  readonly #context: WarmContext
  #last = 0

  constructor(gcm: Gcm, { encryption }: EspKeys, icvBytes: number) {
    const { openssl } = gcm
    const keys = secretCopy(encryption)
    this.#gcm = gcm
    this.#icvBytes = icvBytes
    this.#keys = keys
    this.#context = new WarmContext(openssl, (context) =>
      gcm.withKey(keys.subarray(0, KEY_BYTES), (key) => openssl.encryptInit(context, openssl.cipher, key, 0, 0)),
    )
  }

  seal(packet: Uint8Array, sequence: number): void {
    this.sealPart(packet, 0, packet.length, sequence)
  }

  sealPart(packet: Uint8Array, start: number, stop: number, sequence: number): void {
    assert(start >= 0 && stop <= packet.length, 'a packet lies in its memory')
    assert(sequence > this.#last, 'a sequence number was to be sealed twice')
    this.#last = sequence
    const { openssl, memory, packets, icv } = this.#gcm
    const { bytes, address } = memory
    const length = stop - start - START - this.#icvBytes
    writeSequence(packet, start + ESP_HEADER_BYTES, sequence)
    writeSalt(bytes, this.#keys)
    writeSequence(bytes, NONCE_AT + SALT_BYTES, sequence)
    writeAad(bytes, packet, start, sequence)
    const context = this.#context.address
    const at = packets.of(packet) + start + START
    const done =
      openssl.encryptInit(context, 0, 0, address + NONCE_AT, 0) > 0 &&
      openssl.encryptUpdate(context, 0, address + LENGTH_AT, address + AAD_AT, AAD_BYTES) > 0 &&
      openssl.encryptUpdate(context, at, address + LENGTH_AT, at, length) > 0 &&
      openssl.encryptFinal(context, address + TAG_AT, address + LENGTH_AT) > 0 &&
      openssl.getParameters(context, icv.at(at + length, this.#icvBytes)) > 0
    assert(done, 'OpenSSL did not seal')
  }

  forget(): void {
    this.#last = Infinity
    this.#context.free()
    wipe(this.#keys)
  }
}

class GcmOpener implements Opener {
  readonly #gcm: Gcm
  readonly #icvBytes: number
  readonly #keys: Uint8Array
  readonly #context: WarmContext
  #forgotten = false

  constructor(gcm: Gcm, { encryption }: EspKeys, icvBytes: number) {
    const { openssl } = gcm
    this.#gcm = gcm
    this.#icvBytes = icvBytes
    this.#keys = encryption
    this.#context = new WarmContext(openssl, (context) =>
      gcm.withKey(encryption.subarray(0, KEY_BYTES), (key) => openssl.decryptInit(context, openssl.cipher, key, 0, 0)),
    )
  }

  open(packet: Uint8Array, sequence: number): Uint8Array | undefined {
    const length = packet.length - this.#icvBytes - START
    if (length < 0 || this.#forgotten) return undefined
    const { openssl, memory, packets, plaintexts, icv } = this.#gcm
    const { bytes, address } = memory
    writeSalt(bytes, this.#keys)
    // The IV is used as read: another implementation may count it in its own way (MOVING §3).
    for (let at = 0; at < IV_BYTES; at++) bytes[NONCE_AT + SALT_BYTES + at] = packet[ESP_HEADER_BYTES + at] ?? 0
    writeAad(bytes, packet, 0, sequence)
    const context = this.#context.address
    const at = packets.of(packet) + START
    const to = plaintexts.room(length)
    const authentic =
      openssl.decryptInit(context, 0, 0, address + NONCE_AT, icv.at(at + length, this.#icvBytes)) > 0 &&
      openssl.decryptUpdate(context, 0, address + LENGTH_AT, address + AAD_AT, AAD_BYTES) > 0 &&
      openssl.decryptUpdate(context, to, address + LENGTH_AT, at, length) > 0 &&
      openssl.decryptFinal(context, address + TAG_AT, address + LENGTH_AT) > 0
    if (authentic) return plaintexts.take(length)
    // Whatever asks OpenSSL next, node:tls for instance, must not take it for its own.
    openssl.clearErrors()
    return undefined
  }

  release(plaintext: Uint8Array): void {
    this.#gcm.plaintexts.release(plaintext)
  }

  forget(): void {
    this.#forgotten = true
    this.#context.free()
  }
}

const PIECE_BYTES = 65_536
/** What is longer has memory to itself. */
const CUT_BYTES_MAX = PIECE_BYTES / 4
/** What is not longer is copied out: somebody may keep it for long, and is not to keep a whole piece with it. */
const COPIED_BYTES_MAX = 512

/**
 * Memory for plaintexts, cut from larger pieces. It is not cleared: whoever gets some gets only what has been written there, all of it,
 * and what turned out to be forged nobody gets.
 */
class Plaintexts {
  readonly #addresses: Addresses
  #piece: ArrayBuffer = new ArrayBuffer(0)
  #address = 0
  #used = 0
  /** What was cut from it last, and where it begins. */
  #last: Uint8Array | undefined
  #lastAt = 0
  #large: Uint8Array | undefined

  constructor(koffi: Koffi) {
    this.#addresses = new Addresses(koffi)
  }

  /** Where `length` bytes may be written. */
  room(length: number): number {
    this.#large = length > CUT_BYTES_MAX ? new Uint8Array(uncleared(length)) : undefined
    if (this.#large !== undefined) return this.#addresses.of(this.#large)
    if (this.#used + length > this.#piece.byteLength) {
      this.#piece = uncleared(PIECE_BYTES)
      this.#address = this.#addresses.of(new Uint8Array(this.#piece))
      // Others have parts of it.
      markAsUntransferable(this.#piece)
      this.#used = 0
      this.#last = undefined
    }
    return this.#address + this.#used
  }

  /** What has been written there: nobody else writes to it. */
  take(length: number): Uint8Array {
    if (this.#large !== undefined) return this.#large
    if (length <= COPIED_BYTES_MAX) return new Uint8Array(this.#piece, this.#used, length).slice()
    // One whose turn is over, as those of packets that are all of one length: the same bytes, and nobody looks at it.
    const last = this.#lastAt === this.#used && this.#last?.length === length ? this.#last : undefined
    const taken = last ?? new Uint8Array(this.#piece, this.#used, length)
    this.#last = taken
    this.#lastAt = this.#used
    this.#used += (length + 7) & ~7
    return taken
  }

  /** Nobody looks any more at what was taken last. */
  release(plaintext: Uint8Array): void {
    if (plaintext === this.#last) this.#used = this.#lastAt
  }
}

function uncleared(length: number): ArrayBuffer {
  litterFitted(length)
  return Buffer.allocUnsafeSlow(length).buffer
}

function writeSalt(bytes: Uint8Array, keys: Uint8Array): void {
  for (let at = 0; at < SALT_BYTES; at++) bytes[NONCE_AT + at] = keys[KEY_BYTES + at] ?? 0
}

function writeAad(bytes: Uint8Array, packet: Uint8Array, start: number, sequence: number): void {
  for (let at = 0; at < 4; at++) bytes[AAD_AT + at] = packet[start + at] ?? 0
  writeSequence(bytes, AAD_AT + 4, sequence)
}
