// Whether a packet is an answer to what was asked: an I2 to its R1, a KEYMAT index to the keys drawn before it, an echo and an ACK to
// what they repeat. What was asked is not always in a capture; where it is not, nothing is said.

import { equalBytes, toHex } from '../base/bytes.ts'
import { hitText } from '../crypto/hit.ts'
import { espKeymatIndex } from '../crypto/keymat.ts'
import * as wire from '../wire.ts'
import { ALGORITHMS, knowsCipher } from './algorithms.ts'
import { parameterIn, suiteOf } from './knowledge.ts'
import { offersSpi } from './plain-rekeys.ts'
import { askingOf, type Said, type Side } from './said.ts'
import { withName } from './words.ts'
import { placeOf, type Report, type Wrong } from './wrong.ts'

/**
 * How an I2 fits the R1s seen of its pair: the differences to the one that it fits best. Undefined if that R1 was not captured, as far
 * as one can tell.
 */
export function unlikeR1(i2: wire.Packet, said: Said): readonly Wrong[] | undefined {
  const solution = parameterIn(i2, 'SOLUTION')
  const { packets, missing } = said.by(i2.receiver, i2.sender).r1s
  if (solution === undefined || packets.length === 0) return undefined
  const answered = packets.filter((r1) => equalBytes(parameterIn(r1, 'PUZZLE')?.i ?? new Uint8Array(0), solution.i))
  // R1s may be made in advance, and shared: several may have this I, of which the I2 answers one.
  const all = answered.map((r1) => differences(r1, i2)).sort((a, b) => a.length - b.length)
  if (all[0] !== undefined) return all[0]
  const what = `I is that of no R1 from ${hitText(i2.receiver)}`
  return missing ? undefined : [{ what, ...placeOf(i2, 'SOLUTION') }]
}

/** Everything in which an I2 is no answer to an R1 with its I. RFC 7401 §5.3.3, §6.8; RFC 7402 §5.1.2; RFC 9028 §4.3. */
function differences(r1: wire.Packet, i2: wire.Packet): readonly Wrong[] {
  const found: Wrong[] = []
  const unlike = (name: wire.ParameterName, what: string): void => void found.push({ what, ...placeOf(i2, name) })
  const [puzzle, solution] = [parameterIn(r1, 'PUZZLE'), parameterIn(i2, 'SOLUTION')]
  if (puzzle !== undefined && solution !== undefined) {
    if (solution.k !== puzzle.k) unlike('SOLUTION', `K ${solution.k}, where R1 asked for ${puzzle.k}`)
    if (!equalBytes(solution.opaque, puzzle.opaque))
      unlike('SOLUTION', `opaque ${toHex(solution.opaque)}, where R1 had ${toHex(puzzle.opaque)}`)
  }
  const [asked, repeated] = [parameterIn(r1, 'R1_COUNTER'), parameterIn(i2, 'R1_COUNTER')]
  if (asked !== undefined && repeated !== undefined && (asked.high !== repeated.high || asked.low !== repeated.low))
    unlike('R1_COUNTER', `${repeated.high}/${repeated.low}, where R1 had ${asked.high}/${asked.low}`)
  const chosen = (name: ListName, names: Readonly<Record<string, number>>, noun: string): void => {
    const [offer, choice] = [listIn(r1, name), listIn(i2, name)]
    if (offer === undefined || choice === undefined) return
    for (const number of choice)
      if (!offer.includes(number))
        unlike(
          name,
          `${noun} ${withName(number, names)}, where R1 offers ${offer.map((one) => withName(one, names)).join(', ')}`,
        )
  }
  chosen('DIFFIE_HELLMAN', wire.DhGroup, 'group')
  chosen('HIP_CIPHER', wire.HipCipher, 'cipher')
  chosen('NAT_TRAVERSAL_MODE', wire.NatMode, 'mode')
  chosen('TRANSPORT_FORMAT_LIST', wire.TransportFormat, 'transport format')
  chosen('ESP_TRANSFORM', wire.EspSuite, 'ESP suite')
  return found
}

type ListName = 'DIFFIE_HELLMAN' | 'HIP_CIPHER' | 'NAT_TRAVERSAL_MODE' | 'TRANSPORT_FORMAT_LIST' | 'ESP_TRANSFORM'

// An R1 has one Diffie–Hellman value, and so offers one group (RFC 7401 §5.3.2): its DH_GROUP_LIST is there to be compared.
function listIn(packet: wire.Packet, name: ListName): readonly number[] | undefined {
  if (name !== 'DIFFIE_HELLMAN') return parameterIn(packet, name)
  const dh = parameterIn(packet, name)
  return dh === undefined ? undefined : [dh.group]
}

