// What can be seen of a world from outside the code under test: packets on links, what is sealed, what machines tell, what
// applications send and get, what the ledger decides. Checkers read nothing else.

import type { Locator } from '../base/address.ts'
import type { MachineEvent } from '../core/machine.ts'
import type { Hit } from '../crypto/hit.ts'
import type { WirePacket } from './packet.ts'

/** One start of one identity, honest or an impostor's. */
export interface Run {
  readonly id: number
  /** What prose calls the identity. */
  readonly name: string
  readonly hit: Hit
  readonly epoch: number
  /** Hex. */
  readonly incarnation: string
  readonly host: string
  /** False for a machine that an attacker drives. */
  readonly honest: boolean
  /** Starts that resume another's associations share its lineage; any other start begins one (MOVING §4). */
  readonly lineage: number
}

/** One thing seen. Times are virtual milliseconds. */
export type Observation =
  // A machine that may seal, from here to there. `resumes`: with whom it goes on.
  | { readonly type: 'run-begins'; readonly at: number; readonly run: Run; readonly resumes?: readonly Hit[] }
  | { readonly type: 'run-ends'; readonly at: number; readonly run: Run }
  // The ledger's history, in its own order.
  | { readonly type: 'activated'; readonly hit: Hit; readonly epoch: number; readonly incarnation: string }
  // The AEAD and the key log.
  | { readonly type: 'send-key'; readonly run: Run; readonly key: Uint8Array }
  | {
      readonly type: 'sealed'
      readonly at: number
      readonly run: Run
      /** A name for the key, the same for equal keys whoever holds them. */
      readonly key: number
      readonly sequence: number
      /** The nonce that went out, a character for each byte. */
      readonly nonce: string
      /** The application datagram inside, if that is what it is. */
      readonly content: number | undefined
    }
  | { readonly type: 'secret'; readonly what: string; readonly bytes: Uint8Array }
  /** Bytes that a run drew; if they never show on the wire they are no business of a capsule. */
  | { readonly type: 'drawn'; readonly run: Run; readonly bytes: Uint8Array }
  // The wire. `socket` numbers sockets; `run` is whoever owns it.
  | { readonly type: 'wire-sent'; readonly packet: WirePacket; readonly socket: number; readonly run: Run | undefined }
  | {
      readonly type: 'wire-arrived'
      readonly packet: WirePacket
      readonly socket: number
      readonly run: Run | undefined
    }
  /** A locator that an honest identity says it has, or a user, a capsule or a ledger names to `run`. */
  | { readonly type: 'announced'; readonly locator: Locator; readonly run: Run | undefined }
  // Machines and applications.
  | { readonly type: 'event'; readonly at: number; readonly run: Run; readonly event: MachineEvent }
  | { readonly type: 'text'; readonly run: Run; readonly text: string }
  | { readonly type: 'bound'; readonly run: Run; readonly peer: Hit; readonly epoch: number }
  | { readonly type: 'queue'; readonly run: Run; readonly what: string; readonly size: number; readonly cap: number }
  | { readonly type: 'closed'; readonly at: number; readonly run: Run; readonly peer: Hit }
  | { readonly type: 'app-sent'; readonly run: Run; readonly to: Hit; readonly content: Content }
  // Applications with streams. `serial` numbers directions; each begins with its own (content.ts).
  | { readonly type: 'stream-opened'; readonly run: Run; readonly peer: Hit; readonly id: number }
  | {
      readonly type: 'stream-wrote'
      readonly run: Run
      readonly peer: Hit
      readonly id: number
      readonly serial: number
      readonly bytes: Uint8Array
    }
  | { readonly type: 'stream-finished'; readonly run: Run; readonly serial: number }
  | {
      readonly type: 'stream-broken'
      readonly run: Run
      readonly peer: Hit
      readonly id: number
      readonly how: 'reset' | 'stop'
    }
  | { readonly type: 'stream-read'; readonly run: Run; readonly peer: Hit; readonly id: number; readonly bytes: number }
  // Attacks.
  | {
      readonly type: 'flooded'
      readonly run: Run
      readonly packets: number
      readonly before: Footprint
      readonly after: Footprint
    }
  | { readonly type: 'capsule'; readonly run: Run; readonly plaintext: Uint8Array }
  /** Rebinding of `hit` with `peers` is complete and its former host, at `locators`, turns on it. */
  | {
      readonly type: 'former-host'
      readonly at: number
      readonly hit: Hit
      readonly peers: readonly Hit[]
      readonly locators: readonly Locator[]
    }
  | { readonly type: 'former-host-opened'; readonly hit: Hit; readonly spi: number }

/** What a machine holds because of others: counted before and after a flood. */
export interface Footprint {
  readonly associations: number
  readonly counters: number
}

/** An application datagram: its number, which it carries, and everything about it that the receiver sees. */
export interface Content {
  readonly id: number
  readonly sourcePort: number
  readonly port: number
  readonly bytes: Uint8Array
}

export type ObservationType = Observation['type']

/** A rule that was broken: by its name in the threat model (S1–S11, L1–L3) or the list of invariants (I1–I12). */
export interface Violation {
  readonly rule: string
  readonly detail: string
}

/** Watches observations for one rule. */
export interface Checker {
  readonly rule: string
  readonly sees: readonly ObservationType[]
  /** What is wrong with this observation after all those before, or undefined. */
  see(observation: Observation): string | undefined
}
