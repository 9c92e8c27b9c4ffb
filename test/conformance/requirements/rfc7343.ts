// RFC 7343: ORCHIDs.

import { must, mustNot, notOurs, type Section, sectionsOf, testsIn } from '../requirement.ts'

const ORCHID = testsIn('test/conformance/orchids.test.ts')
const HIT = testsIn('test/crypto/hit.test.ts')

const section = sectionsOf(7343)

export const ORCHIDS: readonly Section[] = [
  section('3', 'Routing', [
    mustNot(
      'router',
      'Routers treat ORCHIDs like any address.',
      notOurs('We are no router; a HIT never stands in an IP header of ours.'),
    ),
  ]),
  section('5', 'Security', [
    must(
      'host',
      'Under one context there is one way to make an ORCHID.',
      HIT('a HIT > of the first RFC 8032 key is the frozen one'),
      HIT('a HIT > of the RFC 6979 P-256 key hashes label and uncompressed point'),
    ),
    must(
      'host',
      'Different inputs give different ORCHIDs, as far as a hash does.',
      ORCHID('an ORCHID > of an %s key is another one after a change of any bit'),
      HIT('a HIT > of the first RFC 8032 key is the frozen one'),
    ),
  ]),
]
