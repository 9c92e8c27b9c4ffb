// What is explored: who does what, in which order, and how much may go wrong meanwhile.

import { ATTACKS } from './former-host.ts'
import type { Scenario } from './world.ts'

const MOVE = ['freeze', 'thaw']

function of(side: 'X' | 'C', ...verbs: readonly string[]): string[] {
  return verbs.map((verb) => `${side}.${verb}`)
}

/**
 * What may go wrong in one schedule. Crashes are commands of a plot.
 *
 * Reordering needs no bound: whatever is in flight may come next. A timer fires in time only when nothing is on its way: what
 * is not lost comes before the timer that would repeat it. What is lost is chosen at that moment, as late as can be: a packet
 * that never comes is in flight until then, so every schedule with that loss is among those that are followed. `early` lets a
 * timer fire although something is under way.
 *
 * A timer that sends something is a repeat; `repeats` bounds those of each end, the others are free. One is enough for one loss:
 * what is lost is repeated by whoever wants an answer, and that is one end, by one timer, once, for the repeat is not lost;
 * and it is enough for one crash, which the other end finds out by one question. A plot with a crash has one more for the
 * loss. Beyond them time goes on without choices: from every state in which nothing is on its way any more, timers run as
 * often as they have to until both ends agree.
 */
export interface Faults {
  /** Packets that are delivered twice. */
  readonly copies: number
  readonly losses: number
  readonly early: number
  readonly repeats: number
}

export const NONE: Faults = { copies: 0, losses: 0, early: 0, repeats: 1 }
/** At most one loss and one duplicate. */
export const ONE: Faults = { copies: 1, losses: 1, early: 0, repeats: 1 }
/** A timer that does not wait for what is late. */
export const HASTE: Faults = { copies: 0, losses: 0, early: 1, repeats: 1 }

/** Who does what, up to its last state: in every test run within `quick`, and with SOJOURN_EXHAUSTIVE=full within ONE and HASTE. */
export interface Plot extends Omit<Scenario, 'copies' | 'timers'> {
  readonly quick?: Faults
  /** There is no association yet. */
  readonly strangers?: boolean
  /** Instead of ONE and HASTE. */
  readonly full?: readonly Faults[]
  /** What would take the full walk too long: followed by hand (`npm run exhaustive`). */
  readonly long?: readonly Faults[]
}

/** For explore.ts: how many packets are delivered twice, and how many timers fire while packets are out. */
export type Bounds = readonly [copies: number, timers: number]

export interface HostilePlot extends Omit<Scenario, 'copies' | 'timers'> {
  readonly quick: Bounds
  readonly full: Bounds
}

export const MOVES: readonly Plot[] = [
  { name: 'one thaw', quick: ONE, threads: [of('X', ...MOVE)] },
  { name: 'one thaw, data of X', quick: ONE, threads: [of('X', ...MOVE), of('X', 'send')] },
  { name: 'one thaw, data of C', quick: ONE, threads: [of('X', ...MOVE), of('C', 'send')] },
  { name: 'one thaw, in place', quick: ONE, threads: [of('X', ...MOVE)], inPlace: true },
  {
    name: 'one thaw, nobody forwards',
    quick: NONE,
    threads: [of('X', ...MOVE), of('C', 'send')],
    unforwarded: true,
  },
  {
    name: 'a freeze taken back',
    quick: ONE,
    threads: [of('X', 'freeze', 'unfreeze'), of('C', ...MOVE)],
  },
  { name: 'two thaws in a row', quick: NONE, threads: [of('X', ...MOVE, ...MOVE)] },
  {
    name: 'two thaws in a row, in place, data of X',
    threads: [of('X', ...MOVE, ...MOVE), of('X', 'send')],
    inPlace: true,
  },
  { name: 'claim without activation', quick: ONE, threads: [of('X', 'freeze', 'claim', 'thaw')] },
  { name: 'C learns of the move first', quick: ONE, threads: [of('X', ...MOVE), of('C', 'learn')] },
  {
    name: 'C readdresses while X moves',
    quick: NONE,
    threads: [of('X', ...MOVE), of('C', 'readdress')],
  },
]

export const CROSSINGS: readonly Plot[] = [
  { name: 'both ends thaw', quick: NONE, threads: [of('X', ...MOVE), of('C', ...MOVE)] },
  {
    name: 'both ends thaw, data of X',
    full: [NONE],
    long: [ONE],
    threads: [of('X', ...MOVE), of('C', ...MOVE), of('X', 'send')],
  },
]

/** In a file of their own, because one of them is the longest of all. */
export const LONG_CROSSINGS: readonly Plot[] = [
  {
    name: 'both ends thaw, in place',
    quick: NONE,
    threads: [of('X', ...MOVE), of('C', ...MOVE)],
    inPlace: true,
  },
  { name: 'X twice, C once', full: [NONE], long: [ONE], threads: [of('X', ...MOVE, ...MOVE), of('C', ...MOVE)] },
]

