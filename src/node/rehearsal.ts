// A move, played through once in memory before the first real one of this process: two engines that nobody knows, joined by a
// loop, one frozen, sealed, opened, claimed and thawed. It belongs to PREPARE, while the process still runs: what is compiled
// and computed for the first time here would otherwise be waited for between FREEZE and the first packet after it.

import type { Locator } from '../base/address.ts'
import { Engine, type OwnStart } from '../core/engine.ts'
import { type MachineEvent, pump } from '../core/machine.ts'
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
import { startIdentity } from './door.ts'
import { now } from './driver.ts'
import { systemEntropy } from './entropy.ts'
import { createIdentity } from './key-file.ts'
import { onlyStart, ownStart } from './own-start.ts'
import { generateKemKeys, SEAL_SUITE, sealerTo, unseal } from './seal.ts'

/** Plays a move through, the first time it is called; later calls wait for that. Never rejects: it is only practice. */
export function rehearseMove(): Promise<void> {
  played ??= play().catch(() => undefined)
  return played
}

let played: Promise<void> | undefined

const STAYS: Locator = { address: '127.0.0.1', port: 1 }
const LEAVES: Locator = { address: '127.0.0.1', port: 2 }
const ARRIVES: Locator = { address: '127.0.0.1', port: 3 }
const ROUNDS = 2
const TURNS_MAX = 1_000
const INNER_PORT = 7

async function play(): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) await playOnce()
}

async function playOnce(): Promise<void> {
  const identity = createIdentity()
  const host = createIdentity()
  const ledger = new MemoryLedger({ identity: createIdentity() })
  const keys = { host, identity, entropy: systemEntropy }
  const plan = { hit: identity.hit, base: undefined, grant: undefined, seen: 0, ledger: undefined, takeOver: false }
  const first = ownStart(await startIdentity(plan, keys, ledger))
  const stays = new Engine(optionsFor(createIdentity(), onlyStart(), STAYS))
  const leaves = new Engine(optionsFor(identity, first, LEAVES))
  for (const engine of [stays, leaves]) engine.bind(INNER_PORT)
  stays.associate(now(), { hit: leaves.hit, locators: [LEAVES] })
  join(stays, leaves, LEAVES)
  chat(stays, leaves, LEAVES)
  leaves.freeze(now())
  const { frozen, identity: again, grant } = await throughCapsule(leaves.frozenState([], new Uint8Array(0)), host)
  leaves.destroy()
  const next = ownStart(await startIdentity({ ...plan, base: frozen.epoch, grant, seen: frozen.epoch }, keys, ledger))
  const arrives = Engine.thaw(optionsFor(again, next, ARRIVES), frozen)
  arrives.whereabouts(1)
  join(stays, arrives, ARRIVES)
  chat(stays, arrives, ARRIVES)
  for (const engine of [stays, arrives]) engine.destroy()
}

function optionsFor(identity: Identity, start: OwnStart, locator: Locator): ConstructorParameters<typeof Engine>[0] {
  return { identity, start, entropy: systemEntropy, locators: [locator], now: now() }
}

/** Carries datagrams between the two until neither has one. */
function join(stays: Engine, other: Engine, otherAt: Locator): readonly MachineEvent[] {
  const events: MachineEvent[] = []
  for (let turn = 0, busy = true; busy && turn < TURNS_MAX; turn++) {
    busy = false
    for (const [from, to, at] of [
      [stays, other, STAYS],
      [other, stays, otherAt],
    ] as const) {
      const transmit = ({ bytes }: { readonly bytes: Uint8Array }): void => {
        busy = true
        to.receive(now(), bytes, at)
      }
      pump(from, now(), { transmit, event: (event) => void events.push(event) }, TURNS_MAX)
    }
  }
  return events
}

function chat(stays: Engine, other: Engine, otherAt: Locator): void {
  const bytes = new Uint8Array(64)
  for (let count = 0; count < 8; count++) {
    stays.send(now(), other.hit, INNER_PORT, INNER_PORT, bytes)
    join(stays, other, otherAt)
    other.send(now(), stays.hit, INNER_PORT, INNER_PORT, bytes)
    join(stays, other, otherAt)
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
  const prepared = prepareCapsule(state, header)
  if (prepared === 'too-large') throw new RangeError('an empty capsule fits')
  const seal = await sealerTo(kem)
  const sealed = await seal(prepared.plaintext, prepared.aad)
  const read = openCapsule(finishCapsule(header, sealed, { host, to: host.publicKey, purpose: 'move' }), host.hit)
  if (typeof read === 'string') throw new RangeError(read)
  const plaintext = await unseal(kem, read.sealed, read.aad)
  const opened = plaintext === undefined ? undefined : decodeCapsule(plaintext, header)
  if (opened === undefined || 'malformed' in opened) throw new RangeError('a capsule opens again')
  return { ...opened, grant: read.grant }
}
