// Two hosts, a hand-off between them, and a ledger: every order of events with a few losses, crashes and an abort. The single
// door is one step here (start-world.ts takes it apart). The walk keeps the whole graph, to ask what can still be reached.

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
  targetMaySend,
} from '../../src/core/moving/handoff.ts'

/** How often each thing may still go wrong. */
export interface Faults {
  readonly losses: number
  readonly duplicates: number
  readonly sourceCrashes: number
  readonly targetCrashes: number
  readonly aborts: number
  readonly failures: number
}

export interface HandoffWorld {
  readonly source: SourceState
  readonly target: TargetState
  /** What each host was told to do and has not done. */
  readonly sourceWork: readonly SourceOutput[]
  readonly targetWork: readonly TargetOutput[]
  /** Whether capsule and grant lie on each host's disk. */
  readonly sourceDisk: boolean
  readonly targetDisk: boolean
  readonly net: readonly Message[]
  readonly ledger: { readonly epoch: number; readonly host: 'source' | 'target' }
  /** Starts that resumed the associations of epoch 1. */
  readonly resumed: number
  readonly left: Faults
}

export type Message =
  | { readonly to: 'source'; readonly input: SourceInput }
  | { readonly to: 'target'; readonly input: TargetInput }

export interface Graph {
  readonly worlds: ReadonlyMap<string, HandoffWorld>
  /** For each world, the worlds it can come from. */
  readonly before: ReadonlyMap<string, readonly string[]>
}

const FROZEN_EPOCH = 1

export function handoffWorld(left: Faults, offered: boolean): HandoffWorld {
  const began = stepSource(sourceRunning(FROZEN_EPOCH), { type: 'begin', offered }, 0)
  const idle: HandoffWorld = {
    source: still(began.state),
    target: targetIdle(),
    sourceWork: [],
    targetWork: [],
    sourceDisk: false,
    targetDisk: false,
    net: [],
    ledger: { epoch: FROZEN_EPOCH, host: 'source' },
    resumed: 0,
    left,
  }
  return told(idle, began.outputs, [])
}

/** Everything that can follow from a world. */
export function walkHandoff(from: HandoffWorld): Graph {
  const worlds = new Map<string, HandoffWorld>([[keyOf(from), from]])
  const before = new Map<string, string[]>()
  let frontier = [from]
  while (frontier.length > 0) {
    const next: HandoffWorld[] = []
    for (const world of frontier) {
      const parent = keyOf(world)
      for (const child of successors(world)) {
        const key = keyOf(child)
        before.set(key, [...(before.get(key) ?? []), parent])
        if (worlds.has(key)) continue
        worlds.set(key, child)
        next.push(child)
      }
    }
    frontier = next
  }
  return { worlds, before }
}

/** The worlds from which some path leads to one that is `good`. */
export function reaching({ worlds, before }: Graph, good: (world: HandoffWorld) => boolean): ReadonlySet<string> {
  const found = new Set<string>()
  const open = [...worlds].filter(([, world]) => good(world)).map(([key]) => key)
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    if (found.has(key)) continue
    found.add(key)
    open.push(...(before.get(key) ?? []))
  }
  return found
}

/** How many instances of the process may send. */
export function senders({ source, target }: HandoffWorld): number {
  return Number(sourceMaySend(source)) + Number(targetMaySend(target))
}

function successors(world: HandoffWorld): HandoffWorld[] {
  const { left, net } = world
  const worlds = [...sourceActs(world), ...targetActs(world)]
  net.forEach((message, index) => {
    const rest = net.filter((_, other) => other !== index)
    worlds.push(delivered({ ...world, net: rest }, message))
    if (left.losses > 0) worlds.push({ ...world, net: rest, left: { ...left, losses: left.losses - 1 } })
    if (left.duplicates > 0) {
      worlds.push(delivered({ ...world, left: { ...left, duplicates: left.duplicates - 1 } }, message))
    }
  })
  return worlds
}

function delivered(world: HandoffWorld, message: Message): HandoffWorld {
  return message.to === 'source' ? sourceStep(world, message.input) : targetStep(world, message.input)
}

function sourceStep(world: HandoffWorld, input: SourceInput): HandoffWorld {
  const { state, outputs } = stepSource(world.source, input, 0)
  return told({ ...world, source: still(state) }, outputs, [])
}

function targetStep(world: HandoffWorld, input: TargetInput): HandoffWorld {
  const { state, outputs } = stepTarget(world.target, input, 0)
  return told({ ...world, target: still(state) }, [], outputs)
}

/** Messages leave at once; work waits to be done. A message that is under way already is not sent again. */
function told(world: HandoffWorld, source: readonly SourceOutput[], target: readonly TargetOutput[]): HandoffWorld {
  let { net, resumed, ledger } = world
  const send = (message: Message) => {
    if (!net.some((other) => JSON.stringify(other) === JSON.stringify(message))) net = [...net, message]
  }
  const epoch = FROZEN_EPOCH
  for (const output of source) {
    if (output === 'ask-ready') send({ to: 'target', input: { type: 'prepare', epoch } })
    if (output === 'send') send({ to: 'target', input: { type: 'capsule', epoch } })
    if (output === 'resume') resumed++
    if (output === 'look' && ledger.epoch > epoch) send({ to: 'source', input: { type: 'live', epoch: ledger.epoch } })
  }
  for (const output of target) {
    if (output === 'ready') send({ to: 'source', input: { type: 'ready', epoch: world.target.epoch } })
    if (output === 'reject') send({ to: 'source', input: { type: 'declined' } })
    if (output === 'delivered') send({ to: 'source', input: { type: 'delivered' } })
    if (output === 'live') send({ to: 'source', input: { type: 'live', epoch: world.target.epoch } })
    if (output === 'thaw') resumed++
  }
  const sourceWork = [...world.sourceWork, ...source.filter((output) => SOURCE_WORK.has(output))]
  const targetWork = [...world.targetWork, ...target.filter((output) => TARGET_WORK.has(output))]
  return { ...world, net, resumed, ledger, sourceWork, targetWork }
}

