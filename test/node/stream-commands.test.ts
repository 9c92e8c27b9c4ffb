// The commands that move streams: child processes, what they print where, and how they end.

import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { formatLocator } from '../../src/base/address.ts'
import { Journey } from '../../src/cli/journey.ts'
import { formatBytes, formatRate, progressLine } from '../../src/cli/progress.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import type { SojournStream } from '../../src/node/stream.ts'
import { type Running, startCli } from '../support/cli.ts'
import { endpointOn } from '../support/endpoints.ts'
import { places, thawAt } from '../support/places.ts'
import { onlyStream, readAll, streamScene, until } from '../support/stream-ends.ts'
import { temporaryFolder } from '../support/temporary.ts'

const folder = temporaryFolder()
const home = (): Record<string, string> => ({ SOJOURN_HOME: mkdtempSync(join(folder, 'home-')) })
const here = ['--bind', '127.0.0.1:0', '--json']

/** Where the command says on its first line of `stdout` or `stderr` that it listens. */
async function whereIs(line: Promise<string>): Promise<string> {
  const { peer } = JSON.parse(await line)
  return peer
}

function listen(...args: readonly string[]): Running {
  return startCli(['listen', '7', ...args, ...here], home())
}

const lastLine = (text: string): unknown => JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')

describe('connect', () => {
  test('sends stdin, prints what comes and nothing else, and sums up on stderr', async () => {
    const server = listen('--echo')
    const peer = await whereIs(server.firstLine)
    const client = startCli(['connect', peer, '7', ...here], home(), 'over and\nover')
    const { code, stdout, stderr } = await client.finished
    expect([code, stdout]).toEqual([0, 'over and\nover'])
    const [hit, path] = peer.split('@')
    expect(lastLine(stderr)).toEqual({ sent: 13, received: 13, hit, port: 7, path, moves: 0 })
    server.kill('SIGINT')
    expect(lastLine((await server.finished).stdout)).toMatchObject({ streams: 1 })
  })

  test('talks to a command that listen --exec runs, which knows who asks', async () => {
    const server = listen('--exec', 'tr a-z A-Z; echo "$SOJOURN_PEER" | cut -c 1-7')
    const client = startCli(['connect', await whereIs(server.firstLine), '7', ...here], home(), 'quiet words\n')
    expect(await client.finished).toMatchObject({ code: 0, stdout: 'QUIET WORDS\n2001:25\n' })
  })

  test('to a closed port ends with 4, to a peer that nobody reaches with 3, to no peer with 2', async () => {
    const server = listen()
    const peer = await whereIs(server.firstLine)
    const { hit } = createIdentity()
    const ends = await Promise.all(
      [
        [peer, '8'],
        [`${hit}@127.0.0.1:9`, '7', '--timeout', '50'],
        ['nobody', '7'],
      ].map((args) => startCli(['connect', ...args, '--bind', '127.0.0.1:0'], home(), '').finished),
    )
    expect(ends.map(({ code }) => code)).toEqual([4, 3, 2])
    for (const { stdout, stderr } of ends) {
      expect(stdout).toBe('')
      expect(stderr).toMatch(/^sojourn: [^\n]+\n$/)
    }
  })
})

const content = Buffer.from(Uint8Array.from({ length: 1_000_003 }, (_, index) => (index * 17) ^ (index >> 8)))

