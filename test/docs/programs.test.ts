// What the documentation shows as a program is one: it compiles under our own strictness, and it does what the text says.

import { execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { Endpoint, parsePeer, SojournAgent } from '../../src/index.ts'
import { afterThisTest } from '../support/afterwards.ts'
import { ask } from '../support/ask.ts'
import {
  compileBlocks,
  type DocBlock,
  docBlocks,
  exampleBlocks,
  programOfAll,
  programPath,
} from '../support/doc-blocks.ts'
import { begin, environment, runFolder, stop } from '../support/programs.ts'
import { ROOT } from '../support/tree.ts'

/** After which loopback has delivered what a process that is gone has sent. */
const SETTLE_MS = 100

const examples = exampleBlocks()
const blocks = new Map(
  [...docBlocks(), ...examples].map((block, index): [string, DocBlock] => [`block-${index}`, block]),
)
const named = [...blocks].map(([name, block]) => ({ name, where: `${block.file}:${block.line}`, block }))
let complaints = ''

beforeAll(() => {
  complaints = compileBlocks(blocks)
}, 60_000)

function run(program: string): string {
  return execFileSync(process.execPath, [program], { cwd: runFolder(), env: environment(), timeout: 20_000 }).toString()
}

describe('the programs of the documentation', () => {
  it('compile against the package by its name', () => {
    expect(complaints).toBe('')
  })

  it('show the calls that everybody needs in their place', () => {
    const shown = examples.map(({ mark }) => mark).sort()
    const calls = [
      ...['SojournAgent', 'associate', 'connect', 'datagrams', 'freeze', 'listen', 'offer', 'open', 'path'],
      ...['resumable', 'setAccess', 'setAccess', 'setAccess', 'sojournConnection', 'sojournConnector', 'thaw'],
    ]
    expect(shown).toEqual(calls)
  })

  it.each(named.filter(({ block }) => block.mark === 'runnable'))('$where runs to its end', ({ name }) => {
    run(programPath(name))
  })

  it('that are examples of something run, each', () => {
    const names = named.filter(({ block }) => examples.includes(block)).map(({ name }) => name)
    const told = run(programOfAll(names)).split('\n')
    expect(names.filter((name) => !told.includes(`${name} ok`)).map((name) => [name, told])).toEqual([])
  })
})

const readme = named.filter(({ block }) => block.mark === 'moves')

describe('the README’s program', () => {
  it('has at most 20 lines', () => {
    expect(readme.map(({ block }) => block.text.trimEnd().split('\n').length <= 20)).toEqual([true])
  })

  it('refuses to start a second time from one capsule, and no peer hears a datagram of it', async () => {
    const program = programPath(readme[0]?.name ?? '')
    const cwd = runFolder()
    const first = await begin(program, '127.0.0.1', cwd)
    const peer = await Endpoint.open({ bind: { address: '127.0.0.1' } })
    await peer.associate(first.printed)
    await stop(first)
    // In the peer's place somebody who only listens: to him goes whatever a start from this capsule sends.
    peer.destroy()
    await peer.closed
    const post = createSocket('udp4')
    afterThisTest(() => post.close())
    let heard = 0
    const somebody = new Promise((resolve) => post.on('message', () => resolve(heard++)))
    post.bind(peer.locator.port, '127.0.0.1')
    await once(post, 'listening')
    const second = await begin(program, '127.0.0.2', cwd)
    await somebody
    const gone = once(second.child, 'exit')
    second.child.kill('SIGKILL')
    await gone
    await delay(SETTLE_MS)
    heard = 0
    const again = spawn(process.execPath, [program, '127.0.0.3'], { cwd, env: environment() })
    const complaint = once(again.stderr, 'data')
    expect((await once(again, 'exit'))[0]).not.toBe(0)
    expect(String(await complaint)).toContain('ERR_SOJOURN_CAPSULE')
    await delay(SETTLE_MS)
    expect(heard).toBe(0)
  })
})

const counter = () => join(ROOT, 'dist/examples/counter.js')

// IPv6 has one address on loopback, so there it is another port. Where it has none, that is a failure.
describe.each([
  ['the README’s program', () => programPath(readme[0]?.name ?? ''), '127.0.0.1', '127.0.0.2'],
  ['examples/counter.ts', counter, '127.0.0.1', '127.0.0.2'],
  ['examples/counter.ts over IPv6', counter, '::1', '::1'],
])('%s', (_, path, from, to) => {
  it('moves: the count goes on at another place, in another process, without another base exchange', async () => {
    await using peer = await Endpoint.open({ bind: { address: from } })
    const cwd = runFolder()
    const first = await begin(path(), from, cwd)
    const association = await peer.associate(first.printed)
    const socket = await peer.datagrams()
    const count = async (question: string): Promise<number> => {
      const answer = await ask(socket, association.peer, 7, question, (text) => text.endsWith(`: ${question}`))
      return Number.parseInt(answer, 10)
    }
    const before = await count('are you there?')
    expect(await count('still?')).toBeGreaterThan(before)

    await stop(first)
    const second = await begin(path(), to, cwd)
    expect(second.child.pid).not.toBe(first.child.pid)
    const [old, moved] = [parsePeer(first.printed), parsePeer(second.printed)]
    expect(moved.hit).toBe(old.hit)
    expect(moved.locators).not.toEqual(old.locators)
    expect(await count('and now?')).toBeGreaterThan(before + 1)
    expect([association.locator]).toEqual(moved.locators)
    expect(association.locator?.address).toBe(to)
    expect(association.baseExchanges).toBe(1)
    second.child.kill('SIGKILL')
  })
})

describe('the web server of the guide', () => {
  it('moves in the middle of a download, and the file comes whole', async () => {
    const program = programPath(named.find(({ block }) => block.mark === 'server')?.name ?? '')
    const cwd = runFolder()
    mkdirSync(join(cwd, 'public'))
    const film = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => `${index} `).join(''))
    writeFileSync(join(cwd, 'public', 'film'), film)
    const first = await begin(program, '127.0.0.1', cwd)
    await using client = await Endpoint.open({ bind: { address: '127.0.0.1' } })
    const agent = new SojournAgent(client, { peers: [first.printed] })
    const asked = get(`http://[${parsePeer(first.printed).hit}]/film`, { agent })
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    await stop(first)
    const second = await begin(program, '127.0.0.2', cwd)
    expect((await buffer(response)).equals(film)).toBe(true)
    expect([...client.associations()].map(({ locator }) => locator?.address)).toEqual(['127.0.0.2'])
    agent.destroy()
    second.child.kill('SIGKILL')
  })
})
