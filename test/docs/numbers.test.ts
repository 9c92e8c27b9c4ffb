// The numbers that PROTOCOL and MIGRATION give are those of the code.

import { describe, expect, it } from 'vitest'
import { DEFAULTS } from '../../src/core/config.ts'
import { CAPSULE_BYTES_MAX } from '../../src/core/moving/capsule.ts'
import { READY_SECONDS } from '../../src/core/moving/ready.ts'
import { Notification, Parameter } from '../../src/wire.ts'
import { readText } from '../support/tree.ts'

const protocol = readText('docs/PROTOCOL.md')

function rows(pattern: RegExp): Record<string, number> {
  return Object.fromEntries([...protocol.matchAll(pattern)].map(([, number, name]) => [name, Number(number)]))
}

describe('PROTOCOL', () => {
  it('numbers the private parameters as the registry does', () => {
    const { EPOCH, RESERVE_SPI, FINALS, PADDING, INSTANCE } = Parameter
    expect(rows(/^\| (39\d{3}) \| (\w+) \|/gm)).toEqual({ EPOCH, RESERVE_SPI, FINALS, PADDING, INSTANCE })
  })

  it('numbers the private notifications as the registry does', () => {
    const { SUPERSEDED, RESUME_REFUSED } = Notification
    expect(rows(/^\| (409\d{2}) \| (\w+) \|/gm)).toEqual({ SUPERSEDED, RESUME_REFUSED })
  })

  it.each([
    ['padded to 512 bytes of HIP packet', DEFAULTS.i1PacketBytes, 512],
    ['a P1 1200 (1204)', DEFAULTS.offerBytesMin, 1_200],
    ['at most 10 packets', DEFAULTS.interimPacketsMax, 10],
    ['at most one per RTO and four in all', DEFAULTS.answersMax, 4],
    ['Up to eight ESP packets that arrive before their key wait one second', DEFAULTS.earlyPacketsMax, 8],
    ['Up to eight ESP packets that arrive before their key wait one second', DEFAULTS.earlyMs, 1_000],
    ['per RTO and eight open', DEFAULTS.checksOpenMax, 8],
    ['an ESP dummy (next header 59) of at least 64 bytes', DEFAULTS.dummyBytes, 64],
    ['The replay window is 4,096', DEFAULTS.replayWindow, 4_096],
    ['due at 2^23 packets or after one hour', DEFAULTS.rekeyPackets, 2 ** 23],
    ['due at 2^23 packets or after one hour', DEFAULTS.rekeyMs, 3_600_000],
    ['K = 0 unless', DEFAULTS.puzzleDifficulty, 0],
  ])('says "%s" as the limits do', (words, limit, said) => {
    expect(protocol).toContain(words)
    expect(limit).toBe(said)
  })
})

describe('MIGRATION', () => {
  const migration = readText('docs/MIGRATION.md')

  it.each([
    ['parked for 10 minutes', DEFAULTS.parkMs, 600_000],
    ['at growing intervals of at most 30 s', DEFAULTS.parkProbeMsMax, 30_000],
    ['At most 64 MiB', CAPSULE_BYTES_MAX, 64 * 1024 * 1024],
    ['opens one capsule, within a minute', READY_SECONDS, 60],
  ])('says "%s" as the limits do', (words, limit, said) => {
    expect(migration).toContain(words)
    expect(limit).toBe(said)
  })
})
