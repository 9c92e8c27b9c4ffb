// Notes all keys that a process derives, for tests that look for them where they must not be, in any form. Nothing is imported here
// that itself imports what is replaced.

import type * as keymat from '../../src/crypto/keymat.ts'

type Module = typeof keymat

/** Secrets by name. */
export type Secrets = ReadonlyMap<string, Uint8Array>

/** The first 16 bytes of every key, a list a generation: those of an AEAD are followed by its salt. */
export const generations: Secrets[] = []

const NEEDLE_BYTES = 16

/** The key schedule, overheard. */
export function noting(real: Module): Module {
  const noted = (kij: Uint8Array, keys: keymat.KeySet): keymat.KeySet => {
    const secrets: Readonly<Record<string, Uint8Array>> = {
      Kij: kij,
      S: keys.resumption.secret,
      'HIP encryption out': keys.hip.send.encryption,
      'HIP encryption in': keys.hip.receive.encryption,
      'HIP integrity out': keys.hip.send.integrity,
      'HIP integrity in': keys.hip.receive.integrity,
      'ESP out': keys.esp.send.encryption,
      'ESP in': keys.esp.receive.encryption,
    }
    const needle = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes.subarray(0, NEEDLE_BYTES))
    generations.push(new Map(Object.entries(secrets).map(([name, bytes]) => [name, needle(bytes)])))
    return keys
  }
  const baseKeys: Module['baseKeys'] = (context, kij) => {
    const copy = kij.slice()
    return noted(copy, real.baseKeys(context, kij))
  }
  const ratchetKeys: Module['ratchetKeys'] = (context, kij, ...more) => {
    const copy = kij.slice()
    return noted(copy, real.ratchetKeys(context, kij, ...more))
  }
  return { ...real, baseKeys, ratchetKeys }
}

/** Every way in which bytes are written as text. */
export function texts(bytes: Uint8Array): readonly string[] {
  const buffer = Buffer.from(bytes)
  const hex = buffer.toString('hex')
  const [base64, base64url] = [buffer.toString('base64').slice(0, -4), buffer.toString('base64url').slice(0, -3)]
  const latin = JSON.stringify(buffer.toString('latin1')).slice(1, -1)
  return [hex, hex.toUpperCase(), base64, base64url, latin, [...bytes].join(','), [...bytes].join(', ')]
}

/** The names of the secrets that a text shows. */
export function shown(text: string, secrets: Secrets): readonly string[] {
  return [...secrets].filter(([, bytes]) => texts(bytes).some((form) => text.includes(form))).map(([name]) => name)
}
