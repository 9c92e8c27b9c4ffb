// One identity over all its starts: running, freezing, frozen, crashed. It gives the engine commands, and knows what is inside.

import type { Locator } from '../../src/base/address.ts'
import { assert } from '../../src/base/assert.ts'
import { Agenda, type Dated } from '../../src/core/agenda.ts'
import { Association } from '../../src/core/association/association.ts'
import { establish } from '../../src/core/association/establish.ts'
import type { Session } from '../../src/core/association/session.ts'
import { Engine } from '../../src/core/engine.ts'
import type { FrozenState } from '../../src/core/moving/frozen.ts'
import type { Entropy } from '../../src/crypto/entropy.ts'
import { copyOfKeys } from '../support/key-copies.ts'
import { CAST, entropyOf, locatorOf, otherSide, PORT, type Sealed, type Side, spyOn, startAt } from './cast.ts'

/** `freezing` waits for confirmations; `frozen` has a capsule; `down` has crashed. */
export type Status = 'running' | 'freezing' | 'frozen' | 'down'

// An engine keeps its associations to itself. Its agenda is told of every one of them, and each names its engine's entropy.
const holders = new WeakMap<Entropy, Set<Association>>()
const realNote = Agenda.prototype.note
Agenda.prototype.note = function note(this: Agenda<Dated>, item: Dated): void {
  if (item instanceof Association) holders.get(item.context.entropy)?.add(item)
  realNote.call(this, item)
}

/** From now on the associations of the engine with this entropy can be looked at. */
export function watched(entropy: Entropy): Entropy {
  holders.set(entropy, new Set())
  return entropy
}

/** The association that counts, of the engine with this entropy: the one that is not closed. */
export function associationOf(entropy: Entropy): Association | undefined {
  for (const association of holders.get(entropy) ?? []) if (!association.over) return association
  return undefined
}

/** Every association that the engine with this entropy has had, closed ones too. */
export function associationsOf(entropy: Entropy): Iterable<Association> {
  return holders.get(entropy) ?? []
}

export type Spy = (packet: Uint8Array, sealed: Sealed) => void

/** An end that is frozen or down, without an engine: what its next start goes on from, and nothing else (MOVING §4). */
export interface Asleep {
  readonly status: 'frozen' | 'down'
  readonly frozen: FrozenState | undefined
  readonly epoch: number
  readonly claimed: number
  readonly locator: Locator
  readonly sent: number
  readonly finals: End['finals']
}

/** Stands where an engine would be. */
const idle = new Map<Side, Engine>()

export class End {
  readonly side: Side
  status: Status = 'running'
  engine: Engine
  locator: Locator
  /** The last epoch that was activated, and the last one claimed. */
  epoch = 1
  claimed = 1
  /** What the last freeze took. */
  frozen: FrozenState | undefined
  /** The capsule and the engine of the first start, as its host still has them after the move. */
  left: FrozenState | undefined
  former: Engine | undefined
  sent = 0
  /** FINALS of each start that has frozen, by epoch and SPI: the last number that it has sealed. */
  readonly finals: Map<number, ReadonlyMap<number, number>>
  /** When a freeze will not wait any longer. */
  freezesBy = 0
  formerEntropy: Entropy
  entropy: Entropy
  readonly #spy: Spy

  /** With `asleep`, one that can only be thawed or started again. */
  constructor(side: Side, spy: Spy, asleep?: Asleep) {
    this.side = side
    this.#spy = spy
    this.locator = locatorOf(side, 1)
    this.finals = new Map(asleep?.finals ?? [])
    this.entropy = watched(entropyOf(`${side}1`))
    this.formerEntropy = this.entropy
    this.engine = (asleep && idle.get(side)) ?? this.#start(0)
    if (asleep === undefined) return
    idle.set(side, this.engine)
    const { status, frozen, epoch, claimed, locator, sent } = asleep
    Object.assign(this, { status, frozen, epoch, claimed, locator, sent })
  }

