// A capture and a key log, as a row of findings: each packet of ours with its parameters in words, the checks that could be
// made, and what is wrong and where. The capture is gone through twice: first to learn keys, then to judge.

import { addressText, formatLocator } from '../base/address.ts'
import { hitText } from '../crypto/hit.ts'
import * as wire from '../wire.ts'
import type { Carried } from './carried.ts'
import { type Checks, checkChecksum, checkHip } from './checks.ts'
import { EspReader } from './esp.ts'
import type { KeyLog } from './key-log.ts'
import { Knowledge } from './knowledge.ts'
import { Said } from './said.ts'
import { nameOfPacket, nameOfType, type Shown, showContents, showParameter } from './words.ts'
import type { Report, Wrong } from './wrong.ts'

/** One packet, judged. */
export interface Finding {
  readonly frame: number
  /** `I1` to `CLOSE_ACK`, `HIP` if it has no readable type, `ESP`, `KEEPALIVE`, `RUNT`. */
  readonly type: string
  /** Nothing is wrong, as far as it could be checked. */
  readonly ok: boolean
  readonly checks: Checks
  readonly parameters: readonly (Shown & { readonly inner?: readonly Shown[] })[]
  /** What is wrong and where, a sentence each. */
  readonly errors: readonly string[]
  /** Where it came from and went to, unless the file does not say. */
  readonly from?: string
  readonly to?: string
  /** HITs, of a HIP packet whose header could be read. */
  readonly sender?: string
  readonly receiver?: string
  readonly esp?: {
    readonly spi: number
    readonly sequence: number
    readonly nextHeader?: number
    readonly inside?: string
  }
}

/** Judges everything that is HIP or ESP, in order; other UDP datagrams are passed over. */
export function* inspect(carried: readonly Carried[], log: KeyLog): Generator<Finding> {
  const knowledge = new Knowledge(log)
  const said = new Said()
  const places = new Set<string>()
  for (const one of carried) {
    const bytes = hipBytesOf(one)
    const packet = bytes === undefined ? undefined : wire.decodePacket(bytes, { checksum: 'ignore' })
    if (packet === undefined || wire.isMalformed(packet)) continue
    knowledge.learn(packet)
    said.learn(packet)
    for (const place of placesOf(one)) places.add(place)
  }
  knowledge.derive()
  for (const one of carried) {
    if (isEsp(one)) knowledge.prove(one.payload)
  }
  const esp = new EspReader(knowledge)
  for (const one of carried) {
    if (isOurs(one, places, knowledge)) yield judge(one, { knowledge, said, esp })
  }
}

/** A HIP packet with or without the marker of UDP; hexadecimal lines may have either. */
function hipBytesOf(one: Carried): Uint8Array | undefined {
  if (one.by === 'hip') return one.payload
  if (one.by === 'esp') return undefined
  if (wire.classify(one.payload) === 'hip') return wire.hipOf(one.payload)
  return one.path === undefined && isBareHip(one.payload) ? one.payload : undefined
}

// RFC 7401 §5.1: next header 59, a length that is its own, version 2. An SPI would have to look like all of that.
function isBareHip(bytes: Uint8Array): boolean {
  const [next = 0, length = 0, type = 0, version = 0] = bytes
  return next === 59 && (length + 1) * 8 === bytes.length && type < 0x80 && version === 0x21
}

function isEsp({ by, payload }: Carried): boolean {
  return by === 'esp' ? payload.length >= wire.ESP_HEADER_BYTES : by === 'udp' && wire.classify(payload) === 'esp'
}

function isOurs(one: Carried, places: ReadonlySet<string>, knowledge: Knowledge): boolean {
  if (one.by !== 'udp' || one.path === undefined) return true
  if (one.path.port === wire.HIP_PORT || one.path.sourcePort === wire.HIP_PORT) return true
  if (placesOf(one).some((place) => places.has(place))) return true
  const kind = wire.classify(one.payload)
  if (kind === 'esp') return knowledge.knowsSpi(wire.spiOf(one.payload))
  return kind === 'hip' && !wire.isMalformed(wire.decodePacket(wire.hipOf(one.payload), { checksum: 'ignore' }))
}

function placesOf({ by, path }: Carried): readonly string[] {
  if (by !== 'udp' || path === undefined) return []
  return [locator(path.source, path.sourcePort), locator(path.destination, path.port)]
}

/** What packets are judged by. */
interface Judges {
  readonly knowledge: Knowledge
  readonly said: Said
  readonly esp: EspReader
}

function judge(one: Carried, judges: Judges): Finding {
  const errors: string[] = []
  const report: Report = (wrong) => void errors.push(sentence(wrong))
  if (one.missing > 0) report({ what: `${one.missing} bytes are not in the capture` })
  const hip = hipBytesOf(one)
  const where = ends(one)
  if (hip !== undefined) {
    const judged = judgeHip(hip, one, judges, report)
    return { frame: one.frame, ...judged, ok: errors.length === 0, errors, ...where }
  }
  const common = { frame: one.frame, parameters: [], ...where }
  const kind = isEsp(one) ? 'esp' : wire.classify(one.payload)
  if (kind === 'keepalive') return { ...common, type: 'KEEPALIVE', checks: {}, ok: true, errors }
  if (kind !== 'esp') {
    report({ what: `${one.payload.length} bytes are neither HIP nor ESP` })
    return { ...common, type: 'RUNT', checks: {}, ok: false, errors }
  }
  const { icv, ...reading } = judges.esp.read(one.payload, report)
  const checks = icv === undefined ? {} : { icv }
  return { ...common, type: 'ESP', checks, ok: errors.length === 0, errors, esp: reading }
}

