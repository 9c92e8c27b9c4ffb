// What is learnt of a capture before it is judged: once, however often its packets are repeated. A file may hold nothing else, and
// every packet is compared with all that is known.

import { describe, expect, it } from 'vitest'
import type { KeyLog } from '../../src/inspect/key-log.ts'
import { Knowledge } from '../../src/inspect/knowledge.ts'
import * as wire from '../../src/wire.ts'
import { end, exchange } from '../support/exchange.ts'

const [initiator, responder] = [end(1), end(2)]
const { r1, sent, r2, responded } = exchange(initiator, responder)

/** What is known after each packet of the exchange has been seen so often. */
function knownAfter(times: number): Knowledge {
  const kijs = responder.keylogged.flatMap((entry): KeyLog['kijs'][number][] =>
    entry.kind === 'KIJ' ? [{ pair: [entry.a, entry.b], kij: entry.kij }] : [],
  )
  const knowledge = new Knowledge({ kijs, esp: [] })
  for (const bytes of [r1, sent.bytes, r2]) {
    const packet = wire.decodePacket(bytes)
    if (wire.isMalformed(packet)) throw new Error(packet.malformed)
    for (let time = 0; time < times; time++) knowledge.learn(packet)
  }
  knowledge.derive()
  return knowledge
}

describe('of packets that are repeated a hundred times', () => {
  it('a Responder has one HOST_ID that HIP_MAC_2 may cover', () => {
    expect(knownAfter(1).hostIdTlvs(responder.hitBytes)).toHaveLength(1)
    expect(knownAfter(100).hostIdTlvs(responder.hitBytes)).toHaveLength(1)
  })

  it('an SPI has one owner, and its packets the keys of one exchange to be tried', () => {
    const { keys, complete } = knownAfter(1).espCandidates(responded.inboundSpi)
    expect([keys.length, complete]).toEqual([1, true])
    expect(knownAfter(100).espCandidates(responded.inboundSpi)).toEqual(
      knownAfter(1).espCandidates(responded.inboundSpi),
    )
  })
})
