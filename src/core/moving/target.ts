// The target host's side of a hand-off, a pure machine of plain data (MOVING, Words; §4): PREPARE → TRANSFER → CLAIM →
// ACTIVATE. The capsule is durable here before the source is told so, and nothing is sent before the single door was passed.
// What this host itself says against the phase asserts; what the source says late, twice or never changes nothing.

import { assert } from '../../base/assert.ts'

/** The target's phases. From `storing` on a crash may find the capsule on the disk. */
export type TargetPhase = 'idle' | 'offering' | 'opening' | 'storing' | 'holding' | 'claiming' | 'running' | 'crashed'

/** Plain data. Times are ms. */
export interface TargetState {
  readonly phase: TargetPhase
  /** The epoch offered for, then the capsule's, then the one that runs. */
  readonly epoch: number
  /** True if a READY of ours is out. */
  readonly offered: boolean
  /** True if the capsule is on this host's disk, or may be. */
  readonly stored: boolean
  readonly wakeAt: number
}

export type TargetInput =
  // From this host.
  | { readonly type: 'opened' } // capsule and grant are for us, whole and readable
  | { readonly type: 'rejected' }
  | { readonly type: 'stored' }
  | { readonly type: 'failed' } // storing did not work: no room
  | { readonly type: 'started'; readonly epoch: number }
  | { readonly type: 'refused' } // somebody else has started it: the capsule is worthless
  | { readonly type: 'unavailable' }
  | { readonly type: 'tick' }
  // From the source.
  | { readonly type: 'prepare'; readonly epoch: number }
  | { readonly type: 'capsule'; readonly epoch: number }
  | { readonly type: 'gone' } // the source has cleaned up

export type TargetOutput =
  | 'ready' // sign a READY with a fresh one-time key
  | 'forget' // the one-time key, with whatever was to be opened with it
  | 'open'
  | 'reject' // tell the source why
  | 'store'
  | 'delivered' // tell the source that the capsule is safe here
  | 'claim'
  | 'thaw'
  | 'live' // tell the source that the new epoch runs
  | 'discard' // destroy the capsule

export interface TargetStep {
  readonly state: TargetState
  readonly outputs: readonly TargetOutput[]
}

/** How long a READY holds (MOVING §10), and how long a target that reached no ledger waits before it tries again. */
const OFFER_MS = 60_000
const CLAIM_AGAIN_MS = 1_000
const LIVE_MS = 1_000

/** A host with nothing of this identity. */
export function targetIdle(): TargetState {
  return { phase: 'idle', epoch: 0, offered: false, stored: false, wakeAt: Number.POSITIVE_INFINITY }
}

/** True if the new instance may seal packets. */
export function targetMaySend(state: TargetState): boolean {
  return state.phase === 'running'
}

/** Takes one input and says what to do. */
export function stepTarget(state: TargetState, input: TargetInput, now: number): TargetStep {
  switch (input.type) {
    case 'prepare':
    case 'capsule':
    case 'gone':
      return targetHears(state, input, now)
    case 'tick':
      return now < state.wakeAt ? target(state) : targetTicks(state, now)
    default:
      return targetGoesOn(state, input, now)
  }
}

/**
 * What is left of the target after a crash; `found` says whether the capsule is whole on the disk. It is claimed again then,
 * and the ledger knows whether it was used. A process that ran starts again like any other, and resumes nothing. What is
 * found although it had been done with is to be deleted.
 */
export function crashTarget(state: TargetState, found: boolean = state.stored): TargetState {
  if (state.phase === 'running' || state.phase === 'crashed') {
    return { ...state, phase: 'crashed', wakeAt: Number.POSITIVE_INFINITY }
  }
  return found && state.stored ? { ...state, phase: 'holding', wakeAt: 0 } : targetIdle()
}

function targetGoesOn(state: TargetState, input: TargetInput, now: number): TargetStep {
  switch (input.type) {
    case 'opened':
      expect(state.phase, ['opening'], input.type)
      return target({ ...state, phase: 'storing', stored: true }, 'store')
    case 'rejected':
      expect(state.phase, ['opening'], input.type)
      // A bad capsule may be anybody's: the offer stands until it runs out.
      return target(state.offered ? { ...state, phase: 'offering' } : targetIdle(), 'reject')
    case 'failed':
      expect(state.phase, ['storing'], input.type)
      return target(targetIdle(), 'discard', 'forget', 'reject')
    case 'stored':
      expect(state.phase, ['storing'], input.type)
      return target({ ...state, phase: 'claiming', wakeAt: Number.POSITIVE_INFINITY }, 'delivered', 'claim')
    case 'started':
      expect(state.phase, ['claiming'], input.type)
      assert(input.epoch > state.epoch, 'a thaw starts a later epoch')
      return target(
        { phase: 'running', epoch: input.epoch, offered: false, stored: false, wakeAt: now + LIVE_MS },
        'thaw',
        'discard',
        'forget',
        'live',
      )
    case 'refused':
      expect(state.phase, ['claiming'], input.type)
      return target(targetIdle(), 'discard', 'forget', 'reject')
    case 'unavailable':
      expect(state.phase, ['claiming'], input.type)
      return target({ ...state, phase: 'holding', wakeAt: now + CLAIM_AGAIN_MS })
    default:
      assert(false, `the target does not take ${input.type} here`)
  }
}

function targetHears(
  state: TargetState,
  input: Extract<TargetInput, { type: 'prepare' | 'capsule' | 'gone' }>,
  now: number,
): TargetStep {
  const { phase } = state
  if (input.type === 'gone') {
    return phase === 'running' ? target({ ...state, wakeAt: Number.POSITIVE_INFINITY }) : target(state)
  }
  if (input.type === 'prepare') {
    if (phase !== 'idle' && phase !== 'offering') return target(state)
    return target(
      { phase: 'offering', epoch: input.epoch, offered: true, stored: false, wakeAt: now + OFFER_MS },
      'ready',
    )
  }
  // A stored capsule comes without a READY; a repeated one gets the answer that was lost.
  if (phase === 'idle' || (phase === 'offering' && input.epoch === state.epoch)) {
    return target({ ...state, phase: 'opening', epoch: input.epoch }, 'open')
  }
  if (phase === 'running') return input.epoch < state.epoch ? target(state, 'live') : target(state)
  const repeated = (phase === 'claiming' || phase === 'holding') && input.epoch === state.epoch
  return repeated ? target(state, 'delivered') : target(state)
}

function targetTicks(state: TargetState, now: number): TargetStep {
  switch (state.phase) {
    case 'offering':
      return target(targetIdle(), 'forget')
    case 'holding':
      return target({ ...state, phase: 'claiming', wakeAt: Number.POSITIVE_INFINITY }, 'claim')
    case 'running':
      return target({ ...state, wakeAt: now + LIVE_MS }, 'live')
    default:
      // Opening and storing are brief and end by themselves; an offer's end is looked at again after them.
      return target({ ...state, wakeAt: now + LIVE_MS })
  }
}

function target(state: TargetState, ...outputs: readonly TargetOutput[]): TargetStep {
  return { state, outputs }
}

function expect<P extends string>(phase: P, allowed: readonly P[], input: string): void {
  assert(allowed.includes(phase), `${input} in phase ${phase}`)
}
