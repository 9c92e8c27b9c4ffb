// Bytes that nobody has read, counted from what Node counts: characters, once a stream has an encoding.

import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Unread } from '../../src/node/unread.ts'

const texts = fc.array(fc.constantFrom('a', 'é', '语', '🚀', ' ', 'ß'), { minLength: 1, maxLength: 60 })

test('text that is cut anywhere and read anyhow leaves exactly the bytes that were not read', () => {
  const encodings = fc.constantFrom<BufferEncoding[]>('utf8', 'utf16le')
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 0, max: 5 })), { maxLength: 60 })
  fc.assert(
    fc.property(texts, encodings, steps, fc.nat(4), (characters, encoding, plan, before) => {
      const whole = Buffer.from(characters.join(''), encoding)
      const readable = new Readable({ read: () => undefined, highWaterMark: 1_000_000 })
      const unread = new Unread()
      let pushed = 0
      const push = (bytes: number): void => {
        const piece = whole.subarray(pushed, pushed + bytes)
        if (piece.length === 0) return
        pushed += piece.length
        unread.pushed(piece)
        readable.push(piece)
      }
      // Some came before anybody said that it was text.
      push(before)
      unread.encode(encoding, readable.readableLength)
      readable.setEncoding(encoding)
      let text = ''
      for (const [bytes, units] of plan) {
        push(bytes)
        // Node may cut a pair of surrogates in two; a reader of text that does so has asked for it.
        const got: unknown = units === 5 ? readable.read() : undefined
        if (typeof got === 'string') text += got
        expect(Buffer.byteLength(text, encoding) + unread.bytes(readable.readableLength)).toBe(pushed)
      }
    }),
  )
})

test('bytes that are read a few at a time, and put back, are counted as they are', () => {
  const unread = new Unread()
  for (const length of [10, 20, 30]) unread.pushed(new Uint8Array(length))
  expect(unread.bytes(60)).toBe(60)
  expect(unread.bytes(45)).toBe(45)
  expect(unread.bytes(50)).toBe(50)
  expect(unread.bytes(0)).toBe(0)
  expect(unread.bytes(5)).toBe(0)
})

test('a few characters of a piece are the bytes they are made of', () => {
  const unread = new Unread()
  unread.encode('utf8', 0)
  unread.pushed(Buffer.from('é语x'))
  expect(unread.bytes(3)).toBe(6)
  expect(unread.bytes(2)).toBe(4)
  expect(unread.bytes(1)).toBe(1)
})
