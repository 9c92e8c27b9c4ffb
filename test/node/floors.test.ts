// What a host keeps of the peers of an identity (MOVING §2, §7): a restarted identity refuses what it had refused before.

import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { decodeFloors } from '../../src/core/moving/floor-codec.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import { MemoryLedger } from '../../src/ledger/memory.ts'
import type { Endpoint, EndpointOptions } from '../../src/node/endpoint.ts'
import { FloorFile } from '../../src/node/floor-file.ts'
import { Host } from '../../src/node/host.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import { thaw } from '../../src/node/thaw.ts'
import { closeLater, endpointOn } from '../support/endpoints.ts'
import { temporaryFolder } from '../support/temporary.ts'

const folder = temporaryFolder()

/** A host of its own with a ledger that starts whatever it is asked to. */
async function place() {
  const host = await Host.open({ home: mkdtempSync(join(folder, 'home-')) })
  return { host, ledger: new MemoryLedger({ identity: createIdentity() }) }
}

function fileOf({ host }: { readonly host: Host }, { hit }: { readonly hit: Endpoint['hit'] }): string {
  return join(host.home, 'floors', toHex(hitBytes(hit)))
}

async function met(own: EndpointOptions, peer: EndpointOptions): Promise<Endpoint> {
  const [a, b] = [await endpointOn(own), await endpointOn(peer)]
  await a.associate(b.peer)
  await a.close()
  return b
}

test('a restarted identity refuses a lower epoch of a peer, which without its floors it takes', async () => {
  const [here, there] = [await place(), await place()]
  const own = { ...here, identity: createIdentity(), config: { baseExchangeMs: 500 } }
  const peer = { ...there, identity: createIdentity(), takeOver: true }
  const former = await endpointOn(peer)
  expect((await met(own, peer)).epoch).toBe(former.epoch + 1)

  const again = await endpointOn(own)
  await expect(again.associate(former.peer)).rejects.toMatchObject({ code: 'ERR_SOJOURN_REFUSED' })
  await expect(former.associate(again.peer, { timeoutMs: 300 })).rejects.toThrow()
  expect(again.counters['i2-below-floor']).toBeGreaterThan(0)
  await again.close()

  rmSync(fileOf(here, again))
  const forgetful = await endpointOn(own)
  expect((await forgetful.associate(former.peer)).peer).toBe(former.hit)
})

test('a restarted identity refuses a peer that another ledger vouches for, however high its epoch', async () => {
  const [here, there, elsewhere] = [await place(), await place(), await place()]
  const own = { ...here, identity: createIdentity(), config: { baseExchangeMs: 500 } }
  const identity = createIdentity()
  await (await met(own, { ...there, identity })).close()

  let other = await endpointOn({ ...elsewhere, identity })
  while (other.epoch < 3) {
    await other.close()
    other = await endpointOn({ ...elsewhere, identity })
  }
  const again = await endpointOn(own)
  await expect(again.associate(other.peer)).rejects.toMatchObject({ code: 'ERR_SOJOURN_REFUSED' })
})

test('the file is written soon after a floor has risen, for its owner alone, and nothing else stays', async () => {
  const here = await place()
  const [a, b] = [await endpointOn(here), await endpointOn(await place())]
  const heard = once(b, 'association')
  await a.associate(b.peer)
  await heard
  await vi.waitFor(() => expect(statSync(fileOf(here, a)).mode & 0o777).toBe(0o600), 10_000)
  expect(decodeFloors(readFileSync(fileOf(here, a)))).toMatchObject([{ epoch: b.epoch }])
  expect(readdirSync(join(here.host.home, 'floors'))).toEqual([toHex(hitBytes(a.hit))])
  expect(statSync(join(here.host.home, 'floors')).mode & 0o777).toBe(0o700)
})

test.each([
  ['closed', true],
  ['frozen', true],
  ['fenced', false],
] as const)(
  'what rose last is written when a start is %s: %s, because a newer start may have written already',
  async (reason, written) => {
    const here = await place()
    const { hit } = createIdentity()
    const file = await FloorFile.open(here.host, hit, { config: { floorsMax: 1 } })
    for (const epoch of [1, 2]) {
      const { publicKey: key } = createIdentity()
      file.floors.raise({ key, epoch, incarnation: new Uint8Array(16), ledger: undefined, receipt: undefined })
    }
    await file.close(reason)
    expect(existsSync(fileOf(here, { hit }))).toBe(written)
    if (written) expect(decodeFloors(readFileSync(fileOf(here, { hit })))).toMatchObject([{ epoch: 2 }])
  },
)

test('an endpoint without a host, and one that has met nobody, keep no file', async () => {
  const here = await place()
  await met({}, here)
  await (await endpointOn(here)).close()
  expect(readdirSync(here.host.home)).not.toContain('floors')
})

test('floors that moved in a capsule are kept where it was thawed', async () => {
  const here = await place()
  const [a, b] = [await endpointOn(here), await endpointOn(await place())]
  await a.associate(b.peer)
  const capsule = await a.freeze({ to: here.host.kem })
  rmSync(join(here.host.home, 'floors'), { recursive: true, force: true })
  const { endpoint } = await thaw(capsule, { ...here, bind: { address: '127.0.0.1' } })
  await closeLater(endpoint).close()
  expect(decodeFloors(readFileSync(fileOf(here, a)))).toMatchObject([{ epoch: b.epoch }])
})

test('a damaged file stops the start with one line that names it and the way out, and claims nothing', async () => {
  const here = await place()
  const identity = createIdentity()
  const path = fileOf(here, identity)
  mkdirSync(join(here.host.home, 'floors'))
  writeFileSync(path, 'damaged')
  const error: unknown = await endpointOn({ ...here, identity }).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'ERR_SOJOURN_KEY_FILE' })
  expect(String(error)).toContain(`${path} is damaged`)
  expect(String(error)).toContain('remove it')
  expect(String(error)).not.toContain('\n')
  expect(await here.ledger.read(identity.hit)).toBeUndefined()
  expect(readFileSync(path, 'utf8')).toBe('damaged')
})
