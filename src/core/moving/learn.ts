// What the ledger, or a stub, says of where a silent peer is (MOVING §5, §6, §8). It raises the floor and adds places where a
// P1 or a probe may find the peer; it never binds an association and never moves data.

import type { Association } from '../association/association.ts'
import type { Context } from '../association/context.ts'
import { liveFloor } from '../association/live-floor.ts'
import { probe } from '../association/reach.ts'
import { sendOffer } from './offer.ts'
import { buildWhereabouts, compareWhereabouts, verifyWhereabouts } from './whereabouts.ts'

/** Returns why the whereabouts were not believed, or undefined. */
export function learnWhereabouts(association: Association, now: number, bytes: Uint8Array): string | undefined {
  const { session, context, paths, learned } = association
  if (session === undefined) return 'no-session'
  const pinned = session.peerLedger ?? context.floors.get(session.peerKey)?.ledger
  const said = verifyWhereabouts(bytes, {
    hit: association.peer,
    key: session.peerKey,
    pinned,
    keys: context.algorithms.keys,
  })
  if (typeof said === 'string') {
    context.count(`whereabouts-${said}`)
    return said
  }
  const { key, start, ledgerKey, receipt } = said
  const judgement = context.floors.judge({ key, start, receipt: { ledgerKey, bytes: receipt } }, liveFloor(association))
  if (judgement !== 'accepted') return judgement
  if (learned !== undefined && compareWhereabouts(said, learned) <= 0) return 'not-newer'
  association.learned = { start: said.start, version: said.version, ledger: said.ledgerKey }
  const { epoch, incarnation } = said.start
  context.floors.raise({ key: said.key, epoch, incarnation, ledger: said.ledgerKey, receipt: said.receipt })
  const fresh = said.locators.filter((locator) => paths.find(locator)?.listed !== true)
  // They replace older ones: a search that goes by turns has none to spare for where the peer is no more.
  for (const tuple of paths.tuples) {
    if (!tuple.found) continue
    tuple.found = false
    tuple.listed = false
  }
  for (const locator of said.locators) {
    const tuple = paths.observe(locator)
    tuple.listed = true
    tuple.found = true
    tuple.expiresAt = now + 1_000 * said.lifetimeSeconds
  }
  const { ratchet } = session
  const first = fresh[0]
  if (first === undefined) return undefined
  // Asked at once; that may be lost, so the next turn is its, too.
  if ('offer' in ratchet && ratchet.name !== 'committed' && ratchet.offer.kind === 'rebind') {
    sendOffer(association, now, ratchet.offer, first)
    ratchet.offer.turn = 0
  } else if (association.state.name === 'parked') {
    probe(association, now, paths.observe(first))
    association.parkTurn = 1
  }
  return undefined
}

/** Our own whereabouts, to publish; undefined without a ledger. Versions rise within an epoch. */
export function ownWhereabouts({ identity, start, locators }: Context, version: number): Uint8Array | undefined {
  const { receipt, ledgerKey: ledger, instance } = start
  if (receipt === undefined || ledger === undefined) return undefined
  return buildWhereabouts({ identity, instance, start, version, locators, ledger, receipt })
}
