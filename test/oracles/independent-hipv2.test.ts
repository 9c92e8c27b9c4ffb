// A base exchange of an independent HIPv2, with all its secrets (../shared/vectors/hip-bex-rsa2048.json): its KEYMAT, the
// direction of every key, its puzzle, a MAC and a packet of data come out of our layer the same.

import { createDecipheriv } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { hitBytes, parseHit } from '../../src/crypto/hit.ts'
import { Identity, publicKeyFrom, verify } from '../../src/crypto/identity.ts'
import { baseKeys, espKeymatIndex, type KeyContext } from '../../src/crypto/keymat.ts'
import { modpGroup } from '../../src/crypto/modp.ts'
import { solves } from '../../src/crypto/puzzle.ts'
import { conformance } from '../../src/crypto/suites/conformance/algorithms.ts'
import { type HitSuite, hitSuite } from '../../src/crypto/suites.ts'
import * as wire from '../../src/wire.ts'
import { sharedJson } from '../support/shared.ts'

interface End {
  readonly hit: string
  readonly private_key_pem: string
  readonly dh_private: string
}

interface Exchange {
  readonly initiator: End
  readonly responder: End
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
  const ends = [exchange.initiator, exchange.responder] as const
  const { keys: kinds } = conformance

  it('has our HITs for its RSA keys, and its keys in the form that we write', () => {
    for (const { hit, private_key_pem } of ends) {
      const identity = Identity.fromPem(private_key_pem, conformance)
      expect(toHex(hitBytes(identity.hit))).toBe(toHex(bytesOf(hit)))
    }
    const r1 = message('R1')
    if (r1.kind !== 'R1') throw new Error('no R1')
    const { algorithm, label, key } = r1.hostId
    const ours = Identity.fromPem(exchange.responder.private_key_pem, conformance).publicKey
    expect(publicKeyFrom(algorithm, label, key, kinds)).toEqual(ours)
  })

  it('has signatures that we verify, of the salt that we demand', () => {
    for (const type of ['R1', 'I2', 'R2', 'UPDATE', 'CLOSE', 'CLOSE_ACK']) {
      const found = message(type)
      if (found.kind === 'I1' || found.signature === undefined) throw new Error('unsigned')
      const { private_key_pem } = toHex(found.sender) === toHex(initiator) ? exchange.initiator : exchange.responder
      const { publicKey } = Identity.fromPem(private_key_pem, conformance)
      const covered =
        found.kind === 'R1'
          ? wire.coveredByR1(found.packet, wire.Parameter.HIP_SIGNATURE_2)
          : wire.coveredBy(found.packet, wire.Parameter.HIP_SIGNATURE)
      expect(verify(publicKey, covered, found.signature.bytes, kinds), type).toBe(true)
    }
  })

  it('has our Kij, from each end’s secret and the other’s value', () => {
    const group = modpGroup({ id: 4, name: '', primeOf: 'modp15', publicBytes: 384, exponentBytes: 384 })
    const values = [message('R1'), message('I2')].map((found) => ('dh' in found ? found.dh : undefined))
    for (const [index, { dh_private }] of ends.entries()) {
      const secret = fromHex(dh_private.slice(2).padStart(768, '0'))
      const key = group.generate(() => secret)
      expect(toHex(key.agree(values[index]?.publicValue ?? new Uint8Array(0)) ?? new Uint8Array(0))).toBe(exchange.kij)
      expect(values[1 - index]).toEqual({ group: 4, publicValue: key.publicValue })
    }
  })

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

function message(type: string): wire.Message {
  const found = wire.decodeMessage(packet(type), { checksum: 'ignore' })
  if (wire.isMalformed(found)) throw new Error(found.malformed)
  return found
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
