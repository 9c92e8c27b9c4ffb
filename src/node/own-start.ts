// A start as the engine takes it: the ledger's, or that of an identity that is never saved and never moves (MOVING §1).

import { equalBytes } from '../base/bytes.ts'
import type { OwnStart } from '../core/engine.ts'
import type { Started } from '../core/moving/start.ts'
import { Identity } from '../crypto/identity.ts'
import { incarnationOf } from '../crypto/keymat.ts'
import { wipe } from '../crypto/secret.ts'
import type { Ledger } from '../ledger/interface.ts'
import { algorithmsHere } from './accelerated/choice.ts'
import { startIdentity } from './door.ts'
import type { EndpointOptions } from './endpoint-options.ts'
import { systemEntropy } from './entropy.ts'
import type { Host } from './host.ts'
import { createIdentity } from './key-file.ts'

/**
 * A start that a ledger has activated. Its secret is taken over: there it is gone afterwards. `made`: its instance key, if somebody
 * has made it of the same secret already.
 */
export function ownStart(started: Started, made?: Identity): OwnStart {
  const { epoch, incarnation, secret, receipt, ledger } = started
  const same = made !== undefined && equalBytes(incarnationOf(made.publicKey.bytes), incarnation)
  const instance = same ? made : Identity.fromSecret('ed25519', secret, algorithmsHere())
  wipe(secret)
  return { epoch, incarnation, instance, receipt, ledgerKey: ledger }
}

/** The only start of an identity without a ledger: epoch 1, nothing to show for it. */
export function onlyStart(): OwnStart {
  const instance = createIdentity()
  const incarnation = incarnationOf(instance.publicKey.bytes)
  return { epoch: 1, incarnation, instance, receipt: undefined, ledgerKey: undefined }
}

/** Claims and activates a start of `identity` at this host that resumes nothing. */
export async function startHere(
  identity: Identity,
  host: Host,
  ledger: Ledger,
  { takeOver = false, signal }: EndpointOptions,
): Promise<OwnStart> {
  const keys = { host: host.identity, identity, entropy: systemEntropy }
  const plan = { hit: identity.hit, base: undefined, grant: undefined, seen: 0, ledger: undefined, takeOver }
  return ownStart(await startIdentity(plan, keys, ledger, { signal }))
}
