// RFC 7401 §4.4.3, tables 2 to 9, and figure 2, written down once more from the RFC and held against the table that the code runs
// by, cell by cell: what may follow, whether anything is done at all, and every difference with its reason.

import { describe, expect, it } from 'vitest'
import { actionOf, type Input, leads, STATES, type StateName } from '../../src/core/association/states.ts'
import { readText } from '../support/tree.ts'

const NAMES: readonly StateName[] = [
  'UNASSOCIATED',
  'I1-SENT',
  'I2-SENT',
  'R2-SENT',
  'ESTABLISHED',
  'PARKED',
  'CLOSING',
  'CLOSED',
  'E-FAILED',
]

const INPUTS: readonly Input[] = [
  'I1',
  'R1',
  'I2',
  'R2',
  'UPDATE',
  'NOTIFY',
  'CLOSE',
  'CLOSE_ACK',
  'ESP',
  'associate',
  'close',
  'timeout',
  'idle',
  'thaw',
  'fenced',
]

type Follows = Readonly<Partial<Record<Input, readonly StateName[]>>>

/** Where each trigger of the RFC's tables leads. [] stays, but something is done; what is left out is dropped. */
const RFC: Readonly<Record<Exclude<StateName, 'PARKED'>, Follows>> = {
  // Table 2.
  UNASSOCIATED: { associate: ['I1-SENT'], I1: [], I2: ['R2-SENT'] },
  // Table 3.
  'I1-SENT': { I1: [], I2: ['R2-SENT'], R1: ['I2-SENT'], timeout: ['E-FAILED'] },
  // Table 4.
  'I2-SENT': { I1: [], R1: [], I2: ['R2-SENT'], R2: ['ESTABLISHED'], CLOSE: ['CLOSED'], timeout: ['E-FAILED'] },
  // Table 5.
  'R2-SENT': {
    I1: [],
    I2: [],
    ESP: ['ESTABLISHED'],
    UPDATE: ['ESTABLISHED'],
    timeout: ['ESTABLISHED'],
    CLOSE: ['CLOSED'],
    NOTIFY: [],
  },
  // Table 6.
  ESTABLISHED: { I1: [], I2: ['R2-SENT'], ESP: [], idle: ['CLOSING'], UPDATE: [], CLOSE: ['CLOSED'], NOTIFY: [] },
  // Table 7.
  CLOSING: {
    associate: ['I1-SENT'],
    I1: [],
    I2: ['R2-SENT'],
    R1: ['I2-SENT'],
    CLOSE: ['CLOSED'],
    CLOSE_ACK: ['UNASSOCIATED'],
    timeout: ['UNASSOCIATED'],
  },
  // Table 8.
  CLOSED: {
    associate: [],
    I1: [],
    I2: ['R2-SENT'],
    R1: ['I2-SENT'],
    CLOSE: [],
    CLOSE_ACK: ['UNASSOCIATED'],
    timeout: ['UNASSOCIATED'],
  },
  // Table 9.
  'E-FAILED': { timeout: ['UNASSOCIATED'] },
}

/** What the table has beside the RFC's, or in place of it, and why. `undefined`: dropped here. */
interface Deviation {
  readonly state: StateName | readonly StateName[]
  readonly input: Input
  readonly follows: readonly StateName[] | undefined
  readonly why: string
}

const WITH_KEYS: readonly StateName[] = ['R2-SENT', 'ESTABLISHED', 'PARKED', 'CLOSING']

