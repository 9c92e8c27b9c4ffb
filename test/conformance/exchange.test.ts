// RFC 7401 §5 and §6: base exchanges in which one thing is not as it should be. Everything else is sound and signed.

import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/base/assert.ts'
import { toHex } from '../../src/base/bytes.ts'
import { choicesFault } from '../../src/core/association/exchange-offer.ts'
import { acceptR1, acceptR2, encodeI1 } from '../../src/core/association/initiator.ts'
import { R1Pool } from '../../src/core/association/r1-pool.ts'
import type { Identity } from '../../src/crypto/identity.ts'
import { encodeEspTransform, encodeHipCipher, encodeR1Counter } from '../../src/wire/exchange.ts'
import type { Message } from '../../src/wire/messages.ts'
import { Parameter } from '../../src/wire/registry.ts'
import { identity } from '../support/actors.ts'
import { altered, forgedI2, forgedR2, resignedR1 } from '../support/altered.ts'
import { answerR1, askForR1, end, exchange, OPEN_DOOR, offerI2, read, SOURCE } from '../support/exchange.ts'

const initiator = end(1)
const responder = end(2)
const stranger = end(9)

const freshR1 = (pool = new R1Pool(responder)) => askForR1(0, initiator, responder, pool)

/** What is dropped, or that nothing was. */
function dropOf(result: object): unknown {
  return 'drop' in result ? result.drop : 'taken'
}

describe('the packets of an exchange', () => {
  it('name one pair of HITs, the sender first', () => {
    const there = [toHex(initiator.hitBytes), toHex(responder.hitBytes)]
    const named = ({ sender, receiver }: Message) => [toHex(sender), toHex(receiver)]
    expect(named(read('I1', encodeI1(initiator, responder.hitBytes)))).toEqual(there)
    expect(named(read('R1', freshR1()))).toEqual(there.toReversed())
    const { sent, r2 } = exchange(initiator, responder)
    expect(named(read('I2', sent.bytes))).toEqual(there)
    expect(named(read('R2', r2))).toEqual(there.toReversed())
  })
})

describe('HIP_CIPHER and ESP_TRANSFORM', () => {
  it('are never written with more than six entries', () => {
    const seven = [1, 2, 3, 4, 5, 6, 7]
    expect(() => encodeHipCipher(seven)).toThrow(InvariantError)
    expect(() => encodeEspTransform(seven)).toThrow(InvariantError)
    expect(encodeHipCipher(seven.slice(1)).contents).toHaveLength(12)
    expect(choicesFault({ hipCiphers: seven }, undefined)).toBe('hipCiphers has more than 6 entries')
    expect(choicesFault({ espSuites: seven }, undefined)).toBe('espSuites has more than 6 entries')
  })
})

describe('an R1', () => {
  it('of another Responder than the I1 named is not taken', () => {
    expect(dropOf(acceptR1(initiator, stranger.identity.hit, read('R1', freshR1())))).toBe('r1-hits')
    expect(dropOf(acceptR1(initiator, responder.identity.hit, read('R1', freshR1())))).toBe('taken')
  })
})

describe('an Initiator', () => {
  it('echoes R1_COUNTER in its I2 with the reserved word as it came', () => {
    const counter = encodeR1Counter({ high: 1, low: 0xfffffffe, reserved: 0xdeadbeef })
    const r1 = resignedR1(freshR1(), responder.identity, [counter])
    const { parameters } = read('I2', answerR1(initiator, responder, r1).bytes).packet
    const echoed = parameters.find(({ type }) => type === Parameter.R1_COUNTER)
    expect(toHex(echoed?.contents ?? new Uint8Array(0))).toBe('deadbeef00000001fffffffe')
  })

  it('ignores ESP in the list of an R1 that has no ESP_TRANSFORM', () => {
    const r1 = resignedR1(freshR1(), responder.identity, [], [Parameter.ESP_TRANSFORM])
    expect(read('R1', r1).transports).toEqual([Parameter.ESP_TRANSFORM])
    expect(dropOf(acceptR1(initiator, responder.identity.hit, read('R1', r1)))).toBe('r1-esp-suite')
  })

  const hits = { sender: responder.hitBytes, receiver: initiator.hitBytes }
  /** What becomes of the R2 of an exchange between these HITs, under this key of the Responder's and this signature. */
  const judged = (between: typeof hits, key: 'send' | 'receive' = 'send', signer = responder.identity) => {
    const { sent, r2, responded, pool } = exchange(initiator, responder)
    const { suite } = responded.context
    const bytes = forgedR2(r2, between, { suite, keys: responded.keys.hip[key], hostIdTlv: pool.hostIdTlv, signer })
    return dropOf(acceptR2(initiator, sent, read('R2', bytes)))
  }

  it('takes an R2 as the test forges it, if nothing is wrong with it', () => {
    expect(judged(hits)).toBe('taken')
  })

  it('takes no R2 of another pair of HITs', () => {
    expect(judged({ ...hits, sender: stranger.hitBytes })).toBe('r2-hits')
    expect(judged({ ...hits, receiver: stranger.hitBytes })).toBe('r2-hits')
  })

  it('takes no R2 under another MAC key, though it is signed', () => {
    expect(judged(hits, 'receive')).toBe('r2-mac')
  })

  it('takes no R2 with another signature, though its MAC fits', () => {
    expect(judged(hits, 'send', identity(77))).toBe('r2-signature')
  })
})