describe('send and receive', () => {
  test('bring a file over, whole, and say how much it was', async () => {
    const [from, to] = [join(folder, 'from'), join(folder, 'to')]
    writeFileSync(from, content)
    const receiver = startCli(['receive', '7', '--out', to, ...here], home())
    const peer = await whereIs(receiver.firstNote)
    const sender = await startCli(['send', from, peer, '7', ...here], home()).finished
    expect(sender).toMatchObject({ code: 0, stdout: '' })
    expect(lastLine(sender.stderr)).toMatchObject({ bytes: content.length, hit: peer.split('@')[0], port: 7, moves: 0 })
    const { code, stderr } = await receiver.finished
    expect(code).toBe(0)
    expect(lastLine(stderr)).toMatchObject({ bytes: content.length, port: 7 })
    expect(readFileSync(to).equals(content)).toBe(true)
  })

  test('take stdin and give stdout, and a receiver takes from one peer only if it is told so', async () => {
    const receiver = startCli(['receive', '7', '--from', createIdentity().hit, ...here], home())
    const peer = await whereIs(receiver.firstNote)
    const refused = await startCli(['send', '-', peer, '7', ...here], home(), 'text').finished
    expect(refused.code).toBe(4)
    const open = startCli(['receive', '7', ...here], home())
    const sent = await startCli(['send', '-', await whereIs(open.firstNote), '7', ...here], home(), 'text').finished
    expect(sent.code).toBe(0)
    expect(await open.finished).toMatchObject({ code: 0, stdout: 'text' })
  })

  test('never write over a file, and the sender learns that nothing was kept', async () => {
    const file = join(folder, 'kept')
    writeFileSync(file, 'old')
    const receiver = startCli(['receive', '7', '--out', file, ...here], home())
    const sent = await startCli(['send', '-', await whereIs(receiver.firstNote), '7', ...here], home(), 'new').finished
    expect(sent.code).not.toBe(0)
    expect((await receiver.finished).code).toBe(2)
    expect(readFileSync(file, 'utf8')).toBe('old')
  })
})

describe('across a move of the peer', () => {
  test('a progress bar counts one move for a thaw elsewhere and one for another port, and names the new path', async () => {
    const { service, peer, to, far, near } = await streamScene()
    near.resume()
    const journey = new Journey(peer, service.hit)
    far.write(Buffer.alloc(100_000))
    await until(() => near.bytesRead === 100_000)
    expect([journey.moves, journey.path]).toEqual([0, formatLocator(service.locator)])
    const thawed = await thawAt(to, await service.freeze({ to: await to.host.offer(service.hit) }))
    const again = onlyStream(thawed).resume()
    far.write(Buffer.alloc(100_000))
    await once(again, 'data')
    const { endpoint } = thawed
    expect([journey.moves, journey.path]).toEqual([1, formatLocator(endpoint.locator)])
    const [association] = peer.associations()
    if (association === undefined) throw new Error('no association')
    const path = once(association, 'path')
    await endpoint.rebind()
    await path
    expect([journey.moves, journey.path]).toEqual([2, formatLocator(endpoint.locator)])
  })

  test('send says that its peer has moved, and all of the file is there', async () => {
    const file = join(folder, 'on the way')
    writeFileSync(file, content)
    const [from, to] = await places(2)
    const service = await endpointOn({ ...from })
    const listener = service.listen(7)
    const sender = startCli(['send', file, service.peer, '7', ...here], home())
    const [near] = (await once(listener, 'stream')) as [SojournStream]
    await until(() => near.readableLength > 0)
    const thawed = await thawAt(to, await service.freeze({ to: await to.host.offer(service.hit) }))
    const again = onlyStream(thawed)
    expect((await readAll(again)).equals(content)).toBe(true)
    again.end()
    const { code, stderr } = await sender.finished
    expect(code).toBe(0)
    const path = formatLocator(thawed.endpoint.locator)
    expect(lastLine(stderr)).toMatchObject({ bytes: content.length, moves: 1, path })
  })
})

test('a progress line says how much, how fast, where and how often that has changed', () => {
  const journey = { path: '192.0.2.1:10500', moves: 1 }
  const line = progressLine(5_000_000, 10_000_000, 2_000, journey)
  expect(line).toBe('[############............] 50 %  5.0 MB  2.5 MB/s  192.0.2.1:10500  1 move')
  expect(progressLine(5, undefined, 1_000, { path: undefined, moves: 0 })).toBe('5 B  5 B/s  looking for the peer')
  expect([formatBytes(999), formatBytes(1_000), formatBytes(2.5e9), formatRate(0, 0)]).toEqual([
    '999 B',
    '1.0 kB',
    '2.5 GB',
    '0 B/s',
  ])
})
