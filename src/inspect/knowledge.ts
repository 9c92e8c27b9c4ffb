// What a whole capture and a key log tell of identities, exchanges and keys, so that each packet can then be judged by all of
// it: keys are often shown after the packet they belong to. Keys of a ratchet are found by the resumption id that names their
// S (MOVING §3), in the order of the log.

import { concat, toHex } from '../base/bytes.ts'
import { hitText } from '../crypto/hit.ts'
import { baseKeys, type EspKeySet, type KeyContext, type KeySet, ratchetKeys, type Start } from '../crypto/keymat.ts'
import { type PublicKey, samePublicKey } from '../crypto/public-key.ts'
import { sameSecret } from '../crypto/secret.ts'
import { ESP_AES128_GCM_16, type HitSuite, hitSuite } from '../crypto/suites.ts'
import * as wire from '../wire.ts'
import { ALGORITHMS, decrypted, identityOf, knowsCipher, knowsEspSuite } from './algorithms.ts'
import type { KeyLog } from './key-log.ts'
import { type AnyEspKeys, canOpenEsp, openAnyEsp } from './open-esp.ts'
import { INDEXES_MAX, keysAfterRekeys, offersSpi } from './plain-rekeys.ts'

/** One base exchange, as its I2 shows it. */
export interface Exchange {
  readonly i2: wire.Packet
  readonly context: KeyContext
  /** False if the ESP suite is not one whose keys can be drawn from KEYMAT here. */
  readonly drawsEsp: boolean
}

/** The keys between two ratchets, as the Initiator of the exchange has them. */
export interface Generation {
  readonly exchange: Exchange
  readonly keys: KeySet
}

/** Everything between two HITs. */
interface Pair {
  readonly kijs: Uint8Array[]
  readonly exchanges: Map<string, Exchange>
  readonly r2s: wire.Packet[]
  readonly generations: Generation[]
  /** ESP keys that rekeys of plain RFC 7402 may have led to, and the KEYMAT indexes that its UPDATEs name, if there are any. */
  readonly rekeyed: { readonly exchange: Exchange; readonly keys: EspKeySet }[]
  readonly indexes: Set<number>
  /** By HIT, in the order of appearance. */
  readonly starts: Map<string, Start[]>
  /** Resumption ids that packets name. */
  readonly resumptions: Set<string>
}

/** Whose inbound SPI one is, and from whom. */
interface Inbound {
  readonly owner: Uint8Array
  readonly peer: Uint8Array
  /** Announced in a base exchange, whose keys are drawn from its KEYMAT; in a rekey of plain RFC 7402; in any other way. */
  readonly by: 'exchange' | 'plain-rekey' | 'other'
}

/** What may open packets to an SPI. */
export interface EspCandidates {
  readonly keys: readonly AnyEspKeys[]
  /** True if the right key has to be among them. */
  readonly complete: boolean
  readonly ends?: { readonly source: Uint8Array; readonly destination: Uint8Array }
}

// Work that a foreign file can ask for is bounded.
const DERIVATIONS_MAX = 20_000
const STARTS_MAX = 64
/** Of one SPI, and of one HIT. */
const OWNERS_MAX = 64
const TLVS_MAX = 64

export class Knowledge {
  readonly #pairs = new Map<string, Pair>()
  /** Of one HIT there may be two keys, if somebody has gone to that length; none may speak for the other. */
  readonly #identities = new Map<string, PublicKey[]>()
  readonly #hostIdTlvs = new Map<string, Uint8Array[]>()
  readonly #inbound = new Map<number, Inbound[]>()
  readonly #esp = new Map<number, AnyEspKeys[]>()
  /** SPIs of plain rekeys with a packet that keys from the KIJ lines open: whatever they do not open is wrong. */
  readonly #proved = new Set<number>()
  #derivations = 0

