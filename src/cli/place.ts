// The options every command with an endpoint has, and the endpoint they make.

import { type Command, InvalidArgumentError } from 'commander'
import { type Locator, parseLocator } from '../base/address.ts'
import { Endpoint } from '../node/endpoint.ts'
import { Host } from '../node/host.ts'
import { readKey } from './key.ts'

/** As commander hands them over. */
export interface PlaceFlags {
  readonly identity?: string
  readonly bind?: Locator
  readonly takeOver?: boolean
  readonly json?: boolean
}

/** Adds --identity, --bind, --take-over and --json. */
export function withPlace(command: Command): Command {
  return command
    .option('--identity <file>', 'who we are: a key made by "sojourn id new" (default: a fresh one, not saved)')
    .option('--bind <addr:port>', 'local UDP address, such as 127.0.0.1:10500 or [::]:0 (default: any)', bindOption)
    .option('--take-over', 'start although an earlier start of this identity seems to be running here')
    .option('--json', 'print lines of JSON, the last one a summary')
}

/** Opens the endpoint. An identity from a file starts through this machine's ledger, a fresh one needs none. */
export async function openEndpoint(flags: PlaceFlags, signal: AbortSignal): Promise<Endpoint> {
  const bind = flags.bind === undefined ? {} : { bind: flags.bind }
  if (flags.identity === undefined) return Endpoint.open({ ...bind, signal })
  const key = await readKey(flags.identity)
  const host = await Host.open()
  const ledger = host.ledger(undefined, key.algorithms)
  return Endpoint.open({ ...key, host, ledger, takeOver: flags.takeOver ?? false, ...bind, signal })
}

/** A port inside an association, from the command line. */
export function portOption(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new InvalidArgumentError('a port is a number from 1 to 65535.')
}

/** A whole number of at least 1. */
export function countOption(text: string): number {
  const count = Number(text)
  if (/^\d{1,9}$/.test(text) && count >= 1) return count
  throw new InvalidArgumentError('a count is a whole number of at least 1.')
}

function bindOption(text: string): Locator {
  const locator = parseLocator(text)
  if (locator !== undefined) return locator
  throw new InvalidArgumentError('an address is written ADDR:PORT or [IPV6]:PORT; port 0 is any free one.')
}
