// What this machine gives to processes that are named by keys: which providers are used and why, what the system lets them have, and
// whether there is a place for keys. Nothing is changed or left behind.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { arch, release } from 'node:os'
import { dirname, join } from 'node:path'
import { choice } from './accelerated/choice.ts'
import type { PortMaker } from './accelerated/port.ts'
import { UdpSocket } from './accelerated/socket.ts'
import { SOCKET_BUFFER_BYTES } from './config.ts'
import { errnoOf, messageOf } from './errors.ts'
import { defaultHome } from './host.ts'
import { type DatagramPort, openPort } from './port.ts'

/** `good`: as it should be. `less`: it works, and could be faster or reach more. `wrong`: something does not work. */
export type FindingState = 'good' | 'less' | 'wrong'

/** One thing that was looked at. */
export interface Finding {
  readonly name: string
  readonly state: FindingState
  /** In a few words. */
  readonly found: string
  /** What to do about it; empty if nothing has to be done. */
  readonly advice: string
}

const NODE_MIN: readonly [major: number, minor: number] = [20, 19]
/** No clock that is right says less: this was written then. */
const WRITTEN_MS = Date.UTC(2025, 0, 1)
const PROBES = 4
const PROBE_BYTES = 1_200
const PROBE_MS = 2_000

/** Looks at everything. Never rejects. `home` is where the keys are; by default SOJOURN_HOME, or ~/.sojourn. */
export async function examine(home: string = defaultHome()): Promise<readonly Finding[]> {
  const { ports } = choice()
  const maker = ports.accelerated
  return [
    node(),
    good('platform', `${process.platform} ${release()}, ${arch()}`),
    ...providers(),
    ...(await system(maker)),
    await loopback('127.0.0.1', 'ipv4', 'wrong'),
    await loopback('::1', 'ipv6', 'less'),
    clock(),
    await folder('keys', home),
    await folder('ledger', join(home, 'ledger')),
  ]
}

function good(name: string, found: string): Finding {
  return { name, state: 'good', found, advice: '' }
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [majorMin, minorMin] = NODE_MIN
  const enough = major > majorMin || (major === majorMin && minor >= minorMin)
  const found = `${process.version}, OpenSSL ${process.versions.openssl}`
  if (enough) return good('node', found)
  return { name: 'node', state: 'wrong', found, advice: `take Node ${NODE_MIN.join('.')} or later` }
}

function providers(): readonly Finding[] {
  const { koffi, ports, aead, algorithms } = choice()
  const each = [
    ['datagrams', ports],
    ['encryption', aead],
    ['handshakes', algorithms],
  ] as const
  const package_ = koffi === undefined ? [] : [good('koffi', koffi)]
  return [
    ...package_,
    ...each.map(([name, chosen]): Finding => {
      if (chosen.accelerated !== undefined) return good(name, 'accelerated')
      return { name, state: 'less', found: `portable: ${chosen.why}`, advice: '' }
    }),
  ]
}

async function system(maker: PortMaker | undefined): Promise<readonly Finding[]> {
  try {
    return maker === undefined ? [buffers(await portableBuffers())] : accelerated(maker)
  } catch (error) {
    return [
      { name: 'sockets', state: 'wrong', found: messageOf(error), advice: 'allow this process to open UDP sockets' },
    ]
  }
}

function accelerated(maker: PortMaker): readonly Finding[] {
  const socket = new UdpSocket(maker.calls, maker.arguments, { address: '127.0.0.1', port: 0, six: false })
  try {
    socket.setBuffers(SOCKET_BUFFER_BYTES)
    const able = (name: string, is: boolean, what: string): Finding =>
      is ? good(name, what) : { name, state: 'less', found: `not ${what}`, advice: 'take Linux 5.0 or later' }
    return [
      able('bursts', socket.segments, 'sent by one call (UDP_SEGMENT)'),
      able('merged reads', socket.merges, 'read by one call (UDP_GRO)'),
      able('whole packets', socket.dontFragment, 'kept from being fragmented, so that larger ones are tried'),
      buffers(socket.buffers()),
    ]
  } finally {
    socket.close()
  }
}

