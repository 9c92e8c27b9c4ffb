// The host that X has left for epoch 2, turned hostile: it holds X's identity key, the instance key and receipt of epoch 1, what
// the capsule held, and hears every P1 in the clear. It has no instance key of a later start, and no ledger.

import type { Locator } from '../../src/base/address.ts'
import { assert } from '../../src/base/assert.ts'
import type { Association } from '../../src/core/association/association.ts'
import type { OwnStart } from '../../src/core/association/context.ts'
import { buildClose, buildUpdate, type Envelope } from '../../src/core/association/update.ts'
import { Engine } from '../../src/core/engine.ts'
import type { FrozenAssociation } from '../../src/core/moving/frozen.ts'
import { locatorParameter } from '../../src/core/moving/offer.ts'
import { signReceipt } from '../../src/core/moving/receipt.ts'
import { OutboundSa } from '../../src/core/sa/outbound.ts'
import { nodeAead } from '../../src/crypto/aead.ts'
import { generateDh } from '../../src/crypto/dh.ts'
import type { Entropy } from '../../src/crypto/entropy.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { type EspKeys, incarnationOf, interimKeys, resumptionOf } from '../../src/crypto/keymat.ts'
import { hitSuite } from '../../src/crypto/suites.ts'
import { hipOf, INNER_UDP_BYTES, wrapHip, writeInnerUdp } from '../../src/wire/datagram.ts'
import { encodeDiffieHellman } from '../../src/wire/exchange.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import { decodeMessage, type Update } from '../../src/wire/messages.ts'
import { appendParameter } from '../../src/wire/packet.ts'
import { encodeFinals, encodeReserveSpi } from '../../src/wire/private.ts'
import { NextHeader, Parameter } from '../../src/wire/registry.ts'
import { encodeAck, encodeEchoRequestSigned, encodeEspInfo, encodeSeq } from '../../src/wire/update.ts'
import { identity } from '../support/actors.ts'
import { CAST, entropyOf, locatorOf, PORT, spyOn, startAt } from './cast.ts'
import { associationOf, type End, watched } from './end.ts'
import type { Command, Flying, World } from './world.ts'

/** What it can do, as `F.p1`; each at most once a schedule. */
export const ATTACKS = [
  'p1', // its own Diffie–Hellman value, a copied receipt, an INSTANCE by its own key
  'p1-copied', // the same with the INSTANCE of the honest P1
  'p1-own-ledger', // a receipt for epoch 9 by a ledger of its own
  'p1-bare', // epoch 9 without a receipt
  'close', // CLOSE of the new epoch with a copied receipt
  'old-close', // CLOSE of epoch 1
  'old-data', // a number above FINALS on the old SA
  'interim', // data under the interim key of the new start
  'data-as-c', // a forged datagram from C to X
  'ack-as-c', // a forged ACK of everything X has sent, from its own address, with a question
  'zombie-data', // the old engine goes on and sends
  'zombie-rekey', // and rekeys
  'exchange', // it goes through a base exchange as epoch 1
] as const

export type Attack = (typeof ATTACKS)[number]

export function isAttack(command: Command): boolean {
  return command.startsWith('F.')
}

/** Where the hostile host is: at the address that X had there. */
const HERE: Locator = locatorOf('X', 1)
const ELSEWHERE: Locator = { address: '198.51.100.1', port: 10_500 }
const ATTACKER = identity(0x6666)
const OWN_LEDGER = identity(0x6667)
const NONCE = new Uint8Array(16).fill(0x66)

export class FormerHost {
  readonly #world: World
  #heard: Update | undefined
  /** An engine that it runs: X's old one, or one of its own. */
  #engine: Engine | undefined
  #entropy: Entropy = entropyOf('F')
  #elsewhere = false
  /** It has struck while it still could: until then it can force a reset (MOVING §5). */
  early = false

  constructor(world: World) {
    this.#world = world
  }

