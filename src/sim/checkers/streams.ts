// S1 and I6: of a stream every byte that was written arrives at most once, in its place, with the end behind the last and only there,
// across any number of moves. What an application had not read is told again after a thaw, from where it stopped reading. Content
// begins with a serial number, so that a byte tells which stream of whom it belongs to.

import { equalBytes } from '../../base/bytes.ts'
import type { MachineEvent } from '../../core/machine.ts'
import type { Hit } from '../../crypto/hit.ts'
import { CONTENT_HEADER_BYTES, contentId } from '../content.ts'
import type { Checker, Observation, ObservationType, Run } from '../observation.ts'

/** One direction of a stream as its writer has it. */
interface Written {
  readonly from: Hit
  readonly to: Hit
  /** With room for more behind `length`. */
  bytes: Uint8Array
  length: number
  finished: boolean
  /** Where it arrives. */
  reader: string | undefined
}

/** The same as its reader has it. */
interface Reading {
  /** The first bytes, until they name what this is. */
  head: Uint8Array
  written: Written | undefined
  /** Bytes told, and read. */
  told: number
  read: number
  broken: boolean
}

const NOTHING = new Uint8Array(0)

type OfStream = Extract<MachineEvent, { readonly id: number }>

export class StreamChecker implements Checker {
  readonly rule = 'S1'
  readonly sees: readonly ObservationType[] = [
    'run-begins',
    'stream-opened',
    'stream-wrote',
    'stream-finished',
    'stream-read',
    'event',
  ]
  readonly #written = new Map<number, Written>()
  readonly #readings = new Map<string, Reading>()
  /** Streams that are over, until their association is. */
  readonly #over = new Set<string>()
  readonly #runs = new Map<number, number>()

  see(observation: Observation): string | undefined {
    switch (observation.type) {
      case 'run-begins':
        return this.#begin(observation.run, observation.resumes ?? [])
      case 'stream-opened':
        return this.#open(keyOf(observation.run, observation.peer, observation.id))
      case 'stream-wrote':
        return this.#wrote(observation)
      case 'stream-finished': {
        const written = this.#written.get(observation.serial)
        if (written !== undefined) written.finished = true
        return undefined
      }
      case 'stream-read': {
        const reading = this.#readings.get(keyOf(observation.run, observation.peer, observation.id))
        if (reading !== undefined) reading.read += observation.bytes
        return reading !== undefined && reading.read > reading.told ? 'more was read than told' : undefined
      }
      case 'event':
        return observation.run.honest ? this.#event(observation.run, observation.event) : undefined
      default:
        return undefined
    }
  }

  /** What goes on elsewhere is told again from where it was read; in place it goes on as it was. */
  #begin(run: Run, resumes: readonly Hit[]): undefined {
    if (!run.honest || this.#runs.get(run.lineage) === run.id) return
    this.#runs.set(run.lineage, run.id)
    const prefixes = resumes.map((peer) => keyOf(run, peer, ''))
    // An association that was being made, or was closing, does not travel, and its streams do not.
    const stays = (key: string): boolean =>
      key.startsWith(`${run.lineage} `) && !prefixes.some((prefix) => key.startsWith(prefix))
    for (const key of this.#over) if (stays(key)) this.#over.delete(key)
    for (const [key, reading] of this.#readings) {
      if (stays(key)) this.#readings.delete(key)
      else if (key.startsWith(`${run.lineage} `)) reading.told = reading.read
    }
  }

  #open(key: string): string | undefined {
    if (this.#readings.has(key) || this.#over.has(key)) return `stream ${key} was opened twice`
    this.#readings.set(key, {
      head: NOTHING,
      written: undefined,
      told: 0,
      read: 0,
      broken: false,
    })
    return undefined
  }

  #wrote({ run, peer, serial, bytes }: Extract<Observation, { type: 'stream-wrote' }>): undefined {
    const known = this.#written.get(serial)
    const written = known ?? { from: run.hit, to: peer, bytes: NOTHING, length: 0, finished: false, reader: undefined }
    const length = written.length + bytes.length
    if (length > written.bytes.length) {
      const roomier = new Uint8Array(2 * length)
      roomier.set(written.bytes.subarray(0, written.length))
      written.bytes = roomier
    }
    written.bytes.set(bytes, written.length)
    written.length = length
    this.#written.set(serial, written)
  }

  #event(run: Run, event: MachineEvent): string | undefined {
    if (event.type === 'ended') {
      const prefix = keyOf(run, event.peer, '')
      for (const key of this.#over) if (key.startsWith(prefix)) this.#over.delete(key)
      for (const key of this.#readings.keys())
        if (key.startsWith(prefix)) return `stream ${key} outlives its association`
      return undefined
    }
    return 'id' in event ? this.#onStream(run, event) : undefined
  }

  #onStream(run: Run, event: OfStream): string | undefined {
    const key = keyOf(run, event.peer, event.id)
    const reading = this.#readings.get(key)
    if (event.type === 'stream') return this.#open(key)
    if (event.type === 'stream-closed' || event.type === 'stream-lost') {
      this.#readings.delete(key)
      this.#over.add(key)
      return undefined
    }
    if (event.type !== 'stream-data' && event.type !== 'stream-end' && event.type !== 'stream-reset') return undefined
    if (reading === undefined) return `stream ${key} has ${event.type}, and is not open`
    if (reading.broken && event.type === 'stream-data') return `stream ${key} goes on after it was reset`
    if (event.type === 'stream-data') return this.#data(run, event.peer, key, reading, event.bytes)
    if (event.type === 'stream-reset') reading.broken = true
    else if (reading.written?.finished !== true) return `stream ${key} ended, and its writer has not ended it`
    else if (reading.told !== reading.written.length)
      return `stream ${key} ended at byte ${reading.told} of ${reading.written.length}`
    return undefined
  }

  #data(run: Run, peer: Hit, key: string, reading: Reading, bytes: Uint8Array): string | undefined {
    const from = reading.told
    reading.told += bytes.length
    if (reading.head.length < CONTENT_HEADER_BYTES) {
      const missing = Math.max(0, reading.head.length - from)
      reading.head = Uint8Array.from([...reading.head, ...bytes.subarray(missing, CONTENT_HEADER_BYTES)])
      const serial = contentId(reading.head)
      reading.written = serial === undefined ? undefined : this.#written.get(serial)
    }
    const { written } = reading
    if (written === undefined) {
      return reading.head.length < CONTENT_HEADER_BYTES ? undefined : `stream ${key} has what nobody honest wrote`
    }
    if (written.from !== peer || written.to !== run.hit) return `stream ${key} has what was written to somebody else`
    if (written.reader !== undefined && written.reader !== key) return `streams ${key} and ${written.reader} are one`
    written.reader = key
    const expected = written.bytes.subarray(from, Math.min(reading.told, written.length))
    return equalBytes(expected, bytes) ? undefined : `stream ${key} has other bytes at ${from} than were written`
  }
}

function keyOf(run: Run, peer: Hit, id: number | ''): string {
  return `${run.lineage} ${run.hit} ${peer} ${id}`
}
