// System calls that are made for real, counted, and refused when a test says so.

import { type ForeignFunction, type Koffi, loadKoffi } from '../../../src/node/accelerated/koffi.ts'
import { Pinned } from '../../../src/node/accelerated/memory.ts'
import { PortMaker } from '../../../src/node/accelerated/port.ts'
import { type SystemCalls, systemCalls } from '../../../src/node/accelerated/system-calls.ts'
import type { DatagramPort } from '../../../src/node/port.ts'

/** koffi, which is there for development. */
export function koffi(): Koffi {
  const loaded = loadKoffi()
  if (typeof loaded === 'string') throw new Error(loaded)
  return loaded
}

export type Call = Exclude<keyof SystemCalls, 'errno' | 'poll'>

export class Calls {
  readonly counts = new Map<Call, number>()
  readonly koffi = koffi()
  /** Returns an errno to refuse a call with. */
  refuse: (call: Call, args: readonly number[]) => number | undefined = () => undefined
  readonly real: SystemCalls
  readonly counted: SystemCalls
  readonly #peeked: Pinned
  readonly #copy: ForeignFunction
  #errno: number | undefined

  constructor() {
    const real = systemCalls(this.koffi, process.platform, process.arch)
    if (typeof real === 'string') throw new Error(real)
    this.real = real
    this.#peeked = new Pinned(this.koffi, 4)
    this.#copy = this.koffi.load(null).func('memcpy', 'uintptr_t', ['uintptr_t', 'uintptr_t', 'size_t'])
    const counted =
      (name: Call) =>
      (...args: readonly number[]): number => {
        this.counts.set(name, this.count(name) + 1)
        this.#errno = this.refuse(name, args)
        return this.#errno === undefined ? real[name](...args) : -1
      }
    this.counted = {
      socket: counted('socket'),
      bind: counted('bind'),
      getsockname: counted('getsockname'),
      setsockopt: counted('setsockopt'),
      getsockopt: counted('getsockopt'),
      sendmsg: counted('sendmsg'),
      recvmmsg: counted('recvmmsg'),
      close: counted('close'),
      errno: () => this.#errno ?? real.errno(),
      poll: real.poll,
    }
  }

  count(name: Call): number {
    return this.counts.get(name) ?? 0
  }

  /** The number of 32 bits at an address. */
  peek(address: number): number {
    this.#copy(this.#peeked.address, address, 4)
    return this.#peeked.view.getUint32(0, true)
  }

  open(address = '127.0.0.1'): DatagramPort {
    const maker = new PortMaker(this.koffi, this.counted)
    const port = maker.open(address, 0, address.includes(':'), {}, false)
    port.setBuffers(4 << 20)
    return port
  }
}
