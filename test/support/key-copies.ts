// Keys for tests that hand the same ones to several ends: each end overwrites what it was given.

import type { EspKeys, HipKeys, KeySet } from '../../src/crypto/keymat.ts'

export function copyOfEsp({ encryption, authentication }: EspKeys): EspKeys {
  return { encryption: encryption.slice(), authentication: authentication.slice() }
}

function copyOfHip({ encryption, integrity }: HipKeys): HipKeys {
  return { encryption: encryption.slice(), integrity: integrity.slice() }
}

export function copyOfKeys({ hip, esp, resumption, keymatLength }: KeySet): KeySet {
  return {
    hip: { send: copyOfHip(hip.send), receive: copyOfHip(hip.receive) },
    esp: { send: copyOfEsp(esp.send), receive: copyOfEsp(esp.receive) },
    resumption: { id: resumption.id, secret: resumption.secret.slice() },
    keymatLength,
  }
}
