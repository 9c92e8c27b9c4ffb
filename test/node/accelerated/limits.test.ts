// Every limit of src/node/accelerated with the test that crosses it, here or elsewhere. They stand beside what they limit, because
// nothing of that folder is loaded where koffi is not.

import { describe, expect, it } from 'vitest'
import type { Route } from '../../../src/base/address.ts'
import { Pinned } from '../../../src/node/accelerated/memory.ts'
import { NAMES_MAX, Names } from '../../../src/node/accelerated/names.ts'
import { type Elsewhere, strewnLimits } from '../../support/strewn-limits.ts'
import { readText } from '../../support/tree.ts'
import { Calls, koffi } from './calls.ts'

const at = (file: string, title: string): Elsewhere => ({ file: `test/node/accelerated/${file}.test.ts`, test: title })

const SOURCES = 'four thousand sources are remembered, and the next one begins anew'
const TARGETS = 'four thousand targets and links are remembered, and the next one begins anew'
const TURN = 'what is more than a turn takes waits for the next, and none of it is lost'
const KECCAK = 'suite 5 computes the same, however short or long keys, messages and outputs are'
const PLAINTEXTS = 'what has been opened stays as it is while more is opened'

const CROSSINGS: Readonly<Record<string, readonly Elsewhere[]>> = {
  'ed25519.ts: MESSAGE_BYTES_MAX': [
    at('algorithms', 'Ed25519 gives the same verdicts, whatever is wrong and however long the message'),
  ],
  'kmac.ts: KEY_BYTES_MAX': [at('algorithms', KECCAK)],
  'kmac.ts: MESSAGE_BYTES_MAX': [at('algorithms', KECCAK)],
  'kmac.ts: OUTPUT_BYTES_MAX': [at('algorithms', KECCAK)],
  'gcm.ts: CUT_BYTES_MAX': [at('gcm', PLAINTEXTS)],
  'gcm.ts: COPIED_BYTES_MAX': [at('gcm', PLAINTEXTS)],
  'inbox.ts: CALLS_MAX': [at('limits', TURN)],
  'inbox.ts: LONG_MS': [at('port', 'what comes while another takes long is told of before that is answered')],
  'names.ts: NAMES_MAX': [at('limits', SOURCES), at('limits', TARGETS)],
  'outbox.ts: WAITING_MAX': [at('port', 'anything for long is given up on with what is beyond the limit')],
  'outbox.ts: BURST_BYTES_MAX': [at('port', 'of 1,400 bytes take less than one call in forty to send, and to receive')],
  'system-calls.ts: SEGMENTS_MAX': [
    at('port', 'leave by one call for each place they go to, at the most 64 and as many bytes as a packet has'),
  ],
  'warm-context.ts: WARM_CONTEXTS_MAX': [
    at('gcm', 'contexts are made for keys that are used, so many at the most, and given back'),
  ],
}

describe('the limits of src/node/accelerated', () => {
  it('are in this list, all of them', () => {
    expect(strewnLimits('src/node/accelerated').sort()).toEqual(Object.keys(CROSSINGS).sort())
  })

  it.each(Object.entries(CROSSINGS))('%s is crossed by tests that there are', (_limit, tests) => {
    for (const { file, test } of tests) expect(readText(file)).toContain(test)
  })
})

const AF_INET6 = 10

/** A sockaddr_in6 of fe80::NUMBER on link 3, as the kernel writes it. */
function named(memory: Pinned, number: number): Pinned {
  memory.view.setUint16(0, AF_INET6, true)
  memory.view.setUint16(2, 1)
  memory.bytes.set([0xfe, 0x80], 8)
  memory.view.setUint32(20, number)
  memory.view.setUint32(24, 3, true)
  return memory
}

it(SOURCES, () => {
  const memory = new Pinned(koffi(), 28)
  const names = new Names(true, undefined)
  const read = (number: number): Route => names.read(named(memory, number), 0)
  const first = read(0)
  for (let number = 1; number < NAMES_MAX; number++) read(number)
  expect(read(0)).toBe(first)
  read(NAMES_MAX)
  expect(read(0)).toEqual(first)
  expect(read(0)).not.toBe(first)
})

it(TARGETS, () => {
  const memory = new Pinned(koffi(), 28)
  const names = new Names(true, undefined)
  const to = (number: number) => ({ address: `fe80::${number.toString(16)}`, port: 1 })
  const link = (number: number): number => {
    names.write(to(number), memory, 0)
    return memory.view.getUint32(24, true)
  }
  for (let number = 0; number < NAMES_MAX; number++) {
    names.setScope(to(number).address, 3)
    link(number)
  }
  expect(link(0)).toBe(3)
  names.setScope(to(NAMES_MAX).address, 4)
  // Everybody is forgotten but for the newest, and those that speak again are learned again.
  expect([link(0), link(NAMES_MAX)]).toEqual([0, 4])
  names.setScope(to(0).address, 3)
  expect(link(0)).toBe(3)
})

it(TURN, async () => {
  const calls = new Calls()
  const UDP_GRO = 104
  const ENOPROTOOPT = 92
  // Each read is one datagram.
  calls.refuse = (call, [, , name]) => (call === 'setsockopt' && name === UDP_GRO ? ENOPROTOOPT : undefined)
  const [from, to] = [calls.open(), calls.open()]
  const turns: number[] = []
  let heard = 0
  const all = new Promise<void>((resolve) => {
    to.onMessage = () => void heard++
    to.onBatch = () => {
      turns.push(heard)
      if (heard === 100) resolve()
    }
  })
  for (let count = 0; count < 100; count++) from.send(new Uint8Array(100), to.locator)
  from.flush()
  await all
  // Four calls of eight reads.
  expect(turns[0]).toBe(32)
  expect(turns.length).toBeGreaterThanOrEqual(4)
  await Promise.all([from.close(), to.close()])
})
