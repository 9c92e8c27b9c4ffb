// Choosing algorithms as users do: on real sockets, with files, and what is said when a choice cannot be had.

import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { conformance } from '../../src/conformance.ts'
import { Host } from '../../src/node/host.ts'
import { createIdentity, readIdentity, writeIdentity } from '../../src/node/key-file.ts'
import { thaw } from '../../src/node/thaw.ts'
import { closeLater, endpointOn, nextOn, pair } from '../support/endpoints.ts'
import { temporaryFolder } from '../support/temporary.ts'

const folder = temporaryFolder()
const rsa = createIdentity('rsa', conformance)

test.each<[string, object]>([
  ['ESP suite 12', { espSuites: [12] }],
  ['ESP suite 9, AES-256 and group 8', { espSuites: [9], hipCiphers: [4], dhGroups: [8] }],
  ['NULL, SHA-1 and group 3', { algorithms: conformance, espSuites: [7, 1], hipCiphers: [1], dhGroups: [3] }],
  ['an RSA identity', { algorithms: conformance, identity: rsa }],
  ['an ECDSA P-384 identity', { algorithms: conformance, identity: createIdentity('ecdsa-p384', conformance) }],
])('two endpoints talk under %s', async (_what, options) => {
  const { algorithms } = options as { algorithms?: typeof conformance }
  const { identity: _one, ...second } = { identity: undefined, ...options }
  const { a, b, association } = await pair(options, { ...second, ...(algorithms && { algorithms }) })
  const [from, to] = [await a.datagrams(9), await b.datagrams(7)]
  const heard = nextOn(to)
  from.send('hello', 7, b.hit)
  expect((await heard).bytes.toString()).toBe('hello')
  expect((await association.ping()).rttMs).toBeGreaterThan(0)
})

test.each(['rsa', 'ecdsa-p384'] as const)(
  'an endpoint that has not asked for %s is told that it is incompatible with one',
  async (kind) => {
    const a = await endpointOn({ config: { baseExchangeMs: 400 } })
    const b = await endpointOn({
      algorithms: conformance,
      identity: kind === 'rsa' ? rsa : createIdentity(kind, conformance),
    })
    await expect(a.associate(b.peer)).rejects.toMatchObject({ code: 'ERR_SOJOURN_INCOMPATIBLE' })
  },
)

describe('a choice that cannot be had is refused in one line before anything is opened:', () => {
  it.each<[object, RegExp]>([
    [{ dhGroups: [3] }, /dhGroups: 3 is not among the algorithms \(7, 8, 4\): .*sojourn\/conformance/],
    [{ espSuites: [7] }, /espSuites: 7 is not among/],
    [{ hipCiphers: [1] }, /hipCiphers: 1 is not among/],
    [{ algorithms: conformance, espSuites: [2] }, /espSuites: 2 is not among/],
    [{ espSuites: [] }, /espSuites is empty/],
    [{ espSuites: [13, 13] }, /espSuites names something twice/],
    [{ espSuites: [13, 12, 9, 8, 13, 12, 9] }, /espSuites has more than 6 entries/],
    [{ identity: rsa }, /identity of kind rsa is not among the algorithms/],
  ])('%o', async (options, says) => {
    const error: unknown = await endpointOn(options).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'ERR_SOJOURN_ARGUMENT', message: expect.stringMatching(says) })
    expect(String(error)).not.toContain('\n')
  })
})

test('an RSA identity has a key file, which is no identity to who has not asked for RSA', async () => {
  const path = join(mkdtempSync(join(folder, 'keys-')), 'rsa.pem')
  await writeIdentity(path, rsa)
  expect((await readIdentity(path, conformance)).hit).toBe(rsa.hit)
  const error: unknown = await readIdentity(path).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'ERR_SOJOURN_KEY_FILE', message: expect.stringMatching(/sojourn\/conformance/) })
  for (const line of readFileSync(path, 'utf8').split('\n').slice(1, 3)) expect(String(error)).not.toContain(line)
  expect(() => createIdentity('rsa')).toThrow(/sojourn\/conformance/)
})

test.each(['rsa', 'ecdsa-p384'] as const)(
  'a process with an identity of kind %s moves, and its peer stays',
  async (kind) => {
    const root = mkdtempSync(join(folder, 'places-'))
    const hosts = [await Host.open({ home: join(root, 'one') }), await Host.open({ home: join(root, 'two') })] as const
    const [from, to] = hosts.map((host) => ({ host, ledger: host.ledger(join(root, 'ledger'), conformance) }))
    if (from === undefined || to === undefined) throw new Error('two places')
    const identity = kind === 'rsa' ? rsa : createIdentity(kind, conformance)
    const algorithms = conformance
    const service = await endpointOn({ ...from, identity, algorithms })
    await service.datagrams(7)
    const other = await endpointOn({ algorithms })
    const association = await other.associate(service.peer)
    const capsule = await service.freeze({ to: await to.host.offer(service.hit, service.epoch) })
    await expect(thaw(capsule, { ...to, bind: { address: '127.0.0.1' } })).rejects.toMatchObject({
      code: 'ERR_SOJOURN_CAPSULE',
    })
    const thawed = await thaw(capsule, { ...to, algorithms, bind: { address: '127.0.0.1' } })
    closeLater(thawed.endpoint)
    expect([thawed.endpoint.hit, thawed.endpoint.epoch]).toEqual([identity.hit, 2])
    const socket = thawed.sockets.get(7)
    if (socket === undefined) throw new Error('port 7 was bound')
    const heard = nextOn(socket)
    const sender = await other.datagrams(9)
    const again = setInterval(() => sender.send('after', 7, identity.hit), 50)
    expect((await heard).bytes.toString()).toBe('after')
    clearInterval(again)
    expect(association.baseExchanges).toBe(1)
  },
)
