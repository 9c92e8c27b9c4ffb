// The grammar of the eight packets: what each must have, may have once, and may not have.

import { describe, expect, it } from 'vitest'
import { compareBytes } from '../../src/base/bytes.ts'
import * as wire from '../../src/wire.ts'
import { HIT_A, HIT_B, sound } from './fixtures.ts'
import { EPOCH, encodeSample, SAMPLES } from './samples.ts'

const fill = (byte: number, length: number) => new Uint8Array(length).fill(byte)
const NONCRITICAL = { type: 40000, contents: fill(1, 5) }
const CRITICAL = { type: 40001, contents: fill(1, 5) }
const REPEATABLE: readonly number[] = [768, 832, 932, 934, 936, 63425, 63661, 65498, 65500]

function decoded(kind: wire.MessageKind, parameters: readonly wire.ParameterValue[]): wire.Message | wire.Malformed {
  return wire.decodeMessage(encodeSample(kind, parameters))
}

describe.each(SAMPLES)('$kind', ({ kind, parameters, required }) => {
  it('is read with everything it may have', () => {
    const message = sound(decoded(kind, parameters))
    expect(message.kind).toBe(kind)
    expect(message.sender).toEqual(HIT_A)
    expect(message.receiver).toEqual(HIT_B)
    expect(message.packet.parameters).toHaveLength(parameters.length)
  })

  it('is read with nothing but what it must have', () => {
    const extra: Partial<Record<wire.MessageKind, readonly number[]>> = { I2: [705], UPDATE: [385] }
    const needed = [...required, ...(extra[kind] ?? [])]
    sound(
      decoded(
        kind,
        parameters.filter(({ type }) => needed.includes(type)),
      ),
    )
  })

  it.each(required)('is Malformed without parameter %i, at its end', (type) => {
    const bytes = encodeSample(
      kind,
      parameters.filter((parameter) => parameter.type !== type),
    )
    expect(wire.decodeMessage(bytes)).toMatchObject({ parameter: type, at: bytes.length })
  })

  it('is Malformed with any parameter twice, at the second one', () => {
    for (const parameter of parameters) {
      const message = decoded(kind, [...parameters, parameter])
      if (REPEATABLE.includes(parameter.type)) sound(message)
      else expect(message).toMatchObject({ malformed: 'parameter given twice', parameter: parameter.type })
    }
  })

  it('skips an unknown parameter that is not critical, and is Malformed with one that is', () => {
    expect(sound(decoded(kind, [...parameters, NONCRITICAL])).kind).toBe(kind)
    expect(decoded(kind, [...parameters, CRITICAL])).toMatchObject({ parameter: CRITICAL.type })
  })

  it('is Malformed with a critical parameter that only other packets have', () => {
    const foreign = SAMPLES.flatMap((sample) => sample.parameters).filter(
      ({ type }) => type % 2 === 1 && !parameters.some((own) => own.type === type),
    )
    for (const parameter of foreign) {
      expect(decoded(kind, [...parameters, parameter])).toMatchObject({ parameter: parameter.type })
    }
  })

  it('comes out the same in whatever order its parameters are given', () => {
    expect(encodeSample(kind, [...parameters].reverse())).toHaveLength(encodeSample(kind, parameters).length)
    const unique = parameters.filter(({ type }) => !REPEATABLE.includes(type))
    expect(compareBytes(encodeSample(kind, [...unique].reverse()), encodeSample(kind, unique))).toBe(0)
  })
})

