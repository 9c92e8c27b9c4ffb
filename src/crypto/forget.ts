// The end of keys (MOVING §3): overwritten where they stand, with what was derived from them to compute faster. Ids of an S are no
// secret and stay: packets that name them may still come.

import type { EspKeys, HipKeys, KeySet, Resumption } from './keymat.ts'
import { wipe } from './secret.ts'
import { forgetMacKey } from './suites.ts'

export function forgetEspKeys({ encryption, authentication }: EspKeys): void {
  wipe(encryption, authentication)
}

/** One S and the HIP keys that belong to it. */
export function forgetSecrets({ hip, resumption }: Pick<KeySet, 'hip' | 'resumption'>): void {
  forgetHipKeys(hip.send)
  forgetHipKeys(hip.receive)
  forgetResumption(resumption)
}

/** All keys of a generation that came to nothing. */
export function forgetKeySet(keys: KeySet): void {
  forgetSecrets(keys)
  forgetEspKeys(keys.esp.send)
  forgetEspKeys(keys.esp.receive)
}

export function forgetHipKeys({ encryption, integrity }: HipKeys): void {
  forgetMacKey(integrity)
  wipe(encryption, integrity)
}

export function forgetResumption({ secret }: Resumption): void {
  wipe(secret)
}
