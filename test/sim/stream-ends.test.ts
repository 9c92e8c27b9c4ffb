// The checker of how streams end wants a reason for every reset, stop and loss, and knows those that there are.

import { describe, expect, it } from 'vitest'
import type { EndReason, MachineEvent } from '../../src/core/machine.ts'
import { describeFailure, type Observation, runSeed, SEED_KINDS, StreamEndChecker } from '../../src/sim.ts'
import { ended, HIT_A, HIT_B, run, told } from '../support/observations.ts'

const a = run({ id: 1, name: 'a', hit: HIT_A, lineage: 1 })
const b = run({ id: 2, name: 'b', hit: HIT_B, lineage: 2 })
const a2 = run({ id: 3, name: 'a', hit: HIT_A, lineage: 1, epoch: 2 })
const anew = run({ id: 4, name: 'a', hit: HIT_A, lineage: 3, epoch: 2 })

const begins = (who: typeof a, ...resumes: readonly (typeof HIT_A)[]): Observation => ({
  type: 'run-begins',
  at: 0,
  run: who,
  resumes,
})
const broken = (who: typeof a, peer: typeof HIT_A, how: 'reset' | 'stop'): Observation => ({
  type: 'stream-broken',
  run: who,
  peer,
  id: 0,
  how,
})
const closed = (who: typeof a, peer: typeof HIT_A): Observation => ({ type: 'closed', at: 0, run: who, peer })
const reset: MachineEvent = { type: 'stream-reset', peer: HIT_A, id: 0, code: 3 }
const stopped: MachineEvent = { type: 'stream-stopped', peer: HIT_A, id: 0, code: 3 }
const lost = (reason: EndReason | 'shed'): MachineEvent => ({
  type: 'stream-lost',
  peer: HIT_A,
  id: 0,
  reason,
  detail: '',
})

const met: Extract<MachineEvent, { type: 'associated' }> = { type: 'associated', peer: HIT_A, initiator: true }

/** What it says of the last of these, of which events are b’s; nothing before. Both have met. */
function word(...observations: readonly (Observation | MachineEvent)[]): string | undefined {
  const checker = new StreamEndChecker()
  const all = [begins(a), begins(b), told(b, ended('reset')), told(b, met), told(a, { ...met, peer: HIT_B })]
  const words = [...all, ...observations].map((one) =>
    checker.see('run' in one || one.type === 'activated' ? one : told(b, one as MachineEvent)),
  )
  expect(words.slice(0, -1).filter((said) => said !== undefined)).toEqual([])
  return words.at(-1)
}

describe('I6, every stream until somebody ends it,', () => {
  it.each<[what: string, observations: readonly (Observation | MachineEvent)[]]>([
    ['a reset by the peer’s application', [broken(a, HIT_B, 'reset'), reset]],
    ['a reset that answers a stop', [broken(b, HIT_A, 'stop'), reset]],
    ['a stop by the peer’s application', [broken(a, HIT_B, 'stop'), stopped]],
    ['what was broken off before a move', [broken(a, HIT_B, 'reset'), begins(a2, HIT_B), reset]],
    ['a loss after either end has closed', [closed(a, HIT_B), lost('closed-by-peer')]],
    ['a loss after this end has closed', [closed(b, HIT_A), lost('closed')]],
    ['a loss to a start that goes on with nobody', [begins(anew), lost('replaced')]],
    ['a loss to a start that goes on with others', [begins(a2), lost('reset')]],
    [
      'a loss of who was started elsewhere',
      [{ type: 'activated', hit: HIT_B, epoch: 2, incarnation: 'i2' }, lost('fenced')],
    ],
    ['a reset that is told again by a thaw', [broken(a, HIT_B, 'reset'), reset, begins(anew), reset]],
    ['a loss of who reaches nobody', [lost('expired')]],
    [
      'a loss to a peer that has lost it before',
      [
        told(a, { ...lost('unreachable'), peer: HIT_B } as MachineEvent),
        told(a, { ...ended('reset'), peer: HIT_B } as MachineEvent),
        lost('reset'),
      ],
    ],
    [
      'a loss to a start that goes on with us, but had lost it',
      [told(a, { ...ended('reset'), peer: HIT_B } as MachineEvent), begins(a2, HIT_B), lost('replaced')],
    ],
  ])('passes %s', (_, observations) => {
    expect(word(...observations)).toBeUndefined()
  })

  it.each<[what: string, observations: readonly (Observation | MachineEvent)[], objection: RegExp]>([
    ['a reset that nobody asked for', [reset], /was reset/],
    ['a reset after a move alone', [begins(a2, HIT_B), reset], /was reset/],
    ['a reset by whoever was told to', [broken(b, HIT_A, 'reset'), reset], /was reset/],
    ['a stop that nobody asked for', [stopped], /was stopped/],
    ['a stop because of a reset', [broken(a, HIT_B, 'reset'), stopped], /was stopped/],
    ['a loss out of nothing', [lost('reset')], /lost for nothing: reset/],
    ['a loss by a move alone', [begins(a2, HIT_B), lost('reset')], /lost for nothing/],
    ['a second loss for one reason', [closed(a, HIT_B), ended('closed-by-peer'), lost('reset')], /lost for nothing/],
    ['a fence without a newer start', [lost('fenced')], /lost for nothing/],
    ['a stream that is too large to move', [closed(a, HIT_B), lost('shed')], /lost for nothing/],
  ])('objects to %s', (_, observations, objection) => {
    expect(word(...observations)).toMatch(objection)
  })
})

describe('in worlds that move in the middle of streams', () => {
  it('nothing ends that nobody has ended', () => {
    const kind = SEED_KINDS.find(({ name }) => name === 'short-streams-moving')
    expect(kind).toBeDefined()
    const results = Array.from({ length: 10 }, (_, n) => runSeed(1 + n, kind))
    expect(results.filter(({ ok }) => !ok).map(describeFailure)).toEqual([])
  })
})
