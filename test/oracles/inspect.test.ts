// sojourn inspect on the exchange of an independent HIPv2 (../shared/vectors/hip-bex-rsa2048.json): plain HIP and ESP in IP, with
// 32-bit ESP numbers, opened by nothing but the one secret of its Diffie–Hellman exchange.

import { describe, expect, it } from 'vitest'
import { fromHex } from '../../src/base/bytes.ts'
import { identityOf } from '../../src/inspect/algorithms.ts'
import { readCapture } from '../../src/inspect/capture.ts'
import { carriedBy } from '../../src/inspect/carried.ts'
import { type Finding, findingJson, inspect } from '../../src/inspect/inspect.ts'
import { readKeyLog } from '../../src/inspect/key-log.ts'
import * as wire from '../../src/wire.ts'
import { ipPacketOf } from '../support/pcap.ts'
import { sharedJson } from '../support/shared.ts'
import { sound } from '../wire/fixtures.ts'

interface Exchange {
  readonly initiator: { readonly hit: string }
  readonly responder: { readonly hit: string }
  readonly kij: string
  readonly esp_keys: readonly {
    readonly enc: string
    readonly auth: string
    readonly direction_hits: readonly string[]
  }[]
  readonly packets: readonly {
    readonly src: string
    readonly dst: string
    readonly ipproto: number
    readonly type: string
    readonly payload_hex: string
  }[]
}

const exchange = sharedJson('vectors/hip-bex-rsa2048.json') as Exchange
const KIJ = `KIJ ${exchange.initiator.hit} ${exchange.responder.hit} ${exchange.kij}`
const plain = /^2001:0+21:/.test(exchange.initiator.hit)

/** The exchange as raw IP packets; `edit` may change the payload of one. */
function capture(edit: (payload: Uint8Array, index: number) => void = () => undefined): Uint8Array {
  const header = new Uint8Array(24)
  header.set([0xa1, 0xb2, 0xc3, 0xd4, 0, 2, 0, 4])
  header.set([0, 4, 0, 0, 0, 0, 0, 101], 16)
  const records = exchange.packets.flatMap(({ src, dst, ipproto, payload_hex }, index) => {
    const payload = fromHex(payload_hex)
    edit(payload, index)
    // A UDP packet of ours with the UDP header taken out and the protocol put in.
    const udp = ipPacketOf({ source: { address: src, port: 0 }, destination: { address: dst, port: 0 }, payload })
    const packet = Buffer.concat([udp.subarray(0, 20), payload])
    packet.writeUInt16BE(packet.length, 2)
    packet[9] = ipproto
    const record = Buffer.alloc(16)
    record.writeUInt32BE(packet.length, 8)
    record.writeUInt32BE(packet.length, 12)
    return [record, packet]
  })
  return Buffer.concat([header, ...records])
}

function judge(file: Uint8Array, keys: string): readonly Finding[] {
  const log = readKeyLog(keys)
  if ('fault' in log) throw new Error(log.fault)
  return [...inspect([...carriedBy(readCapture(file).frames)], log)]
}

// Whether this build knows RSA; what it cannot check it leaves out, and that is held too.
const rsa = (() => {
  const r1 = exchange.packets.find(({ type }) => type === 'R1')
  const packet = sound(wire.decodePacket(fromHex(r1?.payload_hex ?? ''), { checksum: 'ignore' }))
  const raw = packet.parameters.find(({ type }) => type === wire.Parameter.HOST_ID)
  const hostId = sound(wire.decodeHostId(raw?.contents ?? new Uint8Array(0), 0))
  return identityOf(hostId, packet.sender) !== undefined
})()

function expected(type: string, mac: boolean): Readonly<Record<string, boolean>> {
  if (type === 'I1') return {}
  if (type === 'ESP') return mac ? { icv: true } : {}
  const signature = rsa ? { signature: true } : {}
  if (type === 'R1') return rsa ? { hit: true, ...signature } : {}
  if (type === 'I2') return { ...(rsa && { hit: true }), ...signature, puzzle: true, ...(mac && { mac }) }
  return { ...signature, ...(mac && { mac }) }
}

describe('the exchange of an independent HIPv2', () => {
  it('is of identities of suite 1', () => {
    expect(plain).toBe(true)
  })

  it.each([
    ['its Kij', KIJ, true],
    ['nothing', '', false],
  ])('is judged right with %s', (_what, keys, mac) => {
    const findings = judge(capture(), keys)
    expect(findings.map(({ type }) => type)).toEqual(exchange.packets.map(({ type }) => type))
    for (const { frame, type, ok, checks, errors } of findings) {
      expect([frame, ok, errors]).toEqual([frame, true, []])
      expect(checks, `${frame} ${type}`).toEqual(expected(type, mac))
    }
  })

  it('is opened by ESP lines as well, with 32-bit numbers and the keys that others drew', () => {
    const i2 = judge(capture(), KIJ).find(({ type }) => type === 'I2')
    const inbound = Number(i2?.parameters.find(({ name }) => name === 'ESP_INFO')?.fields.newSpi)
    // The file names the receiver first.
    const initiator = exchange.initiator.hit.replaceAll(':', '')
    const keys = exchange.esp_keys.find(({ direction_hits }) => direction_hits[0] === initiator)
    const findings = judge(capture(), `ESP ${inbound.toString(16)} 8 ${keys?.enc} ${keys?.auth}`)
    const sealed = findings.filter(({ type }) => type === 'ESP')
    const mine = sealed.filter(({ esp }) => esp?.spi === inbound)
    expect(mine.length).toBeGreaterThan(0)
    for (const { checks, esp } of mine)
      expect([checks.icv, esp?.inside]).toEqual([true, expect.stringContaining('ICMPv6 echo')])
    for (const { checks } of sealed.filter(({ esp }) => esp?.spi !== inbound)) expect(checks).toEqual({})
  })

  it.each(exchange.packets.map(({ type }, index) => ({ type, index })))(
    '$type, packet $index, with one bit changed is the only one found wrong',
    ({ type, index }) => {
      const changed = capture((payload, at) => {
        if (at !== index) return
        const where = type === 'I1' ? 44 : payload.length - 20
        payload[where] = (payload[where] ?? 0) ^ 1
      })
      const wrong = judge(changed, KIJ).filter(({ ok }) => !ok)
      expect(wrong.map(({ frame }) => frame)).toEqual([index + 1])
      expect(JSON.parse(JSON.stringify(findingJson(wrong[0] as Finding)))).toMatchObject({ ok: false, type })
    },
  )
})
