// The state machine of RFC 7401 §4.4 as one table: what every state does with every input, and where that may lead. An input with
// no cell is "Receive ANYOTHER: drop and stay". Association looks every input up here before anything is done with it, and
// refuses to take a turn that the table does not have for it. docs/PROTOCOL.md shows the same table, with what is ours in it.

import type { Message } from '../../wire/messages.ts'

/** RFC 7401 §4.4.2. `PARKED` is ours (MOVING §6): alive, but out of reach. */
export type StateName =
  | 'UNASSOCIATED'
  | 'I1-SENT'
  | 'I2-SENT'
  | 'R2-SENT'
  | 'ESTABLISHED'
  | 'PARKED'
  | 'CLOSING'
  | 'CLOSED'
  | 'E-FAILED'

/**
 * Packets by kind, and what comes from within. `associate`: user data to send that needs an association. `timeout`: any timer
 * but that of an association which nobody uses, which is `idle`. `thaw` and `fenced` are MOVING's.
 */
export type Input = Message['kind'] | 'ESP' | 'associate' | 'close' | 'timeout' | 'idle' | 'thaw' | 'fenced'

export type Action =
  | 'send I1'
  | 'send R1'
  | 'send R1 if our HIT is the greater'
  | 'process, send I2'
  | 'process, send R2'
  | 'process, send R2 if our HIT is the greater'
  | 'process'
  | 'process, send CLOSE_ACK'
  | 'send CLOSE_ACK again'
  | 'refuse'
  | 'send CLOSE'
  | 'discard'
  | 'repeat'
  | 'send P1'

/** `to`: the states that may follow, beside the one that is. */
export interface Cell {
  readonly does: Action
  readonly to: readonly StateName[]
}

export type Row = Readonly<Partial<Record<Input, Cell>>>

const on = (does: Action, ...to: StateName[]): Cell => ({ does, to })

/** Whatever a newer start of this identity ends. */
const FENCED = { fenced: on('discard', 'UNASSOCIATED') }

/** An association with keys, in use or not. A refusal by NOTIFY, or of an UPDATE, discards it (MOVING §4, §6). */
const WITH_KEYS: Row = {
  I1: on('send R1'),
  // By way of UNASSOCIATED: the old association is dropped first.
  I2: on('process, send R2', 'UNASSOCIATED', 'R2-SENT'),
  NOTIFY: on('process', 'UNASSOCIATED'),
  CLOSE: on('process, send CLOSE_ACK', 'CLOSED'),
  close: on('send CLOSE', 'CLOSING'),
  ...FENCED,
}

export const STATES: Readonly<Record<StateName, Row>> = {
  UNASSOCIATED: {
    I1: on('send R1'),
    I2: on('process, send R2', 'R2-SENT'),
    UPDATE: on('refuse'),
    NOTIFY: on('process'),
    associate: on('send I1', 'I1-SENT'),
    thaw: on('send P1', 'ESTABLISHED'),
  },
  'I1-SENT': {
    I1: on('send R1 if our HIT is the greater'),
    // To a peer that its lists deny nothing more is said.
    R1: on('process, send I2', 'I2-SENT', 'UNASSOCIATED'),
    I2: on('process, send R2', 'R2-SENT'),
    close: on('discard', 'UNASSOCIATED'),
    // A slice of the puzzle is a timeout, too.
    timeout: on('repeat', 'I2-SENT', 'E-FAILED'),
    ...FENCED,
  },
  'I2-SENT': {
    I1: on('send R1'),
    // A later R1 has a puzzle that has to be solved first.
    R1: on('process, send I2', 'I1-SENT', 'UNASSOCIATED'),
    I2: on('process, send R2 if our HIT is the greater', 'R2-SENT'),
    R2: on('process', 'ESTABLISHED'),
    NOTIFY: on('process', 'E-FAILED'),
    CLOSE: on('process, send CLOSE_ACK', 'CLOSED'),
    close: on('discard', 'UNASSOCIATED'),
    // An I2 that nobody answers may come from a stale R1: then I1 goes out again.
    timeout: on('repeat', 'I1-SENT', 'E-FAILED'),
    ...FENCED,
  },
  'R2-SENT': {
    ...WITH_KEYS,
    I2: on('process, send R2', 'UNASSOCIATED'),
    UPDATE: on('process', 'ESTABLISHED', 'UNASSOCIATED'),
    ESP: on('process', 'ESTABLISHED'),
    // Exchange Complete, or nobody answers.
    timeout: on('repeat', 'ESTABLISHED', 'PARKED'),
    idle: on('send CLOSE', 'CLOSING'),
  },
  ESTABLISHED: {
    ...WITH_KEYS,
    UPDATE: on('process', 'UNASSOCIATED'),
    ESP: on('process'),
    timeout: on('repeat', 'PARKED'),
    idle: on('send CLOSE', 'CLOSING'),
  },
  PARKED: {
    ...WITH_KEYS,
    UPDATE: on('process', 'ESTABLISHED', 'UNASSOCIATED'),
    ESP: on('process', 'ESTABLISHED'),
    timeout: on('repeat', 'UNASSOCIATED'),
  },
  CLOSING: {
    ...WITH_KEYS,
    UPDATE: on('refuse'),
    CLOSE_ACK: on('process', 'UNASSOCIATED'),
    associate: on('send I1', 'UNASSOCIATED', 'I1-SENT'),
    close: on('repeat'),
    timeout: on('repeat', 'UNASSOCIATED'),
  },
  CLOSED: {
    I1: on('send R1'),
    I2: on('process, send R2', 'UNASSOCIATED', 'R2-SENT'),
    UPDATE: on('refuse'),
    CLOSE: on('send CLOSE_ACK again'),
    associate: on('send I1', 'UNASSOCIATED', 'I1-SENT'),
    timeout: on('discard', 'UNASSOCIATED'),
    ...FENCED,
  },
  'E-FAILED': {
    I1: on('send R1'),
    I2: on('process, send R2', 'UNASSOCIATED', 'R2-SENT'),
    UPDATE: on('refuse'),
    associate: on('send I1', 'UNASSOCIATED', 'I1-SENT'),
    timeout: on('discard', 'UNASSOCIATED'),
    ...FENCED,
  },
}

/** What a state does with an input; undefined: drop it and stay. */
export function actionOf(state: StateName, input: Input): Action | undefined {
  return STATES[state][input]?.does
}

/** Whether an input may lead from one state to another. */
export function leads(from: StateName, input: Input, to: StateName): boolean {
  return from === to || STATES[from][input]?.to.includes(to) === true
}
