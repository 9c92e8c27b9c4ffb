// RFC 7401 §5.3 and §5.4: the eight packets, and ICMP.

import { must, mustNot, notOurs, type Section, sectionsOf, testsIn } from '../requirement.ts'

const FRAMING = testsIn('test/conformance/framing.test.ts')
const EXCHANGE = testsIn('test/conformance/exchange.test.ts')
const UPDATES = testsIn('test/conformance/updates.test.ts')
const MESSAGES = testsIn('test/wire/messages.test.ts')
const INITIATOR = testsIn('test/core/initiator.test.ts')
const RESPONDER = testsIn('test/core/responder.test.ts')
const NEGOTIATION = testsIn('test/core/negotiation.test.ts')
const COST = testsIn('test/core/cost.test.ts')
const BASE = testsIn('test/core/base-exchange.test.ts')
const POOL = testsIn('test/core/r1-pool.test.ts')
const REKEYING = testsIn('test/scenarios/rekeying.test.ts')
const ENDINGS = testsIn('test/scenarios/endings.test.ts')

const NOBODY_ANONYMOUS = notOurs('No identity here is an anonymous one, so the control is never set.')
const NO_ICMP = notOurs('A process on a UDP socket sends no ICMP: what is wrong is dropped and counted.')
const HITS = EXCHANGE('the packets of an exchange > name one pair of HITs, the sender first')
const CIPHERS = NEGOTIATION(
  'two ends that both have everything > hide the key of the Initiator under HIP cipher %i if both list it',
)
const OFFERED = RESPONDER('a Responder > takes only what it offered')
const SILENT = EXCHANGE('a Responder > is silent when the value of an I2 is no point of the curve')
const CLOSING = UPDATES('a CLOSE > carries an echo request, a MAC and a signature, and so does its answer')
const ACKNOWLEDGED = UPDATES('an UPDATE > with SEQ is acknowledged, and its acknowledgement is not')

const AES = testsIn('test/crypto/envelope.test.ts')(
  'an encrypted parameter > begins as the first case of RFC 3602 §4 does, and adds a block of padding',
)
const SEALED = EXCHANGE(
  'a Responder > takes no I2 whose MAC does not fit, though it is signed, and none signed by another, though its MAC fits',
)

const section = sectionsOf(7401)

