// Frozen processes for tests: a fixed one with something in every field, and arbitrary ones.

import fc from 'fast-check'
import { Prng } from '../../src/base/prng.ts'
import type { FrozenAssociation, FrozenInbound, FrozenState } from '../../src/core/moving/frozen.ts'
import type { FrozenStream, FrozenStreams } from '../../src/core/transport/streams/frozen-streams.ts'
import { cipherKeyBytes, espSuiteInfo, hitSuite } from '../../src/crypto/suites.ts'
import { HOST_B, identity, LEDGER, X } from './actors.ts'

/** The same as the second release writes it: with streams and listeners. */
export function fixedState(): FrozenState {
  const first = firstState()
  const [one, ...others] = first.associations
  if (one === undefined) throw new Error('the first state has associations')
  return { ...first, associations: [{ ...one, streams: streams(new Prng(8)) }, ...others], listeners: [9, 443] }
}

/** A frozen X, epoch 3, the same in every run and every release. */
export function firstState(): FrozenState {
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
    listeners: [],
    state: new Uint8Array([0xca, 0xfe]),
  }
}

/** One that is being written and read, one that is broken off both ways, and one whose STREAM_OPEN has not come. */
function streams(prng: Prng): FrozenStreams {
  return {
    ids: {
      opened: Math.max(1 + prng.below(9), 3),
      maxStreams: 256,
      peerMaxStreams: 300,
      ownClosed: [{ start: 0, end: 1 }],
      peerClosed: [],
    },
    maxData: 2 ** 40,
    sent: prng.below(2 ** 31),
    window: { limit: 2 ** 33, size: 2 ** 20, consumed: 5, received: 2 ** 32 },
    streams: [stream(prng, 2), broken(prng, 3), { ...stream(prng, 5), ports: undefined, accepted: false }],
  }
}

function stream(prng: Prng, id: number): FrozenStream {
  const base = prng.below(2 ** 31)
  const read = prng.below(2 ** 31)
  return {
    id,
    ports: { port: 9, sourcePort: prng.below(65_536) },
    accepted: true,
    open: prng.pick(['idle', 'sent', 'acked']),
    sending: {
      limit: base + 2 ** 20,
      base,
      bytes: prng.bytes(40),
      sent: base + 30,
      acked: [
        { start: base + 3, end: base + 9 },
        { start: base + 20, end: base + 30 },
      ],
      fin: prng.pick(['idle', 'queued', 'sent']),
      reset: 'idle',
      resetCode: 0,
      stopped: undefined,
    },
    receiving: {
      window: { limit: read + 2 ** 18, size: 2 ** 18, consumed: read, received: read + 50 },
      ranges: [
        { start: read, end: read + 4 },
        { start: read + 40, end: read + 50 },
      ],
      bytes: prng.bytes(14),
      finalSize: prng.chance(0.5) ? read + 50 : undefined,
      reset: undefined,
      unwanted: false,
      stop: 'idle',
      stopCode: 0,
    },
  }
}

function broken(prng: Prng, id: number): FrozenStream {
  const { sending, receiving, ...rest } = stream(prng, id)
  const { base } = sending
  return {
    ...rest,
    sending: { ...sending, bytes: new Uint8Array(0), sent: base, acked: [], reset: 'queued', resetCode: 3, stopped: 3 },
    receiving: {
      ...receiving,
      ranges: [],
      bytes: new Uint8Array(0),
      reset: 3,
      unwanted: true,
      stop: 'sent',
      stopCode: 3,
    },
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
        ...firstState(),
        epoch,
        associations: suites.map(([hit = 5, esp = 13]) => ({
          ...association(prng, hit, esp, prng.chance(0.5)),
          plain: prng.chance(0.3) ? plain(prng) : undefined,
          streams: prng.chance(0.5) ? streams(prng) : undefined,
        })),
        sockets: ports.map((port) => ({ port, unread: [] })),
        listeners: ports,
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
    streams: undefined,
  }
}

function inbound(prng: Prng, espSuite: number, spi: number): FrozenInbound {
  const suite = espSuiteInfo(espSuite)
  if (suite === undefined) throw new Error('no such suite')
  const keys = { encryption: prng.bytes(suite.encryptionBytes), authentication: prng.bytes(suite.authenticationBytes) }
  const window = { highest: prng.below(2 ** 31), bitmap: prng.bytes(64) }
  return { spi, keys, ...window, final: undefined, of: prng.bytes(8), remainingMs: undefined }
}
