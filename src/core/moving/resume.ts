// Running associations to frozen ones and back (MOVING §4, §7). Exactly one S goes into a capsule: the one this end has
// committed to. A resumed association has no outbound SA of its own: only the interim one, on the peer's reserve SPI, under
// a key that this very start derives, and it waits for its P1 to be answered.

import { sameLocator } from '../../base/address.ts'
import { assert } from '../../base/assert.ts'
import { hitBytes, hitOf } from '../../crypto/hit.ts'
import { type EspKeys, type HipKeys, resumptionOf, type Start } from '../../crypto/keymat.ts'
import { secretCopy } from '../../crypto/secret.ts'
import { hitSuite } from '../../crypto/suites.ts'
import { Association, type Unsent } from '../association/association.ts'
import type { Context } from '../association/context.ts'
import type { Plain } from '../association/plain.ts'
import {
  addFinal,
  finalsOf,
  type Inbound,
  interimFor,
  makeOutbound,
  type Secrets,
  type Session,
  spokenSecrets,
} from '../association/session.ts'
import { holdStreams, thawStreams } from '../association/streaming.ts'
import { UpdateIds } from '../association/update.ts'
import { InboundSa } from '../sa/inbound.ts'
import { OutboundSa } from '../sa/outbound.ts'
import { ReplayWindow } from '../sa/replay.ts'
import type { FrozenAssociation, FrozenInbound, FrozenSocket, FrozenState } from './frozen.ts'

/** The whole identity as a value of its own (MOVING §7): keys are copied, here and at the thaw. `at` is when it was frozen: what has a lifetime goes on from there. */
export function freezeIdentity(
  context: Context,
  associations: Iterable<Association>,
  at: number,
  sockets: readonly FrozenSocket[],
  state: Uint8Array,
): FrozenState {
  const { identity, floors, start, listeners } = context
  return {
    identity: { algorithm: identity.algorithm, secret: identity.secret() },
    epoch: start.epoch,
    // Most recently active peers first: that is the order in which they are told of the move (MOVING §5).
    associations: [...associations]
      .sort((a, b) => Math.max(b.lastHeardAt, b.lastSentAt) - Math.max(a.lastHeardAt, a.lastSentAt))
      .flatMap((association) => freezeAssociation(association, at) ?? []),
    floors: [...floors.all()].map(({ key, ledger, epoch, incarnation }) => ({ key, ledger, epoch, incarnation })),
    sockets,
    listeners: [...listeners.all],
    state,
  }
}

/** An S that only one end may have: FREEZE waits for its confirmation (MOVING §3). */
export function isUnconfirmed(association: Association): boolean {
  const name = association.session?.ratchet.name
  return name === 'answered' || name === 'crossed' || name === 'committed'
}

/** How long FREEZE waits for what is under way on streams, and leaves meanwhile. Whoever is out of reach is not waited for. */
function streamsMs(association: Association): number {
  if (!isUnacknowledged(association)) return 0
  const ptoMs = association.streaming?.transport.recovery.rtt.ptoMs ?? 0
  return Math.min(ptoMs, association.context.config.freezeStreamsMsMax)
}

/**
 * FREEZE has begun: says how long it waits for this association. Three PTO for an S that is unconfirmed (MOVING §3), one for what is
 * under way on streams, which would be sent again in whole otherwise; and that is all the time there is for what still leaves.
 */
export function holdForFreeze(association: Association): number {
  const ms = streamsMs(association)
  holdStreams(association, ms)
  return isUnconfirmed(association) ? 3 * association.rtt.ptoMs : ms
}

/** Nothing is to be waited for any more. */
export function isQuiet(association: Association): boolean {
  return !isUnconfirmed(association) && !isUnacknowledged(association)
}

function isUnacknowledged({ streaming, state }: Association): boolean {
  return state.name === 'established' && streaming?.transport.unsettled === true
}

