// What is explored: who does what, in which order, and how much may go wrong meanwhile.

import { ATTACKS } from './former-host.ts'
import type { Scenario } from './world.ts'

const MOVE = ['freeze', 'thaw']

function of(side: 'X' | 'C', ...verbs: readonly string[]): string[] {
  return verbs.map((verb) => `${side}.${verb}`)
}

/** A bound on faults: how many packets are delivered twice, and how many timers fire while packets are out. */
export type Faults = readonly [copies: number, timers: number]

/** Everything but the bounds on faults; and the bounds within which it is followed to its last state. */
export interface Plot extends Omit<Scenario, 'copies' | 'timers'> {
  /** In every test run; and with SOJOURN_EXHAUSTIVE=full. */
  readonly quick?: Faults
  readonly full?: Faults
}

export const MOVES: readonly Plot[] = [
  { name: 'one thaw', threads: [of('X', ...MOVE)], quick: [1, 0], full: [1, 1] },
  { name: 'one thaw, data of X', threads: [of('X', ...MOVE), of('X', 'send')], quick: [0, 0], full: [1, 0] },
  { name: 'one thaw, data of C', threads: [of('X', ...MOVE), of('C', 'send')], quick: [0, 0], full: [1, 0] },
  { name: 'one thaw, in place', threads: [of('X', ...MOVE)], inPlace: true, quick: [1, 0], full: [1, 1] },
  {
    name: 'one thaw, nobody forwards',
    threads: [of('X', ...MOVE), of('C', 'send')],
    unforwarded: true,
    quick: [0, 0],
    full: [0, 1],
  },
  {
    name: 'a freeze taken back',
    threads: [of('X', 'freeze', 'unfreeze'), of('C', ...MOVE)],
    quick: [0, 0],
    full: [0, 2],
  },
  { name: 'two thaws in a row', threads: [of('X', ...MOVE, ...MOVE)], quick: [0, 0], full: [0, 1] },
  {
    name: 'two thaws in a row, in place, data of X',
    threads: [of('X', ...MOVE, ...MOVE), of('X', 'send')],
    inPlace: true,
    full: [0, 0],
  },
  { name: 'claim without activation', threads: [of('X', 'freeze', 'claim', 'thaw')], quick: [1, 0], full: [1, 1] },
  { name: 'C learns of the move first', threads: [of('X', ...MOVE), of('C', 'learn')], quick: [1, 0], full: [1, 1] },
  {
    name: 'C readdresses while X moves',
    threads: [of('X', ...MOVE), of('C', 'readdress')],
    quick: [0, 0],
    full: [1, 0],
  },
]

export const CROSSINGS: readonly Plot[] = [
  { name: 'both ends thaw', threads: [of('X', ...MOVE), of('C', ...MOVE)], quick: [0, 0], full: [1, 0] },
  {
    name: 'both ends thaw, in place',
    threads: [of('X', ...MOVE), of('C', ...MOVE)],
    inPlace: true,
    quick: [0, 0],
    full: [0, 1],
  },
  { name: 'both ends thaw, data of X', threads: [of('X', ...MOVE), of('C', ...MOVE), of('X', 'send')] },
  { name: 'X twice, C once', threads: [of('X', ...MOVE, ...MOVE), of('C', ...MOVE)] },
]

export const REKEYS: readonly Plot[] = [
  { name: 'rekey by both', threads: [of('X', 'rekey'), of('C', 'rekey')], quick: [1, 0], full: [0, 1] },
  {
    name: 'rekey by both, data',
    threads: [of('X', 'rekey'), of('C', 'rekey'), of('X', 'send'), of('C', 'send')],
    full: [0, 0],
  },
  { name: 'thaw while X rekeys', threads: [of('X', ...MOVE), of('X', 'rekey')], quick: [0, 0], full: [1, 0] },
  { name: 'thaw while C rekeys', threads: [of('X', ...MOVE), of('C', 'rekey')], quick: [0, 0], full: [1, 0] },
  {
    name: 'rekey by both, thaw of X',
    threads: [of('X', ...MOVE), of('X', 'rekey'), of('C', 'rekey')],
    full: [0, 0],
  },
  {
    name: 'rekey by X, both thaw',
    threads: [of('X', ...MOVE), of('C', ...MOVE), of('X', 'rekey')],
    full: [0, 0],
  },
]

export const ENDINGS: readonly Plot[] = [
  {
    name: 'thaw, X closes',
    threads: [of('X', ...MOVE), of('X', 'close')],
    mayReset: true,
    quick: [0, 0],
    full: [1, 0],
  },
  {
    name: 'thaw, C closes',
    threads: [of('X', ...MOVE), of('C', 'close')],
    mayReset: true,
    quick: [0, 0],
    full: [1, 0],
  },
  {
    name: 'thaw, both close',
    threads: [of('X', ...MOVE), of('X', 'close'), of('C', 'close')],
    mayReset: true,
    quick: [0, 0],
    full: [0, 0],
  },
  {
    name: 'thaw, then X crashes',
    threads: [of('X', ...MOVE, 'crash', 'restart')],
    mayReset: true,
    quick: [1, 0],
    full: [1, 1],
  },
  {
    name: 'thaw, C crashes',
    threads: [of('X', ...MOVE), of('C', 'crash', 'restart')],
    mayReset: true,
    quick: [1, 0],
    full: [1, 1],
  },
  {
    name: 'both thaw, X crashes',
    threads: [of('X', ...MOVE, 'crash', 'restart'), of('C', ...MOVE)],
    mayReset: true,
    full: [0, 0],
  },
  {
    name: 'both crash',
    threads: [of('X', ...MOVE, 'crash', 'restart'), of('C', 'crash', 'restart')],
    mayReset: true,
    quick: [0, 0],
    full: [1, 0],
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
export const HOSTILE: readonly Plot[] = [
  ...ATTACKS.map(
    (attack): Plot => ({
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
