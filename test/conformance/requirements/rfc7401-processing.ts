// RFC 7401 §6 to §10: what is done with packets, policies, and what is new.

import { must, mustNot, notOurs, required, type Section, sectionsOf, shall, testsIn } from '../requirement.ts'

const EXCHANGE = testsIn('test/conformance/exchange.test.ts')
const OPENING = testsIn('test/conformance/opening.test.ts')
const SENDING = testsIn('test/conformance/sending.test.ts')
const UPDATES = testsIn('test/conformance/updates.test.ts')
const PUZZLE = testsIn('test/crypto/puzzle.test.ts')
const KEYMAT = testsIn('test/crypto/keymat.test.ts')
const MESSAGES = testsIn('test/wire/messages.test.ts')
const POOL = testsIn('test/core/r1-pool.test.ts')
const INITIATOR = testsIn('test/core/initiator.test.ts')
const RESPONDER = testsIn('test/core/responder.test.ts')
const NEGOTIATION = testsIn('test/core/negotiation.test.ts')
const COST = testsIn('test/core/cost.test.ts')
const BASE = testsIn('test/core/base-exchange.test.ts')
const UPDATE_IDS = testsIn('test/core/update-ids.test.ts')
const REKEYING = testsIn('test/scenarios/rekeying.test.ts')
const ENDINGS = testsIn('test/scenarios/endings.test.ts')
const ADDRESSES = testsIn('test/scenarios/addresses.test.ts')
const FLIGHT = testsIn('test/scenarios/rebinding-flight.test.ts')

const ONLY_HITS = notOurs(
  'Data is sent and received by HIT alone: a socket has no other source than the HIT of its endpoint.',
)
const COUNTER_IN_EXCHANGE = notOurs(
  'The counter of a peer lives in one attempt at an exchange, is in no capsule and on no disk.',
)
const EXPECTED = COST('no cryptography at all is spent on > an R1, an R2 or a CLOSE_ACK that nobody waits for')
const FOR_US = INITIATOR('an Initiator > does not take an R1 that is meant for somebody else')
const LEFT_ALONE = INITIATOR('an Initiator > leaves an R1 alone that has %s')
const I1_PLACES = OPENING(
  'an Initiator > sends its first I1 to three places at most, and every later one to one at a time',
)
const CROSSED = OPENING('two ends that open at once > agree who is the Responder by their HITs, though their %ss cross')
const LIVE = POOL('a generation > is accepted while it and the next one are live, and not a moment longer')
const SEEN = UPDATES('an UPDATE > seen before is acknowledged again, but only if its MAC fits')
const REMEMBERED = ADDRESSES(
  'an end that changes its address > cannot have its UPDATE of long ago replayed to send its peer back',
)
const FORGED = COST('an UPDATE > whose MAC is wrong costs that MAC and nothing else: no signature is verified or made')
const FORGED_ACK = UPDATES('an UPDATE > whose MAC is wrong acknowledges nothing')
const SEVERAL = UPDATES('an UPDATE > that acknowledges several at once ends what is ours among them')
const GIVEN_UP = ENDINGS(
  'a peer that never answers > is given up within five seconds, unless told otherwise, and what was tried is told',
)
const TRIED = OPENING('an Initiator > sends its I2 three times, then begins again with an I1')
const OWN_HIT = EXCHANGE('a Responder > has no R1 for a HIT that is not its own, and takes no I2 for it')
const CHOSEN = RESPONDER('a Responder > takes only what it offered')
const ONE_CHOICE = MESSAGES('decodeMessage > refuses an I2 that has not chosen one cipher and one ESP suite')
const R2_HITS = EXCHANGE('an Initiator > takes no R2 of another pair of HITs')
const OFFER = POOL('the R1s of one generation > offer what DESIGN §4 lists, and 32 seconds for the puzzle')

const SEALED = EXCHANGE(
  'a Responder > takes no I2 whose MAC does not fit, though it is signed, and none signed by another, though its MAC fits',
)

const section = sectionsOf(7401)

