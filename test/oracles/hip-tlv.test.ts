// Single parameters as an independent HIPv2 library writes them (../shared/vectors/hip-tlv.json): read, checked against the
// values in their description, and written back to the same bytes.

import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { decodeMac, decodeSignature } from '../../src/wire/exchange.ts'
import { decodeParameters, encodeParameters, type ParameterValue } from '../../src/wire/packet.ts'
import * as wire from '../../src/wire.ts'
import { sharedJson } from '../support/shared.ts'
import { sound } from '../wire/fixtures.ts'

interface Vector {
  readonly description: string
  readonly type: number
  readonly hex: string
}

const { vectors } = sharedJson('vectors/hip-tlv.json') as { readonly vectors: readonly Vector[] }

/** Reads contents and writes them again; `numbers` are the plain numbers that were read, in the order of the figure. */
interface Codec {
  readonly again: (contents: Uint8Array) => ParameterValue
  readonly numbers: (contents: Uint8Array) => readonly number[]
}

function codec<T>(
  decode: (contents: Uint8Array, at: number) => T | wire.Malformed,
  encode: (value: T) => ParameterValue,
  numbers: (value: T) => readonly number[] = () => [],
): Codec {
  const read = (contents: Uint8Array) => sound(decode(contents, 0))
  return { again: (contents) => encode(read(contents)), numbers: (contents) => numbers(read(contents)) }
}

const opaque = (type: number) =>
  codec<Uint8Array>(
    wire.decodeOpaque,
    (contents) => ({ type, contents }),
    (bytes) => [...bytes],
  )
const mac = (type: number) =>
  codec<Uint8Array>(
    decodeMac,
    (contents) => ({ type, contents }),
    (bytes) => [...bytes],
  )
const signature = (type: 61633 | 61697) =>
  codec(
    decodeSignature,
    (value) => wire.encodeSignature(type, value),
    (value) => [...value.bytes],
  )

const CODECS: Readonly<Record<number, Codec>> = {
  129: codec(wire.decodeR1Counter, wire.encodeR1Counter, ({ high, low }) => [high * 2 ** 32 + low]),
  257: codec(wire.decodePuzzle, wire.encodePuzzle, ({ k, lifetime, opaque, i }) => [
    k,
    lifetime,
    ...joined(opaque),
    ...i,
  ]),
  321: codec(wire.decodeSolution, wire.encodeSolution, ({ k, opaque, i, j }) => [k, ...joined(opaque), ...i, ...j]),
  385: codec(wire.decodeSeq, wire.encodeSeq, (id) => [id]),
  511: codec(wire.decodeDhGroupList, wire.encodeDhGroupList, (groups) => groups),
  513: codec(wire.decodeDiffieHellman, wire.encodeDiffieHellman, ({ group, publicValue }) => [group, ...publicValue]),
  579: codec(wire.decodeHipCipher, wire.encodeHipCipher, (ciphers) => ciphers),
  705: codec(wire.decodeHostId, wire.encodeHostId, ({ key, domain }) => [...key, ...(domain ?? [])]),
  715: codec(wire.decodeHitSuiteList, wire.encodeHitSuiteList),
  832: codec(wire.decodeNotification, wire.encodeNotification, ({ data }) => [...data]),
  897: opaque(897),
  961: opaque(961),
  2049: codec(wire.decodeTransportFormatList, wire.encodeTransportFormatList, (formats) => formats),
  61505: mac(61505),
  61569: mac(61569),
  61633: signature(61633),
  61697: signature(61697),
  63425: opaque(63425),
  63661: opaque(63661),
}

// What the library does not have (RFC 7402's, RFC 8046's, the registrations, relays and certificates, ENCRYPTED, ACK with its
// 32-bit ids, and our own) is held to bytes worked out by hand in test/wire.
const WITHOUT_VECTOR: readonly (keyof typeof wire.Parameter)[] = [
  'ESP_INFO',
  'LOCATOR_SET',
  'ACK',
  'NAT_TRAVERSAL_MODE',
  'TRANSACTION_PACING',
  'ENCRYPTED',
  'CERT',
  'REG_INFO',
  'REG_REQUEST',
  'REG_RESPONSE',
  'REG_FAILED',
  'REG_FROM',
  'ESP_TRANSFORM',
  'RELAYED_ADDRESS',
  'MAPPED_ADDRESS',
  'PEER_PERMISSION',
  'CANDIDATE_PRIORITY',
  'NOMINATE',
  'EPOCH',
  'RESERVE_SPI',
  'FINALS',
  'PADDING',
  'INSTANCE',
  'RELAY_FROM',
  'RELAY_TO',
  'FROM',
  'RVS_HMAC',
  'VIA_RVS',
  'RELAY_HMAC',
]

function joined(bytes: Uint8Array): readonly number[] {
  return [bytes.reduce((sum, byte) => sum * 256 + byte, 0)]
}

/** The numbers in a vector's description: all literals, in order; names such as hip.AlgRSA are left out. */
function literals(description: string): readonly number[] {
  const source = description
    .slice(description.indexOf('('))
    .replaceAll(/hip\.\w+/g, '')
    .replaceAll('[]byte', '')
  return [...source.matchAll(/0x0?[0-9a-f]+|\d+/g)].map(([literal]) => Number(literal))
}

describe('hip-tlv.json', () => {
  // The library's header vectors are framing only: their contents are no HOST_ID.
  const whole = vectors.filter(({ description }) => !description.startsWith('NewHeader'))

  it('has the vectors it is known to have', () => {
    expect(vectors.length).toBeGreaterThanOrEqual(35)
    expect(new Set(vectors.map(({ type }) => type))).toEqual(new Set(Object.keys(CODECS).map(Number)))
  })

  it.each(vectors)('$description is framed and padded as we do', ({ type, hex }) => {
    const parameters = sound(decodeParameters(fromHex(hex)))
    expect(parameters.map((parameter) => parameter.type)).toEqual([type])
    expect(toHex(encodeParameters(parameters))).toBe(hex)
  })

  it.each(whole)('$description is read with its values and written to the same bytes', ({ type, hex, description }) => {
    const [parameter] = sound(decodeParameters(fromHex(hex)))
    const codec = CODECS[type]
    if (parameter === undefined || codec === undefined) throw new Error(`no codec for ${type}`)
    expect(toHex(encodeParameters([codec.again(parameter.contents)]))).toBe(hex)
    const numbers = codec.numbers(parameter.contents)
    if (type !== wire.Parameter.HIT_SUITE_LIST) expect(numbers).toEqual(literals(description))
  })

  it.each(whole)('$description comes through the table of all parameters as the same bytes', ({ hex }) => {
    const typed = sound(wire.typedParameters(sound(decodeParameters(fromHex(hex)))))
    expect(toHex(encodeParameters(typed.map(wire.encodeParameter)))).toBe(hex)
  })

  it('leaves nothing that we implement to ourselves but what it does not have', () => {
    const implemented = Object.entries(wire.Parameter).flatMap(([name, type]) => (type in CODECS ? [] : [name]))
    expect(implemented).toEqual(WITHOUT_VECTOR)
  })
})
