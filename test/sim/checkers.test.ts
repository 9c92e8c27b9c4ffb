// Every checker fires on what breaks its rule and holds its tongue otherwise: a checker that cannot object proves nothing.

import { describe, expect, it } from 'vitest'
import type { MachineEvent } from '../../src/core/machine.ts'
import {
  AmplificationChecker,
  allCheckers,
  CapChecker,
  CapsuleChecker,
  type Checker,
  Checkers,
  contentBytes,
  EpochChecker,
  FormerHostChecker,
  HolderChecker,
  HonestyChecker,
  LivelockChecker,
  NonceChecker,
  type Observation,
  OnceChecker,
  type Run,
  SecretChecker,
  StatelessChecker,
} from '../../src/sim.ts'
import {
  damaged,
  datagram,
  ended,
  esp,
  FAR,
  HIT_A,
  HIT_B,
  hip,
  hit,
  NEAR,
  packet,
  run,
  sealed,
  sentBy,
  told,
} from '../support/observations.ts'

const a = run({ id: 1, name: 'a', hit: HIT_A })
const b = run({ id: 2, name: 'b', hit: HIT_B, lineage: 2 })

/** What the checker says to the last observation; the ones before must pass. */
function lastWord(checker: Checker, observations: readonly Observation[]): string | undefined {
  const words = observations.map((observation) => checker.see(observation))
  expect(words.slice(0, -1)).toEqual(words.slice(0, -1).map(() => undefined))
  return words.at(-1)
}

describe('S2, a datagram at most once', () => {
  const delivery = told(b, datagram(HIT_A, contentBytes(5, 20)))

  it('passes different datagrams', () => {
    expect(lastWord(new OnceChecker(), [delivery, told(b, datagram(HIT_A, contentBytes(6, 20)))])).toBeUndefined()
  })

  it('objects to the same one again, even to a later start of the receiver', () => {
    const later = run({ ...b, id: 3, epoch: 2 })
    expect(lastWord(new OnceChecker(), [delivery, told(later, datagram(HIT_A, contentBytes(5, 20)))])).toMatch(/again/)
  })
})

describe('S3 and I2, no key with a number or nonce twice', () => {
  it('passes one number under two keys and two numbers under one key', () => {
    const seen = [sealed(a, 0, 1, 'x'), sealed(a, 0, 2, 'y'), sealed(b, 1, 1, 'x')]
    expect(lastWord(new NonceChecker(), seen)).toBeUndefined()
  })

  it('objects to a number that a clone seals again', () => {
    expect(lastWord(new NonceChecker(), [sealed(a, 0, 1, 'x'), sealed(b, 0, 1, 'y')])).toMatch(
      /number 1 .* second time/,
    )
  })

  it('objects to a nonce that comes again with another number', () => {
    expect(lastWord(new NonceChecker(), [sealed(a, 0, 1, 'x'), sealed(a, 0, 2, 'x')])).toMatch(/nonce/)
  })
})

describe('S4 and I3, epochs never fall and have one incarnation', () => {
  const bound = (epoch: number, by = b): Observation => ({ type: 'bound', run: by, peer: HIT_A, epoch })
  const from = (by: Run, id: number, at = 0): Observation => sealed(by, id, 1, 'n', id, at)
  const got = (id: number): Observation => told(b, datagram(HIT_A, contentBytes(id, 20)))

  it('passes rising epochs, and a fresh lineage that begins below', () => {
    const fresh = run({ ...b, id: 9, lineage: 9 })
    expect(lastWord(new EpochChecker(), [bound(1), bound(2), bound(2), bound(1, fresh)])).toBeUndefined()
  })

  it('objects to a lower epoch', () => {
    expect(lastWord(new EpochChecker(), [bound(2), bound(1)])).toMatch(/fell back to 1/)
  })

  it('objects to a second incarnation of an epoch', () => {
    const twin = run({ ...a, id: 7, incarnation: 'other' })
    expect(lastWord(new EpochChecker(), [from(a, 1), from(twin, 2), got(1), got(2)])).toMatch(/two incarnations/)
  })

  it('objects to what a start sealed after its end', () => {
    const end: Observation = { type: 'run-ends', at: 5, run: a }
    expect(lastWord(new EpochChecker(), [from(a, 1, 4), end, got(1), from(a, 2, 6), got(2)])).toMatch(/after its end/)
  })
})

