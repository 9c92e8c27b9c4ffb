// Capture files, as a row of frames: classic pcap of both byte orders and both resolutions, pcapng, and datagrams in
// hexadecimal, one a line. What is damaged behind some frames does not hide those before it.

import { fromHex } from '../base/bytes.ts'

/** What a capture holds at one place. */
export interface Frame {
  /** From 1, as other tools count. */
  readonly number: number
  /** The link type (LINKTYPE_*) of what `bytes` begin with; undefined for a bare datagram. */
  readonly link: number | undefined
  readonly bytes: Uint8Array
  /** Bytes that were on the wire and that the capture left out. */
  readonly missing: number
}

/** Frames, and what is wrong with the file behind the last of them. */
export interface Capture {
  readonly frames: readonly Frame[]
  readonly damage?: string
}

const MAGIC_MICROSECONDS = 0xa1b2c3d4
const MAGIC_NANOSECONDS = 0xa1b23c4d
const SECTION_HEADER = 0x0a0d0d0a
const BYTE_ORDER = 0x1a2b3c4d
const [INTERFACE, OBSOLETE_PACKET, SIMPLE_PACKET, ENHANCED_PACKET] = [1, 2, 3, 6] as const
const FILE_HEADER_BYTES = 24
const RECORD_HEADER_BYTES = 16

/** Reads a file of any of the kinds; one that is of none has damage and no frames. */
export function readCapture(contents: Uint8Array): Capture {
  // A plain one: what Node reads from a file is a Buffer, whose slices are views that others would write to.
  const file = new Uint8Array(contents.buffer, contents.byteOffset, contents.byteLength)
  if (file.length === 0) return { frames: [], damage: 'the file is empty' }
  if (file.length >= 4) {
    const view = viewOf(file)
    if (view.getUint32(0) === SECTION_HEADER) return readPcapng(file)
    for (const little of [false, true]) {
      const magic = view.getUint32(0, little)
      if (magic === MAGIC_MICROSECONDS || magic === MAGIC_NANOSECONDS) return readPcap(file, little)
    }
  }
  return readHexLines(file)
}

function readPcap(file: Uint8Array, little: boolean): Capture {
  if (file.length < FILE_HEADER_BYTES)
    return { frames: [], damage: `the file header ends at byte ${file.length} of 24` }
  const view = viewOf(file)
  const frames: Frame[] = []
  // The upper half of the word tells of frame check sequences, which no link that carries us has here.
  const link = view.getUint32(20, little) & 0xffff
  for (let at = FILE_HEADER_BYTES; at < file.length; ) {
    const number = frames.length + 1
    if (file.length - at < RECORD_HEADER_BYTES)
      return { frames, damage: `frame ${number} has no whole header (byte ${at})` }
    const captured = view.getUint32(at + 8, little)
    const original = view.getUint32(at + 12, little)
    const start = at + RECORD_HEADER_BYTES
    if (captured > file.length - start) {
      return {
        frames,
        damage: `frame ${number} says ${captured} bytes and ${file.length - start} are there (byte ${at})`,
      }
    }
    frames.push({
      number,
      link,
      bytes: file.subarray(start, start + captured),
      missing: Math.max(0, original - captured),
    })
    at = start + captured
  }
  return { frames }
}

function readPcapng(file: Uint8Array): Capture {
  const view = viewOf(file)
  const frames: Frame[] = []
  let little = false
  let links: number[] = []
  for (let at = 0; at < file.length; ) {
    if (file.length - at < 12) return { frames, damage: `a block has no whole header (byte ${at})` }
    if (view.getUint32(at) === SECTION_HEADER) {
      little = view.getUint32(at + 8, true) === BYTE_ORDER
      if (!little && view.getUint32(at + 8) !== BYTE_ORDER) return { frames, damage: `no byte order (byte ${at + 8})` }
      links = []
    }
    const type = view.getUint32(at, little)
    const length = view.getUint32(at + 4, little)
    if (length < 12 || length % 4 !== 0 || length > file.length - at) {
      return { frames, damage: `a block says ${length} bytes and ${file.length - at} are there (byte ${at})` }
    }
    const body = file.subarray(at + 8, at + length - 4)
    if (type === INTERFACE && body.length >= 8) links.push(viewOf(body).getUint16(0, little))
    const frame = packetBlock(type, body, little, links, frames.length + 1)
    if (frame === 'damaged') return { frames, damage: `frame ${frames.length + 1} does not fit its block (byte ${at})` }
    if (frame !== undefined) frames.push(frame)
    at += length
  }
  return { frames }
}

function packetBlock(
  type: number,
  body: Uint8Array,
  little: boolean,
  links: readonly number[],
  number: number,
): Frame | 'damaged' | undefined {
  const simple = type === SIMPLE_PACKET
  if (!simple && type !== ENHANCED_PACKET && type !== OBSOLETE_PACKET) return undefined
  const header = simple ? 4 : 20
  if (body.length < header) return 'damaged'
  const view = viewOf(body)
  const link = links[simple ? 0 : type === ENHANCED_PACKET ? view.getUint32(0, little) : view.getUint16(0, little)]
  const original = view.getUint32(simple ? 0 : 16, little)
  const captured = simple ? Math.min(original, body.length - header) : view.getUint32(12, little)
  if (link === undefined || captured > body.length - header) return 'damaged'
  return {
    number,
    link,
    bytes: body.subarray(header, header + captured),
    missing: Math.max(0, original - captured),
  }
}

function readHexLines(file: Uint8Array): Capture {
  const frames: Frame[] = []
  const lines = new TextDecoder('latin1').decode(file).split(/\r\n|\r|\n/)
  for (const [index, line] of lines.entries()) {
    const digits = line.replace(/#.*/, '').replaceAll(/[\s:]/g, '')
    if (digits === '') continue
    if (!/^(?:[0-9a-fA-F]{2})+$/.test(digits)) {
      const fault = frames.length === 0 ? 'no capture, and no hexadecimal datagram' : 'no hexadecimal datagram'
      return { frames, damage: `line ${index + 1} is ${fault}` }
    }
    frames.push({ number: frames.length + 1, link: undefined, bytes: fromHex(digits), missing: 0 })
  }
  return frames.length === 0 ? { frames, damage: 'the file has no datagram in it' } : { frames }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
