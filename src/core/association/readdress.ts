// Changing an address without moving (RFC 8046 §3.2.1): an UPDATE with the new LOCATOR_SET from the new address, its
// acknowledgement with an echo request to that address, and the echo.

import type { Locator } from '../../base/address.ts'
import type { Update } from '../../wire/messages.ts'
import { encodeAck, encodeEchoRequestSigned, encodeEspInfo, encodeSeq } from '../../wire/update.ts'
import { listedLocators, locatorParameter } from '../moving/offer.ts'
import type { Association } from './association.ts'
import { takePath, tendSoon } from './failover.ts'
import { acknowledge, nextUpdateId, sendReliably } from './ratchet.ts'
import { startCheck } from './reach.ts'
import type { Session } from './session.ts'
import { headerBytes, type Tuple } from './tuple.ts'
import { buildUpdate } from './update.ts'

/**
 * Our own locators have changed, or how we like them: RFC 8046 §3.2.1, first packet. The one that packets to this peer leave from
 * is preferred. While a P1 is out the observed tuple has to do.
 */
export function readdress(association: Association, now: number): void {
  const { session, context, state } = association
  if (session === undefined || state.name === 'closing') return
  const { ratchet } = session
  association.paths.relocate()
  association.readdressWanted = ratchet.name !== 'settled'
  const { current, why } = association.paths
  if (association.readdressWanted) {
    if (current !== undefined) startCheck(association, now, current, why)
    return
  }
  // The peer may never have been spoken to where our new family has to reach it.
  if (current?.state === 'unverified') startCheck(association, now, current, why)
  const updateId = nextUpdateId(session)
  const spi = ordinarySpi(session)
  const parameters = [
    encodeEspInfo({ keymatIndex: 0, oldSpi: spi, newSpi: spi }),
    locatorParameter(context.locators.slice(0, context.config.locatorsPerPeerMax), spi, preferredAt(association)),
    encodeSeq(updateId),
  ]
  const bytes = buildUpdate(association.envelope(session), parameters, true)
  association.announced = true
  // What is still under way may arrive behind it (RFC 7401 §6.11), and a peer that knows only the RFCs would go by that: it is told again.
  association.readdressWanted = session.plain !== undefined && association.reliable.has('readdress')
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
  tendSoon(association, now)
  if (tuple.state === 'active' || tuple.check !== undefined || paths.openChecks >= context.config.checksOpenMax) {
    acknowledge(association, tuple, [encodeAck([seq])])
    choose(association, now, tuple)
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
  if (!association.sendTo(packet, tuple)) return
  association.probe = packet
  tuple.check = { nonce, updateId, sentAt: now, why: stays(association, tuple) ? 'standby' : 'readdressed' }
  tuple.checks = 1
  tuple.checkedAt = now
  association.timers.set('check', Math.min(association.timers.at('check'), now + association.rtt.ptoMs))
  choose(association, now, tuple)
}

/** RFC 8046 §5.5: what the peer prefers, once it is verified; or where it speaks from, if it has left where it was. */
function choose(association: Association, now: number, tuple: Tuple): void {
  const { paths } = association
  const { preferred } = paths
  if (tuple.state === 'active' && !stays(association, tuple)) takePath(association, now, tuple, 'readdressed')
  if (preferred === undefined || preferred === paths.current || preferred === tuple) return
  // What has just been left because it was silent is asked first.
  if (preferred.state === 'active' && paths.why !== 'failover') takePath(association, now, preferred, 'preferred')
  else startCheck(association, now, preferred, 'preferred')
}

/** Whether data stays where it goes although the peer has spoken from another of its locators. */
function stays({ paths: { current } }: Association, tuple: Tuple): boolean {
  return tuple !== current && tuple.listed && !tuple.preferred && current?.listed === true && current.state === 'active'
}

/** Which of our locators packets to this peer leave from, if it is not the first that came to our mind. */
function preferredAt({ paths }: Association): Locator | undefined {
  return paths.why === 'failover' ? paths.current?.at : undefined
}

export function ordinarySpi(session: Session): number {
  return session.inbound.findLast(({ role }) => role === 'ordinary')?.sa.spi ?? 0
}
