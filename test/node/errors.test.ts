// What users match on: codes; what they read: one line.

import { expect, test } from 'vitest'
import { EXIT, exitCodeOf } from '../../src/cli/exit.ts'
import { endError } from '../../src/node/association.ts'
import { errnoOf, messageOf, SojournError } from '../../src/node/errors.ts'
import { createIdentity } from '../../src/node/key-file.ts'

test('an error is one line, whatever it was made from', () => {
  const error = new SojournError('ERR_SOJOURN_LEDGER', 'first\n  second\r\nthird')
  expect(error.message).toBe('first second third')
  expect(error.code).toBe('ERR_SOJOURN_LEDGER')
  expect(messageOf('a\nb')).toBe('a b')
  expect(messageOf(new Error('c\nd'))).toBe('c d')
})

test('an errno is found on system errors and nowhere else', () => {
  expect(errnoOf(Object.assign(new Error('x'), { code: 'EADDRINUSE' }))).toBe('EADDRINUSE')
  expect(errnoOf(new Error('x'))).toBeUndefined()
  expect(errnoOf('EADDRINUSE')).toBeUndefined()
})

test('every end of an association names the peer, what was tried and a way out', () => {
  const { hit } = createIdentity()
  for (const reason of ['unreachable', 'imposter', 'refused', 'incompatible', 'reset', 'expired', 'fenced'] as const) {
    const { message } = endError(hit, reason, ['192.0.2.1:5'], 'detail')
    expect(message).toContain(hit)
    expect(message).toContain('192.0.2.1:5')
    expect(message).toMatch(/: .+/)
    expect(message).not.toContain('\n')
  }
})

test('exit codes say who is at fault', () => {
  const code = (name: ConstructorParameters<typeof SojournError>[0]): number => exitCodeOf(new SojournError(name, ''))
  expect(code('ERR_SOJOURN_UNREACHABLE')).toBe(EXIT.unreachable)
  expect(code('ERR_SOJOURN_REFUSED')).toBe(EXIT.refused)
  expect(code('ERR_SOJOURN_IMPOSTER')).toBe(EXIT.refused)
  expect(code('ERR_SOJOURN_FENCED')).toBe(EXIT.fenced)
  expect(code('ERR_SOJOURN_ARGUMENT')).toBe(EXIT.usage)
  expect(code('ERR_SOJOURN_CAPSULE')).toBe(EXIT.failed)
  expect(exitCodeOf(new Error('ours'))).toBe(EXIT.failed)
})