describe('decodeMessage', () => {
  it.each([0, 5, 15, 20, 32, 127])('refuses packet type %i', (type) => {
    expect(wire.decodeMessage(wire.encodePacket(type, HIT_A, HIT_B, []))).toEqual({
      malformed: `unknown packet type ${type}`,
      at: 2,
    })
  })

  it('gives an R1 its HOST_ID as it stood, its unsigned echoes, and no ESP suites when it offers none', () => {
    const parameters = SAMPLES.find(({ kind }) => kind === 'R1')?.parameters ?? []
    const r1 = sound(decoded('R1', parameters))
    if (r1.kind !== 'R1') throw new Error(r1.kind)
    const hostId = parameters.filter(({ type }) => type === wire.Parameter.HOST_ID)
    expect(r1.hostIdTlv).toEqual(wire.encodeParameters(hostId))
    expect(r1.echoUnsigned).toEqual([Uint8Array.of(2)])
    expect(r1.counter).toEqual({ high: 1, low: 2 })
    expect(r1.epoch).toEqual(EPOCH)
    const bare = sound(
      decoded(
        'R1',
        parameters.filter(({ type }) => type !== 4095),
      ),
    )
    expect(bare).toMatchObject({ espSuites: [] })
    const silent = parameters.filter(({ type }) => type !== wire.Parameter.ECHO_REQUEST_UNSIGNED)
    expect('echoUnsigned' in sound(decoded('R1', silent))).toBe(false)
  })

  it('refuses an I2 that has no Host Identity in any form', () => {
    const parameters = SAMPLES.find(({ kind }) => kind === 'I2')?.parameters ?? []
    const hidden = parameters.filter(({ type }) => type !== 705)
    sound(decoded('I2', hidden))
    expect(
      decoded(
        'I2',
        hidden.filter(({ type }) => type !== 641),
      ),
    ).toMatchObject({ parameter: 705 })
  })

  it('refuses an I2 that has not chosen one cipher and one ESP suite', () => {
    const parameters = SAMPLES.find(({ kind }) => kind === 'I2')?.parameters ?? []
    const without = (type: number) => parameters.filter((parameter) => parameter.type !== type)
    expect(decoded('I2', [...without(579), wire.encodeHipCipher([2, 4])])).toMatchObject({ parameter: 579 })
    expect(decoded('I2', [...without(4095), wire.encodeEspTransform([13, 8])])).toMatchObject({ parameter: 4095 })
  })

  it('refuses an UPDATE with neither SEQ nor ACK', () => {
    const parameters = SAMPLES.find(({ kind }) => kind === 'UPDATE')?.parameters ?? []
    sound(
      decoded(
        'UPDATE',
        parameters.filter(({ type }) => type !== 385),
      ),
    )
    sound(
      decoded(
        'UPDATE',
        parameters.filter(({ type }) => type !== 449),
      ),
    )
    const neither = parameters.filter(({ type }) => type !== 385 && type !== 449)
    expect(decoded('UPDATE', neither)).toMatchObject({ parameter: 385 })
  })

  it('reads an UPDATE that nobody signed, as an address check is', () => {
    const mac = { type: wire.Parameter.HIP_MAC, contents: fill(1, 32) }
    const update = sound(decoded('UPDATE', [wire.encodeSeq(7), wire.encodeEchoRequestSigned(fill(2, 8)), mac]))
    expect(update).toMatchObject({ seq: 7, echoRequestSigned: fill(2, 8) })
    expect('signature' in update).toBe(false)
  })

  it('takes the hash in a refusal for its reference, and no other data', () => {
    const sample = SAMPLES.find(({ kind }) => kind === 'NOTIFY')?.parameters ?? []
    const notify = sound(decoded('NOTIFY', sample))
    expect(notify).toMatchObject({ notification: { type: 40964 }, reference: fill(1, 32) })
    expect(notify.kind === 'NOTIFY' && notify.notifications).toHaveLength(2)
    const other = sound(
      decoded(
        'NOTIFY',
        sample.filter(({ contents }) => contents.length !== 36),
      ),
    )
    expect('reference' in other).toBe(false)
  })

  it('passes a fault inside a parameter on, with its byte in the packet', () => {
    const bytes = encodeSample('I1', [wire.encodeDhGroupList([7]), { type: 39170, contents: fill(0, 3) }])
    sound(wire.decodeMessage(bytes))
    const close = SAMPLES.find(({ kind }) => kind === 'CLOSE')?.parameters ?? []
    const odd = [...close.filter(({ type }) => type !== 39170 && type !== 768), { type: 39170, contents: fill(0, 3) }]
    expect(decoded('CLOSE', odd)).toMatchObject({ parameter: 39170, at: 40 + 16 + 4 })
  })
})

describe('the private parameters', () => {
  it('are even, so that a peer of the RFCs skips them, and sort below HIP_MAC', () => {
    const { EPOCH: epoch, RESERVE_SPI, FINALS, PADDING, INSTANCE, HIP_MAC } = wire.Parameter
    expect([epoch, RESERVE_SPI, FINALS, PADDING, INSTANCE]).toEqual([39170, 39174, 39178, 39182, 39186])
    for (const type of [epoch, RESERVE_SPI, FINALS, PADDING, INSTANCE]) {
      expect(type % 2).toBe(0)
      expect(type).toBeLessThan(HIP_MAC)
    }
  })

  it('pad an I1 to 512 bytes and a P1 to 1200, as the sizes of the contents say', () => {
    const list = wire.encodeDhGroupList([7, 8, 4])
    const bare = encodeSample('I1', [list]).length
    expect(encodeSample('I1', [list, wire.encodePadding(512 - bare - 4)])).toHaveLength(512)
    expect(encodeSample('UPDATE', [wire.encodePadding(1200 - 40 - 4)])).toHaveLength(1200)
  })
})