  /** It acts once X has left, and copies only what it has heard. */
  can(command: Command): boolean {
    const { X } = this.#world.ends
    const attack = command.slice(2)
    if (X.epoch < 2 || X.former === undefined) return false
    if (attack.startsWith('zombie') || attack.startsWith('old') || attack.endsWith('as-c')) return true
    if (attack === 'exchange') return this.#engine === undefined
    return this.#heard !== undefined
  }

  /** Everything on the wire passes by; P1s are in the clear. */
  hear(packet: Flying): void {
    if (packet.by !== 'X' || packet.epoch < 2 || packet.sealed !== undefined || this.#heard !== undefined) return
    const message = decodeMessage(hipOf(packet.bytes))
    if (!isMalformed(message) && message.kind === 'UPDATE' && message.instance !== undefined) this.#heard = message
  }

  /** A packet to an address of the hostile host; false if nobody listens there. */
  takes(packet: Omit<Flying, 'id'>): boolean {
    const here = this.#elsewhere ? ELSEWHERE : HERE
    if (this.#engine === undefined || packet.to.address !== here.address) return false
    this.#engine.receive(this.#world.now, packet.bytes, packet.from)
    this.#pump()
    return true
  }

  /** What it has done and knows. */
  get text(): string {
    const runs = this.#engine === undefined ? 'idle' : this.#elsewhere ? 'exchanges' : 'walks'
    return `${runs} ${this.early} ${this.#heard !== undefined}`
  }

  /** That of the engine it runs. */
  get association(): Association | undefined {
    return this.#engine === undefined ? undefined : associationOf(this.#entropy)
  }

  /** One of its packets arrives: early if that end has not yet bound the new start, or not yet been answered by C. */
  beforeDelivery({ session, side }: End): void {
    const early = side === 'C' ? (session?.peerStart.epoch ?? 0) < 2 : session?.interim !== undefined
    this.early ||= early
  }

  /** It falls silent, and its address is forwarded again. */
  stop(): void {
    this.#engine = undefined
  }

  attack(command: Command): void {
    const attack = command.slice(2)
    if (attack.startsWith('p1')) this.#p1(attack)
    else if (attack.endsWith('close')) this.#close(attack === 'close' ? this.#forgedStart() : startAt('X', 1))
    else if (attack === 'old-data') this.#oldData()
    else if (attack === 'interim') this.#interim()
    else if (attack === 'data-as-c') this.#dataAsC()
    else if (attack === 'ack-as-c') this.#ackAsC()
    else if (attack === 'exchange') this.#exchange()
    else this.#zombie(attack)
  }

  /** C has taken something that we have sealed. */
  onAccepted(end: End, label: string): string | undefined {
    const { session } = end
    if (session === undefined) return 'F: forged data without a session'
    if (end.side === 'X')
      return session.ratchet.name === 'settled' && session.interim === undefined ? FORGED : undefined
    if (session.peerStart.epoch < 2) return undefined
    const completed = session.ratchet.name === 'settled' || session.ratchet.name === 'committed'
    return label === 'Finterim' && !completed ? undefined : FORGED
  }

  get #capsule(): FrozenAssociation {
    const association = this.#world.ends.X.left?.associations[0]
    assert(association !== undefined, 'the capsule that left has an association')
    return association
  }

  /** The start of the honest P1, with a key of our own where its instance key would be. */
  #forgedStart(): OwnStart {
    const epoch = this.#heard?.epoch
    assert(epoch !== undefined, 'a receipt is copied from a P1')
    const { sender, receipt } = epoch
    return { ...sender, instance: ATTACKER, receipt, ledgerKey: startAt('X', 1).ledgerKey }
  }