/** What goes on elsewhere; undefined for an association that is not established: those are begun again (MOVING §7). */
function freezeAssociation(association: Association, now: number): FrozenAssociation | undefined {
  const { session, context, state } = association
  if (session === undefined || state.name === 'closing') return undefined
  const secrets = spokenSecrets(session)
  return {
    peerKey: session.peerKey,
    peerLedger: session.peerLedger,
    peerStart: session.peerStart,
    ownStart: { epoch: context.start.epoch, incarnation: context.start.incarnation },
    responder: session.responder,
    hitSuite: session.context.suite.id,
    dhGroup: session.dhGroup,
    cipher: session.context.cipher,
    espSuite: session.context.espSuite,
    i: session.context.i,
    j: session.context.j,
    secret: secretCopy(secrets.resumption.secret),
    hipSend: copyOfHip(secrets.hip.send),
    hipReceive: copyOfHip(secrets.hip.receive),
    reserveIn: secrets.reserveIn,
    reserveOut: secrets.reserveOut,
    inbound: session.inbound.flatMap((entry) =>
      entry.role === 'interim' || entry.closesAt <= now ? [] : [frozenInbound(entry, now)],
    ),
    finals: finalsOf(session, context.config.finalsMax),
    locators: frozenLocators(association, now),
    plain: session.plain && frozenPlain(session, session.plain),
    unsent: [...association.unsent].flatMap((item) =>
      item.kind === 'datagram' ? [{ sourcePort: item.sourcePort, port: item.port, bytes: item.bytes }] : [],
    ),
    streams: association.streaming?.transport.freeze(),
  }
}

function copyOfHip({ encryption, integrity }: HipKeys): HipKeys {
  return { encryption: secretCopy(encryption), integrity: secretCopy(integrity) }
}

function copyOfEsp({ encryption, authentication }: EspKeys): EspKeys {
  return { encryption: secretCopy(encryption), authentication: secretCopy(authentication) }
}

function frozenInbound({ sa, of, closesAt }: Inbound, now: number): FrozenInbound {
  return {
    spi: sa.spi,
    keys: copyOfEsp(sa.keys),
    ...sa.snapshot(),
    final: sa.final === Infinity ? undefined : sa.final,
    of,
    remainingMs: closesAt === Infinity ? undefined : closesAt - now,
  }
}

function frozenLocators(association: Association, now: number): FrozenAssociation['locators'] {
  const { paths, context } = association
  const lifetime = (expiresAt: number): number => Math.min(expiresAt - now, MAX_LIFETIME_MS)
  const current = paths.current
  return (
    [...paths.tuples]
      .filter((tuple) => tuple === current || (tuple.state !== 'deprecated' && tuple.listed && tuple.expiresAt > now))
      .sort((a, b) => Number(b === current) - Number(a === current))
      // One locator may be reached from several of ours.
      .filter(({ locator }, index, all) => all.findIndex((other) => sameLocator(other.locator, locator)) === index)
      .slice(0, context.config.locatorsPerPeerMax)
      .map((tuple) => ({
        locator: tuple.locator,
        preferred: tuple === current,
        remainingMs: Math.floor(lifetime(tuple.expiresAt)),
      }))
  )
}

/** A locator without an end is as good as one of a year. */
const MAX_LIFETIME_MS = 365 * 86_400_000

/** The association of a start that has just been activated. Its P1 is still to be sent. */
export function thawAssociation(
  context: Context,
  frozen: FrozenAssociation,
  baseEpoch: number,
  now: number,
): Association {
  const suite = hitSuite(frozen.hitSuite, context.algorithms.hitSuites)
  assert(suite !== undefined, 'a decoded capsule names suites that we have')
  const peer = hitOf(frozen.peerKey)
  const association = new Association(context, peer, now)
  const secrets = secretsOf(frozen)
  const keys = {
    suite,
    espSuite: frozen.espSuite,
    cipher: frozen.cipher,
    algorithms: context.algorithms,
    own: context.hitBytes,
    peer: hitBytes(peer),
    i: frozen.i,
    j: frozen.j,
  }
  const interim = frozen.plain === undefined ? interimSa(context, keys, secrets, frozen.peerStart) : undefined
  const session: Session = {
    peer,
    peerBytes: keys.peer,
    peerKey: frozen.peerKey,
    peerLedger: frozen.peerLedger,
    context: keys,
    responder: frozen.responder,
    dhGroup: frozen.dhGroup,
    peerStart: frozen.peerStart,
    baseEpoch,
    current: secrets,
    outbound: interim ?? unsealing(context, keys),
    interim,
    inbound: frozen.inbound.map((sa) => inboundOf(context, frozen.espSuite, sa, now)),
    retired: finalsFrom(frozen, context.config.finalsMax),
    ratchet: { name: 'settled' },
    plain: frozen.plain && thawedPlain(frozen.plain.peerDh),
    nextUpdateId: frozen.plain?.nextUpdateId ?? 0,
    peerUpdateIds: new UpdateIds(context.config.updateIdWindow, frozen.plain?.peerUpdateIds),
    peerCheckIds: new UpdateIds(context.config.updateIdWindow),
    establishedAt: now,
  }
  association.on('thaw')
  association.turn({ name: 'established', session })
  for (const { spi } of frozen.inbound) context.claimSpi(spi, association)
  if (frozen.plain === undefined) context.claimSpi(frozen.reserveIn, association)
  place(association, frozen, now)
  arm(association, session, now)
  for (const item of frozen.unsent) requeue(association, { kind: 'datagram', ...item })
  if (frozen.streams !== undefined) thawStreams(association, now, frozen.streams)
  return association
}

