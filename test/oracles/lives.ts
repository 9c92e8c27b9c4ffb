// Whole lives read by strangers, for every kind of identity and every ESP suite of four. Suites 7 and 1, which no oracle opens, are
// in test/crypto/aead.test.ts, worked out by hand.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { conformance } from '../../src/conformance.ts'
import { expectInspected, expectSound, HIP_TYPES, type Judgement, judge } from '../support/judgement.ts'
import { type Seen, udpDatagram } from '../support/pcap.ts'
import { Tap } from '../support/tap.ts'
import { type Case, live } from '../support/whole-life.ts'

const UDP = 17
const ICMPV6 = 58
const DUMMY = 59

const KINDS = ['ed25519', 'ecdsa-p256', 'ecdsa-p384', 'rsa'] as const
const SUITES = [13, 8, 12, 9] as const
const GROUPS = [7, 8, 4, 3] as const

/** Kinds of identity and suites, each with each; groups and HIP ciphers go by turns, so that none is left out. */
function casesOf(family: 4 | 6): readonly Case[] {
  return KINDS.flatMap((algorithm, kind) =>
    SUITES.map((suite, turn): Case => {
      const group = GROUPS[(kind + turn) % GROUPS.length] ?? 7
      const choices = { algorithms: conformance, dhGroups: [group], hipCiphers: [family === 4 ? 2 : 4] }
      return { algorithm, suite, family, choices }
    }),
  )
}

/** The tests of one address family: two files, so that two processes share them. */
export function readLives(family: 4 | 6): void {
  const folder = mkdtempSync(join(tmpdir(), `sojourn-ipv${family}-`))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  describe.each(casesOf(family))('$algorithm, ESP suite $suite, IPv$family', (one) => readLife(one, folder))
}

function readLife(one: Case, folder: string): void {
  const keyLog = join(folder, `${one.algorithm}-${one.suite}-${one.family}`)
  let judgement: Judgement
  let seen: readonly Seen[]

  beforeAll(async () => {
    using tap = new Tap()
    await live(one, keyLog)
    judgement = judge(tap.seen, tap.ports, keyLog)
    seen = tap.seen
  })

  it('is found right by our own inspection, with every check made', () => {
    expectInspected(seen, keyLog)
  })

  it('shows tshark every kind of HIP packet, and not one malformed', () => {
    const types = new Set(judgement.reading.rows.map(({ packetType }) => packetType).filter((type) => type !== ''))
    expect(types).toEqual(new Set(Object.values(HIP_TYPES)))
    expectSound(judgement, [one.suite], keyLog)
  })

  it('shows Scapy datagrams, echoes and dummies, each under a key of the log', () => {
    const carried = new Set(judgement.esp.map(({ opened }) => opened.ok && opened.next_header))
    expect(carried).toEqual(new Set([UDP, ICMPV6, DUMMY]))
    expect(judgement.keepalives).toBeGreaterThan(0)
  })

  it('has inner UDP with the checksum that somebody else computes over the two HITs', () => {
    const datagrams = judgement.esp.flatMap(({ opened }) =>
      opened.ok && opened.next_header === UDP ? [opened.payload] : [],
    )
    const hits = [...readFileSync(keyLog, 'utf8').matchAll(/^KIJ (\S+) (\S+)/gm)][0]?.slice(1) ?? []
    const [a = '', b = ''] = hits
    expect(datagrams.length).toBeGreaterThan(0)
    for (const hex of datagrams) {
      const bytes = Buffer.from(hex, 'hex')
      const again = udpDatagram(a, b, bytes.readUInt16BE(0), bytes.readUInt16BE(2), bytes.subarray(8))
      expect(bytes).toEqual(Buffer.from(again))
    }
  })
}
