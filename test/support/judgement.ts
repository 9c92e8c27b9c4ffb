// What strangers make of a conversation: tshark of its HIP packets, Scapy of its ESP packets with the keys of a log, and our own
// inspection of the same capture.

import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { readCapture } from '../../src/inspect/capture.ts'
import { carriedBy } from '../../src/inspect/carried.ts'
import { inspect } from '../../src/inspect/inspect.ts'
import { readKeyLog as readKeys } from '../../src/inspect/key-log.ts'
import { type OpenedPacket, openWithScapy, type Reading, readKeyLog, readWithTshark, sealedPacket } from './oracle.ts'
import { pcapOf, type Seen } from './pcap.ts'

/** The packet types as tshark writes them. */
export const HIP_TYPES = {
  I1: '1',
  R1: '2',
  I2: '3',
  R2: '4',
  UPDATE: '16',
  NOTIFY: '17',
  CLOSE: '18',
  CLOSE_ACK: '19',
}

/** What strangers made of a conversation. */
export interface Judgement {
  readonly reading: Reading
  readonly esp: readonly { readonly seen: Seen; readonly opened: OpenedPacket }[]
  readonly keepalives: number
}

export function judge(seen: readonly Seen[], ports: readonly number[], keyLog: string): Judgement {
  const keys = readKeyLog(keyLog)
  const isHip = ({ payload }: Seen) => Buffer.from(payload.subarray(0, 4)).equals(Buffer.alloc(4))
  const sealed = seen.filter((datagram) => datagram.payload.length > 1 && !isHip(datagram))
  const attempts = sealed.flatMap((datagram) => {
    const spi = Buffer.from(datagram.payload).readUInt32BE(0)
    return keys
      .filter((key) => key.spi === spi)
      .map((key) => ({ datagram, packet: sealedPacket(datagram.payload, key) }))
  })
  const answers = openWithScapy(attempts.map(({ packet }) => packet))
  const esp = sealed.map((datagram) => {
    const mine = answers.filter((_, index) => attempts[index]?.datagram === datagram)
    const failed: OpenedPacket = {
      ok: false,
      error: mine.length === 0 ? 'its SPI has no key in the log' : 'no key fits',
    }
    return { seen: datagram, opened: mine.find((answer) => answer.ok) ?? failed }
  })
  return {
    reading: readWithTshark(seen, ports),
    esp,
    keepalives: seen.length - sealed.length - seen.filter(isHip).length,
  }
}

/** Our own reading of the same capture: it must find everything right, and nothing that a whole key log leaves unchecked. */
export function expectInspected(seen: readonly Seen[], keyLog: string): void {
  const log = readKeys(readFileSync(keyLog, 'utf8'))
  if ('fault' in log) throw new Error(log.fault)
  const { frames, damage } = readCapture(pcapOf(seen))
  const findings = [...inspect([...carriedBy(frames)], log)]
  expect(damage).toBeUndefined()
  expect(findings).toHaveLength(seen.length)
  expect(findings.flatMap(({ frame, errors }) => errors.map((error) => `${frame}: ${error}`))).toEqual([])
  for (const { frame, type, checks, parameters } of findings) {
    const names = parameters.map(({ name }) => name)
    const made = Object.keys(checks)
    if (type === 'ESP') expect(made, `${frame} ${type}`).toEqual(['icv'])
    if (names.some((name) => name.startsWith('HIP_SIGNATURE'))) expect(made, `${frame} ${type}`).toContain('signature')
    if (names.some((name) => name.startsWith('HIP_MAC'))) expect(made, `${frame} ${type}`).toContain('mac')
  }
}

/** Every packet well formed, every ESP packet opened under a key of the log, and no number twice under one SPI. */
export function expectSound(
  { reading, esp, keepalives }: Judgement,
  spokenSuites: readonly number[],
  keyLog: string,
): void {
  expect(reading.complaint).toBe('')
  expect(reading.good).toBe(true)
  const hip = reading.rows.filter(({ packetType }) => packetType !== '')
  expect(new Set(hip.map(({ version }) => version))).toEqual(new Set(['2']))
  for (const { parameters } of hip) expect(parameters).toEqual([...parameters].sort((a, b) => a - b))
  expect(reading.rows.filter(({ spi }) => spi !== '')).toHaveLength(esp.length)
  expect(hip.length + esp.length + keepalives).toBe(reading.rows.length)

  expect(esp.filter(({ opened }) => !opened.ok).map(({ opened }) => opened)).toEqual([])
  expect(new Set(readKeyLog(keyLog).map(({ suite }) => suite))).toEqual(new Set(spokenSuites))
  // No number twice under one SPI, by anybody: the datagrams were captured once each.
  const numbers = esp.map(({ seen }) => Buffer.from(seen.payload.subarray(0, 8)).toString('hex'))
  expect(new Set(numbers).size).toBe(numbers.length)
}
