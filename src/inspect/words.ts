// Each parameter in words: as fields for machines, and as a line for people that names what the numbers stand for.

import { addressText } from '../base/address.ts'
import { toHex } from '../base/bytes.ts'
import * as wire from '../wire.ts'

/** A parameter as it is shown. `fields` are plain JSON values: numbers, texts, byte strings in hexadecimal. */
export interface Shown {
  readonly type: number
  readonly name: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly text: string
}

/** One fact: its name, its value for machines, and what people read if that is not the value itself. */
type Fact = readonly [key: string, value: unknown, text?: string]

type Numbers = Readonly<Record<string, number>>

/** What parameters are called that are assigned, and that nothing here reads. */
const OTHER_NAMES: ReadonlyMap<number, string> = new Map([
  [128, 'R1_Counter'],
  [577, 'HIP_TRANSFORM'],
  [4481, 'SEQ_DATA'],
  [4545, 'ACK_DATA'],
  [4577, 'PAYLOAD_MIC'],
  [4580, 'TRANSACTION_ID'],
  [4592, 'OVERLAY_ID'],
  [4601, 'ROUTE_DST'],
  [7680, 'HIP_TRANSPORT_MODE'],
  [64011, 'OVERLAY_TTL'],
  [64017, 'ROUTE_VIA'],
])

/** The name of a parameter type; `unknown` if nobody has assigned it. */
export function nameOfType(type: number): string {
  return wire.parameterName(type) ?? OTHER_NAMES.get(type) ?? 'unknown'
}

/** A packet type as the RFCs write it. */
export function nameOfPacket(type: number): string {
  const others: Readonly<Record<number, string>> = { 20: 'HDRR', 32: 'HIP_DATA' }
  return nameIn(wire.PacketType, type) ?? others[type] ?? `type ${type}`
}

/** Shows a parameter that could be read. */
export function showParameter(parameter: wire.TypedParameter | wire.UnknownParameter): Shown {
  if (parameter.name === undefined) {
    const { type, contents } = parameter
    return shown(type, [['contents', toHex(contents), brief(contents)]])
  }
  return shown(wire.Parameter[parameter.name], factsOf(parameter))
}

/** Shows a parameter that could not. */
export function showContents(type: number, contents: Uint8Array): Shown {
  return shown(type, [['contents', toHex(contents), brief(contents)]])
}

/** A byte string for people: short ones whole, of long ones the beginning. */
export function brief(bytes: Uint8Array): string {
  return bytes.length <= 16 ? toHex(bytes) || 'empty' : `${toHex(bytes.subarray(0, 8))}… (${bytes.length} bytes)`
}

function shown(type: number, facts: readonly Fact[]): Shown {
  const fields = Object.fromEntries(facts.map(([key, value]) => [key, value]))
  const text = facts.map(([key, value, words]) => `${spaced(key)} ${words ?? String(value)}`).join(', ')
  return { type, name: nameOfType(type), fields, text }
}

