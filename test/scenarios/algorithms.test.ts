// An association lives its whole life under whatever it has chosen: base exchange, data, rekey from either end, readdress, a move, CLOSE.
// Rekeys stay in the group of the base exchange (RFC 7402 §6.9, MOVING §3).

import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { CAPSULE_VERSION } from '../../src/core/moving/capsule.ts'
import { decodeState, encodeState } from '../../src/core/moving/frozen-codec.ts'
import { aeadOf } from '../../src/crypto/aead.ts'
import { generateDh } from '../../src/crypto/dh.ts'
import { Identity, type IdentityAlgorithm } from '../../src/crypto/identity.ts'
import { conformance } from '../../src/crypto/suites/conformance/algorithms.ts'
import { encodeDiffieHellman } from '../../src/wire/exchange.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import { decodeCbor } from '../../src/wire/object.ts'
import { encodeReserveSpi } from '../../src/wire/private.ts'
import { encodeEspInfo, encodeSeq } from '../../src/wire/update.ts'
import { seeded } from '../support/actors.ts'
import {
  type Cast,
  converse,
  endedAt,
  forgedEnvelope,
  forgedUpdate,
  freeze,
  place,
  type Setting,
  stage,
  stateAt,
  thaw,
  those,
  updateOf,
} from '../support/stage.ts'

interface Life {
  readonly kinds: readonly [IdentityAlgorithm, IdentityAlgorithm]
  readonly dhGroup: number
  readonly hipCipher: number
  readonly espSuite: number
}

const LIVES: readonly Life[] = [
  { kinds: ['rsa', 'rsa'], dhGroup: 7, hipCipher: 2, espSuite: 13 },
  { kinds: ['rsa', 'ed25519'], dhGroup: 3, hipCipher: 1, espSuite: 1 },
  { kinds: ['ecdsa-p384', 'ecdsa-p384'], dhGroup: 8, hipCipher: 4, espSuite: 9 },
  { kinds: ['ed25519', 'ecdsa-p384'], dhGroup: 4, hipCipher: 4, espSuite: 12 },
  { kinds: ['ecdsa-p256', 'rsa'], dhGroup: 4, hipCipher: 2, espSuite: 7 },
  { kinds: ['ed25519', 'ecdsa-p256'], dhGroup: 8, hipCipher: 2, espSuite: 8 },
]

function identityOf(kind: IdentityAlgorithm, seed: number): Identity {
  if (kind !== 'rsa') return Identity.generate(seeded(seed), kind, conformance)
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return Identity.fromPem(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), conformance)
}

function settingOf({ kinds, dhGroup, hipCipher, espSuite }: Life): Setting {
  return {
    identities: [identityOf(kinds[0], 11), identityOf(kinds[1], 12)],
    algorithms: conformance,
    aead: aeadOf(conformance.espSuites),
    dhGroups: [dhGroup],
    hipCiphers: [hipCipher],
    espSuites: [espSuite],
  }
}

function groupsIn(cast: Cast, label: 'U1' | 'U2' | 'P1' | 'P2', since = 0): (number | undefined)[] {
  return those(cast, label, undefined, since).map((flying) => updateOf(flying).dh?.group)
}

describe.each(LIVES)('under $kinds, group $dhGroup, cipher $hipCipher and ESP suite $espSuite', (life) => {
  const setting = settingOf(life)

  it('an association lives, from its base exchange to its CLOSE', () => {
    const cast = stage(setting)
    const { wire, a, b } = cast
    expect(converse(cast, a, b)).toBe(true)
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      expect(from.engine.rekey(wire.now, to.engine.hit)).toBe(true)
      wire.run(2_000)
    }
    expect([a, b].map((end) => end.told.filter((type) => type === 'rekeyed').length)).toEqual([2, 2])
    expect([...groupsIn(cast, 'U1'), ...groupsIn(cast, 'U2')]).toEqual(Array(4).fill(life.dhGroup))
    expect(converse(cast, a, b)).toBe(true)
    a.engine.readdress(wire.now, [place(1), place(9)])
    wire.run(500)
    expect(converse(cast, a, b)).toBe(true)
    a.engine.close(wire.now, b.engine.hit)
    wire.run(500)
    expect([endedAt(a).length, endedAt(b).length]).toEqual([1, 1])
    expect(stateAt(a, b)).toBeUndefined()
  })

  it('a process moves, through the bytes of a capsule, and its peer goes on', () => {
    const cast = stage(setting)
    const { wire, a, b, alice } = cast
    const plaintext = encodeState(freeze(cast, a))
    const value = decodeCbor(plaintext, { bytes: plaintext.length, depth: 8 })
    if (isMalformed(value)) throw new Error(value.malformed)
    const state = decodeState(value, CAPSULE_VERSION, conformance)
    if (isMalformed(state)) throw new Error(state.malformed)
    expect(Identity.fromSecret(state.identity.algorithm, state.identity.secret, conformance).hit).toBe(a.engine.hit)
    const since = wire.sent.length
    const moved = thaw(cast, alice, state, 2, place(3), setting)
    wire.run(500)
    expect(converse(cast, moved, b)).toBe(true)
    expect([...groupsIn(cast, 'P1', since), ...groupsIn(cast, 'P2', since)]).toEqual([life.dhGroup, life.dhGroup])
    // Whoever has only what need not be asked for says that it cannot read this, and does not guess.
    const standard = decodeState(value, CAPSULE_VERSION)
    const needed = life.kinds.some((kind) => kind === 'rsa' || kind === 'ecdsa-p384') || life.dhGroup === 3
    expect(isMalformed(standard)).toBe(needed)
  })
})

describe('a rekey', () => {
  it.each<[string, number, number, boolean]>([
    ['a value of the group of its base exchange is answered', 7, 7, true],
    ['another group under its own number comes to nothing', 8, 8, false],
    ['a value of the right group under another number comes to nothing', 8, 7, false],
    ['a value of another group under the right number comes to nothing', 7, 8, false],
  ])('with %s', (_what, group, of, answered) => {
    const cast = stage({ algorithms: conformance, aead: aeadOf(conformance.espSuites) })
    const { a, b, alice } = cast
    const state = freeze(cast, a)
    const envelope = forgedEnvelope(alice, state, b.engine.hit, alice.start(1), cast.bob.start(1))
    const [inbound] = state.associations[0]?.inbound ?? []
    const honest = cast.wire.sent.length
    const bytes = forgedUpdate(envelope, [
      encodeEspInfo({ keymatIndex: 0, oldSpi: inbound?.spi ?? 0, newSpi: 0x4000 }),
      encodeSeq(0),
      encodeDiffieHellman({ group, publicValue: generateDh(of, seeded(3))?.publicValue ?? new Uint8Array(1) }),
      encodeReserveSpi(0x4001),
    ])
    cast.wire.inject({ from: a.at, to: b.at, bytes })
    expect(b.engine.counters['dh-invalid']).toBe(answered ? undefined : 1)
    expect(cast.wire.sent.length).toBe(honest + (answered ? 1 : 0))
  })
})
