// What a signed object may hold and must be refused for: a misshapen value in every field of every payload, named by its number
// (MOVING §10), and the nearest value that must be taken. And CBOR whose keys are not in their one order (RFC 8949 §4.2.1).

import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import * as wire from '../../src/wire.ts'

type Value = wire.CborValue

const fill = (length: number): Uint8Array => new Uint8Array(length).fill(7)
const LOCATOR = [fill(16), 10500]

// Values that no field of a kind may have.
const NO_NUMBER: readonly Value[] = [-1, '1', null, true, fill(1), [1]]
const NO_BYTES: readonly Value[] = ['sixteen letters.', 16, null, false, [7, 7], new Map([[1, 7]])]
const NO_U16: readonly Value[] = [...NO_NUMBER, 65_536]
const NO_EPOCH: readonly Value[] = [...NO_NUMBER, 2 ** 32]
const NO_HIT: readonly Value[] = [...NO_BYTES, fill(0), fill(15), fill(17), fill(32)]
const NO_SUBJECT: readonly Value[] = [...NO_BYTES, fill(0), fill(15), fill(17), fill(31), fill(33)]
const NO_HASH: readonly Value[] = [...NO_BYTES, fill(0), fill(16), fill(31), fill(33)]
const NO_KEY: readonly Value[] = [
  ...[null, 13, 'abc', fill(3), [], new Map([[1, 13]])],
  ...[
    [13, 1],
    [13, 1, fill(32), 0],
    ['13', 1, fill(32)],
    [-1, 1, fill(32)],
    [65_536, 1, fill(32)],
    [13, null, fill(32)],
    [13, -1, fill(32)],
    [13, 65_536, fill(32)],
    [13, 1, fill(0)],
    [13, 1, 'a key'],
    [13, 1, null],
    [13, 1, [7]],
  ],
]
const NO_LOCATORS: readonly Value[] = [
  ...[null, 1, fill(16), LOCATOR],
  ...[
    null,
    'ab',
    fill(2),
    fill(16),
    [],
    [fill(16)],
    [fill(16), 10500, 0],
    [fill(15), 10500],
    [fill(17), 10500],
    [fill(0), 10500],
    ['sixteen letters.', 10500],
    [null, 10500],
    [fill(16), -1],
    [fill(16), 65_536],
    [fill(16), '10500'],
    [fill(16), null],
  ].flatMap((wrong): Value[] => [[wrong], [LOCATOR, wrong], [wrong, LOCATOR]]),
]
const NO_HITS: readonly Value[] = [null, fill(16), 1, ...NO_HIT.map((wrong) => [fill(16), wrong]), [fill(15), fill(16)]]
const NO_NUMBERS: readonly Value[] = [null, 1, fill(1), [1, -1], ['1', 1], [1, null]]
const but = (wrong: readonly Value[], ...lawful: readonly Value[]) => wrong.filter((value) => !lawful.includes(value))

interface Payload {
  readonly name: string
  readonly decode: (bytes: Uint8Array) => unknown
  readonly sound: ReadonlyMap<number, Value>
  readonly wrong: ReadonlyMap<number, readonly Value[]>
}

const KEY: Value = [13, 1, fill(32)]
const fields = <T>(...values: readonly T[]): ReadonlyMap<number, T> =>
  new Map(values.map((value, index) => [index + 1, value]))

const PAYLOADS: readonly Payload[] = [
  {
    name: 'receipt',
    decode: wire.decodeReceipt,
    sound: fields<Value>(KEY, fill(16), 1, fill(16), fill(16), 0),
    wrong: fields(NO_KEY, NO_SUBJECT, NO_EPOCH, NO_HIT, NO_HIT, NO_NUMBER),
  },
  {
    name: 'ready',
    decode: wire.decodeReady,
    sound: fields<Value>(fill(8), fill(16), 1, KEY, 32, fill(32), [1], 65_536, 60),
    wrong: fields(NO_BYTES, NO_SUBJECT, NO_EPOCH, NO_KEY, NO_U16, NO_BYTES, NO_NUMBERS, NO_NUMBER, NO_NUMBER),
  },
  {
    name: 'grant',
    decode: wire.decodeGrant,
    sound: fields<Value>(KEY, fill(32), 1, KEY, fill(32), 'move'),
    wrong: fields(NO_KEY, NO_SUBJECT, NO_EPOCH, NO_KEY, NO_HASH, ['', 'Move', 'moved', 'borrow', 1, null, fill(4)]),
  },
  {
    name: 'claim',
    decode: wire.decodeClaim,
    sound: fields<Value>(KEY, fill(16), 1, fill(9), fill(16), fill(16)),
    wrong: fields(NO_KEY, NO_SUBJECT, NO_EPOCH, but(NO_BYTES, null), but(NO_HIT, null), NO_BYTES),
  },
  {
    name: 'whereabouts',
    decode: wire.decodeWhereabouts,
    sound: fields<Value>(KEY, fill(16), 1, fill(16), 0, [LOCATOR], [fill(16)], KEY, 60, fill(3)),
    wrong: fields<readonly Value[]>(
      ...[NO_KEY, NO_SUBJECT, NO_EPOCH, NO_HIT, NO_NUMBER],
      ...[NO_LOCATORS, NO_HITS, but(NO_KEY, null), NO_NUMBER, NO_BYTES],
    ),
  },
]

const edited = ({ decode, sound }: Payload, field: number, value: Value) =>
  decode(wire.encodeCbor(new Map(sound).set(field, value)))