const FACTS: { readonly [N in wire.ParameterName]: (value: wire.ParameterValues[N]) => readonly Fact[] } = {
  ESP_INFO: ({ keymatIndex, oldSpi, newSpi }) => [
    ['keymatIndex', keymatIndex],
    spi('oldSpi', oldSpi),
    spi('newSpi', newSpi),
  ],
  R1_COUNTER: ({ high, low, reserved }) => [
    ['high', high],
    ['low', low],
    ...(reserved === undefined ? [] : [['reserved', reserved] as const]),
  ],
  LOCATOR_SET: (locators) => [['locators', locators.map(plainLocator), locators.map(locatorText).join('; ') || 'none']],
  PUZZLE: ({ k, lifetime, opaque, i }) => [
    ['k', k],
    ['lifetime', lifetime, `${2 ** (lifetime - 32)} s`],
    bytes('opaque', opaque),
    bytes('i', i),
  ],
  SOLUTION: ({ k, opaque, i, j }) => [['k', k], bytes('opaque', opaque), bytes('i', i), bytes('j', j)],
  SEQ: (id) => [['updateId', id]],
  ACK: (ids) => [['updateIds', ids, ids.join(' ')]],
  DH_GROUP_LIST: (groups) => [named('groups', groups, wire.DhGroup)],
  DIFFIE_HELLMAN: ({ group, publicValue }) => [named('group', group, wire.DhGroup), bytes('publicValue', publicValue)],
  HIP_CIPHER: (ciphers) => [named('ciphers', ciphers, wire.HipCipher)],
  NAT_TRAVERSAL_MODE: (modes) => [named('modes', modes, wire.NatMode)],
  TRANSACTION_PACING: (ms) => [['minTaMs', ms, `${ms} ms`]],
  ENCRYPTED: (content) => [bytes('content', content)],
  HOST_ID: hostIdFacts,
  HIT_SUITE_LIST: (suites) => [named('suites', suites, wire.HitSuite)],
  CERT: ({ group, count, id, type, certificate }) => [
    ['group', group],
    ['count', count],
    ['id', id],
    named('certificateType', type, wire.CertificateType),
    bytes('certificate', certificate),
  ],
  NOTIFICATION: (notification) => [
    named('notifyType', notification.type, wire.Notification),
    ['data', toHex(notification.data), notificationText(notification)],
  ],
  ECHO_REQUEST_SIGNED: opaqueFacts,
  REG_INFO: ({ minLifetime, maxLifetime, types }) => [
    lifetime('minLifetime', minLifetime),
    lifetime('maxLifetime', maxLifetime),
    named('types', types, wire.RegistrationType),
  ],
  REG_REQUEST: registrationFacts,
  REG_RESPONSE: registrationFacts,
  REG_FAILED: ({ failure, types }) => [
    named('failure', failure, wire.RegistrationFailure),
    named('types', types, wire.RegistrationType),
  ],
  REG_FROM: addressFacts,
  ECHO_RESPONSE_SIGNED: opaqueFacts,
  TRANSPORT_FORMAT_LIST: (formats) => [named('formats', formats, wire.TransportFormat)],
  ESP_TRANSFORM: (suites) => [named('suites', suites, wire.EspSuite)],
  RELAYED_ADDRESS: addressFacts,
  MAPPED_ADDRESS: addressFacts,
  PEER_PERMISSION: (all) => [['permissions', all.map(plainPermission), all.map(permissionText).join('; ')]],
  CANDIDATE_PRIORITY: (priority) => [['priority', priority]],
  NOMINATE: () => [],
  EPOCH: epochFacts,
  RESERVE_SPI: (value) => [spi('spi', value)],
  FINALS: (finals) => [
    [
      'finals',
      finals.map((final) => ({ ...final })),
      finals.map((final) => `${spiText(final.spi)} ${final.sequence}`).join('; ') || 'none',
    ],
  ],
  PADDING: (length) => [['length', length, `${length} bytes`]],
  INSTANCE: ({ key, signature }) => [bytes('key', key), bytes('signature', signature)],
  HIP_MAC: macFacts,
  HIP_MAC_2: macFacts,
  HIP_SIGNATURE_2: signatureFacts,
  HIP_SIGNATURE: signatureFacts,
  ECHO_RESPONSE_UNSIGNED: opaqueFacts,
  ECHO_REQUEST_UNSIGNED: opaqueFacts,
  RELAY_FROM: addressFacts,
  RELAY_TO: addressFacts,
  FROM: (address) => [['address', addressText(address)]],
  RVS_HMAC: macFacts,
  VIA_RVS: (addresses) => [['addresses', addresses.map(addressText), addresses.map(addressText).join(' ')]],
  RELAY_HMAC: macFacts,
}

function factsOf<N extends wire.ParameterName>(parameter: wire.TypedParameter<N>): readonly Fact[] {
  const facts: (value: wire.ParameterValues[N]) => readonly Fact[] = FACTS[parameter.name]
  return facts(parameter.value)
}

function hostIdFacts({ algorithm, label, key, domain, domainType }: wire.HostId): readonly Fact[] {
  const curves = algorithm === wire.HiAlgorithm.EDDSA ? wire.EddsaCurve : wire.EcdsaCurve
  const facts: Fact[] = [named('algorithm', algorithm, wire.HiAlgorithm)]
  if (label !== 0) facts.push(named('curve', label, curves))
  facts.push(bytes('key', key))
  if (domain === undefined || domainType === undefined) return facts
  const identifier = wire.decodeDomainIdentifier(domainType, domain, 0)
  const words = wire.isMalformed(identifier) ? `${brief(domain)} (${identifier.malformed})` : identifier.text
  const value = wire.isMalformed(identifier) ? toHex(domain) : identifier.text
  return [...facts, named('domainType', domainType, wire.DomainType), ['domain', value, words]]
}

function epochFacts({ sender, addressee, baseEpoch, resumptionId, receipt }: wire.Epoch): readonly Fact[] {
  return [
    ['epoch', sender.epoch],
    bytes('incarnation', sender.incarnation),
    ['addresseeEpoch', addressee.epoch, addressee.epoch === 0 ? 'unknown' : `${addressee.epoch}`],
    bytes('addresseeIncarnation', addressee.incarnation),
    ['baseEpoch', baseEpoch],
    bytes('resumptionId', resumptionId),
    bytes('receipt', receipt),
  ]
}

function registrationFacts({ lifetime: code, types }: wire.Registration): readonly Fact[] {
  return [lifetime('lifetime', code), named('types', types, wire.RegistrationType)]
}