  /** Undefined while there is more to it than that. */
  get asleep(): Asleep | undefined {
    const { status, frozen, epoch, claimed, locator, sent } = this
    if (status !== 'frozen' && status !== 'down') return undefined
    return { status, frozen, epoch, claimed, locator, sent, finals: new Map(this.finals) }
  }

  /** Installs what the base exchange has left. */
  begin(now: number): void {
    const { side, engine } = this
    const peer = otherSide(side)
    engine.associate(now, { hit: CAST.identities[peer].hit, locators: [locatorOf(peer, 1)] })
    while (engine.transmit(now) !== undefined);
    const association = associationOf(this.entropy)
    assert(association !== undefined, 'an engine notes what it associates with')
    const seed = { ...CAST.seeds[side], keys: copyOfKeys(CAST.seeds[side].keys) }
    association.context.claimSpi(seed.inboundSpi, association)
    association.context.claimSpi(seed.reserveIn, association)
    // As if the packets between had come, the first data too.
    association.state = { name: 'unassociated' }
    association.on(seed.initiator ? 'thaw' : 'I2')
    const tuple = association.paths.observe(locatorOf(peer, 1))
    establish(association, now, seed, { tuple, bytes: 0, asked: true, listed: undefined, told: undefined })
    if (!seed.initiator) association.expire(association.timers.at('open'))
    while (engine.event() !== undefined);
  }

  /** The association that counts now. */
  get association(): Association | undefined {
    return this.status === 'down' ? undefined : associationOf(this.entropy)
  }

  get session(): Session | undefined {
    return this.association?.session
  }

  /** True if packets reach an engine. */
  get listens(): boolean {
    return this.status === 'running' || this.status === 'freezing'
  }

  send(now: number): string {
    this.sent += 1
    const label = `${this.side}${this.sent}`
    this.engine.send(now, CAST.identities[otherSide(this.side)].hit, PORT, PORT, new TextEncoder().encode(label))
    return label
  }

  freeze(now: number): void {
    this.status = 'freezing'
    this.freezesBy = now + 3 * (this.association?.rtt.ptoMs ?? 0)
    this.engine.freeze(now)
  }

  /** The engine has said that it is frozen. */
  onFrozen(): void {
    this.status = 'frozen'
    this.frozen = this.engine.frozenState([{ port: PORT, unread: [] }], new Uint8Array(0))
    const finals = this.frozen.associations[0]?.finals ?? []
    this.finals.set(this.epoch, new Map(finals.map(({ spi, sequence }) => [spi, sequence])))
  }

  unfreeze(now: number): void {
    this.status = 'running'
    this.frozen = undefined
    this.engine.unfreeze(now)
  }

  /** Claim and activation in one; `place` says at which host. */
  thaw(now: number, place: number): void {
    assert(this.frozen !== undefined, 'only what is frozen thaws')
    if (this.left === undefined) {
      this.left = this.frozen
      this.former = this.engine
    }
    this.claimed += 1
    this.epoch = this.claimed
    this.locator = locatorOf(this.side, place)
    this.engine = this.#start(now, this.frozen)
    this.status = 'running'
  }

  crash(): void {
    this.status = 'down'
  }

  /** A start that resumes nothing (MOVING §4). */
  restart(now: number): void {
    this.claimed += 1
    this.epoch = this.claimed
    this.engine = this.#start(now)
    this.status = 'running'
  }

  #start(now: number, frozen?: FrozenState): Engine {
    const { side, epoch, locator } = this
    const entropy = watched(entropyOf(`${side}${epoch}`))
    this.entropy = entropy
    const options = {
      identity: CAST.identities[side],
      start: startAt(side, epoch),
      entropy,
      aead: spyOn(side, epoch, this.#spy),
      locators: [locator],
      // How many refusals were sent lately is nothing that an explorer could see: it is no limit here.
      config: {
        replayWindow: 64,
        keepaliveBeatMs: 0,
        passiveKeepaliveMs: Infinity,
        notifiesPerSecond: 1_000,
        strangerNotifiesPerSecond: 1_000,
      },
      now,
    }
    if (frozen !== undefined) return Engine.thaw(options, frozen)
    const engine = new Engine(options)
    engine.bind(PORT)
    return engine
  }
}
