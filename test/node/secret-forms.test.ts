// Keys and the texts that a program makes of what it has: nothing of the one is in the other.

import { channel } from 'node:diagnostics_channel'
import { format, inspect } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { Secret, secretCopy, wipe } from '../../src/crypto/secret.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import { type Running, startCli } from '../support/cli.ts'
import { closeLater, endpointOn } from '../support/endpoints.ts'
import { generations, type Secrets, shown } from '../support/noted-keys.ts'
import { answerOn, places, scene, thawAt } from '../support/places.ts'
import { readText } from '../support/tree.ts'

vi.mock('../../src/crypto/keymat.ts', async (original) => {
  const { noting } = await import('../support/noted-keys.ts')
  return noting(await original<typeof import('../../src/crypto/keymat.ts')>())
})

const CHANNELS = [...readText('src/node/observe.ts').matchAll(/^ {2}\| '(\w+)'/gm)].map(([, name]) => `sojourn:${name}`)

function noted(more: Readonly<Record<string, Uint8Array>> = {}): Secrets {
  const all = generations.flatMap((generation, index) =>
    [...generation].map(([name, bytes]) => [`${index} ${name}`, bytes] as const),
  )
  expect(all.length).toBeGreaterThan(7)
  return new Map([...all, ...Object.entries(more).map(([name, bytes]) => [name, bytes.slice(0, 16)] as const)])
}

describe('secret bytes', () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, index) => 200 + (index % 50))
  const secrets = new Map([['bytes', bytes.subarray(0, 16)]])
  const secret = secretCopy(bytes)

  test('show nothing in an inspection, a text or JSON', () => {
    const inside = {
      secret,
      list: [secret],
      part: secret.subarray(0, 24),
      copy: secret.slice(),
      mapped: secret.map((b) => b),
    }
    const all = [
      inspect(inside, { depth: 9 }),
      JSON.stringify(inside),
      String(secret),
      `${secret}`,
      secret.toLocaleString(),
    ]
    all.push(format('%s %o %j %O', secret, secret, secret, secret), new Error(`no key ${secret}`).message)
    for (const text of all) {
      expect(shown(text, secrets)).toEqual([])
      expect(text).toContain('[secret]')
    }
  })

  test('compute as any others, lie in memory of their own, and are zero when they are wiped', () => {
    expect([...secret]).toEqual([...bytes])
    expect(secret.slice(1, 3)).toBeInstanceOf(Secret)
    expect([...secret.subarray(1, 3)]).toEqual([201, 202])
    const view = new Uint8Array(secret.buffer, secret.byteOffset, secret.length)
    expect(view.length).toBe(32)
    const other = secretCopy(bytes)
    wipe(other)
    expect([...other]).toEqual(new Array(32).fill(0))
  })

  test('of an identity are gone when it is destroyed, and calls that need them say so', () => {
    const identity = createIdentity()
    const { hit } = identity
    identity.sign(bytes)
    identity.destroy()
    for (const call of [() => identity.sign(bytes), () => identity.secret(), () => identity.toPem()])
      expect(call).toThrow(new TypeError(`the key of ${hit} has been destroyed: read it again from its file`))
    expect([identity.hit, identity.publicPem().includes('PUBLIC KEY')]).toEqual([hit, true])
  })
})

test('endpoints tell no key in errors, diagnostics, events and NODE_DEBUG', async () => {
  generations.length = 0
  const said: string[] = []
  const say = (value: unknown): number =>
    said.push(inspect(value, { depth: 12, showHidden: true }), JSON.stringify(value) ?? '')
  const listener = (message: unknown): number => say(message)
  for (const name of CHANNELS) channel(name).subscribe(listener)
  const [from, to] = await places(2)
  const { service, peer, association, talk } = await scene(from)
  const identity = service.identity.secret()
  for (const each of [service, peer, association, talk, service.identity, from.host, from.host.kem]) say(each)
  association.once('rekeyed', () => say('rekeyed'))
  association.rekey()
  await vi.waitFor(() => expect(generations.length).toBeGreaterThan(2))
  const capsule = await service.freeze({ to: to.host.kem })
  const thawed = await thawAt(to, capsule)
  for (const socket of thawed.sockets.values()) answerOn(socket)
  say(thawed)
  const failures = [
    service.associate(peer.peer),
    peer.associate(`${createIdentity().hit}@127.0.0.1:9`, { timeoutMs: 50 }),
    thawAt(to, capsule),
    thawAt(
      to,
      capsule.map((byte, index) => (index > 100 ? byte ^ 1 : byte)),
    ),
    endpointOn({ identity: thawed.endpoint.identity, ...from }).then(closeLater),
    endpointOn({ allow: [thawed.endpoint.identity.toPem()] }).then(closeLater),
  ]
  for (const { reason, status } of (await Promise.allSettled(failures)).map((end) => ({ reason: undefined, ...end }))) {
    expect(status).toBe('rejected')
    say(reason)
    say(String(reason))
  }
  await thawed.endpoint.close()
  for (const name of CHANNELS) channel(name).unsubscribe(listener)
  expect(said.length).toBeGreaterThan(30)
  expect(shown(said.join('\n'), noted({ identity }))).toEqual([])
})

test('the command line tells no key on stderr with NODE_DEBUG', async () => {
  generations.length = 0
  const listen: Running = startCli(['listen', '7', '--echo', '--bind', '127.0.0.1:0', '--json'], {
    NODE_DEBUG: 'sojourn',
  })
  const { peer } = JSON.parse(await listen.firstLine)
  const a = await endpointOn()
  const association = await a.associate(peer)
  await association.ping()
  await a.close()
  listen.kill('SIGINT')
  const { stdout, stderr } = await listen.finished
  expect(stderr).toContain('associated')
  expect(shown(stdout + stderr, noted())).toEqual([])
})