  #envelope(start: OwnStart, proveStart: boolean): Envelope {
    const { hitSuite: id, secret, hipSend, peerStart } = this.#capsule
    const suite = hitSuite(id)
    assert(suite !== undefined, 'X has a suite')
    return {
      own: hitBytes(CAST.identities.X.hit),
      peer: hitBytes(CAST.identities.C.hit),
      suite,
      start,
      identity: CAST.identities.X,
      addressee: peerStart,
      baseEpoch: 1,
      resumption: resumptionOf(secret),
      hipSend,
      proveStart,
    }
  }

  #p1(attack: string): void {
    const { identities } = CAST
    const dh = generateDh(7, entropyOf('F'))
    assert(dh !== undefined && this.#heard !== undefined, 'group 7 is there')
    let start = this.#forgedStart()
    if (attack === 'p1-own-ledger' || attack === 'p1-bare') {
      const incarnation = incarnationOf(ATTACKER.publicKey.bytes)
      const fields = { ledger: OWN_LEDGER.publicKey, hit: hitBytes(identities.X.hit), epoch: 9, incarnation }
      const receipt = signReceipt({ ...fields, host: hitBytes(ATTACKER.hit), timeMs: 0 }, OWN_LEDGER)
      start = { ...start, epoch: 9, incarnation, receipt: attack === 'p1-bare' ? undefined : receipt }
    }
    const envelope = this.#envelope(start, attack !== 'p1-copied')
    const parameters = [
      encodeEspInfo({ keymatIndex: 0, oldSpi: this.#capsule.inbound[0]?.spi ?? 0x7000, newSpi: 0x7001 }),
      encodeSeq(0),
      encodeDiffieHellman({ group: dh.group, publicValue: dh.publicValue }),
      encodeReserveSpi(0x7002),
      locatorParameter([ELSEWHERE], 0x7001),
      encodeFinals(this.#capsule.finals),
    ]
    const packet = buildUpdate(envelope, parameters, true)
    this.#send(attack === 'p1-copied' ? this.#withCopiedInstance(envelope, packet) : packet)
  }

  /** The packet with receipt and INSTANCE as they were in the honest P1, and MAC and signature over all of it. */
  #withCopiedInstance({ suite, hipSend, identity: x }: Envelope, packet: Uint8Array): Uint8Array {
    const raw = this.#heard?.packet.parameters.find(({ type }) => type === Parameter.INSTANCE)
    const message = decodeMessage(packet)
    assert(raw !== undefined && !isMalformed(message), 'a P1 has an INSTANCE')
    const mac = message.packet.parameters.find(({ type }) => type === Parameter.HIP_MAC)
    let bytes: Uint8Array = packet.slice(0, mac?.start ?? 0)
    bytes[1] = bytes.length / 8 - 1
    bytes = appendParameter(bytes, Parameter.INSTANCE, raw.contents)
    bytes = appendParameter(bytes, Parameter.HIP_MAC, suite.mac(hipSend.integrity, bytes))
    const signature = x.sign(bytes)
    const contents = new Uint8Array(2 + signature.length)
    contents[1] = x.publicKey.algorithm
    contents.set(signature, 2)
    return appendParameter(bytes, Parameter.HIP_SIGNATURE, contents)
  }

  #close(start: OwnStart): void {
    const envelope = this.#envelope(start, start.epoch > 1)
    this.#send(buildClose(envelope, 'CLOSE', [encodeEchoRequestSigned(NONCE)]))
  }

  #oldData(): void {
    const [final] = this.#capsule.finals
    assert(final !== undefined, 'X has sealed to C')
    this.#seal('Fold', CAST.seeds.X.keys.esp.send, final.spi, final.sequence)
  }

  #interim(): void {
    const { secret, peerStart, reserveOut, espSuite } = this.#capsule
    const [x, c] = [hitBytes(CAST.identities.X.hit), hitBytes(CAST.identities.C.hit)]
    const keys = interimKeys({ espSuite }, resumptionOf(secret), x, c, this.#forgedStart(), peerStart, reserveOut)
    this.#seal('Finterim', keys, reserveOut, 0)
  }

  #dataAsC(): void {
    const [inbound] = this.#capsule.inbound
    assert(inbound !== undefined, 'a capsule has the keys of what comes in')
    this.#seal('Fas-c', inbound.keys, inbound.spi, inbound.highest, true)
  }

  /** The capsule has C's HIP keys too, but not its identity: only what needs no signature can be forged. */
  #ackAsC(): void {
    const { hipReceive, peerStart } = this.#capsule
    const base = this.#envelope(startAt('C', peerStart.epoch), false)
    const { epoch, incarnation } = startAt('X', this.#world.ends.X.epoch)
    const envelope = { ...base, own: base.peer, peer: base.own, hipSend: hipReceive, addressee: { epoch, incarnation } }
    const parameters = [encodeSeq(77), encodeAck([0, 1, 2, 3]), encodeEchoRequestSigned(NONCE)]
    const packet = buildUpdate({ ...envelope, identity: ATTACKER }, parameters, false)
    this.#world.inject(wrapHip(packet), ELSEWHERE, this.#world.ends.X.locator)
  }

  #seal(label: string, keys: EspKeys, spi: number, last: number, asC = false): void {
    const { espSuite } = this.#capsule
    const [x, c] = [hitBytes(CAST.identities.X.hit), hitBytes(CAST.identities.C.hit)]
    const sa = new OutboundSa({ spi, suite: espSuite, keys, aead: nodeAead, entropy: entropyOf('F') })
    let packet: Uint8Array | undefined
    // Numbers are drawn in order; only the first that X has not used is sent.
    for (let number = 0; number <= last; number++) {
      const data = new TextEncoder().encode(label)
      packet = sa.allocate(INNER_UDP_BYTES + data.length)
      writeInnerUdp(packet, sa.payloadOffset, PORT, PORT, data, asC ? c : x, asC ? x : c)
      sa.seal(packet, INNER_UDP_BYTES + data.length, NextHeader.UDP)
    }
    const { X, C } = this.#world.ends
    if (packet !== undefined) this.#world.inject(packet, asC ? ELSEWHERE : HERE, asC ? X.locator : C.locator)
  }

  #send(packet: Uint8Array): void {
    this.#world.inject(wrapHip(packet), ELSEWHERE, this.#world.ends.C.locator)
  }

  /** The engine that froze runs on, as its grant says it must not. */
  #zombie(attack: string): void {
    const { now, ends } = this.#world
    const { former } = ends.X
    assert(former !== undefined, 'X has left an engine behind')
    if (this.#engine !== former) former.unfreeze(now)
    this.#engine = former
    this.#entropy = ends.X.formerEntropy
    this.#elsewhere = false
    const peer = CAST.identities.C.hit
    if (attack === 'zombie-rekey') former.rekey(now, peer)
    else former.send(now, peer, PORT, PORT, new TextEncoder().encode('Fzombie'))
    this.#pump()
  }

  #exchange(): void {
    const { now, ends } = this.#world
    const options = { identity: CAST.identities.X, start: startAt('X', 1), entropy: watched(this.#entropy), now }
    const aead = spyOn('X', 1, () => undefined)
    this.#engine = new Engine({ ...options, aead, locators: [ELSEWHERE] })
    this.#elsewhere = true
    this.#engine.associate(now, { hit: CAST.identities.C.hit, locators: [ends.C.locator] })
    this.#pump()
  }

  #pump(): void {
    const engine = this.#engine
    if (engine === undefined) return
    const { now } = this.#world
    const from = this.#elsewhere ? ELSEWHERE : HERE
    for (let out = engine.transmit(now); out !== undefined; out = engine.transmit(now))
      this.#world.inject(out.bytes, from, out.to)
    while (engine.event() !== undefined);
  }
}

const FORGED = 'F: data forged by the former host was accepted after the ratchet'
