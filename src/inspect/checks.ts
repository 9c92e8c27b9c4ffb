// The checks of one HIP packet: HIT, signature, puzzle and MAC, and those that have no name in the output (checksum, INSTANCE, and
// whether it answers what was asked).
// A check that cannot be made, for want of a key or of an algorithm, is left out.

import { compareBytes, concat, toHex, utf8 } from '../base/bytes.ts'
import { hitText } from '../crypto/hit.ts'
import { incarnationOf } from '../crypto/keymat.ts'
import { HI_EDDSA, LABEL_ED25519 } from '../crypto/public-key.ts'
import { solves } from '../crypto/puzzle.ts'
import { sameSecret } from '../crypto/secret.ts'
import * as wire from '../wire.ts'
import { identityOf, verifies } from './algorithms.ts'
import { checkAck, checkEchoes, checkKeymatIndex, unlikeR1 } from './answers.ts'
import { exchangeKey, type Generation, type Knowledge, macFits, parameterIn, suiteOf } from './knowledge.ts'
import type { Said } from './said.ts'
import { placeOf, type Report } from './wrong.ts'

/** What has been checked; what could not be is absent. */
export interface Checks {
  hit?: boolean
  signature?: boolean
  puzzle?: boolean
  mac?: boolean
  icv?: boolean
}

/** Makes every check that a HIP packet allows. `inner` are the parameters that ENCRYPTED held, if it could be opened. */
export function checkHip(
  packet: wire.Packet,
  inner: readonly wire.RawParameter[],
  knowledge: Knowledge,
  said: Said,
  report: Report,
): Checks {
  const checks: Checks = {}
  const set = (name: keyof Checks, passed: boolean | undefined): void => {
    if (passed !== undefined) checks[name] = passed
  }
  set('hit', checkHit(packet, inner, report))
  set('signature', checkSignature(packet, knowledge, report))
  set('puzzle', checkI2(packet, said, report))
  set('mac', checkMac(packet, knowledge, report))
  checkInstance(packet, report)
  checkKeymatIndex(packet, said, report)
  checkEchoes(packet, said, report)
  checkAck(packet, said, report)
  return checks
}

/** Whether the checksum is what its carrier calls for: zero over UDP, right over IP. RFC 7401 §5.1.1, RFC 9028 §5.1. */
export function checkChecksum(
  bytes: Uint8Array,
  ip: { readonly source: Uint8Array; readonly destination: Uint8Array } | undefined,
  report: Report,
): void {
  const found = ((bytes[4] ?? 0) << 8) | (bytes[5] ?? 0)
  if (ip === undefined) {
    if (found !== 0) report({ what: `checksum ${hex16(found)} over UDP, where it is zero`, at: 4 })
    return
  }
  const expected = wire.hipChecksum(bytes, ip.source, ip.destination)
  if (found !== expected) report({ what: `checksum ${hex16(found)} where ${hex16(expected)} is right`, at: 4 })
}

function checkHit(packet: wire.Packet, inner: readonly wire.RawParameter[], report: Report): boolean | undefined {
  const shown = packet.parameters.find(({ type }) => type === wire.Parameter.HOST_ID)
  const raw = shown ?? inner.find(({ type }) => type === wire.Parameter.HOST_ID)
  if (raw === undefined) return undefined
  const hostId = wire.decodeHostId(raw.contents, 0)
  const identity = wire.isMalformed(hostId) ? undefined : identityOf(hostId, packet.sender)
  if (identity === undefined) return undefined
  if (!identity.fits) {
    const what = `HOST_ID stands for ${identity.hit}, the sender says ${hitText(packet.sender)}`
    const at = shown === undefined ? {} : { at: raw.start }
    report({ what, ...at, parameter: wire.Parameter.HOST_ID })
  }
  return identity.fits
}

function checkSignature(packet: wire.Packet, knowledge: Knowledge, report: Report): boolean | undefined {
  const type = packet.type === wire.PacketType.R1 ? wire.Parameter.HIP_SIGNATURE_2 : wire.Parameter.HIP_SIGNATURE
  const raw = packet.parameters.find((parameter) => parameter.type === type)
  const [key, ...others] = knowledge.keysOf(packet.sender)
  if (raw === undefined || key === undefined) return undefined
  const signature = wire.decodeSignature(raw.contents, raw.start + 4)
  if (wire.isMalformed(signature)) return undefined
  const where = { at: raw.start, parameter: type }
  const fitting = [key, ...others].filter(({ algorithm }) => algorithm === signature.algorithm)
  if (fitting.length === 0) {
    report({ what: `signature of algorithm ${signature.algorithm} by a key of algorithm ${key.algorithm}`, ...where })
    return false
  }
  const covered = packet.type === wire.PacketType.R1 ? wire.coveredByR1(packet, type) : wire.coveredBy(packet, type)
  const passed = fitting.some((one) => verifies(one, covered, signature.bytes))
  if (!passed) report({ what: 'signature does not verify under the key of the sender', ...where })
  return passed
}

