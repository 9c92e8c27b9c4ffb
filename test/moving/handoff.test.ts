// A hand-off between two hosts that crash, lose and repeat messages, fail and change their mind (MOVING §4).

import { beforeAll, describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/base/assert.ts'
import {
  crashSource,
  crashTarget,
  type SourceInput,
  type SourceOutput,
  type SourceState,
  sourceMaySend,
  sourceRunning,
  stepSource,
  stepTarget,
  type TargetInput,
  type TargetOutput,
  type TargetState,
  targetIdle,
} from '../../src/core/moving/handoff.ts'
import { type Graph, handoffWorld, keyOf, reaching, senders, walkHandoff } from '../support/handoff-world.ts'

function source(inputs: readonly SourceInput[], from: SourceState = sourceRunning(4)): [SourceState, SourceOutput[]] {
  let state = from
  let last: readonly SourceOutput[] = []
  for (const input of inputs) ({ state, outputs: last } = stepSource(state, input, state.wakeAt))
  return [state, [...last]]
}

function target(inputs: readonly TargetInput[], from: TargetState = targetIdle()): [TargetState, TargetOutput[]] {
  let state = from
  let last: readonly TargetOutput[] = []
  for (const input of inputs) ({ state, outputs: last } = stepTarget(state, input, state.wakeAt))
  return [state, [...last]]
}

const BEGIN: SourceInput = { type: 'begin', offered: true }
const GRANTED: readonly SourceInput[] = [BEGIN, { type: 'frozen' }, { type: 'sealed' }, { type: 'stored' }]
const CLAIMING: readonly TargetInput[] = [
  { type: 'prepare', epoch: 4 },
  { type: 'capsule', epoch: 4 },
  { type: 'opened' },
  { type: 'stored' },
]

describe('the source', () => {
  it('asks for a READY, freezes, seals, stores, and sends only then', () => {
    expect(source([{ type: 'begin', offered: false }])).toMatchObject([{ phase: 'preparing' }, ['ask-ready']])
    expect(
      source([
        { type: 'begin', offered: false },
        { type: 'ready', epoch: 4 },
      ])[1],
    ).toEqual(['freeze'])
    expect(source([BEGIN, { type: 'frozen' }])[1]).toEqual(['seal'])
    expect(source([BEGIN, { type: 'frozen' }, { type: 'sealed' }])[1]).toEqual(['store'])
    expect(source(GRANTED)).toMatchObject([{ phase: 'granted', stored: true }, ['send']])
  })

  it('may not send from frozen on', () => {
    for (let steps = 2; steps <= GRANTED.length; steps++) {
      expect(sourceMaySend(source(GRANTED.slice(0, steps))[0])).toBe(false)
    }
  })

  it('does not freeze for a READY of another epoch', () => {
    expect(
      source([
        { type: 'begin', offered: false },
        { type: 'ready', epoch: 3 },
      ]),
    ).toMatchObject([{ phase: 'preparing' }, []])
  })

  it('goes on running when no READY comes', () => {
    const ticks = Array.from({ length: 5 }, (): SourceInput => ({ type: 'tick' }))
    expect(source([{ type: 'begin', offered: false }, ...ticks])).toMatchObject([{ phase: 'running' }, ['failed']])
  })

  it('unfreezes in place until the grant has left, in the same epoch', () => {
    const [state, outputs] = source([BEGIN, { type: 'abort' }, { type: 'frozen' }])
    expect([state.phase, state.epoch, outputs]).toEqual(['running', 4, ['unfreeze', 'failed']])
  })

  it('destroys capsule and grant before it unfreezes, for they could be thawed beside it', () => {
    const sealing: SourceInput[] = [BEGIN, { type: 'frozen' }, { type: 'abort' }, { type: 'sealed' }]
    expect(source(sealing)).toMatchObject([{ phase: 'discarding' }, ['discard']])
    const storing: SourceInput[] = [
      BEGIN,
      { type: 'frozen' },
      { type: 'sealed' },
      { type: 'abort' },
      { type: 'stored' },
    ]
    expect(source(storing)).toMatchObject([{ phase: 'discarding' }, ['discard']])
    expect(source([...storing, { type: 'discarded' }])).toMatchObject([
      { phase: 'running', stored: false },
      ['unfreeze', 'failed'],
    ])
  })

  it('runs again only by claim once the grant has left', () => {
    expect(source([...GRANTED, { type: 'abort' }])).toMatchObject([{ phase: 'reclaiming' }, ['claim']])
    const [state, outputs] = source([...GRANTED, { type: 'abort' }, { type: 'started', epoch: 6 }])
    expect(state).toMatchObject({ phase: 'restarted', epoch: 6 })
    expect(outputs).toContain('resume')
    expect(outputs).not.toContain('unfreeze')
  })

  it('cleans up when its claim comes too late, and keeps offering when there is no ledger', () => {
    expect(source([...GRANTED, { type: 'abort' }, { type: 'refused' }])[1]).toEqual(['destroy'])
    expect(source([...GRANTED, { type: 'abort' }, { type: 'unavailable' }])).toMatchObject([
      { phase: 'granted' },
      ['send'],
    ])
  })

  it('looks at the ledger when the target stays silent, and destroys when a later epoch is live', () => {
    expect(source([...GRANTED, { type: 'tick' }, { type: 'tick' }])[1]).toEqual(['send', 'look'])
    expect(source([...GRANTED, { type: 'delivered' }, { type: 'tick' }])[1]).toEqual(['look'])
    expect(source([...GRANTED, { type: 'live', epoch: 4 }])[0].phase).toBe('granted')
    expect(source([...GRANTED, { type: 'live', epoch: 5 }])[1]).toEqual(['destroy'])
  })

  it('offers a capsule found on the disk after a crash, and resumes nothing without one', () => {
    const [granted] = source(GRANTED)
    expect(crashSource(granted)).toMatchObject({ phase: 'granted', inMemory: false })
    expect(crashSource(granted, false)).toMatchObject({ phase: 'crashed' })
    expect(crashSource(source([BEGIN])[0])).toMatchObject({ phase: 'crashed' })
    expect(source([{ type: 'abort' }, { type: 'started', epoch: 5 }], crashSource(granted))[1]).toContain('restart')
  })

  it('asserts when its own host acts against the phase', () => {
    for (const input of ['frozen', 'sealed', 'stored', 'discarded', 'refused', 'destroyed'] as const) {
      expect(() => source([{ type: input }])).toThrow(InvariantError)
    }
    expect(() => source([...GRANTED, BEGIN])).toThrow(InvariantError)
    expect(() => source([...GRANTED, { type: 'abort' }, { type: 'started', epoch: 4 }])).toThrow(InvariantError)
  })
})

describe('the target', () => {
  it('offers, opens, stores, says so, claims, and runs only when started', () => {
    expect(target(CLAIMING.slice(0, 1))[1]).toEqual(['ready'])
    expect(target(CLAIMING.slice(0, 2))[1]).toEqual(['open'])
    expect(target(CLAIMING.slice(0, 3))[1]).toEqual(['store'])
    expect(target(CLAIMING)[1]).toEqual(['delivered', 'claim'])
    expect(target([...CLAIMING, { type: 'started', epoch: 5 }])).toMatchObject([
      { phase: 'running', epoch: 5 },
      ['thaw', 'discard', 'forget', 'live'],
    ])
  })

  it('throws the capsule away when somebody else has started it, and keeps it when there is no ledger', () => {
    expect(target([...CLAIMING, { type: 'refused' }])).toMatchObject([
      { phase: 'idle' },
      ['discard', 'forget', 'reject'],
    ])
    expect(target([...CLAIMING, { type: 'unavailable' }])).toMatchObject([{ phase: 'holding', stored: true }, []])
    expect(target([...CLAIMING, { type: 'unavailable' }, { type: 'tick' }])[1]).toEqual(['claim'])
  })

  it('forgets an offer that nobody took, and a capsule for another epoch does not take it', () => {
    expect(target([{ type: 'prepare', epoch: 4 }, { type: 'tick' }])).toMatchObject([{ phase: 'idle' }, ['forget']])
    expect(
      target([
        { type: 'prepare', epoch: 4 },
        { type: 'capsule', epoch: 3 },
      ])[1],
    ).toEqual([])
  })

  it('keeps its offer open when somebody sends a bad capsule', () => {
    const bad: TargetInput[] = [{ type: 'prepare', epoch: 4 }, { type: 'capsule', epoch: 4 }, { type: 'rejected' }]
    expect(target(bad)).toMatchObject([{ phase: 'offering' }, ['reject']])
    expect(target(bad.slice(1))).toMatchObject([{ phase: 'idle' }, ['reject']])
  })

  it('tells that it lives until the source has cleaned up', () => {
    const [running] = target([...CLAIMING, { type: 'started', epoch: 5 }])
    expect(target([{ type: 'tick' }], running)[1]).toEqual(['live'])
    expect(target([{ type: 'capsule', epoch: 4 }], running)[1]).toEqual(['live'])
    expect(target([{ type: 'gone' }], running)[0].wakeAt).toBe(Number.POSITIVE_INFINITY)
  })

  it('claims again after a crash if the capsule is on its disk', () => {
    const [claiming] = target(CLAIMING)
    expect(crashTarget(claiming)).toMatchObject({ phase: 'holding' })
    expect(crashTarget(claiming, false)).toEqual(targetIdle())
    expect(crashTarget(targetIdle(), true)).toEqual(targetIdle())
  })
})

describe('every order of events between two hosts', () => {
  const graphs: Graph[] = []

  beforeAll(() => {
    const none = { losses: 0, duplicates: 0, sourceCrashes: 0, targetCrashes: 0, aborts: 0, failures: 0 }
    const cases = [
      [{ ...none, losses: 1, duplicates: 1, aborts: 2 }, false],
      [{ ...none, sourceCrashes: 1, targetCrashes: 1, aborts: 1 }, true],
      [{ ...none, losses: 1, sourceCrashes: 1, failures: 1, aborts: 1 }, true],
      [{ ...none, losses: 1, targetCrashes: 2, failures: 1 }, true],
    ] as const
    for (const [faults, offered] of cases) graphs.push(walkHandoff(handoffWorld(faults, offered)))
    console.info(`hand-off: ${graphs.map(({ worlds }) => worlds.size).join(' + ')} states`)
  })

  it('has at most one instance that may send, and resumes the frozen state at most once', () => {
    for (const { worlds } of graphs) {
      for (const world of worlds.values()) {
        expect(senders(world), keyOf(world)).toBeLessThanOrEqual(1)
        expect(world.resumed, keyOf(world)).toBeLessThanOrEqual(1)
      }
    }
  })

  it('never sends from an epoch that is not the last one activated', () => {
    for (const { worlds } of graphs) {
      for (const world of worlds.values()) {
        if (sourceMaySend(world.source)) expect(world.source.epoch, keyOf(world)).toBe(world.ledger.epoch)
        if (world.target.phase === 'running') expect(world.target.epoch, keyOf(world)).toBe(world.ledger.epoch)
      }
    }
  })

  it('can always still end with exactly one instance running', () => {
    for (const graph of graphs) {
      const good = reaching(graph, (world) => senders(world) === 1)
      expect([...graph.worlds.keys()].find((key) => !good.has(key))).toBeUndefined()
    }
  })
})
