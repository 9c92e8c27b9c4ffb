// What an endpoint tells those who hold it, and how it ends.

import type { Locator } from '../base/address.ts'
import type { Association } from './association.ts'

/** Why an endpoint is gone. `fenced`: a newer start of its identity, of that epoch, runs elsewhere. */
export type EndpointEnd =
  | { readonly reason: 'closed' | 'destroyed' | 'frozen' }
  | { readonly reason: 'fenced'; readonly epoch: number }

/** What an endpoint emits. */
export interface EndpointEvents {
  /** A base exchange has finished, whoever began it. */
  association: [association: Association]
  /** Our own address has changed and the peers are being told. */
  move: [from: Locator, to: Locator]
  /** It is over, and why. */
  close: [end: EndpointEnd]
}
