// Frozen processes for tests: a fixed one with something in every field, and arbitrary ones.

import fc from 'fast-check'
import { Prng } from '../../src/base/prng.ts'
import type { FrozenAssociation, FrozenInbound, FrozenState } from '../../src/core/moving/frozen.ts'
import { cipherKeyBytes, espSuiteInfo, hitSuite } from '../../src/crypto/suites.ts'
import { HOST_B, identity, LEDGER, X } from './actors.ts'

/** A frozen X, epoch 3, the same in every run and every release. */
export function fixedState(): FrozenState {
  const prng = new Prng(7)
  return {
    identity: { algorithm: 'ed25519', secret: Uint8Array.from(X.secret()) },
    epoch: 3,
    associations: [association(prng, 5, 13, true), association(prng, 2, 8, false)],
    floors: [
      { key: identity(40).publicKey, ledger: LEDGER.publicKey, epoch: 9, incarnation: prng.bytes(16) },
      { key: identity(41).publicKey, ledger: undefined, epoch: 1, incarnation: prng.bytes(16) },
    ],
    sockets: [
      { port: 7, unread: [{ hit: HOST_B.hit, port: 4_000, bytes: new Uint8Array([1, 2, 3]) }] },
      { port: 65_535, unread: [] },
    ],
    state: new Uint8Array([0xca, 0xfe]),
  }
}

/** Frozen states of X with any numbers, addresses and lists. */
export function anyState(): fc.Arbitrary<FrozenState> {
  return fc
    .record({
      seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      epoch: fc.integer({ min: 1, max: 0xffff_ffff }),
      suites: fc.array(fc.constantFrom([5, 13], [5, 8], [2, 13], [2, 8], [1, 8]), { maxLength: 3 }),
      state: fc.uint8Array({ maxLength: 64 }),
      ports: fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 3 }),
    })
    .map(({ seed, epoch, suites, state, ports }) => {
      const prng = new Prng(seed)
      return {
        ...fixedState(),
        epoch,
        associations: suites.map(([hit = 5, esp = 13]) => ({
          ...association(prng, hit, esp, prng.chance(0.5)),
          plain: prng.chance(0.3) ? plain(prng) : undefined,
        })),
        sockets: ports.map((port) => ({ port, unread: [] })),
        state,
      }
    })
}

/** Of a peer that knows only the RFCs. */
function plain(prng: Prng): FrozenAssociation['plain'] {
  const peerUpdateIds = Array.from({ length: prng.below(4) }, () => prng.below(2 ** 31))
  return { peerDh: prng.bytes(64), nextUpdateId: prng.below(2 ** 31), peerUpdateIds }
}

function association(prng: Prng, suiteId: number, espSuite: number, full: boolean): FrozenAssociation {
  const suite = hitSuite(suiteId)
  const cipher = 2
  const cipherBytes = cipherKeyBytes(cipher)
  if (suite === undefined || cipherBytes === undefined) throw new Error('no such suite')
  const hip = () => ({ encryption: prng.bytes(cipherBytes), integrity: prng.bytes(suite.macKeyBytes) })
  const spi = () => 256 + prng.below(0xffff_ffff - 256)
  return {
    peerKey: identity(30 + suiteId).publicKey,
    peerLedger: full ? LEDGER.publicKey : undefined,
    peerStart: full ? { epoch: 12, incarnation: prng.bytes(16) } : { epoch: 0, incarnation: new Uint8Array(16) },
    ownStart: { epoch: 3, incarnation: prng.bytes(16) },
    responder: full,
    hitSuite: suiteId,
    dhGroup: 7,
    cipher,
    espSuite,
    i: prng.bytes(suite.hashBytes),
    j: prng.bytes(suite.hashBytes),
    secret: prng.bytes(32),
    hipSend: hip(),
    hipReceive: hip(),
    reserveIn: spi(),
    reserveOut: full ? spi() : 0,
    inbound: full
      ? [inbound(prng, espSuite, spi()), { ...inbound(prng, espSuite, spi()), final: 2 ** 40, remainingMs: 750 }]
      : [],
    finals: [{ spi: spi(), sequence: prng.below(2 ** 31) }],
    locators: [
      { locator: { address: '192.0.2.7', port: 10_500 }, preferred: true, remainingMs: 60_000 },
      { locator: { address: '2001:db8::9', port: 1 }, preferred: false, remainingMs: 0 },
    ],
    unsent: full ? [{ sourcePort: 9, port: 10, bytes: prng.bytes(5) }] : [],
    plain: undefined,
  }
}

function inbound(prng: Prng, espSuite: number, spi: number): FrozenInbound {
  const suite = espSuiteInfo(espSuite)
  if (suite === undefined) throw new Error('no such suite')
  const keys = { encryption: prng.bytes(suite.encryptionBytes), authentication: prng.bytes(suite.authenticationBytes) }
  const window = { highest: prng.below(2 ** 31), bitmap: prng.bytes(64) }
  return { spi, keys, ...window, final: undefined, of: prng.bytes(8), remainingMs: undefined }
}