export const PROCESSING: readonly Section[] = [
  section('6.1', 'Data out', [
    must('sender', 'A source address that is given is a HIT.', ONLY_HITS),
    must('sender', 'Data with another source is dropped.', ONLY_HITS),
    must('sender', 'Without a source a HIT is chosen.', ONLY_HITS),
    must(
      'sender',
      'Without an association one is made by a base exchange. Streams do; a datagram says nothing of where its peer is, and is refused by name.',
      SENDING(
        'data for a peer without an association > on a stream waits for the one base exchange that it begins, and goes then',
      ),
      OPENING(
        'data for a peer without an association > is refused with that reason, and goes once there has been a base exchange',
      ),
    ),
  ]),
  section('6.3', 'Solving the puzzle', [
    must(
      'initiator',
      'The K lowest bits of the digest are zero.',
      PUZZLE('a solver > finds what the responder accepts (suite %i)'),
    ),
    must(
      'host',
      'What is hashed is in network byte order.',
      PUZZLE('a puzzle > is digested in the order I, HIT-I, HIT-R, J'),
    ),
  ]),
  section('6.5', 'KEYMAT', [
    must(
      'host',
      'Keys have the sizes that their algorithms are defined with.',
      KEYMAT(
        'the keys of a base exchange > are the ones computed elsewhere for suite 1, in the order of RFC 7401 §6.5',
      ),
    ),
  ]),
  section('6.6', 'Beginning an exchange', [
    must(
      'initiator',
      'The groups of the I1 are remembered for the R1.',
      NEGOTIATION(
        'somebody in between who strips > any part of an I1’s groups, before a Responder that prefers %s, ends the exchange or changes nothing',
      ),
    ),
  ]),
  section('6.6.1', 'Several I1s', [
    mustNot('initiator', 'I1 goes to no more than three addresses at once.', I1_PLACES),
    must('initiator', 'After a timeout it goes to one address at a time.', I1_PLACES),
    mustNot('initiator', 'A later try goes to no more than one address.', I1_PLACES),
  ]),
  section('6.6.2', 'ICMP Protocol Unreachable', [
    mustNot(
      'initiator',
      'Such a message does not end the waiting for an R1.',
      notOurs('A UDP socket that is not connected is told of no ICMP; waiting ends by its own timer.'),
    ),
    must('initiator', 'Waiting goes on for a reasonable time.', GIVEN_UP),
  ]),
  section('6.7', 'I1', [
    must(
      'responder',
      'R1s to one address are limited in rate.',
      POOL('an I1 > of a prefix that has had its R1s gets none, while other prefixes do'),
    ),
    must('responder', 'The HIT of the Responder is one of ours, or none at all.', OWN_HIT),
    must('responder', 'In I1-SENT the two HITs are compared.', CROSSED),
    required(
      'responder',
      'An I1 of an unknown suite is answered under a required one.',
      notOurs('Only recommended, and an endpoint has one HIT: such an I1 gets no answer.'),
    ),
    must('responder', 'At least one transport format is offered.', OFFER),
  ]),
  section('6.7.1', 'R1s', [
    must('host', 'Everybody can make R1s.', POOL('the R1s of one generation > are not made before somebody asks')),
    mustNot('responder', 'What belongs to an R1 is kept for a time after it was offered last.', LIVE),
  ]),
  section('6.8', 'R1', [
    must('initiator', 'An R1 counts only if an I1 is out.', EXPECTED),
    must('initiator', 'It is looked up by its HITs.', FOR_US),
    must('initiator', 'The HIT of the Initiator is that of the I1.', FOR_US),
    must(
      'initiator',
      'The HIT of the Responder is that of the I1, if it named one.',
      EXCHANGE('an R1 > of another Responder than the I1 named is not taken'),
    ),
    must(
      'initiator',
      'Of several R1s one with the largest counter is taken.',
      OPENING('an Initiator > answers the R1 with the larger counter, also after its I2 has gone out'),
    ),
    must('initiator', 'The own HIT suite is in the list of the R1.', LEFT_ALONE),
    must(
      'initiator',
      'The group is the first of the Responder’s list that the I1 had too.',
      INITIATOR('an Initiator > follows the first of the groups it offered, wherever unknown ones stand'),
    ),
    must(
      'initiator',
      'The counter is kept.',
      OPENING('an Initiator > answers the R1 with the larger counter, also after its I2 has gone out'),
    ),
    must(
      'initiator',
      'The search ends when the lifetime of the puzzle is over.',
      OPENING('an Initiator > stops searching when the lifetime of the puzzle is over, and begins again with an I1'),
    ),
    must('initiator', 'The tries of an I2 are counted.', TRIED),
    shall('initiator', 'I1-SENT becomes I2-SENT.', TRIED),
  ]),
  section('6.8.1', 'Malformed R1', [
    must(
      'initiator',
      'It is dropped in silence.',
      OPENING(
        'an R1 > that cannot be read, or whose signature is wrong, is passed over in silence, and the right one is answered',
      ),
    ),
  ]),
  section('6.9', 'I2', [
    must('responder', 'The HIT of the Responder is checked to be one of ours.', OWN_HIT),
    must('responder', 'An I2 for another HIT is dropped.', OWN_HIT),
    must(
      'responder',
      'The HIT suite of the Initiator is supported.',
      EXCHANGE('a Responder > takes no I2 of a HIT suite that it does not have'),
    ),
    must('responder', 'In I2-SENT the two HITs are compared.', CROSSED),
    must('responder', 'Puzzles of the current generation are accepted.', LIVE),
    must(
      'responder',
      'The solution is verified by one hash.',
      COST('an I2 costs > two hashes if its puzzle is not solved, and one if the puzzle is none of ours'),
    ),
    must('initiator', 'One cipher is named.', ONE_CHOICE),
    must('responder', 'It is one of those offered.', CHOSEN),
    must(
      'responder',
      'TRANSPORT_FORMAT_LIST is processed.',
      EXCHANGE('a Responder > takes no I2 whose transport format is another than ESP'),
    ),
    must(
      'responder',
      'HIP_MAC is verified.',
      COST('an I2 costs > one Diffie–Hellman, and no signature of anybody, if its MAC is wrong'),
      SEALED,
    ),
    must(
      'responder',
      'The signature is verified.',
      BASE('an exchange with tampering > in any byte of I2 gets no Seed and is not remembered'),
      SEALED,
    ),
  ]),
  section('6.10', 'R2', [
    must(
      'initiator',
      'In I2-SENT it is processed.',
      BASE('$initiator to $responder > gives both ends the same keys, each the other half'),
    ),
    must('initiator', 'Its HITs are those of the exchange.', R2_HITS),
    must(
      'initiator',
      'HIP_MAC_2 is verified.',
      EXCHANGE('an Initiator > takes no R2 under another MAC key, though it is signed'),
    ),
    must(
      'initiator',
      'The signature is verified.',
      EXCHANGE('an Initiator > takes no R2 with another signature, though its MAC fits'),
    ),
  ]),
  section('6.11', 'UPDATE out', [
    must(
      'sender',
      'An UPDATE that needs another one to have arrived waits for its ACK.',
      REKEYING('a rekey > is not begun while another one is unfinished'),
    ),
  ]),
  section('6.12', 'UPDATE in', [
    must(
      'receiver',
      'Update IDs wrap around.',
      UPDATE_IDS(
        'Update IDs > are new, seen or old exactly as on a line that remembers them all, around the whole circle',
      ),
    ),
    must(
      'receiver',
      'What was processed is acknowledged again and not processed again.',
      SEEN,
      FLIGHT('copies > of a P3 get its ACK each, long after the first'),
    ),
  ]),
  section('6.12.1', 'SEQ', [
    must(
      'receiver',
      'An Update ID beyond the window is dropped.',
      UPDATE_IDS(
        'Update IDs > are new, seen or old exactly as on a line that remembers them all, around the whole circle',
      ),
    ),
    mustNot('receiver', 'The MAC of a repetition is verified all the same.', SEEN),
    must('receiver', 'A repetition is acknowledged again.', SEEN),
    must('receiver', 'HIP_MAC is verified.', FORGED),
    must('receiver', 'With a wrong MAC the packet is dropped.', FORGED),
    must('receiver', 'The Update ID is remembered.', REMEMBERED),
  ]),
  section('6.12.2', 'ACK', [
    must(
      'receiver',
      'An ACK of nothing that is out, without SEQ, is dropped.',
      UPDATES('an UPDATE > that acknowledges nothing of ours is not heard'),
    ),
    must('receiver', 'HIP_MAC is verified.', FORGED_ACK),
    must('receiver', 'With a wrong MAC the packet is dropped.', FORGED_ACK),
  ]),
  section('6.13', 'NOTIFY', [
    must(
      'receiver',
      'Errors are information and no more.',
      UPDATES('a NOTIFY > of a type that nobody knows changes nothing'),
      ENDINGS('a refusal > resets nothing if it refuses no packet of the present flight'),
    ),
  ]),
  section('6.16', 'Loss of state', [
    must('host', 'With its state an association loses the counter of the peer.', COUNTER_IN_EXCHANGE),
    mustNot('host', 'Counters of peers are not stored by default.', COUNTER_IN_EXCHANGE),
    must('host', 'Storing them is configured by HIT.', COUNTER_IN_EXCHANGE),
  ]),
  section('7', 'Policies', [
    must(
      'host',
      'A host has more than one identity at a time.',
      OPENING('two identities in one process > each have an association with the same peer'),
    ),
  ]),
  section('10', 'Differences from HIPv1', [must('receiver', 'An ACK of several Update IDs is processed.', SEVERAL)]),
]
