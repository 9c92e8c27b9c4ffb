// What is left of keys in a process that has closed, frozen, fenced or rekeyed: a heap snapshot has none of them in any form, and the
// memory of the process does not hold their bytes. The keys are known here because this process is the peer.

import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Identity } from '../../src/crypto/identity.ts'
import type { KeySet } from '../../src/crypto/keymat.ts'
import { Host } from '../../src/node/host.ts'
import { Child } from '../support/children.ts'
import { endpointOn } from '../support/endpoints.ts'
import { findInProcess } from '../support/process-memory.ts'
import { temporaryFolder } from '../support/temporary.ts'

/** The first 16 bytes of all keys that this process has derived, a list a generation: an AEAD's are followed by its salt. */
const generations = vi.hoisted((): Map<string, Uint8Array>[] => [])

vi.mock('../../src/crypto/keymat.ts', async (original) => {
  const real = await original<typeof import('../../src/crypto/keymat.ts')>()
  const noted = (kij: Uint8Array, keys: KeySet): KeySet => {
    const secrets: Record<string, Uint8Array> = {
      Kij: kij,
      S: keys.resumption.secret,
      'HIP encryption out': keys.hip.send.encryption,
      'HIP encryption in': keys.hip.receive.encryption,
      'HIP integrity out': keys.hip.send.integrity,
      'HIP integrity in': keys.hip.receive.integrity,
      'ESP out': keys.esp.send.encryption,
      'ESP in': keys.esp.receive.encryption,
    }
    generations.push(
      new Map(Object.entries(secrets).map(([name, bytes]) => [name, Uint8Array.from(bytes.subarray(0, 16))])),
    )
    return keys
  }
  const baseKeys: typeof real.baseKeys = (context, kij) => {
    const copy = kij.slice()
    return noted(copy, real.baseKeys(context, kij))
  }
  const ratchetKeys: typeof real.ratchetKeys = (context, kij, ...more) => {
    const copy = kij.slice()
    return noted(copy, real.ratchetKeys(context, kij, ...more))
  }
  return { ...real, baseKeys, ratchetKeys }
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
  holds(secrets: ReadonlyMap<string, Uint8Array>): readonly string[] {
    const { found, bytes } = findInProcess(this.child.pid, secrets)
    expect(bytes).toBeGreaterThan(1_000_000)
    return [...found.keys()].sort()
  }

  async snapshot(): Promise<string> {
    const path = join(this.home, `${process.hrtime.bigint()}.heapsnapshot`)
    await this.do(`dump ${path}`)
    return readFileSync(path, 'utf8')
  }
}

/** Every way in which bytes are written as text. */
function texts(bytes: Uint8Array): readonly string[] {
  const buffer = Buffer.from(bytes)
  const [hex, base64] = [buffer.toString('hex'), buffer.toString('base64').slice(0, -4)]
  const lists = [',', ', '].map((comma) => [...bytes].join(comma))
  const latin = JSON.stringify(buffer.toString('latin1')).slice(1, -1)
  return [hex, hex.toUpperCase(), base64, buffer.toString('base64url').slice(0, -3), latin, ...lists]
}

function shown(text: string, secrets: ReadonlyMap<string, Uint8Array>): readonly string[] {
  return [...secrets].filter(([, bytes]) => texts(bytes).some((form) => text.includes(form))).map(([name]) => name)
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

function all(keeper: Keeper, old: Map<string, Uint8Array>, now: Map<string, Uint8Array>): Map<string, Uint8Array> {
  const named = (prefix: string, secrets: Map<string, Uint8Array>) =>
    [...secrets].map(([name, bytes]) => [`${prefix} ${name}`, bytes] as const)
  return new Map([...named('old', old), ...named('new', now), ['identity', keeper.secret]])
}

const hasMemory = existsSync('/proc/self/mem')

describe.skipIf(!hasMemory)('the memory of a process', () => {
  test('holds the keys that are in use, and after a rekey none of those before', async () => {
    const { keeper, old, now } = await kept('rekeyed')
    // The control: where keys are, they are found.
    expect(keeper.holds(now)).toEqual(expect.arrayContaining(['ESP in', 'ESP out', 'HIP integrity in', 'S']))
    // The SA before is closed three PTO after the answer.
    await vi.waitFor(() => expect(keeper.holds(old)).toEqual([]), { timeout: 10_000, interval: 200 })
  })

  test.each(['close', 'destroy', 'freeze'])('holds no key any more after %s', async (deed) => {
    const { keeper, all } = await kept(deed)
    await keeper.do(deed)
    await keeper.do('drop')
    expect(keeper.holds(all)).toEqual([])
  })

  test('holds no key any more after a fence', async () => {
    const { keeper, peer, all } = await kept('fenced')
    const host = await Host.open({ home: keeper.home })
    const identity = Identity.fromSecret('ed25519', keeper.secret)
    const newer = await endpointOn({ identity, host, ledger: host.ledger(keeper.ledger), takeOver: true })
    await newer.associate(peer.peer)
    await keeper.do('fence')
    await keeper.do('drop')
    expect(keeper.holds(all)).toEqual([])
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
