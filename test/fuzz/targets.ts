// Everything that reads bytes of a stranger, one target each. A target reads its input, holds whatever comes out to what a
// decoder owes, and names the outcome: inputs with outcomes that nobody has seen yet are worth keeping.

import * as path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { CAPSULE_VERSION, readCapsule } from '../../src/core/moving/capsule.ts'
import { decodeFloors } from '../../src/core/moving/floor-codec.ts'
import { decodeState } from '../../src/core/moving/frozen-codec.ts'
import { CIPHER_AES128_CBC, CIPHER_AES256_CBC, cipherKeyBytes, decryptParameter } from '../../src/crypto/envelope.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { publicKeyFrom, samePublicKey } from '../../src/crypto/public-key.ts'
import { conformance } from '../../src/crypto/suites/conformance/algorithms.ts'
import { readCapture } from '../../src/inspect/capture.ts'
import { carriedBy } from '../../src/inspect/carried.ts'
import { findingJson, inspect } from '../../src/inspect/inspect.ts'
import { NO_KEYS, readKeyLog } from '../../src/inspect/key-log.ts'
import { decodeVersion } from '../../src/ledger/version-file.ts'
import { decodeFrames } from '../../src/wire/frame-reader.ts'
import { FrameWriter } from '../../src/wire/frame-writer.ts'
import * as wire from '../../src/wire.ts'
import { ROOT } from '../support/tree.ts'

/** Runs an input; throws for a defect, returns what it was otherwise. */
export type Target = (input: Uint8Array) => string

