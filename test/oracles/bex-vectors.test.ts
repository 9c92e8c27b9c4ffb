// A whole base exchange, UPDATEs and CLOSEs captured from an independent HIPv2 (../shared/vectors/hip-bex-rsa2048.json): every
// control packet is read, its checksum, MAC and signature fit what we say they cover, and it is written back to the same bytes.

import { constants, createHmac, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { addressBytes } from '../../src/base/address.ts'
import { compareBytes, fromHex, toHex } from '../../src/base/bytes.ts'
import * as wire from '../../src/wire.ts'
import { sharedJson } from '../support/shared.ts'
import { sound } from '../wire/fixtures.ts'

interface Captured {
  readonly src: string
  readonly dst: string
  readonly ipproto: number
  readonly type: string
  readonly payload_hex: string
}

interface Exchange {
  readonly initiator: { readonly hit: string; readonly private_key_pem: string }
  readonly responder: { readonly hit: string; readonly private_key_pem: string }
  readonly keymat: string
  readonly packets: readonly Captured[]
}

const exchange = sharedJson('vectors/hip-bex-rsa2048.json') as Exchange
const controls = exchange.packets.filter(({ ipproto }) => ipproto === 139)
const esp = exchange.packets.filter(({ ipproto }) => ipproto === 50)
const keymat = fromHex(exchange.keymat)
const CAPTURED = { checksum: 'ignore' } as const

function address(text: string): Uint8Array {
  const bytes = addressBytes(text)
  if (bytes === undefined) throw new Error(`${text} is no address`)
  return bytes
}

function read(captured: Captured): wire.Message {
  return sound(wire.decodeMessage(fromHex(captured.payload_hex), CAPTURED))
}

/** The integrity key of the sender: KEYMAT's second key if its HIT is the greater one, else its fourth. RFC 7401 §6.5. */
function integrityKey(message: wire.Message): Uint8Array {
  return compareBytes(message.sender, message.receiver) > 0 ? keymat.subarray(16, 48) : keymat.subarray(64, 96)
}

function hmac(message: wire.Message, covered: Uint8Array): string {
  return createHmac('sha256', integrityKey(message)).update(covered).digest('hex')
}

function signerOf(message: wire.Message): KeyObject {
  const { hit, private_key_pem } =
    toHex(message.sender) === plain(exchange.initiator.hit) ? exchange.initiator : exchange.responder
  expect(toHex(message.sender)).toBe(plain(hit))
  return createPublicKey(private_key_pem)
}

function plain(hit: string): string {
  return toHex(address(hit))
}

function signed(message: wire.Message, covered: Uint8Array, signature: Uint8Array): boolean {
  const key = {
    key: signerOf(message),
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_AUTO,
  }
  return verify('sha256', covered, key, signature)
}

describe('hip-bex-rsa2048.json', () => {
  it('has every kind of packet that it is known to have', () => {
    const kinds = ['I1', 'R1', 'I2', 'R2', 'UPDATE', 'CLOSE', 'CLOSE_ACK']
    expect(new Set(controls.map(({ type }) => type))).toEqual(new Set(kinds))
    expect(esp.length).toBeGreaterThan(0)
  })

  it.each(controls)('$type of $src is read as what it is, with every parameter', (captured) => {
    const message = read(captured)
    expect(message.kind).toBe(captured.type)
  })

  it.each(controls)('$type of $src is written back to the same bytes', ({ payload_hex }) => {
    const bytes = fromHex(payload_hex)
    const packet = sound(wire.decodePacket(bytes, CAPTURED))
    const again = wire.encodePacket(packet.type, packet.sender, packet.receiver, packet.parameters, packet.controls)
    bytes.fill(0, 4, 6)
    expect(toHex(again)).toBe(toHex(bytes))
  })

  it.each(controls)(
    '$type of $src is typed, parameter by parameter, and written back to the same bytes',
    ({ payload_hex }) => {
      const bytes = fromHex(payload_hex)
      const packet = sound(wire.decodePacket(bytes, CAPTURED))
      const typed = sound(wire.typedParameters(packet.parameters))
      expect(typed.map(({ name }) => name)).not.toContain(undefined)
      const parameters = typed.map(wire.encodeParameter)
      const again = wire.encodePacket(packet.type, packet.sender, packet.receiver, parameters, packet.controls)
      bytes.fill(0, 4, 6)
      expect(toHex(again)).toBe(toHex(bytes))
    },
  )

  it.each(controls)(
    '$type of $src has the checksum that we compute, and would be dropped over UDP with it',
    (captured) => {
      const bytes = fromHex(captured.payload_hex)
      expect(toHex(bytes.subarray(4, 6))).toBe(
        wire.hipChecksum(bytes, address(captured.src), address(captured.dst)).toString(16).padStart(4, '0'),
      )
      expect(wire.decodePacket(bytes)).toMatchObject({ at: 4 })
    },
  )

  it.each(controls)('$type of $src has a MAC over exactly the bytes that we say it covers', (captured) => {
    const message = read(captured)
    if ('mac' in message) {
      expect(hmac(message, wire.coveredBy(message.packet, wire.Parameter.HIP_MAC))).toBe(toHex(message.mac))
    }
    if (message.kind !== 'R2') return
    const r1 = controls.map(read).find((other) => other.kind === 'R1')
    if (r1?.kind !== 'R1') throw new Error('no R1')
    expect(hmac(message, wire.macTwoInput(message.packet, r1.hostIdTlv))).toBe(toHex(message.mac2))
  })

  it.each(controls)('$type of $src has a signature over exactly the bytes that we say it covers', (captured) => {
    const message = read(captured)
    if (message.kind === 'I1') return
    const { packet, signature } = message
    if (signature === undefined) throw new Error('unsigned')
    const covered =
      message.kind === 'R1'
        ? wire.coveredByR1(packet, wire.Parameter.HIP_SIGNATURE_2)
        : wire.coveredBy(packet, wire.Parameter.HIP_SIGNATURE)
    expect(signed(message, covered, signature.bytes)).toBe(true)
    covered[8] = (covered[8] ?? 0) ^ 1
    expect(signed(message, covered, signature.bytes)).toBe(false)
  })

  it.each(esp)('ESP of $src is told apart from HIP, by SPI and number', ({ payload_hex }) => {
    const bytes = fromHex(payload_hex)
    expect(wire.classify(bytes)).toBe('esp')
    const spis = controls.map(read).flatMap((message) => ('espInfo' in message ? [message.espInfo?.newSpi] : []))
    expect(spis).toContain(wire.spiOf(bytes))
    expect(wire.sequenceLowOf(bytes)).toBeGreaterThan(0)
  })
})
