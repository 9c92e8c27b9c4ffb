// What the documentation shows as a program is one: it compiles under our own strictness, and it does what the text says.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Endpoint } from '../../src/index.ts'
import { ask } from '../support/ask.ts'
import { compileBlocks, type DocBlock, docBlocks, exampleBlocks, programPath } from '../support/doc-blocks.ts'
import { ROOT } from '../support/tree.ts'

const examples = exampleBlocks()
const blocks = new Map(
  [...docBlocks(), ...examples].map((block, index): [string, DocBlock] => [`block-${index}`, block]),
)
const named = [...blocks].map(([name, block]) => ({ name, where: `${block.file}:${block.line}`, block }))
const folder = mkdtempSync(join(tmpdir(), 'sojourn-docs-'))
const children: ChildProcess[] = []
let complaints = ''

beforeAll(() => {
  complaints = compileBlocks(blocks)
})

afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, SOJOURN_HOME: join(folder, 'home') }
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

  it.each(named.filter(({ block }) => block.mark === 'runnable' || examples.includes(block)))(
    '$where runs to its end',
    ({ name }) => {
      const options = { cwd: mkdtempSync(join(folder, 'run-')), env: environment(), timeout: 20_000 }
      execFileSync(process.execPath, [programPath(name)], options)
    },
  )
})

const readme = named.filter(({ block }) => block.mark === 'moves')

describe('the README’s program', () => {
  it('has at most 20 lines', () => {
    expect(readme.map(({ block }) => block.text.trimEnd().split('\n').length <= 20)).toEqual([true])
  })

  it('refuses to start a second time from one capsule', async () => {
    const program = programPath(readme[0]?.name ?? '')
    const cwd = mkdtempSync(join(folder, 'twice-'))
    const first = await begin(program, '127.0.0.1', cwd)
    await stop(first.child)
    const second = await begin(program, '127.0.0.2', cwd)
    second.child.kill('SIGKILL')
    const again = spawn(process.execPath, [program, '127.0.0.3'], { cwd, env: environment() })
    children.push(again)
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
    const cwd = mkdtempSync(join(folder, 'moves-'))
    const first = await begin(path(), '127.0.0.1', cwd)
    const association = await peer.associate(first.printed)
    const socket = await peer.datagrams()
    const count = async (question: string): Promise<number> => {
      const answer = await ask(socket, association.peer, 7, question, (text) => text.endsWith(`: ${question}`))
      return Number.parseInt(answer, 10)
    }
    const before = await count('are you there?')
    expect(await count('still?')).toBeGreaterThan(before)

    await stop(first.child)
    const second = await begin(path(), '127.0.0.2', cwd)
    expect(second.printed.split('@')[0]).toBe(first.printed.split('@')[0])
    expect(await count('and now?')).toBeGreaterThan(before + 1)
    expect(association.locator?.address).toBe('127.0.0.2')
    expect(association.baseExchanges).toBe(1)
    second.child.kill('SIGKILL')
  })
})

async function stop(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await gone).toEqual([0, null])
}

/** Starts a program, and waits until it has printed where it is. */
async function begin(program: string, address: string, cwd: string): Promise<{ child: ChildProcess; printed: string }> {
  const child = spawn(process.execPath, [program, address], { cwd, env: environment() })
  children.push(child)
  child.stderr.on('data', (bytes) => process.stderr.write(bytes))
  const [bytes] = await once(child.stdout, 'data')
  return { child, printed: String(bytes).trim().split(',')[0] ?? '' }
}