/** Pairs of SAs beside the one in use end with our keys: the peer asks again for what it misses. */
function thawedPlain(peerDh: Uint8Array): Plain {
  return { peerDh, rekey: undefined, rekeyedAt: -Infinity, lastHalf: undefined, pairs: [], thawed: true }
}

function secretsOf({ secret, hipSend, hipReceive, reserveIn, reserveOut }: FrozenAssociation): Secrets {
  return {
    resumption: resumptionOf(secretCopy(secret)),
    hip: { send: copyOfHip(hipSend), receive: copyOfHip(hipReceive) },
    reserveIn,
    reserveOut,
  }
}

/** In the order of the capsule, newest first; what it says twice, if it does, is said once. */
function finalsFrom({ finals }: FrozenAssociation, max: number): Session['retired'] {
  return finals.reduceRight<Session['retired']>((list, final) => addFinal(list, final, Infinity), []).slice(0, max)
}

function arm(association: Association, session: Session, now: number): void {
  const { timers, context } = association
  // The one it came from, wherever that was: a resumed association has needed no other.
  association.baseExchanges = 1
  timers.set('old-sas', Math.min(...session.inbound.map(({ closesAt }) => closesAt)))
  timers.set('rekey', now + context.config.rekeyMs)
  timers.set('keepalive', now + context.config.keepaliveMs)
  timers.set('idle', now + context.config.idleMs)
}

function interimSa(context: Context, keys: Session['context'], secrets: Secrets, peer: Start): OutboundSa {
  const sender = { hit: keys.own, start: context.start }
  const receiver = { hit: keys.peer, start: peer }
  const session = { context: keys }
  const { reserveOut } = secrets
  return makeOutbound(session, context, reserveOut, interimFor(session, secrets, sender, receiver, reserveOut))
}

/** Without EPOCH there is nothing to seal with before the rekey (MOVING §2): an SA that is used up from the start. */
function unsealing({ aead, entropy, algorithms }: Context, { espSuite: suite }: Session['context']): OutboundSa {
  const { espSuites } = algorithms
  const layout = espSuites.get(suite)
  assert(layout !== undefined, 'a decoded capsule names suites that we have')
  const keys = {
    encryption: new Uint8Array(layout.encryptionBytes),
    authentication: new Uint8Array(layout.authenticationBytes),
  }
  return new OutboundSa({ spi: 0, suite, keys, aead, espSuites, entropy, limit: 0 })
}

function inboundOf(context: Context, suite: number, frozen: FrozenInbound, now: number): Inbound {
  const { spi, keys, final, of, remainingMs } = frozen
  const window = new ReplayWindow(context.config.replayWindow, frozen.highest, frozen.bitmap)
  const { aead, algorithms } = context
  const { espSuites } = algorithms
  const sa = new InboundSa({ spi, suite, keys: copyOfEsp(keys), aead, espSuites, window, final })
  return { sa, role: 'ordinary', of, closesAt: remainingMs === undefined ? Infinity : now + remainingMs }
}

/**
 * Their half of a rekey that is not over, at this end or perhaps at theirs, is taken for new again when it is repeated: they will
 * take it together with the half that the next start brings.
 */
function frozenPlain(session: Session, { peerDh, rekey, lastHalf }: Plain): FrozenAssociation['plain'] {
  const { nextUpdateId, peerUpdateIds, inbound } = session
  const newest = inbound.findLast(({ role }) => role === 'ordinary')
  const half = rekey?.theirs?.updateId ?? (newest?.sa.highest === 0 ? lastHalf : undefined)
  return { peerDh, nextUpdateId, peerUpdateIds: peerUpdateIds.all.filter((id) => id !== half) }
}

/** In a capsule the peers' locators are unverified (MOVING §5). */
function place(association: Association, frozen: FrozenAssociation, now: number): void {
  const { paths } = association
  paths.list(frozen.locators.map(({ locator, remainingMs }) => ({ locator, expiresAt: now + remainingMs })))
  const preferred = frozen.locators.find((entry) => entry.preferred) ?? frozen.locators[0]
  if (preferred !== undefined) paths.current = paths.observe(preferred.locator)
}

function requeue(association: Association, item: Unsent): void {
  if (item.kind === 'dummy' || !association.unsent.push(item)) return
  association.unsentBytes += item.bytes.length
}
