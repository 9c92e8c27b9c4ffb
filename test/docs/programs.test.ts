// What the documentation shows as a program is one: it compiles under our own strictness, and it does what the text says.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { beforeAll, describe, expect, it } from 'vitest'
import { Endpoint, parsePeer, SojournAgent } from '../../src/index.ts'
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

  it('refuses to start a second time from one capsule', async () => {
    const program = programPath(readme[0]?.name ?? '')
    const cwd = runFolder()
    const first = await begin(program, '127.0.0.1', cwd)
    await stop(first)
    const second = await begin(program, '127.0.0.2', cwd)
    second.child.kill('SIGKILL')
    const again = spawn(process.execPath, [program, '127.0.0.3'], { cwd, env: environment() })
    const complaint = once(again.stderr, 'data')
    expect((await once(again, 'exit'))[0]).not.toBe(0)
    expect(String(await complaint)).toContain('ERR_SOJOURN_CAPSULE')
  })
})

describe.each([
  ['the README’s program', () => programPath(readme[0]?.name ?? '')],
  ['examples/counter.ts', () => join(ROOT, 'dist/examples/counter.js')],
])('%s', (_, path) => {
  it('moves: the count goes on at another address, in another process, without another base exchange', async () => {
    await using peer = await Endpoint.open({ bind: { address: '127.0.0.1' } })
    const cwd = runFolder()
    const first = await begin(path(), '127.0.0.1', cwd)
    const association = await peer.associate(first.printed)
    const socket = await peer.datagrams()
    const count = async (question: string): Promise<number> => {
      const answer = await ask(socket, association.peer, 7, question, (text) => text.endsWith(`: ${question}`))
      return Number.parseInt(answer, 10)
    }
    const before = await count('are you there?')
    expect(await count('still?')).toBeGreaterThan(before)

    await stop(first)
    const second = await begin(path(), '127.0.0.2', cwd)
    expect(second.printed.split('@')[0]).toBe(first.printed.split('@')[0])
    expect(await count('and now?')).toBeGreaterThan(before + 1)
    expect(association.locator?.address).toBe('127.0.0.2')
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
