// One outbound SA (RFC 4303 §3.3, RFC 7402 §3): numbers packets from 1 and seals them in place. It has no way in or out of a
// capsule: keys and counters to go on sealing with never leave this start (MOVING §7).

import { assert } from '../../base/assert.ts'
import { type AeadProvider, ESP_SUITES, type EspSuites, type Sealer } from '../../crypto/aead.ts'
import type { Entropy } from '../../crypto/entropy.ts'
import type { EspKeys } from '../../crypto/keymat.ts'
import { ESP_HEADER_BYTES, type EspLayout, espCapacity, espSize, writeEspHeader, writeTrailer } from '../../wire/esp.ts'
import { burstMemory, liesInBursts, packetMemory, trimBurst, trimPacket } from './packet-memory.ts'

export interface OutboundOptions {
  /** The peer's inbound SPI. */
  readonly spi: number
  readonly suite: number
  readonly keys: EspKeys
  readonly aead: AeadProvider
  /** Where the layout of the suite is looked up; by default the standard ones. */
  readonly espSuites?: EspSuites
  readonly entropy: Entropy
  /** The last number that may be sealed; by default the highest that can be counted. */
  readonly limit?: number
}

export class OutboundSa {
  readonly spi: number
  readonly suite: number
  /** Where a payload starts in a packet from `allocate`. */
  readonly payloadOffset: number
  readonly #layout: EspLayout
  readonly #sealer: Sealer
  readonly #limit: number
  #sequence = 0
  #bytes = 0

  constructor({
    spi,
    suite,
    keys,
    aead,
    entropy,
    espSuites = ESP_SUITES,
    limit = Number.MAX_SAFE_INTEGER,
  }: OutboundOptions) {
    const layout = espSuites.get(suite)
    assert(layout !== undefined, `ESP suite ${suite} is not one of ours`)
    this.spi = spi
    this.suite = suite
    this.payloadOffset = ESP_HEADER_BYTES + layout.ivBytes
    this.#layout = layout
    this.#sealer = aead.sealer(suite, keys, entropy)
    this.#limit = limit
  }

  /** The last number sealed or left out; 0 if none was. */
  get sequence(): number {
    return this.#sequence
  }

  /** Bytes of packets sealed. */
  get bytes(): number {
    return this.#bytes
  }

  /** True once `seal` may not be called again: the keys are used up. */
  get exhausted(): boolean {
    return this.#sequence >= this.#limit
  }

  /** The size of a finished packet, as UDP payload. */
  size(payloadLength: number): number {
    return espSize(this.#layout, payloadLength)
  }

  /** The longest payload of a packet that is at most `size` bytes of UDP payload; not positive if none fits. */
  capacity(size: number): number {
    return espCapacity(this.#layout, size)
  }

  /** Leaves one number out: no packet will ever have it, and who acknowledges it has seen none (RFC 9000 §21.4). */
  skip(): void {
    assert(this.#sequence < this.#limit, 'an SA counts no number beyond its limit')
    this.#sequence += 1
  }

  /** A packet with room for a payload, all of which the caller writes at `payloadOffset` before `seal`. */
  allocate(payloadLength: number): Uint8Array {
    return packetMemory(espSize(this.#layout, payloadLength))
  }

  /** What a packet from `allocate` needs if its payload is so much shorter. */
  trim(packet: Uint8Array, payloadLength: number): Uint8Array {
    return trimPacket(packet, payloadLength === 0 ? 0 : espSize(this.#layout, payloadLength))
  }

  /** Whether packets with such a payload may be made end to end. */
  bursts(payloadLength: number): boolean {
    return liesInBursts(espSize(this.#layout, payloadLength))
  }

  /** Memory for up to `most` packets like that, end to end, to be sealed one after the other. */
  allocateBurst(payloadLength: number, most: number): Uint8Array {
    return burstMemory(espSize(this.#layout, payloadLength), most)
  }

  /** What was sealed in memory from `allocateBurst`, up to `end`; so many packets were not needed. */
  trimBurst(memory: Uint8Array, end: number, unused: number): Uint8Array {
    return trimBurst(memory, end, unused)
  }

  /**
   * Gives the packet the next number and seals it in place: it is then ready to be sent. One of a burst lies from `at` up to `end`.
   */
  seal(memory: Uint8Array, payloadLength: number, nextHeader: number, at = 0, end: number = memory.length): void {
    assert(this.#sequence < this.#limit, 'an SA seals no number beyond its limit')
    assert(end - at === espSize(this.#layout, payloadLength), 'a packet to seal comes from allocate')
    const sequence = this.#sequence + 1
    this.#sequence = sequence
    this.#bytes += end - at
    writeEspHeader(memory, this.spi, sequence >>> 0, at)
    writeTrailer(memory, this.#layout, payloadLength, nextHeader, at, end)
    if (end - at === memory.length) this.#sealer.seal(memory, sequence)
    else if (this.#sealer.sealPart === undefined) this.#sealer.seal(memory.subarray(at, end), sequence)
    else this.#sealer.sealPart(memory, at, end, sequence)
  }

  /** Its end: nothing is sealed afterwards. */
  forget(): void {
    this.#sealer.forget?.()
  }
}
