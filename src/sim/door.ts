// Carries a start through the single door in virtual time: asks the ledger what the machine wants to know, keeps its clock, and
// can copy it in mid-flight, as a snapshot of a host would.

import { assert } from '../base/assert.ts'
import { toHex } from '../base/bytes.ts'
import type { OwnStart } from '../core/engine.ts'
import {
  beginStart,
  type Started,
  type StartInput,
  type StartKeys,
  type StartOutput,
  type StartPlan,
  type StartRefusal,
  type StartState,
  type StartStep,
  stepStart,
} from '../core/moving/start.ts'
import { Identity, type WithKeys } from '../crypto/identity.ts'
import type { Clock } from './clock.ts'
import type { SimLedger } from './ledger.ts'

export type StartOutcome = Started | StartRefusal

export interface DoorOptions {
  readonly clock: Clock
  readonly ledger: SimLedger
  readonly plan: StartPlan
  readonly keys: StartKeys
  /** Called once, unless the door is shut before. */
  done(outcome: StartOutcome): void
}

export class Door {
  readonly #options: DoorOptions
  #state: StartState
  #shut = false
  /** The incarnation that an activation was asked for, hex: after a crash it may be the one the ledger knows. */
  drawn: string | undefined

  constructor(options: DoorOptions, from?: StartState) {
    this.#options = options
    const step = beginStart(options.plan, options.clock.now)
    this.#state = from ?? step.state
    if (from === undefined) this.#take(step)
    else this.#wakeLater()
  }

  /** Forgets the start, as a crash does. */
  shut(): void {
    this.#shut = true
  }

  /**
   * A second start in the very same state, or undefined once an instance key is drawn: who copies that runs twice, and no
   * protocol can help it.
   */
  copy(options: DoorOptions): Door | undefined {
    const { name } = this.#state.phase
    if (this.#shut || (name !== 'reading' && name !== 'claiming')) return undefined
    return new Door(options, structuredClone(this.#state))
  }

  #input(input: StartInput): void {
    if (!this.#shut) this.#take(stepStart(this.#state, input, this.#options.clock.now, this.#options.keys))
  }

  #take(step: StartStep): void {
    this.#state = step.state
    const { phase } = step.state
    if (phase.name === 'activating' || phase.name === 'starting') this.drawn = toHex(phase.incarnation)
    for (const output of step.outputs) this.#output(output)
    this.#wakeLater()
  }

  #wakeLater(): void {
    const { wakeAt } = this.#state
    if (wakeAt === Infinity || this.#shut) return
    this.#options.clock.at(wakeAt, () => {
      if (this.#state.wakeAt === wakeAt) this.#input({ type: 'wake' })
    })
  }

  #output(output: StartOutput): void {
    const { ledger, done } = this.#options
    if (output.type === 'started' || output.type === 'refused') {
      this.#shut = true
      return done(output.type === 'started' ? output.started : output.why)
    }
    // Nobody here prepares anything: no time passes while an engine is made.
    if (output.type === 'foreseen') return
    const { ask } = output
    const failed = (): void => this.#input({ type: 'failed', ask })
    if (output.type === 'read') {
      return ledger.ask(
        () => ledger.read(output.hit),
        (record) => this.#input({ type: 'read', ask, record }),
        failed,
      )
    }
    if (output.type === 'claim') {
      return ledger.ask(
        () => ledger.claim(output.request),
        (reply) => this.#input({ type: 'claimed', ask, reply }),
        failed,
      )
    }
    if (output.type === 'start') {
      return ledger.ask(
        () => ledger.start(output.claim, output.activate),
        (reply) => this.#input({ type: 'answered', ask, reply }),
        failed,
      )
    }
    ledger.ask(
      () => ledger.activate(output.request),
      (reply) => this.#input({ type: 'activated', ask, reply }),
      failed,
    )
  }
}

/** The same at once, for worlds whose ledger is next door: no time passes. */
export function startNow(ledger: SimLedger, plan: StartPlan, keys: StartKeys, now: number): StartOutcome {
  let { state, outputs } = beginStart(plan, now)
  for (;;) {
    const output = outputs[0]
    if (output === undefined) return 'unavailable'
    if (output.type === 'started') return output.started
    if (output.type === 'refused') return output.why
    assert(output.type !== 'foreseen', 'a ledger that answers at once foresees nothing')
    ;({ state, outputs } = stepStart(state, answer(ledger, output), now, keys))
  }
}

/** What an engine is told of its start: the instance key is made of its secret again. */
export function ownStart(started: Started, algorithms?: WithKeys): OwnStart {
  const { epoch, incarnation, secret, receipt, ledger } = started
  return {
    epoch,
    incarnation,
    instance: Identity.fromSecret('ed25519', secret, algorithms),
    receipt,
    ledgerKey: ledger,
  }
}

function answer(
  ledger: SimLedger,
  output: Extract<StartOutput, { readonly ask: number }>,
): Extract<StartInput, { readonly ask: number }> {
  const { ask } = output
  if (output.type === 'read') return { type: 'read', ask, record: ledger.read(output.hit) }
  if (output.type === 'claim') return { type: 'claimed', ask, reply: ledger.claim(output.request) }
  if (output.type === 'start') return { type: 'answered', ask, reply: ledger.start(output.claim, output.activate) }
  return { type: 'activated', ask, reply: ledger.activate(output.request) }
}
