// Randomness straight from the operating system, one system call a request and nothing kept (MOVING §3). A generator in user
// space is part of the process image: a copy of the process would repeat it, and with it keys and initialisation vectors.

import { randomFillSync } from 'node:crypto'
import { openSync, readSync } from 'node:fs'
import { assert } from '../base/assert.ts'
import type { Entropy } from '../crypto/entropy.ts'

const DEVICE = '/dev/urandom'

/** `length` fresh bytes from the kernel; from node:crypto where the kernel has no such device (Windows). */
export const systemEntropy: Entropy = (length) => {
  const bytes = new Uint8Array(length)
  const device = open()
  if (device === undefined) return randomFillSync(bytes)
  for (let filled = 0; filled < length; ) {
    const count = readSync(device, bytes, filled, length - filled, null)
    assert(count > 0, `${DEVICE} ended`)
    filled += count
  }
  return bytes
}

let device: number | 'none' | undefined

function open(): number | undefined {
  if (device === undefined) {
    try {
      device = openSync(DEVICE, 'r')
    } catch {
      device = 'none'
    }
  }
  return device === 'none' ? undefined : device
}