async function portableBuffers(): Promise<{ readonly receive: number; readonly send: number }> {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: SOCKET_BUFFER_BYTES,
    sendBufferSize: SOCKET_BUFFER_BYTES,
  })
  try {
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    // Linux counts its own bookkeeping as much as the bytes (socket(7)).
    const share = process.platform === 'linux' ? 2 : 1
    return { receive: socket.getRecvBufferSize() / share, send: socket.getSendBufferSize() / share }
  } finally {
    socket.close()
  }
}

function buffers({ receive, send }: { readonly receive: number; readonly send: number }): Finding {
  const found = `${kib(receive)} KiB to receive and ${kib(send)} KiB to send, of ${kib(SOCKET_BUFFER_BYTES)} asked for`
  if (receive >= SOCKET_BUFFER_BYTES && send >= SOCKET_BUFFER_BYTES) return good('buffers', found)
  const advice =
    process.platform === 'linux'
      ? `sysctl -w net.core.rmem_max=${SOCKET_BUFFER_BYTES} net.core.wmem_max=${SOCKET_BUFFER_BYTES}`
      : 'raise the largest socket buffer of the system'
  return { name: 'buffers', state: 'less', found, advice }
}

const kib = (bytes: number): number => Math.floor(bytes / 1_024)

/** Sends a few datagrams from one port to another, as endpoints do. */
async function loopback(address: string, name: string, otherwise: FindingState): Promise<Finding> {
  const open: DatagramPort[] = []
  try {
    for (let port = 0; port < 2; port++) open.push(await openPort({ address }))
    const [from, to] = open
    const came = from === undefined || to === undefined ? 0 : await exchanged(from, to)
    if (came === PROBES) return good(name, `datagrams arrive at ${address}`)
    const found = `${came} of ${PROBES} datagrams arrive at ${address}`
    return { name, state: otherwise, found, advice: 'look for a firewall on the loopback interface' }
  } catch (error) {
    const advice = 'turn it on in the system, or go on without'
    return { name, state: otherwise, found: messageOf(error), advice }
  } finally {
    await Promise.all(open.map((port) => port.close()))
  }
}

function exchanged(from: DatagramPort, to: DatagramPort): Promise<number> {
  return new Promise((resolve) => {
    let came = 0
    const timer = setTimeout(() => resolve(came), PROBE_MS)
    to.onMessage = ({ length }) => {
      came += length === PROBE_BYTES ? 1 : 0
      if (came < PROBES) return
      clearTimeout(timer)
      resolve(came)
    }
    for (let probe = 0; probe < PROBES; probe++) from.send(new Uint8Array(PROBE_BYTES), to.locator)
    from.flush()
  })
}

function clock(): Finding {
  const now = new Date()
  if (now.getTime() >= WRITTEN_MS) return good('clock', now.toISOString())
  const advice = 'set the clock: ledgers write down when processes were started'
  return { name: 'clock', state: 'wrong', found: now.toISOString(), advice }
}

/** A folder that is there has to be ours alone; one that is not has to have a place to be made in. */
async function folder(name: string, path: string): Promise<Finding> {
  try {
    const { mode } = await stat(path)
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
    if (process.platform === 'win32' || (mode & 0o022) === 0) return good(name, path)
    return { name, state: 'wrong', found: `${path} can be written by others`, advice: `chmod 700 ${path}` }
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' && dirname(path) !== path) return absent(name, path, dirname(path))
    return { name, state: 'wrong', found: `${path}: ${errno ?? messageOf(error)}`, advice: NO_RIGHTS }
  }
}

const NO_RIGHTS = 'give this user the rights to it, or set SOJOURN_HOME to another folder'

async function absent(name: string, path: string, above: string): Promise<Finding> {
  try {
    await access(above, constants.W_OK | constants.X_OK)
    return good(name, `${path} will be made when it is needed`)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && dirname(above) !== above) return absent(name, path, dirname(above))
    return { name, state: 'wrong', found: `${path} cannot be made`, advice: NO_RIGHTS }
  }
}
