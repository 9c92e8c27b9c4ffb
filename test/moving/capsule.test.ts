// Capsules: one encoding, nothing in them that must not be, and no bit that can be changed unseen (MOVING §7).

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex } from '../../src/base/bytes.ts'
import {
  CAPSULE_VERSION,
  type CapsuleHeader,
  decodeCapsule,
  encodeCapsule,
  finishCapsule,
  openCapsule,
  prepareCapsule,
  type ReadCapsule,
  readCapsule,
} from '../../src/core/moving/capsule.ts'
import type { FrozenState } from '../../src/core/moving/frozen.ts'
import { encodeState } from '../../src/core/moving/frozen-codec.ts'
import type {
  FrozenReceiving,
  FrozenSending,
  FrozenStream,
  FrozenStreamIds,
} from '../../src/core/transport/streams/frozen-streams.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../../src/wire/object.ts'
import { flipped, grant, HOST_A, HOST_B, HOST_C, instance, X } from '../support/actors.ts'
import { alike } from '../support/alike.ts'
import { anyState, firstState, fixedState } from '../support/frozen-state.ts'

const HEADER: CapsuleHeader = {
  version: CAPSULE_VERSION,
  suite: 1,
  hit: X.hit,
  epoch: 3,
  kem: 0x20,
  recipient: HOST_B.hit,
  offer: new Uint8Array([1, 2, 3, 4]),
}
const WEAK = { algorithm: 13, label: 1, bytes: new Uint8Array(32) }
const GRANT = { host: HOST_A, to: HOST_B.publicKey, purpose: 'move' } as const

/** Sealing that hides nothing: bytes and their hash with the AAD, so that opening notices a change as a real one would. */
function seal(plaintext: Uint8Array, aad: Uint8Array): Uint8Array {
  return concat(plaintext, sha256(aad, plaintext))
}

function unseal(sealed: Uint8Array, aad: Uint8Array): Uint8Array | undefined {
  const plaintext = sealed.subarray(0, Math.max(0, sealed.length - 32))
  return toHex(sha256(aad, plaintext)) === toHex(sealed.subarray(-32)) ? plaintext : undefined
}

function freeze(state: FrozenState, header = HEADER): Uint8Array {
  const prepared = prepareCapsule(state, header)
  if (prepared === 'too-large') throw new Error(prepared)
  return finishCapsule(header, seal(prepared.plaintext, prepared.aad), GRANT)
}

function thaw(bytes: Uint8Array): FrozenState | string {
  const capsule = openCapsule(bytes, HOST_B.hit)
  if (typeof capsule === 'string') return capsule
  const plaintext = unseal(capsule.sealed, capsule.aad)
  if (plaintext === undefined) return 'unsealed'
  const state = decodeCapsule(plaintext, capsule.header)
  return isMalformed(state) ? 'malformed' : state.frozen
}

function opened(bytes: Uint8Array): ReadCapsule {
  const capsule = readCapsule(bytes)
  if (typeof capsule === 'string') throw new Error(capsule)
  return capsule
}

function golden(version: number): Uint8Array {
  return fromHex(readFileSync(new URL(`../golden/capsule-${version}.hex`, import.meta.url), 'utf8'))
}

describe('a capsule', () => {
  it('is not made for one host and granted to another', () => {
    const to = { ...GRANT, to: HOST_C.publicKey }
    expect(() => finishCapsule(HEADER, new Uint8Array(8), to)).toThrow('granted to the host that it is sealed to')
  })

  it('brings back exactly what was frozen', () => {
    expect(thaw(freeze(fixedState()))).toEqual(fixedState())
  })

  it('brings back whatever was frozen', () => {
    fc.assert(
      fc.property(anyState(), (state) => {
        expect(thaw(freeze(state, { ...HEADER, epoch: state.epoch }))).toEqual(state)
      }),
      { numRuns: 60 },
    )
  })

  it('of version 2 is, byte for byte, what the second release wrote, and opens for ever', () => {
    expect(toHex(freeze(fixedState()))).toBe(toHex(golden(2)))
    expect(thaw(golden(2))).toEqual(fixedState())
  })

  it('of version 1 opens, as the first release wrote it: nobody had streams then', () => {
    expect(thaw(golden(1))).toEqual(firstState())
  })

  it('shows its header to everybody and carries the grant for the ledger', () => {
    const capsule = opened(freeze(fixedState()))
    expect(capsule.header).toEqual(HEADER)
    expect(capsule.granted).toMatchObject({ epoch: 3, purpose: 'move', sealedHash: sha256(capsule.sealed) })
  })

  it('is too large before it is sealed, not after', () => {
    expect(prepareCapsule({ ...fixedState(), state: new Uint8Array(33 * 1024 * 1024) }, HEADER)).toBe('too-large')
  })

  it('prints as a name only', () => {
    const state = thaw(freeze(fixedState()))
    expect(JSON.stringify(state)).not.toContain('secret')
  })

  it('has no instance key and no generator in it', () => {
    const bytes = toHex(freeze(fixedState()))
    expect(bytes).toContain(toHex(X.secret()))
    expect(bytes).not.toContain(toHex(instance(1).secret()))
  })
})

