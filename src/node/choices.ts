// What a user chooses of the algorithms, checked before anything is claimed or sent.

import { type Choices, choicesFault } from '../core/association/exchange-offer.ts'
import type { Identity } from '../crypto/identity.ts'
import { SojournError } from './errors.ts'

/** The choices alone, for an engine. Throws ERR_SOJOURN_ARGUMENT if they name what is not there. */
export function checkedChoices(choices: Choices, identity: Identity | undefined): Choices {
  const fault = choicesFault(choices, identity)
  if (fault !== undefined) {
    const advice = 'name what the option algorithms has, such as conformance of sojourn/conformance'
    throw new SojournError('ERR_SOJOURN_ARGUMENT', `${fault}: ${advice}`)
  }
  const { algorithms, dhGroups, hipCiphers, espSuites } = choices
  return { algorithms, dhGroups, hipCiphers, espSuites }
}