  constructor(log: KeyLog) {
    for (const { pair, kij } of log.kijs) {
      const [a, b] = pair
      const { kijs } = this.#pairOf(a, b)
      if (!kijs.some((known) => sameSecret(known, kij))) kijs.push(kij)
    }
    for (const entry of log.esp) if (canOpenEsp(entry)) append(this.#esp, entry.spi, entry)
  }

  /** Every SPI that has keys or an owner. */
  knowsSpi(spi: number): boolean {
    return this.#esp.has(spi) || this.#inbound.has(spi)
  }

  /** Takes in a packet of the first pass. */
  learn(packet: wire.Packet): void {
    this.#learnHostId(packet, packet.parameters, packet.bytes)
    const pair = this.#pairOf(hitText(packet.sender), hitText(packet.receiver))
    if (packet.type === wire.PacketType.I2) this.#learnI2(pair, packet)
    if (packet.type === wire.PacketType.R2) pair.r2s.push(packet)
    const epoch = parameterIn(packet, 'EPOCH')
    if (epoch !== undefined) {
      // Zero where there is nothing to resume.
      if (epoch.resumptionId.some((byte) => byte !== 0)) pair.resumptions.add(toHex(epoch.resumptionId))
      for (const [hit, start] of [
        [packet.sender, epoch.sender],
        [packet.receiver, epoch.addressee],
      ] as const) {
        if (start.epoch > 0) addStart(pair, hitText(hit), start)
      }
    }
    this.#learnSpis(pair, packet)
  }

  #learnSpis(pair: Pair, packet: wire.Packet): void {
    const info = parameterIn(packet, 'ESP_INFO')
    const reserve = parameterIn(packet, 'RESERVE_SPI') ?? 0
    const ends = { owner: packet.sender, peer: packet.receiver }
    if (reserve > 0) this.#learnOwner(reserve, { ...ends, by: 'other' })
    if (info === undefined || info.newSpi === 0) return
    const isUpdate = packet.type === wire.PacketType.UPDATE
    const plain = isUpdate && parameterIn(packet, 'EPOCH') === undefined && offersSpi(info)
    if (plain && pair.indexes.size < INDEXES_MAX) pair.indexes.add(info.keymatIndex)
    this.#learnOwner(info.newSpi, { ...ends, by: plain ? 'plain-rekey' : isUpdate ? 'other' : 'exchange' })
  }

  /** Once, however often it is said: a packet may be repeated, and a file may hold nothing else. */
  #learnOwner(spi: number, { owner, peer, by }: Inbound): void {
    const known = this.#inbound.get(spi) ?? []
    if (known.length >= OWNERS_MAX) return
    if (known.some((one) => one.by === by && sameHit(one.owner, owner) && sameHit(one.peer, peer))) return
    append(this.#inbound, spi, { owner, peer, by })
  }

  /** Between the passes: finds the keys of every exchange and ratchet, and opens what they open. */
  derive(): void {
    for (const pair of this.#pairs.values()) {
      for (const exchange of pair.exchanges.values()) {
        const generation = this.#baseGeneration(pair, exchange)
        if (generation === undefined) continue
        pair.generations.push(generation)
        const hidden = this.decrypted(exchange.i2)
        if (hidden !== undefined) this.#learnHostId(exchange.i2, hidden.parameters, hidden.bytes)
      }
      this.#deriveRatchets(pair)
      if (pair.indexes.size > 0) this.#deriveRekeys(pair)
    }
  }

