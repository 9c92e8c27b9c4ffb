// sojourn inspect as people and scripts use it.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex } from '../../src/base/bytes.ts'
import { runCli } from '../support/cli.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { playStory } from './story.ts'

const folder = temporaryFolder()
const story = playStory('ed25519', 13)

function file(name: string, contents: Uint8Array | string): string {
  const path = join(folder, name)
  writeFileSync(path, contents)
  return path
}

const capture = file('hip.pcap', story.pcap)
const keys = file('keys', `${story.keys.join('\n')}\n`)
const hex = file('hip.hex', `# ours\n${story.seen.map(({ payload }) => toHex(payload)).join('\n')}\n`)

interface Line {
  readonly frame: number
  readonly type: string
  readonly ok: boolean
  readonly checks: Readonly<Record<string, boolean>>
  readonly parameters: readonly { readonly type: number; readonly name: string }[]
  readonly errors: readonly string[]
}

async function inspected(...args: readonly string[]): Promise<{ code: number | null; lines: readonly Line[] }> {
  const { code, stdout, stderr } = await runCli(['inspect', ...args, '--json'])
  expect(stderr).toBe('')
  return {
    code,
    lines: stdout
      .trimEnd()
      .split('\n')
      .map((line): Line => JSON.parse(line)),
  }
}

describe('inspect', () => {
  test('prints a line of JSON a packet, with the checks that the key log allows', async () => {
    const { code, lines } = await inspected(capture, '--keylog', keys)
    expect(code).toBe(0)
    expect(lines.map(({ frame }) => frame)).toEqual(story.seen.map((_, index) => index + 1))
    expect(lines.every(({ ok, errors }) => ok && errors.length === 0)).toBe(true)
    expect(lines.slice(0, 4).map(({ type, checks }) => [type, checks])).toEqual([
      ['I1', {}],
      ['R1', { hit: true, signature: true }],
      ['I2', { hit: true, signature: true, puzzle: true, mac: true }],
      ['R2', { signature: true, mac: true }],
    ])
    expect(lines[0]?.parameters).toEqual([
      { type: 511, name: 'DH_GROUP_LIST', groups: [7, 8, 4] },
      { type: 39182, name: 'PADDING', length: expect.any(Number) },
    ])
    expect(lines.filter(({ type }) => type === 'ESP').every(({ checks }) => checks.icv === true)).toBe(true)
  })

  test('reads the same out of hexadecimal lines', async () => {
    const [a, b] = [await inspected(capture, '--keylog', keys), await inspected(hex, '--keylog', keys)]
    const bare = (lines: readonly Line[]) => lines.map((line) => ({ ...line, from: undefined, to: undefined }))
    expect(bare(b.lines)).toEqual(bare(a.lines))
  })

  test('tells people what every packet holds, and sums up', async () => {
    const { code, stdout } = await runCli(['inspect', capture, '--keylog', keys])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^1 {2}I1 {2}192\.0\.2\.1:10500 → 192\.0\.2\.2:10500 {2}ok$/m)
    expect(stdout).toMatch(/^ {4}DIFFIE_HELLMAN \(513\): group 7 \(P256\), public value [0-9a-f]{16}… \(64 bytes\)$/m)
    expect(stdout).toMatch(/^ {6}holds HOST_ID \(705\): algorithm 13 \(EDDSA\), curve 1 \(ED25519\)/m)
    expect(stdout).toMatch(/^ {4}inside: UDP 7 → 7, 5 bytes$/m)
    expect(stdout).toMatch(/^ {4}checked: hit ok, signature ok, puzzle ok, mac ok$/m)
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(
      `${story.seen.length} packets (${story.seen.filter(({ payload }) => toHex(payload.subarray(0, 4)) === '00000000').length} HIP, ${
        story.seen.filter(({ payload }) => toHex(payload.subarray(0, 4)) !== '00000000').length
      } ESP): nothing wrong`,
    )
  })

  test('says what is wrong and where, and fails', async () => {
    // A byte of the public value of R1's DIFFIE_HELLMAN.
    const copy = story.pcap.slice()
    const r1 = story.seen[1]?.payload ?? new Uint8Array(0)
    const at = Buffer.from(copy).indexOf(r1)
    copy[at + 134] = (copy[at + 134] ?? 0) ^ 1
    const { code, lines } = await inspected(file('wrong.pcap', copy))
    expect(code).toBe(1)
    expect(lines.filter(({ ok }) => !ok).map(({ frame }) => frame)).toEqual([2])
    expect(lines[1]?.checks).toEqual({ hit: true, signature: false })
    expect(lines[1]?.errors.join()).toMatch(/^HIP_SIGNATURE_2 \(61633\), byte \d+: signature does not verify/)
  })

  test.each([
    ['a file that is not there', [join(folder, 'absent')], /absent cannot be read \(ENOENT/],
    [
      'a file of something else',
      [file('text', 'hello\n')],
      /text: line 1 is no capture, and no hexadecimal datagram: name a capture/,
    ],
    ['an empty file', [file('empty', '')], /empty: the file is empty: name a capture/],
    [
      'a capture of others',
      [file('others.pcap', concat(story.pcap.subarray(0, 24)))],
      /none of its 0 frames is HIP or ESP: capture/,
    ],
    ['a key log that is none', [capture, '--keylog', file('nokeys', 'KIJ 1 2 3\n')], /nokeys: line 1 is not "KIJ/],
    [
      'a capture for a key log',
      [capture, '--keylog', capture],
      /line 1 begins with neither KIJ nor ESP: name the file/,
    ],
    ['a key log that is not there', [capture, '--keylog', join(folder, 'nowhere')], /nowhere cannot be read/],
  ])('refuses %s in one line', async (_what, args, message) => {
    const { code, stdout, stderr } = await runCli(['inspect', ...args])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^sojourn: [^\n]+\n$/)
    expect(stderr).toMatch(message)
  })

  test('shows what stands before the damage, then says where it is', async () => {
    const cut = file('cut.pcap', story.pcap.subarray(0, story.pcap.length - 5))
    const { code, stdout, stderr } = await runCli(['inspect', cut, '--json'])
    expect(code).toBe(1)
    expect(stdout.trimEnd().split('\n')).toHaveLength(story.seen.length - 1)
    expect(stderr).toMatch(/^sojourn: .*cut\.pcap: frame \d+ says \d+ bytes and \d+ are there \(byte \d+\): [^\n]+\n$/)
  })

  test('does not guess at a link that it does not know', async () => {
    const copy = story.pcap.slice()
    copy.set(fromHex('00000093'), 20)
    const { code, stderr } = await runCli(['inspect', file('radio.pcap', copy)])
    expect(code).toBe(1)
    expect(stderr).toContain('frame 1 has link type 147, which is not understood')
  })

  test('wants one file', async () => {
    expect((await runCli(['inspect'])).code).toBe(2)
    expect((await runCli(['inspect', capture, hex])).code).toBe(2)
    expect((await runCli(['inspect', '--help'])).stdout).toContain('sojourn inspect hip.pcap --keylog keys')
  })
})
