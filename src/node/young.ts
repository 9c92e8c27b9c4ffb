// How large V8's young generation is at present, for base/litter.ts, which cannot ask.

import { getHeapSpaceStatistics } from 'node:v8'
import { fitLitter, litter } from '../base/litter.ts'

/**
 * `litter`, fitted now and then to the young generation: that grows with what lives, and shrinks when nothing happens. Not for
 * `node:crypto`, which leaves objects and three buffers for each packet: in the one run with so much litter beside them it was slower than in others.
 */
export function litterFitted(bytes: number): void {
  if (!litter(bytes)) return
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  // Half of it: the other half is where the collector copies to.
  if (young !== undefined) fitLitter(young.space_size / 2)
}
