// A whole conversation, judged: everything that is right is found right, and what is left out depends on the key log alone.

import { describe, expect, it } from 'vitest'
import { readCapture } from '../../src/inspect/capture.ts'
import { carriedBy } from '../../src/inspect/carried.ts'
import { type Finding, inspect } from '../../src/inspect/inspect.ts'
import { readKeyLog } from '../../src/inspect/key-log.ts'
import { pcapOf, type Seen } from '../support/pcap.ts'
import { playStory } from './story.ts'

function judge(seen: readonly Seen[], keys: readonly string[]): readonly Finding[] {
  const log = readKeyLog(keys.join('\n'))
  if ('fault' in log) throw new Error(log.fault)
  const capture = readCapture(pcapOf(seen))
  expect(capture.damage).toBeUndefined()
  return [...inspect([...carriedBy(capture.frames)], log)]
}

const HIP = new Set(['I1', 'R1', 'I2', 'R2', 'UPDATE', 'CLOSE', 'CLOSE_ACK'])

describe.each([
  ['ed25519', 13],
  ['ed25519', 8],
  ['ecdsa-p256', 13],
  ['ecdsa-p256', 8],
] as const)('a conversation of %s, ESP suite %i', (algorithm, suite) => {
  const { seen, keys } = playStory(algorithm, suite)
  const kijs = keys.filter((line) => line.startsWith('KIJ'))
  const checked = (finding: Finding) => Object.keys(finding.checks)

  it('has nothing wrong, and everything checked, with the whole key log', () => {
    const findings = judge(seen, keys)
    expect(findings.flatMap(({ frame, errors }) => errors.map((error) => `${frame}: ${error}`))).toEqual([])
    expect(findings).toHaveLength(seen.length)
    expect(new Set(findings.map(({ type }) => type))).toEqual(new Set([...HIP, 'ESP']))
    for (const finding of findings) {
      expect(finding.ok).toBe(true)
      const expected: Readonly<Record<string, readonly string[]>> = {
        I1: [],
        R1: ['hit', 'signature'],
        I2: ['hit', 'signature', 'puzzle', 'mac'],
        ESP: ['icv'],
        // Address checks are signed by nobody.
        UPDATE: finding.parameters.some(({ name }) => name === 'HIP_SIGNATURE') ? ['signature', 'mac'] : ['mac'],
      }
      expect(checked(finding), `${finding.frame} ${finding.type}`).toEqual(
        expected[finding.type] ?? ['signature', 'mac'],
      )
      expect(Object.values(finding.checks)).not.toContain(false)
    }
  })

  it('is opened by the KIJ lines alone: KEYMAT, every HIP_MAC, the ESP of exchange and ratchets', () => {
    const findings = judge(seen, kijs)
    expect(findings.filter(({ ok }) => !ok)).toEqual([])
    for (const finding of findings.filter(({ type }) => HIP.has(type) && type !== 'I1' && type !== 'R1')) {
      expect(finding.checks.mac, `${finding.frame} ${finding.type}`).toBe(true)
    }
    // All but what the interim key seals, which only ESP lines have.
    const sealed = findings.filter(({ type }) => type === 'ESP')
    expect(sealed.filter(({ checks }) => checks.icv === undefined).length).toBeLessThan(sealed.length / 2)
  })

  it('shows without a key log what needs no secret', () => {
    const findings = judge(seen, [])
    expect(findings.filter(({ ok }) => !ok)).toEqual([])
    for (const finding of findings) {
      if (finding.type === 'ESP') expect(checked(finding)).toEqual([])
      expect(finding.checks.mac).toBeUndefined()
      if (finding.type === 'R1') expect(finding.checks).toEqual({ hit: true, signature: true })
      // The Initiator's HOST_ID is encrypted.
      if (finding.type === 'I2') expect(finding.checks).toEqual({ puzzle: true })
    }
  })

  it('is opened by the ESP lines alone where it is ESP', () => {
    const findings = judge(
      seen,
      keys.filter((line) => line.startsWith('ESP')),
    )
    expect(findings.filter(({ type, checks }) => type === 'ESP' && checks.icv !== true)).toEqual([])
  })

  it('says nothing of MACs whose exchange came before the capture began', () => {
    const after = seen.slice(seen.length / 2)
    const findings = judge(after, kijs)
    for (const finding of findings) expect([finding.frame, finding.errors]).toEqual([finding.frame, []])
  })
})

