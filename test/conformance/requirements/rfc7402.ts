// RFC 7402: ESP under HIP.

import { must, mustNot, notOurs, type Section, sectionsOf, testsIn } from '../requirement.ts'

const EXCHANGE = testsIn('test/conformance/exchange.test.ts')
const UPDATES = testsIn('test/conformance/updates.test.ts')
const ESP = testsIn('test/conformance/esp.test.ts')
const SA = testsIn('test/core/sa.test.ts')
const AEAD = testsIn('test/crypto/aead.test.ts')
const TABLES = testsIn('test/conformance.test.ts')
const NEGOTIATION = testsIn('test/core/negotiation.test.ts')
const RESPONDER = testsIn('test/core/responder.test.ts')
const POOL = testsIn('test/core/r1-pool.test.ts')
const MESSAGES = testsIn('test/wire/messages.test.ts')
const PARAMETERS = testsIn('test/wire/parameters.test.ts')
const DATAGRAM = testsIn('test/wire/datagram.test.ts')
const REKEYING = testsIn('test/scenarios/rekeying.test.ts')
const FOREIGN = testsIn('test/scenarios/foreign.test.ts')
const PARKING = testsIn('test/scenarios/parking.test.ts')

const NO_IPSEC = notOurs(
  'There is no IPsec beside it: no security policy, and SPIs that mean something inside one UDP socket only.',
)
const NO_IP_HEADER = notOurs(
  'No inner IP header is made or read: the application gets a datagram and a HIT, the kernel writes the outer header.',
)
const NO_OPTIONS = notOurs(
  'Inner datagrams have no IPv4 header, so no options are carried; next header 94 is dropped like any unknown one.',
)
const ALWAYS_DH = notOurs('Every rekey of ours brings a Diffie–Hellman value, so no index is ever continued.')
const RENEWED = REKEYING(
  'a rekey > has fresh Diffie–Hellman values of both sides each time, KEYMAT index 0, new SPIs and a new S',
)
const FLIGHT = REKEYING('a rekey > takes U1, U2, U3 and an ACK')
const GONE = ESP('ESP of an association that has ended > leads nowhere at either end')
const WORN = REKEYING('a rekey begins by itself > after so many packets, and the old SA is sealed with no more')
const SUITES = NEGOTIATION('two ends that both have everything > send data under ESP suite %i if both list it')
const NOBODYS = ESP('ESP with an SPI that is nobody’s > is discarded without a word')
const MEANWHILE = REKEYING('a rekey > loses no packet and repeats no number, with data both ways all the time')
const REPEATED = REKEYING('a rekey > whose %s is lost %i times comes about all the same, and loses no data')
const NO_OTHER = REKEYING('a rekey > is not begun while another one is unfinished')
const ANY_BYTE = SA('suite %d > finds any changed byte forged, and is not moved by it')
const HITS = DATAGRAM(
  'inner UDP > is Malformed under any single flipped bit, other HITs, other lengths or without a checksum',
)
const ESP_INFO = EXCHANGE('a Responder > takes no I2 with an old SPI or another KEYMAT index')
const OFFER = POOL('the R1s of one generation > offer what DESIGN §4 lists, and 32 seconds for the puzzle')
const INDEX = UPDATES('a rekey > whose KEYMAT index is not zero, or whose group is another, is not answered')

const section = sectionsOf(7402)

