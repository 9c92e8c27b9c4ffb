// The checksum of HIP over plain IP: which of two pseudo headers it is over. RFC 7401 appendix C has one packet over both; what
// stands here besides is worked out from its figures by hand.

import { describe, expect, it } from 'vitest'
import { fromHex } from '../../src/base/bytes.ts'
import { hipChecksum, sumWords } from '../../src/wire/checksum.ts'
import { address, APPENDIX_C_I1 as I1 } from './fixtures.ts'

describe('the checksum of HIP', () => {
  // Appendix C.1: 1a5e is the complement of e5a1. Its two addresses add 2dba and 2dbb; without them the packet, its length and its
  // protocol make 8a2c. Appendix C.2 agrees: c201 + c202 folds to 8404, and 8a2c + 8404 to 0e31, the complement of f1ce.
  it.each([
    ['over IPv6, as in appendix C.1', '2001:db8::1', '2001:db8::2', 0x1a5e],
    ['over IPv4, as in appendix C.2', '192.0.2.1', '192.0.2.2', 0xf1ce],
    // One address of IPv4 makes no pair of it. 8a2c + 2dba = b7e6; + ffff + c202 = 279e7, folded 79e9.
    ['with IPv4 at the one end', '2001:db8::1', '192.0.2.2', 0x8616],
    ['with IPv4 at the other end', '192.0.2.2', '2001:db8::1', 0x8616],
    // 8a2c + 2 (2001 + 0db8 + ffff + c000) + 0201 + 0202 = 4699f, folded 69a3.
    ['over IPv6 that ends like IPv4', '2001:db8::ffff:c000:201', '2001:db8::ffff:c000:202', 0x965c],
    // 8a2c + 2 (00ff + c000) + 0403 = 2102d, folded 102f. With ff00: 40c2f, 0c33. With aaaa: 36383, 6386.
    ['over IPv6 with 00ff before the last words', '::ff:c000:201', '::ff:c000:202', 0xefd0],
    ['over IPv6 with ff00 before the last words', '::ff00:c000:201', '::ff00:c000:202', 0xf3cc],
    ['over IPv6 with aaaa before the last words', '::aaaa:c000:201', '::aaaa:c000:202', 0x9c79],
    // 8a2c + 2 (2001 + 00ff + c000) + 0403 = 2502f, folded 5031. With ff00: 44c31, 4c35.
    ['over IPv6 that is of none of these', '2001::ff:c000:201', '2001::ff:c000:202', 0xafce],
    ['nor of these', '2001::ff00:c000:201', '2001::ff00:c000:202', 0xb3ca],
  ])('%s', (_what, source, destination, checksum) => {
    expect(hipChecksum(I1, address(source), address(destination)).toString(16)).toBe(checksum.toString(16))
  })
})

describe('the sum of words', () => {
  // Words of 1 to 7, and a last byte that counts as the upper half of a word.
  const words = fromHex('0001 0002 0003 0004 0005 0006 0007 08')

  it.each([
    [0, 0, 0],
    [0, 2, 1],
    [0, 8, 10],
    [0, 14, 28],
    [0, 15, 28 + 0x800],
    [2, 10, 14],
    [1, 3, 0x100],
    [14, 15, 0x800],
    [15, 15, 0],
  ])('of bytes %i to %i is %i', (start, end, sum) => {
    expect(sumWords(words, start, end)).toBe(sum)
  })
})
