// FrozenState ↔ CBOR maps with integer keys (MOVING §7). Every number is range-checked, every key has the length its suite
// gives it, every list is capped, and there is no text at all. Field numbers never change their meaning.

import { assert } from '../../base/assert.ts'
import { type Algorithms, STANDARD } from '../../crypto/algorithms.ts'
import { hitBytes } from '../../crypto/hit.ts'
import { HI_ECDSA, HI_EDDSA, HI_RSA, type IdentityAlgorithm } from '../../crypto/key-algorithm.ts'
import { redacted } from '../../crypto/secret.ts'
import { hitSuite } from '../../crypto/suites.ts'
import type { Malformed } from '../../wire/malformed.ts'
import { type CborValue, encodeCbor } from '../../wire/object.ts'
import { type FieldMap, type Fields, fieldMap, keyField, locatorField, readFields, startField } from './fields.ts'
import { FLOORS_MAX, readFloor, writeFloor } from './floor-codec.ts'
import type {
  FrozenAssociation,
  FrozenInbound,
  FrozenLocator,
  FrozenPlain,
  FrozenSocket,
  FrozenState,
} from './frozen.ts'
import { readStreams, writeStreams } from './frozen-streams-codec.ts'

/** Largest counts and sizes. What the engine keeps (`config.ts`) is well inside. */
const ASSOCIATIONS_MAX = 65_536
const SOCKETS_MAX = 65_536
const INBOUND_MAX = 16
const FINALS_MAX = 16
const LOCATORS_MAX = 64
const DATAGRAMS_MAX = 65_536
const DATAGRAM_BYTES_MAX = 65_535
const BITMAP_BYTES_MAX = 65_536
const STATE_BYTES_MAX = 32 * 1024 * 1024
const SECRET_BYTES = 32
/** An RSA key of 3072 bits in PKCS #8 is the longest secret of an identity. */
const IDENTITY_SECRET_BYTES_MAX = 2048
const RESUMPTION_ID_BYTES = 8
const SEQUENCE_MAX = Number.MAX_SAFE_INTEGER
/** A year: longer lifetimes are cut to it. */
const REMAINING_MS_MAX = 365 * 24 * 3_600_000
const SPI_MIN = 256
const DH_BYTES_MAX = 512
const UPDATE_IDS_MAX = 256
const U32_MAX = 0xffff_ffff
/** The newest layout of the maps below: with streams, which the first had not. */
const LAYOUT = 2
const LAYOUT_OF_STREAMS = 2

/** HI algorithm numbers. ECDSA's two curves are told apart by how long the scalar is. */
const NUMBERS: Readonly<Record<IdentityAlgorithm, number>> = {
  ed25519: HI_EDDSA,
  'ecdsa-p256': HI_ECDSA,
  'ecdsa-p384': HI_ECDSA,
  rsa: HI_RSA,
}

/** The plaintext of a capsule. */
export function encodeState(state: FrozenState): Uint8Array {
  return encodeCbor(
    fieldMap([
      [1, LAYOUT],
      [2, NUMBERS[state.identity.algorithm]],
      [3, state.identity.secret],
      [4, state.epoch],
      [5, state.associations.map(writeAssociation)],
      [6, state.floors.map(writeFloor)],
      [7, state.sockets.map(writeSocket)],
      [8, state.state],
      [9, [...state.listeners]],
    ]),
  )
}

/**
 * Reads what `encodeState` of this release or the one before wrote; `version` is the capsule's. What names an algorithm that is
 * not in the table is malformed.
 */
export function decodeState(
  value: CborValue,
  version: number,
  algorithms: Algorithms = STANDARD,
): FrozenState | Malformed {
  const read = (fields: Fields): FrozenState => {
    fields.integer(1, version, version)
    return {
      identity: readIdentity(fields, algorithms),
      epoch: fields.epoch(4),
      associations: fields.list(5, ASSOCIATIONS_MAX, (item) => readAssociation(item, version, algorithms)),
      floors: fields.list(6, FLOORS_MAX, readFloor),
      sockets: fields.list(7, SOCKETS_MAX, readSocket),
      state: fields.bytes(8, 0, STATE_BYTES_MAX),
      listeners: version < LAYOUT_OF_STREAMS ? [] : fields.integers(9, SOCKETS_MAX, 0xffff),
    }
  }
  const state = readFields(value, 'capsule', read, algorithms.keys)
  return 'malformed' in state ? state : redacted('FrozenState', state)
}

