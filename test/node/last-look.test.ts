// The last turns before a process stands still: without practice, which would take many more of them.

import { expect, test, vi } from 'vitest'
import { ask, places, scene, thawAt } from '../support/places.ts'

vi.mock(import('../../src/node/rehearsal.ts'), async (original) => ({
  ...(await original()),
  rehearseMove: async () => 0,
}))

test('what has come when a process is asked to freeze is answered before it stands still', async () => {
  const [from, to] = await places(2)
  const { service, talk } = await scene(from)
  const heard: string[] = []
  talk.on('message', (bytes) => heard.push(bytes.toString()))
  await ask(talk, service.hit, 'before')
  const ready = await to.host.offer(service.hit)
  // It leaves at the end of this turn, when the freeze has begun.
  talk.send('meanwhile', 7, service.hit)
  const { endpoint, sockets } = await thawAt(to, await service.freeze({ to: ready }))
  sockets.get(7)?.on('message', (bytes, { hit, port }) => sockets.get(7)?.send(bytes, port, hit))
  await ask(talk, endpoint.hit, 'after')
  expect(heard).toEqual(['before', 'meanwhile', 'after'])
})
