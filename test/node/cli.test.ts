// The command line as people and scripts use it: child processes, their output and their exit codes.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { conformance } from '../../src/conformance.ts'
import { createIdentity, readIdentity, writeIdentity } from '../../src/node/key-file.ts'
import { type Running, runCli, startCli } from '../support/cli.ts'
import { temporaryFolder } from '../support/temporary.ts'

const folder = temporaryFolder()
const freshHome = (): Record<string, string> => ({ SOJOURN_HOME: mkdtempSync(join(folder, 'home-')) })

interface Listening {
  readonly hit: string
  readonly peer: string
  readonly locator: string
}

async function listening(running: Running): Promise<Listening> {
  return JSON.parse(await running.firstLine)
}

function onlyLine(stderr: string): string {
  expect(stderr).toMatch(/^sojourn: [^\n]+\n$/)
  return stderr
}

describe('id', () => {
  test('new writes a key for its owner alone and prints the HIT; show prints the same', async () => {
    const file = join(folder, 'me.pem')
    const made = await runCli(['id', 'new', '--out', file])
    expect(made.code).toBe(0)
    const { hit } = await readIdentity(file)
    expect(made.stdout).toBe(`${hit}\n`)
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600')
    expect((await runCli(['id', 'show', file])).stdout).toBe(`${hit}\n`)
    const json = JSON.parse((await runCli(['id', 'show', file, '--json'])).stdout)
    expect(json).toMatchObject({ hit, algorithm: 'ed25519', file })
    expect(JSON.stringify(json)).not.toContain('PRIVATE')
  })

  test('new without a file prints the key as well', async () => {
    const { stdout } = await runCli(['id', 'new', '--algorithm', 'p256'])
    expect(stdout).toMatch(/^-----BEGIN PRIVATE KEY-----[\s\S]+-----END PRIVATE KEY-----\n2001:2[0-9a-f:]+\n$/)
  })

  test.each([
    ['ed25519', 'ed25519', '2001:25:'],
    ['p256', 'ecdsa-p256', '2001:22:'],
    ['p384', 'ecdsa-p384', '2001:22:'],
    ['rsa', 'rsa', '2001:21:'],
  ])('new makes a key of kind %s that show and a program read', async (kind, algorithm, prefix) => {
    const file = join(folder, `${kind}.pem`)
    const made = await runCli(['id', 'new', '--algorithm', kind, '--out', file])
    expect(made).toMatchObject({ code: 0, stderr: '' })
    const read = await readIdentity(file, conformance)
    expect(read.algorithm).toBe(algorithm)
    expect(made.stdout).toBe(`${read.hit}\n`)
    expect(read.hit.startsWith(prefix)).toBe(true)
    const shown = JSON.parse((await runCli(['id', 'show', file, '--json'])).stdout)
    expect(shown).toMatchObject({ hit: read.hit, algorithm, publicKey: read.publicPem() })
  })

  test('show says what is wrong with a file that holds no key of any kind', async () => {
    const file = join(folder, 'no-key.pem')
    writeFileSync(file, 'no key', { mode: 0o600 })
    const ran = await runCli(['id', 'show', file])
    expect(ran.code).toBe(1)
    expect(onlyLine(ran.stderr)).toContain('RSA of 2048 to 3072 bits')
  })

  test('new never replaces a file', async () => {
    const file = join(folder, 'kept.pem')
    await writeIdentity(file, createIdentity())
    const { hit } = await readIdentity(file)
    const again = await runCli(['id', 'new', '--out', file])
    expect(again.code).toBe(1)
    expect(onlyLine(again.stderr)).toContain(file)
    expect((await readIdentity(file)).hit).toBe(hit)
  })
})

