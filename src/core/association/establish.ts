// From the end of a base exchange to an association with keys (RFC 7401 §4.4.4, RFC 7402 §5.2.1).

import type { OwnLocator } from '../own-locators.ts'
import type { Association } from './association.ts'
import { tendSoon } from './failover.ts'
import type { Listed } from './paths.ts'
import { startCheck } from './reach.ts'
import { readdress } from './readdress.ts'
import type { Seed } from './seed.ts'
import { addInbound, makeOutbound, type Session, secretsOf } from './session.ts'
import { UNKNOWN_START } from './start-proof.ts'
import { loseStreams, tend } from './streaming.ts'
import type { Tuple } from './tuple.ts'
import { UpdateIds } from './update.ts'

/** Where the peer is, as the end of an exchange shows it. */
export interface Arrival {
  readonly tuple: Tuple
  /** Of the packet that showed it: they pay for asking at the other places. */
  readonly bytes: number
  /** It has answered what went there. */
  readonly asked: boolean
  /** What it has signed for (RFC 8047 §4.2.8). */
  readonly listed: readonly Listed[] | undefined
  /** Our own locators as the peer has been told of them. */
  readonly told: readonly OwnLocator[] | undefined
}

/**
 * Installs what the exchange has made. A tuple that answered what went there is verified by it (RFC 8046 §5.1); one that spoke
 * unasked is not, nor is any other place that the peer has named.
 */
export function establish(association: Association, now: number, seed: Seed, arrival: Arrival): void {
  const { tuple, bytes, asked, listed, told } = arrival
  const { context, timers } = association
  const { keys, peerStart, peerKey, peerReceipt, reserveOut, peerDh } = seed
  const outbound = makeOutbound({ context: seed.context }, context, seed.outboundSpi, keys.esp.send)
  const session: Session = {
    peer: association.peer,
    peerBytes: association.peerBytes,
    peerKey,
    peerLedger: peerReceipt?.ledgerKey ?? context.floors.get(peerKey)?.ledger,
    context: seed.context,
    responder: !seed.initiator,
    dhGroup: seed.dhGroup,
    peerStart: peerStart ?? UNKNOWN_START,
    baseEpoch: 0,
    current: secretsOf(keys, peerStart === undefined ? 0 : seed.reserveIn, reserveOut ?? 0),
    outbound,
    interim: undefined,
    inbound: [],
    retired: [],
    ratchet: { name: 'settled' },
    plain: peerDh && { peerDh, rekey: undefined, rekeyedAt: -Infinity, lastHalf: undefined, pairs: [], thawed: false },
    nextUpdateId: 0,
    peerUpdateIds: new UpdateIds(context.config.updateIdWindow),
    peerCheckIds: new UpdateIds(context.config.updateIdWindow),
    establishedAt: now,
  }
  addInbound(session, context, 'ordinary', seed.inboundSpi, keys.esp.receive, keys.resumption.id)
  if (peerStart === undefined) context.dropSpi(seed.reserveIn)
  const { peerLedger: ledger, peerStart: start } = session
  context.floors.raise({ key: peerKey, ...start, ledger, receipt: peerReceipt?.bytes })
  association.turn({ name: seed.initiator ? 'established' : 'r2-sent', session })
  association.baseExchanges += 1
  if (asked) association.paths.activate(tuple, 'exchange')
  else association.paths.current = tuple
  association.lastHeardAt = now
  timers.stop('close')
  if (seed.initiator) timers.stop('open')
  else timers.set('open', now + context.config.baseExchangeMs)
  timers.set('rekey', now + context.config.rekeyMs)
  timers.set('keepalive', now + context.config.keepaliveMs)
  timers.set('idle', now + context.config.idleMs)
  if (session.plain !== undefined) loseStreams(association, 'incompatible', 'the peer has no streams')
  context.event({ type: 'associated', peer: association.peer, initiator: seed.initiator })
  association.announced = told !== undefined && peerStart !== undefined && told.length > 1
  // Who has several locators tells the peer (RFC 8047 §4.2.3), once R2 has had its time.
  if (context.locators.length > 1) timers.set('tend', now + association.rtt.ptoMs)
  if (listed !== undefined) {
    association.credit.earn(now, bytes)
    association.paths.list(listed)
    tendSoon(association, now)
  }
  if (association.announced && told !== context.locators) readdress(association, now)
  if (!asked) startCheck(association, now, tuple, 'exchange')
  tend(association, now)
  context.wake(association)
}
