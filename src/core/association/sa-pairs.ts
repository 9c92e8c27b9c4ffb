// More than one pair of SAs with a peer that knows only the RFCs (RFC 8046 §5.3, RFC 8047 §4.3): it asks for another one with an OLD
// SPI of zero, rekeys each by its SPI, and takes one back with a NEW SPI of zero. All of them open; we seal under one, that which was
// made or rekeyed last, for we have one path at a time.

import type { OutboundSa } from '../sa/outbound.ts'
import type { Association } from './association.ts'
import type { Plain } from './plain.ts'
import { ordinarySpi } from './readdress.ts'
import type { Session } from './session.ts'

/** A pair that nothing of ours is sealed under at present. */
export interface SaPair {
  readonly inboundSpi: number
  readonly outbound: OutboundSa
}

/** Whether the peer may have one more. */
export function mayAddPair({ context }: Association, plain: Plain): boolean {
  return plain.pairs.length + 1 < context.config.saPairsMax
}

/** The pair in use stays open beside the one that takes its place. `inboundSpi`: its own, before that. */
export function setAside(session: Session, plain: Plain, inboundSpi: number): void {
  plain.pairs = [...plain.pairs, { inboundSpi, outbound: session.outbound }]
}

/** Seals under the pair whose outbound SPI this is; false if there is no such pair beside the one in use. */
export function usePair(session: Session, plain: Plain, outboundSpi: number): boolean {
  const pair = plain.pairs.find(({ outbound }) => outbound.spi === outboundSpi)
  const entry = session.inbound.find(({ sa }) => sa.spi === pair?.inboundSpi)
  if (pair === undefined || entry === undefined) return false
  const before = ordinarySpi(session)
  plain.pairs = plain.pairs.filter((other) => other !== pair)
  setAside(session, plain, before)
  session.outbound = pair.outbound
  session.inbound = [...session.inbound.filter((other) => other !== entry), entry]
  return true
}

/** The peer takes a pair back. The last one cannot be: closing the association is another packet. */
export function withdrawPair(association: Association, now: number, outboundSpi: number): void {
  const { session, timers, rtt, context } = association
  if (session?.plain === undefined || session.plain.pairs.length === 0 || session.plain.rekey !== undefined) return
  const { plain } = session
  if (session.outbound.spi === outboundSpi) usePair(session, plain, plain.pairs.at(-1)?.outbound.spi ?? 0)
  const pair = plain.pairs.find(({ outbound }) => outbound.spi === outboundSpi)
  if (pair === undefined) return
  plain.pairs = plain.pairs.filter((other) => other !== pair)
  const closesAt = now + 3 * rtt.ptoMs
  for (const entry of session.inbound) {
    if (entry.sa.spi === pair.inboundSpi) entry.closesAt = Math.min(entry.closesAt, closesAt)
  }
  timers.set('old-sas', Math.min(timers.at('old-sas'), closesAt))
  context.count('sa-pair-withdrawn')
}

/** Whether an inbound SA is of a pair that is set aside: no rekey of another one closes it. */
export function isAside({ plain }: Session, spi: number): boolean {
  return plain?.pairs.some(({ inboundSpi }) => inboundSpi === spi) === true
}