export const REKEYS: readonly Plot[] = [
  { name: 'rekey by both', quick: ONE, threads: [of('X', 'rekey'), of('C', 'rekey')] },
  {
    name: 'rekey by both, data of X',
    threads: [of('X', 'rekey'), of('C', 'rekey'), of('X', 'send')],
  },
  {
    name: 'rekey by both, data of C',
    threads: [of('X', 'rekey'), of('C', 'rekey'), of('C', 'send')],
  },
  {
    name: 'rekey by both, data of both',
    full: [NONE],
    long: [ONE],
    threads: [of('X', 'rekey'), of('C', 'rekey'), of('X', 'send'), of('C', 'send')],
  },
  { name: 'thaw while X rekeys', quick: ONE, threads: [of('X', ...MOVE), of('X', 'rekey')] },
  { name: 'thaw while C rekeys', quick: NONE, threads: [of('X', ...MOVE), of('C', 'rekey')] },
  {
    name: 'rekey by both, thaw of X',
    full: [ONE],
    threads: [of('X', ...MOVE), of('X', 'rekey'), of('C', 'rekey')],
  },
  {
    name: 'rekey by X, both thaw',
    full: [NONE],
    long: [ONE],
    threads: [of('X', ...MOVE), of('C', ...MOVE), of('X', 'rekey')],
  },
]

/** Base exchanges of either end and of both at once (RFC 7401 §4.4.4). */
export const OPENS: readonly Plot[] = [
  { name: 'X opens', quick: ONE, threads: [of('X', 'open')], strangers: true },
  { name: 'C opens, X sends', quick: ONE, threads: [of('C', 'open'), of('X', 'send')], strangers: true },
  {
    name: 'both open',
    quick: ONE,
    threads: [of('X', 'open'), of('C', 'open')],
    strangers: true,
  },
  {
    name: 'both open and send',
    threads: [of('X', 'open'), of('C', 'open'), of('X', 'send'), of('C', 'send')],
    strangers: true,
  },
  { name: 'both open, X rekeys', threads: [of('X', 'open'), of('C', 'open'), of('X', 'rekey')], strangers: true },
  {
    // A capsule has no R2: whoever waits for one that was lost makes another association, in the place of the first.
    name: 'both open, X moves',
    threads: [of('X', 'open', ...MOVE), of('C', 'open')],
    strangers: true,
    mayReset: true,
  },
  {
    name: 'both open, X closes',
    threads: [of('X', 'open', 'close', 'open'), of('C', 'open')],
    strangers: true,
    mayReset: true,
  },
  {
    name: 'both open, X crashes',
    threads: [of('X', 'open', 'crash', 'restart', 'open'), of('C', 'open')],
    strangers: true,
    mayReset: true,
  },
]

/** UPDATEs that cross: new addresses at one end or both, and a rekey from either (RFC 8046 §3.2, RFC 7402 §6.9). */
export const UPDATES: readonly Plot[] = [
  { name: 'X readdresses while C rekeys', quick: NONE, threads: [of('X', 'readdress'), of('C', 'rekey')] },
  { name: 'X readdresses and rekeys', threads: [of('X', 'readdress'), of('X', 'rekey')] },
  {
    name: 'X readdresses while C rekeys, nobody forwards',
    threads: [of('X', 'readdress'), of('C', 'rekey')],
    unforwarded: true,
  },
  { name: 'both readdress', quick: NONE, threads: [of('X', 'readdress'), of('C', 'readdress')] },
  {
    // With a fault its states do not fit into the memory of a process.
    name: 'both readdress while X rekeys',
    full: [NONE],
    threads: [of('X', 'readdress'), of('C', 'readdress'), of('X', 'rekey')],
  },
]

export const ENDINGS: readonly Plot[] = [
  {
    name: 'thaw, X closes',
    quick: ONE,
    threads: [of('X', ...MOVE), of('X', 'close')],
    mayReset: true,
  },
  {
    name: 'thaw, C closes',
    quick: ONE,
    threads: [of('X', ...MOVE), of('C', 'close')],
    mayReset: true,
  },
  {
    name: 'thaw, both close',
    quick: ONE,
    threads: [of('X', ...MOVE), of('X', 'close'), of('C', 'close')],
    mayReset: true,
  },
  {
    name: 'thaw, X crashes',
    quick: ONE,
    threads: [of('X', ...MOVE), of('X', 'crash', 'restart')],
    mayReset: true,
  },
  {
    name: 'thaw, C crashes',
    quick: ONE,
    threads: [of('X', ...MOVE), of('C', 'crash', 'restart')],
    mayReset: true,
  },
  {
    name: 'both thaw, X crashes',
    full: [NONE],
    long: [ONE, HASTE],
    threads: [of('X', ...MOVE), of('X', 'crash', 'restart'), of('C', ...MOVE)],
    mayReset: true,
  },
  {
    name: 'both crash',
    quick: ONE,
    threads: [of('X', ...MOVE), of('X', 'crash', 'restart'), of('C', 'crash', 'restart')],
    mayReset: true,
  },
]

/** Before C hears of the new epoch, the former host can force a reset (MOVING §5); nothing else of it can. */
const EARLY: ReadonlySet<string> = new Set([
  'old-close',
  'old-data',
  'data-as-c',
  'zombie-data',
  'zombie-rekey',
  'exchange',
])

/** The former host of X, one attack at a time, at any moment after X has left. */
export const HOSTILE: readonly HostilePlot[] = [
  ...ATTACKS.map(
    (attack): HostilePlot => ({
      name: `former host: ${attack}`,
      threads: [of('X', ...MOVE), [`F.${attack}`]],
      mayReset: EARLY.has(attack) ? 'early' : false,
      quick: [0, 0],
      full: [0, 1],
    }),
  ),
  {
    name: 'former host: interim, data of X',
    threads: [of('X', ...MOVE), of('X', 'send'), ['F.interim']],
    quick: [0, 0],
    full: [1, 0],
  },
  {
    name: 'former host: close, data of X',
    threads: [of('X', ...MOVE), of('X', 'send'), ['F.close']],
    quick: [0, 0],
    full: [1, 0],
  },
]
