// Rekeys of peers that know only the RFCs (RFC 7402 §6.8 to §6.10): with the KIJ lines alone inspect follows them, from an exchange of ours
// with such a peer, and from one of two of them, which go on in the same KEYMAT.

import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { readCapture } from '../../src/inspect/capture.ts'
import { carriedBy } from '../../src/inspect/carried.ts'
import { type Finding, inspect } from '../../src/inspect/inspect.ts'
import { readKeyLog } from '../../src/inspect/key-log.ts'
import { INDEXES_MAX } from '../../src/inspect/plain-rekeys.ts'
import { wrapHip } from '../../src/wire/datagram.ts'
import { encodeMessage } from '../../src/wire/messages.ts'
import { encodeEspInfo, encodeSeq } from '../../src/wire/update.ts'
import { type Abroad, associated, run, talk } from '../support/abroad.ts'
import { seeded } from '../support/actors.ts'
import { ForeignPeer } from '../support/foreign-peer.ts'
import type { Flying } from '../support/pair.ts'
import { pcapOf } from '../support/pcap.ts'
import { place } from '../support/stage.ts'

interface Heard {
  readonly flown: readonly Flying[]
  /** The key log of a stranger: KIJ lines. */
  readonly keys: readonly string[]
}

function linesOf({ kijs, identity }: ForeignPeer, other: string): string[] {
  return kijs.map((kij) => `KIJ ${identity.hit} ${other} ${toHex(kij)}`)
}

/** We and a stranger: both talk before, between and after rekeys of either kind. */
function withUs(): Heard {
  const flown: Flying[] = []
  const here: Abroad = associated('we', {}, 31, (flying) => void flown.push(flying))
  const { a, foreign, cast } = here
  expect(talk(here)).toBe(true)
  a.engine.rekey(cast.wire.now, foreign.identity.hit)
  run(here, 50)
  expect(talk(here)).toBe(true)
  foreign.bringsDh = false
  a.engine.rekey(cast.wire.now, foreign.identity.hit)
  run(here, 50)
  expect(talk(here)).toBe(true)
  foreign.startRekey(false)
  run(here, 50)
  expect(talk(here)).toBe(true)
  expect(foreign.rekeys).toBe(3)
  return { flown, keys: linesOf(foreign, a.engine.hit) }
}

/** Two strangers, of whom neither brings a value: KEYMAT goes on. */
function withoutUs(): Heard {
  const flown: Flying[] = []
  const [one, two] = [1, 2].map((n) => {
    const peer = new ForeignPeer(Identity.generate(seeded(90 + n), 'ecdsa-p256'), place(n))
    peer.bringsDh = false
    return peer
  }) as [ForeignPeer, ForeignPeer]
  const carry = (): void => {
    for (let from = one; from.sent.length > 0 || one.sent.length + two.sent.length > 0; from = from === one ? two : one)
      for (const flying of from.sent.splice(0)) {
        flown.push(flying)
        ;(from === one ? two : one).receive(flying.bytes, flying.from)
      }
  }
  one.associate(two.identity.hit, two.at)
  carry()
  for (const withDh of [false, false, true, false]) {
    one.say('before')
    carry()
    two.say('before')
    two.startRekey(withDh)
    carry()
    two.repeat()
    carry()
    one.say('after')
    two.say('after')
    carry()
  }
  expect([one.rekeys, two.rekeys, one.heard.includes('?'), two.heard.includes('?')]).toEqual([4, 4, false, false])
  return { flown, keys: linesOf(one, two.identity.hit) }
}

function judge(flown: readonly Flying[], keys: readonly string[]): readonly Finding[] {
  const log = readKeyLog(keys.join('\n'))
  if ('fault' in log) throw new Error(log.fault)
  const seen = flown.map(({ from, to, bytes }, at) => ({ at, source: from, destination: to, payload: bytes }))
  return [...inspect([...carriedBy(readCapture(pcapOf(seen)).frames)], log)]
}

describe.each([
  ['of ours with a stranger', withUs],
  ['of two strangers that go on in one KEYMAT', withoutUs],
])('a conversation %s', (_who, play) => {
  const { flown, keys } = play()
  const findings = judge(flown, keys)
  const esp = findings.filter(({ type }) => type === 'ESP')

  it('is opened by the KIJ lines, after every rekey', () => {
    expect(findings.flatMap(({ frame, errors }) => errors.map((error) => `${frame}: ${error}`))).toEqual([])
    // Each of the two has had four SAs at the least.
    expect(new Set(esp.map(({ to, esp: read }) => `${to} ${read?.spi}`)).size).toBeGreaterThanOrEqual(8)
    expect(esp.filter(({ checks }) => checks.icv !== true)).toEqual([])
  })

  it('has a packet damaged after a rekey told from the others', () => {
    const last = esp.at(-1)?.frame ?? 0
    const bent = flown.map((flying, index) => {
      if (index !== last - 1) return flying
      const bytes = flying.bytes.slice()
      bytes[12] = (bytes[12] ?? 0) ^ 1
      return { ...flying, bytes }
    })
    // Another one to that SPI shows the keys.
    const again = { ...(flown[last - 1] as Flying) }
    const wrong = judge([...bent, again], keys).filter(({ ok }) => !ok)
    expect(wrong.map(({ frame, checks }) => [frame, checks])).toEqual([[last, { icv: false }]])
  })

  it('is left alone where the secret of a rekey is not in the log', () => {
    const left = judge(flown, keys.slice(0, 1)).filter(({ type }) => type === 'ESP')
    expect(left.filter(({ ok }) => !ok)).toEqual([])
    expect(left.filter(({ checks }) => checks.icv === true).length).toBeGreaterThan(0)
    expect(left.filter(({ checks }) => checks.icv === undefined).length).toBeGreaterThan(0)
  })
})

it('remembers no more places in a KEYMAT than sixty-four, whatever a file names', () => {
  const { flown, keys } = withoutUs()
  const [i1] = flown
  if (i1 === undefined) throw new Error('no I1')
  const [own, peer] = [i1.bytes.subarray(12, 28), i1.bytes.subarray(28, 44)]
  const forged = Array.from({ length: INDEXES_MAX }, (_, number) => {
    const info = encodeEspInfo({ keymatIndex: 2_000 + number, oldSpi: 0x400, newSpi: 0x401 })
    return { ...i1, bytes: wrapHip(encodeMessage('UPDATE', own, peer, [info, encodeSeq(number)])) }
  })
  // Without them every packet is opened.
  const esp = judge([...forged, ...flown], keys).filter(({ type }) => type === 'ESP')
  expect(esp.some(({ checks }) => checks.icv === undefined)).toBe(true)
})
