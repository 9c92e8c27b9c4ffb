// A process with secrets, to be looked into: an endpoint that does as it is told, a word a line on stdin, and says when it is done. Its
// identity is a hash of its name, so that whoever knows the name can look for the key without having told it.

import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { writeHeapSnapshot } from 'node:v8'
import { Identity } from '../../src/crypto/identity.ts'
import { Endpoint } from '../../src/node/endpoint.ts'
import { Host } from '../../src/node/host.ts'

const [name = '', home = '', ledgerFolder = ''] = process.argv.slice(2)

function say(line: Readonly<Record<string, unknown>>): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

function identity(): Identity {
  const secret = createHash('sha256').update(name).digest()
  const made = Identity.fromSecret('ed25519', secret)
  secret.fill(0)
  return made
}

async function open(): Promise<Endpoint> {
  const host = await Host.open({ home })
  const ledger = host.ledger(ledgerFolder)
  return Endpoint.open({ identity: identity(), host, ledger, bind: { address: '127.0.0.1' } })
}

/** What is done with an endpoint, by name; afterwards nothing is left of it but what it says. */
const DEEDS: Readonly<Record<string, (endpoint: Endpoint, word: string) => Promise<unknown>>> = {
  associate: (endpoint, peer) => endpoint.associate(peer),
  rekey: (endpoint) =>
    new Promise<void>((resolve) => {
      const [association] = endpoint.associations()
      association?.once('rekeyed', () => resolve())
      association?.rekey()
    }),
  close: (endpoint) => endpoint.close(),
  destroy: async (endpoint) => endpoint.destroy(),
  freeze: async (endpoint) => endpoint.freeze({ to: (await Host.open({ home })).kem }),
  // Asks until it is told that it has been started elsewhere.
  fence: async (endpoint) => {
    const asking = setInterval(() => void [...endpoint.associations()][0]?.ping().catch(() => undefined), 20)
    await endpoint.closed
    clearInterval(asking)
  },
}

let endpoint: Endpoint | undefined = await open()
say({ peer: endpoint.peer, hit: endpoint.hit })
for await (const line of createInterface({ input: process.stdin })) {
  const [deed = '', word = ''] = line.split(' ')
  if (deed === 'drop') {
    // The owner's part: the identity was given, so it is the owner who destroys it.
    endpoint?.identity.destroy()
    endpoint = undefined
  } else if (deed === 'dump') writeHeapSnapshot(word)
  else if (endpoint !== undefined) await DEEDS[deed]?.(endpoint, word)
  // What is not needed any more goes, and OpenSSL's part of it with the objects that hold it.
  for (let turn = 0; turn < 4; turn++) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  say({ done: deed })
}
