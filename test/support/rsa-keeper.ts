// A process with an RSA identity, to be looked into: it reads the key from a file without keeping a copy, signs, says so, and destroys
// the identity when it is told to.

import { closeSync, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Identity } from '../../src/crypto/identity.ts'
import { conformance } from '../../src/crypto/suites/conformance/algorithms.ts'

const [form = '', path = ''] = process.argv.slice(2)

function identity(): Identity {
  if (form === 'pem') return Identity.fromPem(readFileSync(path, 'utf8'), conformance)
  const file = openSync(path, 'r')
  const der = new Uint8Array(fstatSync(file).size)
  readSync(file, der)
  closeSync(file)
  const made = Identity.fromSecret('rsa', der, conformance)
  der.fill(0)
  return made
}

function say(word: string): void {
  writeSync(1, `${JSON.stringify({ done: word })}\n`)
}

let kept: Identity | undefined = identity()
kept.sign(new Uint8Array(10))
say('sign')
for await (const deed of createInterface({ input: process.stdin })) {
  if (deed === 'destroy') {
    kept?.destroy()
    kept = undefined
  }
  // What is not needed any more goes, and OpenSSL's part of it with the objects that hold it.
  for (let turn = 0; turn < 4; turn++) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  say(deed)
}
