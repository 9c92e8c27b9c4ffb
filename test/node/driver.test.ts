// The loop between a machine, a port and the clock, with a machine that only writes down what it is told.

import { afterEach, expect, test } from 'vitest'
import type { Locator } from '../../src/base/address.ts'
import type { Machine, MachineEvent, Transmit } from '../../src/core/machine.ts'
import { EARLY_BYTES } from '../../src/node/config.ts'
import { Driver, now } from '../../src/node/driver.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import type { DatagramPort } from '../../src/node/port.ts'

const HERE: Locator = { address: '127.0.0.1', port: 1 }
const { hit } = createIdentity()

class FakePort implements DatagramPort {
  readonly locator = HERE
  readonly own = [HERE]
  readonly wanted = []
  readonly dontFragment = false
  readonly sent: Uint8Array[] = []
  flushed = 0
  onMessage: (bytes: Uint8Array, source: Locator) => void = () => undefined
  onBatch: () => void = () => undefined
  send(bytes: Uint8Array): void {
    this.sent.push(bytes)
  }
  flush(): void {
    this.flushed = this.sent.length
  }
  setBuffers(): void {}
  close(): Promise<void> {
    return Promise.resolve()
  }
  ref(): void {}
  unref(): void {}
}

class FakeMachine implements Machine {
  deadline = Number.POSITIVE_INFINITY
  readonly out: Transmit[] = []
  readonly events: MachineEvent[] = []
  readonly expired: { readonly at: number; readonly deadline: number }[] = []
  received = 0
  urgent = false
  onExpire: () => void = () => undefined
  receive(): void {
    this.received++
  }
  expire(at: number): void {
    this.expired.push({ at, deadline: this.deadline })
    this.deadline = Number.POSITIVE_INFINITY
    this.onExpire()
  }
  transmit(): Transmit | undefined {
    return this.out.shift()
  }
  event(): MachineEvent | undefined {
    return this.events.shift()
  }
  answers(): boolean {
    return this.urgent
  }
}

const drivers: Driver[] = []

function drive(onEvent: (event: MachineEvent) => void = () => undefined): {
  readonly machine: FakeMachine
  readonly port: FakePort
  readonly driver: Driver
} {
  const machine = new FakeMachine()
  const port = new FakePort()
  const driver = new Driver(machine, port, onEvent)
  drivers.push(driver)
  return { machine, port, driver }
}

afterEach(() => {
  for (const driver of drivers.splice(0)) driver.stop()
})

const datagram = (byte: number): Transmit => ({ bytes: Uint8Array.of(byte), to: HERE })
const aboutPeer: MachineEvent = { type: 'parked', peer: hit }
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('much that is written in one turn leaves before its end, and nothing is told then', async () => {
  const told: string[] = []
  const { machine, port, driver } = drive((event) => void told.push(event.type))
  machine.out.push(datagram(1))
  machine.events.push(aboutPeer)
  driver.soon(EARLY_BYTES - 1)
  expect(port.sent).toHaveLength(0)
  driver.soon(1)
  expect([port.flushed, told]).toEqual([1, []])
  machine.out.push(datagram(2))
  driver.soon(EARLY_BYTES - 1)
  expect(port.flushed).toBe(1)
  await turn()
  expect([port.flushed, told]).toEqual([2, ['parked']])
})

test('what has come at once is followed by everything the machine wants to send, and nothing of it is left in the port', () => {
  const { machine, port } = drive()
  machine.out.push(datagram(1), datagram(2))
  for (let count = 0; count < 3; count++) port.onMessage(Uint8Array.of(0), HERE)
  expect(machine.received).toBe(3)
  expect(port.sent).toEqual([])
  port.onBatch()
  expect(port.sent.map(([byte]) => byte)).toEqual([1, 2])
  expect(port.flushed).toBe(2)
})

test('what has come at once is told one event after the other, and whoever waits for one is ready for the next', async () => {
  const heard: MachineEvent[] = []
  let next: () => void = () => undefined
  const { machine, port, driver } = drive((event) => {
    heard.push(event)
    next()
  })
  machine.events.push(...Array.from({ length: 200 }, () => aboutPeer))
  machine.out.push(datagram(1))
  const waited: number[] = []
  const waiter = (async () => {
    while (waited.length < 200) {
      await new Promise<void>((resolve) => {
        next = resolve
      })
      waited.push(heard.length)
      // A command in between sends, and does not tell.
      driver.run()
    }
  })()
  port.onMessage(Uint8Array.of(0), HERE)
  port.onBatch()
  await waiter
  expect(waited).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
  expect(port.sent.length).toBe(1)
})

