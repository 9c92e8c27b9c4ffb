// RFC 7401 §5.3.5 to §5.3.8 and §6.11 to §6.15, RFC 7402 §6.8 and §6.9, RFC 8046 §4.3: what is done about UPDATE, NOTIFY and CLOSE
// of a peer that has every key and says what it likes.

import { describe, expect, it } from 'vitest'
import { locatorParameter } from '../../src/core/moving/offer.ts'
import { generateDh } from '../../src/crypto/dh.ts'
import { Identity, verify } from '../../src/crypto/identity.ts'
import { encodeDiffieHellman, encodeHostId } from '../../src/wire/exchange.ts'
import { appendParameter, coveredBy } from '../../src/wire/packet.ts'
import { encodeReserveSpi } from '../../src/wire/private.ts'
import { Parameter } from '../../src/wire/registry.ts'
import {
  encodeAck,
  encodeEchoRequestSigned,
  encodeEchoResponseSigned,
  encodeEspInfo,
  encodeSeq,
} from '../../src/wire/update.ts'
import { identity, seeded } from '../support/actors.ts'
import { flippedAt } from '../support/altered.ts'
import { type Insider, insider } from '../support/insider.ts'
import {
  type Cast,
  endedAt,
  hip,
  labelOf,
  marked,
  messagesOf,
  place,
  sentBy,
  stage,
  stateAt,
  those,
  updateOf,
} from '../support/stage.ts'

const SPI = 0x4000

function labels(datagrams: readonly Uint8Array[]): string[] {
  return datagrams.map((bytes) => labelOf(bytes))
}

function hostIdOf({ publicKey: { algorithm, label, bytes } }: Identity) {
  return encodeHostId({ algorithm, label, key: bytes })
}

/** ESP_INFO that changes nothing, and where Bob says that he is. */
function readdress(cast: Cast, seq: number) {
  return [
    encodeEspInfo({ keymatIndex: 0, oldSpi: SPI, newSpi: SPI }),
    locatorParameter([cast.b.at, place(9)], SPI),
    encodeSeq(seq),
  ]
}

/** A word of Alice's that she repeats until it is acknowledged; its Update ID. */
function moveAlice(cast: Cast): number {
  cast.a.engine.readdress(cast.wire.now, [cast.a.at])
  cast.wire.drain()
  return updateOf(those(cast, 'READDRESS', cast.a)[0]).seq ?? 0
}

function repetitions(cast: Cast, ms: number): number {
  const since = cast.wire.sent.length
  cast.wire.run(ms)
  return those(cast, 'READDRESS', cast.a, since).length
}

