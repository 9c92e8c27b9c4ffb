// Every parameter that has a number, by properties: what is written is read, any damage is a value, and nothing is made of
// bytes that are not there. And packets of many parameters, through the table of codecs and back.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as wire from '../../src/wire.ts'
import { alike } from '../support/alike.ts'
import { anyParameter, PARAMETER_NAMES, parameterOf } from './arbitraries.ts'
import { HIT_A, HIT_B, sound } from './fixtures.ts'
import { encodeSample, SAMPLES } from './samples.ts'

const AT = 1000

/** Reads damaged contents, and holds whatever comes out to what a decoder owes. */
function readDamaged(type: number, contents: Uint8Array): void {
  const found = wire.decodeParameter({ type, contents }, AT)
  if (wire.isMalformed(found)) {
    const { parameter, at } = found
    return alike([parameter !== undefined, at >= AT, at <= AT + contents.length + 8], [true, true, true])
  }
  // What was made of it can be written, has the size it had, and means the same again.
  const again = wire.encodeParameter(found)
  alike([again.type, again.contents.length], [type, contents.length])
  alike(wire.decodeParameter(again, AT), found)
}

describe.each(PARAMETER_NAMES.map((name) => ({ name })))('$name', ({ name }) => {
  const type = wire.Parameter[name]
  const values = parameterOf(name)

  it('is read as it was written', () => {
    fc.assert(
      fc.property(values, (parameter) => {
        const raw = wire.encodeParameter(parameter)
        expect(raw.type).toBe(type)
        expect(wire.decodeParameter(raw, AT)).toEqual(parameter)
      }),
    )
  })

  it('cut off at any byte is an error value or a shorter lawful one, never an exception', () => {
    fc.assert(
      fc.property(values, (parameter) => {
        const { contents } = wire.encodeParameter(parameter)
        for (let length = 0; length < contents.length; length++) readDamaged(type, contents.subarray(0, length))
      }),
      { numRuns: 20 },
    )
  })

  it('with any bits flipped never throws, and what is made of it is as long as it was', () => {
    const flips = fc.array(fc.tuple(fc.nat(2047), fc.nat(7)), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(values, flips, (parameter, all) => {
        const contents = wire.encodeParameter(parameter).contents.slice()
        if (contents.length === 0) return
        for (const [at, bit] of all) {
          const index = at % contents.length
          contents[index] = (contents[index] ?? 0) ^ (1 << bit)
        }
        readDamaged(type, contents)
      }),
    )
  })

  it('of arbitrary bytes never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (contents) => readDamaged(type, contents)))
  })
})

describe('a packet of many parameters', () => {
  const rows = fc.array(anyParameter, { maxLength: 12 }).map((all) => {
    const unique = new Map(all.map((parameter) => [parameter.name, parameter]))
    return [...unique.values()].sort((a, b) => wire.Parameter[a.name] - wire.Parameter[b.name])
  })

  it('comes out of the table of codecs as the same bytes', () => {
    fc.assert(
      fc.property(rows, fc.nat(127), (parameters, kind) => {
        const bytes = wire.encodePacket(kind, HIT_A, HIT_B, parameters.map(wire.encodeParameter))
        const packet = sound(wire.decodePacket(bytes))
        const typed = sound(wire.typedParameters(packet.parameters))
        expect(typed).toEqual(parameters)
        expect(wire.encodePacket(kind, HIT_A, HIT_B, typed.map(wire.encodeParameter))).toEqual(bytes)
      }),
    )
  })

  it.each(SAMPLES)('such as a full $kind does so too', ({ kind, parameters }) => {
    const bytes = encodeSample(kind, parameters)
    const typed = sound(wire.typedParameters(sound(wire.decodePacket(bytes)).parameters))
    expect(encodeSample(kind, typed.map(wire.encodeParameter))).toEqual(bytes)
  })
})

describe('a row of parameters', () => {
  const row = (...parameters: readonly wire.ParameterValue[]) =>
    wire.typedParameters(sound(wire.decodeParameters(wire.encodeParameters(parameters))))
  const unknown = (type: number) => ({ type, contents: Uint8Array.of(1, 2, 3) })

  it('keeps what is unknown and not critical, even twice', () => {
    const found = sound(row(wire.encodeSeq(1), unknown(40000), unknown(40000)))
    expect(found.map(({ name }) => name)).toEqual(['SEQ', undefined, undefined])
    expect(found.map((parameter) => wire.encodeParameter(parameter).type)).toEqual([385, 40000, 40000])
  })

  it('stops at what is unknown and critical, and says what and where', () => {
    expect(row(wire.encodeSeq(1), unknown(40001))).toEqual({
      malformed: 'unknown critical parameter',
      at: 8,
      parameter: 40001,
    })
  })

  it('stops at the second of what may stand only once', () => {
    expect(row(wire.encodeSeq(1), wire.encodeSeq(1))).toMatchObject({ at: 8, parameter: 385 })
  })

  it.each([768, 832, 932, 934, 936, 63425, 63661, 65498, 65500])('may hold several of type %i', (type) => {
    expect(wire.mayRepeat(type)).toBe(true)
  })

  it('may hold several of nothing else that has a name', () => {
    expect(Object.values(wire.Parameter).filter(wire.mayRepeat)).toHaveLength(9)
  })
})
