// The source host's side of a hand-off, a pure machine of plain data (MOVING, Words; §4): PREPARE → FREEZE → TRANSFER →
// CLEAN-UP. The old instance may unfreeze in place until the grant has left; from then on it runs again only through the
// single door. What this host itself says against the phase asserts; what others say late, twice or never changes nothing.

import { assert } from '../../base/assert.ts'

/**
 * The source's phases. `sealed`: capsule and grant exist, are being made durable, and have not left. `discarding`: an abort
 * destroys them first, because a capsule of a process that goes on running in the same epoch could be thawed beside it.
 */
export type SourcePhase =
  | 'running'
  | 'preparing'
  | 'freezing'
  | 'frozen'
  | 'sealed'
  | 'discarding'
  | 'granted'
  | 'reclaiming'
  | 'cleaning'
  | 'gone'
  | 'restarted'
  | 'crashed'

/** Plain data. Times are ms. */
export interface SourceState {
  readonly phase: SourcePhase
  /** The epoch that runs, or ran when it was frozen. */
  readonly epoch: number
  /** True once an abort was asked for while freezing, sealing or storing was under way: it acts when that is done. */
  readonly aborting: boolean
  /** True if a durable capsule and grant exist on this host, or may exist. */
  readonly stored: boolean
  /** True if the frozen state itself is still in memory; a capsule sealed to another host cannot be opened here. */
  readonly inMemory: boolean
  /** True once the target has said that it holds the capsule durably. */
  readonly delivered: boolean
  /** Call with `tick` at this time; Infinity if never. */
  readonly wakeAt: number
  readonly tries: number
}

export type SourceInput =
  // From this host.
  | { readonly type: 'begin'; readonly offered: boolean } // offered: a READY or the target's long-term key is at hand
  | { readonly type: 'frozen' } // the engine is frozen and its state taken
  | { readonly type: 'sealed' } // capsule sealed, grant signed; neither has left
  | { readonly type: 'stored' } // both are durable
  | { readonly type: 'failed' } // sealing or storing did not work
  | { readonly type: 'discarded' } // both are destroyed
  | { readonly type: 'abort' }
  | { readonly type: 'started'; readonly epoch: number } // the abort's claim and activation
  | { readonly type: 'refused' } // the abort's claim: somebody else has started it
  | { readonly type: 'unavailable' } // the abort's claim: no ledger
  | { readonly type: 'destroyed' } // every copy of the state is gone
  | { readonly type: 'tick' }
  // From the target or the ledger.
  | { readonly type: 'ready'; readonly epoch: number }
  | { readonly type: 'declined' }
  | { readonly type: 'delivered' }
  | { readonly type: 'live'; readonly epoch: number }

export type SourceOutput =
  | 'ask-ready'
  | 'freeze'
  | 'unfreeze' // go on in place, same epoch: not a start
  | 'seal'
  | 'store'
  | 'send' // capsule and grant leave; also repeats
  | 'discard'
  | 'claim' // through the single door, with this epoch as base if the state is still in memory
  | 'resume' // thaw the frozen state here, at the epoch just started
  | 'restart' // the state is lost: start with no associations, at the epoch just started
  | 'look' // read the ledger; answer with `live` if a later epoch is activated
  | 'destroy' // zero keys and state; a stub may stay behind
  | 'failed' // the process goes on here: tell the user

export interface SourceStep {
  readonly state: SourceState
  readonly outputs: readonly SourceOutput[]
}

const READY_MS = 1_000
const SEND_MS = 1_000
const READY_TRIES = 5
/** After so many unanswered sends the ledger is looked at with each further one. */
const SENDS_BEFORE_LOOK = 2

/** A process that runs at `epoch`. */
export function sourceRunning(epoch: number): SourceState {
  return {
    phase: 'running',
    epoch,
    aborting: false,
    stored: false,
    inMemory: true,
    delivered: false,
    wakeAt: Number.POSITIVE_INFINITY,
    tries: 0,
  }
}

/** True if the old instance may still seal packets. */
export function sourceMaySend(state: SourceState): boolean {
  return ['running', 'preparing', 'freezing', 'restarted'].includes(state.phase)
}

/** Takes one input and says what to do. */
export function stepSource(state: SourceState, input: SourceInput, now: number): SourceStep {
  switch (input.type) {
    case 'ready':
    case 'declined':
    case 'delivered':
    case 'live':
      return sourceHears(state, input, now)
    case 'abort':
      return sourceAborts(state)
    case 'tick':
      return now < state.wakeAt ? source(state) : sourceTicks(state, now)
    default:
      return sourceGoesOn(state, input, now)
  }
}

/**
 * What is left of the source after its process or host crashed; `found` says whether capsule and grant are whole on the disk.
 * They go on being offered then: it is the only copy that resumes. Without them the identity restarts through the single
 * door and resumes nothing (MOVING §4). What is found although it had been done with is to be deleted.
 */
export function crashSource(state: SourceState, found: boolean = state.stored): SourceState {
  const offered = found && state.stored
  const left = { ...toPhase(state, 'crashed'), stored: offered, inMemory: false }
  // Even one that was being destroyed: sending it once more shows that it was used.
  if (offered) return { ...left, phase: 'granted', wakeAt: 0 }
  return state.phase === 'gone' || state.phase === 'cleaning' ? { ...left, phase: 'gone' } : left
}