describe.each([
  ['127.0.0.1:0', '127.0.0.2:0'],
  ['[::1]:0', '[::1]:0'],
  ['[::]:0', '127.0.0.1:0'],
])('listen on %s, ping from %s', (listenAt, pingFrom) => {
  test('answers come, the last line sums up, and SIGINT closes kindly', async () => {
    const listen = startCli(['listen', '7', '--echo', '--bind', listenAt, '--json'], freshHome())
    const { hit, locator } = await listening(listen)
    const peer = `${hit}@${locator.replace('[::]', '127.0.0.1')}`
    const ping = await runCli(['ping', peer, '-c', '3', '-i', '10', '--bind', pingFrom, '--json'])
    expect(ping).toMatchObject({ code: 0, stderr: '' })
    const lines = ping.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.length).toBe(4)
    expect(
      lines
        .slice(0, 3)
        .map(({ sequence }) => sequence)
        .sort(),
    ).toEqual([1, 2, 3])
    for (const { rttMs } of lines.slice(0, 3)) expect(rttMs).toBeGreaterThan(0)
    const path = peer.slice(peer.indexOf('@') + 1)
    expect(lines[3]).toMatchObject({ sent: 3, received: 3, lost: 0, hit, paths: [path] })
    expect(lines[3].p50Ms).toBeGreaterThan(0)
    listen.kill('SIGINT')
    expect(await listen.finished).toMatchObject({ code: 0, stderr: '' })
  })
})

test('a saved identity listens under the same HIT every time, through the ledger of its home', async () => {
  const home = freshHome()
  const file = join(folder, 'saved.pem')
  await writeIdentity(file, createIdentity())
  const { hit } = await readIdentity(file)
  const args = ['listen', '7', '--identity', file, '--bind', '127.0.0.1:0', '--json']
  const first = startCli(args, home)
  expect((await listening(first)).hit).toBe(hit)
  const second = await runCli(args, home)
  expect(second.code).toBe(5)
  expect(onlyLine(second.stderr)).toContain(hit)
  // The first one is unharmed.
  const ping = await runCli(['ping', (await listening(first)).peer, '-c', '1', '--bind', '127.0.0.1:0'])
  expect(ping.code).toBe(0)
  first.kill('SIGTERM')
  expect((await first.finished).code).toBe(0)
  const third = startCli(args, home)
  expect((await listening(third)).hit).toBe(hit)
  third.kill('SIGKILL')
  await third.finished
  // A crashed one restarts by itself.
  const fourth = startCli(args, home)
  expect((await listening(fourth)).hit).toBe(hit)
})

test('an unreachable peer is given up, by default in five seconds, with a list of what was tried', async () => {
  const quiet = createSocket('udp4')
  quiet.bind(0, '127.0.0.1')
  await once(quiet, 'listening')
  const place = `127.0.0.1:${quiet.address().port}`
  const { hit } = createIdentity()
  const args = ['ping', `${hit}@${place},127.0.0.2:9`, '--bind', '127.0.0.1:0', '--timeout', '300']
  const [ping, json, help] = await Promise.all(
    [args, [...args, '--json'], ['ping', '--help']].map((line) => runCli(line)),
  )
  expect(help?.stdout).toContain('default: 5000')
  expect(JSON.parse(json?.stdout ?? '')).toMatchObject({ sent: 0, received: 0, lost: 0, p50Ms: null, hit, paths: [] })
  expect([json?.code, json?.stderr]).toEqual([ping?.code, ping?.stderr])
  expect(ping?.code).toBe(3)
  expect(ping?.stdout).toBe('')
  expect(onlyLine(ping?.stderr ?? '')).toContain(place)
  expect(ping?.stderr).toContain('127.0.0.2:9')
  quiet.close()
})

test('another identity at the address is refused, and the one that lives there is unharmed', async () => {
  const listen = startCli(['listen', '7', '--bind', '127.0.0.1:0', '--json'])
  const { locator, peer } = await listening(listen)
  const { hit } = createIdentity()
  const ping = await runCli(['ping', `${hit}@${locator}`, '--bind', '127.0.0.1:0'])
  expect(ping.code).toBe(4)
  expect(onlyLine(ping.stderr)).toContain(hit)
  expect((await runCli(['ping', peer, '-c', '1', '--bind', '127.0.0.1:0'])).code).toBe(0)
})

test('a taken port is told, and whoever holds it goes on', async () => {
  const listen = startCli(['listen', '7', '--bind', '127.0.0.1:0', '--json'])
  const { locator, peer } = await listening(listen)
  const second = await runCli(['listen', '7', '--bind', locator])
  expect(second.code).toBe(1)
  expect(onlyLine(second.stderr)).toContain(locator)
  expect((await runCli(['ping', peer, '-c', '1', '--bind', '127.0.0.1:0'])).code).toBe(0)
})

