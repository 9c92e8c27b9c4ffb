// What an established association is made of: who the peer is, the secrets S it shares with us, its security
// associations and the state of the ratchet (MOVING §3, §5). Plain data and the few operations that keep it consistent.

import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import type { DhKey } from '../../crypto/dh.ts'
import { forgetEspKeys, forgetResumption, forgetSecrets } from '../../crypto/forget.ts'
import type { Hit } from '../../crypto/hit.ts'
import type { PublicKey } from '../../crypto/identity.ts'
import {
  type EspKeys,
  type HipKeys,
  interimKeys,
  type KeyContext,
  type KeySet,
  type Resumption,
  type Start,
} from '../../crypto/keymat.ts'
import type { Final } from '../../wire/private.ts'
import { InboundSa } from '../sa/inbound.ts'
import { OutboundSa } from '../sa/outbound.ts'
import { ReplayWindow } from '../sa/replay.ts'
import { type Context, logEsp } from './context.ts'
import type { Plain } from './plain.ts'
import type { UpdateIds } from './update.ts'

/** One S with the HIP keys and reserve SPIs that belong to it. */
export interface Secrets {
  readonly resumption: Resumption
  readonly hip: { readonly send: HipKeys; readonly receive: HipKeys }
  /** The SPI that we keep free for this S: the peer seals to it after a thaw. */
  readonly reserveIn: number
  /** The peer's. */
  readonly reserveOut: number
}

export interface Inbound {
  readonly sa: InboundSa
  readonly role: 'ordinary' | 'interim'
  /** The resumption id of the S whose keys it has. */
  readonly of: Uint8Array
  closesAt: number
}

/** An offer that we repeat until it is answered: P1 after a thaw, U1 of a rekey. */
export interface Offer {
  readonly kind: 'rebind' | 'rekey'
  readonly dh: DhKey
  readonly bytes: Uint8Array
  readonly updateId: number
  readonly inboundSpi: number
  readonly reserveIn: number
  tries: number
  sentAt: number
  turn: number
}

/** What we answered to the peer's offer: P2 or U2. The same bytes go out for every copy of the offer. */
export interface Answer {
  readonly kind: 'rebind' | 'rekey'
  readonly offerBytes: Uint8Array
  readonly bytes: Uint8Array
  readonly updateId: number
  readonly nonce: Uint8Array
  tries: number
  /** When the next one may go outside the data limits. */
  freeAt: number
}

/** The S that both ends are moving to, until it is confirmed. */
export interface Next {
  readonly secrets: Secrets
  readonly outbound: OutboundSa
}

/**
 * The ratchet. `answered`: we hold both S, and seal under the old (rekey) or the new keys (rebind). `crossed`: both ends
 * thawed, we have answered and our own P1 is still out. `committed`: a capsule would carry the new S; the old one is
 * kept until P3 or its ACK.
 */
export type Ratchet =
  | { readonly name: 'settled' }
  | { readonly name: 'offering'; readonly offer: Offer }
  | { readonly name: 'answered'; readonly answer: Answer; readonly next: Next }
  | { readonly name: 'crossed'; readonly offer: Offer; readonly answer: Answer; readonly next: Next }
  | {
      readonly name: 'committed'
      readonly kind: Offer['kind']
      readonly next: Next
      readonly offer: Offer | undefined
      readonly peerUpdateId: number | undefined
    }

const EDGES: Readonly<Record<Ratchet['name'], readonly Ratchet['name'][]>> = {
  settled: ['offering', 'answered'],
  offering: ['settled', 'answered', 'crossed', 'committed'],
  answered: ['answered', 'committed', 'settled'],
  crossed: ['crossed', 'answered', 'committed', 'settled'],
  committed: ['settled', 'answered', 'committed'],
}

