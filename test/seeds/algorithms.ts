// What seeds compute with on this machine: OpenSSL called directly where koffi is there (node/accelerated), which is as real and takes
// less, with a memory over it (sim/recollection.ts). One seed in thirteen remembers nothing and computes in the portable way. One in a
// hundred and one is run both ways (run.ts), so that two providers that differ in a bit are found out.

import { aeadOf, type EspSuites } from '../../src/crypto/aead.ts'
import { type Algorithms, STANDARD } from '../../src/crypto/algorithms.ts'
import { choice } from '../../src/node/accelerated/choice.ts'
import { recollecting } from '../../src/sim/recollection.ts'
import { algorithmsOfSeed } from '../../src/sim/seed.ts'

/** The standard algorithms as the endpoints of this process have them. */
export const OF_THIS_MACHINE: Algorithms = Object.freeze({
  ...(choice().algorithms.accelerated?.(STANDARD) ?? STANDARD),
  espSuites: suitesOfThisMachine(),
})

const RECOLLECTING = recollecting(OF_THIS_MACHINE)

/** What a seed computes with here. It makes no difference to what happens. */
export function algorithmsHere(seed: number): Algorithms {
  return algorithmsOfSeed(seed) === STANDARD ? STANDARD : RECOLLECTING
}

function suitesOfThisMachine(): EspSuites {
  const aead = choice().aead.accelerated?.(aeadOf(STANDARD.espSuites))
  if (aead === undefined) return STANDARD.espSuites
  return new Map(
    [...STANDARD.espSuites].map(([id, suite]) => [
      id,
      {
        ...suite,
        sealer: (keys, entropy) => aead.sealer(id, keys, entropy),
        opener: (keys) => aead.opener(id, keys),
      },
    ]),
  )
}
