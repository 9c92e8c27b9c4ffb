// What two ends choose of their lists (RFC 7401 §5.2.6, §5.2.8, RFC 7402 §5.1.2), that they can use it, and that nobody in between
// makes them choose anything else (RFC 7401 §4.1.7).

import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acceptR1, encodeI1 } from '../../src/core/association/initiator.ts'
import { R1Pool } from '../../src/core/association/r1-pool.ts'
import { InboundSa } from '../../src/core/sa/inbound.ts'
import { OutboundSa } from '../../src/core/sa/outbound.ts'
import { aeadOf } from '../../src/crypto/aead.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { conformance } from '../../src/crypto/suites/conformance/algorithms.ts'
import * as wire from '../../src/wire.ts'
import { seeded } from '../support/actors.ts'
import {
  answerR1,
  type End,
  type EndOptions,
  end,
  exchange,
  OPEN_DOOR,
  offerI2,
  read,
  SOURCE,
  tryRead,
  unwrapped,
} from '../support/exchange.ts'

const ALL: EndOptions = { algorithms: conformance }

const made = new Map<string, Identity>()

/** The nth RSA identity of a length; each is made once, because primes take time. */
function rsaIdentity(nth: 0 | 1, modulusLength = 2048): Identity {
  const known = made.get(`${nth} ${modulusLength}`)
  if (known !== undefined) return known
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength })
  const fresh = Identity.fromPem(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), conformance)
  made.set(`${nth} ${modulusLength}`, fresh)
  return fresh
}

/** What an exchange came to, the same for both ends. */
function agreedIn(initiator: End, responder: End): { group: number; cipher: number; espSuite: number } {
  const { initiated, responded } = exchange(initiator, responder)
  const { cipher, espSuite } = initiated.context
  expect([responded.dhGroup, responded.context.cipher, responded.context.espSuite]).toEqual([
    initiated.dhGroup,
    cipher,
    espSuite,
  ])
  const aead = aeadOf(conformance.espSuites)
  const { espSuites } = conformance
  for (const [from, to] of [
    [initiated, responded],
    [responded, initiated],
  ] as const) {
    const spi = from.outboundSpi
    const entropy = seeded(spi)
    const out = new OutboundSa({ spi, suite: espSuite, keys: from.keys.esp.send, aead, espSuites, entropy })
    const packet = out.allocate(9)
    packet.set(new TextEncoder().encode('nine bytes'.slice(0, 9)), out.payloadOffset)
    out.seal(packet, 9, 17)
    const inbound = new InboundSa({ spi, suite: espSuite, keys: to.keys.esp.receive, aead, espSuites })
    expect(inbound.open(packet)).toMatchObject({ nextHeader: 17, sequence: 1 })
  }
  return { group: initiated.dhGroup, cipher, espSuite }
}

describe('two ends that both have everything', () => {
  const endOf = (kind: string, seed: 0 | 1): End =>
    end(seed + 1, kind === 'rsa' ? { ...ALL, identity: rsaIdentity(seed) } : { ...ALL, algorithm: kind as 'ed25519' })
  const kinds = ['ed25519', 'ecdsa-p256', 'ecdsa-p384', 'rsa']
  const pairs = kinds.flatMap((a) => kinds.map((b) => [a, b] as const))

  it.each(pairs)('associate as %s and %s, by the hash of the Responder', (a, b) => {
    const initiator = endOf(a, 0)
    const responder = endOf(b, 1)
    expect(agreedIn(initiator, responder)).toEqual({ group: 7, cipher: 2, espSuite: 13 })
    expect(exchange(initiator, responder).responded.context.suite.id).toBe(b === 'rsa' ? 1 : b === 'ed25519' ? 5 : 2)
  })

  it.each([13, 12, 9, 8, 7, 1])('send data under ESP suite %i if both list it', (suite) => {
    const lists = { ...ALL, espSuites: [suite] }
    expect(agreedIn(end(1, lists), end(2, lists)).espSuite).toBe(suite)
  })

  it.each([7, 8, 4, 3])('agree in DH group %i if both list it', (group) => {
    const lists = { ...ALL, dhGroups: [group] }
    expect(agreedIn(end(1, lists), end(2, lists)).group).toBe(group)
  })

  it.each([2, 4, 1])('hide the key of the Initiator under HIP cipher %i if both list it', (cipher) => {
    const lists = { ...ALL, hipCiphers: [cipher] }
    expect(agreedIn(end(1, lists), end(2, lists)).cipher).toBe(cipher)
  })

  it('choose nothing of it that neither has listed', () => {
    expect(agreedIn(end(1, ALL), end(2, ALL))).toEqual({ group: 7, cipher: 2, espSuite: 13 })
  })
})

