// An end that never stays, in a process of its own: node port-changes-child.js ADDRESS TIMES. It echoes datagrams on port 7, says how to
// reach it, and once a line comes in has a new port each second, so many times. Each is said on stdout, a line of JSON.

import { writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Endpoint } from '../../src/node/endpoint.ts'

const [address = '127.0.0.1', times = '0'] = process.argv.slice(2)
const PERIOD_MS = 1_000

const endpoint = await Endpoint.open({ bind: { address } })
const echo = await endpoint.datagrams(7)
echo.on('message', (bytes, { hit, port }) => echo.send(bytes, port, hit))
say({ peer: endpoint.peer, port: endpoint.locator.port })

process.stdin.once('data', () => void changePorts())
process.stdin.once('end', () => process.exit(0))

async function changePorts(): Promise<void> {
  for (let time = 0; time < Number(times); time++) {
    await delay(PERIOD_MS)
    say({ port: (await endpoint.rebind()).port })
  }
}

function say(line: Record<string, unknown>): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}