describe('a capsule that is not as it was granted', () => {
  const bytes = freeze(fixedState())
  const capsule = opened(bytes)

  it('is refused for any flipped bit, with a reason', () => {
    const reasons = new Set<string>()
    for (let bit = 0; bit < bytes.length * 8; bit += bit < 1_600 ? 1 : 7) {
      const result = thaw(flipped(bytes, bit))
      expect(typeof result).toBe('string')
      reasons.add(String(result))
    }
    expect([...reasons].sort()).toEqual(expect.arrayContaining(['edited', 'malformed', 'other-version', 'unsealed']))
  })

  it('is malformed when it is cut off anywhere or goes on', () => {
    for (let length = 0; length < bytes.length; length++) expect(thaw(bytes.subarray(0, length))).toBe('malformed')
    expect(thaw(concat(bytes, new Uint8Array(1)))).toBe('malformed')
  })

  it('for somebody else is not yours', () => {
    expect(openCapsule(bytes, HOST_C.hit)).toBe('not-yours')
  })

  it.each<[string, string, Uint8Array]>([
    ['forged', 'by a host that is not the one it names', grant(HOST_A, HOST_B, 3, hashed(), HOST_C)],
    ['edited', 'for other sealed bytes', grant(HOST_A, HOST_B, 3)],
    ['edited', 'for another epoch', grant(HOST_A, HOST_B, 4, hashed())],
    ['edited', 'for another host', grant(HOST_A, HOST_C, 3, hashed())],
    ['edited', 'for another identity', grant(HOST_A, HOST_B, 3, { ...hashed(), hit: new Uint8Array(16) })],
    ['malformed', 'that cannot be read', new Uint8Array(9)],
    ['malformed', 'to a key that is none', grant(HOST_A, HOST_B, 3, { ...hashed(), to: WEAK })],
  ])('is %s with a grant %s', (why, _, wrong) => {
    expect(readCapsule(encodeCapsule(HEADER, capsule.sealed, wrong))).toBe(why)
  })

  it('of an unknown version says so, whatever follows', () => {
    expect(readCapsule(encodeCbor([3, 'something else']))).toBe('other-version')
  })

  function hashed() {
    return { sealedHash: sha256(capsule.sealed) }
  }
})