  /** Between the passes, for every ESP packet: whether it shows that the keys of a plain rekey are known. */
  prove(packet: Uint8Array): void {
    const spi = wire.spiOf(packet)
    if (this.#proved.has(spi) || this.#inbound.get(spi)?.some(({ by }) => by === 'plain-rekey') !== true) return
    const { keys } = this.espCandidates(spi)
    const opens = (one: AnyEspKeys): boolean =>
      openAnyEsp(one, packet, 0) !== undefined || openAnyEsp(one, packet, undefined) !== undefined
    if (keys.some(opens)) this.#proved.add(spi)
  }

  /** The keys that may sign for a HIT: those of the HOST_IDs that hash to it. */
  keysOf(hit: Uint8Array): readonly PublicKey[] {
    return this.#identities.get(hitText(hit)) ?? []
  }

  /** The HOST_ID TLVs that R1s of a HIT had: HIP_MAC_2 covers one of them. */
  hostIdTlvs(hit: Uint8Array): readonly Uint8Array[] {
    return this.#hostIdTlvs.get(hitText(hit)) ?? []
  }

  /** All key generations between the two ends of a packet. */
  generations(packet: wire.Packet): readonly Generation[] {
    return this.#pairOf(hitText(packet.sender), hitText(packet.receiver)).generations
  }

  /** Whether the log has any secret of these two ends. */
  hasSecrets(packet: wire.Packet): boolean {
    return this.#pairOf(hitText(packet.sender), hitText(packet.receiver)).kijs.length > 0
  }

  /** Whether every I2 between the two has found its keys. */
  knowsAllExchanges(packet: wire.Packet): boolean {
    const { exchanges, generations } = this.#pairOf(hitText(packet.sender), hitText(packet.receiver))
    return [...exchanges.values()].every((exchange) => generations.some((known) => known.exchange === exchange))
  }

  /** What ENCRYPTED of a packet holds, under any generation of keys that makes parameters of it. */
  decrypted(packet: wire.Packet): { parameters: readonly wire.RawParameter[]; bytes: Uint8Array } | undefined {
    const content = parameterIn(packet, 'ENCRYPTED')
    if (content === undefined) return undefined
    for (const { exchange, keys } of this.generations(packet)) {
      const { encryption } = hipKeysOf(exchange, keys, packet.sender)
      const bytes = decrypted(exchange.context.cipher, encryption, content)
      const parameters = bytes === undefined ? undefined : wire.decodeParameters(bytes)
      if (bytes !== undefined && parameters !== undefined && !wire.isMalformed(parameters)) return { parameters, bytes }
    }
    return undefined
  }

  /** What may open packets to this SPI. */
  espCandidates(spi: number): EspCandidates {
    const logged = this.#esp.get(spi) ?? []
    const keys = [...logged]
    let complete = logged.length > 0 || this.#proved.has(spi)
    const inbound = this.#inbound.get(spi) ?? []
    for (const { owner, peer, by } of inbound) {
      const { generations, rekeyed } = this.#pairOf(hitText(owner), hitText(peer))
      for (const { exchange, keys: set } of by === 'plain-rekey' ? rekeyed : generations) {
        if (!exchange.drawsEsp) continue
        const { esp } = set
        const { encryption, authentication } = sameHit(owner, exchange.context.own) ? esp.receive : esp.send
        keys.push({ suite: exchange.context.espSuite, encryption, authentication })
        complete ||= by === 'exchange'
      }
    }
    const [first] = inbound
    return first === undefined
      ? { keys, complete }
      : { keys, complete, ends: { source: first.peer, destination: first.owner } }
  }

  #learnI2(pair: Pair, i2: wire.Packet): void {
    const solution = parameterIn(i2, 'SOLUTION')
    const cipher = parameterIn(i2, 'HIP_CIPHER')?.[0]
    const espSuite = parameterIn(i2, 'ESP_TRANSFORM')?.[0]
    const suite = suiteOf(i2.receiver)
    if (solution === undefined || cipher === undefined || espSuite === undefined || suite === undefined) return
    if (!knowsCipher(cipher) || sameHit(i2.sender, i2.receiver)) return
    const drawsEsp = knowsEspSuite(espSuite)
    const ends = { own: i2.sender, peer: i2.receiver, i: solution.i, j: solution.j }
    const suites = { suite, cipher, espSuite: drawsEsp ? espSuite : ESP_AES128_GCM_16, algorithms: ALGORITHMS }
    const context = { ...suites, ...ends }
    const key = `${toHex(i2.sender)} ${exchangeKey(solution)}`
    if (!pair.exchanges.has(key)) pair.exchanges.set(key, { i2, context, drawsEsp })
  }

  #learnTlv(sender: string, tlv: Uint8Array): void {
    const known = this.#hostIdTlvs.get(sender) ?? []
    if (known.length < TLVS_MAX && !known.some((one) => sameSecret(one, tlv))) append(this.#hostIdTlvs, sender, tlv)
  }

  #learnHostId(packet: wire.Packet, parameters: readonly wire.RawParameter[], bytes: Uint8Array): void {
    for (const raw of parameters) {
      if (raw.type !== wire.Parameter.HOST_ID) continue
      const hostId = wire.decodeHostId(raw.contents, 0)
      if (wire.isMalformed(hostId)) continue
      const sender = hitText(packet.sender)
      const identity = identityOf(hostId, packet.sender)
      // A key that is not the sender's proves nothing about what the sender signs.
      if (identity?.fits === true) this.#learnKey(sender, identity.key)
      if (packet.type === wire.PacketType.R1) this.#learnTlv(sender, bytes.subarray(raw.start, raw.end))
    }
  }

  #learnKey(hit: string, key: PublicKey): void {
    const known = this.#identities.get(hit) ?? []
    if (!known.some((other) => samePublicKey(other, key))) append(this.#identities, hit, key)
  }

  #baseGeneration(pair: Pair, exchange: Exchange): Generation | undefined {
    for (const kij of pair.kijs) {
      if (++this.#derivations > DERIVATIONS_MAX) return undefined
      const generation = { exchange, keys: baseKeys(exchange.context, kij) }
      if (this.#isProved(pair, generation)) return generation
    }
    return undefined
  }

  // By the MAC of the I2 or of an R2, or because a packet names the S: one damaged packet must not hide the keys.
  #isProved(pair: Pair, generation: Generation): boolean {
    if (macFits(generation, generation.exchange.i2)) return true
    if (pair.resumptions.has(toHex(generation.keys.resumption.id))) return true
    return pair.r2s.some((r2) => this.hostIdTlvs(r2.sender).some((tlv) => macFits(generation, r2, tlv)))
  }

  #deriveRatchets(pair: Pair): void {
    const known = () => new Set(pair.generations.map(({ keys }) => toHex(keys.resumption.id)))
    const wanted = new Set(pair.resumptions)
    for (const id of known()) wanted.delete(id)
    // Grows while it is walked: the keys after one ratchet lead to those after the next.
    for (const generation of pair.generations) {
      if (wanted.size === 0) return
      this.#deriveFrom(pair, generation, wanted)
    }
  }

  #deriveFrom(pair: Pair, from: Generation, wanted: Set<string>): void {
    const { context } = from.exchange
    const own = pair.starts.get(hitText(context.own)) ?? []
    const peer = pair.starts.get(hitText(context.peer)) ?? []
    for (const kij of pair.kijs) {
      for (const ownStart of own) {
        for (const peerStart of peer) {
          if (++this.#derivations > DERIVATIONS_MAX) return
          const keys = ratchetKeys(context, kij, from.keys.resumption, ownStart, peerStart)
          if (wanted.delete(toHex(keys.resumption.id))) pair.generations.push({ exchange: from.exchange, keys })
        }
      }
    }
  }

  #deriveRekeys(pair: Pair): void {
    for (const exchange of new Set(pair.generations.map((generation) => generation.exchange)))
      for (const keys of keysAfterRekeys(exchange.context, pair.kijs, pair.indexes)) {
        if (++this.#derivations > DERIVATIONS_MAX) return
        pair.rekeyed.push({ exchange, keys })
      }
  }

  #pairOf(a: string, b: string): Pair {
    const key = a < b ? `${a} ${b}` : `${b} ${a}`
    let pair = this.#pairs.get(key)
    if (pair === undefined) {
      const keys = { kijs: [], generations: [], rekeyed: [], indexes: new Set<number>() }
      pair = { ...keys, exchanges: new Map(), r2s: [], starts: new Map(), resumptions: new Set() }
      this.#pairs.set(key, pair)
    }
    return pair
  }
}

