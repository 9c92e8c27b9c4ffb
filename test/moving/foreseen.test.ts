// MOVING §1: a ledger may tell a start what it is going to be while it makes it durable. Nothing has started by that.

import { describe, expect, it } from 'vitest'
import { applyStart } from '../../src/core/moving/record.ts'
import { beginStart, type StartKeys, type StartStep, stepStart } from '../../src/core/moving/start.ts'
import { HOST_B, heldByA, LEDGER, seeded, X } from '../support/actors.ts'
import { THAW_B } from '../support/start-world.ts'

const KEYS: StartKeys = { host: HOST_B, identity: X, entropy: seeded(9) }

/** A thaw that has asked for claim and activation in one step, and what the ledger has decided. */
function asked(): { readonly step: StartStep; readonly ask: number; readonly reply: ReturnType<typeof applyStart> } {
  const record = heldByA()
  const begun = beginStart({ ...THAW_B, together: true }, 0)
  const step = stepStart(begun.state, { type: 'read', ask: 1, record }, 0, KEYS)
  const [question] = step.outputs
  if (question?.type !== 'start') throw new Error('no start')
  return { step, ask: question.ask, reply: applyStart(record, question.claim, question.activate, LEDGER, 0) }
}

function receiptOf({ reply }: ReturnType<typeof applyStart>): Uint8Array {
  if (reply.refused !== undefined || !('receipt' in reply)) throw new Error('no receipt')
  return reply.receipt
}

describe('a start that is foreseen', () => {
  it('is told, once, and is the very start that the answer then confirms', () => {
    const { step, ask, reply } = asked()
    const told = stepStart(step.state, { type: 'foreseen', ask, receipt: receiptOf(reply) }, 1, KEYS)
    const [output, ...more] = told.outputs
    expect(output?.type).toBe('foreseen')
    expect(more).toEqual([])
    expect(told.state.phase.name).toBe('starting')
    const done = stepStart(told.state, { type: 'answered', ask, reply }, 2, KEYS)
    if (output?.type !== 'foreseen' || done.state.phase.name !== 'started') throw new Error('it did not start')
    expect(done.state.phase.started).toBe(output.started)
  })

  it('has not started: refused after all, it is refused', () => {
    const { step, ask, reply } = asked()
    const told = stepStart(step.state, { type: 'foreseen', ask, receipt: receiptOf(reply) }, 1, KEYS)
    const refused = { step: 'activate', reply: { refused: 'used', record: heldByA() } } as const
    const done = stepStart(told.state, { type: 'answered', ask, reply: refused }, 2, KEYS)
    expect(done.state.phase).toEqual({ name: 'refused', why: 'used' })
  })

  it('is not believed by a forged receipt, which changes nothing', () => {
    const { step, ask, reply } = asked()
    const receipt = receiptOf(reply).slice()
    receipt[receipt.length - 1] = (receipt.at(-1) ?? 0) ^ 1
    const told = stepStart(step.state, { type: 'foreseen', ask, receipt }, 1, KEYS)
    expect(told.outputs).toEqual([])
    expect(told.state).toEqual(step.state)
  })

  it('is not heard of after the answer', () => {
    const { step, ask, reply } = asked()
    const done = stepStart(step.state, { type: 'answered', ask, reply }, 1, KEYS)
    const late = stepStart(done.state, { type: 'foreseen', ask, receipt: receiptOf(reply) }, 2, KEYS)
    expect(late.outputs).toEqual([])
    expect(late.state).toBe(done.state)
  })
})
