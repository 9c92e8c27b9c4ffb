// sojourn listen PORT: takes datagrams, and with --echo sends them back. Runs until it is told to stop.

import { Command } from 'commander'
import { formatLocator } from '../base/address.ts'
import type { Endpoint, EndpointEnd } from '../node/endpoint.ts'
import { SojournError } from '../node/errors.ts'
import { aborted } from './kindly.ts'
import { type Printer, printer } from './output.ts'
import { openEndpoint, type PlaceFlags, portOption, withPlace } from './place.ts'

interface ListenFlags extends PlaceFlags {
  readonly echo?: boolean
}

/** The command `listen`. */
export function listenCommand(stop: AbortSignal): Command {
  const command = new Command('listen')
    .description('take datagrams on a port inside associations')
    .argument('<port>', 'port inside the association', portOption)
    .option('--echo', 'send every datagram back')
    .addHelpText(
      'after',
      '\nExamples:\n  sojourn listen 7 --echo\n  sojourn listen 7 --echo --identity me.pem --bind 192.0.2.1:10500',
    )
  return withPlace(command).action((port: number, flags: ListenFlags) => listen(port, flags, stop))
}

async function listen(port: number, flags: ListenFlags, stop: AbortSignal): Promise<void> {
  const out = printer(flags.json ?? false)
  const endpoint = await openEndpoint(flags, stop)
  const counts = { received: 0, echoed: 0 }
  const socket = await endpoint.datagrams(port)
  socket.on('message', (bytes, from) => {
    counts.received++
    if (flags.echo === true) {
      if (socket.send(bytes, from.port, from.hit)) counts.echoed++
    } else {
      const text = bytes.toString('utf8')
      out.line(`[${from.hit}]:${from.port} ${JSON.stringify(text)}`, { ...from, text })
    }
  })
  tellPeers(endpoint, out)
  const { hit, peer, locator } = endpoint
  out.line(`${hit} listens on port ${port}\n  sojourn ping ${peer}`, {
    hit,
    port,
    locator: formatLocator(locator),
    peer,
  })
  const end = await Promise.race([endpoint.closed, aborted(stop)])
  await endpoint.close()
  out.line(`${counts.received} datagrams received, ${counts.echoed} sent back`, { hit, ...counts })
  throwIfFenced(endpoint, end ?? undefined)
}

function tellPeers(endpoint: Endpoint, out: Printer): void {
  if (out.json) return
  endpoint.on('association', (association) => {
    const { peer } = association
    const place = association.locator === undefined ? '' : ` at ${formatLocator(association.locator)}`
    out.line(`+ ${peer}${place}`, undefined)
    association.on('path', (locator) => out.line(`~ ${peer} is now at ${formatLocator(locator)}`, undefined))
    association.on('rebound', (epoch) => out.line(`~ ${peer} was started elsewhere, epoch ${epoch}`, undefined))
    association.on('close', ({ reason }) => out.line(`- ${peer} (${reason})`, undefined))
  })
}

function throwIfFenced(endpoint: Endpoint, end: EndpointEnd | undefined): void {
  if (end?.reason !== 'fenced') return
  const message = `${endpoint.hit} has been started elsewhere (epoch ${end.epoch}): this start is over`
  throw new SojournError('ERR_SOJOURN_FENCED', message)
}