function readIdentity(fields: Fields, { keys }: Algorithms): FrozenState['identity'] {
  const number = fields.integer(2, HI_RSA, HI_EDDSA)
  const secret = fields.secret(3, SECRET_BYTES, IDENTITY_SECRET_BYTES_MAX)
  const kind = keys.find(({ algorithm, validSecret }) => algorithm === number && validSecret(secret))
  if (kind === undefined) fields.fail(keys.some(({ algorithm }) => algorithm === number) ? 3 : 2)
  return redacted('FrozenIdentity', { algorithm: kind?.name ?? 'ed25519', secret })
}

function writeAssociation(a: FrozenAssociation): FieldMap {
  return fieldMap([
    [1, keyField(a.peerKey)],
    [2, a.peerLedger === undefined ? undefined : keyField(a.peerLedger)],
    [3, startField(a.peerStart)],
    [4, startField(a.ownStart)],
    [5, a.responder],
    [6, a.hitSuite],
    [7, a.dhGroup],
    [8, a.cipher],
    [9, a.espSuite],
    [10, a.i],
    [11, a.j],
    [12, a.secret],
    [13, a.hipSend.encryption],
    [14, a.hipSend.integrity],
    [15, a.hipReceive.encryption],
    [16, a.hipReceive.integrity],
    [17, a.reserveIn],
    [18, a.reserveOut],
    [19, a.inbound.map(writeInbound)],
    [
      20,
      a.finals.map((final) =>
        fieldMap([
          [1, final.spi],
          [2, final.sequence],
        ]),
      ),
    ],
    [21, a.locators.map(writeLocator)],
    [
      22,
      a.unsent.map((sent) =>
        fieldMap([
          [1, sent.sourcePort],
          [2, sent.port],
          [3, sent.bytes],
        ]),
      ),
    ],
    [23, a.plain?.peerDh],
    [24, a.plain?.nextUpdateId],
    [25, a.plain && [...a.plain.peerUpdateIds]],
    [26, a.streams && writeStreams(a.streams)],
  ])
}

function readAssociation(fields: Fields, version: number, algorithms: Algorithms): FrozenAssociation {
  const suites = readSuites(fields, algorithms)
  const { hashBytes, macBytes, cipherBytes, ...numbers } = suites
  return redacted('FrozenAssociation', {
    peerKey: fields.key(1),
    peerLedger: fields.has(2) ? fields.key(2) : undefined,
    peerStart: fields.start(3, 0),
    ownStart: fields.start(4, 1),
    responder: fields.flag(5),
    ...numbers,
    i: fields.bytes(10, hashBytes),
    j: fields.bytes(11, hashBytes),
    secret: fields.secret(12, SECRET_BYTES),
    hipSend: { encryption: fields.secret(13, cipherBytes), integrity: fields.secret(14, macBytes) },
    hipReceive: { encryption: fields.secret(15, cipherBytes), integrity: fields.secret(16, macBytes) },
    reserveIn: readReserve(fields, 17),
    reserveOut: readReserve(fields, 18),
    inbound: fields.list(19, INBOUND_MAX, (item) => readInbound(item, numbers.espSuite, algorithms)),
    finals: fields.list(20, FINALS_MAX, (item) => ({
      spi: item.integer(1, SPI_MIN, U32_MAX),
      sequence: item.integer(2, 0, SEQUENCE_MAX),
    })),
    locators: fields.list(21, LOCATORS_MAX, readLocator),
    unsent: fields.list(22, DATAGRAMS_MAX, (item) => ({
      sourcePort: item.integer(1, 0, 0xffff),
      port: item.integer(2, 0, 0xffff),
      bytes: item.bytes(3, 0, DATAGRAM_BYTES_MAX),
    })),
    plain: fields.has(23) ? readPlain(fields) : undefined,
    streams: version >= LAYOUT_OF_STREAMS && fields.has(26) ? fields.nested(26, readStreams) : undefined,
  })
}