describe('a Responder', () => {
  const judged = (change: (i2: Uint8Array) => Uint8Array) => {
    const pool = new R1Pool(responder)
    const { bytes } = answerR1(initiator, responder, freshR1(pool))
    return dropOf(offerI2(0, responder, pool, change(bytes), OPEN_DOOR))
  }

  it('takes an I2 in which nothing was changed', () => {
    expect(judged((i2) => i2)).toBe('taken')
  })

  it('takes no I2 whose MAC does not fit, though it is signed, and none signed by another, though its MAC fits', () => {
    const pool = new R1Pool(responder)
    const { bytes, context, keys } = answerR1(initiator, responder, freshR1(pool))
    const outcome = (integrity: Uint8Array, signer: Identity) => {
      const seal = { suite: context.suite, keys: { ...keys.hip.send, integrity }, signer }
      return dropOf(offerI2(0, responder, pool, forgedI2(bytes, seal), OPEN_DOOR))
    }
    const { integrity } = keys.hip.send
    expect(outcome(new Uint8Array(32), initiator.identity)).toBe('i2-mac')
    expect(outcome(integrity, identity(77))).toBe('i2-signature')
    expect(outcome(integrity, initiator.identity)).toBe('taken')
  })

  it('takes no I2 whose transport format is another than ESP', () => {
    const other = (i2: Uint8Array) =>
      altered(i2, Parameter.TRANSPORT_FORMAT_LIST, (contents) => contents.set([0x12, 0x34]))
    expect(judged(other)).toBe('i2-esp-suite')
  })

  it('takes no I2 with an old SPI or another KEYMAT index', () => {
    expect(judged((i2) => altered(i2, Parameter.ESP_INFO, (contents) => contents.fill(1, 4, 8)))).toBe('i2-esp-info')
    expect(judged((i2) => altered(i2, Parameter.ESP_INFO, (contents) => contents.fill(0, 2, 4)))).toBe('i2-esp-info')
  })

  it('takes no I2 of a HIT suite that it does not have', () => {
    const ofSuiteSeven = (i2: Uint8Array) => {
      const copy = i2.slice()
      // The lower half of the fourth byte of the sender's HIT.
      copy[8 + 3] = 0x27
      return copy
    }
    expect(judged(ofSuiteSeven)).toBe('i2-hit-suite')
  })

  it('has no R1 for a HIT that is not its own, and takes no I2 for it', () => {
    const i1 = read('I1', encodeI1(initiator, stranger.hitBytes))
    expect(dropOf(new R1Pool(responder).answer(0, i1, SOURCE))).toBe('i1-hits')
    const forStranger = (i2: Uint8Array) => {
      const copy = i2.slice()
      copy.set(stranger.hitBytes, 24)
      return copy
    }
    expect(judged(forStranger)).toBe('i2-hits')
  })

  it('is silent when the value of an I2 is no point of the curve', () => {
    const careful = end(3)
    const pool = new R1Pool(careful)
    const { bytes } = answerR1(initiator, careful, askForR1(0, initiator, careful, pool))
    const offCurve = altered(bytes, Parameter.DIFFIE_HELLMAN, (contents) => contents.fill(1, 3))
    expect(offerI2(0, careful, pool, offCurve, OPEN_DOOR)).toEqual({ drop: 'i2-dh-value' })
    expect(careful.keylogged).toEqual([])
  })
})
