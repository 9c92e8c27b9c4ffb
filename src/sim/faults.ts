// Every kind of thing that can happen in a seed, by name, and how often each is drawn. The lists are closed so that a kind that
// never fired is an error: a simulator that lost the power to lose packets would otherwise look like a perfect protocol.
// Swarm testing: a seed switches some kinds off altogether and gives the others widely different weights.

import { Prng } from '../base/prng.ts'

/** What goes wrong. */
export const FAULT_KINDS = [
  // links
  'loss',
  'duplicate',
  'reorder',
  'corrupt',
  'truncate',
  'jitter',
  'partition',
  'partition-one-way',
  // address translation
  'nat-rebind',
  'nat-expire',
  // paths
  'path-dead',
  'port-dead',
  // hosts
  'crash',
  'crash-in-move',
  // moves
  'thaw-twice',
  'thaw-older-capsule',
  'thaw-foreign-capsule',
  'clone-start',
  'abort',
  'both-move',
  // the ledger
  'ledger-slow',
  'ledger-down',
  'ledger-request-lost',
  'ledger-reply-lost',
  // attackers
  'replay',
  'spoof',
  'flood',
  'false-locator',
  'former-host',
] as const

/** The name of something that goes wrong. */
export type FaultKind = (typeof FAULT_KINDS)[number]

/** What is done on purpose, and what machines tell. The names of `MachineEvent` are among them. */
export const EVENT_KINDS = [
  // told by machines
  'associated',
  'ended',
  'datagram',
  'pong',
  'path',
  'silent',
  'rebound',
  'resumed',
  'rekeyed',
  'parked',
  'woken',
  'drained',
  'lookup',
  'frozen',
  'fenced',
  'stream',
  'stream-accepted',
  'stream-data',
  'stream-end',
  'stream-reset',
  'stream-stopped',
  'stream-writable',
  'stream-finished',
  'stream-closed',
  'stream-lost',
  // what a path was taken for, and what was done when there was none
  'failover',
  'fresh-port',
  // done to them
  'start',
  'restart',
  'sent',
  'queued',
  'freeze',
  'unfreeze',
  'transfer',
  'thaw',
  'moved',
  'thaw-refused',
  'readdress',
  'rekey',
  'close',
  'ping',
  'publish',
  'learn',
  'claim',
  'activate',
] as const

/** The name of something that happens. */
export type EventKind = (typeof EVENT_KINDS)[number]

/** What one direction of a link does to a packet: probabilities, and times in milliseconds. */
export interface LinkFaults {
  /** That it is lost. */
  readonly loss: number
  /** That it comes twice. */
  readonly duplicate: number
  /** That it is held back, for up to four times the delay and 20 ms. */
  readonly reorder: number
  /** That one bit of it is turned over. */
  readonly corrupt: number
  /** That its end is cut off. */
  readonly truncate: number
  /** How long each takes. */
  readonly delayMs: number
  /** How much longer it may take, each by itself. */
  readonly jitterMs: number
}

/** A link on which nothing goes wrong. */
export const CALM: LinkFaults = {
  loss: 0,
  duplicate: 0,
  reorder: 0,
  corrupt: 0,
  truncate: 0,
  delayMs: 5,
  jitterMs: 0,
}

/** How often each kind happens: a probability for kinds that befall packets and requests, a weight for operations. */
export type Profile = Readonly<Record<FaultKind, number>> & {
  /** How long each packet takes. */
  readonly delayMs: number
  /** How much longer it may take, each by itself. */
  readonly jitterMs: number
}

/** Largest probability or weight that a seed may draw for a kind. */
const CEILINGS: Readonly<Record<FaultKind, number>> = {
  loss: 0.3,
  duplicate: 0.5,
  reorder: 0.3,
  corrupt: 0.1,
  truncate: 0.05,
  jitter: 1,
  partition: 2,
  'partition-one-way': 2,
  'nat-rebind': 2,
  'nat-expire': 2,
  'path-dead': 2,
  'port-dead': 1,
  crash: 1.5,
  'crash-in-move': 0.4,
  'thaw-twice': 0.6,
  'thaw-older-capsule': 1,
  'thaw-foreign-capsule': 1,
  'clone-start': 0.5,
  abort: 0.6,
  'both-move': 0.8,
  'ledger-slow': 1,
  'ledger-down': 1,
  'ledger-request-lost': 0.3,
  'ledger-reply-lost': 0.3,
  replay: 0.1,
  spoof: 0.05,
  flood: 1,
  'false-locator': 0.5,
  'former-host': 1,
}

const LATER: readonly FaultKind[] = ['path-dead', 'port-dead']

/** Draws how this seed goes wrong: about half of the kinds not at all, the rest between a trace and their ceiling. */
export function drawProfile(prng: Prng): Profile {
  const off = 0.2 + 0.6 * prng.next()
  const weights = {} as Record<FaultKind, number>
  // Kinds that came later are drawn apart, so that seeds that are kept keep their course.
  const later = new Prng(Math.floor(off * 2 ** 32))
  for (const kind of FAULT_KINDS) {
    const from = LATER.includes(kind) ? later : prng
    const intensity = from.next() ** 2
    weights[kind] = from.chance(off) ? 0 : CEILINGS[kind] * intensity
  }
  return withDelay(weights, prng)
}

/** Draws how a seed goes wrong in these ways and no others: each of them happens, from now and then to its ceiling. */
export function drawAmong(kinds: readonly FaultKind[], prng: Prng): Profile {
  const weights: Partial<Record<FaultKind, number>> = {}
  for (const kind of kinds) weights[kind] = CEILINGS[kind] * (0.1 + 0.9 * prng.next() ** 2)
  return withDelay({ ...calmProfile(), ...weights }, prng)
}

function withDelay(weights: Readonly<Record<FaultKind, number>>, prng: Prng): Profile {
  const delayMs = 1 + 60 * prng.next() ** 2
  return { ...weights, delayMs, jitterMs: weights.jitter * delayMs }
}

/** A profile in which nothing goes wrong, except what `some` says. */
export function calmProfile(some: Partial<Profile> = {}): Profile {
  const weights = {} as Record<FaultKind, number>
  for (const kind of FAULT_KINDS) weights[kind] = 0
  return { ...weights, delayMs: CALM.delayMs, jitterMs: 0, ...some }
}

/** What a profile means for one direction of a link. */
export function linkFaults(profile: Profile): LinkFaults {
  const { loss, duplicate, reorder, corrupt, truncate, delayMs, jitterMs } = profile
  return { loss, duplicate, reorder, corrupt, truncate, delayMs, jitterMs }
}
