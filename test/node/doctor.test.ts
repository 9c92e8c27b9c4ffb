// `sojourn doctor`: what is found, what is said about it, and when it is a failure.

import { chmodSync, mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { choice } from '../../src/node/accelerated/choice.ts'
import { examine, type Finding } from '../../src/node/doctor.ts'
import { runCli } from '../support/cli.ts'
import { temporaryFolder } from '../support/temporary.ts'

const folder = temporaryFolder()
const freshHome = (): string => mkdtempSync(join(folder, 'home-'))

function named(findings: readonly Finding[], name: string): Finding | undefined {
  return findings.find((finding) => finding.name === name)
}

test('on a machine that is in order everything works, and nothing is left behind', async () => {
  const home = join(freshHome(), 'not', 'yet')
  const findings = await examine(home)
  expect(findings.filter(({ state }) => state === 'wrong')).toEqual([])
  for (const name of [
    'node',
    'platform',
    'datagrams',
    'encryption',
    'handshakes',
    'buffers',
    'ipv4',
    'ipv6',
    'clock',
    'keys',
    'ledger',
  ])
    expect(named(findings, name), name).toBeDefined()
  expect(named(findings, 'ledger')?.found).toMatch(/will be made/)
  expect(named(await examine(home), 'keys')?.found).toMatch(/will be made/)
})

test.runIf(process.platform !== 'win32')(
  'a ledger that others can write is wrong, and the way out is told',
  async () => {
    const home = freshHome()
    const ledger = join(home, 'ledger')
    mkdirSync(ledger)
    chmodSync(ledger, 0o777)
    expect(named(await examine(home), 'ledger')).toMatchObject({ state: 'wrong', advice: `chmod 700 ${ledger}` })
    const { code, stdout } = await runCli(['doctor'], { SOJOURN_HOME: home })
    expect(code).toBe(1)
    expect(stdout).toMatch(/^WRONG {2}ledger .*can be written by others; chmod 700 /m)
  },
)

test('a place for keys that is no folder is wrong', async () => {
  const found = named(await examine(join('/', 'dev', 'null', 'home')), 'keys')
  expect(found).toMatchObject({ state: 'wrong' })
  expect(found?.advice).toMatch(/SOJOURN_HOME/)
})

test('this run is of the provider that it is for', () => {
  const { ports, aead } = choice()
  const accelerated = process.platform === 'linux' && !process.env.SOJOURN_PORTABLE
  expect([ports.accelerated, aead.accelerated].map((one) => one !== undefined)).toEqual([accelerated, accelerated])
})

test('says which providers are used and why: lines for people, JSON for programs, exit code 0', async () => {
  const env = { SOJOURN_HOME: freshHome(), SOJOURN_PORTABLE: '1' }
  const { code, stdout } = await runCli(['doctor', '--json'], env)
  expect(code).toBe(0)
  const lines: readonly Finding[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.at(-1)).toEqual({ works: true })
  for (const name of ['datagrams', 'encryption', 'handshakes'])
    expect(named(lines, name)).toMatchObject({ state: 'less', found: 'portable: SOJOURN_PORTABLE is set' })
})

test.runIf(process.platform === 'linux')('tells of every part of what is accelerated', async () => {
  const { code, stdout } = await runCli(['doctor'], { SOJOURN_HOME: freshHome(), SOJOURN_PORTABLE: '0' })
  expect(code).toBe(0)
  for (const name of ['koffi', 'datagrams', 'encryption', 'handshakes', 'bursts', 'merged reads', 'whole packets'])
    expect(stdout).toMatch(new RegExp(`^(ok|less) +${name} `, 'm'))
})
