// RFC 7401 §5.1 and §5.2: the header and the parameters.

import { must, mustNot, notOurs, required, type Section, sectionsOf, testsIn } from '../requirement.ts'

const FRAMING = testsIn('test/conformance/framing.test.ts')
const EXCHANGE = testsIn('test/conformance/exchange.test.ts')
const OPENING = testsIn('test/conformance/opening.test.ts')
const UPDATES = testsIn('test/conformance/updates.test.ts')
const PACKET = testsIn('test/wire/packet.test.ts')
const MESSAGES = testsIn('test/wire/messages.test.ts')
const PROPERTIES = testsIn('test/wire/properties.test.ts')
const PARAMETERS = testsIn('test/wire/parameters.test.ts')
const ROWS = testsIn('test/wire/parameter-properties.test.ts')
const TABLES = testsIn('test/conformance.test.ts')
const KEYS = testsIn('test/crypto/conformance-keys.test.ts')
const DH = testsIn('test/crypto/dh.test.ts')
const ENVELOPE = testsIn('test/crypto/envelope.test.ts')
const POOL = testsIn('test/core/r1-pool.test.ts')
const INITIATOR = testsIn('test/core/initiator.test.ts')
const NEGOTIATION = testsIn('test/core/negotiation.test.ts')
const ENDINGS = testsIn('test/scenarios/endings.test.ts')

const KERNEL = notOurs('Fragments are made and put together in the kernel, below the UDP socket.')
const IN_ORDER = PACKET('encoding > refuses parameters that are not in order, as our own bug')
const SENT = FRAMING(
  'every packet that we send > has its reserved bits zero, its fixed bits as drawn, and nothing after it',
)
const IGNORED = PACKET('decodePacket > ignores the fixed and reserved bits and what padding holds')
const OFFER = POOL('the R1s of one generation > offer what DESIGN §4 lists, and 32 seconds for the puzzle')
const ZERO_CHECKSUM = PACKET('what a MAC or signature covers > counts the checksum as zero')
const CUT_LENGTH = PACKET('what a MAC or signature covers > is the packet as it was before the parameter was appended')
const BLANKED = PACKET(
  'what a MAC or signature covers > leaves out of an R1 its receiver, and of its puzzle all but K and lifetime',
)
const WITH_HOST_ID = PACKET(
  'what a MAC or signature covers > adds to an R2 the HOST_ID of the R1, in the header length too',
)
const PRIVATE = MESSAGES(
  'the private parameters > are even, so that a peer of the RFCs skips them, and sort below HIP_MAC',
)
const NONE_CRITICAL = notOurs(
  'No parameter of ours is critical; that they are not is held by the test of the private parameters.',
)
const ALL_SORTS = KEYS('a key of kind %s > verifies its message and no other')
const UNKNOWN_NOTIFY = UPDATES('a NOTIFY > of a type that nobody knows changes nothing')

const section = sectionsOf(7401)

