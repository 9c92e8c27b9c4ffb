// The engine of an endpoint: a fresh one, or one that goes on from a frozen state. It sends nothing before a driver pumps it.

import type { AccessList } from '../core/access.ts'
import type { Config } from '../core/config.ts'
import { Engine, type OwnStart } from '../core/engine.ts'
import type { FrozenState } from '../core/moving/frozen.ts'
import type { DhKey } from '../crypto/dh.ts'
import type { Hit } from '../crypto/hit.ts'
import type { Identity, PublicKey } from '../crypto/identity.ts'
import { aeadHere, algorithmsHere } from './accelerated/choice.ts'
import { checkedChoices } from './choices.ts'
import { now } from './driver.ts'
import type { PlaceOptions } from './endpoint.ts'
import { systemEntropy } from './entropy.ts'
import type { FloorFile } from './floor-file.ts'
import { debugNote, openKeyLog } from './observe.ts'
import type { DatagramPort } from './port.ts'

/** Where an engine runs and what it goes on from. */
export interface EnginePlace {
  readonly identity: Identity
  readonly port: DatagramPort
  readonly place: PlaceOptions
  readonly frozen: FrozenState | undefined
  readonly floors: FloorFile | undefined
  readonly access: AccessList
  /** As in EngineOptions. */
  readonly dh?: DhKey | undefined
}

export function makeEngine(
  { identity, port, place, frozen, floors, access, dh }: EnginePlace,
  start: OwnStart,
): Engine {
  const keylog = openKeyLog()
  const choices = checkedChoices(place, identity)
  const algorithms = algorithmsHere(choices.algorithms)
  const options = {
    ...choices,
    algorithms,
    identity,
    start,
    entropy: systemEntropy,
    aead: aeadHere(algorithms.espSuites),
    dontFragment: port.dontFragment,
    locators: port.own,
    now: now(),
    access,
    dh,
    admit: (key: PublicKey, peer: Hit) => admits(place, peer, key),
    opportunistic: place.opportunistic ?? false,
    config: configOf(place),
    ...(keylog === undefined ? {} : { keylog }),
    ...(floors === undefined ? {} : { floors: floors.floors }),
  }
  return frozen === undefined ? new Engine(options) : Engine.thaw(options, frozen)
}

/** Anything but `true` is a no: a promise is never waited for. */
function admits({ admit }: PlaceOptions, peer: Hit, key: PublicKey): boolean {
  try {
    return admit === undefined || admit(peer, key) === true
  } catch (error) {
    debugNote('admit threw: %s', error)
    throw error
  }
}

/** What has an option of its own stands above `config`. */
function configOf({ config, idleMs, packetBytesMax }: PlaceOptions): Partial<Config> {
  return {
    ...config,
    ...(idleMs === undefined ? {} : { idleMs }),
    ...(packetBytesMax === undefined ? {} : { packetBytesMax }),
  }
}