/** Whether ESP_INFO points to where its keys are drawn. RFC 7402 §5.1.1, §6.8, §6.9. */
export function checkKeymatIndex(packet: wire.Packet, said: Said, report: Report): void {
  const info = parameterIn(packet, 'ESP_INFO')
  if (info === undefined) return
  const say = (right: string): void =>
    report({ what: `KEYMAT index ${info.keymatIndex}, where ${right} is right`, ...placeOf(packet, 'ESP_INFO') })
  const theirs = said.by(packet.receiver, packet.sender)
  if (packet.type === wire.PacketType.I2 || packet.type === wire.PacketType.R2) {
    const i2s = packet.type === wire.PacketType.I2 ? [packet] : theirs.i2s.packets
    const right = new Set(i2s.map(indexOf).filter((index) => index !== undefined))
    const certain = packet.type === wire.PacketType.I2 || !theirs.i2s.missing
    if (right.size > 0 && certain && !right.has(info.keymatIndex)) say([...right].join(' or '))
    return
  }
  if (packet.type !== wire.PacketType.UPDATE) return
  if (parameterIn(packet, 'DIFFIE_HELLMAN') !== undefined) {
    if (info.keymatIndex !== 0) say('0, with a new Diffie–Hellman value,')
    return
  }
  if (offersSpi(info)) checkContinued(packet, said.by(packet.sender, packet.receiver), theirs, info.keymatIndex, say)
}

/** A rekey without a value of its own: the new KEYMAT of the other's value, or what is left of the one that there is. */
function checkContinued(
  packet: wire.Packet,
  own: Side,
  theirs: Side,
  index: number,
  say: (right: string) => void,
): void {
  if (parameterIn(packet, 'EPOCH') !== undefined || own.bringsDh || theirs.bringsDh) return
  if (own.i2s.missing || theirs.i2s.missing) return
  const ends = [...own.i2s.packets, ...theirs.i2s.packets].map(endOf).filter((end) => end !== undefined)
  const [least] = ends.sort((a, b) => a - b)
  if (least !== undefined && index < least) say(`${least} or more, behind the keys of the exchange,`)
}

/** Where the ESP keys of an exchange begin in its KEYMAT. */
function indexOf(i2: wire.Packet): number | undefined {
  const suite = suiteOf(i2.receiver)
  const cipher = parameterIn(i2, 'HIP_CIPHER')?.[0]
  if (suite === undefined || cipher === undefined || !knowsCipher(cipher)) return undefined
  return espKeymatIndex({ suite, cipher, algorithms: ALGORITHMS })
}

/** Where they end. */
function endOf(i2: wire.Packet): number | undefined {
  const [begin, chosen] = [indexOf(i2), parameterIn(i2, 'ESP_TRANSFORM')?.[0]]
  const suite = chosen === undefined ? undefined : ALGORITHMS.espSuites.get(chosen)
  if (begin === undefined || suite === undefined) return undefined
  return begin + 2 * (suite.encryptionBytes + suite.authenticationBytes)
}

/** What kind of packet is answered by which. RFC 7401 §5.2.20 to §5.2.23. */
const ASKED_IN: ReadonlyMap<number, number> = new Map([
  [wire.PacketType.I2, wire.PacketType.R1],
  [wire.PacketType.R2, wire.PacketType.I2],
  [wire.PacketType.UPDATE, wire.PacketType.UPDATE],
  [wire.PacketType.CLOSE_ACK, wire.PacketType.CLOSE],
])

/** Whether echoes are those of a request of the peer's. */
export function checkEchoes(packet: wire.Packet, said: Said, report: Report): void {
  const asked = ASKED_IN.get(packet.type)
  if (asked === undefined) return
  const { packets, missing } = askingOf(said.by(packet.receiver, packet.sender), asked)
  for (const [response, request] of [
    ['ECHO_RESPONSE_SIGNED', 'ECHO_REQUEST_SIGNED'],
    ['ECHO_RESPONSE_UNSIGNED', 'ECHO_REQUEST_UNSIGNED'],
  ] as const) {
    const requests = packets.flatMap((one) => contentsOf(one, request))
    // A request may have been put in on the way, or may have been lost: with none to compare there is nothing to say.
    if (missing || requests.length === 0) continue
    for (const { start, contents } of rawsOf(packet, response)) {
      if (requests.some((one) => equalBytes(one, contents))) continue
      report({ what: `echoes what no ${request} had`, at: start, parameter: wire.Parameter[response] })
    }
  }
}

function rawsOf(packet: wire.Packet, name: wire.ParameterName): readonly wire.RawParameter[] {
  return packet.parameters.filter(({ type }) => type === wire.Parameter[name])
}

function contentsOf(packet: wire.Packet, name: wire.ParameterName): readonly Uint8Array[] {
  return rawsOf(packet, name).map(({ contents }) => contents)
}

/** Whether every Update ID that is acknowledged has been given, in a capture that has their exchange. RFC 7401 §6.12.2. */
export function checkAck(packet: wire.Packet, said: Said, report: Report): void {
  const theirs = said.by(packet.receiver, packet.sender)
  if (theirs.updateIdsMissing || !theirs.exchanged) return
  for (const id of parameterIn(packet, 'ACK') ?? [])
    if (!theirs.updateIds.has(id)) {
      const what = `acknowledges Update ID ${id}, which no UPDATE from ${hitText(packet.receiver)} has`
      report({ what, ...placeOf(packet, 'ACK') })
    }
}
