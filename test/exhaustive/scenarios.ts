// What is explored: who does what, in which order, and how much may go wrong meanwhile.

import { ATTACKS } from './former-host.ts'
import type { Scenario } from './world.ts'

const MOVE = ['freeze', 'thaw']

function of(side: 'X' | 'C', ...verbs: readonly string[]): string[] {
  return verbs.map((verb) => `${side}.${verb}`)
}

/** Everything but the bounds on faults. */
export type Plot = Omit<Scenario, 'copies' | 'timers'>

export const HONEST: readonly Plot[] = [
  { name: 'one thaw', threads: [of('X', ...MOVE)] },
  { name: 'one thaw, data of X', threads: [of('X', ...MOVE), of('X', 'send')] },
  { name: 'one thaw, data of C', threads: [of('X', ...MOVE), of('C', 'send')] },
  { name: 'one thaw, in place', threads: [of('X', ...MOVE)], inPlace: true },
  { name: 'one thaw, nobody forwards', threads: [of('X', ...MOVE), of('C', 'send')], unforwarded: true },
  { name: 'a freeze taken back', threads: [of('X', 'freeze', 'unfreeze'), of('C', 'freeze', 'thaw')] },
  { name: 'two thaws in a row', threads: [of('X', ...MOVE, ...MOVE)] },
  {
    name: 'two thaws in a row, in place, data of X',
    threads: [of('X', ...MOVE, ...MOVE), of('X', 'send')],
    inPlace: true,
  },
  { name: 'both ends thaw', threads: [of('X', ...MOVE), of('C', ...MOVE)] },
  { name: 'both ends thaw, in place', threads: [of('X', ...MOVE), of('C', ...MOVE)], inPlace: true },
  { name: 'both ends thaw, data of X', threads: [of('X', ...MOVE), of('C', ...MOVE), of('X', 'send')] },
  { name: 'X twice, C once', threads: [of('X', ...MOVE, ...MOVE), of('C', ...MOVE)] },
  { name: 'thaw while X rekeys', threads: [of('X', ...MOVE), of('X', 'rekey')] },
  { name: 'thaw while C rekeys', threads: [of('X', ...MOVE), of('C', 'rekey')] },
  { name: 'rekey by both', threads: [of('X', 'rekey'), of('C', 'rekey')] },
  { name: 'rekey by both, data', threads: [of('X', 'rekey'), of('C', 'rekey'), of('X', 'send'), of('C', 'send')] },
  { name: 'rekey by both, thaw of X', threads: [of('X', ...MOVE), of('X', 'rekey'), of('C', 'rekey')] },
  { name: 'rekey by either, both thaw', threads: [of('X', ...MOVE), of('C', ...MOVE), of('X', 'rekey')] },
  { name: 'C readdresses while X moves', threads: [of('X', ...MOVE), of('C', 'readdress')] },
  { name: 'X readdresses, C moves', threads: [of('C', ...MOVE), of('X', 'readdress')] },
  { name: 'claim without activation', threads: [of('X', 'freeze', 'claim', 'thaw')] },
  { name: 'C learns of the move first', threads: [of('X', ...MOVE), of('C', 'learn')] },
]

export const ENDING: readonly Plot[] = [
  { name: 'thaw, X closes', threads: [of('X', ...MOVE), of('X', 'close')], mayReset: true },
  { name: 'thaw, C closes', threads: [of('X', ...MOVE), of('C', 'close')], mayReset: true },
  { name: 'thaw, both close', threads: [of('X', ...MOVE), of('X', 'close'), of('C', 'close')], mayReset: true },
  { name: 'thaw, then X crashes', threads: [of('X', ...MOVE, 'crash', 'restart')], mayReset: true },
  { name: 'thaw, C crashes', threads: [of('X', ...MOVE), of('C', 'crash', 'restart')], mayReset: true },
  { name: 'both thaw, X crashes', threads: [of('X', ...MOVE, 'crash', 'restart'), of('C', ...MOVE)], mayReset: true },
  { name: 'both crash', threads: [of('X', ...MOVE, 'crash', 'restart'), of('C', 'crash', 'restart')], mayReset: true },
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
export const HOSTILE: readonly Plot[] = ATTACKS.map((attack) => ({
  name: `former host: ${attack}`,
  threads: [of('X', ...MOVE), [`F.${attack}`]],
  mayReset: EARLY.has(attack) ? ('early' as const) : false,
}))