export const ESP_TRANSPORT: readonly Section[] = [
  section('3.2.1', 'SPIs', [
    must(
      'host',
      'A rekey changes the SPI.',
      ESP('a rekey > names an SPI that was not in use, and data goes under it'),
      RENEWED,
    ),
  ]),
  section('3.3.1', 'Security associations', [must('host', 'The SAs go with their association.', GONE)]),
  section('3.3.5', 'Ciphers', [
    must('host', 'AES-128-CBC and AES-256-CBC are supported.', SUITES),
    must(
      'host',
      'NULL encryption comes with SHA-256 authentication.',
      AEAD(
        'a packet made by hand, with openssl and HMAC side by side, is sealed and opened by > suite 7 with the high half of its number',
      ),
    ),
    mustNot(
      'host',
      'A suite that does not encrypt is accepted only if policy says so.',
      TABLES('nothing that only conforms > is in the standard table'),
      NEGOTIATION('two ends that both have everything > choose nothing of it that neither has listed'),
    ),
  ]),
  section('3.3.6', 'Sequence numbers', [
    must(
      'receiver',
      'Replayed packets are refused.',
      SA('suite %d > opens nothing twice, in whatever order packets come'),
    ),
    must('host', 'Numbers have 64 bits.', SA('suite %d > goes over 2^32 with half of the number on the wire')),
    must(
      'host',
      'A rekey comes before the numbers end.',
      WORN,
      REKEYING(
        'a rekey begins by itself > and nothing is sealed beyond the last number of an SA, whatever becomes of it',
      ),
    ),
  ]),
  section('3.3.7', 'Lifetimes', [must('host', 'An SA lives no longer than its numbers.', WORN)]),
  section('3.4', 'IPsec beside HIP', [
    must('host', 'SPIs of HIP are used for nothing else.', NO_IPSEC),
    mustNot('receiver', 'Packets of an SA that HIP did not negotiate are not processed.', NOBODYS),
    must('receiver', 'The SPI tells the SA, and that checksums are over HITs.', NOBODYS, HITS),
  ]),
  section('3.4.1', 'Data', [
    must('sender', 'Packets for HIP get an SA of HIP, packets for IPsec one of IPsec.', NO_IPSEC),
    must('sender', 'A policy is bound to its SA.', NO_IPSEC),
    mustNot('sender', 'Data of sockets that do not use HIP keeps its checksum.', NO_IPSEC),
    mustNot('sender', 'Such data does not go to an SA of HIP.', NO_IPSEC),
    must('sender', 'Under an IPsec tunnel both encrypt.', NO_IPSEC),
  ]),
  section('4.1.3', 'Updating an SA', [
    must('receiver', 'A request for another SA is answered by an UPDATE.', FLIGHT),
    must('receiver', 'A request with DIFFIE_HELLMAN is answered with one.', RENEWED),
  ]),
  section('5.1.1', 'ESP_INFO', [
    must('sender', 'With a new Diffie–Hellman key the KEYMAT index is zero.', RENEWED),
    must('sender', 'When KEYMAT is used up a new Diffie–Hellman key comes.', RENEWED),
  ]),
  section('5.1.2', 'ESP_TRANSFORM', [
    must(
      'sender',
      'At most six suites are listed.',
      EXCHANGE('HIP_CIPHER and ESP_TRANSFORM > are never written with more than six entries'),
    ),
    must(
      'receiver',
      'A longer list is borne.',
      PARAMETERS('a parameter with sound lengths > may list more than six transforms, of which the first six count'),
    ),
    must('sender', 'By default a mandatory suite is in the list.', OFFER),
  ]),
  section('5.2.1.1', 'In R1', [must('host', 'AES-128-CBC with HMAC-SHA-256 is supported as offer.', SUITES)]),
  section('5.2.1.2', 'In I2', [must('host', 'AES-128-CBC with HMAC-SHA-256 is supported as choice.', SUITES)]),
  section('5.3.1', 'Asking for a rekey', [must('sender', 'The UPDATE has ESP_INFO.', RENEWED)]),
  section('5.3.2', 'Answering a rekey', [must('receiver', 'The answer has ESP_INFO.', RENEWED)]),
  section('6', 'Packets', [
    must(
      'host',
      'HIP packets go past ESP.',
      DATAGRAM('a datagram > holds a HIP packet behind four zero bytes, as a view'),
    ),
  ]),
  section('6.5', 'I2', [
    must(
      'initiator',
      'One suite is named.',
      MESSAGES('decodeMessage > refuses an I2 that has not chosen one cipher and one ESP suite'),
    ),
    must('responder', 'It is one of those offered.', RESPONDER('a Responder > takes only what it offered')),
    must('initiator', 'The old SPI is zero.', ESP_INFO),
    must('initiator', 'The KEYMAT index is where the ESP keys begin.', ESP_INFO),
  ]),
  section('6.7', 'Dropping associations', [must('host', 'The SAs are dropped with their association.', GONE)]),
  section('6.8', 'Beginning a rekey', [
    must(
      'host',
      'It is begun before the numbers of the peer run over.',
      REKEYING('a rekey begins by itself > at the receiver, of a peer that should have begun one long ago'),
    ),
    mustNot('host', 'Keys are replaced only when the exchange has succeeded.', REPEATED),
    must('host', 'A rekey with Diffie–Hellman makes a new key pair.', RENEWED),
    must('sender', 'Then the KEYMAT index is zero and the group is that of the exchange.', RENEWED, INDEX),
    must('sender', 'Without Diffie–Hellman the KEYMAT index does not go back.', ALWAYS_DH),
    must('sender', 'The UPDATE is repeated until it is acknowledged.', REPEATED),
    mustNot('host', 'The old SAs stay in use meanwhile.', MEANWHILE),
    mustNot(
      'host',
      'A request does not stay open for ever.',
      PARKING('an association whose peer has gone silent > ends after ten minutes of that, and says so'),
    ),
    mustNot('host', 'Meanwhile no other UPDATE is begun.', NO_OTHER),
  ]),
  section('6.9', 'UPDATE', [
    must('receiver', 'With Diffie–Hellman the KEYMAT index is zero.', INDEX),
    must(
      'receiver',
      'Requests that cross are acknowledged, kept, and come to one rekey.',
      REKEYING('a rekey > that both ends begin at once comes about once'),
      FOREIGN('an RFC 7402 rekey > by both at once, theirs %s a value'),
    ),
  ]),
  section('6.9.1', 'No request of our own', [
    must('receiver', 'Without Diffie–Hellman the KEYMAT index does not go back.', ALWAYS_DH),
  ]),
  section('B', 'BEET mode', [
    must(
      'host',
      'Where addresses are rewritten elsewhere, both tables agree.',
      notOurs('Addresses are rewritten nowhere else.'),
    ),
  ]),
  section('B.1.3', 'Cryptography', [
    must(
      'sender',
      'Packets are protected as in transport mode.',
      AEAD('suite 13 > seals the packet that was computed elsewhere'),
    ),
  ]),
  section('B.1.4', 'IP header', [
    must('sender', 'The inner addresses are those of the SA.', NO_IP_HEADER),
    must('sender', 'The new header has the outer addresses.', NO_IP_HEADER),
    must('receiver', 'The new header has the inner addresses.', NO_IP_HEADER),
    must('host', 'TTL, DF and options of the inner header are the stack’s affair.', NO_IP_HEADER),
  ]),
  section('B.1.5', 'Out', [
    must('sender', 'The inner addresses are checked against the SA.', NO_IP_HEADER),
    must('sender', 'The new header has the outer addresses of the SA.', NO_IP_HEADER),
    must('sender', 'Options that have to be carried are carried.', NO_OPTIONS),
  ]),
  section('B.1.6', 'In', [
    must('receiver', 'A packet is verified and decrypted.', ANY_BYTE),
    must('receiver', 'If that fails it is discarded.', ANY_BYTE),
    must('receiver', 'What comes out is between the inner addresses, the HITs.', HITS),
    must('receiver', 'Options of a pseudo header come after the new header.', NO_OPTIONS),
    must(
      'receiver',
      'Addresses that are told beside the packet are the inner ones.',
      ESP('data that comes > is told with the HIT of its peer, wherever it came from'),
    ),
  ]),
  section('B.1.7', 'IPv4 options', [
    must('sender', 'Options come in a pseudo header behind that of ESP.', NO_OPTIONS),
    must('sender', 'The next header is then 94.', NO_OPTIONS),
    must('sender', 'The pseudo header is padded to eight bytes.', NO_OPTIONS),
    must('sender', 'It is padded with NOP options.', NO_OPTIONS),
    must('receiver', 'The pseudo header is taken off again.', NO_OPTIONS),
    must('receiver', 'Its options follow the header that is put together again.', NO_OPTIONS),
  ]),
]
