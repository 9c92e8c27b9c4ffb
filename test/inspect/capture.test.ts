// Capture files byte by byte: both kinds, both byte orders, every link type, fragments, and what is damaged or foreign.

import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex } from '../../src/base/bytes.ts'
import { readCapture } from '../../src/inspect/capture.ts'
import { type Carried, carriedBy, understandsLink } from '../../src/inspect/carried.ts'
import { readKeyLog } from '../../src/inspect/key-log.ts'
import * as made from '../support/pcap.ts'

const payload = fromHex('00000000 3b040121')
const four = { source: { address: '192.0.2.1', port: 1 }, destination: { address: '192.0.2.2', port: 10500 }, payload }
const six = { ...four, source: { address: '2001:db8::1', port: 1 }, destination: { address: '2001:db8::2', port: 2 } }

const ipPacketOf = (seen: Parameters<typeof made.ipPacketOf>[0]) => new Uint8Array(made.ipPacketOf(seen))

/** A number of `width` bytes, in either order. */
function word(value: number, width: 2 | 4, little: boolean): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(width))
  if (width === 2) bytes.setUint16(0, value, little)
  else bytes.setUint32(0, value, little)
  return new Uint8Array(bytes.buffer)
}

function pcap(link: number, frames: readonly Uint8Array[], little = true, magic = 0xa1b2c3d4): Uint8Array {
  const u16 = (value: number) => word(value, 2, little)
  const u32 = (value: number) => word(value, 4, little)
  const header = concat(u32(magic), u16(2), u16(4), u32(0), u32(0), u32(65535), u32(link))
  return concat(header, ...frames.flatMap((frame) => [u32(1), u32(2), u32(frame.length), u32(frame.length), frame]))
}

function pcapng(link: number, frames: readonly Uint8Array[], little: boolean): Uint8Array {
  const u16 = (value: number) => word(value, 2, little)
  const u32 = (value: number) => word(value, 4, little)
  const block = (type: number, ...parts: readonly Uint8Array[]) => {
    const body = concat(...parts)
    const padded = concat(body, new Uint8Array(-body.length & 3))
    return concat(u32(type), u32(padded.length + 12), padded, u32(padded.length + 12))
  }
  const section = block(0x0a0d0d0a, u32(0x1a2b3c4d), u16(1), u16(0), u32(0xffffffff), u32(0xffffffff))
  const packets = frames.map((frame, index) =>
    index % 2 === 0
      ? block(6, u32(0), u32(0), u32(0), u32(frame.length), u32(frame.length), frame)
      : block(3, u32(frame.length), frame),
  )
  // Name resolution, which is not a packet.
  return concat(section, block(1, u16(link), u16(0), u32(0)), block(4, u32(0)), ...packets)
}

const carried = (link: number, frame: Uint8Array): readonly Carried[] => [
  ...carriedBy([{ number: 1, link, bytes: frame, missing: 0 }]),
]

describe('a pcap', () => {
  it.each([
    ['little-endian microseconds', true, 0xa1b2c3d4],
    ['big-endian microseconds', false, 0xa1b2c3d4],
    ['little-endian nanoseconds', true, 0xa1b23c4d],
    ['big-endian nanoseconds', false, 0xa1b23c4d],
  ])('of %s gives its frames', (_what, little, magic) => {
    const frames = [fromHex('01'), fromHex('0203'), fromHex('')]
    const capture = readCapture(pcap(101, frames, little, magic))
    expect(capture.damage).toBeUndefined()
    expect(capture.frames).toEqual(frames.map((bytes, index) => ({ number: index + 1, link: 101, bytes, missing: 0 })))
  })

  it('cut off anywhere gives the frames before, and says where it ends', () => {
    const whole = pcap(101, [fromHex('01'), fromHex('0203')])
    for (let length = 4; length < whole.length; length++) {
      const { frames, damage } = readCapture(whole.subarray(0, length))
      const complete = length < 24 + 17 ? 0 : 1
      expect(frames, `${length} bytes`).toHaveLength(complete)
      if (length === 24 || length === 24 + 17) expect(damage).toBeUndefined()
      else expect(damage).toMatch(/byte/)
    }
  })

  it('of frames that were cut says how many bytes are missing', () => {
    const bytes = pcap(101, [fromHex('01')])
    bytes[24 + 12] = 9
    expect(readCapture(bytes).frames[0]?.missing).toBe(8)
  })

  it('that claims four gigabytes for a frame is damaged, not read', () => {
    const bytes = pcap(101, [fromHex('01')])
    bytes.fill(0xff, 24 + 8, 24 + 12)
    expect(readCapture(bytes).damage).toContain('frame 1 says 4294967295 bytes and 1 are there')
  })
})

