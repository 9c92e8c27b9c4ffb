// Our own locators, as peers are told of them and as packets leave from them (RFC 8046 §4, RFC 8047 §5.1).

import { type Locator, locatorFamily, type Route } from '../base/address.ts'

/** RFC 8046 §4, Traffic Type: what a locator is for. */
export type Traffic = 'both' | 'signalling' | 'data'

export interface OwnLocator extends Locator {
  /** What peers are to send there. Default: both. */
  readonly traffic?: Traffic | undefined
  /** A socket of its own: packets can be told to leave from there, and those that arrive there say so. All of them are, or none. */
  readonly apart?: boolean | undefined
}

/** Where packets to a family can leave from: own locators that are apart, or `undefined` for wherever the system likes. */
export function localsFor(own: readonly OwnLocator[], family: 4 | 6): readonly (Locator | undefined)[] {
  if (!own.some(({ apart }) => apart === true)) return ANYWHERE
  return own.filter((locator) => locatorFamily(locator) === family)
}

/** All ways to some locators: to every one from our first, then from our second, and so on. */
export function routesTo(own: readonly OwnLocator[], locators: readonly Locator[]): readonly Route[] {
  const routes = locators.flatMap((locator) =>
    localsFor(own, locatorFamily(locator)).map((at, index) => ({ index, route: { ...locator, at } })),
  )
  return routes.sort((a, b) => a.index - b.index).map(({ route }) => route)
}

const ANYWHERE: readonly undefined[] = [undefined]
