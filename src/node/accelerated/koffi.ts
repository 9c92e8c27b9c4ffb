// koffi, an optional peer that calls C without anything being compiled: the one place that loads it, and the shape of what is used
// of it. Its absence is nothing unusual; whoever asks is told why it is not there.

import { createRequire } from 'node:module'
import { messageOf } from '../errors.ts'

/** A C function. Pointers are addresses as plain numbers: no object is made for any of them. */
export type ForeignFunction = (...args: readonly number[]) => number

interface Library {
  func(name: string, result: string, args: readonly string[]): ForeignFunction
}

/** Watches a file descriptor from the event loop. */
export interface PollHandle {
  start(events: PollEvents, heard: (status: number) => void): void
  close(): void
  ref(): void
  unref(): void
}

export interface PollEvents {
  readonly readable?: boolean
  readonly writable?: boolean
}

/** What is used of koffi. */
export interface Koffi {
  readonly version: string
  load(path: null): Library
  address(memory: ArrayBuffer): bigint
  errno(): number
  /** Not documented yet, and therefore looked for before it is used. */
  readonly node?: { readonly poll?: (fd: number, events: PollEvents, heard: (status: number) => void) => PollHandle }
}

/** The release in which all of that is as it is used here, and whose next great one may change it: the range of package.json. */
const VERSION = /^3\.(?:[3-9]|\d\d+)\./

const ABSENT = 'koffi is not installed: "npm install koffi" turns it on'

/** koffi, or why it is not there. */
export function loadKoffi(load: (name: string) => unknown = createRequire(import.meta.url)): Koffi | string {
  try {
    const loaded = load('koffi')
    if (!isKoffi(loaded)) return 'what is installed as koffi is something else'
    return VERSION.test(loaded.version) ? loaded : `koffi ${loaded.version} is not one that is known: install ^3.3.0`
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return ABSENT
    return `koffi cannot be loaded (${messageOf(error)})`
  }
}

function isKoffi(value: unknown): value is Koffi {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    typeof value.version === 'string' &&
    'load' in value &&
    typeof value.load === 'function' &&
    'address' in value &&
    typeof value.address === 'function' &&
    'errno' in value &&
    typeof value.errno === 'function'
  )
}
