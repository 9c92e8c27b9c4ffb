// Freezing (MOVING, Words; §4, §7): the source's side of a hand-off, up to the moment when the capsule leaves. Until then an
// abort lets the process run on in place; from then on it may only start again through the single door.

import { assert } from '../base/assert.ts'
import {
  CAPSULE_VERSION,
  type CapsuleHeader,
  finishCapsule,
  type PreparedCapsule,
  prepareCapsule,
} from '../core/moving/capsule.ts'
import { forgetFrozen, withUntaken } from '../core/moving/frozen.ts'
import {
  type SourceInput,
  type SourceOutput,
  type SourceState,
  sourceRunning,
  stepSource,
} from '../core/moving/handoff.ts'
import { type ReadyFault, verifyReady } from '../core/moving/ready.ts'
import type { Algorithms } from '../crypto/algorithms.ts'
import { hitOf } from '../crypto/hit.ts'
import type { PublicKey } from '../crypto/identity.ts'
import { algorithmsHere } from './accelerated/choice.ts'
import type { Carrier } from './carrier.ts'
import { now } from './driver.ts'
import { messageOf, SojournError } from './errors.ts'
import type { Host, HostKem } from './host.ts'
import { plain } from './plain.ts'
import { rehearseMove } from './rehearsal.ts'
import { SEAL_SUITE, type Sealer, sealerTo } from './seal.ts'

/** What to freeze with. */
export interface FreezePlan {
  readonly to: Uint8Array | HostKem
  readonly state?: Uint8Array | (() => Uint8Array)
  readonly stopping?: () => void
  readonly signal?: AbortSignal
  /** Throws if the endpoint is being closed: then it is not frozen any more. */
  readonly check: () => void
  /** Grants the move. */
  readonly host: Host
  readonly epoch: number
  readonly algorithms: Algorithms | undefined
}

/** Freezes the engine and returns its capsule. If this rejects, the engine runs on as before. */
export async function freezeCarrier(carrier: Carrier, plan: FreezePlan): Promise<Uint8Array> {
  const { signal } = plan
  signal?.throwIfAborted()
  const target = targetOf(carrier, plan)
  const seal = await sealerTo(target).catch((error: unknown) => {
    throw new SojournError('ERR_SOJOURN_CAPSULE', `${messageOf(error)}: ask it for another offer`, { cause: error })
  })
  await rehearseMove()
  // What has been waiting meanwhile is done while the process still runs, and not while it stands still: the second turn begins
  // with a look at the sockets, and what an accelerated port has seen there is read and answered at its end.
  for (let turns = 0; turns < 3; turns++) await new Promise<void>((resolve) => setImmediate(resolve))
  signal?.throwIfAborted()
  plan.check()
  const state = packer(plan.state)
  plan.stopping?.()
  plan.check()
  const run = new SourceRun(plan.epoch)
  run.step({ type: 'begin', offered: true })
  const abort = (): void => run.step({ type: 'abort' })
  signal?.addEventListener('abort', abort)
  let capsule: Uint8Array | undefined
  let failure: unknown
  try {
    await frozen(carrier)
    run.step({ type: 'frozen' })
    if (run.wants('seal')) {
      capsule = await sealed(carrier, plan, state, target, seal)
      plan.check()
      run.step({ type: 'sealed' })
      // Nothing is kept on this machine: the caller holds the only copy.
      if (run.wants('store')) run.step({ type: 'stored' })
    }
  } catch (error) {
    failure = error
    run.step({ type: 'failed' })
  } finally {
    signal?.removeEventListener('abort', abort)
  }
  if (run.wants('discard')) {
    capsule?.fill(0)
    run.step({ type: 'discarded' })
  }
  if (run.wants('send')) {
    assert(capsule !== undefined, 'a capsule that is sent exists')
    return capsule
  }
  // An endpoint that was closed or fenced meanwhile does not run on.
  if (carrier.isOpen) {
    carrier.engine.unfreeze(now())
    carrier.streams.unfreeze()
    carrier.driver.run()
  }
  throw failure ?? signal?.reason
}

/** The hand-off's own machine, one input after another. */
class SourceRun {
  #state: SourceState
  #outputs: readonly SourceOutput[] = []

  constructor(epoch: number) {
    this.#state = sourceRunning(epoch)
  }