const HIT_A = Uint8Array.of(0x20, 1, 0, 0x25, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
const HIT_B = Uint8Array.of(0x20, 1, 0, 0x25, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
const LIMITS = { bytes: 4_096, depth: 8 }

/** The name of an outcome: the fault, numbers left out, or the shape of the value. */
function outcome(value: unknown, input: Uint8Array, slack = 8): string {
  if (wire.isMalformed(value)) {
    if (value.at < 0 || value.at > input.length + slack)
      throw new Error(`fault at ${value.at} of ${input.length} bytes`)
    return `malformed ${value.parameter ?? ''}: ${value.malformed.replaceAll(/\d+/g, 'n')}`
  }
  return shapeOf(value)
}

function shapeOf(value: unknown): string {
  if (value instanceof Uint8Array) return value.length === 0 ? 'no bytes' : 'bytes'
  if (Array.isArray(value)) return `[${[...new Set(value.map(shapeOf))].join()}]`
  if (typeof value !== 'object' || value === null) return typeof value
  return `{${Object.entries(value)
    .map(([key, inner]) => (key === 'packet' ? key : `${key} ${shapeOf(inner)}`))
    .join()}}`
}

function parameterTarget(type: number): Target {
  return (contents) => {
    const found = wire.decodeParameter({ type, contents }, 0)
    if (wire.isMalformed(found)) return outcome(found, contents)
    const again = wire.encodeParameter(found)
    if (again.contents.length !== contents.length) throw new Error('written back at another length')
    const reread = wire.decodeParameter(again, 0)
    if (outcome(reread, contents) !== outcome(found, contents)) throw new Error('read back as something else')
    return outcome(found, contents)
  }
}

function packetOutcome(input: Uint8Array): string {
  const packet = wire.decodePacket(input, { checksum: 'ignore' })
  if (wire.isMalformed(packet)) return outcome(packet, input)
  for (const type of [wire.Parameter.HIP_MAC, wire.Parameter.HIP_SIGNATURE, wire.Parameter.RVS_HMAC]) {
    wire.coveredBy(packet, type)
  }
  wire.coveredByR1(packet, wire.Parameter.HIP_SIGNATURE_2)
  const typed = wire.typedParameters(packet.parameters)
  if (wire.isMalformed(typed)) return outcome(typed, input)
  const { type, sender, receiver, controls } = packet
  const again = wire.encodePacket(type, sender, receiver, typed.map(wire.encodeParameter), controls)
  if (again.length !== packet.bytes.length) throw new Error('written back at another length')
  return typed.map(({ name }) => name ?? 'unknown').join()
}

function inspectOutcome(input: Uint8Array): string {
  const { frames, damage } = readCapture(input)
  const shapes = new Set<string>()
  for (const finding of inspect([...carriedBy(frames)], NO_KEYS)) {
    JSON.stringify(findingJson(finding))
    if (finding.ok !== (finding.errors.length === 0)) throw new Error('ok, and yet wrong')
    shapes.add(`${finding.type} ${finding.errors.length === 0} ${Object.keys(finding.checks).join()}`)
  }
  return `${damage?.replaceAll(/\d+/g, 'n') ?? 'whole'} ${[...shapes].join('; ')}`
}

const text = (input: Uint8Array) => new TextDecoder().decode(input)

/** All targets, by name. */
export const TARGETS: ReadonlyMap<string, Target> = new Map<string, Target>([
  ...Object.entries(wire.Parameter).map(([name, type]): [string, Target] => [name, parameterTarget(type)]),
  ['packet', packetOutcome],
  ['message', (input) => outcome(wire.decodeMessage(input), input)],
  ['parameters', (input) => outcome(wire.decodeParameters(input), input)],
  ['classify', (input) => wire.classify(input)],
  ['inner-udp', (input) => outcome(wire.readInnerUdp(input, HIT_A, HIT_B), input)],
  ['frames', framesOutcome],
  ['echo', (input) => outcome(wire.decodeEcho(input, HIT_A, HIT_B), input)],
  ['trailer', (input) => outcome(wire.readTrailer(input), input)],
  ['cbor', (input) => outcome(wire.decodeCbor(input, LIMITS), input)],
  ['signed', (input) => outcome(wire.decodeSigned(input), input)],
  ['receipt', (input) => outcome(wire.decodeReceipt(input), input)],
  ['ready', (input) => outcome(wire.decodeReady(input), input)],
  ['grant', (input) => outcome(wire.decodeGrant(input), input)],
  ['claim', (input) => outcome(wire.decodeClaim(input), input)],
  ['whereabouts', (input) => outcome(wire.decodeWhereabouts(input), input)],
  ['locator-set-of-host', (input) => outcome(wire.decodeLocatorSet(input, 0), input)],
  ['domain-name', (input) => outcome(wire.decodeDomainIdentifier(1, input, 0), input)],
  ['nai', (input) => outcome(wire.decodeDomainIdentifier(2, input, 0), input)],
  ['notification-detail', notificationOutcome],
  ['public-key', publicKeyOutcome],
  ['plaintext-of-encrypted', encryptedOutcome],
  ['frozen-state', stateOutcome],
  ['capsule', capsuleOutcome],
  ['floors', (input) => checksummed(input, 1, decodeFloors)],
  ['version-file', (input) => checksummed(input, 3, decodeVersion)],
  ['capture', inspectOutcome],
  ['key-log', (input) => shapeOf(readKeyLog(text(input)))],
])

const FILE_LIMITS = { bytes: 65_536, depth: 10 }

/** What a capsule holds, as a host reads it that has been promised it. */
function stateOutcome(input: Uint8Array): string {
  const value = wire.decodeCbor(input, FILE_LIMITS)
  if (wire.isMalformed(value)) return outcome(value, input)
  // The releases say so themselves, in the first field.
  const version = value instanceof Map && value.get(1) === 1 ? 1 : CAPSULE_VERSION
  return outcome(decodeState(value, version), input)
}

function capsuleOutcome(input: Uint8Array): string {
  const capsule = readCapsule(input)
  return typeof capsule === 'string' ? capsule : shapeOf(capsule.header)
}

/** Files that end with the hash of their parts: the parts are the input, so that what is behind the hash is reached. */
function checksummed(input: Uint8Array, parts: number, decode: (bytes: Uint8Array) => unknown): string {
  const value = wire.decodeCbor(input, FILE_LIMITS)
  if (wire.isMalformed(value)) return outcome(value, input)
  const whole: readonly wire.CborValue[] = parts === 1 ? [value] : Array.isArray(value) ? value : [value]
  if (whole.length !== parts) return 'other parts'
  const sum = sha256(wire.encodeCbor(parts === 1 ? value : [...whole]))
  const bytes = wire.encodeCbor([...whole, sum])
  return outcome(decode(bytes), bytes)
}

/** Frames of streams. Written anew, each in its shortest form, they are read as the same. */
function framesOutcome(input: Uint8Array): string {
  const frames = decodeFrames(input)
  if (wire.isMalformed(frames)) return outcome(frames, input)
  const writer = new FrameWriter(new Uint8Array(input.length + 64))
  if (!frames.every((frame) => writer.write(frame))) throw new Error('written back at another length')
  if (!isDeepStrictEqual(decodeFrames(writer.written), frames)) throw new Error('read back as something else')
  return [...new Set(frames.map(({ kind }) => kind))].sort().join()
}

function notificationOutcome(input: Uint8Array): string {
  const type = ((input[0] ?? 0) << 8) | (input[1] ?? 0)
  const data = input.subarray(2)
  return outcome(wire.notificationDetail({ type, data }), data)
}

/** A peer's key of any kind there is: what is taken has one form, and stays as it is when it is read in it. */
function publicKeyOutcome(input: Uint8Array): string {
  const [algorithm = 0, label = 0] = input
  const key = publicKeyFrom(algorithm, label, input.subarray(2), conformance.keys)
  if (key === undefined) return 'no key'
  const again = publicKeyFrom(algorithm, label, key.bytes, conformance.keys)
  if (again === undefined || !samePublicKey(again, key)) throw new Error('read back as something else')
  return `${algorithm} ${label} ${key.bytes.length === input.length - 2}`
}

/** What stands in ENCRYPTED, under a key that a peer has too: of the cipher that the first byte names. */
function encryptedOutcome(input: Uint8Array): string {
  const id = (input[0] ?? 0) % 2 === 0 ? CIPHER_AES128_CBC : CIPHER_AES256_CBC
  const plaintext = decryptParameter(id, new Uint8Array(cipherKeyBytes(id) ?? 0).fill(7), input.subarray(1))
  if (plaintext !== undefined && plaintext.length >= input.length) throw new Error('longer than its ciphertext')
  return `${id} ${plaintext === undefined ? 'none' : shapeOf(plaintext)}`
}

/** Where the kept inputs of a target are: a file of hexadecimal lines. */
export function corpusFile(name: string): string {
  return path.join(ROOT, 'test', 'fuzz', 'corpus', `${name}.hex`)
}
