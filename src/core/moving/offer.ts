// P1, the offer with which a thawed identity rebinds a peer (MOVING §5): signed, provable by the ledger's receipt, made once
// and repeated by turns to every place where the peer may be.

import { addressBytes, addressText, isUnicast, type Locator, type Route, sameLocator } from '../../base/address.ts'
import { assert } from '../../base/assert.ts'
import type { Start } from '../../crypto/keymat.ts'
import { encodeLocatorSet, type LocatorEntry } from '../../wire/mobility.ts'
import { encodeFinals } from '../../wire/private.ts'
import type { Association } from '../association/association.ts'
import type { Listed } from '../association/paths.ts'
import { startPlainRekey } from '../association/plain.ts'
import { freshDh, nextUpdateId, offerParameters, sendAlong } from '../association/ratchet.ts'
import { park } from '../association/reach.ts'
import type { ExchangeContext } from '../association/seed.ts'
import { finalsOf, type Offer, turnRatchet } from '../association/session.ts'
import { buildUpdate, type Contents } from '../association/update.ts'
import type { OwnLocator } from '../own-locators.ts'

/** P1, made once: contents and FINALS are fixed at the first sending and repeated until answered (MOVING §5). */
export function offerRebind(association: Association, now: number): void {
  const { session, context } = association
  assert(session !== undefined && session.ratchet.name === 'settled', 'P1 starts from a resumed association')
  if (session.plain !== undefined) return void startPlainRekey(association, now)
  const dh = freshDh(association, session)
  const inboundSpi = context.newSpi(association)
  const reserveIn = context.newSpi(association)
  const updateId = nextUpdateId(session)
  const parameters = [
    ...offerParameters(session, dh, inboundSpi, reserveIn, updateId),
    locatorParameter(context.locators.slice(0, P1_LOCATORS_MAX), inboundSpi),
    encodeFinals(finalsOf(session, context.config.finalsMax)),
  ]
  const bytes = buildUpdate(association.envelope(session), parameters, true, context.config.offerBytesMin)
  const offer: Offer = { kind: 'rebind', dh, bytes, updateId, inboundSpi, reserveIn, tries: 1, sentAt: now, turn: 0 }
  turnRatchet(session, { name: 'offering', offer })
  sendOffer(association, now, offer)
  association.timers.set('offer', now + association.rtt.ptoMs)
  context.wake(association)
}

/** MOVING §2: P1 lists at most two locators, so that it stays within 1,204 bytes. */
const P1_LOCATORS_MAX = 2

/** Unanswered P1s go by turns to every place where the peer may be (MOVING §5). */
export function sendOffer(
  association: Association,
  now: number,
  offer: Pick<Offer, 'bytes' | 'turn'>,
  where?: Route,
): void {
  const targets = association.targets(now)
  const target = where ?? targets[offer.turn % Math.max(1, targets.length)]
  if (target === undefined) return
  const tuple = association.paths.observe(target)
  tuple.offered = true
  association.sendFreely(offer.bytes, tuple)
}

/** The timer of P1 and U1. */
export function repeatOffer(association: Association, now: number): void {
  const { session, context } = association
  if (session === undefined) return
  const { ratchet } = session
  if (ratchet.name !== 'offering' && ratchet.name !== 'crossed') return
  const { offer } = ratchet
  if (offer.tries >= context.config.updateTriesMax) return park(association, now)
  offer.tries += 1
  offer.turn += 1
  offer.sentAt = now
  if (offer.kind === 'rebind') sendOffer(association, now, offer)
  else sendAlong(association, now, offer.bytes)
  if (offer.tries === 2) context.event({ type: 'lookup', peer: association.peer })
  association.timers.set('offer', now + association.rtt.backoffMs(offer.tries))
}

/**
 * LOCATOR_SET entries for our own locators: type 2, address and port, bound to an inbound SPI (RFC 9028 §5.7). Those that are apart
 * have an order, and the first for each kind of traffic is preferred: `from`, if we have come to prefer that. Several
 * addresses of one socket say no preference: then a peer stays where the base exchange was (RFC 8047 §4.2.3).
 */
export function locatorParameter(own: readonly OwnLocator[], spi: number, from?: Locator): Contents {
  const isFrom = (locator: Locator): boolean => from !== undefined && sameLocator(locator, from)
  const ordered = [...own].sort((a, b) => Number(isFrom(b)) - Number(isFrom(a)))
  const inOrder = own.length === 1 || own.every(({ apart }) => apart === true)
  const first = inOrder ? [ordered.find(takes('data')), ordered.find(takes('signalling'))] : []
  const entries = ordered.flatMap((locator, index): LocatorEntry[] => {
    const address = addressBytes(locator.address)
    if (address === undefined || !isUnicast(locator)) return []
    return [
      {
        trafficType: TRAFFIC_TYPES[locator.traffic ?? 'both'],
        locatorType: 2,
        preferred: first.includes(locator),
        lifetimeSeconds: 0xffffffff,
        port: locator.port,
        protocol: 17,
        kind: 0,
        priority: (126 << 24) | ((65_535 - index) << 8) | 255,
        spi,
        address,
      },
    ]
  })
  return encodeLocatorSet(entries)
}

/**
 * LOCATOR_SET of an I2 or R2 (RFC 8047 §4.2.8): nothing of a host with one locator, which its packets show anyway; nor for a peer
 * that has no `start`, since to one that knows RFC 7401 alone the parameter is critical and unknown.
 */
export function exchangeLocators(
  { locators = [], config }: Pick<ExchangeContext, 'locators' | 'config'>,
  spi: number,
  start: Start | undefined,
): readonly Contents[] {
  return start === undefined || locators.length < 2
    ? []
    : [locatorParameter(locators.slice(0, config.locatorsPerPeerMax), spi)]
}

/** RFC 8046 §4. */
const TRAFFIC_TYPES = { both: 0, signalling: 1, data: 2 } as const
const TRAFFICS = ['both', 'signalling', 'data'] as const

function takes(what: 'signalling' | 'data'): (locator: OwnLocator) => boolean {
  return ({ traffic = 'both' }) => traffic === 'both' || traffic === what
}

/** Locators of RFC 8046 have no port: that of the packet is as good as any. */
export function withPorts(entries: readonly LocatorEntry[], port: number): LocatorEntry[] {
  return entries.map((entry) => (entry.locatorType === 2 ? entry : { ...entry, locatorType: 2, port }))
}

/** The locators with ports that a peer has signed for, in its order of preference. Nobody lives at a multicast address (RFC 8046 §4). */
export function listedLocators(entries: readonly LocatorEntry[], now: number): Listed[] {
  return [...entries]
    .sort((a, b) => Number(b.preferred) - Number(a.preferred))
    .flatMap(({ locatorType, trafficType, preferred, address, port, lifetimeSeconds }): Listed[] => {
      if (locatorType !== 2 || port === undefined || port === 0) return []
      const locator = { address: addressText(address), port }
      const expiresAt = lifetimeSeconds === 0xffffffff ? Infinity : now + lifetimeSeconds * 1_000
      return isUnicast(locator) ? [{ locator, expiresAt, traffic: TRAFFICS[trafficType], preferred }] : []
    })
}
