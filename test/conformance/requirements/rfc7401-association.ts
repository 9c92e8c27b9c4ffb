// RFC 7401 §3 and §4: Host Identities, HITs, and the idea of the exchange.

import { must, mustNot, notOurs, type Section, sectionsOf, testsIn } from '../requirement.ts'

const OPENING = testsIn('test/conformance/opening.test.ts')
const KEYS = testsIn('test/crypto/conformance-keys.test.ts')
const HIT = testsIn('test/crypto/hit.test.ts')
const PUZZLE = testsIn('test/crypto/puzzle.test.ts')
const POOL = testsIn('test/core/r1-pool.test.ts')
const INITIATOR = testsIn('test/core/initiator.test.ts')
const RESPONDER = testsIn('test/core/responder.test.ts')
const NEGOTIATION = testsIn('test/core/negotiation.test.ts')
const ESP = testsIn('test/conformance/esp.test.ts')
const COST = testsIn('test/core/cost.test.ts')
const BUCKETS = testsIn('test/core/prefix-buckets.test.ts')
const DATAGRAM = testsIn('test/wire/datagram.test.ts')
const INQUIRIES = testsIn('test/core/inquiries.test.ts')

const NO_DSA = notOurs('DSA is only recommended; no identity of that kind is made or taken.')
const ONE_IDENTITY = notOurs(
  'An endpoint has one identity: it never looks for another source HIT, so no list of suites chooses one for it.',
)

const section = sectionsOf(7401)

export const ASSOCIATION: readonly Section[] = [
  section('3', 'Host Identity', [
    must(
      'host',
      'RSA and ECDSA Host Identities are supported.',
      KEYS('a key of kind %s > verifies its message and no other'),
    ),
  ]),
  section('3.2', 'From HI to HIT', [
    must(
      'host',
      'A HIT is the ORCHID of the Host Identity field under the context of HIPv2.',
      KEYS('an RSA identity > has the HIT that hip-standards.md §11.4 computed of the key of RFC 8005 §7'),
      HIT('a HIT > of the first RFC 8032 key is the frozen one'),
    ),
    must(
      'host',
      'The fields of an RSA key go into the hash in network byte order.',
      KEYS('an RSA identity > writes its key as RFC 3110 §2: length of the exponent, exponent, modulus'),
    ),
    must('host', 'The size parameter T of a DSA key is the smallest that holds P, G and Y.', NO_DSA),
    must('host', 'The fields of a DSA key go into the hash in network byte order.', NO_DSA),
  ]),
  section('4', 'Overview', [
    must(
      'host',
      'ESP is implemented as transport format.',
      POOL('the R1s of one generation > offer what DESIGN §4 lists, and 32 seconds for the puzzle'),
    ),
  ]),
  section('4.1', 'Creating an association', [
    must(
      'initiator',
      'I2 shows the solution of the puzzle of the R1.',
      INITIATOR('an Initiator > solves a puzzle in slices and sends nothing before'),
      RESPONDER('a Responder > takes no solution of an easier puzzle than it gave'),
    ),
  ]),
  section('4.1.2', 'Puzzle', [
    must(
      'initiator',
      'The K lowest bits of the digest are zero.',
      PUZZLE('a puzzle > counts the low-order bits of the digest, and exactly them'),
    ),
    must(
      'responder',
      'I is chosen so that the Initiator cannot guess it.',
      POOL(
        'the R1s of one generation > give the same Initiator at the same tuple the same I, and another in the next generation',
      ),
    ),
    must(
      'responder',
      'The Responder can tell that I was chosen by itself.',
      RESPONDER('a Responder > takes an I2 only from the tuple that got the R1'),
      COST('an I2 costs > two hashes if its puzzle is not solved, and one if the puzzle is none of ours'),
    ),
    must(
      'initiator',
      'Opaque data and echo requests of the R1 come back unchanged in the I2.',
      INITIATOR('an Initiator > answers the echoes of an R1, as far as they fit'),
    ),
    must(
      'responder',
      'The secret behind I is changed from time to time.',
      POOL(
        'the R1s of one generation > give the same Initiator at the same tuple the same I, and another in the next generation',
      ),
    ),
  ]),
  section('4.1.3', 'Diffie–Hellman groups', [
    must(
      'initiator',
      'An R1 whose group shows a downgrade ends the exchange or begins it anew.',
      NEGOTIATION(
        'somebody in between who strips > any part of an I1’s groups, before a Responder that prefers %s, ends the exchange or changes nothing',
      ),
    ),
    must(
      'initiator',
      'The signature of the R1 is verified before that.',
      NEGOTIATION(
        'somebody in between who strips > any part of any list of an R1, in all combinations, breaks its signature',
      ),
    ),
    must(
      'initiator',
      'An R1 with an invalid signature is ignored in silence.',
      OPENING(
        'an R1 > that cannot be read, or whose signature is wrong, is passed over in silence, and the right one is answered',
      ),
    ),
  ]),
  section('4.1.4', 'Replay protection', [
    must(
      'responder',
      'Puzzles of the current generation are accepted.',
      POOL('a generation > is accepted while it and the next one are live, and not a moment longer'),
    ),
    must(
      'responder',
      'The counter rises at least whenever old R1s cease to be valid.',
      POOL(
        'the R1s of one generation > have the epoch in the upper half of their counter, and in the lower one more each generation',
      ),
    ),
  ]),
  section('4.1.8', 'Opportunistic mode', [
    must(
      'initiator',
      'An R1 under a Responder HIT of an unknown suite is taken for a possible forgery.',
      NEGOTIATION(
        'an Initiator that has only what need not be asked for > drops the R1 of an identity of kind %s, and says why',
      ),
    ),
    mustNot(
      'initiator',
      'Nothing of such an R1 is used, its list of HIT suites apart.',
      NEGOTIATION(
        'an Initiator that has only what need not be asked for > drops the R1 of an identity of kind %s, and says why',
      ),
    ),
    must(
      'initiator',
      'A list of HIT suites that chose a source HIT unverified is compared with that of the verified R1.',
      ONE_IDENTITY,
    ),
    must(
      'initiator',
      'If the two lists differ, the exchange begins anew with what the verified one names.',
      ONE_IDENTITY,
    ),
    mustNot(
      'initiator',
      'In opportunistic mode the HI of the R1 is not expected to be one that was seen at that address before.',
      INQUIRIES('a question for who is at an address > finds another one where somebody was found before'),
    ),
  ]),
  section('4.3', 'Errors', [
    must(
      'receiver',
      'Data that belongs to no association is discarded.',
      COST('no cryptography at all is spent on > ESP with an SPI that is nobody’s'),
      ESP('ESP with an SPI that is nobody’s > is discarded without a word'),
    ),
    must(
      'receiver',
      'What is answered to strangers is limited in rate.',
      BUCKETS('the budget of strangers > is three signed words in one second, if that is the limit'),
    ),
  ]),
  section('4.5.1', 'Checksums of user data', [
    must(
      'host',
      'The pseudo header of data between HITs is that of IPv6.',
      DATAGRAM('inner UDP > has the checksum of RFC 768 under the pseudo header of the HITs'),
    ),
    must(
      'host',
      'The HITs stand in it for the addresses.',
      DATAGRAM(
        'inner UDP > is Malformed under any single flipped bit, other HITs, other lengths or without a checksum',
      ),
    ),
  ]),
  section('4.5.3', 'Transport formats', [
    must(
      'host',
      'ESP is implemented as transport format.',
      NEGOTIATION('two ends that both have everything > send data under ESP suite %i if both list it'),
    ),
  ]),
]
