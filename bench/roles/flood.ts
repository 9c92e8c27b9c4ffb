// The engine of bench/flood, those who flood it, and its honest clients. Datagrams pass through a queue as long as a socket's.

import type { Locator } from '../../src/base/address.ts'
import { encodeI1 } from '../../src/core/association/initiator.ts'
import { DEFAULTS } from '../../src/core/config.ts'
import { Engine } from '../../src/core/engine.ts'
import { hitBytes } from '../../src/crypto/hit.ts'
import type { Identity } from '../../src/crypto/identity.ts'
import { systemEntropy } from '../../src/node/entropy.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import { onlyStart } from '../../src/node/own-start.ts'
import { wrapHip } from '../../src/wire/datagram.ts'
import { answer } from '../support.ts'

interface Flying {
  readonly bytes: Uint8Array
  readonly from: Locator
}

const ADDRESSES = 50_000
/** Datagrams that wait in a socket's buffer at most. */
const BUFFER = 256
/** Where the last bytes of the sender's HIT are in a UDP payload. */
const SENDER_TAIL = 24
const SERVER: Locator = { address: '192.0.2.1', port: 10_500 }
const CLIENT: Locator = { address: '203.0.113.5', port: 10_500 }

const identity = createIdentity()
let signatures = 0
let flooded = 0
let server = open(counted(identity), SERVER, counted)

/** Counts what it signs. */
function counted(signer: Identity): Identity {
  const sign = signer.sign.bind(signer)
  signer.sign = (message) => {
    signatures += 1
    return sign(message)
  }
  return signer
}

function open(who: Identity, at: Locator, seen: (instance: Identity) => Identity = (same) => same): Engine {
  const start = onlyStart()
  seen(start.instance)
  return new Engine({ identity: who, start, entropy: systemEntropy, locators: [at], now: performance.now() })
}

const template = wrapHip(
  encodeI1({ hitBytes: hitBytes(createIdentity().hit), config: DEFAULTS, dhGroups: [7, 8, 4] }, hitBytes(identity.hit)),
)

/** An I1 as good as any, from somebody who is not there. */
function spoofed(): Flying {
  const bytes = template.slice()
  const n = flooded++
  new DataView(bytes.buffer).setUint32(SENDER_TAIL, n)
  const host = n % ADDRESSES
  // Each from a prefix of its own, which is the worst case for a table by prefixes.
  return { bytes, from: { address: `10.${host >> 8}.${host & 255}.${1 + (n % 250)}`, port: 1_024 + (n % 60_000) } }
}

function receive({ bytes, from }: Flying): Uint8Array[] {
  const now = performance.now()
  server.receive(now, bytes, from)
  const answers: Uint8Array[] = []
  for (let out = server.transmit(now); out !== undefined; out = server.transmit(now)) answers.push(out.bytes)
  return answers
}

function heap(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function spoof({ count }: { readonly count: number }): object {
  const before = heap()
  const signedBefore = signatures
  const startedAt = process.cpuUsage()
  let answered = 0
  for (let n = 0; n < count; n++) answered += receive(spoofed()).length
  const { user, system } = process.cpuUsage(startedAt)
  return {
    heapBytes: heap() - before,
    associations: [...server.associations()].length,
    signatures: signatures - signedBefore,
    answered,
    ms: (user + system) / 1000,
  }
}

/** Runs exchanges one after another while so many I1s a second come. */
async function exchange({ perSecond, count }: { readonly perSecond: number; readonly count: number }): Promise<object> {
  server = open(identity, SERVER)
  const each: number[] = []
  const startedAt = performance.now()
  const queue: Flying[] = []
  let due = 0
  let lost = 0
  const arrive = (): void => {
    const target = ((performance.now() - startedAt) * perSecond) / 1000
    for (; due < target; due++) {
      if (queue.length < BUFFER) queue.push(spoofed())
      else lost += 1
    }
  }
  for (let n = 0; n < count; n++) {
    const client = open(createIdentity(), CLIENT)
    const at = performance.now()
    client.associate(at, { hit: server.hit, locators: [SERVER] })
    while (client.association(server.hit)?.state !== 'established') {
      const now = performance.now()
      if (client.deadline <= now) client.expire(now)
      for (let out = client.transmit(now); out !== undefined; out = client.transmit(now)) {
        if (queue.length < BUFFER) queue.push({ bytes: out.bytes, from: CLIENT })
      }
      arrive()
      for (const flying of queue.splice(0)) {
        const answers = receive(flying)
        if (flying.from === CLIENT) for (const bytes of answers) client.receive(performance.now(), bytes, SERVER)
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    each.push(performance.now() - at)
  }
  return { each, lost }
}

answer({ open: () => ({}), spoof, exchange })
