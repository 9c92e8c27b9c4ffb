// Kinds of seeds, by name. `swarm` draws from everything that can happen and leaves nothing out; each of the others looks at one
// thing in a small world, and the short ones at a moment of it, so that many more of them can be run: most faults show in a move
// and the seconds around it. Every seed of every kind has at least two identities, a move and all the checkers; those that are
// not short have 200 datagrams. A move that comes to nothing is made up for when the faults have stopped (swarm.ts).

import { assert } from '../base/assert.ts'
import type { Prng } from '../base/prng.ts'
import { drawAmong, drawProfile, type FaultKind, type Profile } from './faults.ts'

/** Application datagrams of a seed that is not short, and of one that is, at least. */
const DATAGRAMS_MIN = 200
const SHORT_DATAGRAMS_MIN = 12

/** How a seed of this kind draws its world. Numbers of swarm's are drawn in the order in which they always were. */
export interface SeedKind {
  /** By which the command and the report call it. */
  readonly name: string
  /** How many of eighty seeds in a row are of this kind. */
  readonly share: number
  /** Draws how things go wrong. */
  faults(prng: Prng): Profile
  /** Virtual ms until the faults stop. */
  lengthMs(prng: Prng): number
  /** Draws how many there are, at least two. */
  identities(prng: Prng): number
  /** Application datagrams that are planned; those that find no room are tried again until they do. */
  readonly datagrams: number
  /** So many are sent at least. */
  readonly datagramsMin: number
  /** True if all talk to the first only, false if everybody talks to everybody. */
  readonly star: boolean
  /** Moves that are begun, at least one; a seed may add one of both ends at once. */
  moves(prng: Prng): number
  /** Streams that are opened. */
  readonly streams: number
  /** Address changes, rekeys, closes and pings. */
  operations(prng: Prng): number
}

/** Everything at once: about half of all faults, up to three identities, up to three moves. */
export const SWARM: SeedKind = {
  name: 'swarm',
  share: 3,
  faults: drawProfile,
  lengthMs: (prng) => 6_000 + 30_000 * prng.next() ** 2 + (prng.chance(0.08) ? 60_000 : 0),
  identities: (prng) => (prng.chance(0.75) ? 2 : 3),
  datagrams: 230,
  datagramsMin: DATAGRAMS_MIN,
  star: false,
  moves: (prng) => 1 + prng.below(2) + prng.below(2),
  operations: (prng) => prng.below(4),
  streams: 0,
}

/** One kind of trouble in a small world. */
function focus(name: string, share: number, ...kinds: readonly FaultKind[]): SeedKind {
  return {
    name,
    share,
    faults: (prng) => drawAmong(kinds, prng),
    lengthMs: (prng) => 6_000 + 12_000 * prng.next() ** 2,
    identities: () => 2,
    datagrams: DATAGRAMS_MIN,
    datagramsMin: DATAGRAMS_MIN,
    star: false,
    moves: (prng) => (prng.chance(0.8) ? 1 : 2),
    operations: (prng) => prng.below(2),
    streams: 0,
  }
}

/** A few seconds of the same world with a few datagrams and one move. */
function short(kind: SeedKind): SeedKind {
  return {
    ...kind,
    name: `short-${kind.name}`,
    share: 3 * kind.share,
    lengthMs: (prng) => 1_000 + 3_000 * prng.next() ** 2,
    identities: () => 2,
    datagrams: 16,
    datagramsMin: SHORT_DATAGRAMS_MIN,
    moves: () => 1,
  }
}

const LONG: readonly SeedKind[] = [
  SWARM,
  focus('calm', 1, 'jitter'),
  focus('lossy', 1, 'loss', 'duplicate', 'reorder', 'corrupt', 'truncate', 'jitter'),
  focus('nat', 2, 'nat-rebind', 'nat-expire', 'loss', 'jitter'),
  focus('partition', 2, 'partition', 'partition-one-way', 'duplicate'),
  focus('crash', 2, 'crash', 'crash-in-move', 'abort'),
  focus('thaw', 2, 'thaw-twice', 'clone-start', 'thaw-older-capsule', 'thaw-foreign-capsule', 'former-host'),
  focus('ledger', 1, 'ledger-slow', 'ledger-down', 'ledger-request-lost', 'ledger-reply-lost', 'both-move'),
  focus('hostile', 1, 'replay', 'spoof', 'flood', 'false-locator', 'former-host'),
  { ...focus('crowd', 1, 'reorder', 'jitter', 'loss'), identities: () => 6, star: true },
  { ...SWARM, name: 'streams', share: 1, streams: 8 },
  { ...focus('streams-lossy', 1, 'loss', 'duplicate', 'reorder', 'corrupt', 'jitter'), streams: 6 },
  {
    ...focus('streams-moving', 1, 'both-move', 'abort', 'crash-in-move', 'ledger-slow', 'loss'),
    moves: (prng) => 2 + prng.below(3),
    streams: 6,
  },
  {
    ...focus('streams-paths', 1, 'nat-rebind', 'nat-expire', 'path-dead', 'port-dead', 'partition', 'crash'),
    operations: (prng) => 1 + prng.below(3),
    streams: 6,
  },
]

/** All kinds; their shares add up to eighty. */
export const SEED_KINDS: readonly SeedKind[] = [...LONG, ...LONG.map(short)]

const TURNS: readonly SeedKind[] = SEED_KINDS.flatMap((kind) => Array.from({ length: kind.share }, () => kind))

/** The kind of a seed that was given none: all of them in turn. */
export function kindOfSeed(seed: number): SeedKind {
  const kind = TURNS[seed % TURNS.length]
  assert(kind !== undefined, 'a seed is a whole number from 0 on')
  return kind
}