test.each([
  ['readable by others', createIdentity().toPem(), 0o644, 'chmod 600'],
  ['no key', 'nothing\n', 0o600, 'private key'],
])('a key file that is %s stops the command before anything is written', async (_what, text, mode, says) => {
  const home = freshHome()
  const file = join(folder, `bad-${mode.toString(8)}.pem`)
  writeFileSync(file, text)
  chmodSync(file, mode)
  const ran = await runCli(['listen', '7', '--identity', file, '--bind', '127.0.0.1:0'], home)
  expect(ran.code).toBe(1)
  expect(onlyLine(ran.stderr)).toContain(file)
  expect(ran.stderr).toContain(says)
  expect(readdirSync(home.SOJOURN_HOME ?? '')).toEqual([])
})

test('a host key that others can read stops a saved identity', async () => {
  const home = freshHome()
  const file = join(folder, 'fine.pem')
  await writeIdentity(file, createIdentity())
  const host = join(home.SOJOURN_HOME ?? '', 'host.pem')
  writeFileSync(host, createIdentity().toPem())
  chmodSync(host, 0o640)
  const ran = await runCli(['listen', '7', '--identity', file, '--bind', '127.0.0.1:0'], home)
  expect(ran.code).toBe(1)
  expect(onlyLine(ran.stderr)).toContain(`chmod 600 ${host}`)
})

test('a missing key file is not made up', async () => {
  const file = join(folder, 'missing.pem')
  const ran = await runCli(['ping', `${createIdentity().hit}@127.0.0.1:9`, '--identity', file], freshHome())
  expect(ran.code).toBe(1)
  expect(onlyLine(ran.stderr)).toContain(file)
  expect(existsSync(file)).toBe(false)
})

test.each([
  [[], 'no command'],
  [['fly'], 'fly'],
  [['listen'], 'port'],
  [['listen', '0'], '65535'],
  [['listen', '65536'], '65535'],
  [['listen', '7', '--bind', 'here'], 'ADDR:PORT'],
  [['listen', '7', '--loud'], '--loud'],
  [['ping'], 'peer'],
  [['ping', 'nobody'], 'HIT'],
  [['ping', '2001:25::1@127.0.0.1:5', '-c', '0'], 'count'],
  [['id', 'new', '--algorithm', 'dsa'], 'ed25519, p256, p384, rsa'],
])('%j is a usage error: one line and exit code 2', async (args, says) => {
  const ran = await runCli(args)
  expect(ran.code).toBe(2)
  expect(ran.stdout).toBe('')
  expect(onlyLine(ran.stderr)).toContain(says)
})

test.each([
  ['--help'],
  ['id --help'],
  ['id new --help'],
  ['id show --help'],
  ['listen --help'],
  ['ping --help'],
  ['demo --help'],
])('%s shows examples on stdout', async (line) => {
  const args = line.split(' ')
  const ran = await runCli(args)
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  expect(ran.stdout).toContain('Example')
  expect(ran.stdout).toContain('sojourn ')
})

test('a second signal ends at once, also while the first one waits for a silent peer', async () => {
  const quiet = createSocket('udp4')
  quiet.bind(0, '127.0.0.1')
  await once(quiet, 'listening')
  const { hit } = createIdentity()
  const listen = startCli(['listen', '7', '--bind', '127.0.0.1:0', '--json'])
  await listening(listen)
  listen.kill('SIGTERM')
  listen.kill('SIGTERM')
  const { code, signal } = await listen.finished
  // The second may come when nobody handles signals any more: it is the system then that ends the process, with what a shell calls 143.
  expect([0, 143]).toContain(signal === 'SIGTERM' ? 143 : code)
  const ping = startCli(['ping', `${hit}@127.0.0.1:${quiet.address().port}`, '--bind', '127.0.0.1:0'])
  await new Promise((resolve) => quiet.once('message', resolve))
  ping.kill('SIGINT')
  expect((await ping.finished).signal).toBeNull()
  quiet.close()
})

test('a reader that goes away ends the command without a complaint', async () => {
  const listen = startCli(['listen', '7', '--bind', '127.0.0.1:0', '--json'])
  const { peer } = await listening(listen)
  const ping = startCli(['ping', peer, '-c', '100', '-i', '20', '--bind', '127.0.0.1:0', '--json'])
  await ping.firstLine
  ping.closeStdout()
  const { code, stderr } = await ping.finished
  expect(stderr).toBe('')
  expect(code).toBe(0)
})
