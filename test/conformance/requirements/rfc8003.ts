// RFC 8003: registration. We offer no service and register with none; the parameters are read and written for tools and for
// rendezvous to come.

import { must, mustNot, notOurs, type Section, sectionsOf, testsIn } from '../requirement.ts'

const REGISTRATION = testsIn('test/wire/registration.test.ts')

const NO_REGISTRAR = notOurs('We are no registrar: REG_INFO is never sent, so there is nothing to register with.')
const NO_ANSWERS = notOurs(
  'We register with nobody, so no answer is waited for: several are read, for tools, and nothing is done with them.',
)
const NO_REQUESTER = notOurs('We register with nobody: REG_REQUEST is never sent.')
const CODED = REGISTRATION('a coded lifetime > %i is %d seconds')

const section = sectionsOf(8003)

export const REGISTRATIONS: readonly Section[] = [
  section('3.3', 'Granting', [
    must('registrar', 'Who asks for what needs authentication is looked up among those allowed.', NO_REGISTRAR),
    must('registrar', 'Who is allowed is registered.', NO_REGISTRAR),
    must('registrar', 'Of who is not, a certificate is looked for.', NO_REGISTRAR),
    must('registrar', 'Without one the request fails with type 0.', NO_REGISTRAR),
    must('registrar', 'With a good one the registration goes on.', NO_REGISTRAR),
    must('registrar', 'With a bad one it fails with the type that says why.', NO_REGISTRAR),
  ]),
  section('4.1', 'Coded lifetimes', [
    must('host', 'Zero is zero seconds, and cancels.', CODED),
    must(
      'host',
      'Any other code stands for its power of two.',
      CODED,
      REGISTRATION(
        'a coded lifetime > is the longest that is not above what was asked for, for every code and just beside it',
      ),
    ),
  ]),
  section('4.3', 'REG_REQUEST', [
    mustNot('registrar', 'Types that an UPDATE does not list are left alone.', NO_REGISTRAR),
    mustNot('requester', 'Only what REG_INFO offered is asked for.', NO_REQUESTER),
    mustNot('requester', 'One packet has one REG_REQUEST.', NO_REQUESTER),
    must('registrar', 'Several in one packet are processed.', NO_REGISTRAR),
  ]),
  section('4.4', 'REG_RESPONSE', [
    mustNot('registrar', 'One packet has one REG_RESPONSE.', NO_REGISTRAR),
    must('requester', 'Several in one packet are processed.', NO_ANSWERS),
    must('requester', 'Any lifetime may be granted.', REGISTRATION('a coded lifetime > reaches from 4 ms to 178 days')),
    mustNot('requester', 'It need not be the one that was asked for.', NO_REQUESTER),
  ]),
  section('4.5', 'REG_FAILED', [
    mustNot('requester', 'After type 2 the same request is not made again at once.', NO_REQUESTER),
    mustNot('requester', 'After type 3 the same request is not made again with the same certificate.', NO_REQUESTER),
  ]),
  section('5', 'Keeping registrations', [
    must('host', 'Lifetimes of ten seconds are supported.', notOurs('No registration is kept on either side.')),
  ]),
]