describe('a pcapng', () => {
  it.each([true, false])('gives its frames, of both kinds of block (little-endian: %s)', (little) => {
    const frames = [fromHex('01'), fromHex('0203'), fromHex('')]
    const capture = readCapture(pcapng(1, frames, little))
    expect(capture.damage).toBeUndefined()
    expect(capture.frames.map(({ bytes, link }) => [link, toHex(bytes)])).toEqual(
      frames.map((bytes) => [1, toHex(bytes)]),
    )
  })

  it('cut off anywhere never throws, and gives no frame that is not whole', () => {
    const whole = pcapng(1, [fromHex('01020304'), fromHex('0506')], true)
    for (let length = 4; length < whole.length; length++) {
      for (const { bytes } of readCapture(whole.subarray(0, length)).frames) {
        expect(['01020304', '0506']).toContain(toHex(bytes))
      }
    }
  })
})

describe('hexadecimal lines', () => {
  it('are datagrams, with comments, blanks and colons', () => {
    const text = '# a comment\n\n00000000 3b04 # an I1\r\nff\nde:ad:BE:ef\n'
    const { frames, damage } = readCapture(new TextEncoder().encode(text))
    expect(damage).toBeUndefined()
    expect(frames.map(({ bytes }) => toHex(bytes))).toEqual(['000000003b04', 'ff', 'deadbeef'])
    expect(frames.map(({ number, link }) => [number, link])).toEqual([
      [1, undefined],
      [2, undefined],
      [3, undefined],
    ])
  })

  it.each([
    ['hello', 'line 1 is no capture, and no hexadecimal datagram'],
    ['00\n0x11', 'line 2 is no hexadecimal datagram'],
    ['001', 'line 1 is no capture, and no hexadecimal datagram'],
    ['# nothing', 'the file has no datagram in it'],
    ['', 'the file is empty'],
  ])('%j is not: %s', (text, damage) => {
    expect(readCapture(new TextEncoder().encode(text)).damage).toBe(damage)
  })
})

describe('a frame', () => {
  const ip = ipPacketOf(four)
  const ethernet = (type: string) => concat(new Uint8Array(12), fromHex(type), ip)

  it.each<[string, number, Uint8Array]>([
    ['Ethernet', 1, ethernet('0800')],
    ['Ethernet with a VLAN tag', 1, ethernet('8100 0007 0800')],
    ['Ethernet with two', 1, ethernet('88a8 0007 8100 0008 0800')],
    ['raw IP', 101, ip],
    ['raw IPv4', 228, ip],
    ['raw IP of a BSD', 12, ip],
    ['loopback', 0, concat(fromHex('02000000'), ip)],
    ['loopback of OpenBSD', 108, concat(fromHex('00000002'), ip)],
    ['Linux cooked', 113, concat(new Uint8Array(16), ip)],
    ['Linux cooked 2', 276, concat(new Uint8Array(20), ip)],
  ])('of %s carries its datagram', (_what, link, frame) => {
    expect(understandsLink(link)).toBe(true)
    expect(carried(link, frame)).toMatchObject([{ frame: 1, by: 'udp', path: { sourcePort: 1, port: 10500 }, payload }])
    for (let length = 0; length < frame.length; length++) carried(link, frame.subarray(0, length))
  })

  it('of another link carries nothing that is understood', () => {
    expect(understandsLink(147)).toBe(false)
    expect(carried(147, ip)).toEqual([])
  })

  it('of IPv6 does, behind extension headers too', () => {
    const plain = ipPacketOf(six)
    expect(carried(101, plain)).toMatchObject([
      { by: 'udp', payload, path: { source: fromHex(`20010db8${'0'.repeat(22)}01`) } },
    ])
    const extended = concat(plain.subarray(0, 40), fromHex('3c00 000000000000 1100 000000000000'), plain.subarray(40))
    extended[6] = 0
    extended[5] = (plain[5] ?? 0) + 16
    expect(carried(101, extended)).toMatchObject([{ by: 'udp', payload }])
  })

  it.each([
    ['HIP', 139, 'hip'],
    ['ESP', 50, 'esp'],
  ] as const)('may carry %s in IP itself', (_what, protocol, by) => {
    for (const [packet, at] of [
      [ipPacketOf(four), 9],
      [ipPacketOf(six), 6],
    ] as const) {
      const copy = packet.slice()
      copy[at] = protocol
      expect(carried(101, copy)).toMatchObject([{ by, path: { port: 0 } }])
    }
  })

  it('of TCP, ARP or nothing carries nothing', () => {
    const tcp = ip.slice()
    tcp[9] = 6
    expect(carried(101, tcp)).toEqual([])
    expect(carried(1, concat(new Uint8Array(12), fromHex('0806 0001 0800 0604')))).toEqual([])
    expect(carried(101, new Uint8Array(0))).toEqual([])
  })

  it('ends where its IP packet does: what Ethernet pads is not the datagram’s', () => {
    expect(carried(1, concat(ethernet('0800'), new Uint8Array(18)))).toMatchObject([{ payload }])
  })
})

