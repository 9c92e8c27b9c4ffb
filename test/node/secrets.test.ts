// What is left of keys in a process that has closed, frozen, fenced or rekeyed: a heap snapshot has none of them in any form, and the
// memory of the process does not hold their bytes. The keys are known here because this process is the peer.

import { createHash, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Identity } from '../../src/crypto/identity.ts'
import { Host } from '../../src/node/host.ts'
import { Child } from '../support/children.ts'
import { endpointOn } from '../support/endpoints.ts'
import { generations, type Secrets, shown } from '../support/noted-keys.ts'
import { findInProcess } from '../support/process-memory.ts'
import { temporaryFolder } from '../support/temporary.ts'

vi.mock('../../src/crypto/keymat.ts', async (original) => {
  const { noting } = await import('../support/noted-keys.ts')
  return noting(await original<typeof import('../../src/crypto/keymat.ts')>())
})

const folder = temporaryFolder()
const children = new Set<Child>()

afterEach(async () => {
  for (const child of children) await child.kill()
  children.clear()
})

class Keeper {
  readonly child: Child
  readonly home: string
  readonly ledger: string
  readonly secret: Uint8Array
  #said = 0

  constructor(name: string) {
    const root = mkdtempSync(join(folder, 'keeper-'))
    this.home = join(root, 'home')
    this.ledger = join(root, 'ledger')
    this.secret = new Uint8Array(createHash('sha256').update(name).digest())
    this.child = new Child('secret-keeper', [name, this.home, this.ledger], ['--expose-gc'])
    children.add(this.child)
  }

  next(): Promise<Record<string, unknown> | undefined> {
    return this.child.said(++this.#said)
  }

  async do(line: string): Promise<void> {
    this.child.tell(`${line}\n`)
    expect(await this.next()).toEqual({ done: line.split(' ')[0] })
  }

  /** What of these secrets the memory of the process has. */
  holds(secrets: Secrets): readonly string[] {
    const { found, bytes } = findInProcess(this.child.pid, secrets)
    expect(bytes).toBeGreaterThan(1_000_000)
    return [...found.keys()].sort()
  }

  /** Collects until nothing of these secrets is left: OpenSSL cleanses its part when the collector frees what holds it. */
  async forgets(secrets: Secrets): Promise<void> {
    const gone = async (): Promise<void> => {
      await this.do('collect')
      expect(this.holds(secrets)).toEqual([])
    }
    await vi.waitFor(gone, { timeout: 15_000, interval: 100 })
  }

  async snapshot(): Promise<string> {
    const path = join(this.home, `${process.hrtime.bigint()}.heapsnapshot`)
    await this.do(`dump ${path}`)
    return readFileSync(path, 'utf8')
  }
}

/** A keeper with an association of two generations of keys: `old` of the base exchange, `now` of the rekey. */
async function kept(name: string) {
  generations.length = 0
  const keeper = new Keeper(name)
  const peer = await endpointOn({})
  await keeper.next()
  await keeper.do(`associate ${peer.peer}`)
  await keeper.do('rekey')
  const [old, now, ...more] = generations
  if (old === undefined || now === undefined || more.length > 0) throw new Error(`${generations.length} generations`)
  return { keeper, peer, old, now, all: all(keeper, old, now) }
}

function all(keeper: Keeper, old: Secrets, now: Secrets): Secrets {
  const named = (prefix: string, secrets: Secrets) =>
    [...secrets].map(([name, bytes]) => [`${prefix} ${name}`, bytes] as const)
  return new Map([...named('old', old), ...named('new', now), ['identity', keeper.secret]])
}

/** Linux shows the memory of a process as a file; nothing else that Node runs on does. */
const onLinux = process.platform === 'linux'

/**
 * All but the seed of the identity: node:crypto takes it as a JWK, and frees its copy without overwriting it (docs/THREATS.md, K1).
 */
function session(secrets: Secrets): Secrets {
  return new Map([...secrets].filter(([name]) => name !== 'identity'))
}

describe.runIf(onLinux)('the memory of a process (on Linux)', () => {
  test('holds the keys that are in use, and after a rekey none of those before', async () => {
    const { keeper, old, now } = await kept('rekeyed')
    // The control: where keys are, they are found.
    expect(keeper.holds(now)).toEqual(expect.arrayContaining(['ESP in', 'ESP out', 'HIP integrity in', 'S']))
    // The SA before is closed three PTO after the answer.
    await keeper.forgets(old)
  })

  test.each(['close', 'destroy', 'freeze'])('holds no key of a session any more after %s', async (deed) => {
    const { keeper, all } = await kept(deed)
    await keeper.do(deed)
    await keeper.do('drop')
    await keeper.forgets(session(all))
  })

  test('holds no key of a session any more after a fence', async () => {
    const { keeper, peer, all } = await kept('fenced')
    const host = await Host.open({ home: keeper.home })
    const identity = Identity.fromSecret('ed25519', keeper.secret)
    const newer = await endpointOn({ identity, host, ledger: host.ledger(keeper.ledger), takeOver: true })
    await newer.associate(peer.peer)
    await keeper.do('fence')
    await keeper.do('drop')
    await keeper.forgets(session(all))
  })
})

/** The numbers of an RSA key that are secret, in the order of bytes of a file and in that of OpenSSL's arithmetic. */
function rsaSecrets(jwk: object): Secrets {
  const parts = Object.entries(jwk).filter(([name]) => ['d', 'p', 'q', 'dp', 'dq', 'qi'].includes(name))
  return new Map(
    parts.flatMap(([name, text]) => {
      const bytes = new Uint8Array(Buffer.from(String(text), 'base64url'))
      return [
        [name, bytes],
        [`${name} backwards`, bytes.slice().reverse()],
      ] as const
    }),
  )
}

describe.runIf(onLinux)('the memory of a process with an RSA identity (on Linux)', () => {
  test.each(['der', 'pem'] as const)('holds no part of a key read from %s once it is destroyed', async (form) => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const path = join(folder, `rsa.${form}`)
    const pem = () => privateKey.export({ type: 'pkcs8', format: 'pem' })
    writeFileSync(path, form === 'pem' ? pem() : privateKey.export({ type: 'pkcs8', format: 'der' }))
    const secrets = rsaSecrets(privateKey.export({ format: 'jwk' }))
    const child = new Child('rsa-keeper', [form, path], ['--expose-gc'])
    children.add(child)
    expect(await child.said(1)).toEqual({ done: 'sign' })
    const held = () => [...findInProcess(child.pid, secrets).found.keys()].sort()
    // The control: where the key is, it is found in both orders.
    expect(held()).toEqual([...secrets.keys()].sort())
    let said = 1
    const tell = async (deed: string): Promise<void> => {
      child.tell(`${deed}\n`)
      expect(await child.said(++said)).toEqual({ done: deed })
    }
    await tell('destroy')
    const gone = async (): Promise<void> => {
      await tell('collect')
      expect(held()).toEqual([])
    }
    await vi.waitFor(gone, { timeout: 10_000, interval: 100 })
  })
})

describe('a heap snapshot', () => {
  test.each(['close', 'destroy', 'freeze'])('after %s shows no key in any form', async (deed) => {
    const { keeper, all } = await kept(`snapshot ${deed}`)
    await keeper.do(deed)
    await keeper.do('drop')
    const text = await keeper.snapshot()
    // The control: what the process does remember is there.
    expect(text).toContain(`snapshot`)
    expect(text).toContain('secret-keeper')
    expect(shown(text, all)).toEqual([])
  })
})
