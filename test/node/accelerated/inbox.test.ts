// What an inbox makes of what a kernel says, with a kernel that says anything: strides that cut nothing or more than there is, control
// messages of other kinds, and such as are not all there.

import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Route } from '../../../src/base/address.ts'
import { concat, toHex } from '../../../src/base/bytes.ts'
import { Inbox, ReadMemory } from '../../../src/node/accelerated/inbox.ts'
import { Pinned } from '../../../src/node/accelerated/memory.ts'
import { Names } from '../../../src/node/accelerated/names.ts'
import { UdpSocket } from '../../../src/node/accelerated/socket.ts'
import {
  AF_INET,
  CMSG,
  MMSGHDR,
  MSGHDR,
  SOL_SOCKET,
  SOL_UDP,
  type SystemCalls,
  UDP_GRO,
  UDP_SEGMENT,
} from '../../../src/node/accelerated/system-calls.ts'
import { Calls } from './calls.ts'

/** What a kernel may say of one read. */
interface Told {
  readonly length: number
  readonly stride: number
  readonly level: number
  readonly type: number
  /** Bytes of control data: none, some, or the 24 that a control message of one int takes. */
  readonly control: number
  /** How long the control message says it is. */
  readonly message: number
}

const FULL = { level: SOL_UDP, type: UDP_GRO, control: CMSG.bytes, message: CMSG.value + 4 } as const

const lengths = fc.oneof(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 0, max: 65_535 }), fc.constant(65_507))
/** Any int of C; those near a length cut it in the most awkward places. */
const strideOf = (length: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.integer({ min: (length >> 8) + 1, max: length + 2 }),
    fc.constantFrom(length - 1, length, length + 1, length >> 1, (length >> 1) + 1, 1_400, 0, -1),
    fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  )
const strides = lengths.chain((length) => fc.record({ length: fc.constant(length), stride: strideOf(length) }))
const wholes = strides.map((said): Told => ({ ...said, ...FULL }))
const others = fc
  .record({
    said: strides,
    level: fc.constantFrom(SOL_UDP, SOL_SOCKET, 0, -1),
    type: fc.constantFrom(UDP_GRO, UDP_SEGMENT, 0, -1),
    control: fc.integer({ min: 0, max: 64 }),
    message: fc.oneof(fc.integer({ min: 0, max: 64 }), fc.constant(0xffff_ffff)),
  })
  .map(({ said, ...rest }): Told => ({ ...said, ...rest }))
const reads = fc.array(fc.oneof(wholes, others), { minLength: 1, maxLength: 8 })

/** The stride that has to be heeded, or nothing if all of it is one datagram. */
function heeded({ length, stride, level, type, control, message }: Told): number | undefined {
  const there = level === SOL_UDP && type === UDP_GRO && control >= 20 && message >= 20
  return there && stride > 0 && stride <= length ? stride : undefined
}

/** A kernel whose reads are made up: it writes where the headers say, as the real one does. */
class MadeUp {
  readonly memory: ReadMemory
  readonly socket: UdpSocket
  readonly #calls = new Calls()
  readonly #inbox: Inbox
  #next: readonly Told[] = []

  constructor() {
    const { koffi, counted } = this.#calls
    const calls: SystemCalls = { ...counted, recvmmsg: () => this.#read() }
    this.memory = new ReadMemory(koffi)
    this.socket = new UdpSocket(calls, new Pinned(koffi, 64), { address: '127.0.0.1', port: 0, six: false })
    this.#inbox = new Inbox(calls, this.socket, new Names(false, undefined), this.memory)
  }

  /** What is heard of it. */
  hear(told: readonly Told[]): { readonly bytes: Uint8Array; readonly source: Route; readonly along: boolean }[] {
    this.#next = told
    const all: { bytes: Uint8Array; source: Route; along: boolean }[] = []
    this.#inbox.read(
      (bytes, source, along) => void all.push({ bytes: bytes.slice(), source, along }),
      () => true,
    )
    return all
  }