const DEVIATIONS: readonly Deviation[] = [
  // Triggers that the RFC leaves to others: the owner, MOVING, RFC 7402.
  {
    state: ['R2-SENT', 'ESTABLISHED', 'PARKED'],
    input: 'close',
    follows: ['CLOSING'],
    why: 'the owner has had enough',
  },
  { state: 'CLOSING', input: 'close', follows: ['CLOSING'], why: 'said once is enough' },
  { state: ['I1-SENT', 'I2-SENT'], input: 'close', follows: ['UNASSOCIATED'], why: 'there are no keys to close with' },
  { state: 'UNASSOCIATED', input: 'thaw', follows: ['ESTABLISHED'], why: 'MOVING §5' },
  {
    state: ['I1-SENT', 'I2-SENT', ...WITH_KEYS, 'CLOSED', 'E-FAILED'],
    input: 'fenced',
    follows: ['UNASSOCIATED'],
    why: 'MOVING §6: a newer start of this identity',
  },
  {
    state: ['UNASSOCIATED', 'CLOSING', 'CLOSED', 'E-FAILED'],
    input: 'UPDATE',
    follows: [],
    why: 'MOVING §6: whoever still talks to an association that is over is told so, at a limited rate',
  },
  { state: 'ESTABLISHED', input: 'UPDATE', follows: ['UNASSOCIATED'], why: 'MOVING §4: it cannot be resumed' },
  { state: 'R2-SENT', input: 'UPDATE', follows: ['ESTABLISHED', 'UNASSOCIATED'], why: 'the same' },
  {
    state: WITH_KEYS,
    input: 'NOTIFY',
    follows: ['UNASSOCIATED'],
    why: 'MOVING §6: a proven refusal of our own packet',
  },
  { state: 'UNASSOCIATED', input: 'NOTIFY', follows: [], why: 'INVALID_HIT, for the error message' },
  { state: 'I2-SENT', input: 'NOTIFY', follows: ['E-FAILED'], why: 'BLOCKED_BY_POLICY for this very I2' },
  // Parking, in place of CLOSING when nobody answers (RFC 7401 §6.11).
  { state: ['ESTABLISHED'], input: 'timeout', follows: ['PARKED'], why: 'MOVING §6' },
  { state: ['R2-SENT'], input: 'timeout', follows: ['ESTABLISHED', 'PARKED'], why: 'MOVING §6' },
  { state: 'PARKED', input: 'timeout', follows: ['UNASSOCIATED'], why: 'MOVING §6: parked for too long' },
  { state: 'PARKED', input: 'UPDATE', follows: ['ESTABLISHED', 'UNASSOCIATED'], why: 'as ESTABLISHED, and it wakes' },
  { state: 'PARKED', input: 'ESP', follows: ['ESTABLISHED'], why: 'it wakes' },
  { state: 'PARKED', input: 'I1', follows: [], why: 'as ESTABLISHED' },
  { state: 'PARKED', input: 'CLOSE', follows: ['CLOSED'], why: 'as ESTABLISHED' },
  // A new association in place of an old one goes by way of none.
  {
    state: ['ESTABLISHED', 'PARKED', 'CLOSING', 'CLOSED', 'E-FAILED'],
    input: 'I2',
    follows: ['UNASSOCIATED', 'R2-SENT'],
    why: '"drop old HIP association"',
  },
  { state: 'R2-SENT', input: 'I2', follows: ['UNASSOCIATED'], why: 'the same; a repeated I2 gets the R2 it got' },
  {
    state: ['CLOSING', 'CLOSED', 'E-FAILED'],
    input: 'associate',
    follows: ['UNASSOCIATED', 'I1-SENT'],
    why: 'figure 2, where table 8 would stay at CLOSED; and asking again is the end of E-FAILED',
  },
  { state: 'E-FAILED', input: 'I1', follows: [], why: 'as UNASSOCIATED: the peer may begin' },
  // R1s: RFC 7401 §6.8 takes them after an I1 only.
  { state: ['CLOSING', 'CLOSED'], input: 'R1', follows: undefined, why: 'RFC 7401 §6.8 step 1 is the normative text' },
  {
    state: 'I1-SENT',
    input: 'R1',
    follows: ['I2-SENT', 'UNASSOCIATED'],
    why: 'the lists of this identity may deny who answers',
  },
  {
    state: 'I2-SENT',
    input: 'R1',
    follows: ['I1-SENT', 'UNASSOCIATED'],
    why: 'its puzzle is solved before the I2 goes out; and it may be denied',
  },
  { state: 'I1-SENT', input: 'timeout', follows: ['I2-SENT', 'E-FAILED'], why: 'a puzzle is solved in slices' },
  { state: 'I2-SENT', input: 'timeout', follows: ['I1-SENT', 'E-FAILED'], why: 'the R1 may have been stale' },
  { state: 'R2-SENT', input: 'idle', follows: ['CLOSING'], why: 'UAL may be shorter than the time of an exchange' },
  { state: 'CLOSED', input: 'CLOSE_ACK', follows: undefined, why: 'its keys are gone, so nothing could be verified' },
]

/** What is expected of a cell: the deviation, if there is one, else the RFC. */
function expected(state: StateName, input: Input): readonly StateName[] | undefined {
  const deviation = DEVIATIONS.find((item) => [item.state].flat().includes(state) && item.input === input)
  if (deviation !== undefined) return deviation.follows
  return state === 'PARKED' ? undefined : RFC[state][input]
}

const CELLS = NAMES.flatMap((state) => INPUTS.map((input) => ({ state, input })))

describe('the table of states', () => {
  it.each(CELLS)('has for $input in $state what the RFC has, or a reason', ({ state, input }) => {
    const follows = expected(state, input)
    const possible = NAMES.filter((to) => to !== state && leads(state, input, to))
    expect(possible).toEqual(NAMES.filter((to) => to !== state && follows?.includes(to) === true))
    expect(actionOf(state, input) !== undefined).toBe(follows !== undefined)
  })

  it('has no state and no input beside those', () => {
    expect(Object.keys(STATES).sort()).toEqual([...NAMES].sort())
    for (const row of Object.values(STATES)) for (const input of Object.keys(row)) expect(INPUTS).toContain(input)
  })

  it('is deviated from by nothing that makes no difference', () => {
    for (const { state, input, follows } of DEVIATIONS) {
      for (const name of [state].flat()) {
        if (name !== 'PARKED') expect([name, input, RFC[name][input]]).not.toEqual([name, input, follows])
      }
    }
  })

  it('is the one that PROTOCOL shows', () => {
    const shown = [...readText('docs/PROTOCOL.md').matchAll(/^\| ([A-Z0-9-]+) \| (\w+) \| ([^|]+) \| ([^|]*) \|$/gm)]
    const rows = shown.filter(([, state]) => NAMES.some((name) => name === state)).map(([, ...cells]) => cells)
    const table = NAMES.flatMap((state) =>
      INPUTS.flatMap((input) => {
        const cell = STATES[state][input]
        return cell === undefined ? [] : [[state, input, cell.does, cell.to.join(', ')]]
      }),
    )
    expect(rows.map((row) => row.map((cell) => cell?.trim()))).toEqual(table)
  })
})
