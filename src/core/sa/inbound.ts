// One inbound SA (RFC 4303 §3.4): final bound, replay check, opening, and only then the window moves. A number beyond what the
// peer announced in FINALS is refused before any cryptography (MOVING §3, §5).

import { assert } from '../../base/assert.ts'
import { type AeadProvider, ESP_SUITES, type EspSuites, type Opener } from '../../crypto/aead.ts'
import { forgetEspKeys } from '../../crypto/forget.ts'
import type { EspKeys } from '../../crypto/keymat.ts'
import { ESP_HEADER_BYTES, readTrailer, sequenceLowOf } from '../../wire/esp.ts'
import { DEFAULTS } from '../config.ts'
import { ReplayWindow, type WindowSnapshot } from './replay.ts'

export interface InboundOptions {
  /** Our inbound SPI. */
  readonly spi: number
  readonly suite: number
  readonly keys: EspKeys
  readonly aead: AeadProvider
  /** Where the layout of the suite is looked up; by default the standard ones. */
  readonly espSuites?: EspSuites
  /** A window of its own; by default a fresh one of the default size. */
  readonly window?: ReplayWindow
  /** The last number the peer announced, if it did. */
  readonly final?: number | undefined
}

/**
 * What came out of a packet, or why nothing did. The payload is the first `length` bytes of `plaintext`, which lies in memory that nobody
 * else writes to; behind it stand padding and trailer.
 */
export type Opened =
  | { readonly nextHeader: number; readonly plaintext: Uint8Array; readonly length: number; readonly sequence: number }
  | OpenFault

/** `forged`: the ICV is wrong. `malformed`: no packet of this suite, or authentic but with padding that cannot be. */
export type OpenFault = 'replayed' | 'forged' | 'beyond-final' | 'malformed'

export class InboundSa {
  readonly spi: number
  readonly suite: number
  /** Kept for the capsule (MOVING §7). */
  readonly keys: EspKeys
  /** No number above it opens: Infinity until the peer's FINALS come. */
  final: number
  /** Packets whose ICV was wrong. */
  forged = 0
  readonly #opener: Opener
  readonly #window: ReplayWindow
  readonly #overhead: number
  readonly #blockBytes: number

  constructor({ spi, suite, keys, aead, espSuites = ESP_SUITES, window, final }: InboundOptions) {
    const layout = espSuites.get(suite)
    assert(layout !== undefined, `ESP suite ${suite} is not one of ours`)
    this.spi = spi
    this.suite = suite
    this.keys = keys
    this.final = final ?? Infinity
    this.#opener = aead.opener(suite, keys)
    this.#window = window ?? new ReplayWindow(DEFAULTS.replayWindow)
    this.#overhead = ESP_HEADER_BYTES + layout.ivBytes + layout.icvBytes
    this.#blockBytes = layout.blockBytes
  }

  /** The highest authentic number so far; 0 if there was none. */
  get highest(): number {
    return this.#window.highest
  }

  /** Opens a packet that has this SA's SPI. Its bytes stay as they are. */
  open(packet: Uint8Array): Opened {
    const ciphertext = packet.length - this.#overhead
    if (ciphertext < this.#blockBytes || ciphertext % this.#blockBytes !== 0) return 'malformed'
    const window = this.#window
    const sequence = window.infer(sequenceLowOf(packet))
    if (sequence > this.final) return 'beyond-final'
    if (!window.fresh(sequence)) return 'replayed'
    const plaintext = this.#opener.open(packet, sequence)
    if (plaintext === undefined) {
      this.forged += 1
      return 'forged'
    }
    window.mark(sequence)
    const trailer = readTrailer(plaintext)
    if (trailer === undefined) return 'malformed'
    return { nextHeader: trailer.nextHeader, plaintext, length: trailer.length, sequence }
  }

  /** The plaintext that was opened last is not looked at any more. */
  release(plaintext: Uint8Array): void {
    this.#opener.release?.(plaintext)
  }

  /** Overwrites the keys; nothing opens afterwards. */
  forget(): void {
    this.final = 0
    this.#opener.forget?.()
    forgetEspKeys(this.keys)
  }

  /** The window, for the capsule. */
  snapshot(): WindowSnapshot {
    return this.#window.snapshot()
  }
}
