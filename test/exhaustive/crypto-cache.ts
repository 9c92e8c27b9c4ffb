// Remembers what pure functions have computed, so that a schedule can be run again from its beginning in about a millisecond:
// the same bytes are signed, verified, agreed upon, expanded, MACed and parsed once a process. Import it before the core.

import './generations.ts'
import { vi } from 'vitest'
import type { ReceiptExpectation, ReceiptFault, VerifiedReceipt } from '../../src/core/moving/receipt.ts'
import type { DhKey } from '../../src/crypto/dh.ts'
import type { Entropy } from '../../src/crypto/entropy.ts'
import { Identity } from '../../src/crypto/identity.ts'
import type { EspKeys, KeyContext, KeySet, Resumption, Start } from '../../src/crypto/keymat.ts'
import type { PublicKey } from '../../src/crypto/public-key.ts'
import type { HitSuite } from '../../src/crypto/suites.ts'
import type { Malformed } from '../../src/wire/malformed.ts'
import type { Message } from '../../src/wire/messages.ts'

/** Bytes as text that is equal for equal bytes only. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

vi.mock('../../src/crypto/public-key.ts', async (original) => {
  const real = await original<typeof import('../../src/crypto/public-key.ts')>()
  const known = new Map<string, boolean>()
  const verify = (key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean =>
    remembered(known, keyed(key.bytes, signature, message), () => real.verify(key, message, signature))
  return { ...real, verify }
})

vi.mock('../../src/crypto/dh.ts', async (original) => {
  const real = await original<typeof import('../../src/crypto/dh.ts')>()
  const pairs = new Map<string, DhKey | undefined>()
  const agreed = new Map<string, Uint8Array | undefined>()
  const generateDh = (group: number, entropy: Entropy): DhKey | undefined => {
    const secret = entropy(32)
    return remembered(pairs, keyed(secret), () => real.generateDh(group, startingWith(secret, entropy)))
  }
  const agree = (key: DhKey, peer: Uint8Array): Uint8Array | undefined =>
    // A copy: what is remembered would be overwritten with the keys of the first that used it.
    remembered(agreed, keyed(key.publicValue, peer), () => real.agree(key, peer))?.slice()
  return { ...real, generateDh, agree }
})

vi.mock('../../src/crypto/suites.ts', async (original) => {
  const real = await original<typeof import('../../src/crypto/suites.ts')>()
  const known = new Map<string, Uint8Array>()
  const suites = new Map<string, HitSuite | undefined>()
  const withMemory = (suite: HitSuite | undefined): HitSuite | undefined =>
    suite && {
      ...suite,
      mac: (key, ...parts) => remembered(known, keyed(key, ...parts), () => suite.mac(key, ...parts)),
    }
  const hitSuite = (id: number): HitSuite | undefined =>
    remembered(suites, String(id), () => withMemory(real.hitSuite(id)))
  return { ...real, hitSuite }
})

vi.mock('../../src/crypto/keymat.ts', async (original) => {
  const real = await original<typeof import('../../src/crypto/keymat.ts')>()
  const ratcheted = new Map<string, KeySet>()
  const interim = new Map<string, EspKeys>()
  const { copyOfEsp, copyOfKeys } = await import('../support/key-copies.ts')
  const ratchetKeys = (context: KeyContext, kij: Uint8Array, s: Resumption, own: Start, peer: Start): KeySet => {
    const keys = remembered(
      ratcheted,
      `${keyed(context.own, context.i, context.j, kij, s.secret, own.incarnation, peer.incarnation)}${own.epoch} ${peer.epoch}`,
      () => real.ratchetKeys(context, kij, s, own, peer),
    )
    return copyOfKeys(keys)
  }
  const interimKeys: typeof real.interimKeys = (context, s, from, to, sender, receiver, spi) => {
    const keys = remembered(
      interim,
      `${keyed(s.secret, from, sender.incarnation, receiver.incarnation)}${sender.epoch} ${receiver.epoch} ${spi}`,
      () => real.interimKeys(context, s, from, to, sender, receiver, spi),
    )
    return copyOfEsp(keys)
  }
  return { ...real, ratchetKeys, interimKeys }
})

vi.mock('../../src/core/moving/receipt.ts', async (original) => {
  const real = await original<typeof import('../../src/core/moving/receipt.ts')>()
  const known = new Map<string, VerifiedReceipt | ReceiptFault>()
  const verifyReceipt = (bytes: Uint8Array, expected: ReceiptExpectation): VerifiedReceipt | ReceiptFault => {
    const { hit, start, pinned } = expected
    const key = `${hit} ${start.epoch} ${keyed(start.incarnation, pinned?.bytes ?? NOTHING, bytes)}`
    return remembered(known, key, () => real.verifyReceipt(bytes, expected))
  }
  return { ...real, verifyReceipt }
})

vi.mock('../../src/core/association/update.ts', async (original) => {
  const real = await original<typeof import('../../src/core/association/update.ts')>()
  const built = new Map<string, Uint8Array>()
  const macs = new Map<string, boolean>()
  const signatures = new Map<string, boolean>()
  const buildUpdate: typeof real.buildUpdate = (envelope, parameters, signed, padTo = 0) => {
    const { own, peer, start, addressee, baseEpoch, resumption, hipSend, proveStart } = envelope
    let key = `${signed} ${padTo} ${start.epoch} ${addressee.epoch} ${baseEpoch} ${proveStart}`
    for (const { type, contents } of parameters) key += `${type} ${textOf(contents)}`
    key += keyed(
      own,
      peer,
      start.instance.publicKey.bytes,
      start.receipt ?? NOTHING,
      start.incarnation,
      addressee.incarnation,
      resumption.id,
      hipSend.integrity,
    )
    return remembered(built, key, () => real.buildUpdate(envelope, parameters, signed, padTo))
  }
  const macFits: typeof real.macFits = (message, suite, key) =>
    remembered(macs, keyed(message.packet.bytes, key.integrity), () => real.macFits(message, suite, key))
  const signatureFits: typeof real.signatureFits = (message, key, algorithms) =>
    remembered(signatures, keyed(message.packet.bytes, key.bytes), () => real.signatureFits(message, key, algorithms))
  return { ...real, buildUpdate, macFits, signatureFits }
})

vi.mock('../../src/base/address.ts', async (original) => {
  const real = await original<typeof import('../../src/base/address.ts')>()
  const texts = new Map<string, string>()
  const bytesOf = new Map<string, Uint8Array | undefined>()
  const addressText = (bytes: Uint8Array): string => remembered(texts, textOf(bytes), () => real.addressText(bytes))
  const addressBytes = (text: string): Uint8Array | undefined =>
    remembered(bytesOf, text, () => real.addressBytes(text))
  return { ...real, addressText, addressBytes }
})

vi.mock('../../src/wire/messages.ts', async (original) => {
  const real = await original<typeof import('../../src/wire/messages.ts')>()
  const known = new Map<string, Message | Malformed>()
  const decodeMessage = (bytes: Uint8Array): Message | Malformed =>
    remembered(known, keyed(bytes), () => real.decodeMessage(bytes.slice()))
  return { ...real, decodeMessage }
})

const NOTHING = new Uint8Array(0)

const signed = new Map<string, Uint8Array>()
const realSign = Identity.prototype.sign
Identity.prototype.sign = function sign(this: Identity, message: Uint8Array): Uint8Array {
  return remembered(signed, keyed(this.publicKey.bytes, message), () => realSign.call(this, message))
}

/** Draws `first` first, which has been drawn already. */
function startingWith(first: Uint8Array, rest: Entropy): Entropy {
  let used = false
  return (length) => {
    if (used) return rest(length)
    used = true
    return first.slice()
  }
}

function keyed(...inputs: readonly Uint8Array[]): string {
  let key = ''
  for (const input of inputs) key += `${textOf(input)}|`
  return key
}

function remembered<T>(known: Map<string, T>, key: string, compute: () => T): T {
  const value = known.get(key)
  if (value !== undefined || known.has(key)) return value as T
  const fresh = compute()
  known.set(key, fresh)
  return fresh
}