describe('whatever their lists, two ends', () => {
  const dhGroups = fc.shuffledSubarray([7, 8], { minLength: 1 })
  const hipCiphers = fc.shuffledSubarray([2, 4], { minLength: 1 })
  const espSuites = fc.shuffledSubarray([13, 12, 9, 8], { minLength: 1 })
  const lists = fc.record({ dhGroups, hipCiphers, espSuites })

  it('take the first of the Responder’s that the Initiator has, or do not associate', () => {
    fc.assert(
      fc.property(lists, lists, (mine, theirs) => {
        const initiator = end(1, mine)
        const responder = end(2, theirs)
        const first = (list: readonly number[], other: readonly number[]) => list.find((id) => other.includes(id))
        const group = first(theirs.dhGroups, mine.dhGroups)
        const cipher = first(theirs.hipCiphers, mine.hipCiphers)
        const espSuite = first(theirs.espSuites, mine.espSuites)
        if (group !== undefined && cipher !== undefined && espSuite !== undefined) {
          expect(agreedIn(initiator, responder)).toEqual({ group, cipher, espSuite })
          return
        }
        const answer = acceptR1(initiator, responder.identity.hit, r1For(initiator, responder, mine.dhGroups))
        const reason = group === undefined ? 'r1-dh-group' : cipher === undefined ? 'r1-cipher' : 'r1-esp-suite'
        expect(answer).toEqual({ drop: reason })
      }),
      { numRuns: 60 },
    )
  })
})

describe('somebody in between who strips', () => {
  const lists = { ...ALL, dhGroups: [7, 8, 4], hipCiphers: [2, 4], espSuites: [13, 12, 9, 8] }
  const initiator = end(1, lists)

  it.each(permutations([7, 8, 4]).map((order) => [order] as const))(
    'any part of an I1’s groups, before a Responder that prefers %s, ends the exchange or changes nothing',
    (order) => {
      const responder = end(2, { ...lists, dhGroups: order })
      const pool = new R1Pool(responder)
      let ended = 0
      for (const kept of subsets(lists.dhGroups)) {
        if (kept.length === 0) continue
        const answer = acceptR1(initiator, responder.identity.hit, r1For(initiator, responder, kept, pool))
        if ('drop' in answer) {
          expect(answer.drop).toBe('r1-dh-group')
          ended += 1
        } else expect(answer.dh.group).toBe(order[0])
      }
      // Four of the seven lists keep the best group.
      expect(ended).toBe(3)
    },
  )

  it('all groups of an I1 makes it no I1', () => {
    expect(tryRead('I1', encodeI1({ ...initiator, dhGroups: [] }, end(2).hitBytes))).toBeUndefined()
  })

  it('any part of any list of an R1, in all combinations, breaks its signature', () => {
    const responder = end(2, lists)
    const r1 = unwrapped(
      new R1Pool(responder).answer(0, read('I1', encodeI1(initiator, responder.hitBytes)), SOURCE),
    ).r1
    const packet = sound(wire.decodePacket(r1))
    const whole = read('R1', r1)
    const options = [
      stripped(whole.dhGroups, wire.encodeDhGroupList),
      stripped(whole.ciphers, wire.encodeHipCipher),
      stripped(whole.hitSuites, wire.encodeHitSuiteList),
      stripped(whole.transports, wire.encodeTransportFormatList),
      stripped(whole.espSuites, wire.encodeEspTransform),
    ]
    let tried = 0
    for (const replacements of product(options)) {
      const changed = packet.parameters.map(
        ({ type, contents }) => replacements.find((other) => other.type === type) ?? { type, contents },
      )
      const bytes = wire.encodePacket(packet.type, packet.sender, packet.receiver, changed, packet.controls)
      const message = tryRead('R1', bytes)
      if (message === undefined) continue
      tried += 1
      const answer = acceptR1(initiator, responder.identity.hit, message)
      if (Buffer.from(bytes).equals(r1)) expect('drop' in answer).toBe(false)
      else expect(answer).toEqual({ drop: 'r1-signature' })
    }
    // Lists of 3, 2, 3, 1 and 4: all their subsets but the empty ones, which make it no R1.
    expect(tried).toBe(7 * 3 * 7 * 1 * 15)
  })

  it('or replaces what an I2 chose ends the exchange', () => {
    const responder = end(2, lists)
    const pool = new R1Pool(responder)
    // Every group has an R1 out, so that each is one the Responder could go on with.
    for (const group of lists.dhGroups) r1For(initiator, responder, [group], pool)
    const sent = answerR1(initiator, responder, r1For(initiator, responder, lists.dhGroups, pool).packet.bytes)
    const packet = sound(wire.decodePacket(sent.bytes))
    const others = [
      wire.encodeHipCipher([4]),
      ...[12, 9, 8].map((suite) => wire.encodeEspTransform([suite])),
      ...[8, 4].map((group) =>
        wire.encodeDiffieHellman({ group, publicValue: new Uint8Array(group === 8 ? 96 : 384).fill(2) }),
      ),
    ]
    for (const other of others) {
      const changed = packet.parameters.map(({ type, contents }) => (type === other.type ? other : { type, contents }))
      const bytes = wire.encodePacket(packet.type, packet.sender, packet.receiver, changed, packet.controls)
      expect(offerI2(0, responder, pool, bytes, OPEN_DOOR)).toHaveProperty('drop')
    }
    expect(offerI2(0, responder, pool, sent.bytes, OPEN_DOOR)).toHaveProperty('seed')
  })
})