const SOURCE_WORK: ReadonlySet<string> = new Set(['freeze', 'seal', 'store', 'discard', 'claim', 'destroy'])
const TARGET_WORK: ReadonlySet<string> = new Set(['open', 'store', 'discard', 'claim'])

function sourceActs(world: HandoffWorld): HandoffWorld[] {
  const { source, left, ledger } = world
  const worlds: HandoffWorld[] = []
  const [work, ...sourceWork] = world.sourceWork
  const rest = { ...world, sourceWork }
  const failed = left.failures > 0 ? { ...rest, left: { ...left, failures: left.failures - 1 } } : undefined
  if (work === 'freeze') worlds.push(sourceStep(rest, { type: 'frozen' }))
  if (work === 'seal') worlds.push(sourceStep(rest, { type: 'sealed' }))
  if (work === 'store') worlds.push(sourceStep({ ...rest, sourceDisk: true }, { type: 'stored' }))
  if ((work === 'seal' || work === 'store') && failed) worlds.push(sourceStep(failed, { type: 'failed' }))
  if (work === 'discard') worlds.push(sourceStep({ ...rest, sourceDisk: false }, { type: 'discarded' }))
  if (work === 'destroy') worlds.push(sourceStep({ ...rest, sourceDisk: false }, { type: 'destroyed' }))
  if (work === 'claim') {
    const lawful = ledger.host === 'source' && (!source.inMemory || ledger.epoch === FROZEN_EPOCH)
    worlds.push(lawful ? sourceStarts(rest) : sourceStep(rest, { type: 'refused' }))
    if (failed) worlds.push(sourceStep(failed, { type: 'unavailable' }))
  }
  if (source.wakeAt <= 0) worlds.push(sourceStep(world, { type: 'tick' }))
  if (left.aborts > 0) {
    worlds.push(sourceStep({ ...world, left: { ...left, aborts: left.aborts - 1 } }, { type: 'abort' }))
  }
  if (left.sourceCrashes > 0) {
    const state = still(crashSource(source, world.sourceDisk))
    worlds.push({ ...world, source: state, sourceWork: [], left: { ...left, sourceCrashes: left.sourceCrashes - 1 } })
  }
  // A crashed identity restarts through the single door, resumes nothing, and may be the ledger's last word or not.
  if (source.phase === 'crashed' && ledger.host === 'source') {
    const epoch = ledger.epoch + 1
    worlds.push({ ...world, source: sourceRunning(epoch), ledger: { epoch, host: 'source' } })
  }
  return worlds
}

function sourceStarts(world: HandoffWorld): HandoffWorld {
  const epoch = world.ledger.epoch + 1
  return sourceStep({ ...world, ledger: { epoch, host: 'source' } }, { type: 'started', epoch })
}

function targetActs(world: HandoffWorld): HandoffWorld[] {
  const { target, left, ledger } = world
  const worlds: HandoffWorld[] = []
  const [work, ...targetWork] = world.targetWork
  const rest = { ...world, targetWork }
  const failed = left.failures > 0 ? { ...rest, left: { ...left, failures: left.failures - 1 } } : undefined
  if (work === 'open') {
    worlds.push(targetStep(rest, { type: 'opened' }))
    if (failed) worlds.push(targetStep(failed, { type: 'rejected' }))
  }
  if (work === 'store') {
    worlds.push(targetStep({ ...rest, targetDisk: true }, { type: 'stored' }))
    if (failed) worlds.push(targetStep(failed, { type: 'failed' }))
  }
  if (work === 'discard') worlds.push({ ...rest, targetDisk: false })
  if (work === 'claim') {
    const epoch = ledger.epoch + 1
    worlds.push(
      ledger.epoch === FROZEN_EPOCH
        ? targetStep({ ...rest, ledger: { epoch, host: 'target' } }, { type: 'started', epoch })
        : targetStep(rest, { type: 'refused' }),
    )
    if (failed) worlds.push(targetStep(failed, { type: 'unavailable' }))
  }
  if (target.wakeAt <= 0) worlds.push(targetStep(world, { type: 'tick' }))
  if (left.targetCrashes > 0) {
    const state = still(crashTarget(target, world.targetDisk))
    worlds.push({ ...world, target: state, targetWork: [], left: { ...left, targetCrashes: left.targetCrashes - 1 } })
  }
  if (target.phase === 'crashed' && ledger.host === 'target') {
    const epoch = ledger.epoch + 1
    const state: TargetState = { ...targetIdle(), phase: 'running', epoch }
    worlds.push({ ...world, target: state, ledger: { epoch, host: 'target' } })
  }
  return worlds
}

/** Every timer may fire at any time; how often it has, matters only up to the limit that ends PREPARE. */
function still<S extends { readonly wakeAt: number }>(state: S): S {
  return {
    ...state,
    wakeAt: Number.isFinite(state.wakeAt) ? 0 : state.wakeAt,
    ...('tries' in state ? { tries: Math.min(Number(state.tries), 5) } : {}),
  }
}

export function keyOf(world: HandoffWorld): string {
  return JSON.stringify({ ...world, net: world.net.map((message) => JSON.stringify(message)).sort() })
}
