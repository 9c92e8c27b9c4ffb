// Ports as they are where koffi is not.

import { choice } from '../../src/node/accelerated/choice.ts'
import { afterThisTest } from './afterwards.ts'

/** Ports are those of Node alone until the test is over. */
export function withoutKoffi(): void {
  const chosen = choice()
  const { ports } = chosen
  Reflect.set(chosen, 'ports', { accelerated: undefined, why: 'a test' })
  afterThisTest(() => void Reflect.set(chosen, 'ports', ports))
}