export interface Session {
  readonly peer: Hit
  readonly peerBytes: Uint8Array
  readonly peerKey: PublicKey
  peerLedger: PublicKey | undefined
  readonly context: KeyContext
  readonly responder: boolean
  readonly dhGroup: number
  /** The start of the peer that this association is bound to (MOVING §6). */
  peerStart: Start
  /** The epoch our own state comes from: 0 unless it was resumed (MOVING §4). */
  readonly baseEpoch: number
  current: Secrets
  outbound: OutboundSa
  /** The SA on the peer's reserve SPI while our P1 is unanswered; it is never listed in FINALS. */
  interim: OutboundSa | undefined
  inbound: Inbound[]
  /** Last numbers sealed on outbound SAs that are no longer in use; never an interim SA (MOVING §2). */
  retired: Final[]
  ratchet: Ratchet
  /** With a peer that knows only the RFCs: then `ratchet` stays settled, `peerStart` unknown, and nothing is reserved. */
  readonly plain: Plain | undefined
  /** Our next Update ID; restarts with our epoch. */
  nextUpdateId: number
  peerUpdateIds: UpdateIds
  /** The same for unsigned address checks, which may not make us deaf to what is signed. */
  peerCheckIds: UpdateIds
  establishedAt: number
}

/** The one place that changes the state of the ratchet. */
export function turnRatchet(session: Session, to: Ratchet): void {
  const from = session.ratchet.name
  assert(EDGES[from].includes(to.name), `ratchet: no edge from ${from} to ${to.name}`)
  const before = heldSecrets(session)
  session.ratchet = to
  forgetAllBut(heldSecrets(session), before)
}

/** The one place that changes the S we share with its HIP keys; those of the one before go. */
export function replaceSecrets(session: Session, secrets: Secrets): void {
  const before = heldSecrets(session)
  session.current = secrets
  forgetAllBut(heldSecrets(session), before)
}

/** A plain rekey changes S alone: its HIP keys last as long as the association (RFC 7402 §6.10). */
export function replaceResumption(session: Session, resumption: Resumption): void {
  forgetResumption(session.current.resumption)
  session.current = { ...session.current, resumption }
}

function forgetAllBut(kept: readonly Secrets[], before: readonly Secrets[]): void {
  for (const secrets of before) if (!kept.includes(secrets)) forgetSecrets(secrets)
}

/** The end of everything secret in it. */
export function forgetSession(session: Session): void {
  for (const secrets of heldSecrets(session)) forgetSecrets(secrets)
  for (const { sa } of session.inbound) sa.forget()
  session.outbound.forget()
}

/** The S under whose HIP keys we speak: the new one as soon as we are committed to it. */
export function spokenSecrets(session: Session): Secrets {
  return session.ratchet.name === 'committed' ? session.ratchet.next.secrets : session.current
}

/** Every S that we hold; the resumption id of a packet chooses among them (MOVING §3). */
export function heldSecrets(session: Session): readonly Secrets[] {
  const { ratchet } = session
  return ratchet.name === 'settled' || ratchet.name === 'offering'
    ? [session.current]
    : [session.current, ratchet.next.secrets]
}

/** FINALS of P1 and P2: the last number sealed on every outbound SA the peer may hold, no interim SA (MOVING §2). */
export function finalsOf({ outbound, interim, retired }: Session, max: number): Final[] {
  return outbound === interim ? retired.slice(0, max) : addFinal(retired, outbound, max)
}

/**
 * Puts the last number of one more SA first. A P1 names one SPI however many of our starts answer it, each under keys of its
 * own, and the peer holds the SA of one of them: FINALS name that SPI once, with the greatest number.
 */
export function addFinal(finals: readonly Final[], { spi, sequence }: Final, max: number): Final[] {
  const known = finals.find((final) => final.spi === spi)
  const greatest = Math.max(sequence, known?.sequence ?? 0)
  return [{ spi, sequence: greatest }, ...finals.filter((final) => final !== known)].slice(0, max)
}

/** Puts a new outbound SA in use and remembers how far the old one went. */
export function switchOutbound(session: Session, to: OutboundSa, max: number): void {
  const old = session.outbound
  if (old === to) return
  if (old !== session.interim) session.retired = addFinal(session.retired, old, max)
  session.outbound = to
  old.forget()
}

