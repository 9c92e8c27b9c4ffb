// A HIPv2 peer that knows only the RFCs: 7401, 7402 and 8046, and none of our code but the codecs and an identity. Its states, its
// key schedule, its rekeys and its ESP are written from those texts, as a stranger would read them.

import type { ECDH } from 'node:crypto'
import type { Locator } from '../../src/base/address.ts'
import { concat, equalBytes } from '../../src/base/bytes.ts'
import { type Hit, hitBytes } from '../../src/crypto/hit.ts'
import type { Identity } from '../../src/crypto/identity.ts'
import { hipOf, INNER_UDP_BYTES, readInnerUdp, wrapHip, writeInnerUdp } from '../../src/wire/datagram.ts'
import * as exchange from '../../src/wire/exchange.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import {
  type Close,
  decodeMessage,
  encodeMessage,
  type I2,
  type Message,
  type MessageKind,
  type R1,
  type Update,
} from '../../src/wire/messages.ts'
import {
  appendParameter,
  coveredBy,
  encodeParameters,
  macTwoInput,
  type ParameterValue,
} from '../../src/wire/packet.ts'
import { Parameter } from '../../src/wire/registry.ts'
import * as update from '../../src/wire/update.ts'
import { type Directions, drawEsp, ESP_BYTES, type EspKeys, type Outbound, open, seal } from './foreign-esp.ts'
import { i2Parameters, locatorSet, publicValueOf, type Rekey, r1Parameters, signed } from './foreign-exchange.ts'
import { freshDh, hmacOf, keymatOf, kijOf } from './foreign-keys.ts'
import type { Flying } from './pair.ts'

const HASH_BYTES = 48
const TRIES_MAX = 12

/** HIP-gl encryption and integrity, HIP-lg the same: AES-128-CBC and HMAC-SHA-384 (RFC 7401 §6.5). */
const ESP_INDEX = 2 * (16 + HASH_BYTES)

export class ForeignPeer {
  readonly identity: Identity
  readonly own: Uint8Array
  at: Locator
  readonly sent: Flying[] = []
  readonly heard: string[] = []
  readonly kinds: string[] = []
  state: 'UNASSOCIATED' | 'I1-SENT' | 'I2-SENT' | 'R2-SENT' | 'ESTABLISHED' | 'CLOSING' | 'CLOSED' = 'UNASSOCIATED'
  rekeys = 0
  /** Every Kij that it has had, as a key log would have them. */
  readonly kijs: Uint8Array[] = []
  /** Whether it brings a Diffie–Hellman value of its own when it answers a rekey. */
  bringsDh = true
  /** LOCATOR_SET of its R1, I2 and R2 (RFC 8047 §4.2.8), if it has any. */
  named: readonly ParameterValue[] = []
  /** What it does with the data of a datagram. */
  onDatagram: (data: Uint8Array) => void = () => {}
  /** Where it thinks that the other end is. */
  there: Locator | undefined
  peer: Uint8Array = new Uint8Array(16)
  rekey: Rekey | undefined
  #dh: ECDH
  readonly #entropy: ((length: number) => Uint8Array) | undefined
  /** What is repeated until it is answered: the last packet of an exchange, and UPDATEs by their ids. */
  #opening: Flying | undefined
  #tries = 0
  readonly #unacknowledged = new Map<number, Uint8Array>()
  #r2: Uint8Array | undefined
  #peerDh: Uint8Array = new Uint8Array(0)
  #i: Uint8Array = new Uint8Array(HASH_BYTES)
  #j: Uint8Array = new Uint8Array(HASH_BYTES)
  #hip: { readonly send: Uint8Array; readonly receive: Uint8Array } | undefined
  #peerHostId: Uint8Array = new Uint8Array(0)
  readonly #inbound = new Map<number, EspKeys>()
  #outbound: Outbound | undefined
  readonly #pairs: { readonly inboundSpi: number; readonly outbound: Outbound | undefined }[] = []
  #spi = 0x5000
  #inboundSpi = 0
  /** Where KEYMAT goes on (RFC 7402 §5.1.1). */
  #keymatIndex = ESP_INDEX + ESP_BYTES
  #nextUpdateId = 0
  readonly #seen = new Set<number>()
  #nonce = new Uint8Array(0)
  #check: { readonly nonce: Uint8Array; readonly to: Locator } | undefined

