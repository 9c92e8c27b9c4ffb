// What RFC 7401 prints in appendix C, from ../shared/vectors/rfc7401-appendix-c.json: the I1 is read and made byte for byte, and all
// three checksums come out. The RFC prints fields and no bytes; the file's have a zero too many in the Receiver's HIT, which makes 49 of
// the 48 that the RFC names. It is taken out here, and that it is there is said by a test, so that a mended file is noticed.
// test/wire/packet.test.ts has the same bytes, for those who have no ../shared.

import { describe, expect, it } from 'vitest'
import { addressBytes } from '../../src/base/address.ts'
import { concat, fromHex, toHex } from '../../src/base/bytes.ts'
import { hipChecksum, sumOfPair, upperLayerChecksum } from '../../src/wire/checksum.ts'
import { decodePacket, encodePacket } from '../../src/wire/packet.ts'
import { sharedJson } from '../support/shared.ts'
import { sound } from '../wire/fixtures.ts'

const VECTOR = sharedJson('vectors/rfc7401-appendix-c.json') as {
  readonly i1: string
  readonly 'checksum_ipv6_2001:db8::1_to_2': string
  readonly 'checksum_ipv4_192.0.2.1_to_2': string
  readonly tcp_syn: { readonly hex: string; readonly checksum_over_hits: string }
}
const TCP = 6
const DH_GROUP_LIST = 511
/** The Upper-Layer Packet Length of the appendix. */
const I1_BYTES = 48
/** Before the low half of the Receiver's HIT. */
const SUPERFLUOUS_AT = 32
const WRITTEN = fromHex(VECTOR.i1)
const I1 = concat(WRITTEN.subarray(0, SUPERFLUOUS_AT), WRITTEN.subarray(SUPERFLUOUS_AT + 1))

function address(text: string): Uint8Array {
  const bytes = addressBytes(text)
  if (bytes === undefined) throw new Error(text)
  return bytes
}

const hex = (sum: number): string => sum.toString(16).padStart(4, '0')

describe('RFC 7401 appendix C', () => {
  it('has an I1 of 48 bytes, which the file has with a zero too many', () => {
    expect(I1).toHaveLength(I1_BYTES)
    expect(WRITTEN).toHaveLength(I1_BYTES + 1)
    expect(WRITTEN[SUPERFLUOUS_AT]).toBe(0)
    expect(decodePacket(WRITTEN)).toMatchObject({ malformed: 'bytes after the packet' })
  })

  it('has an I1 that is read, and made again byte for byte', () => {
    const { type, controls, sender, receiver, parameters } = sound(decodePacket(I1))
    expect({ type, controls }).toEqual({ type: 1, controls: 0 })
    expect(sender).toEqual(address('2001:20::1'))
    expect(receiver).toEqual(address('2001:20::2'))
    expect(parameters.map(({ type, contents }) => [type, [...contents]])).toEqual([[DH_GROUP_LIST, [3, 4, 8]]])
    const made = encodePacket(1, sender, receiver, [{ type: DH_GROUP_LIST, contents: Uint8Array.of(3, 4, 8) }])
    expect(toHex(made)).toBe(toHex(I1))
  })

  it.each([
    ['IPv6', '2001:db8::1', '2001:db8::2', VECTOR['checksum_ipv6_2001:db8::1_to_2']],
    ['IPv4', '192.0.2.1', '192.0.2.2', VECTOR['checksum_ipv4_192.0.2.1_to_2']],
  ])('has the checksum of the I1 over %s', (_version, from, to, checksum) => {
    expect(hex(hipChecksum(I1, address(from), address(to)))).toBe(checksum)
  })

  it('has the checksum of a TCP segment between the HITs', () => {
    const segment = fromHex(VECTOR.tcp_syn.hex)
    const pair = sumOfPair(address('2001:20::1'), address('2001:20::2'))
    expect(hex(upperLayerChecksum(pair, TCP, segment, 0, segment.length))).toBe(VECTOR.tcp_syn.checksum_over_hits)
  })
})