describe('the inside of a capsule', () => {
  const prepared = prepareCapsule(fixedState(), HEADER)
  const plaintext = prepared === 'too-large' ? new Uint8Array(0) : prepared.plaintext

  it('has one encoding: with any bit flipped it is malformed, or says exactly what those bytes say', () => {
    for (let bit = 0; bit < plaintext.length * 8; bit += 11) {
      const changed = flipped(plaintext, bit)
      const result = decodeCapsule(changed, HEADER)
      // Bits of keys, bitmaps and datagrams may change here: the sealing sees them.
      if (!isMalformed(result)) alike(encodeState(result.frozen), changed)
    }
    for (let length = 0; length < plaintext.length; length++) {
      alike(isMalformed(decodeCapsule(plaintext.subarray(0, length), HEADER)), true)
    }
  })

  it.each<[string, (state: FrozenState) => FrozenState]>([
    ['an epoch that is not the header’s', (state) => ({ ...state, epoch: 4 })],
    ['another identity', (state) => ({ ...state, identity: { algorithm: 'ed25519', secret: HOST_C.secret() } })],
    ['a scalar of 0', (state) => ({ ...state, identity: { algorithm: 'ecdsa-p256', secret: new Uint8Array(32) } })],
    ['a key of a wrong length', withAssociation({ secret: new Uint8Array(31) })],
    ['an unknown HIT suite', withAssociation({ hitSuite: 9 })],
    ['an unknown cipher', withAssociation({ cipher: 1 })],
    ['an unknown ESP suite', withAssociation({ espSuite: 1 })],
    ['an SPI below 256', withAssociation({ reserveIn: 255 })],
    ['a puzzle number that is too short', withAssociation({ i: new Uint8Array(3) })],
    ['no own start', withAssociation({ ownStart: { epoch: 0, incarnation: new Uint8Array(16) } })],
    ['a port above 65,535', (state) => ({ ...state, sockets: [{ port: 65_536, unread: [] }] })],
    ['a listener above 65,535', (state) => ({ ...state, listeners: [65_536] })],
    ['a stream that comes twice', withStream((one) => [one, one])],
    ['a stream of ours that was never opened', withIds({ opened: 1 })],
    ['a stream of the peer that it may not open', withIds({ peerMaxStreams: 1 })],
    ['a stream that is over', withIds({ ownClosed: [{ start: 0, end: 3 }], peerClosed: [{ start: 0, end: 3 }] })],
    ['streams that are over before they are opened', withIds({ ownClosed: [{ start: 20, end: 30 }] })],
    ['more acknowledged than was sent', withSending({ acked: [{ start: 2 ** 32, end: 2 ** 33 }] })],
    ['ranges that do not rise', withSending({ acked: [{ start: 9, end: 3 }] })],
    ['more read than has come', withReceiving({ window: { limit: 9, size: 9, consumed: 7, received: 6 } })],
    ['more come than was allowed', withReceiving({ window: { limit: 9, size: 9, consumed: 0, received: 10 } })],
    ['fewer bytes than its ranges say', withReceiving({ bytes: new Uint8Array(1) })],
    ['too many finals', withAssociation({ finals: Array.from({ length: 17 }, () => ({ spi: 256, sequence: 0 })) })],
  ])('is malformed with %s', (_, change) => {
    expect(isMalformed(decodeCapsule(encodeState(change(fixedState())), HEADER))).toBe(true)
  })

  it('is malformed with a field too many, a field too few, or another layout', () => {
    const map = decodeCbor(plaintext)
    if (!(map instanceof Map)) throw new Error('not a map')
    const variants: [number, CborValue | undefined][] = [
      [10, 0],
      [8, undefined],
      [9, undefined],
      [1, 1],
      [5, null],
      [4, 'three'],
    ]
    for (const [field, value] of variants) {
      const changed = new Map<number, CborValue>(map)
      if (value === undefined) changed.delete(field)
      else changed.set(field, value)
      expect(isMalformed(decodeCapsule(encodeCbor(changed), HEADER))).toBe(true)
    }
  })

  function withStream(change: (one: FrozenStream) => readonly FrozenStream[]) {
    return (state: FrozenState): FrozenState => {
      const [first, ...others] = state.associations
      const [one] = first?.streams?.streams ?? []
      if (first?.streams === undefined || one === undefined) throw new Error('the fixed state has streams')
      return { ...state, associations: [{ ...first, streams: { ...first.streams, streams: change(one) } }, ...others] }
    }
  }

  function withIds(change: Partial<FrozenStreamIds>) {
    return (state: FrozenState): FrozenState => {
      const [first, ...others] = state.associations
      if (first?.streams === undefined) throw new Error('the fixed state has streams')
      const streams = { ...first.streams, ids: { ...first.streams.ids, ...change } }
      return { ...state, associations: [{ ...first, streams }, ...others] }
    }
  }

  function withSending(change: Partial<FrozenSending>) {
    return withStream((one) => [{ ...one, sending: { ...one.sending, ...change } }])
  }

  function withReceiving(change: Partial<FrozenReceiving>) {
    return withStream((one) => [{ ...one, receiving: { ...one.receiving, ...change } }])
  }

  function withAssociation(change: Partial<FrozenState['associations'][number]>) {
    return (state: FrozenState): FrozenState => ({
      ...state,
      associations: state.associations.map((one) => ({ ...one, ...change })),
    })
  }
})
