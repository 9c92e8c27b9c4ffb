// A base exchange of an independent HIPv2, with all its secrets (../shared/vectors/hip-bex-rsa2048.json): its KEYMAT, the
// direction of every key, its puzzle, a MAC and a packet of data come out of our layer the same.

import { createDecipheriv } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { hitBytes, parseHit } from '../../src/crypto/hit.ts'
import { baseKeys, espKeymatIndex, type KeyContext } from '../../src/crypto/keymat.ts'
import { solves } from '../../src/crypto/puzzle.ts'
import { type HitSuite, hitSuite } from '../../src/crypto/suites.ts'
import { sharedJson } from '../support/shared.ts'

interface Exchange {
  readonly initiator: { readonly hit: string }
  readonly responder: { readonly hit: string }
  readonly kij: string
  readonly hkdf_salt_I_J: string
  readonly hkdf_info_sorted_hits: string
  readonly keymat: string
  readonly esp_keys: readonly {
    readonly direction_hits: readonly string[]
    readonly enc: string
    readonly auth: string
  }[]
  readonly packets: readonly { readonly type: string; readonly payload_hex: string }[]
}

const exchange = sharedJson('vectors/hip-bex-rsa2048.json') as Exchange
const initiator = bytesOf(exchange.initiator.hit)
const responder = bytesOf(exchange.responder.hit)
const suite = suiteOne()
const salt = fromHex(exchange.hkdf_salt_I_J)
const context: KeyContext = {
  suite,
  espSuite: 8,
  cipher: 2,
  own: initiator,
  peer: responder,
  i: salt.subarray(0, 32),
  j: salt.subarray(32),
}
const keys = baseKeys(context, fromHex(exchange.kij))

describe('the independent exchange', () => {
  it('has our KEYMAT', () => {
    const info = fromHex(exchange.hkdf_info_sorted_hits)
    const expected = fromHex(exchange.keymat)
    expect(toHex(suite.keymat(fromHex(exchange.kij), salt, info, expected.length).keymat)).toBe(exchange.keymat)
  })

  it('has our ESP keys, each in its direction, at our index', () => {
    expect(espKeymatIndex(context)).toBe(96)
    for (const { direction_hits, enc, auth } of exchange.esp_keys) {
      // The file names the receiver first, as the test of its data below bears out.
      const ours = direction_hits[1] === toHex(initiator) ? keys.esp.send : keys.esp.receive
      expect([toHex(ours.encryption), toHex(ours.authentication)]).toEqual([enc, auth])
    }
    expect(exchange.esp_keys.length).toBe(2)
  })

  it('has a puzzle that we find solved', () => {
    const i2 = packet('I2')
    // SOLUTION is the second parameter, after ESP_INFO of 16 bytes: K, reserved, opaque, I, J.
    const solution = i2.subarray(40 + 16)
    expect(toHex(solution.subarray(0, 2))).toBe('0141')
    expect(toHex(solution.subarray(8, 72))).toBe(exchange.hkdf_salt_I_J)
    const k = solution[4] ?? 0
    expect(k).toBeGreaterThan(0)
    expect(solves(suite, context.i, initiator, responder, context.j, k)).toBe(true)
    expect(solves(suite, context.i, responder, initiator, context.j, k)).toBe(false)
  })

  it('has our HIP_MAC in its first UPDATE, under the initiator’s key', () => {
    const covered = packet('UPDATE').slice(0, 48)
    covered[1] = 48 / 8 - 1
    covered.fill(0, 4, 6)
    const theirs = packet('UPDATE').subarray(52, 84)
    expect(toHex(suite.mac(keys.hip.send.integrity, covered))).toBe(toHex(theirs))
    expect(toHex(suite.mac(keys.hip.receive.integrity, covered))).not.toBe(toHex(theirs))
  })

  it('has data that our ESP keys authenticate and decrypt', () => {
    const data = packet('ESP')
    const end = data.length - 16
    const icv = suite.mac(keys.esp.send.authentication, data.subarray(0, end)).subarray(0, 16)
    expect(toHex(icv)).toBe(toHex(data.subarray(end)))
    const cbc = createDecipheriv('aes-128-cbc', keys.esp.send.encryption, data.subarray(8, 24)).setAutoPadding(false)
    const plaintext = cbc.update(data.subarray(24, end))
    const padding = plaintext.at(-2) ?? 0
    const counted = Uint8Array.from({ length: padding }, (_, index) => index + 1)
    expect(toHex(plaintext.subarray(-2 - padding, -2))).toBe(toHex(counted))
    expect([1, 58]).toContain(plaintext.at(-1)) // an echo, of ICMP or ICMPv6
  })
})

function packet(type: string): Uint8Array {
  const found = exchange.packets.find((candidate) => candidate.type === type)
  if (found === undefined) throw new Error(`the exchange has no ${type}`)
  return fromHex(found.payload_hex)
}

function bytesOf(text: string): Uint8Array {
  const hit = parseHit(text)
  if (hit === undefined) throw new Error(`${text} is no HIT`)
  return hitBytes(hit)
}

function suiteOne(): HitSuite {
  const found = hitSuite(1)
  if (found === undefined) throw new Error('suite 1 is missing')
  return found
}
