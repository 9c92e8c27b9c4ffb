// Where the ledger has an identity, for those who are named by a HIT alone.

import type { Locator } from '../base/address.ts'
import { verifyWhereabouts } from '../core/moving/whereabouts.ts'
import { STANDARD } from '../crypto/algorithms.ts'
import type { Hit } from '../crypto/hit.ts'
import type { PlaceOptions } from './endpoint-options.ts'
import { messageOf, SojournError } from './errors.ts'
import { plain } from './plain.ts'

/** The locators of a peer, if there is a ledger that knows it and believes it. Rejects with ERR_SOJOURN_LEDGER. */
export async function findLocators({ ledger, algorithms }: PlaceOptions, peer: Hit): Promise<readonly Locator[]> {
  const bytes = await ledger?.find(peer).catch((cause: unknown) => {
    throw new SojournError('ERR_SOJOURN_LEDGER', messageOf(cause), { cause })
  })
  if (bytes === undefined) return []
  const whereabouts = verifyWhereabouts(plain(bytes), { hit: peer, keys: (algorithms ?? STANDARD).keys })
  return typeof whereabouts === 'string' ? [] : whereabouts.locators
}
