// One end alone. An end sees nothing of the world but what is put into it: commands, packets and its timers. So whatever happens
// in any schedule is a walk through the states of X and one through the states of C, and each step of either has to be run only
// once: from the same state the same input leads to the same state, with the same packets out. A state is entered under
// everything that inside.ts writes, with all random bytes and with how much has been drawn; it is run again by its inputs.

import { equalBytes } from '../../src/base/bytes.ts'
import type { MachineEvent } from '../../src/core/machine.ts'
import { CAST, drawnFrom, locatorOf, otherSide, type Sealed, type Side, startAt, takeOpened } from './cast.ts'
import { textOf } from './crypto-cache.ts'
import { type Asleep, End, type Status } from './end.ts'
import { insideOf } from './inside.ts'
import { type Letter, letterOf, shapes, tokens } from './letters.ts'
import { Fault } from './safety.ts'
import type { Plot } from './scenarios.ts'

/** What is put into an end. Equal keys are equal inputs. */
export type Input =
  | { readonly key: string; readonly kind: 'begin' | 'timer' }
  | {
      readonly key: string
      readonly kind: 'command'
      readonly verb: string
      readonly argument?: Uint8Array | undefined
    }
  | { readonly key: string; readonly kind: 'letter'; readonly letter: Letter }

/** Time passes, and nothing else. */
export const TICK: Input = { key: 'tick', kind: 'begin' }
export const TIMER: Input = { key: 'timer', kind: 'timer' }

/** What an end tells its owner that matters to a rule. */
export type Told =
  | { readonly type: 'datagram'; readonly label: string; readonly sealed: Sealed | undefined; readonly bound: number }
  | { readonly type: 'ended'; readonly reason: string; readonly detail: string }
  | { readonly type: 'frozen'; readonly impatient: boolean }
  | { readonly type: 'fenced' }

export interface Step {
  readonly input: Input
  readonly delay: number
  readonly to: Stand
  readonly sent: readonly Letter[]
  readonly told: readonly Told[]
}

/** What others may know of an end in some state. */
export interface Facts {
  readonly status: Status
  readonly listens: boolean
  readonly epoch: number
  readonly address: string
  /** The next deadline, from the moment at which the state was entered. */
  readonly deadline: number
  readonly state: string | undefined
  /** Undefined without a session. */
  readonly session:
    | {
        readonly boundTo: number
        readonly ratchet: string
        readonly viaInterim: boolean
        readonly resumption: string
        readonly hipSend: string
        readonly hipReceive: string
        readonly calm: boolean
        /** Another place than where data goes is being asked. */
        readonly checking: boolean
      }
    | undefined
}

/** One state of one end. */
export interface Stand {
  readonly id: number
  readonly side: Side
  readonly shape: number
  readonly tokens: readonly number[]
  /** How it was reached first. */
  readonly from: Stand | undefined
  readonly input: Input
  readonly delay: number
  readonly steps: Map<string, Step>
  readonly facts: Facts
  /** For the next start, which needs nothing else of what was before. */
  readonly asleep: Asleep | undefined
  /** The highest epoch of the peer that this start has been bound to. */
  readonly bound: number
  /** FINALS by epoch and SPI: the last number that each start has sealed. */
  readonly finals: ReadonlyMap<number, ReadonlyMap<number, number>>
  /** What the step to here has sealed. */
  readonly sealed: readonly string[]
}

interface Live {
  readonly end: End
  now: number
  sealed: string[]
}

/** Engines kept for states that will probably be gone on from. */
const LIVE_MAX = 2_000
/** Second ways that are kept, for comparison. */
const AGAIN_MAX = 1_000

export class Solo {
  readonly #side: Side
  readonly #plot: Pick<Plot, 'inPlace' | 'strangers'>
  readonly #stands = new Map<string, Stand>()
  readonly #live = new Map<Stand, Live>()
  readonly root: Stand
  /** Inputs that were run, those that were run again to get back to a state, and states reached in a second way. */
  runs = 0
  reruns = 0
  readonly again: { readonly stand: Stand; readonly from: Stand; readonly input: Input; readonly delay: number }[] = []

  constructor(side: Side, plot: Pick<Plot, 'inPlace' | 'strangers'>) {
    this.#side = side
    this.#plot = plot
    const live = this.#begin()
    this.root = this.#enter(live, undefined, { key: 'begin', kind: 'begin' }, 0)
  }

  get size(): number {
    return this.#stands.size
  }