describe('S5, nothing that an honest peer did not send', () => {
  const content = { id: 5, sourcePort: 9, port: 7, bytes: contentBytes(5, 30) }
  const sent: Observation = { type: 'app-sent', run: a, to: HIT_B, content }

  it('passes what was sent', () => {
    expect(lastWord(new HonestyChecker(), [sent, told(b, datagram(HIT_A, content.bytes))])).toBeUndefined()
  })

  it.each([
    ['made up', told(b, datagram(HIT_A, contentBytes(6, 30)))],
    ['changed at the end', told(b, datagram(HIT_A, damaged(content.bytes, 29)))],
    ['cut', told(b, datagram(HIT_A, content.bytes.slice(0, 29)))],
    ['said to be from another', told(b, datagram(hit(3), content.bytes))],
    ['given to another', told(a, datagram(HIT_A, content.bytes))],
    ['from another port', told(b, { ...datagram(HIT_A, content.bytes), sourcePort: 8 })],
    ['to another port', told(b, { ...datagram(HIT_A, content.bytes), port: 8 })],
  ])('objects to one that was %s', (_what, observation) => {
    expect(lastWord(new HonestyChecker(), [sent, observation])).toBeDefined()
  })

  it('objects to what an attacker sent, though it was sent', () => {
    const forger = run({ ...a, honest: false })
    const observations = [{ ...sent, run: forger }, told(b, datagram(HIT_A, content.bytes))]
    expect(lastWord(new HonestyChecker(), observations)).toMatch(/nobody honest/)
  })
})

describe('S6 and I9, three times what came from there', () => {
  const out = (bytes: Uint8Array, socket = 1, by = a): Observation => ({
    type: 'wire-sent',
    packet: packet(bytes, NEAR, FAR, socket),
    socket,
    run: by,
  })
  const back = (bytes: Uint8Array, origin: number | undefined): Observation => ({
    type: 'wire-arrived',
    packet: packet(bytes, FAR, NEAR, origin),
    socket: 1,
    run: a,
  })
  const named: Observation = { type: 'announced', locator: FAR, run: undefined }

  it('passes three times as much, headers counted', () => {
    expect(lastWord(new AmplificationChecker(), [back(esp(72), undefined), out(esp(272))])).toBeUndefined()
  })

  it('objects to one byte more', () => {
    expect(lastWord(new AmplificationChecker(), [back(esp(72), undefined), out(esp(273))])).toMatch(/sent 301 bytes/)
  })

  it('passes anything once who was reached there has answered', () => {
    const reached: Observation = { type: 'wire-arrived', packet: packet(esp(50), NEAR, FAR, 1), socket: 2, run: b }
    const answer: Observation = { ...back(esp(50), 2) }
    const observations = [back(esp(50), undefined), out(esp(100)), reached, answer, out(esp(9_000))]
    expect(lastWord(new AmplificationChecker(), observations)).toBeUndefined()
  })

  it('is not fooled by an answer from elsewhere under that address', () => {
    const observations = [back(esp(50), undefined), out(esp(100)), back(esp(50), 2), out(esp(500))]
    expect(lastWord(new AmplificationChecker(), observations)).toBeDefined()
  })

  it('passes I1 and UPDATE to a place that somebody named, and ten packets of data, not eleven', () => {
    const data = Array.from({ length: 10 }, () => out(esp(100)))
    expect(lastWord(new AmplificationChecker(), [named, out(hip(1)), out(hip(16)), ...data])).toBeUndefined()
    expect(lastWord(new AmplificationChecker(), [named, out(hip(16)), ...data, out(esp(100))])).toBeDefined()
  })

  it('passes four UPDATEs to a place that nobody named, not five, and no R1', () => {
    const updates = Array.from({ length: 4 }, () => out(hip(16)))
    expect(lastWord(new AmplificationChecker(), updates)).toBeUndefined()
    expect(lastWord(new AmplificationChecker(), [...updates, out(hip(16))])).toBeDefined()
    expect(lastWord(new AmplificationChecker(), [out(hip(2))])).toBeDefined()
  })

  it('passes ten R1s, not eleven, to a place of which that run was told, and none where others said so', () => {
    const told: Observation = { ...named, run: a }
    const r1s = Array.from({ length: 10 }, () => out(hip(2)))
    expect(lastWord(new AmplificationChecker(), [told, ...r1s])).toBeUndefined()
    expect(lastWord(new AmplificationChecker(), [told, ...r1s, out(hip(2))])).toBeDefined()
    expect(lastWord(new AmplificationChecker(), [named, out(hip(2))])).toBeDefined()
    expect(lastWord(new AmplificationChecker(), [{ ...named, run: b }, out(hip(2))])).toBeDefined()
  })
})

describe('S7, nothing kept for strangers', () => {
  const flooded = (associations: number, counters: number): Observation => ({
    type: 'flooded',
    run: a,
    packets: 24,
    before: { associations: 1, counters: 2 },
    after: { associations, counters },
  })

  it('passes a flood that leaves nothing', () => {
    expect(new StatelessChecker().see(flooded(1, 3))).toBeUndefined()
  })

  it('objects to an association', () => {
    expect(new StatelessChecker().see(flooded(2, 2))).toMatch(/made 1 associations/)
  })

  it('objects to a counter for each source', () => {
    expect(new StatelessChecker().see(flooded(1, 26))).toMatch(/counters/)
  })
})

