// Alice, and a stranger that knows only the RFCs (foreign-peer.ts), on one wire.

import type { Config } from '../../src/core/config.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { seeded } from './actors.ts'
import { ForeignPeer } from './foreign-peer.ts'
import { type Cast, type End, type Flying, place, stage } from './stage.ts'

export interface Abroad {
  readonly cast: Cast
  readonly a: End
  readonly foreign: ForeignPeer
  /** What becomes of a datagram between them: false loses it. */
  passes: (flying: Flying) => boolean
}

export const ESP_SUITES = [8]

/** Alice, with a key that the stranger knows, and the stranger at .9, not associated. `first`: whose HIT is the greater. */
export function abroad(config: Partial<Config> = {}, seed = 31): Abroad {
  const identities = [31, seed + 1].map((n) => Identity.generate(seeded(n), 'ecdsa-p256')) as [Identity, Identity]
  const cast = stage({ associate: false, identities, espSuites: ESP_SUITES, config })
  const foreign = new ForeignPeer(Identity.generate(seeded(seed + 2), 'ecdsa-p256'), place(9))
  const here: Abroad = { cast, a: cast.a, foreign, passes: () => true }
  cast.wire.bend = (flying) => {
    const isTheirs = flying.to.address === foreign.at.address
    if (!isTheirs) return [flying]
    if (here.passes(flying)) foreign.receive(flying.bytes, flying.from)
    return []
  }
  return here
}

export function run({ cast, foreign, passes }: Abroad, ms: number): void {
  for (let at = 0; at < ms; at += 5) {
    cast.wire.run(5)
    for (const flying of foreign.sent.splice(0)) if (passes(flying)) cast.wire.inject(flying)
  }
}

export type Beginner = 'we' | 'they'

/** `overhears` is told of everything between them. */
export function associated(
  who: Beginner,
  config: Partial<Config> = {},
  seed = 31,
  overhears: (flying: Flying) => void = () => undefined,
): Abroad {
  const here = abroad(config, seed)
  here.passes = (flying) => {
    overhears(flying)
    return true
  }
  const { cast, a, foreign } = here
  if (who === 'we') a.engine.associate(cast.wire.now, { hit: foreign.identity.hit, locators: [foreign.at] })
  else foreign.associate(a.engine.hit, a.at)
  run(here, 50)
  return here
}

let words = 0

export function talk(here: Abroad, a = here.a): boolean {
  const { foreign } = here
  const word = `word ${words++}`
  foreign.say(`${word} of theirs`)
  a.engine.send(here.cast.wire.now, foreign.identity.hit, 7, 7, new TextEncoder().encode(`${word} of ours`))
  run(here, 30)
  return a.datagrams().includes(`${word} of theirs`) && foreign.heard.includes(`${word} of ours`)
}
