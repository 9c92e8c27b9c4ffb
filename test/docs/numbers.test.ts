// The numbers that PROTOCOL, THREATS, MIGRATION and .ci/run give, and the names in API, are those of the code.

import { describe, expect, it } from 'vitest'
import { DEFAULTS } from '../../src/core/config.ts'
import { CAPSULE_BYTES_MAX } from '../../src/core/moving/capsule.ts'
import { READY_SECONDS } from '../../src/core/moving/ready.ts'
import { Notification, Parameter } from '../../src/wire.ts'
import { CONTROLS } from '../sabotage/controls.ts'
import { filesUnder, readText } from '../support/tree.ts'

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
    ['due at 2^23 packets, 2^36 bytes or after one hour', DEFAULTS.rekeyPackets, 2 ** 23],
    ['due at 2^23 packets, 2^36 bytes or after one hour', DEFAULTS.rekeyBytes, 2 ** 36],
    ['due at 2^23 packets, 2^36 bytes or after one hour', DEFAULTS.rekeyMs, 3_600_000],
    ['beyond 2^25 packets or 2^38 bytes of one SA', DEFAULTS.sealedPacketsMax, 2 ** 25],
    ['beyond 2^25 packets or 2^38 bytes of one SA', DEFAULTS.sealedBytesMax, 2 ** 38],
    ['MSL is 5 seconds, not two minutes', DEFAULTS.mslMs, 5_000],
    ['UAL is for ever, unless', DEFAULTS.idleMs, Infinity],
    ['or after 4.5 seconds', DEFAULTS.baseExchangeMs, 4_500],
    ['K = 0 unless', DEFAULTS.puzzleDifficulty, 0],
    ['come faster than 500 a second', DEFAULTS.puzzleRiseExchangesPerSecond, 500],
    ['K rises by one a second, to 13 at most', DEFAULTS.puzzleDifficultyAskedMax, 13],
    ['K rises by one a second, to 13 at most', DEFAULTS.puzzleStepMs, 1_000],
    ['falls again below 100 a second', DEFAULTS.puzzleFallExchangesPerSecond, 100],
    ['K ≤ 20; a harder one ends the exchange', DEFAULTS.puzzleDifficultyMax, 20],
    ['up to 34 at once', DEFAULTS.r1GenerationsMax, 34],
    ['| rate of R1s | 200 a second', DEFAULTS.r1PerSecond, 200],
    ['get Diffie–Hellman | 100 a second', DEFAULTS.agreementsPerSecond, 100],
    ["a token of its sender's prefix, of 20 a second", DEFAULTS.unpaddedR1PerSecond, 20],
    [
      'is rekeyed when 2^35 ICVs have failed under it, and opens nothing after 2^36',
      DEFAULTS.forgedPacketsMax,
      2 ** 36,
    ],
  ])('says "%s" as the limits do', (words, limit, said) => {
    expect(protocol).toContain(words)
    expect(limit).toBe(said)
  })
})

describe('THREATS', () => {
  const threats = readText('docs/THREATS.md')

  it.each([
    ['gets 200 R1s a second', DEFAULTS.r1PerSecond, 200],
    ['fixed array of 4,096 token buckets', DEFAULTS.prefixSlots, 4_096],
    ['a token of its prefix, 20 a second', DEFAULTS.unpaddedR1PerSecond, 20],
    ['the budget of the prefix, 100 a second', DEFAULTS.agreementsPerSecond, 100],
    ['up above 500 a second, to 13; down below 100', DEFAULTS.puzzleRiseExchangesPerSecond, 500],
    ['up above 500 a second, to 13; down below 100', DEFAULTS.puzzleDifficultyAskedMax, 13],
    ['up above 500 a second, to 13; down below 100', DEFAULTS.puzzleFallExchangesPerSecond, 100],
    ['K above 20 is refused; slices of 2,000 tries', DEFAULTS.puzzleDifficultyMax, 20],
    ['K above 20 is refused; slices of 2,000 tries', DEFAULTS.puzzleTriesPerSlice, 2_000],
    ['after 2^35 forgeries and opens nothing after 2^36', DEFAULTS.forgedPacketsMax, 2 ** 36],
    ['to strangers by their host, 3 a second', DEFAULTS.strangerNotifiesPerSecond, 3],
    ['lives four minutes at most', 2 * DEFAULTS.r1GenerationMs, 240_000],
  ])('says "%s" as the limits do', (words, limit, said) => {
    expect(threats).toContain(words)
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

describe('TESTING', () => {
  const testing = readText('docs/TESTING.md')
  const atLeast = (what: string) => Number(new RegExp(`^\\| ${what} \\|.*\\| (\\d+) \\|$`, 'm').exec(testing)?.[1])

  it('says no more properties than there are', () => {
    const places = filesUnder('test').flatMap(({ text }) => text.match(/\bfc\.(?:asyncProperty|property)\(/g) ?? [])
    expect(places.length).toBeGreaterThanOrEqual(atLeast('properties'))
    expect(atLeast('properties')).toBeGreaterThanOrEqual(100)
  })

  it('says no more defects on purpose than there are', () => {
    expect(CONTROLS.length).toBeGreaterThanOrEqual(atLeast('defects on purpose'))
    expect(atLeast('defects on purpose')).toBeGreaterThanOrEqual(25)
  })
})

describe('.ci/run', () => {
  it('takes at most 45 minutes, even if every stage has to be killed', () => {
    const script = readText('.ci/run')
    const grace = Number(/^grace=(\d+)$/m.exec(script)?.[1])
    const limits = [...(/^declare -A limit=\((.*)\)$/m.exec(script)?.[1] ?? '').matchAll(/\[(\w+)\]=(\d+)/g)]
    const stages = /^stages=\((.*)\)$/m.exec(script)?.[1]?.split(' ')
    expect(limits.map(([, stage]) => stage)).toEqual(stages)
    expect(limits.reduce((sum, [, , seconds]) => sum + Number(seconds) + grace, 0)).toBeLessThanOrEqual(45 * 60)
  })
})

describe('API', () => {
  const api = readText('docs/API.md')
  const listed = (pattern: RegExp) => [...api.matchAll(pattern)].map(([, name]) => name).sort()

  it('lists every error code, and no other', () => {
    const codes = [...readText('src/node/errors.ts').matchAll(/^ {2}\| '(ERR_\w+)'/gm)].map(([, code]) => code)
    expect(listed(/^\| `(ERR_\w+)` \|/gm)).toEqual(codes.sort())
  })

  it('lists every channel, and no other', () => {
    const channels = [...readText('src/node/observe.ts').matchAll(/^ {2}\| '(\w+)'/gm)].map(([, name]) => name)
    expect(listed(/^\| `sojourn:(\w+)` \|/gm)).toEqual(channels.sort())
  })

  it('lists every variable of the environment that is read, and no other', () => {
    const sources = filesUnder('src').flatMap(({ text }) => [...text.matchAll(/process\.env\.(\w+)/g)])
    expect(listed(/^\| `(SOJOURN_\w+)` \|/gm)).toEqual([...new Set(sources.map(([, name]) => name))].sort())
  })
})