  constructor(identity: Identity, at: Locator, entropy?: (length: number) => Uint8Array) {
    this.identity = identity
    this.own = hitBytes(identity.hit)
    this.at = at
    this.#entropy = entropy
    this.#dh = freshDh(entropy)
  }

  associate(hit: Hit, to: Locator): void {
    this.peer = hitBytes(hit)
    this.state = 'I1-SENT'
    this.#tries = 0
    this.#dh = freshDh(this.#entropy)
    this.#send(encodeMessage('I1', this.own, this.peer, [exchange.encodeDhGroupList([7])]), to)
    this.#opening = this.sent.at(-1)
  }

  say(text: string): void {
    this.sayBytes(new TextEncoder().encode(text))
  }

  sayBytes(bytes: Uint8Array, sourcePort = 7): void {
    const payload = new Uint8Array(INNER_UDP_BYTES + bytes.length)
    payload.set(bytes, INNER_UDP_BYTES)
    writeInnerUdp(payload, 0, sourcePort, 7, bytes, this.own, this.peer)
    const out = this.#outbound
    if (out === undefined || this.there === undefined) throw new Error('nothing to seal with, or nowhere to send to')
    out.sequence += 1
    this.sent.push({ from: this.at, to: this.there, bytes: seal(out.keys, out.spi, out.sequence, payload) })
  }

  /** RFC 7402 §6.8. Without a new Diffie–Hellman value it asks for keys from the old KEYMAT. */
  startRekey(withDh: boolean): void {
    this.#offer(withDh, [])
  }

  /** RFC 8047 §5.1, case 2: another pair of SAs, beside those that there are. */
  addPair(): void {
    this.#pairs.push({ inboundSpi: this.#inboundSpi, outbound: this.#outbound })
    this.#offer(true, [], 0)
  }

  /** Uses the pair that was used before. */
  turnBack(): void {
    const pair = this.#pairs.pop()
    if (pair === undefined) throw new Error('no such pair')
    this.#pairs.push({ inboundSpi: this.#inboundSpi, outbound: this.#outbound })
    this.#inboundSpi = pair.inboundSpi
    this.#outbound = pair.outbound
  }

