// RFC 8046: mobility.

import { must, mustNot, notOurs, type Section, sectionsOf, testsIn } from '../requirement.ts'

const LOCATORS = testsIn('test/conformance/locators.test.ts')
const UPDATES = testsIn('test/conformance/updates.test.ts')
const MESSAGES = testsIn('test/wire/messages.test.ts')
const PARAMETERS = testsIn('test/wire/parameters.test.ts')
const CREDIT = testsIn('test/core/credit.test.ts')
const ADDRESSES = testsIn('test/scenarios/addresses.test.ts')
const FLIGHT = testsIn('test/scenarios/rebinding-flight.test.ts')
const PAIRS = testsIn('test/scenarios/sa-pairs.test.ts')
const NAMED = testsIn('test/scenarios/exchange-locators.test.ts')
const SEVERE = testsIn('test/review/severe.test.ts')

const NO_SERVER = notOurs('We are no rendezvous server.')
const FOLLOWED = ADDRESSES(
  'an end that changes its address > tells its peer from the new one, is asked there, answers, and is followed',
)
const LIMITED = FLIGHT(
  'the address of the thawed side > gets at most three times what came from it, and no more than came since the thaw, before it is verified',
)
const READ_WHOLE = MESSAGES('$kind > is read with everything it may have')
const HOST_ID = UPDATES('an UPDATE > that names another HOST_ID than the association’s does nothing')
const AGAIN = UPDATES('an UPDATE > with the same LOCATOR_SET under another Update ID changes nothing more')
const ONE_PLACE = LOCATORS(
  'a LOCATOR_SET > names no broadcast or multicast address: ours are left out, a peer’s are passed over',
)
const BOUND = LOCATORS('a LOCATOR_SET > is bound to the SPI that ESP_INFO names')

const section = sectionsOf(8046)

export const MOBILITY: readonly Section[] = [
  section('3.2.1', 'One pair of SAs', [
    must('receiver', 'A new address is verified by a nonce that has to come back.', FOLLOWED),
    must('receiver', 'Until then little data goes there.', LIMITED),
  ]),
  section('3.2.3', 'By way of the rendezvous server', [
    must('rendezvous server', 'An UPDATE is relayed like an I1.', NO_SERVER),
    must('rendezvous server', 'Its addresses are rewritten, FROM and RVS_HMAC added.', NO_SERVER),
    must(
      'receiver',
      'FROM and RVS_HMAC of an UPDATE are understood.',
      notOurs(
        'They are read, for tools, and not acted on: there is no rendezvous server whose key could have made them.',
      ),
    ),
    must(
      'receiver',
      'The reply to a relayed UPDATE has VIA_RVS.',
      notOurs('Only who is registered with a rendezvous server gets relayed UPDATEs; this host registers with none.'),
    ),
  ]),
  section('4', 'LOCATOR_SET', [
    must(
      'receiver',
      'It is critical: whoever gets one has to know it.',
      READ_WHOLE,
      PARAMETERS(
        'a parameter with sound lengths > may list locators of an unknown type or traffic type, which are skipped',
      ),
    ),
    must(
      'sender',
      'A lifetime is never zero.',
      LOCATORS('a LOCATOR_SET > with a lifetime of zero is malformed, and ours never ends'),
    ),
  ]),
  section('4.3', 'UPDATE with LOCATOR_SET', [
    must('receiver', 'A HOST_ID in it is that of the association.', HOST_ID),
    must(
      'receiver',
      'The signature verifies with that key.',
      UPDATES('an UPDATE > that moves and is signed by another moves nothing'),
    ),
  ]),
  section('5.1', 'States of an address', [
    mustNot(
      'receiver',
      'A deprecated address is verified before it is active again.',
      LOCATORS('an address that was given up > is verified anew before data goes there without limit'),
    ),
  ]),
  section('5.2', 'Sending LOCATOR_SET', [
    mustNot('sender', 'Broadcast and multicast addresses are not announced.', ONE_PLACE),
    must('sender', 'The SPI of a locator is that of ESP_INFO.', BOUND),
    must('sender', 'With a rekey it is the new SPI of ESP_INFO.', BOUND),
  ]),
  section('5.3', 'Receiving LOCATOR_SET', [
    must('receiver', 'The same set may come several times, by several ways.', AGAIN),
    must('receiver', 'A set that was processed is not processed again.', AGAIN),
    must(
      'receiver',
      'ESP_INFO with an old SPI of zero makes another SA.',
      PAIRS('a peer that asks for another pair of SAs > gets one, and the one before it stays open'),
    ),
    mustNot('receiver', 'A locator is no broadcast or multicast address.', ONE_PLACE),
  ]),
  section('5.4', 'Verifying addresses', [
    must(
      'receiver',
      'An unverified address is verified.',
      FOLLOWED,
      SEVERE('an address > is not verified by the answer of a rekey that comes from elsewhere'),
    ),
    must(
      'receiver',
      'A new address begins as unverified.',
      ADDRESSES('a peer that lists places which are not its own > cannot have them flooded by a thaw either'),
      NAMED(
        'an I2 with locators > gets its R2 where it came from, and what it names is verified before data goes there',
      ),
    ),
  ]),
  section('5.6', 'Credit', [must('sender', 'To an unverified address data goes on credit only.', LIMITED)]),
  section('5.6.1', 'Accounting', [
    must('sender', 'What the credit does not cover waits or is discarded.', LIMITED),
    must(
      'sender',
      'What goes to an unverified address is taken off the credit.',
      CREDIT(
        'credit > is never more than what came minus what was paid, nor than its cap, and waiting never adds to it',
      ),
    ),
  ]),
]
