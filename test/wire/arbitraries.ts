// Values of every parameter, by name, for properties and fuzzing. A parameter without one does not compile.

import fc, { type Arbitrary } from 'fast-check'
import type { ParameterName, ParameterValues, TypedParameter } from '../../src/wire.ts'

const u8 = fc.nat(0xff)
const u16 = fc.nat(0xffff)
const u32 = fc.nat({ max: 0xffffffff })
const spi = fc.integer({ min: 256, max: 0xffffffff })
const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const someBytes = fc.uint8Array({ minLength: 1, maxLength: 70 })
const anyBytes = fc.uint8Array({ maxLength: 70 })
const address = exactly(16)
const listOf = (entry: Arbitrary<number>) => fc.array(entry, { minLength: 1, maxLength: 9 })
const types = fc.array(u8, { maxLength: 9 })

const transportAddress = fc.record({ port: u16, protocol: u8, address })
const registration = fc.record({ lifetime: u8, types: fc.array(u8, { minLength: 1, maxLength: 9 }) })
const signature = fc.record({ algorithm: u16, bytes: someBytes })
const start = fc.record({ epoch: u32, incarnation: exactly(16) })

const common = {
  trafficType: fc.constantFrom(0 as const, 1 as const, 2 as const),
  preferred: fc.boolean(),
  lifetimeSeconds: fc.integer({ min: 1, max: 0xffffffff }),
}
const locator = fc.oneof(
  fc.record({ ...common, locatorType: fc.constant(0), address }),
  fc.record({ ...common, locatorType: fc.constant(1), spi: u32, address }),
  fc.record({
    ...common,
    locatorType: fc.constant(2),
    port: u16,
    protocol: u8,
    kind: u8,
    priority: u32,
    spi: u32,
    address,
  }),
  fc.record({
    ...common,
    trafficType: u8,
    locatorType: fc.integer({ min: 3, max: 255 }),
    locator: fc.integer({ min: 0, max: 8 }).chain((words) => exactly(words * 4)),
  }),
)

const puzzle = fc.integer({ min: 1, max: 48 })
const key = fc.oneof(
  fc.record({ algorithm: fc.constant(13), label: fc.constant(1), key: exactly(32) }),
  fc.record({ algorithm: fc.constantFrom(7, 9), label: u16, key: someBytes }),
  fc.record({ algorithm: fc.constantFrom(3, 5), label: fc.constant(0), key: someBytes }),
)
const domain = fc.oneof(fc.constant({}), fc.record({ domain: anyBytes, domainType: fc.integer({ min: 1, max: 15 }) }))

const VALUES: { readonly [N in ParameterName]: Arbitrary<ParameterValues[N]> } = {
  ESP_INFO: fc.record({ keymatIndex: u16, oldSpi: u32, newSpi: fc.oneof(fc.constant(0), spi) }),
  R1_COUNTER: fc.oneof(
    fc.record({ high: u32, low: u32 }),
    fc.record({ high: u32, low: u32, reserved: fc.integer({ min: 1, max: 0xffffffff }) }),
  ),
  LOCATOR_SET: fc.array(locator, { maxLength: 5 }),
  PUZZLE: puzzle.chain((n) => fc.record({ k: u8, lifetime: u8, opaque: exactly(2), i: exactly(n) })),
  SOLUTION: puzzle.chain((n) => fc.record({ k: u8, opaque: exactly(2), i: exactly(n), j: exactly(n) })),
  SEQ: u32,
  ACK: listOf(u32),
  DH_GROUP_LIST: listOf(u8),
  DIFFIE_HELLMAN: fc.record({ group: u8, publicValue: someBytes }),
  HIP_CIPHER: listOf(u16),
  NAT_TRAVERSAL_MODE: listOf(u16),
  TRANSACTION_PACING: u32,
  ENCRYPTED: someBytes,
  HOST_ID: fc.tuple(key, domain).map(([a, b]) => ({ ...a, ...b })),
  HIT_SUITE_LIST: listOf(fc.nat(15)),
  CERT: fc
    .tuple(u8, fc.integer({ min: 1, max: 255 }), fc.integer({ min: 1, max: 255 }), u8, someBytes)
    .map(([group, a, b, type, certificate]) => ({
      group,
      count: Math.max(a, b),
      id: Math.min(a, b),
      type,
      certificate,
    })),
  NOTIFICATION: fc.record({ type: u16, data: anyBytes }),
  ECHO_REQUEST_SIGNED: anyBytes,
  REG_INFO: fc.record({ minLifetime: u8, maxLifetime: u8, types }),
  REG_REQUEST: registration,
  REG_RESPONSE: registration,
  REG_FAILED: fc.record({ failure: u8, types: fc.array(u8, { minLength: 1, maxLength: 9 }) }),
  REG_FROM: transportAddress,
  ECHO_RESPONSE_SIGNED: anyBytes,
  TRANSPORT_FORMAT_LIST: listOf(u16),
  ESP_TRANSFORM: listOf(u16),
  RELAYED_ADDRESS: transportAddress,
  MAPPED_ADDRESS: transportAddress,
  PEER_PERMISSION: fc.array(
    fc.record({
      relayPort: u16,
      peerPort: u16,
      protocol: u8,
      relayAddress: address,
      peerAddress: address,
      outboundSpi: u32,
      inboundSpi: u32,
    }),
    { minLength: 1, maxLength: 4 },
  ),
  CANDIDATE_PRIORITY: u32,
  NOMINATE: fc.constant(true as const),
  EPOCH: fc.record({
    sender: start,
    addressee: start,
    baseEpoch: u32,
    resumptionId: exactly(8),
    receipt: fc.uint8Array({ maxLength: 200 }),
  }),
  RESERVE_SPI: spi,
  FINALS: fc.uniqueArray(fc.record({ spi: u32, sequence: fc.maxSafeNat() }), {
    maxLength: 4,
    selector: (final) => final.spi,
  }),
  PADDING: fc.nat(300),
  INSTANCE: fc.record({ key: exactly(32), signature: exactly(64) }),
  HIP_MAC: someBytes,
  HIP_MAC_2: someBytes,
  HIP_SIGNATURE_2: signature,
  HIP_SIGNATURE: signature,
  ECHO_RESPONSE_UNSIGNED: anyBytes,
  ECHO_REQUEST_UNSIGNED: anyBytes,
  RELAY_FROM: transportAddress,
  RELAY_TO: transportAddress,
  FROM: address,
  RVS_HMAC: someBytes,
  VIA_RVS: fc.array(address, { minLength: 1, maxLength: 4 }),
  RELAY_HMAC: someBytes,
}

/** Every name there is. */
export const PARAMETER_NAMES: readonly ParameterName[] = Object.keys(VALUES) as ParameterName[]

/** Lawful values of one parameter. */
export function parameterOf(name: ParameterName): Arbitrary<TypedParameter> {
  return VALUES[name].map((value: unknown) => ({ name, value }) as TypedParameter)
}

/** Lawful values of any parameter. */
export const anyParameter: Arbitrary<TypedParameter> = fc.oneof(...PARAMETER_NAMES.map(parameterOf))
