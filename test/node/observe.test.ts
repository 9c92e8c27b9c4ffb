// What can be seen from outside a program: diagnostics channels always, keys only when asked for.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { keyLogLine, openKeyLog } from '../../src/node/observe.ts'
import { pair } from '../support/endpoints.ts'
import { temporaryFolder } from '../support/temporary.ts'

const folder = temporaryFolder()

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

test('channels tell who it happened to', async () => {
  const heard: unknown[] = []
  const listen = (message: unknown): number => heard.push(message)
  subscribe('sojourn:associated', listen)
  const { a, b } = await pair()
  unsubscribe('sojourn:associated', listen)
  expect(heard).toContainEqual({ hit: a.hit, peer: b.hit, initiator: true })
  expect(heard).toContainEqual({ hit: b.hit, peer: a.hit, initiator: false })
})

test('channels tell of streams: opened by either end, broken off, closed, and what went through them', async () => {
  const heard: Record<string, unknown>[] = []
  const names = ['open', 'reset', 'close'] as const
  const listeners = names.map((name) => {
    const listen = (message: unknown): number => heard.push({ what: name, ...(message as object) })
    subscribe(`sojourn:stream:${name}`, listen)
    return () => unsubscribe(`sojourn:stream:${name}`, listen)
  })
  const { a, b } = await pair()
  b.listen(7, (stream) => stream.resume().end('hello'))
  const whole = a.connect(b.peer, 7)
  whole.end('hi!')
  await Promise.all([whole.resume(), once(whole, 'close')])
  b.listen(8, (stream) => stream.resetAndDestroy())
  const broken = a.connect(b.peer, 8)
  await once(broken, 'error')
  await Promise.all([a.close(), b.close()])
  for (const unlisten of listeners) unlisten()
  const { id, localPort } = whole
  const there = { hit: b.hit, peer: a.hit, id, localPort: 7, remotePort: localPort }
  const here = { hit: a.hit, peer: b.hit, id, localPort, remotePort: 7 }
  expect(heard).toContainEqual({ what: 'open', ...there, opener: false })
  expect(heard).toContainEqual({ what: 'open', ...here, opener: true })
  expect(heard).toContainEqual({ what: 'close', ...here, bytesRead: 5, bytesWritten: 3, lost: undefined })
  expect(heard).toContainEqual({ what: 'close', ...there, bytesRead: 3, bytesWritten: 5, lost: undefined })
  const resets = heard.filter(({ what }) => what === 'reset')
  expect(resets).toContainEqual(expect.objectContaining({ hit: b.hit, id: broken.id, by: 'us', code: 3 }))
  expect(resets).toContainEqual(expect.objectContaining({ hit: a.hit, id: broken.id, by: 'peer', code: 3 }))
})

test('no key is logged unless the environment asks for it', async () => {
  vi.stubEnv('SOJOURN_KEYLOG', undefined)
  expect(openKeyLog()).toBeUndefined()
  vi.stubEnv('SOJOURN_KEYLOG', '')
  expect(openKeyLog()).toBeUndefined()
})

test('a key log is for its owner alone, warns once, and has a line a key that both ends agree on', async () => {
  const path = join(folder, 'keys')
  vi.stubEnv('SOJOURN_KEYLOG', path)
  const warnings: string[] = []
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    warnings.push(String(text))
    return true
  })
  const { a, b } = await pair()
  expect(existsSync(path)).toBe(true)
  expect((statSync(path).mode & 0o777).toString(8)).toBe('600')
  expect(warnings.join('')).toMatch(/^sojourn: WARNING: [^\n]*\n$/)
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  for (const line of lines) {
    expect(line).toMatch(/^(?:ESP [0-9a-f]{8} \d+ [0-9a-f]{40} -|KIJ \S+ \S+ [0-9a-f]{64})$/)
  }
  const secrets = lines.filter((line) => line.startsWith('KIJ')).map((line) => line.split(' ')[3])
  expect(secrets.length).toBe(2)
  expect(new Set(secrets).size).toBe(1)
  // Each direction is logged by both ends, with the same key.
  const spis = lines.filter((line) => line.startsWith('ESP'))
  for (const line of spis) expect(spis.filter((other) => other === line).length).toBe(2)
  expect([a.hit, b.hit]).toContain(lines.find((line) => line.startsWith('KIJ'))?.split(' ')[1])
})

test('a line has the authentication key where the suite has one', () => {
  const key = Uint8Array.of(1, 2)
  const entry = { kind: 'ESP', spi: 0x100, suite: 8, encryption: key, authentication: key } as const
  expect(keyLogLine(entry)).toBe('ESP 00000100 8 0102 0102')
})

test('a key log that cannot be written fails the opening', () => {
  vi.stubEnv('SOJOURN_KEYLOG', join(folder, 'no', 'such', 'folder'))
  expect(() => openKeyLog()).toThrow(expect.objectContaining({ code: 'ERR_SOJOURN_KEY_FILE' }))
})
