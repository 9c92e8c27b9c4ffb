// One of the processes of test/links/processes.test.ts: node emulated-child.js receive | link PORT LINK | send ADDRESS HOME LEDGER |
// arrive HOME LEDGER. Lines of JSON on stdout say what has come to pass; words on stdin say what to do next.

import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { Endpoint, Host, parseHit, type SojournStream, thaw } from '../../src/index.ts'
import { EMULATED_BYTES } from './emulated-bytes.ts'
import { LinkEmulator } from './link-emulator.ts'
import { noise } from './stream-app.ts'

/** After how much of it the receiver says so. */
const PART = EMULATED_BYTES / 3
const PORT = 9
const SEED = 1
const CHUNK = 16_384
/** Ends that cannot reach each other but over the link. */
const [bind, far] = [{ address: '127.0.0.1' }, { address: '::1' }]
const [role = '', ...args] = process.argv.slice(2)

const say = (what: Readonly<Record<string, unknown>>): void => void process.stdout.write(`${JSON.stringify(what)}\n`)

/** Each line of stdin, in its words. */
async function* words(): AsyncIterable<readonly string[]> {
  for await (const line of createInterface({ input: process.stdin })) yield line.split(' ')
}

async function receive(): Promise<void> {
  const endpoint = await Endpoint.open({ bind: far })
  endpoint.listen(PORT, (stream) => {
    const hash = createHash('sha256')
    let read = 0
    stream.on('data', (bytes) => {
      hash.update(bytes)
      if (read < PART && read + bytes.length >= PART) say({ part: true })
      read += bytes.length
    })
    stream.on('end', () => {
      const digest = hash.digest('hex')
      stream.end(digest)
      const [association] = endpoint.associations()
      say({ read, digest, baseExchanges: association?.baseExchanges })
    })
  })
  say({ hit: endpoint.hit, port: endpoint.locator.port })
}

async function link(): Promise<void> {
  const [port = '', options = ''] = args
  const emulator = await LinkEmulator.to({ ...far, port: Number(port) }, JSON.parse(options), SEED)
  say({ address: `${emulator.at.address}:${emulator.at.port}` })
  for await (const _ of words()) say(emulator.counts)
}

// ── The sender, where it begins and where it goes ────────────────────────────

let written = 0
let standing = false

function pour(stream: SojournStream): void {
  const all = noise(EMULATED_BYTES)
  const answer: Buffer[] = []
  stream.on('data', (bytes) => answer.push(bytes))
  // A process that has been left is done with it.
  stream.on('error', () => undefined)
  stream.on('end', () => say({ answer: Buffer.concat(answer).toString() }))
  const more = (): void => {
    while (!standing && written < all.length) {
      const chunk = all.subarray(written, written + CHUNK)
      written += chunk.length
      if (!stream.write(chunk)) return void stream.once('drain', more)
    }
    if (!standing) stream.end()
  }
  more()
}

async function place(home = '', ledger = '') {
  const host = await Host.open({ home })
  return { host, ledger: host.ledger(ledger), bind }
}

async function send(): Promise<void> {
  const [address = '', home, ledger] = args
  const endpoint = await Endpoint.open(await place(home, ledger))
  pour(endpoint.connect(address, PORT))
  say({ hit: endpoint.hit })
  for await (const [ready = ''] of words()) {
    const capsule = await endpoint.freeze({
      to: Buffer.from(ready, 'base64'),
      state: () => Buffer.from(String(written)),
      stopping: () => {
        standing = true
      },
    })
    say({ capsule: Buffer.from(capsule).toString('base64') })
  }
}

async function arrive(): Promise<void> {
  const { host, ...rest } = await place(...args)
  for await (const [what = '', word = ''] of words()) {
    if (what === 'offer') {
      const hit = parseHit(word)
      if (hit === undefined) throw new Error(`${word} is not a HIT`)
      say({ ready: Buffer.from(await host.offer(hit, 0, rest)).toString('base64') })
    } else {
      const { state, streams } = await thaw(Buffer.from(word, 'base64'), { host, ...rest })
      written = Number(Buffer.from(state).toString())
      const [stream] = [...streams.values()].flatMap((ofPeer) => [...ofPeer.values()])
      if (stream === undefined) throw new Error('no stream has come along')
      say({ from: written })
      pour(stream)
    }
  }
}

const roles: Readonly<Record<string, () => Promise<void>>> = { receive, link, send, arrive }
await roles[role]?.()
