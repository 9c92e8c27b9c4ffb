// Moves, played through in memory before the first real one of this process: two engines that nobody knows, joined by a loop, one
// of them frozen, sealed, opened, claimed and thawed over and over. It belongs to PREPARE, while the process still runs: what is
// compiled and computed for the first time here would otherwise be waited for between FREEZE and the first packet after it. The
// first move takes six times as long as the sixtieth.

import type { Locator } from '../base/address.ts'
import { assert } from '../base/assert.ts'
import { Engine, type OwnStart } from '../core/engine.ts'
import { pump } from '../core/machine.ts'
import {
  CAPSULE_VERSION,
  decodeCapsule,
  finishCapsule,
  openCapsule,
  prepareCapsule,
  type UnsealedCapsule,
} from '../core/moving/capsule.ts'
import type { FrozenState } from '../core/moving/frozen.ts'
import { Identity } from '../crypto/identity.ts'
import { MemoryLedger } from '../ledger/memory.ts'
import { aeadHere, algorithmsHere } from './accelerated/choice.ts'
import { REHEARSAL_AT_ONCE_MS, REHEARSAL_SOON_MS, REHEARSAL_TURNS_MAX, REHEARSED_MOVES_MAX } from './config.ts'
import { startIdentity } from './door.ts'
import { now } from './driver.ts'
import { systemEntropy } from './entropy.ts'
import { createIdentity } from './key-file.ts'
import { onlyStart, ownStart } from './own-start.ts'
import { generateKemKeys, SEAL_SUITE, sealerTo, unseal } from './seal.ts'

/**
 * Plays moves through for a moment, and no more once this process has played enough. Resolves with how many it has
 * played, and never rejects: it is only practice.
 */
export function rehearseMove(): Promise<number> {
  if (played >= REHEARSED_MOVES_MAX || failed) return Promise.resolve(played)
  playing ??= play()
    .catch(() => {
      failed = true
    })
    .then(() => {
      playing = undefined
      return played
    })
  return playing
}

/** For the peer of one that has moved, and may again: practises a while later, when the move at hand is long over. */
export function rehearseSoon(): void {
  if (soon || played >= REHEARSED_MOVES_MAX || failed) return
  soon = true
  setTimeout(() => {
    soon = false
    void rehearseMove()
  }, REHEARSAL_SOON_MS).unref()
}

let played = 0
let failed = false
let playing: Promise<number> | undefined
let soon = false

/** On a machine that is busy with something else. */
const MOVES_AT_LEAST = 3
const STAYS: Locator = { address: '127.0.0.1', port: 1 }
const PLACES: readonly [Locator, Locator] = [
  { address: '127.0.0.1', port: 2 },
  { address: '127.0.0.1', port: 3 },
]
const INNER_PORT = 7

async function play(): Promise<void> {
  const until = now() + REHEARSAL_AT_ONCE_MS
  const stage = new Stage()
  try {
    await stage.open()
    for (let moves = 0; played < REHEARSED_MOVES_MAX && (moves < MOVES_AT_LEAST || now() < until); moves++) {
      await stage.move()
      played += 1
    }
  } finally {
    stage.close()
  }
}

/** A peer that stays, and an identity that goes to and fro between two places. */
class Stage {
  readonly #identity = createIdentity()
  readonly #host = createIdentity()
  readonly #ledger = new MemoryLedger({ identity: createIdentity() })
  readonly #stays = new Engine(optionsFor(createIdentity(), onlyStart(), STAYS))
  #moves: Engine | undefined
  #places = PLACES

