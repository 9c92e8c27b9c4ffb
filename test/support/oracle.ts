// Decoders that nobody here wrote, in ../shared/oracles: tshark for every HIP packet, Scapy for every ESP packet. A missing
// oracle throws: a check that is skipped in silence is none.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Seen, writePcap } from './pcap.ts'
import { ROOT } from './tree.ts'

/** What tshark made of one frame. Empty strings where it saw no such field. */
export interface Decoded {
  readonly frame: number
  readonly version: string
  /** The packet type as a number, such as '1' for I1; empty for anything but HIP. */
  readonly packetType: string
  /** The parameter types in the order of the packet. */
  readonly parameters: readonly number[]
  /** Wireshark's word on the HIP checksum; over UDP it has to be zero. */
  readonly checksum: string
  readonly spi: string
  readonly sequence: string
  /** What its expert system remarks; empty if nothing. */
  readonly remarks: string
}

/** tshark's reading of a capture. */
export interface Reading {
  readonly rows: readonly Decoded[]
  /** True if no frame was malformed and no checksum bad. */
  readonly good: boolean
  /** The oracle's own words about bad frames. */
  readonly complaint: string
}

/** One ESP packet with the key that should open it, as esp-oracle.py takes it. */
export interface SealedPacket {
  readonly suite: number
  readonly key: string
  readonly auth?: string
  readonly high: number
  readonly packet: string
}

/** What Scapy found inside, or why it did not open. */
export type OpenedPacket =
  | {
      readonly ok: true
      readonly spi: number
      readonly sequence: number
      readonly next_header: number
      readonly pad_length: number
      readonly payload: string
    }
  | { readonly ok: false; readonly error: string }

/** A key of the file that SOJOURN_KEYLOG names. */
export interface LoggedKey {
  readonly spi: number
  readonly suite: number
  readonly key: string
  readonly auth: string | undefined
}

/** The path of an oracle; throws a plain sentence if ../shared or the oracle is not there. */
export function oraclePath(name: string): string {
  const path = join(ROOT, '..', 'shared', 'oracles', name)
  if (!existsSync(path))
    throw new Error(`../shared/oracles/${name} is missing: put the shared folder beside the repository`)
  return path
}

/** Lets tshark read these datagrams. `ports` are the UDP ports on which Sojourn spoke. */
export function readWithTshark(seen: readonly Seen[], ports: readonly number[]): Reading {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-pcap-'))
  try {
    const file = join(folder, 'wire.pcap')
    writePcap(file, seen)
    return tsharkReading(file, ports)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function tsharkReading(file: string, ports: readonly number[]): Reading {
  const run = spawnSync('bash', [oraclePath('tshark-oracle.sh'), file, ports.join(',')], { encoding: 'utf8' })
  if (run.error) throw run.error
  const [header, ...lines] = run.stdout.trimEnd().split('\n')
  if (header?.startsWith('frame.number') !== true) {
    throw new Error(`tshark printed no table: install tshark (${run.stderr.trim() || `exit ${run.status}`})`)
  }
  return { rows: lines.map(decodedOf), good: run.status === 0, complaint: run.stderr.trim() }
}

function decodedOf(line: string): Decoded {
  const [frame = '', version = '', packetType = '', types = '', checksum = '', spi = '', sequence = '', remarks = ''] =
    line.split('\t')
  const parameters = types === '' ? [] : types.split(',').map(Number)
  return { frame: Number(frame), version, packetType, parameters, checksum, spi, sequence, remarks }
}

/** Lets Scapy open ESP packets; one answer a packet, in order. It wants the whole tag: suite 12 is left to a script of ours. */
export function openWithScapy(packets: readonly SealedPacket[]): readonly OpenedPacket[] {
  const short = packets.filter(({ suite }) => suite === SHORT_TAG)
  const whole = packets.filter(({ suite }) => suite !== SHORT_TAG)
  const answers = {
    short: [...openBy(SHORT_TAG_SCRIPT, short)],
    whole: [...openBy(oraclePath('esp-oracle.py'), whole)],
  }
  return packets.flatMap(({ suite }) => answers[suite === SHORT_TAG ? 'short' : 'whole'].shift() ?? [])
}

const SHORT_TAG = 12
const SHORT_TAG_SCRIPT = join(ROOT, 'test', 'oracles', 'esp-gcm-8.py')

function openBy(script: string, packets: readonly SealedPacket[]): readonly OpenedPacket[] {
  if (packets.length === 0) return []
  const input = `${packets.map((packet) => JSON.stringify(packet)).join('\n')}\n`
  const run = spawnSync('/usr/bin/python3', [script], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (run.error) throw run.error
  if (run.status !== 0)
    throw new Error(`${script} failed: install python3-scapy and python3-cryptography\n${run.stderr}`)
  const answers = run.stdout
    .trim()
    .split('\n')
    .map((line): OpenedPacket => JSON.parse(line))
  if (answers.length !== packets.length) throw new Error(`${answers.length} answers for ${packets.length} packets`)
  return answers
}

/** Reads the lines `ESP <spi> <suite> <key> <auth or ->` of a key log, last one of an SPI last. */
export function readKeyLog(file: string): readonly LoggedKey[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.flatMap((line) => {
    const [kind, spi, suite, key, auth] = line.split(' ')
    if (kind !== 'ESP' || spi === undefined || key === undefined) return []
    return [{ spi: Number.parseInt(spi, 16), suite: Number(suite), key, auth: auth === '-' ? undefined : auth }]
  })
}

/** An ESP packet as the oracle wants it. The upper half of the number is 0 unless a test seals 2^32 packets. */
export function sealedPacket(payload: Uint8Array, logged: LoggedKey, high = 0): SealedPacket {
  const packet = Buffer.from(payload).toString('hex')
  const { suite, key, auth } = logged
  return { suite, key, high, packet, ...(auth === undefined ? {} : { auth }) }
}