/**
 * Applies the peer's FINALS: nothing above them opens any more, and an SA they do not list is closed. Returns false,
 * and changes nothing, if a higher number has been opened already: then the peer lost what it had sent (MOVING §4).
 */
export function applyFinals(session: Session, finals: readonly Final[], closesAt: number): boolean {
  const bound = new Map(finals.map(({ spi, sequence }) => [spi, sequence]))
  const ordinary = session.inbound.filter((entry) => entry.role === 'ordinary')
  const { id } = session.current.resumption
  // An SA of an older S that is not listed any more is merely closed; one of the present S would have been listed.
  const limit = ({ sa, of }: Inbound): number => bound.get(sa.spi) ?? (equalBytes(of, id) ? 0 : Infinity)
  if (ordinary.some((entry) => entry.sa.highest > limit(entry))) return false
  for (const entry of ordinary) {
    entry.sa.final = Math.min(entry.sa.final, bound.get(entry.sa.spi) ?? 0)
    entry.closesAt = Math.min(entry.closesAt, closesAt)
  }
  return true
}

export function addInbound(
  session: Session,
  context: Context,
  role: Inbound['role'],
  spi: number,
  keys: EspKeys,
  of: Uint8Array,
): Inbound {
  logEsp(context, spi, session.context.espSuite, keys)
  const window = new ReplayWindow(context.config.replayWindow)
  const { aead, algorithms } = context
  const { espSuites } = algorithms
  const sa = new InboundSa({ spi, suite: session.context.espSuite, keys, aead, espSuites, window })
  const entry: Inbound = { sa, role, of, closesAt: Infinity }
  session.inbound.push(entry)
  crowdOut(session, context)
  return entry
}

/** The SAs of one association are bounded: the oldest that nobody needs any more closes early. */
function crowdOut(session: Session, context: Context): void {
  if (session.inbound.length <= context.config.inboundSasMax) return
  const oldest = session.inbound.find(
    ({ of }) => !heldSecrets(session).some(({ resumption }) => equalBytes(of, resumption.id)),
  )
  const victim = oldest ?? session.inbound[0]
  closeInbound(session, context, (entry) => entry === victim)
}

/** The SA takes the keys over: here they are gone afterwards. */
export function makeOutbound(
  session: { readonly context: KeyContext },
  context: Context,
  spi: number,
  keys: EspKeys,
): OutboundSa {
  logEsp(context, spi, session.context.espSuite, keys)
  const { aead, entropy, algorithms } = context
  const { espSuites } = algorithms
  const sa = new OutboundSa({ spi, suite: session.context.espSuite, keys, aead, espSuites, entropy })
  forgetEspKeys(keys)
  return sa
}

/** Closes SAs that `which` picks: their keys are gone, and their SPIs lead nowhere. */
export function closeInbound(session: Session, context: Context, which: (entry: Inbound) => boolean): void {
  const kept: Inbound[] = []
  for (const entry of session.inbound) {
    if (!which(entry)) kept.push(entry)
    else {
      entry.sa.forget()
      if (entry.role === 'ordinary') context.dropSpi(entry.sa.spi)
    }
  }
  session.inbound = kept
}

/** The key of the SA on a reserve SPI: only from the thawed side to its peer (MOVING §3). */
export function interimFor(
  session: { readonly context: KeyContext },
  secrets: Secrets,
  sender: { readonly hit: Uint8Array; readonly start: Start },
  receiver: { readonly hit: Uint8Array; readonly start: Start },
  spi: number,
): EspKeys {
  return interimKeys(session.context, secrets.resumption, sender.hit, receiver.hit, sender.start, receiver.start, spi)
}

export function secretsOf(keys: KeySet, reserveIn: number, reserveOut: number): Secrets {
  return { resumption: keys.resumption, hip: keys.hip, reserveIn, reserveOut }
}
