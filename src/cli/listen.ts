// sojourn listen PORT: takes datagrams and streams; with --echo it sends back what comes, with --exec a command answers streams. Runs
// until it is told to stop.

import { Command, Option } from 'commander'
import { formatLocator } from '../base/address.ts'
import type { Endpoint, EndpointEnd } from '../node/endpoint.ts'
import { messageOf, SojournError } from '../node/errors.ts'
import type { SojournStream } from '../node/stream.ts'
import { execute } from './exec.ts'
import { aborted } from './kindly.ts'
import { type Printer, printer } from './output.ts'
import { openEndpoint, type PlaceFlags, portOption, withPlace } from './place.ts'

interface ListenFlags extends PlaceFlags {
  readonly echo?: boolean
  readonly exec?: string
}

/** The command `listen`. */
export function listenCommand(stop: AbortSignal): Command {
  const command = new Command('listen')
    .description('take datagrams and streams on a port inside associations')
    .argument('<port>', 'port inside the association', portOption)
    .option('--echo', 'send back whatever comes')
    .addOption(
      new Option('--exec <command>', 'run this for every stream, with it as stdin and stdout').conflicts('echo'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  sojourn listen 7 --echo\n  sojourn listen 7 --exec "tr a-z A-Z"\n  sojourn listen 7 --echo --identity me.pem --bind 192.0.2.1:10500',
    )
  return withPlace(command).action((port: number, flags: ListenFlags) => listen(port, flags, stop))
}

async function listen(port: number, flags: ListenFlags, stop: AbortSignal): Promise<void> {
  const out = printer(flags.json ?? false)
  const endpoint = await openEndpoint(flags, stop)
  const counts = { received: 0, echoed: 0, streams: 0 }
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
  endpoint.listen(port, (stream) => {
    counts.streams++
    serve(stream, flags, out)
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
  const { received, echoed, streams } = counts
  out.line(`${received} datagrams received, ${echoed} sent back; ${streams} streams`, { hit, ...counts })
  throwIfFenced(endpoint, end ?? undefined)
}

/** One stream of a peer, whose failures are its own. */
function serve(stream: SojournStream, { echo, exec }: ListenFlags, out: Printer): void {
  const { remoteAddress: hit, remotePort: port, id } = stream
  stream.on('error', (error) => out.line(`! [${hit}]:${port} ${messageOf(error)}`, undefined))
  if (exec !== undefined) void execute(exec, stream)
  else if (echo === true) stream.pipe(stream)
  else {
    stream.on('data', (bytes: Buffer) => {
      const text = bytes.toString('utf8')
      out.line(`[${hit}]:${port} ${JSON.stringify(text)}`, { hit, port, stream: id, size: bytes.length, text })
    })
    stream.on('end', () => stream.end())
  }
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