type Judged = Pick<Finding, 'type' | 'checks' | 'parameters' | 'sender' | 'receiver'>

function judgeHip(bytes: Uint8Array, one: Carried, { knowledge, said }: Judges, report: Report): Judged {
  const packet = wire.decodePacket(bytes, { checksum: 'ignore' })
  if (wire.isMalformed(packet)) {
    report(wrongOf(packet))
    if (bytes.length >= wire.HIP_HEADER_BYTES)
      said.lose(bytes.subarray(8, 24), bytes.subarray(24, 40), (bytes[2] ?? 0) & 0x7f)
    return whatStandsBefore(bytes, packet.at)
  }
  // A bare packet in hexadecimal has left its addresses behind.
  if (one.path !== undefined || wire.classify(one.payload) === 'hip') {
    checkChecksum(packet.bytes, one.by === 'hip' ? one.path : undefined, report)
  }
  const message = wire.decodeMessage(bytes, { checksum: 'ignore' })
  if (wire.isMalformed(message)) report(wrongOf(message))
  const hidden = knowledge.decrypted(packet)
  const inner = hidden?.parameters ?? []
  const faults = wire.isMalformed(message) ? [message] : []
  const parameters = packet.parameters.map((raw) => {
    const shown = show(raw, faults, report)
    if (raw.type !== wire.Parameter.ENCRYPTED || hidden === undefined) return shown
    return { ...shown, inner: inner.map((one) => show(one, faults, report)) }
  })
  const checks = checkHip(packet, inner, knowledge, said, report)
  said.follow(packet, !wire.isMalformed(message) && !Object.values(checks).includes(false))
  const [sender, receiver] = [hitText(packet.sender), hitText(packet.receiver)]
  return { type: nameOfPacket(packet.type), checks, parameters, sender, receiver }
}

/** Of a packet that cannot be read as a whole, what stands before the fault; nothing of it can be checked. */
function whatStandsBefore(bytes: Uint8Array, fault: number): Judged {
  const type = bytes.length > 2 ? nameOfPacket((bytes[2] ?? 0) & 0x7f) : 'HIP'
  if (fault < wire.HIP_HEADER_BYTES || bytes.length < wire.HIP_HEADER_BYTES) return { type, checks: {}, parameters: [] }
  const [sender, receiver] = [hitText(bytes.subarray(8, 24)), hitText(bytes.subarray(24, 40))]
  const before = wire.decodeParameters(bytes.subarray(0, Math.min(fault, bytes.length)), wire.HIP_HEADER_BYTES)
  const parameters = wire.isMalformed(before) ? [] : before.map((raw) => show(raw, [], () => undefined))
  return { type, checks: {}, parameters, sender, receiver }
}

/** A parameter as it is shown; a fault that the packet as a whole has not been charged with is reported. */
function show(raw: wire.RawParameter, known: readonly wire.Malformed[], report: Report): Shown {
  const parameter = wire.decodeParameter(raw, raw.start + 4)
  if (!wire.isMalformed(parameter)) return showParameter(parameter)
  const isKnown = known.some(({ at, malformed }) => at === parameter.at && malformed === parameter.malformed)
  if (!isKnown) report(wrongOf({ ...parameter, parameter: raw.type }))
  return showContents(raw.type, raw.contents)
}

function wrongOf({ malformed, at, parameter }: wire.Malformed): Wrong {
  return parameter === undefined ? { what: malformed, at } : { what: malformed, at, parameter }
}

function sentence({ what, at, parameter }: Wrong): string {
  const where = [
    ...(parameter === undefined ? [] : [`${nameOfType(parameter)} (${parameter})`]),
    ...(at === undefined ? [] : [`byte ${at}`]),
  ]
  return where.length === 0 ? what : `${where.join(', ')}: ${what}`
}

function ends({ by, path }: Carried): { from?: string; to?: string } {
  if (path === undefined) return {}
  if (by !== 'udp') return { from: addressText(path.source), to: addressText(path.destination) }
  return { from: locator(path.source, path.sourcePort), to: locator(path.destination, path.port) }
}

function locator(address: Uint8Array, port: number): string {
  return formatLocator({ address: addressText(address), port })
}

/** A finding as one JSON value: `{"frame", "type", "ok", "checks", "parameters": [{"type", "name", …}], "errors", …}`. */
export function findingJson(finding: Finding): Readonly<Record<string, unknown>> {
  const { frame, type, ok, checks, parameters, errors, esp, ...ends } = finding
  const flat = ({ type: number, name, fields }: Shown) => ({ ...fields, type: number, name })
  return {
    frame,
    type,
    ok,
    checks,
    parameters: parameters.map(({ inner, ...shown }) =>
      inner === undefined ? flat(shown) : { ...flat(shown), parameters: inner.map(flat) },
    ),
    errors,
    ...ends,
    ...esp,
  }
}