  async open(): Promise<void> {
    const plan = {
      hit: this.#identity.hit,
      base: undefined,
      grant: undefined,
      seen: 0,
      ledger: undefined,
      takeOver: false,
    }
    const start = await startIdentity(plan, this.#keys(this.#identity), this.#ledger)
    const [at] = this.#places
    const moves = new Engine(optionsFor(this.#identity, ownStart(start), at))
    this.#moves = moves
    for (const engine of [this.#stays, moves]) engine.bind(INNER_PORT)
    this.#stays.associate(now(), { hit: moves.hit, locators: [at] })
    await join(this.#stays, moves, at)
    await chat(this.#stays, moves, at)
  }

  async move(): Promise<void> {
    const leaves = this.#moves
    assert(leaves !== undefined, 'what moves is there')
    leaves.freeze(now())
    const { frozen, identity, grant } = await throughCapsule(leaves.frozenState([], new Uint8Array(0)), this.#host)
    leaves.destroy()
    const { epoch } = frozen
    const plan = { hit: identity.hit, base: epoch, grant, seen: epoch, ledger: undefined, takeOver: false }
    const start = await startIdentity(plan, this.#keys(identity), this.#ledger)
    const [from, to] = this.#places
    this.#places = [to, from]
    const arrives = Engine.thaw(optionsFor(identity, ownStart(start), to), frozen)
    this.#moves = arrives
    arrives.whereabouts(1)
    await join(this.#stays, arrives, to)
    await chat(this.#stays, arrives, to)
    for (const engine of [this.#stays, arrives]) engine.expire(now())
  }

  close(): void {
    for (const engine of [this.#stays, this.#moves]) engine?.destroy()
  }

  #keys(identity: Identity): Parameters<typeof startIdentity>[1] {
    return { host: this.#host, identity, entropy: systemEntropy }
  }
}

function optionsFor(identity: Identity, start: OwnStart, locator: Locator): ConstructorParameters<typeof Engine>[0] {
  const algorithms = algorithmsHere()
  const aead = aeadHere(algorithms.espSuites)
  return { identity, start, entropy: systemEntropy, algorithms, aead, locators: [locator], now: now() }
}

/** Carries datagrams between the two until neither has one. */
async function join(stays: Engine, other: Engine, otherAt: Locator): Promise<void> {
  for (let turn = 0, busy = true; busy && turn < REHEARSAL_TURNS_MAX; turn++) {
    // This process has other things to do, too.
    await new Promise<void>((resolve) => setImmediate(resolve))
    busy = false
    for (const [from, to, at] of [
      [stays, other, STAYS],
      [other, stays, otherAt],
    ] as const) {
      const transmit = ({ bytes }: { readonly bytes: Uint8Array }): void => {
        busy = true
        to.receive(now(), bytes, at)
      }
      pump(from, now(), { transmit, event: () => undefined }, REHEARSAL_TURNS_MAX)
    }
  }
}

async function chat(stays: Engine, other: Engine, otherAt: Locator): Promise<void> {
  const bytes = new Uint8Array(64)
  for (let count = 0; count < 2; count++) {
    stays.send(now(), other.hit, INNER_PORT, INNER_PORT, bytes)
    await join(stays, other, otherAt)
    other.send(now(), stays.hit, INNER_PORT, INNER_PORT, bytes)
    await join(stays, other, otherAt)
  }
}

async function throughCapsule(
  state: FrozenState,
  host: Identity,
): Promise<UnsealedCapsule & { readonly grant: Uint8Array }> {
  const kem = await generateKemKeys()
  const header = {
    version: CAPSULE_VERSION,
    suite: SEAL_SUITE,
    hit: Identity.fromSecret(state.identity.algorithm, state.identity.secret).hit,
    epoch: state.epoch,
    kem: kem.kem,
    recipient: host.hit,
    offer: new Uint8Array(1),
  }
  const algorithms = algorithmsHere()
  const prepared = prepareCapsule(state, header, algorithms)
  if (prepared === 'too-large') throw new RangeError('an empty capsule fits')
  const seal = await sealerTo(kem)
  const sealed = await seal(prepared.plaintext, prepared.aad)
  const capsule = finishCapsule(header, sealed, { host, to: host.publicKey, purpose: 'move' })
  const read = openCapsule(capsule, host.hit, [], algorithms.keys)
  if (typeof read === 'string') throw new RangeError(read)
  const plaintext = await unseal(kem, read.sealed, read.aad)
  const opened = plaintext === undefined ? undefined : decodeCapsule(plaintext, header, algorithms)
  if (opened === undefined || 'malformed' in opened) throw new RangeError('a capsule opens again')
  return { ...opened, grant: read.grant }
}