export const PACKETS: readonly Section[] = [
  section('5.3', 'Packets', [
    mustNot(
      'sender',
      'A HIP packet is not spread over several headers.',
      FRAMING('every packet that we send > has its reserved bits zero, its fixed bits as drawn, and nothing after it'),
    ),
  ]),
  section('5.3.1', 'I1', [
    must(
      'responder',
      'A storm of equal I1s is borne.',
      COST(
        'a flood of I1s > costs one R1 in the whole generation, two hashes an I1, no Diffie–Hellman and no association',
      ),
      POOL('an I1 > of a prefix that has had its R1s gets none, while other prefixes do'),
    ),
  ]),
  section('5.3.2', 'R1', [
    must('responder', 'An anonymous HI sets the control A.', NOBODY_ANONYMOUS),
    must('responder', 'The HIT of the Initiator is that of the I1.', HITS),
    must('responder', 'The HIT of the Responder is the one that the I1 asked for.', HITS),
    mustNot('responder', 'No shared key is made of a public value that is not valid.', SILENT),
    must('responder', 'An exchange with such a value is given up in silence.', SILENT),
    must('host', 'AES is supported.', AES, CIPHERS),
    must(
      'initiator',
      'The HI of the R1 is the one that was expected.',
      INITIATOR('an Initiator > knows an imposter by the key before it looks at the signature'),
    ),
  ]),
  section('5.3.3', 'I2', [
    must('initiator', 'The HITs are those of the R1.', HITS),
    must('initiator', 'An anonymous HI sets the control A.', NOBODY_ANONYMOUS),
    must(
      'initiator',
      'R1_COUNTER is copied from the R1 unchanged.',
      EXCHANGE('an Initiator > echoes R1_COUNTER in its I2 with the reserved word as it came'),
    ),
    must(
      'initiator',
      'The K lowest bits of the hash over I, HITs and J are zero.',
      RESPONDER('a Responder > takes no solution of an easier puzzle than it gave'),
    ),
    must('initiator', 'The cipher is one of those in the R1.', OFFERED),
    must('host', 'AES is supported.', AES, CIPHERS),
    must(
      'initiator',
      'The transport format is one of those in the R1.',
      EXCHANGE('a Responder > takes no I2 whose transport format is another than ESP'),
    ),
    must(
      'responder',
      'HIP_MAC is checked.',
      COST('an I2 costs > one Diffie–Hellman, and no signature of anybody, if its MAC is wrong'),
      SEALED,
    ),
    must(
      'responder',
      'The signature is checked.',
      BASE('an exchange with tampering > in any byte of I2 gets no Seed and is not remembered'),
      SEALED,
    ),
  ]),
  section('5.3.4', 'R2', [
    must(
      'initiator',
      'Both MAC and signature are checked.',
      EXCHANGE('an Initiator > takes no R2 under another MAC key, though it is signed'),
      EXCHANGE('an Initiator > takes no R2 with another signature, though its MAC fits'),
    ),
  ]),
  section('5.3.5', 'UPDATE', [
    must('receiver', 'An UPDATE with SEQ is acknowledged.', ACKNOWLEDGED),
    mustNot(
      'receiver',
      'An UPDATE that only acknowledges is not acknowledged.',
      ACKNOWLEDGED,
      REKEYING('a rekey > takes U1, U2, U3 and an ACK'),
    ),
    must(
      'receiver',
      'An UPDATE with neither SEQ nor ACK is invalid.',
      MESSAGES('decodeMessage > refuses an UPDATE with neither SEQ nor ACK'),
    ),
    must(
      'receiver',
      'An ACK of several Update IDs is understood.',
      UPDATES('an UPDATE > that acknowledges several at once ends what is ours among them'),
    ),
    must('receiver', 'It is acknowledged whether its sender cares or not.', ACKNOWLEDGED),
    must(
      'sender',
      'Parameters that are said again under another SEQ do no harm.',
      UPDATES('an UPDATE > with the same LOCATOR_SET under another Update ID changes nothing more'),
    ),
  ]),
  section('5.3.7', 'CLOSE', [
    must('sender', 'It has ECHO_REQUEST_SIGNED, HIP_MAC and a signature.', CLOSING),
    must(
      'receiver',
      'It is answered by a CLOSE_ACK with the echo.',
      CLOSING,
      ENDINGS('CLOSE > ends both ends, is answered, and leaves nothing that wants time'),
    ),
  ]),
  section('5.3.8', 'CLOSE_ACK', [
    must('sender', 'It has HIP_MAC and a signature.', CLOSING),
    must(
      'receiver',
      'Echo, MAC and signature are checked if there is an association.',
      UPDATES('a CLOSE_ACK > of another echo, MAC or signature closes nothing'),
    ),
  ]),
  section('5.4', 'ICMP', [must('host', 'ICMP is limited in rate.', NO_ICMP)]),
  section('5.4.2', 'Header and structure', [
    mustNot('receiver', 'A wrong checksum is answered by no ICMP.', NO_ICMP),
    must(
      'receiver',
      'A packet with a wrong checksum is dropped in silence.',
      COST(
        'no cryptography at all is spent on > a packet that is malformed: cut off anywhere, or with a checksum that is not zero',
      ),
      FRAMING('a checksum that is not zero > has its packet dropped in silence'),
    ),
  ]),
  section('5.4.4', 'No association', [
    mustNot('receiver', 'I1, R1, I2, R2 and NOTIFY are not answered by ICMP.', NO_ICMP),
  ]),
]
