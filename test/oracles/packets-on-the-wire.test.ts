// Every kind of packet, seen on real sockets and read by strangers: tshark decodes each HIP packet, Scapy opens each ESP packet
// with what SOJOURN_KEYLOG holds. For both kinds of identity, both ESP suites, IPv4 and IPv6; through rekeys, a freeze and
// thaw, a readdress, a former host that goes on, a peer that forgot, and a goodbye.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { conformance } from '../../src/conformance.ts'
import type { Choices } from '../../src/core/association/exchange-offer.ts'
import { Endpoint, Host, type Identity, type IdentityAlgorithm, thaw } from '../../src/index.ts'
import { readCapture } from '../../src/inspect/capture.ts'
import { carriedBy } from '../../src/inspect/carried.ts'
import { inspect } from '../../src/inspect/inspect.ts'
import { readKeyLog as readKeys } from '../../src/inspect/key-log.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import { openKeyLog } from '../../src/node/observe.ts'
import { ask } from '../support/ask.ts'
import {
  type OpenedPacket,
  openWithScapy,
  type Reading,
  readKeyLog,
  readWithTshark,
  sealedPacket,
} from '../support/oracle.ts'
import { pcapOf, type Seen, udpDatagram } from '../support/pcap.ts'
import { carried, Station, type StationOptions, startBy } from '../support/station.ts'
import { Tap } from '../support/tap.ts'