describe('an UPDATE', () => {
  it('with SEQ is acknowledged, and its acknowledgement is not', () => {
    const cast = stage()
    const bob = insider(cast)
    const answers = bob.tell(bob.update([encodeSeq(5)]))
    expect(labels(answers)).toEqual(['ACK'])
    expect(updateOf({ from: cast.a.at, to: cast.b.at, bytes: answers[0] ?? new Uint8Array(0) }).ack).toEqual([5])
    expect(bob.tell(bob.update([encodeAck([0])]))).toEqual([])
  })

  it('that acknowledges several at once ends what is ours among them', () => {
    const cast = stage()
    const bob = insider(cast)
    const updateId = moveAlice(cast)
    expect(repetitions(cast, 1_000)).toBeGreaterThan(0)
    bob.tell(bob.update([encodeAck([updateId + 7, updateId, 0xffffffff])]))
    expect(repetitions(cast, 3_000)).toBe(0)
  })

  it('whose MAC is wrong acknowledges nothing', () => {
    const cast = stage()
    const bob = insider(cast)
    const ack = bob.update([encodeAck([moveAlice(cast)])], false)
    bob.tell(flippedAt(ack, ack.length - 9))
    expect(repetitions(cast, 1_000)).toBeGreaterThan(0)
    bob.tell(ack)
    expect(repetitions(cast, 3_000)).toBe(0)
  })

  it('that acknowledges nothing of ours is not heard', () => {
    const cast = stage()
    const bob = insider(cast)
    cast.a.engine.send(cast.wire.now, cast.b.engine.hit, 7, 7, Uint8Array.of(1))
    cast.wire.run(900)
    expect(bob.tell(bob.update([encodeAck([0x12345678])]))).toEqual([])
    cast.wire.run(200)
    // Bob has been silent for a second: Alice asks.
    expect(those(cast, 'CHECK', cast.a).length).toBe(1)
  })

  it('seen before is acknowledged again, but only if its MAC fits', () => {
    const cast = stage()
    const bob = insider(cast)
    for (const signed of [true, false]) {
      const update = bob.update([encodeSeq(6)], signed)
      expect(labels(bob.tell(update))).toEqual(['ACK'])
      expect(labels(bob.tell(update))).toEqual(['ACK'])
      expect(bob.tell(flippedAt(update, update.length - 9))).toEqual([])
    }
  })

  it('with the same LOCATOR_SET under another Update ID changes nothing more', () => {
    const cast = stage()
    const bob = insider(cast)
    const where = () => cast.a.engine.association(cast.b.engine.hit)?.locator
    const before = where()
    for (const seq of [6, 7, 7, 8]) expect(labels(bob.tell(bob.update(readdress(cast, seq))))).toEqual(['ACK'])
    expect([where(), stateAt(cast.a, cast.b)]).toEqual([before, 'established'])
    expect(cast.a.told.filter((type) => type === 'path')).toEqual([])
  })

  it('that asks for an echo gets it, signed or not', () => {
    const cast = stage()
    const bob = insider(cast)
    const update = bob.update([encodeSeq(6), encodeEchoRequestSigned(Uint8Array.of(1, 2, 3))])
    const asked = appendParameter(update.subarray(4), Parameter.ECHO_REQUEST_UNSIGNED, Uint8Array.of(4, 5))
    const [answer] = bob.tell(marked(asked))
    const echo = answer && hip(answer)
    expect(echo?.kind === 'UPDATE' && echo.echoResponseSigned).toEqual(Uint8Array.of(1, 2, 3))
    const last = echo?.packet.parameters.at(-1)
    expect([last?.type, last?.contents]).toEqual([Parameter.ECHO_RESPONSE_UNSIGNED, Uint8Array.of(4, 5)])
  })

  it('that names another HOST_ID than the association’s does nothing', () => {
    const cast = stage()
    const bob = insider(cast)
    expect(bob.tell(bob.update([...readdress(cast, 6), hostIdOf(identity(77))]))).toEqual([])
    expect(labels(bob.tell(bob.update([...readdress(cast, 6), hostIdOf(cast.bob.identity)])))).toEqual(['ACK'])
  })

  it('may write the point of its HOST_ID with 04 in front or without', () => {
    const seeds = [71, 72].map((seed) => Identity.generate(seeded(seed), 'ecdsa-p256'))
    const [own, peer] = seeds
    if (own === undefined || peer === undefined) throw new Error('two identities')
    const cast = stage({ identities: [own, peer] })
    const bob = insider(cast)
    const { algorithm, label, bytes } = peer.publicKey
    for (const [key, seq] of [
      [bytes, 6],
      [bytes.subarray(1), 7],
    ] as const)
      expect(labels(bob.tell(bob.update([...readdress(cast, seq), encodeHostId({ algorithm, label, key })])))).toEqual([
        'ACK',
      ])
    const others = encodeHostId({ algorithm, label, key: own.publicKey.bytes.subarray(1) })
    expect(bob.tell(bob.update([...readdress(cast, 8), others]))).toEqual([])
    expect(cast.a.engine.counters).toMatchObject({ 'host-id-other': 1 })
  })

  it('that moves and is signed by another moves nothing', () => {
    const cast = stage()
    const bob = insider(cast)
    const update = bob.update(readdress(cast, 6), false).subarray(4)
    const { algorithm } = cast.bob.identity.publicKey
    const signature = Uint8Array.of(algorithm >> 8, algorithm, ...identity(77).sign(update))
    expect(bob.tell(marked(appendParameter(update, Parameter.HIP_SIGNATURE, signature)))).toEqual([])
    expect(bob.tell(marked(update))).toEqual([])
  })
})