  step(input: SourceInput): void {
    const { state, outputs } = stepSource(this.#state, input, now())
    this.#state = state
    this.#outputs = outputs
  }

  wants(output: SourceOutput): boolean {
    return this.#outputs.includes(output)
  }
}

interface Target {
  readonly host: PublicKey
  readonly kem: number
  readonly publicKey: Uint8Array
  /** The offer whose key this is; empty for the long-term key. */
  readonly offer: Uint8Array
  readonly byteLimit: number
}

function targetOf(carrier: Carrier, { to, epoch }: FreezePlan): Target {
  if (!(to instanceof Uint8Array)) return { ...to, offer: new Uint8Array(0), byteLimit: Number.POSITIVE_INFINITY }
  const ready = verifyReady(plain(to), carrier.hit, epoch)
  if (typeof ready === 'string') {
    throw new SojournError('ERR_SOJOURN_CAPSULE', `the offer of the target host ${OFFER_FAULTS[ready]}: ask it again`)
  }
  return { ...ready, publicKey: ready.kemKey }
}

function frozen(carrier: Carrier): Promise<void> {
  return new Promise((resolve, reject) => {
    const over = (): void => {
      carrier.off('frozen', done)
      try {
        carrier.requireOpen()
      } catch (error) {
        reject(error as Error)
      }
    }
    const done = (): void => {
      carrier.off('shut', over)
      resolve()
    }
    carrier.once('frozen', done)
    carrier.once('shut', over)
    carrier.requireOpen()
    // While the engine still takes it: from here on the applications' bytes are its own.
    carrier.streams.freeze()
    carrier.engine.freeze(now())
    carrier.driver.run()
  })
}

/** What packs the application's suitcase. Anything but bytes is refused: it would be lost with the process. */
function packer(state: FreezePlan['state']): () => Uint8Array {
  const checked = (bytes: unknown): Uint8Array => {
    if (bytes === undefined) return new Uint8Array(0)
    if (bytes instanceof Uint8Array) return plain(bytes)
    throw new SojournError(
      'ERR_SOJOURN_ARGUMENT',
      `the state to carry is ${typeof bytes}, not bytes: give a Uint8Array, or a function that returns one`,
    )
  }
  if (typeof state === 'function') return () => checked(state())
  const packed = checked(state)
  return () => packed
}

async function sealed(
  carrier: Carrier,
  plan: FreezePlan,
  pack: () => Uint8Array,
  target: Target,
  seal: Sealer,
): Promise<Uint8Array> {
  const sockets = [...carrier.sockets].map(([port, socket]) => ({
    port,
    unread: socket
      .unread()
      .map((datagram) => ({ hit: datagram.hit, port: datagram.port, bytes: plain(datagram.bytes) })),
  }))
  const header: CapsuleHeader = {
    version: CAPSULE_VERSION,
    suite: SEAL_SUITE,
    hit: carrier.hit,
    epoch: plan.epoch,
    kem: target.kem,
    recipient: hitOf(target.host),
    offer: target.offer,
  }
  const suitcase = pack()
  const prepare = (lighter = false): PreparedCapsule | 'too-large' => {
    const state = withUntaken(carrier.engine.frozenState(sockets, suitcase, lighter), carrier.streams.untaken())
    const prepared = prepareCapsule(state, header, algorithmsHere(plan.algorithms))
    forgetFrozen(state)
    return prepared
  }
  let prepared = prepare()
  // Who reads nothing must not keep anybody here.
  if (prepared === 'too-large') {
    prepared = prepare(true)
    carrier.streams.shed()
  }
  if (prepared === 'too-large') throw tooLarge()
  const ciphertext = await seal(prepared.plaintext, prepared.aad)
  prepared.plaintext.fill(0)
  if (ciphertext.length > target.byteLimit) throw tooLarge()
  return finishCapsule(header, ciphertext, { host: plan.host.identity, to: target.host, purpose: 'move' })
}

function tooLarge(): SojournError {
  return new SojournError(
    'ERR_SOJOURN_CAPSULE',
    'the capsule is too large: carry less state, or read what waits at datagram sockets first',
  )
}

const OFFER_FAULTS: Readonly<Record<ReadyFault, string>> = {
  malformed: 'is damaged',
  forged: 'is not signed by the host it names',
  'other-identity': 'is for another identity',
  'other-epoch': 'is for another start of this identity',
  'other-version': 'is by a release that cannot open our capsules',
}
