// A port without a socket: nothing comes but what a test says has come, and what is sent is told.

import type { DatagramPort } from '../../src/node/port.ts'

export function silentPort(sent: () => void = () => undefined): DatagramPort {
  return {
    locator: { address: '127.0.0.1', port: 1 },
    own: [],
    wanted: [],
    onMessage: () => undefined,
    send: sent,
    setBuffers: () => undefined,
    dontFragment: false,
    onBatch: () => undefined,
    flush: () => undefined,
    close: () => Promise.resolve(),
    ref: () => undefined,
    unref: () => undefined,
  }
}