describe('a damaged packet', () => {
  const { seen, keys } = playStory('ed25519', 13)
  const clean = judge(seen, keys)

  /** The conversation with a byte of one datagram changed. */
  function damaged(frame: number, at: number): readonly Finding[] {
    const copy = seen.map((one, index) => {
      if (index !== frame - 1) return one
      const payload = one.payload.slice()
      payload[at] = (payload[at] ?? 0) ^ 0x10
      return { ...one, payload }
    })
    return judge(copy, keys)
  }

  const firstOf = (type: string) => clean.find((finding) => finding.type === type)?.frame ?? 0

  it.each(['R1', 'I2', 'R2', 'UPDATE', 'CLOSE', 'CLOSE_ACK', 'ESP'])(
    'of type %s is found, and no other with it',
    (type) => {
      const frame = firstOf(type)
      const { payload } = seen[frame - 1] ?? { payload: new Uint8Array(0) }
      // The last byte of what is signed or sealed.
      const at = payload.length - 12
      const wrong = damaged(frame, at).filter(({ ok }) => !ok)
      expect(wrong.map((finding) => finding.frame)).toEqual([frame])
      expect(wrong[0]?.errors.length).toBeGreaterThan(0)
    },
  )

  it('has its wrong MAC and signature told apart from each other', () => {
    const frame = firstOf('CLOSE')
    const mac = clean[frame - 1]?.parameters.findIndex(({ name }) => name === 'HIP_MAC') ?? -1
    expect(mac).toBeGreaterThan(0)
    const signature = (seen[frame - 1]?.payload.length ?? 0) - 12
    const [last] = damaged(frame, signature).filter(({ ok }) => !ok)
    expect(last?.checks).toEqual({ signature: false, mac: true })
    const echo = 4 + 40 + 4
    const [first] = damaged(frame, echo).filter(({ ok }) => !ok)
    expect(first?.checks).toEqual({ signature: false, mac: false })
  })

  it('whose HOST_ID is not the sender’s is found by its HIT', () => {
    const frame = firstOf('R1')
    const r1 = seen[frame - 1]?.payload ?? new Uint8Array(0)
    const sender = 4 + 8 + 15
    const wrong = damaged(frame, sender).find((finding) => finding.frame === frame)
    expect(r1.length).toBeGreaterThan(sender)
    expect(wrong?.checks.hit).toBe(false)
    expect(wrong?.errors.join()).toContain('HOST_ID (705)')
  })

  it('whose J is not a solution is found by its puzzle where one was asked for', () => {
    const frame = firstOf('I2')
    const i2 = clean[frame - 1]
    // K is 0 here, so that any J solves it; a K of 16 set on the way is not solved by this J.
    expect(i2?.parameters.find(({ name }) => name === 'SOLUTION')?.fields.k).toBe(0)
    const wrong = damaged(frame, 4 + 40 + 16 + 16 + 4).find((finding) => finding.frame === frame)
    expect(wrong?.checks.puzzle).toBe(false)
    expect(wrong?.errors.join()).toContain('SOLUTION (321)')
  })

  it('whose parameters run past its end is shown up to there', () => {
    const frame = firstOf('R1')
    // The upper byte of the length of PUZZLE, behind R1_COUNTER.
    const found = damaged(frame, 4 + 40 + 16 + 2)[frame - 1]
    expect(found?.errors.join()).toContain('parameter runs past the end')
    expect(found?.checks).toEqual({})
    expect(found?.sender).toBe(clean[frame - 1]?.sender)
    expect(found?.parameters[0]).toEqual(clean[frame - 1]?.parameters[0])
  })

  it.each(['R1', 'I2', 'R2'])('of type %s is found at every fifth byte, if anything covers it', (type) => {
    const exchange = seen.slice(0, 4)
    const frame = firstOf(type)
    const payload = exchange[frame - 1]?.payload ?? new Uint8Array(0)
    const passed: number[] = []
    for (let at = 4; at < payload.length; at += 5) {
      const copy = payload.slice()
      copy[at] = (copy[at] ?? 0) ^ 0x10
      const found = judge(
        exchange.map((one, index) => (index === frame - 1 ? { ...one, payload: copy } : one)),
        keys,
      )
      if (found[frame - 1]?.ok === true) passed.push(at - 4)
    }
    // Without the HIT that it came from nothing is known of the sender, and nothing can be checked. A signature does not cover
    // its own padding, nor in an R1 the receiver, the opaque field and I.
    const sender = (at: number) => type !== 'R1' && at >= 8 && at < 24
    const end = (at: number) => at >= payload.length - 4 - 6
    const r1 = (at: number) => type === 'R1' && ((at >= 24 && at < 40) || (at >= 62 && at < 96))
    expect(passed.filter((at) => !sender(at) && !end(at) && !r1(at))).toEqual([])
  })
})
