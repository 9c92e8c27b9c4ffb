// The harness itself: captures that a stranger's decoder accepts, oracles that say no when they should, and a plain sentence when
// an oracle is not there. The packets are made by hand from the RFCs, not by our encoder.

import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openWithScapy, oraclePath, readKeyLog, readWithTshark, sealedPacket } from '../support/oracle.ts'
import { type Seen, writePcap } from '../support/pcap.ts'
import { Tap } from '../support/tap.ts'

const folder = mkdtempSync(join(tmpdir(), 'sojourn-harness-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const HIT_A = '200100259952e1b684adea37f69be377'
const HIT_B = '2001002594f86e7a36add203ed89625f'

/** An I1 by RFC 7401 §5.3.1 behind the zero marker of RFC 9028 §5.1: header, then DH_GROUP_LIST with group 7. */
function handMadeI1(options: { checksum?: string; length?: string; type?: string } = {}): Uint8Array {
  const { checksum = '0000', length = '05', type = '01ff' } = options
  const header = `3b${length}0121${checksum}0000${HIT_A}${HIT_B}`
  return Buffer.from(`00000000${header}${type}000107000000`, 'hex')
}

// AES-GCM of "hello", next header 17, SPI 0x01020304, sequence 1; key 16 × 01, salt cafebabe. Computed by other means.
const GCM = {
  packet: '0102030400000001000000000000000161ce9b41156e4838d8958c0d7a78e47604029edab7a27e38',
  key: `${'01'.repeat(16)}cafebabe`,
}

function seenOver(family: 4 | 6, payload: Uint8Array, port = 10_500): Seen {
  const [from, to] = family === 4 ? ['127.0.0.1', '127.0.0.2'] : ['::1', '2001:db8::10:1']
  return { at: 0, source: { address: from, port: 40_000 }, destination: { address: to, port }, payload }
}

describe('a capture', () => {
  it('has IPv4, IPv6 and UDP headers whose every checksum tshark finds good, for odd and even lengths', () => {
    const payloads = [0, 1, 2, 511, 512, 1_401].map((length) => Buffer.alloc(length, 0xa5))
    const seen = payloads.flatMap((payload) => [seenOver(4, payload, 9_999), seenOver(6, payload, 9_999)])
    const file = join(folder, 'checksums.pcap')
    writePcap(file, seen)
    const check = ['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE']
    const fields = ['-T', 'fields', '-e', 'ip.checksum.status', '-e', 'udp.checksum.status', '-e', 'udp.length']
    const run = spawnSync('tshark', ['-n', '-r', file, ...check, ...fields], { encoding: 'utf8' })
    const rows = run.stdout
      .trimEnd()
      .split('\n')
      .map((row) => row.split('\t'))
    const expected = payloads.flatMap(({ length }) => [
      ['1', '1', String(length + 8)],
      ['', '1', String(length + 8)],
    ])
    expect(rows).toEqual(expected)
  })
})

describe('tshark', () => {
  it('reads a hand-made I1 over IPv4 and IPv6, on any port it is told', () => {
    const reading = readWithTshark([seenOver(4, handMadeI1()), seenOver(6, handMadeI1(), 23_456)], [10_500, 23_456])
    expect(reading).toMatchObject({ good: true, complaint: '' })
    for (const row of reading.rows) {
      expect(row).toMatchObject({ version: '2', packetType: '1', parameters: [511] })
    }
    expect(reading.rows).toHaveLength(2)
  })

  it('reads ESP and a keepalive on the same port', () => {
    const esp = seenOver(4, Buffer.from(GCM.packet, 'hex'))
    const reading = readWithTshark([esp, seenOver(4, Uint8Array.of(0xff))], [10_500])
    expect(reading.good).toBe(true)
    expect(reading.rows[0]).toMatchObject({ spi: '0x01020304', sequence: '1', packetType: '' })
    expect(reading.rows[1]).toMatchObject({ spi: '', packetType: '' })
  })

  it('does not accept a checksum where RFC 9028 wants zero', () => {
    expect(readWithTshark([seenOver(4, handMadeI1({ checksum: 'beef' }))], [10_500])).toMatchObject({ good: false })
  })

  it('does not accept a packet that is shorter than its header says', () => {
    expect(readWithTshark([seenOver(4, handMadeI1().subarray(0, 30))], [10_500])).toMatchObject({ good: false })
  })
})

describe('Scapy', () => {
  it('opens an ESP packet with a 64-bit sequence number', () => {
    const [opened] = openWithScapy([{ suite: 13, high: 0, ...GCM }])
    expect(opened).toMatchObject({ ok: true, spi: 0x01020304, sequence: 1, next_header: 17, payload: '68656c6c6f' })
  })

  it('opens nothing that was changed, or whose upper half is another', () => {
    const forged = `${GCM.packet.slice(0, -2)}39`
    const answers = openWithScapy([
      { suite: 13, high: 0, ...GCM, packet: forged },
      { suite: 13, high: 1, ...GCM },
      { suite: 13, high: 0, ...GCM, key: `${'02'.repeat(16)}cafebabe` },
    ])
    expect(answers.map((answer) => answer.ok)).toEqual([false, false, false])
  })

  it('finds its keys in a key log', () => {
    const file = join(folder, 'keys')
    writeFileSync(
      file,
      `KIJ 2001:25::1 2001:25::2 00ff\nESP 01020304 13 ${GCM.key} -\nESP 00001001 8 ${'aa'.repeat(16)} bb\n`,
    )
    const keys = readKeyLog(file)
    expect(keys).toMatchObject([
      { spi: 0x01020304, suite: 13, auth: undefined },
      { spi: 0x1001, suite: 8, auth: 'bb' },
    ])
    const [first] = keys
    if (first === undefined) throw new Error('no key')
    expect(openWithScapy([sealedPacket(Buffer.from(GCM.packet, 'hex'), first)])).toMatchObject([{ ok: true }])
  })
})

describe('the tap', () => {
  it('records what crossed a real socket, with both ends', async () => {
    using tap = new Tap()
    const receiver = createSocket('udp4').bind(0, '127.0.0.1')
    const sender = createSocket('udp4').bind(0, '127.0.0.1')
    await Promise.all([once(receiver, 'listening'), once(sender, 'listening')])
    const arrived = once(receiver, 'message')
    sender.send(handMadeI1(), receiver.address().port, '127.0.0.1')
    await arrived
    const [one] = tap.seen
    expect(tap.seen).toHaveLength(1)
    expect(one?.source).toEqual({ address: '127.0.0.1', port: sender.address().port })
    expect(one?.destination).toEqual({ address: '127.0.0.1', port: receiver.address().port })
    expect(readWithTshark(tap.seen, tap.ports).rows).toMatchObject([{ packetType: '1' }])
    receiver.close()
    sender.close()
  })
})

describe('an oracle that is not there', () => {
  it('is reported by name', () => {
    expect(() => oraclePath('no-such-oracle.sh')).toThrow('../shared/oracles/no-such-oracle.sh is missing')
  })
})