describe('S8, no queue above its cap', () => {
  const queue = (size: number): Observation => ({ type: 'queue', run: a, what: 'unsent', size, cap: 256 })

  it('passes a full queue', () => {
    expect(new CapChecker().see(queue(256))).toBeUndefined()
  })

  it('objects to one more', () => {
    expect(new CapChecker().see(queue(257))).toMatch(/257 in unsent/)
  })
})

describe('S11, no secret in sight', () => {
  const secret = Uint8Array.from({ length: 32 }, (_, i) => i * 7 + 1)
  const known: Observation = { type: 'secret', what: 'identity key', bytes: secret }
  const text = (words: string): Observation => ({ type: 'text', run: a, text: words })

  it('passes what is not secret', () => {
    expect(
      lastWord(new SecretChecker(), [known, sentBy(a, esp(200)), text('a perfectly harmless text')]),
    ).toBeUndefined()
  })

  it('objects to a secret in a packet, wherever it stands', () => {
    const bytes = new Uint8Array(90)
    bytes.set(secret, 41)
    expect(lastWord(new SecretChecker(), [known, sentBy(a, bytes)])).toMatch(/identity key shows in a HIP packet/)
  })

  it('objects to half a secret in a packet', () => {
    const bytes = esp(60)
    bytes.set(secret.subarray(0, 16), 44)
    expect(lastWord(new SecretChecker(), [known, sentBy(a, bytes)])).toMatch(/ESP/)
  })

  it.each(['hex', 'base64', 'base64url'] as const)('objects to a secret in %s', (form) => {
    const word = `failed with ${Buffer.from(secret).toString(form)}`
    expect(lastWord(new SecretChecker(), [known, text(word)])).toBeDefined()
    const ended: MachineEvent = { type: 'ended', peer: HIT_B, reason: 'reset', tried: [], detail: word }
    expect(lastWord(new SecretChecker(), [known, told(a, ended)])).toBeDefined()
  })

  it('objects to an ESP key in a datagram', () => {
    const key: Observation = { type: 'send-key', run: a, key: secret }
    expect(lastWord(new SecretChecker(), [key, told(b, datagram(HIT_A, secret))])).toBeDefined()
  })
})

describe('I1 and I11, one holder, by the ledger', () => {
  const begins = (which: Run): Observation => ({ type: 'run-begins', at: 0, run: which })
  const ends = (which: Run): Observation => ({ type: 'run-ends', at: 0, run: which })
  const activated = (epoch: number, incarnation = `i${epoch}`): Observation => ({
    type: 'activated',
    hit: HIT_A,
    epoch,
    incarnation,
  })
  const second = run({ ...a, id: 5, epoch: 2, incarnation: 'i2', host: 'elsewhere' })
  const first = run({ ...a, incarnation: 'i1' })

  it('passes one after another, and a process that is unfrozen', () => {
    const move = [activated(1), begins(first), ends(first), begins(first), ends(first), activated(2), begins(second)]
    expect(lastWord(new HolderChecker(), move)).toBeUndefined()
  })

  it('objects to two at once', () => {
    expect(lastWord(new HolderChecker(), [activated(1), begins(first), activated(2), begins(second)])).toMatch(
      /runs twice/,
    )
  })

  it('objects to a start that the ledger has not activated', () => {
    const other = run({ ...second, incarnation: 'i9' })
    expect(lastWord(new HolderChecker(), [activated(1), activated(2), begins(other)])).toMatch(/nobody that the ledger/)
    expect(lastWord(new HolderChecker(), [begins(second)])).toMatch(/without a ledger/)
  })

  it('objects to an epoch that is activated twice or falls', () => {
    expect(lastWord(new HolderChecker(), [activated(2), activated(2, 'i9')])).toMatch(/epoch 2 after 2/)
    expect(lastWord(new HolderChecker(), [activated(2), activated(1)])).toBeDefined()
  })

  it('objects to a packet that a frozen process seals', () => {
    const still = [activated(1), begins(first), sealed(first, 0, 1, 'x'), ends(first), sealed(first, 0, 2, 'y')]
    expect(lastWord(new HolderChecker(), still)).toMatch(/did not run/)
  })
})

