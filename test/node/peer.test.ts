// How people write peers.

import { expect, test } from 'vitest'
import { createIdentity } from '../../src/node/key-file.ts'
import { formatPeer, parsePeer, peerOf } from '../../src/node/peer.ts'

const { hit } = createIdentity()

test('a peer reads back as it was written, in either family and with more places', () => {
  for (const text of [
    hit,
    `${hit}@192.0.2.1:10500`,
    `${hit}@[2001:db8::1]:10500`,
    `${hit}@192.0.2.1:1,[2001:db8::1]:65535`,
  ]) {
    expect(formatPeer(parsePeer(text))).toBe(text)
  }
})

test('another spelling of the HIT and a mapped address are the same peer', () => {
  const long = hit.toUpperCase()
  expect(parsePeer(`${long}@[::ffff:192.0.2.1]:7`)).toEqual(parsePeer(`${hit}@192.0.2.1:7`))
})

test.each([
  ['', 'is not a HIT'],
  ['127.0.0.1:5', 'is not a HIT'],
  ['2001:db8::1@127.0.0.1:5', 'is not a HIT'],
  [`${hit}@`, 'is not ADDR:PORT'],
  [`${hit}@127.0.0.1`, 'is not ADDR:PORT'],
  [`${hit}@127.0.0.1:0`, 'is not ADDR:PORT'],
  [`${hit}@127.0.0.1:65536`, 'is not ADDR:PORT'],
  [`${hit}@2001:db8::1:5`, 'is not ADDR:PORT'],
  [`${hit}@localhost:5`, 'is not ADDR:PORT'],
  [`${hit}@127.0.0.1:5,`, 'is not ADDR:PORT'],
])('%j is no peer, and the error says which part', (text, why) => {
  expect(() => parsePeer(text)).toThrow(expect.objectContaining({ code: 'ERR_SOJOURN_ARGUMENT' }))
  expect(() => parsePeer(text)).toThrow(why)
})

test('a peer may be given as text, as a HIT or with locators', () => {
  const locators = [{ address: '127.0.0.1', port: 5 }]
  expect(peerOf(`${hit}@127.0.0.1:5`)).toEqual({ hit, locators })
  expect(peerOf(hit)).toEqual({ hit, locators: [] })
  expect(peerOf({ hit, locators })).toEqual({ hit, locators })
  expect(peerOf({ hit })).toEqual({ hit, locators: [] })
})
