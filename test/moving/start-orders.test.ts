// No order of events lets two starts through the single door, with losses, duplicates and copies of memory (MOVING §1, §4).

import { describe, expect, it } from 'vitest'
import { HOST_A, HOST_B, heldByA } from '../support/actors.ts'
import { ABORT_A, type Budget, FRESH, type Runner, THAW_B, walkStarts } from '../support/start-world.ts'

describe('every order of events', () => {
  const abort = { host: HOST_A, plan: ABORT_A }
  const thaw = { host: HOST_B, plan: THAW_B }
  const fresh = { host: HOST_A, plan: FRESH }

  it.each([
    [
      'a thaw against an abort, one loss and one duplicate',
      [thaw, abort],
      { losses: 1, duplicates: 1, clones: 0, races: 2 },
    ],
    [
      'a thaw whose memory is copied, one loss and one duplicate',
      [thaw],
      { losses: 1, duplicates: 1, clones: 1, races: 1 },
    ],
    [
      'a thaw whose memory is copied, against an abort',
      [thaw, abort],
      { losses: 0, duplicates: 0, clones: 1, races: 0 },
    ],
    [
      'the same capsule thawed twice on one host, one loss',
      [thaw, thaw],
      { losses: 1, duplicates: 0, clones: 0, races: 2 },
    ],
    [
      'two restarts of a saved identity, one duplicate',
      [fresh, fresh],
      { losses: 0, duplicates: 1, clones: 0, races: 1 },
    ],
  ] as const)('%s: one activation an epoch, one resumption of epoch 1, and somebody starts', (_, runners, budget) => {
    for (const together of [() => false, () => true, (index: number) => index === 0]) {
      if (together(0) && !together(1) && runners.length === 1) continue
      follow(
        runners.map(({ host, plan }, index) => ({ host, plan: { ...plan, together: together(index) } })),
        budget,
      )
    }
  })

  function follow(runners: readonly Runner[], budget: Budget): void {
    const walk = walkStarts(
      runners,
      heldByA(),
      budget,
      (machines) => {
        const started = machines.flatMap(({ phase }) => (phase.name === 'started' ? [phase.started] : []))
        for (const one of started) {
          for (const other of started) {
            const cloneAfterTheDraw = Buffer.compare(one.secret, other.secret) === 0
            if (one !== other && !cloneAfterTheDraw) {
              expect(one.epoch).not.toBe(other.epoch)
              if (one.base !== undefined) expect(other.base).not.toBe(one.base)
            }
          }
        }
      },
      (machines) => {
        expect(machines.some(({ phase }) => phase.name === 'started')).toBe(true)
      },
    )
    expect(walk.endings).toBeGreaterThan(0)
    const ways = runners.map(({ plan }) => (plan.together ? 'one step' : 'two steps')).join(' and ')
    console.info(`${ways}: ${walk.states} states, ${walk.endings} endings, refused: ${[...walk.refusals].join(' ')}`)
  }
})
