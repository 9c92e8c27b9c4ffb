// Changing an address without moving (RFC 8046 §3.2.1): an UPDATE with the new LOCATOR_SET from the new address, its
// acknowledgement with an echo request to that address, and the echo.

import type { Update } from '../../wire/messages.ts'
import { encodeAck, encodeEchoRequestSigned, encodeEspInfo, encodeSeq } from '../../wire/update.ts'
import { listedLocators, locatorParameter } from '../moving/offer.ts'
import type { Association } from './association.ts'
import { headerBytes, type Tuple } from './paths.ts'
import { acknowledge, nextUpdateId, sendReliably } from './ratchet.ts'
import { startCheck } from './reach.ts'
import type { Session } from './session.ts'
import { buildUpdate } from './update.ts'

/** Our own address has changed: RFC 8046 §3.2.1, first packet. While a P1 is out the observed tuple has to do. */
export function readdress(association: Association, now: number): void {
  const { session, context, state } = association
  if (session === undefined || state.name === 'closing') return
  const { ratchet } = session
  association.readdressWanted = ratchet.name !== 'settled'
  if (association.readdressWanted) {
    if (association.paths.current !== undefined) startCheck(association, now, association.paths.current)
    return
  }
  const updateId = nextUpdateId(session)
  const spi = ordinarySpi(session)
  const parameters = [
    encodeEspInfo({ keymatIndex: 0, oldSpi: spi, newSpi: spi }),
    locatorParameter(context.locators.slice(0, context.config.locatorsPerPeerMax), spi),
    encodeSeq(updateId),
  ]
  const bytes = buildUpdate(association.envelope(session), parameters, true)
  sendReliably(association, now, { purpose: 'readdress', bytes, updateId, tries: 1, sentAt: now })
}

/** RFC 8046 §3.2.1, second packet: acknowledged, and the new address checked in the same breath. */
export function onReaddress(association: Association, now: number, message: Update, tuple: Tuple, seq: number): void {
  const { session, paths, context } = association
  if (session === undefined || message.locators === undefined) return
  paths.list(listedLocators(message.locators, now))
  // Listing an address again starts its account anew, and this packet came from it.
  tuple.received = Math.max(tuple.received, message.packet.bytes.length + 4 + headerBytes(tuple.locator))
  context.count('readdressed')
  if (tuple.state === 'active' || tuple.check !== undefined || paths.openChecks >= context.config.checksOpenMax) {
    acknowledge(association, now, tuple, [encodeAck([seq])])
    if (tuple.state === 'active' && paths.activate(tuple))
      context.event({ type: 'path', peer: association.peer, locator: tuple.locator })
    return
  }
  const updateId = nextUpdateId(session)
  const nonce = context.entropy(16)
  const spi = ordinarySpi(session)
  const parameters = [
    encodeEspInfo({ keymatIndex: 0, oldSpi: spi, newSpi: spi }),
    encodeSeq(updateId),
    encodeAck([seq]),
    encodeEchoRequestSigned(nonce),
  ]
  const packet = buildUpdate(association.envelope(session), parameters, true)
  if (!association.sendTo(now, packet, tuple)) return
  association.probe = packet
  tuple.check = { nonce, updateId, sentAt: now }
  tuple.checks = 1
  tuple.checkedAt = now
  association.timers.set('check', Math.min(association.timers.at('check'), now + association.rtt.ptoMs))
}

export function ordinarySpi(session: Session): number {
  return session.inbound.findLast(({ role }) => role === 'ordinary')?.sa.spi ?? 0
}