/** The value of the first parameter of that name, if it is there and sound. */
export function parameterIn<N extends wire.ParameterName>(
  packet: wire.Packet,
  name: N,
): wire.ParameterValues[N] | undefined {
  const raw = packet.parameters.find(({ type }) => type === wire.Parameter[name])
  if (raw === undefined) return undefined
  const parameter = wire.decodeParameter(raw, raw.start + 4)
  return wire.isMalformed(parameter) || parameter.name !== name ? undefined : valueIn(parameter, name)
}

function valueIn<N extends wire.ParameterName>(
  parameter: wire.TypedParameter,
  name: N,
): wire.ParameterValues[N] | undefined {
  return parameter.name === name ? (parameter.value as wire.ParameterValues[N]) : undefined
}

/** Whether HIP_MAC, or with the TLV of a HOST_ID HIP_MAC_2, of a packet is right under these keys. RFC 7401 §6.4.1. */
export function macFits({ exchange, keys }: Generation, packet: wire.Packet, hostIdTlv?: Uint8Array): boolean {
  const type = hostIdTlv === undefined ? wire.Parameter.HIP_MAC : wire.Parameter.HIP_MAC_2
  const mac = packet.parameters.find((parameter) => parameter.type === type)
  if (mac === undefined) return false
  if (hostIdTlv !== undefined && packet.bytes.length + hostIdTlv.length > wire.HIP_PACKET_LIMIT) return false
  const { integrity } = hipKeysOf(exchange, keys, packet.sender)
  const covered = hostIdTlv === undefined ? wire.coveredBy(packet, type) : wire.macTwoInput(packet, hostIdTlv)
  return sameSecret(exchange.context.suite.mac(integrity, covered), mac.contents)
}

/** The same for the same I and J. */
export function exchangeKey({ i, j }: { readonly i: Uint8Array; readonly j: Uint8Array }): string {
  return toHex(concat(i, j))
}

/** The hash suite that a Responder's HIT settles; undefined if it is none of ours. RFC 7401 §3.2. */
export function suiteOf(hit: Uint8Array): HitSuite | undefined {
  return hitSuite((hit[3] ?? 0) & 0xf)
}

function hipKeysOf(exchange: Exchange, keys: KeySet, sender: Uint8Array): KeySet['hip']['send'] {
  return sameHit(sender, exchange.context.own) ? keys.hip.send : keys.hip.receive
}

function sameHit(a: Uint8Array, b: Uint8Array): boolean {
  return sameSecret(a, b)
}

function addStart(pair: Pair, hit: string, start: Start): void {
  const known = pair.starts.get(hit) ?? []
  if (known.length >= STARTS_MAX) return
  const isNew = known.every(
    ({ epoch, incarnation }) => epoch !== start.epoch || !sameSecret(incarnation, start.incarnation),
  )
  if (isNew) pair.starts.set(hit, [...known, start])
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}