describe('a NOTIFY', () => {
  it('of a type that nobody knows changes nothing', () => {
    const cast = stage()
    const bob = insider(cast)
    const before = JSON.stringify(cast.a.engine.association(cast.b.engine.hit))
    const told = cast.a.told.length
    // An error, an error of the private range, a status, and INVALID_SYNTAX.
    for (const type of [9_999, 12_345, 17_000, 7])
      expect(bob.tell(bob.notify({ type, data: new Uint8Array(32) }))).toEqual([])
    expect(JSON.stringify(cast.a.engine.association(cast.b.engine.hit))).toBe(before)
    expect(cast.a.told.length).toBe(told)
  })
})

describe('a rekey', () => {
  const offer = (bob: Insider, seq: number, keymatIndex: number, group: number) =>
    bob.update([
      encodeEspInfo({ keymatIndex, oldSpi: SPI, newSpi: SPI + 1 }),
      encodeSeq(seq),
      encodeDiffieHellman({ group, publicValue: generateDh(group, seeded(5))?.publicValue ?? new Uint8Array(0) }),
      encodeReserveSpi(SPI + 2),
    ])

  it('whose KEYMAT index is not zero, or whose group is another, is not answered', () => {
    const bob = insider(stage())
    expect(bob.tell(offer(bob, 6, 96, 7))).toEqual([])
    expect(bob.tell(offer(bob, 6, 0, 8))).toEqual([])
    expect(labels(bob.tell(offer(bob, 6, 0, 7)))).toEqual(['U2'])
  })
})

describe('a CLOSE', () => {
  it('carries an echo request, a MAC and a signature, and so does its answer', () => {
    const cast = stage()
    cast.a.engine.close(cast.wire.now, cast.b.engine.hit)
    cast.wire.run(100)
    const [close] = messagesOf(sentBy(cast, cast.a), 'CLOSE')
    const [answer] = messagesOf(sentBy(cast, cast.b), 'CLOSE_ACK')
    if (close === undefined || answer === undefined) throw new Error('no CLOSE and CLOSE_ACK')
    expect(close.echoRequestSigned.length).toBeGreaterThan(7)
    expect(answer.echoResponseSigned).toEqual(close.echoRequestSigned)
    expect([close.mac.length, answer.mac.length]).toEqual([32, 32])
    for (const [message, who] of [[close, cast.alice] as const, [answer, cast.bob] as const]) {
      const covered = coveredBy(message.packet, Parameter.HIP_SIGNATURE)
      expect(verify(who.identity.publicKey, covered, message.signature.bytes)).toBe(true)
    }
  })
})

describe('a CLOSE_ACK', () => {
  it('of another echo, MAC or signature closes nothing', () => {
    const cast = stage()
    const bob = insider(cast)
    cast.a.engine.close(cast.wire.now, cast.b.engine.hit)
    cast.wire.drain()
    const [close] = messagesOf(sentBy(cast, cast.a), 'CLOSE')
    const echo = encodeEchoResponseSigned(close?.echoRequestSigned ?? new Uint8Array(0))
    const { hipSend } = bob.envelope
    const otherKey = { ...bob.envelope, hipSend: { ...hipSend, integrity: new Uint8Array(32) } }
    const otherName = { ...bob.envelope, identity: identity(77) }
    const wrong = [
      bob.closeAck([encodeEchoResponseSigned(new Uint8Array(16))]),
      bob.closeAck([echo], otherKey),
      bob.closeAck([echo], otherName),
    ]
    for (const bytes of wrong) bob.tell(bytes)
    expect([stateAt(cast.a, cast.b), endedAt(cast.a)]).toEqual(['closing', []])
    bob.tell(bob.closeAck([echo]))
    expect(endedAt(cast.a).map(({ reason }) => reason)).toEqual(['closed'])
  })
})
