// One ESP packet under the keys that may open it: which sequence number it has, whether it is authentic, and what it carries.

import { hitText } from '../crypto/hit.ts'
import { decodeFrames } from '../wire/frame-reader.ts'
import * as wire from '../wire.ts'
import { frameFields, frameWords } from './frames.ts'
import type { EspCandidates, Knowledge } from './knowledge.ts'
import { openAnyEsp } from './open-esp.ts'
import { spiText } from './words.ts'
import type { Report } from './wrong.ts'

/** What is known of a packet. */
export interface EspReading {
  readonly spi: number
  /** With its upper half if that is known. */
  readonly sequence: number
  readonly icv?: boolean
  readonly nextHeader?: number
  /** The inside in words. */
  readonly inside?: string
  /** Of a packet of streams: its frames. */
  readonly frames?: readonly Readonly<Record<string, unknown>>[]
}

/** How the last authentic packet to an SPI was numbered. */
interface Numbering {
  readonly extended: boolean
  readonly highest: number
}

const TWO_32 = 0x1_0000_0000
// RFC 4303 appendix A2.2 with the smallest window that it allows to assume.
const WINDOW = 32
// How far above the inferred one the upper half is looked for, in a capture that begins in the middle.
const UPPER_TRIES = 4

/** Reads ESP packets in the order of the capture. */
export class EspReader {
  readonly #knowledge: Knowledge
  readonly #numbering = new Map<number, Numbering>()

  constructor(knowledge: Knowledge) {
    this.#knowledge = knowledge
  }

  /** Reads a packet of at least 8 bytes. */
  read(packet: Uint8Array, report: Report): EspReading {
    const spi = wire.spiOf(packet)
    const low = wire.sequenceLowOf(packet)
    const candidates = this.#knowledge.espCandidates(spi)
    const numbering = this.#numbering.get(spi)
    for (const high of uppers(numbering, low)) {
      for (const keys of candidates.keys) {
        const plaintext = openAnyEsp(keys, packet, high)
        if (plaintext === undefined) continue
        const sequence = (high ?? 0) * TWO_32 + low
        const highest = Math.max(sequence, numbering?.highest ?? 0)
        this.#numbering.set(spi, { extended: high !== undefined, highest })
        return { spi, sequence, icv: true, ...inside(plaintext, candidates, report) }
      }
    }
    if (!candidates.complete) return { spi, sequence: low }
    report({ what: `ICV is of no key of SPI ${spiText(spi)}: forged, damaged, or the key log has another key` })
    return { spi, sequence: low, icv: false }
  }
}

/** The upper halves to try, the likely one first; undefined stands for 32-bit numbers. RFC 4303 §3.3.3, appendix A2.2. */
function uppers(numbering: Numbering | undefined, low: number): readonly (number | undefined)[] {
  if (numbering?.extended === false) return [undefined]
  const top = Math.floor((numbering?.highest ?? 0) / TWO_32)
  const topLow = (numbering?.highest ?? 0) % TWO_32
  const likely = inferred(top, topLow, low)
  const more = Array.from({ length: UPPER_TRIES }, (_, index) => top + index).filter((high) => high !== likely)
  return numbering === undefined ? [likely, undefined, ...more] : [likely, ...more]
}

function inferred(top: number, topLow: number, low: number): number {
  if (topLow >= WINDOW - 1) return low >= topLow - WINDOW + 1 ? top : top + 1
  return low >= TWO_32 + topLow - WINDOW + 1 && top > 0 ? top - 1 : top
}

function inside(
  plaintext: Uint8Array,
  { ends }: EspCandidates,
  report: Report,
): Pick<EspReading, 'nextHeader' | 'inside' | 'frames'> {
  const trailer = wire.readTrailer(plaintext)
  if (trailer === undefined) {
    report({ what: 'padding inside ESP does not count 1, 2, 3 …' })
    return {}
  }
  const { nextHeader, length } = trailer
  const payload = plaintext.subarray(0, length)
  if (nextHeader === wire.NextHeader.NONE) return { nextHeader, inside: `dummy of ${length} bytes` }
  if (nextHeader === wire.NextHeader.TRANSPORT) {
    const frames = decodeFrames(payload)
    if (!wire.isMalformed(frames))
      return { nextHeader, inside: frames.map(frameWords).join('; '), frames: frames.map(frameFields) }
    report({ what: `frames of streams: ${frames.malformed}`, at: frames.at })
  }
  if (ends !== undefined && nextHeader === wire.NextHeader.UDP) {
    const udp = wire.readInnerUdp(payload, ends.source, ends.destination)
    if (!wire.isMalformed(udp))
      return { nextHeader, inside: `UDP ${udp.sourcePort} → ${udp.port}, ${udp.data.length} bytes` }
    report({ what: `inner UDP: ${udp.malformed}, between ${hitText(ends.source)} and ${hitText(ends.destination)}` })
  }
  if (ends !== undefined && nextHeader === wire.NextHeader.ICMPV6) {
    const echo = wire.decodeEcho(payload, ends.source, ends.destination)
    if (!wire.isMalformed(echo)) {
      const kind = echo.reply ? 'echo reply' : 'echo request'
      return { nextHeader, inside: `ICMPv6 ${kind} ${echo.identifier}/${echo.sequence}, ${echo.data.length} bytes` }
    }
  }
  return { nextHeader, inside: `protocol ${nextHeader}, ${length} bytes` }
}