export const PARAMETERS_OF_PACKETS: readonly Section[] = [
  section('5.1', 'Header', [
    must(
      'receiver',
      'What follows the packet is ignored if its Next Header is not implemented.',
      PACKET('decodePacket > ignores what follows a packet only when the next header is an unknown one'),
    ),
    must(
      'sender',
      'Every packet has both HITs, so its header length is 4 at least.',
      PACKET('decodePacket > refuses a packet %s, and says where'),
    ),
    must('receiver', 'A packet of an unknown type is dropped.', MESSAGES('decodeMessage > refuses packet type %i')),
    must('sender', 'Reserved bits are sent as zero.', SENT),
    must('receiver', 'Reserved bits are ignored when they come.', IGNORED),
    must('sender', 'The two fixed bits are sent as they are drawn.', SENT),
    must('receiver', 'The two fixed bits are ignored when they come.', IGNORED),
  ]),
  section('5.1.1', 'Checksum', [
    must(
      'middlebox',
      'A NAT that knows HIP computes the checksum anew.',
      notOurs('A duty of NATs. Over UDP the field is zero.'),
    ),
  ]),
  section('5.1.2', 'Controls', [
    must('sender', 'Controls that mean nothing are sent as zero.', SENT),
    must(
      'receiver',
      'Controls that mean nothing are ignored.',
      FRAMING('the control bits > of a packet change nothing'),
    ),
  ]),
  section('5.1.3', 'Fragments', [
    must('host', 'IP fragments are made and put together.', KERNEL),
    must('receiver', 'They are put together under IPv4 and IPv6.', KERNEL),
    required('sender', 'They are made under IPv4.', KERNEL),
    must('sender', 'They are made under IPv6 too by who sends packets above the minimum MTU.', KERNEL),
  ]),
  section('5.2.1', 'TLVs', [
    must(
      'sender',
      'The types of the parameters of a packet never fall.',
      IN_ORDER,
      MESSAGES('$kind > comes out the same in whatever order its parameters are given'),
    ),
    must(
      'sender',
      'Parameters of one type stand side by side.',
      IN_ORDER,
      ROWS('a row of parameters > may hold several of type %i'),
    ),
    must(
      'receiver',
      'A packet in another order is discarded as malformed.',
      PACKET('decodePacket > refuses parameters out of order, naming the later one'),
      PROPERTIES('framing > is Malformed in every order of its parameters but the right one'),
    ),
    must(
      'sender',
      'A parameter is padded to a multiple of eight bytes.',
      PACKET('encoding > pads a parameter of %i bytes to %i'),
    ),
    must('sender', 'Padding is sent as zeros.', PACKET('encoding > gives the I1 of appendix C')),
    must(
      'receiver',
      'A parameter of an odd type is critical: who gets it has to know it.',
      MESSAGES('$kind > skips an unknown parameter that is not critical, and is Malformed with one that is'),
    ),
    must(
      'receiver',
      'Critical parameters have to be known in the packet in which they come.',
      MESSAGES('$kind > is Malformed with a critical parameter that only other packets have'),
    ),
    mustNot(
      'receiver',
      'A packet with an unknown critical parameter is processed no further.',
      MESSAGES('$kind > skips an unknown parameter that is not critical, and is Malformed with one that is'),
    ),
  ]),
  section('5.2.2', 'New parameters', [
    must('sender', 'New parameters stand in the order of their numbers like all others.', PRIVATE, IN_ORDER),
    must('author', 'Whoever defines a parameter follows the rules for it.', PRIVATE),
    must('host', 'A new critical parameter can be switched off.', NONE_CRITICAL),
    must('host', 'The switch is documented.', NONE_CRITICAL),
    must('host', 'New critical parameters are off unless asked for.', PRIVATE),
    must('host', 'By default nothing but the standard is sent as critical.', PRIVATE),
  ]),
  section('5.2.3', 'R1_COUNTER', [
    must(
      'initiator',
      'R1_COUNTER of the R1 comes back in the I2, its reserved field included.',
      EXCHANGE('an Initiator > echoes R1_COUNTER in its I2 with the reserved word as it came'),
    ),
  ]),
  section('5.2.6', 'DH_GROUP_LIST', [
    must(
      'responder',
      'The group of the R1 is the first of the Responder’s list that the Initiator has too.',
      NEGOTIATION(
        'whatever their lists, two ends > take the first of the Responder’s that the Initiator has, or do not associate',
      ),
    ),
    mustNot(
      'responder',
      'No other group of both lists is chosen.',
      NEGOTIATION(
        'whatever their lists, two ends > take the first of the Responder’s that the Initiator has, or do not associate',
      ),
    ),
  ]),
  section('5.2.7', 'DIFFIE_HELLMAN', [
    must(
      'host',
      'Curves have a cofactor of 1.',
      DH('a Diffie–Hellman key > exists for groups 7, 8 and 4 only, unless another table is given'),
    ),
    must(
      'host',
      'Group 3 is implemented.',
      NEGOTIATION('two ends that both have everything > agree in DH group %i if both list it'),
    ),
  ]),
  section('5.2.8', 'HIP_CIPHER', [
    must(
      'sender',
      'At most six ciphers are listed.',
      EXCHANGE('HIP_CIPHER and ESP_TRANSFORM > are never written with more than six entries'),
    ),
    must(
      'receiver',
      'Of a longer list the first six count.',
      PARAMETERS('a parameter with sound lengths > may list more than six transforms, of which the first six count'),
    ),
    must('sender', 'By default a mandatory cipher is in the list.', OFFER),
    must(
      'initiator',
      'One cipher is chosen and no more.',
      MESSAGES('decodeMessage > refuses an I2 that has not chosen one cipher and one ESP suite'),
    ),
    mustNot(
      'host',
      'NULL is neither offered nor accepted unless configured for testing.',
      TABLES('nothing that only conforms > is in the standard table'),
      NEGOTIATION('two ends that both have everything > choose nothing of it that neither has listed'),
    ),
  ]),
  section('5.2.9', 'HOST_ID', [
    required('host', 'RSA.', ALL_SORTS),
    required('host', 'ECDSA.', ALL_SORTS),
    must(
      'host',
      'RSA signatures are padded by PSS.',
      KEYS(
        'an RSA identity > takes a signature with a random salt of that length, and none with another or of PKCS #1 1.5',
      ),
      KEYS(
        'an RSA identity > signs RSASSA-PSS with SHA-256 and a salt of 32 bytes, as OpenSSL checks it; equal messages alike',
      ),
    ),
    must(
      'host',
      'ECDSA curves have a cofactor of 1.',
      KEYS('an ECDSA P-384 identity > is no point off the curve, of another curve, compressed, or under another label'),
    ),
  ]),
  section('5.2.10', 'HIT_SUITE_LIST', [
    required(
      'host',
      'HIT suite 1, RSA or DSA with SHA-256.',
      NEGOTIATION('two ends that both have everything > associate as %s and %s, by the hash of the Responder'),
    ),
  ]),
  section('5.2.11', 'TRANSPORT_FORMAT_LIST', [
    must('sender', 'Every listed format has its own parameter in the same packet.', OFFER),
    must(
      'receiver',
      'A listed format without its parameter is ignored.',
      EXCHANGE('an Initiator > ignores ESP in the list of an R1 that has no ESP_TRANSFORM'),
    ),
  ]),
  section('5.2.12', 'HIP_MAC', [
    must('host', 'The checksum counts as zero under HIP_MAC.', ZERO_CHECKSUM),
    must('host', 'The header length covers nothing that the MAC does not.', CUT_LENGTH),
  ]),
  section('5.2.13', 'HIP_MAC_2', [
    must('host', 'The checksum counts as zero under HIP_MAC_2.', ZERO_CHECKSUM),
    must('host', 'The header length covers what the MAC does: the HOST_ID too, and nothing behind.', WITH_HOST_ID),
  ]),
  section('5.2.14', 'HIP_SIGNATURE', [
    must('host', 'The checksum counts as zero under HIP_SIGNATURE.', ZERO_CHECKSUM),
    must('host', 'The header length ends where the signature begins.', CUT_LENGTH),
  ]),
  section('5.2.15', 'HIP_SIGNATURE_2', [
    must('host', 'Receiver, checksum, opaque field and I count as zero under the signature of an R1.', BLANKED),
    must('host', 'The header length ends where the signature begins.', CUT_LENGTH),
  ]),
  section('5.2.18', 'ENCRYPTED', [
    must(
      'sender',
      'What a block cipher encrypts is padded as that cipher says.',
      ENVELOPE('an encrypted parameter > begins as the first case of RFC 3602 §4 does, and adds a block of padding'),
    ),
  ]),
  section('5.2.19', 'NOTIFICATION', [
    must('receiver', 'Unknown error types are ignored.', UNKNOWN_NOTIFY),
    must('receiver', 'Unknown status types are ignored with their data.', UNKNOWN_NOTIFY),
    must(
      'sender',
      'Where an error is told and no other type fits, INVALID_SYNTAX is the type.',
      notOurs('Telling errors is optional. What is told here has a type of its own; the rest is dropped and counted.'),
    ),
    must(
      'initiator',
      'After RESPONDER_BUSY_PLEASE_RETRY another solution is found for another try.',
      OPENING('an Initiator > sends its I2 three times, then begins again with an I1'),
    ),
  ]),
  section('5.2.20', 'ECHO_REQUEST_SIGNED', [
    must(
      'receiver',
      'It is answered by ECHO_RESPONSE_SIGNED.',
      INITIATOR('an Initiator > answers the echoes of an R1, as far as they fit'),
      ENDINGS('CLOSE > ends both ends, is answered, and leaves nothing that wants time'),
      UPDATES('an UPDATE > that asks for an echo gets it, signed or not'),
    ),
  ]),
  section('5.2.21', 'ECHO_REQUEST_UNSIGNED', [
    must(
      'receiver',
      'It is answered by ECHO_RESPONSE_UNSIGNED.',
      INITIATOR('an Initiator > answers the echoes of an R1, as far as they fit'),
      UPDATES('an UPDATE > that asks for an echo gets it, signed or not'),
    ),
  ]),
]
