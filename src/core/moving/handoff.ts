// A hand-off from one host to another (MOVING, Words; §4; crash table of the claim-activate-fence protocol): PREPARE → FREEZE →
// TRANSFER → CLAIM → ACTIVATE → CLEAN-UP. Two pure machines, one a host; CLAIM and ACTIVATE are the single door (`start.ts`).
// Whoever drives them does what the outputs say, in order, and answers each with an input.

export {
  crashSource,
  type SourceInput,
  type SourceOutput,
  type SourcePhase,
  type SourceState,
  type SourceStep,
  sourceMaySend,
  sourceRunning,
  stepSource,
} from './source.ts'
export {
  crashTarget,
  stepTarget,
  type TargetInput,
  type TargetOutput,
  type TargetPhase,
  type TargetState,
  type TargetStep,
  targetIdle,
  targetMaySend,
} from './target.ts'