describe('fragments', () => {
  const whole = ipPacketOf({ ...four, payload: Uint8Array.from({ length: 40 }, (_, i) => i) })
  const piece = (from: number, to: number, more: boolean, id = 7) => {
    const header = whole.slice(0, 20)
    header.set([0, 20 + to - from, 0, id, (more ? 0x20 : 0) | (from >> 11), from / 8], 2)
    header.set([0, 20 + to - from], 2)
    return { number: from + 1, link: 101, bytes: concat(header, whole.subarray(20 + from, 20 + to)), missing: 0 }
  }

  it.each([
    ['in order', [0, 1, 2]],
    ['out of order', [2, 0, 1]],
  ])('%s become one datagram, with the frame that completed it', (_what, order) => {
    const pieces = [piece(0, 16, true), piece(16, 32, true), piece(32, 48, false)]
    const given = order.flatMap((index) => pieces[index] ?? [])
    const found = [...carriedBy(given)]
    expect(found).toHaveLength(1)
    expect(found[0]?.payload).toEqual(whole.subarray(28))
    expect(found[0]?.frame).toBe(given.at(-1)?.number)
  })

  it('that overlap, leave a gap or belong to another packet become none', () => {
    expect([...carriedBy([piece(0, 24, true), piece(16, 48, false)])]).toEqual([])
    expect([...carriedBy([piece(0, 16, true), piece(24, 48, false)])]).toEqual([])
    expect([...carriedBy([piece(0, 16, true), piece(16, 48, false, 8)])]).toEqual([])
  })

  it('that hold nothing are none, however many there are', () => {
    const empty = { ...piece(16, 16, true), number: 0 }
    const many = Array.from({ length: 30_000 }, () => empty)
    expect([...carriedBy([piece(0, 16, true), ...many, piece(16, 48, false)])]).toHaveLength(1)
  })

  it('as long as their packet, and yet not all of it, are forgotten: the next ones begin anew', () => {
    const twice = [piece(0, 16, true), piece(0, 16, true), piece(32, 48, false)]
    const pieces = [piece(0, 16, true), piece(16, 32, true), piece(32, 48, false)]
    expect([...carriedBy(twice)]).toEqual([])
    expect([...carriedBy([...twice, ...pieces])]).toHaveLength(1)
  })

  it('of ten thousand packets that never end take no more room than 256', () => {
    const endless = Array.from({ length: 10_000 }, (_, index) => {
      const one = piece(0, 16, true)
      one.bytes.set([index >> 8, index & 0xff], 4)
      return one
    })
    // The newest are kept, the oldest are gone.
    const last = piece(16, 48, false)
    last.bytes.set([9_999 >> 8, 9_999 & 0xff], 4)
    const first = piece(16, 48, false)
    first.bytes.set([0, 0], 4)
    expect([...carriedBy([...endless, last])]).toHaveLength(1)
    expect([...carriedBy([...endless, first])]).toHaveLength(0)
  })
})

describe('a key log', () => {
  const a = '2001:25:9952:e1b6:84ad:ea37:f69b:e377'
  const b = '2001:25::bbb'

  it('is read line by line; other words, comments and blank lines are passed over', () => {
    const text = `# keys\nKIJ ${a} 2001:0025::0bbb 00ff\n\nESP 00000100 13 ${'01'.repeat(20)} -\r\nNOTE x\nESP ff 8 0102 0304`
    expect(readKeyLog(text)).toEqual({
      kijs: [{ pair: [a, b], kij: fromHex('00ff') }],
      esp: [
        { spi: 0x100, suite: 13, encryption: new Uint8Array(20).fill(1), authentication: new Uint8Array(0) },
        { spi: 0xff, suite: 8, encryption: fromHex('0102'), authentication: fromHex('0304') },
      ],
    })
  })

  it('of other words alone is another file, and of none has no keys', () => {
    expect(readKeyLog('# keys\n\nNOTE x\nNOTE y')).toEqual({ fault: 'line 3 begins with neither KIJ nor ESP' })
    expect(readKeyLog('# no exchange yet\n')).toEqual({ kijs: [], esp: [] })
  })

  it.each([
    `KIJ ${a} 192.0.2.1 00`,
    `KIJ ${a} ${b}`,
    `KIJ ${a} ${b} 0`,
    `KIJ ${a} ${b} 00 00`,
    'ESP xyz 13 00 -',
    'ESP 100 thirteen 00 -',
    'ESP 100 13 0 -',
    'ESP 100 13 00',
    'ESP 100000000 13 00 -',
  ])('with the line %j is refused, and the line named', (line) => {
    expect(readKeyLog(`\n${line}`)).toMatchObject({ fault: expect.stringContaining('line 2 is not') })
  })
})
