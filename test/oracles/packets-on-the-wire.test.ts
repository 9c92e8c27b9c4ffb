// A move of endpoints, as users have them, seen on real sockets and read by strangers with what SOJOURN_KEYLOG holds. The lives of
// associations under everything else that can be chosen are in lives.ts.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Endpoint, Host, type IdentityAlgorithm, thaw } from '../../src/index.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import { ask } from '../support/ask.ts'
import { expectInspected, expectSound, HIP_TYPES, judge } from '../support/judgement.ts'
import { Tap } from '../support/tap.ts'

const folder = mkdtempSync(join(tmpdir(), 'sojourn-wire-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ECHO_PORT = 7

describe('endpoints with SOJOURN_KEYLOG', () => {
  it.each(['ed25519', 'ecdsa-p256'] as const)('%s: a move is seen and opened from end to end', async (algorithm) => {
    const keyLog = join(folder, `endpoints-${algorithm}`)
    process.env.SOJOURN_KEYLOG = keyLog
    using tap = new Tap()
    try {
      await moveAnEndpoint(algorithm)
    } finally {
      delete process.env.SOJOURN_KEYLOG
    }
    const judgement = judge(tap.seen, tap.ports, keyLog)
    expectSound(judgement, [13], keyLog)
    expectInspected(tap.seen, keyLog)
    const types = new Set(judgement.reading.rows.map(({ packetType }) => packetType))
    const { NOTIFY, ...others } = HIP_TYPES
    for (const type of Object.values(others)) expect(types).toContain(type)
    expect(types).not.toContain(NOTIFY)
  })
})

async function moveAnEndpoint(algorithm: IdentityAlgorithm): Promise<void> {
  const [here, there] = [
    await Host.open({ home: join(folder, 'here') }),
    await Host.open({ home: join(folder, 'there') }),
  ]
  const ledger = here.ledger(join(folder, 'ledger'))
  const bind = { address: '127.0.0.1' }
  await using peer = await Endpoint.open({ identity: createIdentity(algorithm), bind })
  const service = await Endpoint.open({ identity: createIdentity(algorithm), host: here, ledger, bind })
  const echo = await service.datagrams(ECHO_PORT)
  echo.on('message', (bytes, from) => echo.send(bytes, from.port, from.hit))
  const association = await peer.associate(service.peer)
  const socket = await peer.datagrams()
  await ask(socket, association.peer, ECHO_PORT, 'before')
  const capsule = await service.freeze({ to: there.kem })
  const thawed = await thaw(capsule, { host: there, ledger, bind: { address: '127.0.0.2' } })
  await using moved = thawed.endpoint
  const moving = thawed.sockets.get(ECHO_PORT)
  moving?.on('message', (bytes, from) => moving.send(bytes, from.port, from.hit))
  await ask(socket, association.peer, ECHO_PORT, 'after')
  expect(association.baseExchanges).toBe(1)
  expect(moved.epoch).toBe(2)
}