  /** RFC 8046 §5.3, case 4: the present pair is taken back, and the one before it used. */
  withdrawPair(): void {
    const info = update.encodeEspInfo({ keymatIndex: 0, oldSpi: this.#inboundSpi, newSpi: 0 })
    this.#update([info, update.encodeSeq(this.#nextUpdateId++)])
    this.#inbound.delete(this.#inboundSpi)
    this.turnBack()
    this.#pairs.pop()
  }

  /** RFC 8046 §3.2.1: the address has changed. `type` 1 has no port, type 2 is of RFC 9028 §5.7. */
  readdress(at: Locator, type: 1 | 2, rekey = false): void {
    this.at = at
    const locators = [locatorSet(at, type, this.#inboundSpi)]
    if (rekey) return this.#offer(true, locators)
    const info = update.encodeEspInfo({ keymatIndex: 0, oldSpi: this.#inboundSpi, newSpi: this.#inboundSpi })
    this.#sequenced([info, ...locators])
  }

  close(): void {
    this.state = 'CLOSING'
    this.#nonce = new Uint8Array(16).fill(9)
    this.#control('CLOSE', [update.encodeEchoRequestSigned(this.#nonce)])
  }

  /** RFC 7401 §6.11: whatever has not been acknowledged goes out again. */
  repeat(): void {
    // RFC 7401 §4.4.4: after so many tries it is over.
    if (this.#opening !== undefined && ++this.#tries > TRIES_MAX) this.state = 'UNASSOCIATED'
    if (this.state === 'UNASSOCIATED') this.#opening = undefined
    if (this.#opening !== undefined) this.sent.push(this.#opening)
    for (const packet of this.#unacknowledged.values()) if (this.there !== undefined) this.#send(packet, this.there)
  }

  receive(bytes: Uint8Array, from: Locator): void {
    if (bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== 0 || bytes[3] !== 0) return this.#onEsp(bytes)
    const message = decodeMessage(hipOf(bytes))
    if (isMalformed(message)) throw new Error(`a foreign peer cannot read this: ${message.malformed}`)
    this.kinds.push(message.kind)
    if (message.kind === 'I1') this.#onI1(message, from)
    else if (message.kind === 'R1' && this.state === 'I1-SENT') this.#onR1(message, from)
    else if (message.kind === 'I2') this.#onI2(message, from)
    else if (message.kind === 'R2' && this.state === 'I2-SENT') this.#onR2(message)
    else if (message.kind === 'UPDATE' && !this.state.startsWith('I')) this.#onUpdate(message, from)
    else if (message.kind === 'CLOSE') this.#onClose(message)
    else if (message.kind === 'CLOSE_ACK' && equalBytes(message.echoResponseSigned, this.#nonce))
      this.state = 'UNASSOCIATED'
  }

  #onI1(message: Message, from: Locator): void {
    const offer = r1Parameters(this.identity, this.#i, publicValueOf(this.#dh))
    const packet = encodeMessage('R1', this.own, new Uint8Array(16), [...this.named, ...offer])
    const bytes = signed(this.identity, packet, Parameter.HIP_SIGNATURE_2)
    bytes.set(message.sender, 24)
    this.#send(bytes, from)
  }

  #onR1(message: R1, from: Locator): void {
    this.#i = message.puzzle.i.slice()
    // No two exchanges of one generation of R1s may have the same solution.
    this.#j = publicValueOf(this.#dh).slice(0, HASH_BYTES)
    this.#peerDh = message.dh.publicValue.slice()
    this.#peerHostId = message.hostIdTlv.slice()
    const keys = this.#baseKeys()
    this.#inboundSpi = ++this.#spi
    const info = update.encodeEspInfo({ keymatIndex: ESP_INDEX, oldSpi: 0, newSpi: this.#inboundSpi })
    const answer = i2Parameters(this.identity, message, this.#j, publicValueOf(this.#dh))
    const packet = encodeMessage('I2', this.own, this.peer, [info, ...this.named, ...answer])
    this.state = 'I2-SENT'
    this.there = from
    this.#inbound.set(this.#inboundSpi, keys.receive)
    this.#send(signed(this.identity, this.#mac(packet), Parameter.HIP_SIGNATURE), from)
    this.#opening = this.sent.at(-1)
  }

  #onI2(message: I2, from: Locator): void {
    if (this.#r2 !== undefined && equalBytes(this.#j, message.solution.j)) return this.#send(this.#r2, from)
    this.peer = message.sender.slice()
    this.#i = message.solution.i.slice()
    this.#j = message.solution.j.slice()
    this.#peerDh = message.dh.publicValue.slice()
    const keys = this.#baseKeys()
    this.#verify(coveredBy(message.packet, Parameter.HIP_MAC), message.mac)
    const { algorithm, label, bytes: key } = this.identity.publicKey
    this.#inboundSpi = ++this.#spi
    this.#inbound.set(this.#inboundSpi, keys.receive)
    this.#outbound = { spi: message.espInfo.newSpi, keys: keys.send, sequence: 0 }
    this.there = from
    const packet = encodeMessage('R2', this.own, this.peer, [
      update.encodeEspInfo({ keymatIndex: ESP_INDEX, oldSpi: 0, newSpi: this.#inboundSpi }),
    ])
    const hostIdTlv = encodeParameters([exchange.encodeHostId({ algorithm, label, key })])
    const mac = hmacOf(this.#hip?.send, macTwoInput(packet, hostIdTlv))
    this.state = 'R2-SENT'
    this.#r2 = signed(this.identity, appendParameter(packet, Parameter.HIP_MAC_2, mac), Parameter.HIP_SIGNATURE)
    this.#send(this.#r2, from)
  }

  #onR2(message: Extract<Message, { kind: 'R2' }>): void {
    this.#verify(macTwoInput(message.packet, this.#peerHostId), message.mac2)
    this.#outbound = { spi: message.espInfo.newSpi, keys: this.#baseKeys().send, sequence: 0 }
    this.state = 'ESTABLISHED'
    this.#opening = undefined
  }

  /** RFC 7401 §6.12, RFC 7402 §6.9, RFC 8046 §5. */
  #onUpdate(message: Update, from: Locator): void {
    if (message.signature === undefined) throw new Error('RFC 7401 §5.3.5: an UPDATE is signed')
    this.#verify(coveredBy(message.packet, Parameter.HIP_MAC), message.mac)
    if (this.state === 'R2-SENT') this.state = 'ESTABLISHED'
    const { rekey } = this
    for (const id of message.ack ?? []) this.#unacknowledged.delete(id)
    if (rekey !== undefined && message.ack?.includes(rekey.updateId) === true) rekey.acknowledged = true
    const check = this.#check
    const echo = message.echoResponseSigned
    if (check !== undefined && echo !== undefined && equalBytes(check.nonce, echo)) {
      this.there = check.to
      this.#check = undefined
    }
    if (message.seq !== undefined) this.#onSeq(message, message.seq, from)
    this.#finish()
  }

  #onSeq(message: Update, seq: number, from: Locator): void {
    const echo =
      message.echoRequestSigned === undefined
        ? []
        : [update.encodeEchoResponseSigned(message.echoRequestSigned.slice())]
    const replayed = this.#seen.has(seq)
    // Keys that later ones have overtaken are of no use.
    const overtaken = seq < Math.max(-1, ...this.#seen)
    this.#seen.add(seq)
    const { espInfo, dh } = message
    if (replayed || overtaken || espInfo === undefined || espInfo.oldSpi === espInfo.newSpi) {
      if (message.locators === undefined || replayed) return this.#update([update.encodeAck([seq]), ...echo], from)
      return this.#ask(seq, from)
    }
    if (dh !== undefined && espInfo.keymatIndex !== 0) throw new Error('RFC 7402 §6.9 step 1')
    const theirs = { spi: espInfo.newSpi, dh: dh?.publicValue.slice(), keymatIndex: espInfo.keymatIndex }
    if (this.rekey === undefined) {
      const request: ParameterValue[] = []
      if (message.locators !== undefined) {
        this.#check = { nonce: new Uint8Array(16).fill(seq + 1), to: from }
        request.push(update.encodeEchoRequestSigned(this.#check.nonce))
        this.there = from
      }
      this.#offer(this.bringsDh, [update.encodeAck([seq]), ...request])
    } else if (message.locators === undefined) this.#update([update.encodeAck([seq]), ...echo], from)
    else this.#ask(seq, from)
    if (this.rekey !== undefined) this.rekey.theirs = theirs
  }

  /** RFC 8046 §3.2.1, second packet: acknowledged, and the new address checked. */
  #ask(seq: number, from: Locator): void {
    this.#check = { nonce: new Uint8Array(16).fill(seq + 1), to: from }
    this.there = from
    const info = update.encodeEspInfo({ keymatIndex: 0, oldSpi: this.#inboundSpi, newSpi: this.#inboundSpi })
    const request = update.encodeEchoRequestSigned(this.#check.nonce)
    this.#sequenced([info, update.encodeAck([seq]), request], from)
  }

  #onClose(message: Close): void {
    this.#verify(coveredBy(message.packet, Parameter.HIP_MAC), message.mac)
    this.#control('CLOSE_ACK', [update.encodeEchoResponseSigned(message.echoRequestSigned.slice())])
    this.state = 'CLOSED'
  }

  #offer(withDh: boolean, more: readonly ParameterValue[], oldSpi = this.#inboundSpi): void {
    const dh = withDh ? freshDh(this.#entropy) : undefined
    const updateId = this.#nextUpdateId++
    const spi = ++this.#spi
    const keymatIndex = withDh ? 0 : this.#keymatIndex
    const packet = this.#control('UPDATE', [
      update.encodeEspInfo({ keymatIndex, oldSpi, newSpi: spi }),
      update.encodeSeq(updateId),
      ...(dh === undefined ? [] : [exchange.encodeDiffieHellman({ group: 7, publicValue: publicValueOf(dh) })]),
      ...more,
    ])
    this.#unacknowledged.set(updateId, packet)
    this.rekey = { spi, dh, updateId, keymatIndex, acknowledged: false, theirs: undefined }
  }

  /** RFC 7402 §6.10. */
  #finish(): void {
    const { rekey } = this
    if (rekey?.acknowledged !== true || rekey.theirs === undefined) return
    this.rekey = undefined
    // Between two strangers neither may bring a value: then the same KEYMAT goes on.
    const { dh, keymatIndex } = rekey.theirs
    const index = rekey.dh === undefined && dh === undefined ? Math.max(rekey.keymatIndex, keymatIndex) : 0
    this.#dh = rekey.dh ?? this.#dh
    this.#peerDh = dh ?? this.#peerDh
    this.#keymatIndex = index + ESP_BYTES
    const keys = drawEsp(this.#keymat(index + ESP_BYTES).slice(index), this.#greater)
    this.#inbound.set(rekey.spi, keys.receive)
    this.#inboundSpi = rekey.spi
    this.#outbound = { spi: rekey.theirs.spi, keys: keys.send, sequence: 0 }
    this.rekeys += 1
  }

  get #greater(): boolean {
    return Buffer.compare(this.own, this.peer) > 0
  }

  /** RFC 7401 §6.5: HKDF over Kij, salt I | J, info the sorted HITs. */
  #keymat(length: number): Uint8Array {
    const { own, peer } = this
    const kij = kijOf(this.#dh, this.#peerDh)
    this.kijs.push(kij)
    const info = this.#greater ? concat(peer, own) : concat(own, peer)
    return keymatOf(kij, concat(this.#i, this.#j), info, length)
  }

  #baseKeys(): Directions {
    const keymat = this.#keymat(ESP_INDEX + ESP_BYTES)
    const greater = keymat.slice(16, 16 + HASH_BYTES)
    const less = keymat.slice(16 + HASH_BYTES + 16, ESP_INDEX)
    this.#hip = this.#greater ? { send: greater, receive: less } : { send: less, receive: greater }
    return drawEsp(keymat.slice(ESP_INDEX), this.#greater)
  }

  #verify(covered: Uint8Array, mac: Uint8Array): void {
    if (!equalBytes(hmacOf(this.#hip?.receive, covered), mac)) throw new Error('a MAC is wrong')
  }

  #update(parameters: readonly ParameterValue[], to = this.there): void {
    this.#control('UPDATE', parameters, to)
  }

  #sequenced(parameters: readonly ParameterValue[], to = this.there): void {
    const id = this.#nextUpdateId++
    this.#unacknowledged.set(id, this.#control('UPDATE', [...parameters, update.encodeSeq(id)], to))
  }

  #control(kind: MessageKind, parameters: readonly ParameterValue[], to = this.there): Uint8Array {
    const packet = encodeMessage(kind, this.own, this.peer, parameters)
    const bytes = signed(this.identity, this.#mac(packet), Parameter.HIP_SIGNATURE)
    if (to !== undefined) this.#send(bytes, to)
    return bytes
  }

  #mac(packet: Uint8Array): Uint8Array {
    return appendParameter(packet, Parameter.HIP_MAC, hmacOf(this.#hip?.send, packet))
  }

  #send(packet: Uint8Array, to: Locator): void {
    this.sent.push({ from: this.at, to, bytes: wrapHip(packet) })
  }

  #onEsp(packet: Uint8Array): void {
    const keys = this.#inbound.get(Buffer.from(packet).readUInt32BE(0))
    const opened = keys && open(keys, packet)
    if (opened === undefined) return void this.heard.push('?')
    if (this.state === 'R2-SENT') this.state = 'ESTABLISHED'
    if (opened.nextHeader !== 17) return
    const datagram = readInnerUdp(opened.payload, this.peer, this.own)
    if (isMalformed(datagram)) throw new Error(datagram.malformed)
    this.heard.push(new TextDecoder().decode(datagram.data))
    this.onDatagram(datagram.data)
  }
}