  #read(): number {
    const { view, address } = this.memory.headers
    const told = this.#next
    this.#next = []
    for (const [read, { length, stride, level, type, control, message }] of told.entries()) {
      const header = read * MMSGHDR.bytes
      const offset = (at: number): number => Number(view.getBigUint64(header + at, true)) - address
      view.setUint16(offset(MSGHDR.name), AF_INET, true)
      view.setUint16(offset(MSGHDR.name) + 2, read + 1)
      view.setUint32(header + MSGHDR.controlLength, control, true)
      view.setUint32(header + MMSGHDR.length, length, true)
      const at = offset(MSGHDR.control)
      view.setUint32(at + CMSG.length, message, true)
      view.setInt32(at + CMSG.level, level, true)
      view.setInt32(at + CMSG.type, type, true)
      view.setInt32(at + CMSG.value, stride, true)
    }
    return told.length
  }
}

let kernel: MadeUp

beforeEach(() => {
  kernel = new MadeUp()
})

afterEach(() => kernel.socket.close())

const ROOM = 65_536

/** Bytes that differ from read to read and from place to place. */
function fill(data: ArrayBuffer): void {
  const words = new Uint32Array(data)
  for (let at = 0; at < words.length; at++) words[at] = Math.imul(at + 1, 0x9e37_79b1)
}

it('whatever a kernel says, pieces are what came, in order, as long as it says if that cuts it, and all at once if not', () => {
  const { data } = kernel.memory
  fill(data)
  let cut = 0
  let whole = 0
  fc.assert(
    fc.property(reads, (told) => {
      const heard = kernel.hear(told)
      for (const [read, said] of told.entries()) {
        const stride = heeded(said)
        const count = stride === undefined ? 1 : Math.ceil(said.length / stride)
        const pieces = heard.splice(0, count)
        const came = new Uint8Array(data, read * ROOM, said.length)
        expect(Buffer.compare(concat(...pieces.map(({ bytes }) => bytes)), came)).toBe(0)
        const sizes = pieces.map(({ bytes }) => bytes.length)
        const last = sizes.pop() ?? -1
        expect(sizes.every((size) => size === stride)).toBe(true)
        // Nothing is empty but a datagram without a byte.
        expect(last >= Math.min(1, said.length) && last <= (stride ?? said.length)).toBe(true)
        expect(pieces.every(({ along, source }, place) => along === place > 0 && source.port === read + 1)).toBe(true)
        if (count > 1) cut++
        else if (said.stride < 1 || said.stride > said.length) whole++
      }
      expect(heard).toEqual([])
    }),
    { numRuns: 200 },
  )
  // Both have been there, many times.
  expect(Math.min(cut, whole)).toBeGreaterThan(50)
})

it.each([
  ['nothing', { stride: 0 }],
  ['less than nothing', { stride: -16 }],
  ['more than came', { stride: 65 }],
  ['as much as came', { stride: 64 }],
  ['16 in a message of another kind', { type: UDP_SEGMENT }],
  ['16 at another level', { level: SOL_SOCKET }],
  ['16 and is cut off', { control: 19 }],
  ['16 in a message that is said to be cut off', { message: 19 }],
  ['16 in what was there before', { control: 0 }],
] as const)('a stride of %s leaves a datagram whole', (_name, said) => {
  const heard = kernel.hear([{ length: 64, stride: 16, ...FULL, ...said }])
  expect(heard.map(({ bytes }) => bytes.length)).toEqual([64])
})

it('bytes that look like a boundary are none', () => {
  // Of other lengths before, at the same places: what is lent again has to be what came now.
  for (const stride of [24, 16, 20]) {
    const pieces = new Uint8Array(kernel.memory.data, 0, 70)
    for (let at = 0; at < 70; at++) pieces[at] = at % 8 === 0 ? 0x11 : 0xff
    const heard = kernel.hear([{ length: 70, stride, ...FULL }]).map(({ bytes }) => toHex(bytes))
    const expected = Array.from({ length: Math.ceil(70 / stride) }, (_, index) =>
      toHex(pieces.subarray(index * stride, (index + 1) * stride)),
    )
    expect(heard).toEqual(expected)
  }
})
