// How rows of the table would be broken: a small edit under which one of the tests of the row must fail. The rows that the lot draws
// are all here, and more, so that a row that comes or goes elsewhere does not leave a drawn one without its edit.

import { type Edit, edit } from '../sabotage/control.ts'

export interface Breach {
  /** The name of the row. */
  readonly row: string
  readonly edits: readonly Edit[]
  /** The file of the test that notices; by default that of the row's first test. */
  readonly file?: string
}

const CONTROL = 'src/core/association/control.ts'
const OPENING = 'src/core/association/opening.ts'
const INITIATOR = 'src/core/association/initiator.ts'
const RESPONDER = 'src/core/association/responder.ts'
const POOL = 'src/core/association/r1-pool.ts'
const RATCHET = 'src/core/association/ratchet.ts'
const DATA = 'src/core/association/data.ts'
const PACKET = 'src/wire/packet.ts'
const EXCHANGE = 'src/wire/exchange.ts'
const CHECKSUM = 'src/wire/checksum.ts'

function breach(row: string, file: string, find: string, replace: string, noticedIn?: string): Breach {
  return { row, edits: [edit(file, find, replace)], ...(noticedIn !== undefined && { file: noticedIn }) }
}

export const BREACHES: readonly Breach[] = [
  // ── RFC 7401 §4 ────────────────────────────────────────────────────────────
  breach('RFC 7401 §4 (1)', POOL, 'encodeTransportFormatList([TransportFormat.ESP])', 'encodeTransportFormatList([7])'),
  breach('RFC 7401 §4.1.2 (1)', 'src/crypto/puzzle.ts', '((1 << left) - 1)) === 0', '((1 << left) - 2)) === 0'),
  breach('RFC 7401 §4.1.2 (2)', POOL, 'hash(generation.secret, initiator', 'hash(initiator'),
  breach(
    'RFC 7401 §4.1.2 (4)',
    INITIATOR,
    '    ...(accepted.echoSigned === undefined ? [] : [encodeEchoResponseSigned(accepted.echoSigned)]),\n',
    '',
  ),
  breach('RFC 7401 §4.1.2 (5)', POOL, ' && now < current.madeAt + r1GenerationMs', ''),
  breach('RFC 7401 §4.1.3 (1)', INITIATOR, 'group === undefined || r1.dh.group !== group', 'group === undefined'),
  breach(
    'RFC 7401 §4.3 (1)',
    'src/core/engine.ts',
    'this.#spis.find(spiOf(datagram))',
    'this.#spis.find(spiOf(datagram)) ?? [...this.#associations.values()][0]',
    'test/conformance/esp.test.ts',
  ),
  breach('RFC 7401 §4.3 (2)', 'src/core/budgets.ts', 'return this.#strangers.take(now, source)', 'return true'),
  breach('RFC 7401 §4.5.1 (1)', CHECKSUM, 'pair + (end - start) + nextHeader', 'pair + nextHeader'),
  breach(
    'RFC 7401 §4.5.1 (2)',
    CHECKSUM,
    'return sumWords(source, 0, 16) + sumWords(destination, 0, 16)',
    'return sumWords(source, 0, 16)',
  ),

  breach('RFC 7401 §4.1.3 (3)', INITIATOR, '!verify(peerKey, signed, r1.signature.bytes, keys)', 'false'),

  // ── RFC 7401 §5 ────────────────────────────────────────────────────────────
  breach('RFC 7401 §5.1 (4)', PACKET, 'const VERSION_BYTE = 0x21', 'const VERSION_BYTE = 0x2f'),
  breach(
    'RFC 7401 §5.2.1 (3)',
    PACKET,
    'if (type < previous) return',
    'if (type < 0) return',
    'test/wire/properties.test.ts',
  ),
  breach('RFC 7401 §5.2.2 (6)', 'src/wire/registry.ts', 'PADDING: 39182', 'PADDING: 39183'),
  breach(
    'RFC 7401 §5.2.7 (1)',
    'src/crypto/dh.ts',
    'curveGroup(DH_P384, P384),',
    'curveGroup(DH_P384, P384), curveGroup(9, P384),',
  ),
  breach('RFC 7401 §5.2.8 (2)', 'src/wire/lists.ts', 'list.slice(0, LIST_LIMIT)', 'list'),
  breach(
    'RFC 7401 §5.2.8 (5)',
    'src/crypto/algorithms.ts',
    'ciphers: HIP_CIPHERS',
    'ciphers: new Map([...HIP_CIPHERS, [1, undefined]])',
  ),
  breach(
    'RFC 7401 §5.2.11 (2)',
    INITIATOR,
    'find((offered) => self.espSuites.includes(offered))',
    'find((offered) => self.espSuites.includes(offered)) ?? 13',
  ),
  breach(
    'RFC 7401 §5.2.13 (2)',
    PACKET,
    'return withLength(concat(covered, hostIdTlv))',
    'return concat(covered, hostIdTlv)',
  ),
  breach(
    'RFC 7401 §5.2.20 (1)',
    CONTROL,
    'echo === undefined ? [encodeAck([seq])] : [encodeAck([seq]), encodeEchoResponseSigned(echo)]',
    '[encodeAck([seq])]',
    'test/conformance/updates.test.ts',
  ),
  breach('RFC 7401 §5.3.2 (2)', POOL, '    r1.set(i1.sender, RECEIVER_OFFSET)\n', ''),
  breach(
    'RFC 7401 §5.3.2 (4)',
    RESPONDER,
    "  if (kij === undefined) return { drop: 'i2-dh-value' }",
    "  if (kij === undefined) {\n    self.keylog({ kind: 'KIJ', a: self.identity.hit, b: self.identity.hit, kij: i2.dh.publicValue })\n    return { drop: 'i2-dh-value' }\n  }",
  ),
  breach(
    'RFC 7401 §5.3.2 (5)',
    RESPONDER,
    "if (kij === undefined) return { drop: 'i2-dh-value' }",
    "if (kij === undefined) return { drop: 'i2-not-admitted' }",
  ),
  breach(
    'RFC 7401 §5.3.2 (6)',
    'src/crypto/envelope.ts',
    'createCipheriv(algorithm, key, iv)',
    'createCipheriv(algorithm, key, new Uint8Array(16))',
  ),
  breach(
    'RFC 7401 §5.3.3 (4)',
    RESPONDER,
    'return solves(pool.suite, i, i2.sender, self.hitBytes, j, k)',
    'return true',
  ),
  breach(
    'RFC 7401 §5.3.3 (8)',
    RESPONDER,
    "  if (!sameSecret(mac, i2.mac)) return { drop: 'i2-mac' }\n",
    '',
    'test/conformance/exchange.test.ts',
  ),
  breach('RFC 7401 §5.3.4 (1)', INITIATOR, "  if (!sameSecret(mac, r2.mac2)) return { drop: 'r2-mac' }\n", ''),
  breach(
    'RFC 7401 §5.3.5 (2)',
    CONTROL,
    '  if (message.seq !== undefined) onNew(association, now, message, tuple, session)\n',
    '  if (message.seq !== undefined) onNew(association, now, message, tuple, session)\n  else acknowledge(association, tuple, [encodeAck([0])])\n',
  ),
  breach(
    'RFC 7401 §5.3.5 (5)',
    CONTROL,
    'if (message.seq !== undefined) onNew(',
    'if (message.seq !== undefined && message.signature === undefined) onNew(',
  ),
  breach(
    'RFC 7401 §5.3.7 (2)',
    'src/core/association/closing.ts',
    'const echo = encodeEchoResponseSigned(message.echoRequestSigned)',
    'const echo = encodeEchoResponseSigned(new Uint8Array(16))',
  ),
  breach(
    'RFC 7401 §5.4.2 (2)',
    PACKET,
    "if (checksum !== 0 && options.checksum !== 'ignore')",
    'if (checksum < 0)',
    'test/conformance/framing.test.ts',
  ),

  breach(
    'RFC 7401 §5.1.2 (2)',
    INITIATOR,
    'if (!equalBytes(r1.sender, peerBytes) ||',
    'if (r1.controls !== 0 || !equalBytes(r1.sender, peerBytes) ||',
  ),
  breach(
    'RFC 7401 §5.2.3 (1)',
    INITIATOR,
    'encodeR1Counter(accepted.counter)',
    'encodeR1Counter({ ...accepted.counter, reserved: 0 })',
  ),
  breach(
    'RFC 7401 §5.2.8 (1)',
    EXCHANGE,
    "  assert(ciphers.length <= LIST_LIMIT, 'HIP_CIPHER lists at most six')\n",
    '',
  ),
  breach(
    'RFC 7401 §5.2.19 (1)',
    'src/core/association/notify.ts',
    "return context.count('notify-unknown')",
    "return association.end(now, 'reset')",
  ),
  breach('RFC 7401 §5.2.21 (1)', CONTROL, ', unsignedEchoes(message.packet))', ')', 'test/conformance/updates.test.ts'),
  breach('RFC 7401 §5.3.3 (7)', RESPONDER, 'transport !== TransportFormat.ESP || more', 'more'),
  breach(
    'RFC 7401 §5.3.3 (9)',
    RESPONDER,
    '|| !verify(peerKey, signed, i2.signature.bytes, known)',
    '',
    'test/conformance/exchange.test.ts',
  ),
  breach(
    'RFC 7401 §5.3.5 (4)',
    CONTROL,
    'message.ack?.includes(reliable.updateId) !== true',
    'message.ack?.[0] !== reliable.updateId',
  ),
  breach(
    'RFC 7401 §5.3.8 (2)',
    'src/core/association/closing.ts',
    '!fits || !equalBytes(message.echoResponseSigned, state.nonce)',
    '!fits',
  ),

  // ── RFC 7401 §6 ────────────────────────────────────────────────────────────
  breach(
    'RFC 7401 §6.1 (4)',
    'src/node/endpoint.ts',
    'ready ? undefined : () => this.#reach(peer, options),',
    'undefined,',
  ),
  breach(
    'RFC 7401 §6.8 (2)',
    INITIATOR,
    "  if (!equalBytes(r1.sender, peerBytes) || !equalBytes(r1.receiver, self.hitBytes)) return { drop: 'r1-hits' }\n",
    '',
  ),
  breach(
    'RFC 7401 §6.8 (5)',
    OPENING,
    '!isLater(message.counter, before.counter)',
    '!isLater(message.counter, undefined)',
  ),
  breach('RFC 7401 §6.8 (10)', OPENING, '    opening.tries += 1\n', ''),
  breach('RFC 7401 §6.9 (2)', RESPONDER, '!equalBytes(i2.receiver, self.hitBytes) || ', ''),
  breach(
    'RFC 7401 §6.12.2 (3)',
    CONTROL,
    "  if (!macFits(message, session.context.suite, secrets.hip.receive)) return context.count('mac-forged')\n",
    '',
  ),

  breach('RFC 7401 §6.6.1 (1)', OPENING, 'targets.slice(0, context.config.i1TargetsMax)', 'targets'),
  breach(
    'RFC 7401 §6.6.1 (2)',
    OPENING,
    'if (target !== undefined) context.sendPacket(dial.i1, target)',
    'for (const each of [target, ...dial.targets]) if (each !== undefined) context.sendPacket(dial.i1, each)',
  ),
  breach('RFC 7401 §6.7 (2)', POOL, '!equalBytes(i1.receiver, hitBytes) || ', ''),
  breach(
    'RFC 7401 §6.7 (3)',
    'src/core/association/responding.ts',
    'compareBytes(context.hitBytes, message.sender) < 0',
    'compareBytes(context.hitBytes, message.sender) > 0',
  ),
  breach('RFC 7401 §6.8 (4)', INITIATOR, '!equalBytes(r1.sender, peerBytes) || ', ''),
  breach('RFC 7401 §6.8 (8)', INITIATOR, '    counter: r1.counter,\n', '    counter: undefined,\n'),
  breach('RFC 7401 §6.8 (9)', OPENING, ' && now < opening.until', ''),
  breach(
    'RFC 7401 §6.8.1 (1)',
    'src/core/engine.ts',
    "return this.#context.count('hip-malformed')",
    'return this.closeAll(now)',
  ),
  breach('RFC 7401 §6.9 (3)', RESPONDER, ' && self.hitSuites.includes(suiteIdOf(i2.sender))', ''),
  breach(
    'RFC 7401 §6.9 (4)',
    'src/core/association/responding.ts',
    "< 0 ? 'i2-crossed' : undefined",
    "> 0 ? 'i2-crossed' : undefined",
  ),
  breach(
    'RFC 7401 §6.10 (2)',
    INITIATOR,
    "  if (!equalBytes(r2.sender, context.peer) || !equalBytes(r2.receiver, context.own)) return { drop: 'r2-hits' }\n",
    '',
  ),
  breach(
    'RFC 7401 §6.10 (4)',
    INITIATOR,
    '!verify(peerKey, signed, r2.signature.bytes, self.algorithms.keys)',
    'false',
  ),
  breach(
    'RFC 7401 §6.12.1 (3)',
    CONTROL,
    "if (state === 'old') return association",
    "if (state !== 'new') return association",
  ),
  breach('RFC 7401 §6.12.2 (1)', CONTROL, 'if (matched || isNew(session, message)) association', 'association'),

  // ── RFC 7402 ───────────────────────────────────────────────────────────────
  breach(
    'RFC 7402 §3.2.1 (1)',
    RATCHET,
    'encodeEspInfo({ keymatIndex: 0, oldSpi, newSpi: inboundSpi })',
    'encodeEspInfo({ keymatIndex: 0, oldSpi, newSpi: oldSpi })',
  ),
  breach('RFC 7402 §3.3.6 (3)', DATA, 'const due = worn || keyless', 'const due = keyless'),
  breach(
    'RFC 7402 §3.4 (2)',
    'src/core/engine.ts',
    "if (association === undefined) return this.#context.count('spi-unknown')\n",
    "if (association === undefined) return this.#outlet.tell({ type: 'frozen' })\n",
  ),
  breach(
    'RFC 7402 §4.1.3 (2)',
    RATCHET,
    '[...offerParameters(session, dh, inboundSpi, reserveIn, updateId), encodeAck([message.seq])]',
    '[...offerParameters(session, dh, inboundSpi, reserveIn, updateId).filter(({ type }) => type !== 513), encodeAck([message.seq])]',
  ),
  breach(
    'RFC 7402 §5.1.2 (1)',
    EXCHANGE,
    "  assert(suites.length <= LIST_LIMIT, 'ESP_TRANSFORM lists at most six')\n",
    '',
  ),
  breach('RFC 7402 §6.5 (1)', EXCHANGE, 'if (contents.length !== 4) return', 'if (contents.length < 4) return'),
  breach(
    'RFC 7402 §B.1.6 (2)',
    'src/core/sa/inbound.ts',
    "      return 'forged'\n",
    '      return { nextHeader: 59, plaintext: packet, length: packet.length, sequence }\n',
  ),

  breach('RFC 7402 §6.5 (3)', RESPONDER, 'i2.espInfo.oldSpi !== 0 || ', ''),
  breach(
    'RFC 7402 §6.5 (4)',
    RESPONDER,
    "  if (i2.espInfo.keymatIndex !== espKeymatIndex(context)) return { drop: 'i2-esp-info' }\n",
    '',
  ),
  breach('RFC 7402 §6.9 (1)', RATCHET, 'keymatIndex === 0 && ', ''),

  // ── RFC 8046, RFC 7343, RFC 8003 ─────────────────────────────────────────────────────
  breach(
    'RFC 8046 §4 (2)',
    'src/wire/mobility.ts',
    'if (lifetimeSeconds === 0) return',
    'if (lifetimeSeconds < 0) return',
  ),
  breach(
    'RFC 8046 §4.3 (1)',
    CONTROL,
    'message.hostId !== undefined && !isKeyOf(',
    'message.hostId === undefined && !isKeyOf(',
  ),
  breach('RFC 8046 §5.2 (1)', 'src/core/moving/offer.ts', ' || !isUnicast(locator)', ''),
  breach(
    'RFC 8046 §4.3 (2)',
    CONTROL,
    'if (message.signature !== undefined && !signatureFits(',
    'if (message.signature === undefined && !signatureFits(',
  ),
  breach(
    'RFC 8046 §5.2 (2)',
    'src/core/association/readdress.ts',
    'context.config.locatorsPerPeerMax), spi',
    'context.config.locatorsPerPeerMax), 0',
  ),
  breach(
    'RFC 8046 §5.2 (3)',
    'src/core/moving/offer.ts',
    'P1_LOCATORS_MAX), inboundSpi)',
    'P1_LOCATORS_MAX), reserveIn)',
  ),
  breach(
    'RFC 8046 §5.3 (3)',
    'src/core/association/plain.ts',
    'const adds = espInfo.oldSpi === 0',
    'const adds = false',
  ),
  breach(
    'RFC 8046 §5.6 (1)',
    DATA,
    'return association.credit.covers(now, size) && association.paths.withinAmplification(tuple, size)',
    'return true',
  ),
]