describe.each(PAYLOADS)('a $name', (payload) => {
  const { decode, sound, wrong } = payload

  it('is sound as these tests have it', () => {
    expect(wire.isMalformed(decode(wire.encodeCbor(sound)))).toBe(false)
  })

  it.each([...wrong])('is Malformed for every misshapen value of field %i, and names it', (field, values) => {
    for (const value of values) {
      const fault = { malformed: expect.stringMatching(/ is misshapen$/), at: 0, parameter: field }
      expect(edited(payload, field, value), toHex(wire.encodeCbor(value))).toEqual(fault)
    }
  })

  it('says of a field that is not there that it is missing', () => {
    for (const field of sound.keys()) {
      const lacking = new Map(sound)
      lacking.delete(field)
      const fault = { malformed: expect.stringMatching(/ is missing$/), at: 0, parameter: field }
      expect(decode(wire.encodeCbor(lacking))).toEqual(fault)
    }
  })

  it('passes on what is wrong with its CBOR', () => {
    for (const hex of ['', '5801', 'a10101ff', 'a2020101']) {
      expect(decode(fromHex(hex))).toEqual(wire.decodeCbor(fromHex(hex)))
    }
  })
})

describe('what stands just inside', () => {
  const [receipt, ready, grant, claim, whereabouts] = PAYLOADS as [Payload, Payload, Payload, Payload, Payload]

  it.each<readonly [what: string, payload: Payload, field: number, value: Value, read: object]>([
    ['an epoch of 0', receipt, 3, 0, { epoch: 0 }],
    ['an epoch of 2^32 - 1', receipt, 3, 0xffffffff, { epoch: 0xffffffff }],
    ['a subject with an association id', receipt, 2, fill(32), { hit: fill(32) }],
    ['a time of 0', receipt, 6, 0, { timeMs: 0 }],
    ['a time of 2^53 - 1', receipt, 6, Number.MAX_SAFE_INTEGER, { timeMs: Number.MAX_SAFE_INTEGER }],
    ['the highest KEM', ready, 5, 65_535, { kem: 65_535 }],
    ['no capsule version at all', ready, 7, [], { versions: [] }],
    ['version 0', ready, 7, [0, 1], { versions: [0, 1] }],
    ['the purpose of a move', grant, 6, 'move', { purpose: 'move' }],
    ['the purpose of a replacement', grant, 6, 'replace', { purpose: 'replace' }],
    ['a key of no curve', grant, 1, [0, 0, fill(1)], { from: { algorithm: 0, label: 0, bytes: fill(1) } }],
    ['the highest numbers of a key', grant, 4, [65_535, 65_535, fill(1)], { to: { algorithm: 65_535, label: 65_535 } }],
    ['a claim without a grant', claim, 4, null, { grant: undefined }],
    ['a claim without an incarnation', claim, 5, null, { incarnation: undefined }],
    ['whereabouts without locators', whereabouts, 6, [], { locators: [] }],
    ['port 0', whereabouts, 6, [[fill(16), 0]], { locators: [{ address: fill(16), port: 0 }] }],
    ['port 65535', whereabouts, 6, [LOCATOR, [fill(16), 65_535]], { locators: [{ port: 10500 }, { port: 65_535 }] }],
    ['whereabouts without a ledger', whereabouts, 8, null, { ledger: undefined }],
  ])('is taken: %s', (_what, payload, field, value, read) => {
    const found = edited(payload, field, value)
    expect(wire.isMalformed(found)).toBe(false)
    expect(found).toMatchObject(read)
  })
})

describe('a signed object', () => {
  it('passes on what is wrong with its CBOR', () => {
    for (const hex of ['', '5801', '82410141', '8241014102ff', '8141ff00']) {
      expect(wire.decodeSigned(fromHex(hex))).toEqual(wire.decodeCbor(fromHex(hex)))
    }
  })
})

describe('CBOR', () => {
  // RFC 8949 §4.2.1: by the bytes of the keys, so 0, 1, 2 and on, and behind them -1, -2 and on.
  it.each([
    ['-1 before 5', 'a220000500'],
    ['-1 before 0', 'a220000000'],
    ['-2 before -1', 'a221002000'],
    ['5 before 0', 'a205000000'],
    ['0 twice', 'a200000000'],
    ['-1 twice', 'a220002000'],
  ])('refuses a map with the key %s', (_what, hex) => {
    expect(wire.isMalformed(wire.decodeCbor(fromHex(hex)))).toBe(true)
  })

  it('sorts keys whatever the order they were put in, 0 with those above it', () => {
    const hex = 'a40000050020002400'
    for (const keys of [
      [0, 5, -1, -5],
      [5, 0, -5, -1],
      [-5, -1, 5, 0],
      [-1, 0, -5, 5],
    ]) {
      const map = new Map(keys.map((key): [number, Value] => [key, 0]))
      expect(toHex(wire.encodeCbor(map))).toBe(hex)
      expect(wire.decodeCbor(fromHex(hex))).toEqual(map)
    }
  })

  it('is read up to its limit of bytes, and not one further', () => {
    // Three bytes of head before 65,533, which make 64 KiB.
    expect(wire.decodeCbor(wire.encodeCbor(fill(65_533)))).toEqual(fill(65_533))
    expect(wire.decodeCbor(wire.encodeCbor(fill(65_534)))).toEqual({ malformed: 'CBOR of 65537 bytes', at: 0 })
    expect(wire.decodeCbor(fromHex('1818'), { bytes: 2 })).toBe(24)
    expect(wire.isMalformed(wire.decodeCbor(fromHex('1818'), { bytes: 1 }))).toBe(true)
  })
})
