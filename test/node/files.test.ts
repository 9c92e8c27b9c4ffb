// Keys on disk (DESIGN §8): who can read them, and that nothing is ever half written or replaced.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Host } from '../../src/node/host.ts'
import { createIdentity, readIdentity, readOrCreateIdentity, writeIdentity } from '../../src/node/key-file.ts'
import { createSecret } from '../../src/node/secret-file.ts'
import { temporaryFolder } from '../support/temporary.ts'

const folder = temporaryFolder()
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)
let count = 0
const fresh = (): string => join(folder, `key-${count++}.pem`)

describe.each([0o000, 0o022, 0o777])('with umask %o', (mask) => {
  let before = 0
  beforeEach(() => {
    before = process.umask(mask)
  })
  afterEach(() => {
    process.umask(before)
  })

  test('a key file is for its owner alone', async () => {
    const path = fresh()
    await writeIdentity(path, createIdentity())
    expect(modeOf(path)).toBe('600')
  })

  test('a home and everything in it are for their owner alone', async () => {
    const home = join(folder, `home-${count++}`, 'below')
    await Host.open({ home })
    expect(modeOf(home)).toBe('700')
    for (const name of readdirSync(home)) expect(`${name} ${modeOf(join(home, name))}`).toBe(`${name} 600`)
  })
})

test.each(['ed25519', 'ecdsa-p256'] as const)('an %s identity reads back as the same', async (algorithm) => {
  const path = fresh()
  const identity = createIdentity(algorithm)
  await writeIdentity(path, identity)
  expect((await readIdentity(path)).hit).toBe(identity.hit)
})

test('a key file is never replaced, and no temporary file stays', async () => {
  const path = fresh()
  const first = createIdentity()
  await writeIdentity(path, first)
  await expect(writeIdentity(path, createIdentity())).rejects.toMatchObject({ code: 'ERR_SOJOURN_KEY_FILE' })
  expect((await readIdentity(path)).hit).toBe(first.hit)
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
})

test('of many processes that make the same file at once, all get the same key', async () => {
  const path = fresh()
  const made = await Promise.all(Array.from({ length: 16 }, () => readOrCreateIdentity(path)))
  expect(new Set(made.map(({ hit }) => hit)).size).toBe(1)
})

test('a key that cannot be written leaves nothing behind', async () => {
  const path = join(folder, 'no-such-folder', 'key.pem')
  await expect(writeIdentity(path, createIdentity())).rejects.toMatchObject({ code: 'ERR_SOJOURN_KEY_FILE' })
  expect(existsSync(path)).toBe(false)
})

test.each([0o604, 0o640, 0o644, 0o602, 0o660])('a key file of mode %o is refused, with the way out', async (mode) => {
  const path = fresh()
  await writeIdentity(path, createIdentity())
  chmodSync(path, mode)
  const error: unknown = await readIdentity(path).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'ERR_SOJOURN_KEY_FILE' })
  expect(String(error)).toContain(`chmod 600 ${path}`)
})

test.each([
  ['an empty file', ''],
  ['garbage', 'not a key\n'],
  ['a public key', createIdentity().publicPem()],
  ['half a key', createIdentity().toPem().slice(0, 60)],
])('%s is no identity; the error names the file and quotes no key', async (_what, text) => {
  const path = fresh()
  await createSecret(path, text)
  const error: unknown = await readIdentity(path).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'ERR_SOJOURN_KEY_FILE' })
  expect(String(error)).toContain(path)
  expect(String(error)).not.toContain('\n')
  if (text.length > 20) expect(String(error)).not.toContain(text.slice(28, 48))
})

test('a folder, a missing file and an endless one are no identities', async () => {
  const directory = join(folder, 'directory')
  mkdirSync(directory, { mode: 0o700 })
  const endless = join(folder, 'endless')
  symlinkSync('/dev/zero', endless)
  for (const path of [directory, endless, join(folder, 'missing.pem')]) {
    await expect(readIdentity(path)).rejects.toMatchObject({ code: 'ERR_SOJOURN_KEY_FILE' })
  }
})

test('a host is the same every time, and two homes are two hosts', async () => {
  const [home, other] = [join(folder, 'a'), join(folder, 'b')]
  const first = await Host.open({ home })
  const again = await Host.open({ home })
  expect(again.hit).toBe(first.hit)
  expect(again.kem).toEqual(first.kem)
  expect((await Host.open({ home: other })).hit).not.toBe(first.hit)
})

test('a damaged KEM key file is refused and left as it is', async () => {
  const home = join(folder, 'damaged')
  await Host.open({ home })
  const path = join(home, 'kem.pem')
  writeFileSync(path, 'damaged')
  await expect(Host.open({ home })).rejects.toMatchObject({ code: 'ERR_SOJOURN_KEY_FILE' })
  expect(readFileSync(path, 'utf8')).toBe('damaged')
})

test.each([0o777, 0o770, 0o702])(
  'a home of mode %o, in which others could put their keys, is refused',
  async (mode) => {
    const home = join(folder, `home-${count++}`)
    mkdirSync(home)
    chmodSync(home, mode)
    await expect(Host.open({ home })).rejects.toMatchObject({ code: 'ERR_SOJOURN_KEY_FILE' })
    expect(readdirSync(home)).toEqual([])
    chmodSync(home, 0o755)
    await Host.open({ home })
  },
)

test('a key that cannot be written names its folder, and no file of ours', async () => {
  const path = join(folder, 'nowhere', 'key.pem')
  const error: unknown = await createSecret(path, 'text').catch((caught: unknown) => caught)
  expect(String(error)).toContain(`the folder ${join(folder, 'nowhere')}`)
  expect(String(error)).not.toContain('.tmp')
})
