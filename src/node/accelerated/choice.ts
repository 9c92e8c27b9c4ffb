// Which provider of datagram ports, of AEADs and of algorithms this process uses, and why. Decided once, at the first question, for the whole process:
// the accelerated ones where koffi is there and everything they need, the portable ones anywhere else, each for itself.

import { type AeadProvider, aeadOf, type EspSuites } from '../../crypto/aead.ts'
import { type Algorithms, STANDARD } from '../../crypto/algorithms.ts'
import { messageOf } from '../errors.ts'
import { type Accelerate, acceleratedAlgorithms } from './algorithms.ts'
import { acceleratedAead } from './gcm.ts'
import { type Koffi, loadKoffi } from './koffi.ts'
import { PortMaker } from './port.ts'
import { systemCalls } from './system-calls.ts'

/** An accelerated provider, or why the portable one is used. */
export type Chosen<T> = { readonly accelerated: T } | { readonly accelerated: undefined; readonly why: string }

export interface Choice {
  /** The version of koffi, if it is used. */
  readonly koffi: string | undefined
  readonly ports: Chosen<PortMaker>
  readonly aead: Chosen<(others: AeadProvider) => AeadProvider>
  readonly algorithms: Chosen<Accelerate>
}

let made: Choice | undefined

/** What this process uses. */
export function choice(): Choice {
  made ??= choose(process.env, loadKoffi, process.platform, process.arch)
  return made
}

/** These algorithms, as fast as this process has them. */
export function algorithmsHere(algorithms: Algorithms = STANDARD): Algorithms {
  return choice().algorithms.accelerated?.(algorithms) ?? algorithms
}

/** These ESP suites, as fast as this process has them. */
export function aeadHere(suites: EspSuites): AeadProvider {
  const portable = aeadOf(suites)
  return choice().aead.accelerated?.(portable) ?? portable
}

/** What a process in such surroundings uses. */
export function choose(
  env: Readonly<Record<string, string | undefined>>,
  load: () => Koffi | string,
  platform: string,
  arch: string,
): Choice {
  const portable = env.SOJOURN_PORTABLE
  const koffi = portable === undefined || portable === '' || portable === '0' ? load() : 'SOJOURN_PORTABLE is set'
  if (typeof koffi === 'string')
    return { koffi: undefined, ports: without(koffi), aead: without(koffi), algorithms: without(koffi) }
  return {
    koffi: koffi.version,
    ports: chosen(() => {
      const calls = systemCalls(koffi, platform, arch)
      return typeof calls === 'string' ? calls : new PortMaker(koffi, calls)
    }),
    aead: chosen(() => acceleratedAead(koffi)),
    algorithms: chosen(() => acceleratedAlgorithms(koffi)),
  }
}

/** What cannot even be tried is not there: an application that has koffi for something else must not fail for it. */
function chosen<T>(make: () => T | string): Chosen<T> {
  try {
    const made = make()
    return typeof made === 'string' ? without(made) : { accelerated: made }
  } catch (error) {
    return without(`koffi does not do what it should (${messageOf(error)})`)
  }
}

function without<T>(why: string): Chosen<T> {
  return { accelerated: undefined, why }
}