  /** What the input does, `delay` ms after the state was entered. */
  step(stand: Stand, input: Input, delay = 0): Step {
    const key = delay === 0 ? input.key : `${delay} ${input.key}`
    let step = stand.steps.get(key)
    if (step === undefined) {
      step = this.#run(this.#revive(stand), stand, input, delay)
      stand.steps.set(key, step)
    }
    return step
  }

  /** What X or C would publish of itself in this state. */
  whereabouts(stand: Stand): Uint8Array | undefined {
    const live = this.#revive(stand)
    this.#keep(stand, live)
    return live.end.engine.whereabouts(1)
  }

  /** Takes a known step from its state as that was reached in another way; true if that makes no difference. */
  holds({ stand, from, input, delay }: Solo['again'][number], known: Step): boolean {
    const live = this.#revive(from)
    this.#apply(live, input, delay)
    this.#drain(live, () => undefined)
    const step = this.#run(live, stand, known.input, known.delay)
    const sent = (one: Step): string => one.sent.map(({ id }) => id).join()
    return step.to === known.to && sent(step) === sent(known)
  }

  #begin(asleep?: Asleep): Live {
    const sealed: string[] = []
    const end = new End(this.#side, (_, { key, sequence }) => void live.sealed.push(`${key} ${sequence}`), asleep)
    const live: Live = { end, now: 0, sealed }
    if (asleep === undefined && this.#plot.strangers !== true) end.begin(0)
    return live
  }

  /** An engine in that state: one that was left there, or a new one that does everything again. */
  #revive(stand: Stand): Live {
    const kept = this.#live.get(stand)
    if (kept !== undefined) {
      this.#live.delete(stand)
      return kept
    }
    const way: Stand[] = []
    let at: Stand | undefined = stand
    let asleep: Asleep | undefined
    for (; at?.from !== undefined && asleep === undefined; at = at.from) {
      way.push(at)
      if (at.input.key === 'thaw' || at.input.key === 'restart') asleep = at.from.asleep
    }
    const live = this.#begin(asleep)
    for (const { input, delay } of way.reverse()) {
      this.#apply(live, input, delay)
      this.#drain(live, () => undefined)
      this.reruns += 1
    }
    if (way.length > 0 && !isIn(live, stand))
      throw new Error(`${this.#side}: inside.ts does not write all that tells states apart`)
    return live
  }

  #keep(stand: Stand, live: Live): void {
    this.#live.set(stand, live)
    if (this.#live.size <= LIVE_MAX) return
    for (const oldest of this.#live.keys()) {
      this.#live.delete(oldest)
      return
    }
  }

  #run(live: Live, stand: Stand, input: Input, delay: number): Step {
    this.runs += 1
    live.sealed = []
    takeOpened()
    this.#apply(live, input, delay)
    const told: Told[] = []
    const opened = takeOpened()
    const sent = this.#drain(live, (event) => hear(live.end, event, opened, told))
    return { input, delay, to: this.#enter(live, stand, input, delay), sent, told }
  }