function readPlain(fields: Fields): FrozenPlain {
  return {
    peerDh: fields.bytes(23, 1, DH_BYTES_MAX),
    nextUpdateId: fields.integer(24, 0, U32_MAX),
    peerUpdateIds: fields.integers(25, UPDATE_IDS_MAX, U32_MAX),
  }
}

/** The suites, and the lengths they give to puzzle numbers and HIP keys. */
function readSuites(fields: Fields, algorithms: Algorithms) {
  const hitSuiteId = fields.integer(6, 1, 15)
  const suite = hitSuite(hitSuiteId)
  if (suite === undefined) fields.fail(6)
  const dhGroup = fields.integer(7, 1, 0xff)
  if (!algorithms.dhGroups.has(dhGroup)) fields.fail(7)
  const cipher = fields.integer(8, 1, 0xffff)
  const cipherBytes = algorithms.ciphers.get(cipher)?.keyBytes
  if (cipherBytes === undefined) fields.fail(8)
  const espSuite = fields.integer(9, 1, 0xffff)
  if (!algorithms.espSuites.has(espSuite)) fields.fail(9)
  return {
    hitSuite: hitSuiteId,
    dhGroup,
    cipher,
    espSuite,
    hashBytes: suite?.hashBytes ?? 0,
    macBytes: suite?.macKeyBytes ?? 0,
    cipherBytes: cipherBytes ?? 0,
  }
}

/** 0 stands for none. */
function readReserve(fields: Fields, key: number): number {
  const spi = fields.integer(key, 0, U32_MAX)
  if (spi !== 0 && spi < SPI_MIN) fields.fail(key)
  return spi
}

function writeInbound(inbound: FrozenInbound): FieldMap {
  return fieldMap([
    [1, inbound.spi],
    [2, inbound.keys.encryption],
    [3, inbound.keys.authentication],
    [4, inbound.highest],
    [5, inbound.bitmap],
    [6, inbound.final],
    [7, inbound.of],
    [8, inbound.remainingMs === undefined ? undefined : Math.floor(Math.min(inbound.remainingMs, REMAINING_MS_MAX))],
  ])
}

function readInbound(fields: Fields, espSuite: number, algorithms: Algorithms): FrozenInbound {
  const suite = algorithms.espSuites.get(espSuite)
  return {
    spi: fields.integer(1, SPI_MIN, U32_MAX),
    keys: {
      encryption: fields.secret(2, suite?.encryptionBytes ?? 0),
      authentication: fields.secret(3, suite?.authenticationBytes ?? 0),
    },
    highest: fields.integer(4, 0, SEQUENCE_MAX),
    bitmap: fields.bytes(5, 0, BITMAP_BYTES_MAX),
    final: fields.has(6) ? fields.integer(6, 0, SEQUENCE_MAX) : undefined,
    of: fields.bytes(7, RESUMPTION_ID_BYTES),
    remainingMs: fields.has(8) ? fields.integer(8, 0, REMAINING_MS_MAX) : undefined,
  }
}

function writeLocator(entry: FrozenLocator): FieldMap {
  assert(entry.remainingMs >= 0, 'a frozen locator has not expired')
  return fieldMap([
    [1, locatorField(entry.locator)],
    [2, entry.preferred],
    [3, Math.floor(Math.min(entry.remainingMs, REMAINING_MS_MAX))],
  ])
}

function readLocator(fields: Fields): FrozenLocator {
  return {
    locator: fields.locator(1),
    preferred: fields.flag(2),
    remainingMs: fields.integer(3, 0, REMAINING_MS_MAX),
  }
}

function writeSocket(socket: FrozenSocket): FieldMap {
  return fieldMap([
    [1, socket.port],
    [
      2,
      socket.unread.map((read) =>
        fieldMap([
          [1, hitBytes(read.hit)],
          [2, read.port],
          [3, read.bytes],
        ]),
      ),
    ],
  ])
}

function readSocket(fields: Fields): FrozenSocket {
  return {
    port: fields.integer(1, 0, 0xffff),
    unread: fields.list(2, DATAGRAMS_MAX, (item) => ({
      hit: item.hit(1),
      port: item.integer(2, 0, 0xffff),
      bytes: item.bytes(3, 0, DATAGRAM_BYTES_MAX),
    })),
  }
}
