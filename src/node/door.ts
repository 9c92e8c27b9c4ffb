// Drives the single door (MOVING §1): every start of a saved or frozen identity claims the next epoch and activates it at the
// ledger before anything is sent. The rules are `core/moving/start.ts`; here are the clock, the questions and the errors.

import {
  beginStart,
  type Started,
  type StartInput,
  type StartKeys,
  type StartOutput,
  type StartPlan,
  type StartRefusal,
  stepStart,
} from '../core/moving/start.ts'
import { type Ledger, LedgerError, type LedgerRecord } from '../ledger/interface.ts'
import { now } from './driver.ts'
import { messageOf, SojournError, type SojournErrorCode } from './errors.ts'

export interface StartOptions {
  readonly signal?: AbortSignal | undefined
  /** The record, if it is being read already. */
  readonly record?: Promise<LedgerRecord | undefined>
  /** Told what the start will be, if the ledger says so while it makes it durable: for what others cannot see yet. */
  readonly foreseen?: (started: Started) => void
}

/**
 * Starts an identity, or rejects: ERR_SOJOURN_CAPSULE, ERR_SOJOURN_FENCED, ERR_SOJOURN_LEDGER, or the reason of `signal`.
 * Nothing has been sent before it resolves. A start that was aborted after its claim leaves an epoch unused; one that resumes a
 * capsule and was aborted while it was being activated may have used it up.
 */
export async function startIdentity(
  plan: Omit<StartPlan, 'together'>,
  keys: StartKeys,
  ledger: Ledger,
  options: StartOptions = {},
): Promise<Started> {
  const { signal } = options
  let { record } = options
  const mailbox = new Mailbox()
  const troubles: string[] = []
  let step = beginStart({ ...plan, together: ledger.start !== undefined }, now())
  for (;;) {
    for (const output of step.outputs) {
      if (output.type === 'started') return output.started
      if (output.type === 'foreseen') {
        options.foreseen?.(output.started)
        continue
      }
      if (output.type === 'refused') throw refusedStart(plan, output.why, troubles.at(-1) ?? output.detail)
      // A record read a moment ago is as good as one read now: the ledger's compare-and-swap decides.
      const known = output.type === 'read' ? record : undefined
      if (output.type === 'read') record = undefined
      mailbox.expect(question(output, ledger, troubles, known, (input) => mailbox.put(input)))
    }
    const input = await mailbox.next(step.state.wakeAt, signal)
    step = stepStart(step.state, input, now(), keys)
  }
}

async function question(
  output: Extract<StartOutput, { ask: number }>,
  ledger: Ledger,
  troubles: string[],
  known: Promise<LedgerRecord | undefined> | undefined,
  before: (input: StartInput) => void,
): Promise<StartInput> {
  const { ask } = output
  try {
    if (output.type === 'read') return { type: 'read', ask, record: await (known ?? ledger.read(output.hit)) }
    if (output.type === 'start' && ledger.start !== undefined) {
      const foreseen = (receipt: Uint8Array): void => before({ type: 'foreseen', ask, receipt })
      return { type: 'answered', ask, reply: await ledger.start(output.claim, output.activate, foreseen) }
    }
    if (output.type === 'start') return { type: 'failed', ask }
    if (output.type === 'claim') return { type: 'claimed', ask, reply: await ledger.claim(output.request) }
    return { type: 'activated', ask, reply: await ledger.activate(output.request) }
  } catch (error) {
    // What is damaged or exposed does not heal by asking again.
    if (error instanceof LedgerError && error.code !== 'unavailable') {
      throw new SojournError('ERR_SOJOURN_LEDGER', error.message, { cause: error })
    }
    troubles.push(messageOf(error))
    return { type: 'failed', ask }
  }
}

/** What comes next: a reply, or the time to wake. */
class Mailbox {
  readonly #inputs: StartInput[] = []
  #failure: unknown
  #wake: () => void = () => undefined

  expect(answer: Promise<StartInput>): void {
    answer.then(
      (input) => this.put(input),
      (error: unknown) => {
        this.#failure = error
        this.#wake()
      },
    )
  }

  put(input: StartInput): void {
    this.#inputs.push(input)
    this.#wake()
  }

  async next(wakeAt: number, signal: AbortSignal | undefined): Promise<StartInput> {
    signal?.throwIfAborted()
    if (this.#inputs.length === 0 && this.#failure === undefined) await this.#arrival(wakeAt, signal)
    signal?.throwIfAborted()
    if (this.#failure !== undefined) throw this.#failure
    return this.#inputs.shift() ?? { type: 'wake' }
  }

  #arrival(wakeAt: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const delay = Math.max(0, Math.ceil(wakeAt - now()))
      const timer = Number.isFinite(delay) ? setTimeout(() => this.#wake(), delay) : undefined
      this.#wake = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', this.#wake)
        resolve()
      }
      signal?.addEventListener('abort', this.#wake)
    })
  }
}

function refusedStart(plan: Pick<StartPlan, 'hit'>, why: StartRefusal, detail: string): SojournError {
  const [code, what, wayOut] = REFUSALS[why]
  const more = detail === '' || detail === why ? '' : ` (${detail})`
  return new SojournError(code, `${plan.hit} cannot start here: ${what}${more}; ${wayOut}`)
}

const REFUSALS: Readonly<Record<StartRefusal, readonly [SojournErrorCode, string, string]>> = {
  used: ['ERR_SOJOURN_CAPSULE', 'this capsule has been used', 'a capsule starts once; freeze the running one'],
  older: [
    'ERR_SOJOURN_CAPSULE',
    'this capsule is older than the last start',
    'use the latest, or freeze the running one',
  ],
  unknown: [
    'ERR_SOJOURN_LEDGER',
    'the ledger does not know the start it was frozen from',
    'use the ledger it was frozen with',
  ],
  'not-yours': ['ERR_SOJOURN_CAPSULE', 'its grant is for another host', 'thaw it on the host it was frozen for'],
  'not-holder': ['ERR_SOJOURN_FENCED', 'another host holds it', 'freeze it there for this host'],
  alive: ['ERR_SOJOURN_FENCED', 'an earlier start of it is still running', 'stop that one, or take over'],
  lost: ['ERR_SOJOURN_FENCED', 'other hosts keep claiming it', 'find out who, then try again'],
  unavailable: ['ERR_SOJOURN_LEDGER', 'the ledger does not answer', 'try again when it is back'],
  exhausted: ['ERR_SOJOURN_LEDGER', 'its epochs have run out', 'make a new identity'],
  'other-key': ['ERR_SOJOURN_LEDGER', 'the record belongs to another key with the same HIT', 'make a new identity'],
  'bad-receipt': [
    'ERR_SOJOURN_LEDGER',
    'the receipt is not by the ledger it is pinned to',
    'use the ledger it was started with',
  ],
  invalid: ['ERR_SOJOURN_LEDGER', 'the ledger found the request invalid', 'compare the releases of both'],
}