  #apply(live: Live, input: Input, delay: number): void {
    const { end } = live
    live.now += delay
    // Sums of fractions differ in the last digits: what is due now is due.
    const due = end.listens ? end.engine.deadline : Infinity
    if (Math.abs(due - live.now) < 1e-6) live.now = due
    if (input.kind === 'letter') end.engine.receive(live.now, input.letter.bytes, input.letter.from)
    else if (input.kind === 'timer') end.engine.expire(live.now)
    else if (input.kind === 'command') this.#command(end, live.now, input.verb, input.argument)
  }

  #command(end: End, now: number, verb: string, argument: Uint8Array | undefined): void {
    const peer = CAST.identities[otherSide(this.#side)].hit
    if (verb === 'send') end.send(now)
    else if (verb === 'open') end.engine.associate(now, { hit: peer, locators: [locatorOf(otherSide(this.#side), 1)] })
    else if (verb === 'freeze') end.freeze(now)
    else if (verb === 'thaw') end.thaw(now, this.#plot.inPlace === true ? 1 : end.claimed + 1)
    else if (verb === 'unfreeze') end.unfreeze(now)
    else if (verb === 'claim') end.claimed += 1
    else if (verb === 'crash') end.crash()
    else if (verb === 'restart') end.restart(now)
    else if (verb === 'rekey') end.engine.rekey(now, peer)
    else if (verb === 'close') end.engine.close(now, peer)
    else if (verb === 'readdress') {
      end.locator = locatorOf(this.#side, 9)
      end.engine.readdress(now, [end.locator])
    } else if (verb === 'learn') {
      if (argument !== undefined) end.engine.learn(now, peer, argument)
    } else throw new Error(`there is no command ${verb}`)
  }

  /** Everything the engine has to say; a crashed one says nothing. */
  #drain({ end, now }: Live, hear: (event: MachineEvent) => void): Letter[] {
    if (end.status === 'down') return []
    const sent: Letter[] = []
    const { engine } = end
    for (let out = engine.transmit(now); out !== undefined; out = engine.transmit(now)) {
      const letter = letterOf(out.bytes, end.locator, out.to, this.#side, end.epoch)
      if (letter !== undefined) sent.push(letter)
    }
    for (let event = engine.event(); event !== undefined; event = engine.event()) {
      hear(event)
      if (event.type === 'frozen') end.onFrozen()
    }
    return sent
  }

  /** The state in which that engine is now. */
  #enter(live: Live, from: Stand | undefined, input: Input, delay: number): Stand {
    const { end, now, sealed } = live
    const bound = boundOf(end, from)
    const finals = new Map(end.finals)
    if (new Set(sealed).size < sealed.length) throw new Fault('N: a key sealed the same number twice')
    for (let at = from; at !== undefined; at = at.from)
      if (at.sealed.some((number) => sealed.includes(number))) throw new Fault('N: a key sealed the same number twice')
    const { text, tokens: drawn } = insideOf(end, now)
    const numbered = drawn.map((token) => tokens.of(token))
    const key = `${text}\n${numbered.join()}\n${drawnFrom(end.entropy)} ${bound}`
    const known = this.#stands.get(key)
    if (known !== undefined) {
      if (from !== undefined && this.again.length < AGAIN_MAX) this.again.push({ stand: known, from, input, delay })
      if (!this.#live.has(known)) this.#keep(known, live)
      return known
    }
    const facts = factsOf(end, now)
    const shape = shapes.of(text)
    const stand: Stand = {
      id: this.#stands.size,
      side: this.#side,
      shape,
      tokens: numbered,
      from,
      input,
      delay,
      steps: new Map(),
      facts,
      asleep: end.asleep,
      bound,
      finals,
      sealed,
    }
    this.#stands.set(key, stand)
    this.#keep(stand, live)
    return stand
  }
}

/** Whether that engine is in that state, as far as inside.ts can tell. */
function isIn({ end, now }: Live, { shape, tokens: numbered }: Stand): boolean {
  const { text, tokens: drawn } = insideOf(end, now)
  return shapes.of(text) === shape && drawn.map((token) => tokens.of(token)).join() === numbered.join()
}

function hear(end: End, event: MachineEvent, opened: readonly Sealed[], told: Told[]): void {
  if (event.type === 'frozen') {
    const name = end.session?.ratchet.name
    told.push({ type: 'frozen', impatient: name !== undefined && name !== 'settled' && name !== 'offering' })
  } else if (event.type === 'datagram') {
    const label = new TextDecoder().decode(event.bytes)
    const sealed = opened.find((one) => one.label === label)
    told.push({ type: 'datagram', label, sealed, bound: end.session?.peerStart.epoch ?? 0 })
  } else if (event.type === 'ended') told.push({ type: 'ended', reason: event.reason, detail: event.detail })
  else if (event.type === 'fenced') told.push({ type: 'fenced' })
}

function boundOf({ status, session, side }: End, from: Stand | undefined): number {
  if (status === 'down') return 1
  const before = from?.bound ?? 1
  if (session === undefined) return before
  const { epoch, incarnation } = session.peerStart
  if (epoch < before) throw new Fault(`${side} was bound to epoch ${before} and is now to ${epoch}`)
  if (!equalBytes(incarnation, startAt(otherSide(side), epoch).incarnation))
    throw new Fault(`R: ${side} is bound to an incarnation of epoch ${epoch} that no receipt names`)
  return epoch
}

function factsOf(end: End, now: number): Facts {
  const { status, listens, epoch, association, engine } = end
  const session = association?.session
  const deadline = listens ? engine.deadline - now : Infinity
  return {
    status,
    listens,
    epoch,
    address: end.locator.address,
    deadline,
    state: association?.state.name,
    session: session && {
      boundTo: session.peerStart.epoch,
      ratchet: session.ratchet.name,
      viaInterim: session.outbound === session.interim,
      resumption: textOf(session.current.resumption.id),
      hipSend: textOf(session.current.hip.send.integrity),
      hipReceive: textOf(session.current.hip.receive.integrity),
      calm:
        association?.state.name === 'established' &&
        association.reliable.size === 0 &&
        session.ratchet.name === 'settled' &&
        association.paths.current?.state === 'active',
      checking: association.paths.openChecks > 0,
    },
  }
}