describe('I7, what a capsule must not hold', () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, i) => 255 - i)
  const plaintext = new Uint8Array(300)
  plaintext.set(bytes, 100)
  const capsule: Observation = { type: 'capsule', run: a, plaintext }

  it('passes the identity key, the keys of others and what was shown in an exchange', () => {
    const exchange = hip(3)
    const wide = new Uint8Array(200)
    wide.set(exchange)
    wide.set(bytes, 60)
    const seen: Observation[] = [
      { type: 'secret', what: 'identity key', bytes },
      { type: 'send-key', run: b, key: bytes },
      { type: 'drawn', run: a, bytes },
      sentBy(a, wide),
      capsule,
    ]
    expect(lastWord(new CapsuleChecker(), seen)).toBeUndefined()
  })

  it.each<readonly [string, Observation]>([
    ['a key that its run sends under', { type: 'send-key', run: a, key: bytes }],
    ['a Kij', { type: 'secret', what: 'Kij', bytes }],
    ['an instance key', { type: 'secret', what: 'instance key', bytes }],
    ['a random value that nobody was shown', { type: 'drawn', run: a, bytes }],
  ])('objects to %s', (_what, before) => {
    expect(lastWord(new CapsuleChecker(), [before, capsule])).toMatch(/capsule of a/)
  })
})

describe('I8, a former host opens nothing and moves nothing', () => {
  const turned: Observation = { type: 'former-host', at: 10, hit: HIT_A, peers: [HIT_B], locators: [FAR] }

  it('passes what the true holder does', () => {
    const path: MachineEvent = { type: 'path', peer: HIT_A, locator: NEAR, why: 'observed' }
    const begins: Observation = { type: 'run-begins', at: 12, run: a }
    const rebound = told(b, { type: 'rebound', peer: HIT_A, epoch: 2 }, 13)
    expect(lastWord(new FormerHostChecker(), [turned, told(b, path, 11), begins, rebound])).toBeUndefined()
  })

  it('passes what a peer that was started anew does not get, and objects to the same of one that was resumed', () => {
    const starts = (of: Run): Observation => ({ type: 'run-begins', at: 9, run: of })
    const word = (later: Run) =>
      lastWord(new FormerHostChecker(), [starts(b), turned, starts(later), told(later, ended('reset'), 20)])
    expect(word(run({ id: 3, name: 'b', hit: HIT_B, lineage: 3 }))).toBeUndefined()
    expect(word(run({ id: 3, name: 'b', hit: HIT_B, lineage: 2 }))).toMatch(/former host/)
  })

  it('objects if a peer that was started anew goes to it', () => {
    const anew = run({ id: 3, name: 'b', hit: HIT_B, lineage: 3 })
    const begins: Observation[] = [b, anew].map((of) => ({ type: 'run-begins', at: 9, run: of }))
    const follows = told(anew, { type: 'path', peer: HIT_A, locator: FAR, why: 'observed' }, 20)
    const [before, after] = begins
    if (before === undefined || after === undefined) throw new Error('two starts')
    expect(lastWord(new FormerHostChecker(), [before, turned, after, follows])).toMatch(/followed a former host/)
  })

  it.each<readonly [string, Observation]>([
    ['opens a packet', { type: 'former-host-opened', hit: HIT_A, spi: 300 }],
    ['draws a peer to itself', told(b, { type: 'path', peer: HIT_A, locator: FAR, why: 'observed' }, 11)],
    ['rebinds a peer', told(b, { type: 'rebound', peer: HIT_A, epoch: 3 }, 11)],
    ['closes an association', told(b, ended('closed-by-peer'), 11)],
    ['resets an association', told(b, ended('reset'), 11)],
    ['replaces an association', told(b, ended('replaced'), 11)],
  ])('objects if it %s', (_what, observation) => {
    expect(lastWord(new FormerHostChecker(), [turned, observation])).toMatch(/former host/)
  })
})

describe('L3, no livelock', () => {
  it('passes a second of many packets and objects to one of very many', () => {
    const checker = new LivelockChecker()
    const words = Array.from({ length: 401 }, (_, i) => checker.see(sentBy(a, hip(16), i)))
    expect(words.slice(0, 400).every((word) => word === undefined)).toBe(true)
    expect(words[400]).toMatch(/401 control packets/)
  })
})

describe('all of them together', () => {
  it('have different rules, and each is told what it wants to see', () => {
    const rules = allCheckers().map(({ rule }) => rule)
    expect(new Set(rules).size).toBe(rules.length)
    expect(rules.sort()).toEqual(['I1', 'I6', 'I7', 'I8', 'L3', 'S1', 'S11', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7', 'S8'])
  })

  it('keep what they object to, with the rule', () => {
    const checkers = new Checkers()
    checkers.see(sealed(a, 0, 1, 'x'))
    expect(checkers.violations.map(({ rule }) => rule)).toEqual(['I1'])
    checkers.see(sealed(a, 0, 1, 'x'))
    expect(checkers.violations.map(({ rule }) => rule)).toEqual(['I1', 'S3', 'I1'])
  })
})