function addressFacts({ port, protocol, address }: wire.TransportAddress): readonly Fact[] {
  return [
    ['address', addressText(address)],
    ['port', port],
    ['protocol', protocol, protocolText(protocol)],
  ]
}

function signatureFacts({ algorithm, bytes: signature }: wire.Signature): readonly Fact[] {
  return [named('algorithm', algorithm, wire.HiAlgorithm), bytes('signature', signature)]
}

function opaqueFacts(opaque: Uint8Array): readonly Fact[] {
  return [bytes('opaque', opaque)]
}

function macFacts(mac: Uint8Array): readonly Fact[] {
  return [bytes('mac', mac)]
}

function plainLocator(locator: wire.LocatorEntry | wire.OtherLocator): Readonly<Record<string, unknown>> {
  return 'address' in locator
    ? { ...locator, address: addressText(locator.address) }
    : { ...locator, locator: toHex(locator.locator) }
}

function locatorText(locator: wire.LocatorEntry | wire.OtherLocator): string {
  const { trafficType, preferred, lifetimeSeconds } = locator
  const use = ['', ' for signalling', ' for data'][trafficType] ?? ` for traffic ${trafficType}`
  const forHowLong = lifetimeSeconds === 0xffffffff ? 'without end' : `for ${lifetimeSeconds} s`
  const tail = `${use} ${forHowLong}${preferred ? ', preferred' : ''}`
  if (!('address' in locator)) return `type ${locator.locatorType} ${brief(locator.locator)}${tail}`
  const where = addressText(locator.address)
  const port = locator.port === undefined ? '' : ` port ${locator.port}`
  const kind =
    locator.kind === undefined
      ? ''
      : ` ${(nameIn(wire.CandidateKind, locator.kind) ?? `kind ${locator.kind}`).toLowerCase()}`
  return `${where}${port}${kind}${locator.spi === undefined ? '' : ` SPI ${spiText(locator.spi)}`}${tail}`
}

function plainPermission(permission: wire.PeerPermission): Readonly<Record<string, unknown>> {
  const { relayAddress, peerAddress } = permission
  return { ...permission, relayAddress: addressText(relayAddress), peerAddress: addressText(peerAddress) }
}

function permissionText(permission: wire.PeerPermission): string {
  const { relayAddress, relayPort, peerAddress, peerPort, outboundSpi, inboundSpi } = permission
  const ways = `out ${spiText(outboundSpi)}, in ${spiText(inboundSpi)}`
  return `${addressText(relayAddress)} port ${relayPort} for ${addressText(peerAddress)} port ${peerPort} (${ways})`
}

function notificationText(notification: wire.NotificationData): string {
  const detail = wire.notificationDetail(notification)
  if (wire.isMalformed(detail)) return `${brief(notification.data)} (${detail.malformed})`
  if (detail.is === 'parameter') return `parameter ${detail.parameter} (${nameOfType(detail.parameter)})`
  if (detail.is === 'certificate') return `certificate ${detail.id} of group ${detail.group}`
  if (detail.is === 'locators') return detail.locators.map(locatorText).join('; ')
  if (detail.is === 'header') return `the header of a ${nameOfPacket((detail.header[2] ?? 0) & 0x7f)}`
  return detail.is === 'nothing' ? 'none' : brief(detail.data)
}

function bytes(key: string, value: Uint8Array): Fact {
  return [key, toHex(value), brief(value)]
}

function spi(key: string, value: number): Fact {
  return [key, value, value === 0 ? 'none' : spiText(value)]
}

function lifetime(key: string, code: number): Fact {
  return [key, code, `${Number(wire.registrationSeconds(code).toPrecision(3))} s`]
}

function named(key: string, value: number | readonly number[], names: Numbers): Fact {
  const all = typeof value === 'number' ? [value] : value
  return [key, value, all.map((number) => withName(number, names)).join(', ') || 'none']
}

/** A number with what it stands for. */
export function withName(number: number, names: Numbers): string {
  const name = nameIn(names, number)
  return name === undefined ? `${number}` : `${number} (${name})`
}

function protocolText(protocol: number): string {
  return protocol === 17 ? 'UDP' : protocol === 0 ? 'IP' : `${protocol}`
}

/** An SPI as key logs and other tools write it. */
export function spiText(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}

function nameIn(names: Numbers, number: number): string | undefined {
  return Object.keys(names).find((name) => names[name] === number)
}

const WRITTEN: Readonly<Record<string, string>> = { spi: 'SPI', keymat: 'KEYMAT', id: 'ID', ids: 'IDs' }

// `oldSpi` as `old SPI`, `k` as `K`.
function spaced(key: string): string {
  if (key.length === 1) return key.toUpperCase()
  const words = key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).split(' ')
  return words.map((word) => WRITTEN[word] ?? word).join(' ')
}
