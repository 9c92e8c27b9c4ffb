// What the documentation shows as a program is one: it compiles under our own strictness, and it does what the text says.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Endpoint } from '../../src/index.ts'
import { ask } from '../support/ask.ts'
import { compileBlocks, type DocBlock, docBlocks, programPath } from '../support/doc-blocks.ts'

const blocks = new Map(docBlocks().map((block, index): [string, DocBlock] => [`block-${index}`, block]))
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

  it.each(named.filter(({ block }) => block.mark === 'runnable'))('$where runs to its end', ({ name }) => {
    const options = { cwd: mkdtempSync(join(folder, 'run-')), env: environment(), timeout: 20_000 }
    execFileSync(process.execPath, [programPath(name)], options)
  })
})

describe('the README’s program', () => {
  const moving = named.filter(({ block }) => block.mark === 'moves')

  it('has at most 20 lines', () => {
    expect(moving.map(({ block }) => block.text.trimEnd().split('\n').length <= 20)).toEqual([true])
  })

  it('moves: the count goes on at another address, in another process, without another base exchange', async () => {
    await using peer = await Endpoint.open({ bind: { address: '127.0.0.1' } })
    const program = programPath(moving[0]?.name ?? '')
    const first = await begin(program, '127.0.0.1')
    const association = await peer.associate(first.printed)
    const socket = await peer.datagrams()
    const count = async (question: string): Promise<number> => {
      const answer = await ask(socket, association.peer, 7, question, (text) => text.endsWith(`: ${question}`))
      return Number.parseInt(answer, 10)
    }
    const before = await count('are you there?')
    expect(await count('still?')).toBeGreaterThan(before)

    const gone = once(first.child, 'exit')
    first.child.kill('SIGTERM')
    expect(await gone).toEqual([0, null])
    const second = await begin(program, '127.0.0.2')
    expect(second.printed.split('@')[0]).toBe(first.printed.split('@')[0])
    expect(await count('and now?')).toBeGreaterThan(before + 1)
    expect(association.locator?.address).toBe('127.0.0.2')
    expect(association.baseExchanges).toBe(1)
    second.child.kill('SIGKILL')

    const again = spawn(process.execPath, [program, '127.0.0.3'], { cwd: folder, env: environment() })
    children.push(again)
    const complaint = once(again.stderr, 'data')
    expect((await once(again, 'exit'))[0]).not.toBe(0)
    expect(String(await complaint)).toContain('ERR_SOJOURN_CAPSULE')
  })
})

async function begin(program: string, address: string): Promise<{ child: ChildProcess; printed: string }> {
  const child = spawn(process.execPath, [program, address], { cwd: folder, env: environment() })
  children.push(child)
  child.stderr.on('data', (bytes) => process.stderr.write(bytes))
  const [bytes] = await once(child.stdout, 'data')
  return { child, printed: String(bytes).trim() }
}