/** Says of an I2 whatever is not R1's, and whether it solves R1's puzzle; without an R1 only that it solves not even its own. */
function checkI2(packet: wire.Packet, said: Said, report: Report): boolean | undefined {
  const solution = packet.type === wire.PacketType.I2 ? parameterIn(packet, 'SOLUTION') : undefined
  const suite = suiteOf(packet.receiver)
  if (solution === undefined || suite === undefined) return undefined
  const solved = solves(suite, solution.i, packet.sender, packet.receiver, solution.j, solution.k)
  if (!solved) report({ what: `J does not solve the puzzle of K ${solution.k}`, ...placeOf(packet, 'SOLUTION') })
  const unlike = unlikeR1(packet, said)
  for (const wrong of unlike ?? []) report(wrong)
  if (!solved || unlike?.some(({ parameter }) => parameter === wire.Parameter.SOLUTION) === true) return false
  return unlike === undefined ? undefined : true
}

function checkMac(packet: wire.Packet, knowledge: Knowledge, report: Report): boolean | undefined {
  const name = packet.type === wire.PacketType.R2 ? 'HIP_MAC_2' : 'HIP_MAC'
  if (!packet.parameters.some(({ type }) => type === wire.Parameter[name])) return undefined
  const all = knowledge.generations(packet)
  if (name === 'HIP_MAC_2') {
    const tlvs = knowledge.hostIdTlvs(packet.sender)
    if (all.some((generation) => tlvs.some((tlv) => macFits(generation, packet, tlv)))) return true
    if (tlvs.length === 0 || !isDefinite(packet, all, knowledge)) return undefined
  } else {
    if (all.some((generation) => macFits(generation, packet))) return true
    if (!isDefinite(packet, all, knowledge)) return undefined
  }
  report({ what: `${name} is of no key that the key log gives to this pair`, ...placeOf(packet, name) })
  return false
}

/** Whether the right keys have to be among those known, so that no fit means a wrong MAC. */
function isDefinite(packet: wire.Packet, all: readonly Generation[], knowledge: Knowledge): boolean {
  // Of an exchange whose KIJ is in the log; whether that one line is, nothing can tell.
  if (packet.type === wire.PacketType.I2) {
    const solution = parameterIn(packet, 'SOLUTION')
    const known = all.some(
      ({ exchange }) => solution !== undefined && exchangeKey(exchange.context) === exchangeKey(solution),
    )
    return known || knowledge.hasSecrets(packet)
  }
  if (packet.type === wire.PacketType.R2) return knowledge.hasSecrets(packet)
  const resumption = parameterIn(packet, 'EPOCH')?.resumptionId
  if (resumption !== undefined) return all.some(({ keys }) => sameSecret(keys.resumption.id, resumption))
  // Without EPOCH the HIP keys of an exchange stay as they are (RFC 7402 §6.9 renews those of ESP only).
  return all.length > 0 && knowledge.knowsAllExchanges(packet)
}

// MOVING §2: an incarnation is a hash of the key, and the key signs what stands before.
function checkInstance(packet: wire.Packet, report: Report): void {
  const instance = parameterIn(packet, 'INSTANCE')
  if (instance === undefined) return
  const type = wire.Parameter.INSTANCE
  const place = placeOf(packet, 'INSTANCE')
  const incarnation = parameterIn(packet, 'EPOCH')?.sender.incarnation
  if (incarnation !== undefined && compareBytes(incarnationOf(instance.key), incarnation) !== 0) {
    report({ what: `the key of INSTANCE is not that of incarnation ${toHex(incarnation)}`, ...place })
  }
  const covered = packet.type === wire.PacketType.R1 ? wire.coveredByR1(packet, type) : wire.coveredBy(packet, type)
  const key = { algorithm: HI_EDDSA, label: LABEL_ED25519, bytes: instance.key }
  if (!verifies(key, concat(utf8('sojourn instance 1\0'), covered), instance.signature)) {
    report({ what: 'the signature of INSTANCE does not verify', ...place })
  }
}

function hex16(value: number): string {
  return `0x${value.toString(16).padStart(4, '0')}`
}
