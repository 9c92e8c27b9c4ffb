// Keys of locators, made once for each: a text that is put together anew has to be laid out and hashed anew, and every packet of a world
// is looked up by several.

import { type Locator, locatorKey } from '../base/address.ts'

/** Floods come from ever new addresses. */
const KEYS_MAX = 4_096

const keys = new Map<string, Map<number, string>>()
let made = 0

/** The same as `locatorKey`. */
export function keyOf(locator: Locator): string {
  const { address, port } = locator
  return keys.get(address)?.get(port) ?? make(locator)
}

function make(locator: Locator): string {
  if (made >= KEYS_MAX) {
    keys.clear()
    made = 0
  }
  made += 1
  const ports = keys.get(locator.address) ?? new Map<number, string>()
  keys.set(locator.address, ports)
  const key = locatorKey(locator)
  ports.set(locator.port, key)
  return key
}