describe('the packets of RSA', () => {
  // MOVING §2 counts the UDP payload: four bytes more than the HIP packet; its numbers are upper bounds, as in base-exchange.test.ts.
  const udp = (packet: Uint8Array) => packet.length + 4

  it('have the sizes of MOVING §2 at most, and fit a packet even under RSA-3072 with group 4', () => {
    const between = (dhGroups: readonly number[], initiator: Identity, responder: Identity) => {
      const lists = { ...ALL, dhGroups, ledger: true }
      return exchange(end(1, { ...lists, identity: initiator }), end(2, { ...lists, identity: responder }))
    }
    const { r1, sent, r2 } = between([7], rsaIdentity(0), rsaIdentity(1))
    expect(udp(r1)).toBeLessThanOrEqual(1116)
    expect(udp(sent.bytes)).toBeLessThanOrEqual(1228)
    expect(udp(r2)).toBeLessThanOrEqual(732)
    expect(udp(r1)).toBeLessThanOrEqual(3 * 516)
    const longest = rsaIdentity(0, 3072)
    const largestR1 = between([4], rsaIdentity(0), longest).r1
    const largestI2 = between([4], longest, rsaIdentity(0)).sent.bytes
    expect(udp(largestR1)).toBeGreaterThan(3 * 516)
    for (const bytes of [largestR1, largestI2]) expect(bytes.length).toBeLessThanOrEqual(wire.HIP_PACKET_LIMIT)
  })
})

describe('an R1 pool', () => {
  it('signs once a generation and group, whatever I1s come', () => {
    const responder = end(2, ALL)
    const initiator = end(1, ALL)
    let signatures = 0
    const sign = responder.identity.sign.bind(responder.identity)
    responder.identity.sign = (message) => {
      signatures += 1
      return sign(message)
    }
    const pool = new R1Pool(responder)
    for (let round = 0; round < 3; round++)
      for (const kept of subsets([7, 8, 4, 3, 9, 11])) if (kept.length > 0) r1For(initiator, responder, kept, pool)
    expect(signatures).toBe(3)
  })

  it('tells an Initiator with which it has no group in common what groups it has', () => {
    const responder = end(2)
    const r1 = r1For(end(1), responder, [9, 11])
    expect([r1.dh.group, r1.dhGroups]).toEqual([7, [7, 8, 4]])
  })
})

describe('an Initiator that has only what need not be asked for', () => {
  it.each(['rsa', 'ecdsa-p384'] as const)('drops the R1 of an identity of kind %s, and says why', (kind) => {
    const identity = kind === 'rsa' ? rsaIdentity(0) : Identity.generate(seeded(2), kind, conformance)
    const responder = end(2, { ...ALL, identity })
    const initiator = end(1)
    const answer = acceptR1(initiator, identity.hit, r1For(initiator, responder, [7]))
    expect(answer).toEqual({ drop: 'r1-hit-suite' })
  })
})

function r1For(initiator: End, responder: End, groups: readonly number[], pool = new R1Pool(responder)) {
  const i1 = read('I1', encodeI1({ ...initiator, dhGroups: groups }, responder.hitBytes))
  return read('R1', unwrapped(pool.answer(0, i1, SOURCE)).r1)
}

/** The parameter for every part of a list, the whole first. */
function stripped(list: readonly number[], encode: (ids: readonly number[]) => wire.ParameterValue) {
  return subsets(list).map((kept) => encode(kept))
}

function subsets<T>(list: readonly T[]): T[][] {
  const every = Array.from({ length: 2 ** list.length }, (_, mask) => list.filter((_item, at) => (mask >> at) & 1))
  return every.reverse()
}

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]]
  return list.flatMap((first, at) => permutations(list.toSpliced(at, 1)).map((rest) => [first, ...rest]))
}

function product<T>(options: readonly (readonly T[])[]): T[][] {
  return options.reduce<T[][]>((all, next) => all.flatMap((done) => next.map((item) => [...done, item])), [[]])
}

function sound<T extends object>(value: T): Exclude<T, wire.Malformed> {
  if (wire.isMalformed(value)) throw new Error(value.malformed)
  return value as Exclude<T, wire.Malformed>
}