test('answers that the application has no part in leave before it is told, and everything else after it', async () => {
  const sent: number[] = []
  const { machine, port } = drive(() => void sent.push(port.flushed))
  machine.events.push(aboutPeer)
  machine.out.push(datagram(1))
  machine.urgent = true
  port.onMessage(Uint8Array.of(0), HERE)
  port.onBatch()
  expect(sent).toEqual([1])
  await turn()
  machine.urgent = false
  machine.events.push(aboutPeer)
  machine.out.push(datagram(2))
  port.onBatch()
  await turn()
  expect([...sent, port.flushed]).toEqual([1, 1, 2])
})

test('ends follow data in the same turn, and what breaks something off comes in a later one', async () => {
  const heard: string[] = []
  const { machine, port, driver } = drive(({ type }) => heard.push(`${type}${driver.telling ? '' : ', not telling'}`))
  const of = { peer: hit, id: 0 }
  machine.events.push(
    { type: 'stream-data', ...of, bytes: Uint8Array.of(1) },
    { type: 'stream-end', ...of },
    { type: 'stream-finished', ...of },
    { type: 'stream-reset', ...of, code: 1 },
  )
  port.onMessage(Uint8Array.of(0), HERE)
  port.onBatch()
  await turn()
  expect(heard).toEqual(['stream-data', 'stream-end', 'stream-finished'])
  await turn()
  expect(heard.at(-1)).toBe('stream-reset')
  await turn()
  expect(driver.telling).toBe(false)
})

test('a machine with much to say lets others run in between', async () => {
  const { machine, port, driver } = drive()
  for (let count = 0; count < 1_000; count++) machine.out.push(datagram(count))
  driver.run()
  const atOnce = port.sent.length
  expect(atOnce).toBeLessThan(1_000)
  while (port.sent.length < 1_000) await turn()
  expect(port.sent.length).toBe(1_000)
})

test('a machine is called at its deadline and never earlier', async () => {
  const { machine, driver } = drive()
  const done = new Promise<void>((resolve) => {
    machine.onExpire = () => {
      if (machine.expired.length === 5) return resolve()
      machine.deadline = now() + 2.5
    }
  })
  machine.deadline = now() + 2.5
  driver.run()
  await done
  for (const { at, deadline } of machine.expired) expect(at).toBeGreaterThanOrEqual(deadline)
})

test('an earlier deadline is met although a later one was armed', async () => {
  const { machine, driver } = drive()
  machine.deadline = now() + 60_000
  driver.run()
  const expired = new Promise<void>((resolve) => {
    machine.onExpire = resolve
  })
  machine.deadline = now() + 1
  driver.run()
  await expired
  expect(machine.expired.length).toBe(1)
})

test('a deadline beyond what a timer can hold does not fire at once', async () => {
  const { machine, driver } = drive()
  machine.deadline = now() + 2 ** 33
  driver.run()
  const other = drive()
  const fired = new Promise<void>((resolve) => {
    other.machine.onExpire = resolve
  })
  other.machine.deadline = now() + 5
  other.driver.run()
  await fired
  expect(machine.expired).toEqual([])
})

test('a command given inside an event is carried out, without pumping inside the pump', () => {
  const seen: string[] = []
  const { machine, port, driver } = drive((event) => {
    seen.push(event.type)
    if (seen.length > 1) return
    machine.out.push(datagram(7))
    driver.run()
    seen.push(`sent ${port.sent.length}`)
  })
  machine.events.push(aboutPeer, aboutPeer)
  driver.run()
  expect(seen).toEqual(['parked', 'sent 0', 'parked'])
  expect(port.sent.length).toBe(1)
})

test('a listener that throws stops neither the machine nor its timer', async () => {
  let thrown = false
  const { machine, port, driver } = drive(() => {
    if (thrown) return
    thrown = true
    throw new Error('the application')
  })
  machine.events.push(aboutPeer, aboutPeer)
  expect(() => driver.run()).toThrow('the application')
  machine.out.push(datagram(1))
  while (port.sent.length === 0) await turn()
  expect(machine.events.length).toBe(0)
})

test('a stopped driver is deaf and dumb', () => {
  const { machine, port, driver } = drive()
  driver.stop()
  machine.out.push(datagram(1))
  port.onMessage(Uint8Array.of(0), HERE)
  driver.run()
  expect([machine.received, port.sent.length]).toEqual([0, 0])
})