function sourceGoesOn(state: SourceState, input: SourceInput, now: number): SourceStep {
  const { phase, aborting } = state
  switch (input.type) {
    case 'begin':
      expect(phase, ['running', 'restarted'], input.type)
      return input.offered ? source(toPhase(state, 'freezing'), 'freeze') : askReady(toPhase(state, 'preparing'), now)
    case 'frozen':
      expect(phase, ['freezing'], input.type)
      return aborting ? unfrozen(state) : source(toPhase(state, 'frozen'), 'seal')
    case 'sealed':
      expect(phase, ['frozen'], input.type)
      if (aborting) return source(toPhase(state, 'discarding'), 'discard')
      // From here on a crash may find the capsule on the disk.
      return source({ ...toPhase(state, 'sealed'), stored: true }, 'store')
    case 'stored':
      expect(phase, ['sealed'], input.type)
      return aborting ? source(toPhase(state, 'discarding'), 'discard') : send(toPhase(state, 'granted'), now)
    case 'failed':
      expect(phase, ['frozen', 'sealed'], input.type)
      return phase === 'frozen' ? unfrozen(state) : source(toPhase(state, 'discarding'), 'discard')
    case 'discarded':
      expect(phase, ['discarding', 'restarted'], input.type)
      return phase === 'restarted' ? source(state) : unfrozen({ ...state, stored: false })
    case 'destroyed':
      expect(phase, ['cleaning'], input.type)
      return source({ ...toPhase(state, 'gone'), stored: false, inMemory: false })
    default:
      return sourceReclaims(state, input, now)
  }
}

function sourceReclaims(state: SourceState, input: SourceInput, now: number): SourceStep {
  expect(state.phase, ['reclaiming'], input.type)
  switch (input.type) {
    case 'started': {
      assert(input.epoch > state.epoch, 'an abort by claim starts a later epoch')
      const next = { ...toPhase(state, 'restarted'), epoch: input.epoch, stored: false, inMemory: true }
      return source(next, state.inMemory ? 'resume' : 'restart', 'discard', 'failed')
    }
    case 'refused':
      return source(toPhase(state, 'cleaning'), 'destroy')
    case 'unavailable':
      return send(toPhase(state, 'granted'), now)
    default:
      assert(false, `the source does not take ${input.type} here`)
  }
}

/** Nothing of the process has left: it goes on in place, in the same epoch. */
function unfrozen(state: SourceState): SourceStep {
  return source(toPhase(state, 'running'), 'unfreeze', 'failed')
}

function sourceHears(
  state: SourceState,
  input: Extract<SourceInput, { type: 'ready' | 'declined' | 'delivered' | 'live' }>,
  now: number,
): SourceStep {
  const { phase } = state
  if (input.type === 'ready') {
    if (phase !== 'preparing' || input.epoch !== state.epoch) return source(state)
    return source(toPhase(state, 'freezing'), 'freeze')
  }
  if (input.type === 'declined')
    return phase === 'preparing' ? source(toPhase(state, 'running'), 'failed') : source(state)
  if (input.type === 'delivered') {
    return phase === 'granted' ? source({ ...state, delivered: true, tries: 0, wakeAt: now + SEND_MS }) : source(state)
  }
  // A later epoch is live. While we reclaim, our own claim finds out the same and decides.
  if (phase !== 'granted' || input.epoch <= state.epoch) return source(state)
  return source(toPhase(state, 'cleaning'), 'destroy')
}

function sourceAborts(state: SourceState): SourceStep {
  switch (state.phase) {
    case 'preparing':
      return source(toPhase(state, 'running'), 'failed')
    case 'freezing':
    case 'frozen':
    case 'sealed':
      return source({ ...state, aborting: true })
    case 'granted':
      return source(toPhase(state, 'reclaiming'), 'claim')
    default:
      return source(state) // nothing to abort, under way already, or too late
  }
}

function sourceTicks(state: SourceState, now: number): SourceStep {
  if (state.phase === 'preparing') {
    return state.tries >= READY_TRIES ? source(toPhase(state, 'running'), 'failed') : askReady(state, now)
  }
  return state.phase === 'granted' ? send(state, now) : source({ ...state, wakeAt: Number.POSITIVE_INFINITY })
}

function askReady(state: SourceState, now: number): SourceStep {
  return source({ ...state, tries: state.tries + 1, wakeAt: now + READY_MS }, 'ask-ready')
}

/** Sends the capsule, or, once it is there, only looks how it went. */
function send(state: SourceState, now: number): SourceStep {
  const tries = state.tries + 1
  const next = { ...state, tries, wakeAt: now + SEND_MS }
  if (state.delivered) return source(next, 'look')
  return tries > SENDS_BEFORE_LOOK ? source(next, 'send', 'look') : source(next, 'send')
}

function toPhase(state: SourceState, phase: SourcePhase): SourceState {
  return { ...state, phase, aborting: false, delivered: false, wakeAt: Number.POSITIVE_INFINITY, tries: 0 }
}

function source(state: SourceState, ...outputs: readonly SourceOutput[]): SourceStep {
  return { state, outputs }
}

function expect<P extends string>(phase: P, allowed: readonly P[], input: string): void {
  assert(allowed.includes(phase), `${input} in phase ${phase}`)
}