const folder = mkdtempSync(join(tmpdir(), 'sojourn-wire-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const HIP_TYPES = { I1: '1', R1: '2', I2: '3', R2: '4', UPDATE: '16', NOTIFY: '17', CLOSE: '18', CLOSE_ACK: '19' }
const UDP = 17
const ICMPV6 = 58
const DUMMY = 59
const ECHO_PORT = 7

// Waits of seconds shortened; nothing here changes what a packet looks like.
const IMPATIENT = { keepaliveMs: 300, silenceMsMin: 200, ptoInitialMs: 200 }

interface Case {
  readonly algorithm: IdentityAlgorithm
  readonly suite: number
  readonly family: 4 | 6
  /** What has to be asked for. */
  readonly choices?: Choices
}

const asked = (group: number): Choices => ({ algorithms: conformance, dhGroups: [group] })

const cases: readonly Case[] = [
  ...(['ed25519', 'ecdsa-p256'] as const).flatMap((algorithm) =>
    [13, 8].flatMap((suite) => ([4, 6] as const).map((family) => ({ algorithm, suite, family }))),
  ),
  // Not suite 12: Scapy wants the whole tag. test/crypto/aead.test.ts holds that suite 12 sends the first half of suite 13's.
  { algorithm: 'ed25519', suite: 9, family: 4, choices: { dhGroups: [8] } },
  { algorithm: 'ecdsa-p256', suite: 9, family: 6, choices: { dhGroups: [4], hipCiphers: [4] } },
  { algorithm: 'rsa', suite: 13, family: 4, choices: asked(4) },
  { algorithm: 'rsa', suite: 9, family: 6, choices: asked(3) },
  { algorithm: 'ecdsa-p384', suite: 9, family: 6, choices: asked(8) },
  { algorithm: 'ecdsa-p384', suite: 8, family: 4, choices: asked(7) },
]

/** What strangers made of a conversation. */
interface Judgement {
  readonly reading: Reading
  readonly esp: readonly { readonly seen: Seen; readonly opened: OpenedPacket }[]
  readonly keepalives: number
}

function judge(seen: readonly Seen[], ports: readonly number[], keyLog: string): Judgement {
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
function expectInspected(seen: readonly Seen[], keyLog: string): void {
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

/** Who takes part in a case, and how they are put on the wire: by epoch, at an address that ends in `last`. */
interface Cast {
  readonly service: Identity
  readonly caller: Identity
  open(identity: Identity, epoch: number, last: number, more?: Partial<StationOptions>): Promise<Station>
}

function cast({ algorithm, suite, family, choices = {} }: Case, keyLog: string): Cast {
  const keylog = openKeyLog(keyLog)
  if (keylog === undefined) throw new Error('no key log')
  const ledger = createIdentity()
  const open: Cast['open'] = (identity, epoch, last, more) => {
    const bind = { address: family === 4 ? `127.0.0.${last}` : '::1' }
    const start = startBy(ledger, identity, epoch)
    return Station.open({ keylog, ...choices, espSuites: [suite], config: IMPATIENT, identity, start, bind, ...more })
  }
  const { algorithms } = choices
  return { service: createIdentity(algorithm, algorithms), caller: createIdentity(algorithm, algorithms), open }
}

/** The whole life of an association between a service that moves and a peer that stays. */
async function live(one: Case, keyLog: string): Promise<void> {
  const everybody = cast(one, keyLog)
  const { service, caller } = everybody
  const first = await everybody.open(service, 1, 1)
  const peer = await everybody.open(caller, 1, 2)
  await meet(first, peer)

  first.do((engine, time) => engine.freeze(time))
  await first.next('frozen')
  const state = first.engine.frozenState([{ port: ECHO_PORT, unread: [] }], new Uint8Array(0))
  const frozen = carried(state, one.choices?.algorithms)
  const second = await everybody.open(service, 2, 3, { frozen })
  second.echo(ECHO_PORT)
  await Promise.all([second.next('resumed'), peer.next('rebound')])
  expect(await peer.ask(service.hit, ECHO_PORT, 'moved')).toBe('moved')

  // The former host goes on against all rules, and learns that it is superseded.
  first.do((engine, time) => engine.unfreeze(time))
  first.do((engine, time) => engine.readdress(time, [first.port.locator]))
  expect((await first.next('fenced')).epoch).toBe(2)

  await peer.relocate({ address: peer.port.locator.address })
  await second.next('path')
  expect(await peer.ask(service.hit, ECHO_PORT, 'readdressed')).toBe('readdressed')
  second.do((engine, time) => engine.rekey(time, caller.hit))
  await Promise.all([second.next('rekeyed'), peer.next('rekeyed')])
  expect(peer.engine.association(service.hit)?.baseExchanges).toBe(1)

  await peer.vanish()
  const again = await everybody.open(caller, 2, 2, { bind: peer.port.locator })
  await part(second, again)
  await Promise.all([first.vanish(), second.vanish(), again.vanish()])
}

/** A base exchange, data, an echo, a rekey, a keepalive of either kind. */
async function meet(service: Station, peer: Station): Promise<void> {
  const { hit } = service.engine
  service.echo(ECHO_PORT)
  peer.do((engine, time) => engine.associate(time, { hit, locators: [service.port.locator] }))
  await Promise.all([peer.next('associated'), service.next('associated')])
  expect(await peer.ask(hit, ECHO_PORT, 'before')).toBe('before')
  peer.do((engine, time) => engine.ping(time, hit, 1, 1, Buffer.from('ping')))
  await peer.next('pong')
  peer.do((engine, time) => engine.rekey(time, hit))
  await Promise.all([peer.next('rekeyed'), service.next('rekeyed')])
  expect(await peer.ask(hit, ECHO_PORT, 'rekeyed')).toBe('rekeyed')
  await Promise.all([service.counted('dummy-received'), sendKeepalive(service), service.counted('keepalive-received')])
}

/** A peer that was started again from nothing says that it cannot go on; after another exchange it says goodbye. */
async function part(service: Station, peer: Station): Promise<void> {
  service.do((engine, time) => engine.ping(time, peer.engine.hit, 2, 1, Buffer.from('anybody there?')))
  expect((await service.next('ended')).reason).toBe('reset')
  const { hit } = service.engine
  peer.do((engine, time) => engine.associate(time, { hit, locators: [service.port.locator] }))
  await peer.next('associated')
  peer.do((engine, time) => engine.close(time, hit))
  expect((await peer.next('ended')).reason).toBe('closed')
}

async function sendKeepalive(to: Station): Promise<void> {
  const { address, port } = to.port.locator
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4').bind(0, address)
  await once(socket, 'listening')
  socket.send(Uint8Array.of(0xff), port, address, () => socket.close())
}

function expectSound({ reading, esp, keepalives }: Judgement, spokenSuites: readonly number[], keyLog: string): void {
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

describe.each(cases)('$algorithm, ESP suite $suite, IPv$family', (one) => {
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
})

describe('endpoints with SOJOURN_KEYLOG', () => {
  it.each(['ed25519', 'ecdsa-p256'] as const)('%s: a move is seen and opened from end to end', async (algorithm) => {
    const keyLog = join(folder, `endpoints-${algorithm}`)
    process.env.SOJOURN_KEYLOG = keyLog
    using tap = new Tap()
    try {
      await moveAnEndpoint(algorithm)
    } finally {
      delete process.env.SOJOURN_KEYLOG
    }
    const judgement = judge(tap.seen, tap.ports, keyLog)
    expectSound(judgement, [13], keyLog)
    expectInspected(tap.seen, keyLog)
    const types = new Set(judgement.reading.rows.map(({ packetType }) => packetType))
    const { NOTIFY, ...others } = HIP_TYPES
    for (const type of Object.values(others)) expect(types).toContain(type)
    expect(types).not.toContain(NOTIFY)
  })
})

async function moveAnEndpoint(algorithm: IdentityAlgorithm): Promise<void> {
  const [here, there] = [
    await Host.open({ home: join(folder, 'here') }),
    await Host.open({ home: join(folder, 'there') }),
  ]
  const ledger = here.ledger(join(folder, 'ledger'))
  const bind = { address: '127.0.0.1' }
  await using peer = await Endpoint.open({ identity: createIdentity(algorithm), bind })
  const service = await Endpoint.open({ identity: createIdentity(algorithm), host: here, ledger, bind })
  const echo = await service.datagrams(ECHO_PORT)
  echo.on('message', (bytes, from) => echo.send(bytes, from.port, from.hit))
  const association = await peer.associate(service.peer)
  const socket = await peer.datagrams()
  await ask(socket, association.peer, ECHO_PORT, 'before')
  const capsule = await service.freeze({ to: there.kem })
  const thawed = await thaw(capsule, { host: there, ledger, bind: { address: '127.0.0.2' } })
  await using moved = thawed.endpoint
  const moving = thawed.sockets.get(ECHO_PORT)
  moving?.on('message', (bytes, from) => moving.send(bytes, from.port, from.hit))
  await ask(socket, association.peer, ECHO_PORT, 'after')
  expect(association.baseExchanges).toBe(1)
  expect(moved.epoch).toBe(2)
}
