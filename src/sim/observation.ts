// What can be seen of a world from outside the code under test: packets on links, what is sealed, what machines tell, what
// applications send and get, what the ledger decides. Checkers read nothing else.

import type { Locator } from '../base/address.ts'
import type { MachineEvent } from '../core/machine.ts'
import type { Hit } from '../crypto/hit.ts'
import type { WirePacket } from './packet.ts'

/** One start of one identity, honest or an impostor's. */
export interface Run {
  /** Numbers the starts of a world from 0. */
  readonly id: number
  /** What prose calls the identity. */
  readonly name: string
  /** Of the identity. */
  readonly hit: Hit
  /** How often the identity has been started, this start included. */
  readonly epoch: number
  /** Hex. */
  readonly incarnation: string
  /** The name of the host where it began. */
  readonly host: string
  /** False for a machine that an attacker drives. */
  readonly honest: boolean
  /** Starts that resume another's associations share its lineage; any other start begins one (MOVING §4). */
  readonly lineage: number
}

/**
 * One thing seen; `type` says what. `at` is the moment in virtual ms, `run` whose doing it is (undefined: nobody's who is known
 * here), `hit` an identity, `peer` the other end, and `id` a stream of the two.
 */
export type Observation =
  // A machine that may seal, from here to there.
  | {
      readonly type: 'run-begins'
      readonly at: number
      readonly run: Run
      /** With whom it goes on. */
      readonly resumes?: readonly Hit[]
    }
  | { readonly type: 'run-ends'; readonly at: number; readonly run: Run }
  // The ledger's history, in its own order.
  | {
      readonly type: 'activated'
      readonly hit: Hit
      /** The epoch that runs from now on. */
      readonly epoch: number
      /** Hex. */
      readonly incarnation: string
    }
  // The AEAD and the key log.
  | {
      readonly type: 'send-key'
      readonly run: Run
      /** The key itself. */
      readonly key: Uint8Array
    }
  | {
      readonly type: 'sealed'
      readonly at: number
      readonly run: Run
      /** A name for the key, the same for equal keys whoever holds them. */
      readonly key: number
      /** The number of the packet under this key, all 64 bits. */
      readonly sequence: number
      /** The nonce that went out, a character for each byte. */
      readonly nonce: string
      /** The application datagram inside, if that is what it is. */
      readonly content: number | undefined
    }
  | {
      readonly type: 'secret'
      /** What it is, in words. */
      readonly what: string
      /** What may show nowhere. */
      readonly bytes: Uint8Array
    }
  | {
      readonly type: 'drawn'
      readonly run: Run
      /** Bytes that a run drew; if they never show on the wire they are no business of a capsule. */
      readonly bytes: Uint8Array
    }
  // The wire.
  | {
      readonly type: 'wire-sent'
      /** As it leaves, before any fault. */
      readonly packet: WirePacket
      /** The number of the socket; `run` is whoever owns it. */
      readonly socket: number
      readonly run: Run | undefined
    }
  | {
      readonly type: 'wire-arrived'
      /** As it arrives. */
      readonly packet: WirePacket
      /** The number of the socket; `run` is whoever owns it. */
      readonly socket: number
      readonly run: Run | undefined
    }
  | {
      readonly type: 'announced'
      /** A locator that an honest identity says it has, or a user, a capsule or a ledger names to `run`. */
      readonly locator: Locator
      readonly run: Run | undefined
    }
  // Machines and applications.
  | {
      readonly type: 'event'
      readonly at: number
      readonly run: Run
      /** What the machine told. */
      readonly event: MachineEvent
    }
  | {
      readonly type: 'text'
      readonly run: Run
      /** What a machine says to people. */
      readonly text: string
    }
  | {
      readonly type: 'bound'
      readonly run: Run
      readonly peer: Hit
      /** The peer's epoch that the association is bound to. */
      readonly epoch: number
    }
  | {
      readonly type: 'queue'
      readonly run: Run
      /** Which queue, in words. */
      readonly what: string
      /** What is in it. */
      readonly size: number
      /** What it may hold at most. */
      readonly cap: number
    }
  | { readonly type: 'closed'; readonly at: number; readonly run: Run; readonly peer: Hit }
  | {
      readonly type: 'app-sent'
      readonly run: Run
      /** For whom it is. */
      readonly to: Hit
      /** What was sent. */
      readonly content: Content
    }
  // Applications with streams.
  | { readonly type: 'stream-opened'; readonly run: Run; readonly peer: Hit; readonly id: number }
  | {
      readonly type: 'stream-wrote'
      readonly run: Run
      readonly peer: Hit
      readonly id: number
      /** Numbers directions; each begins with its own (content.ts). */
      readonly serial: number
      /** What the engine took. */
      readonly bytes: Uint8Array
    }
  | {
      readonly type: 'stream-finished'
      readonly run: Run
      /** Of the direction that is all written. */
      readonly serial: number
    }
  | {
      readonly type: 'stream-broken'
      readonly run: Run
      readonly peer: Hit
      readonly id: number
      /** 'reset': it will not write the rest. 'stop': it will not read the rest. */
      readonly how: 'reset' | 'stop'
    }
  | {
      readonly type: 'stream-read'
      readonly run: Run
      readonly peer: Hit
      readonly id: number
      /** How many were read. */
      readonly bytes: number
    }
  // Attacks.
  | {
      readonly type: 'flooded'
      readonly run: Run
      /** How many there were. */
      readonly packets: number
      /** What the machine held. */
      readonly before: Footprint
      /** What it holds. */
      readonly after: Footprint
    }
  | {
      readonly type: 'capsule'
      readonly run: Run
      /** What is going to be sealed. */
      readonly plaintext: Uint8Array
    }
  | {
      readonly type: 'former-host'
      readonly at: number
      /** Whose former host turns on it. */
      readonly hit: Hit
      /** With whom rebinding is complete. */
      readonly peers: readonly Hit[]
      /** Where the former host is. */
      readonly locators: readonly Locator[]
    }
  | {
      readonly type: 'former-host-opened'
      readonly hit: Hit
      /** Of the packet that the former host could read. */
      readonly spi: number
    }

/** What a machine holds because of others: counted before and after a flood. */
export interface Footprint {
  /** How many there are, in any state. */
  readonly associations: number
  /** How many kinds of thing it counts. */
  readonly counters: number
}

/** An application datagram: its number, which it carries, and everything about it that the receiver sees. */
export interface Content {
  /** Its serial number: `contentId` reads it. */
  readonly id: number
  /** Inner UDP port of who sent it. */
  readonly sourcePort: number
  /** Inner UDP port that it is for. */
  readonly port: number
  /** All of it. */
  readonly bytes: Uint8Array
}

/** What an observation can be. */
export type ObservationType = Observation['type']

/** A rule that was broken: by its name in the threat model (S1–S11, L1–L3) or the list of invariants (I1–I12). */
export interface Violation {
  /** Such as S1. */
  readonly rule: string
  /** What was seen, in words. */
  readonly detail: string
}

/** Watches observations for one rule. */
export interface Checker {
  /** The rule by its name, such as S1. */
  readonly rule: string
  /** Which observations it wants to see. */
  readonly sees: readonly ObservationType[]
  /** What is wrong with this observation after all those before, or undefined. */
  see(observation: Observation): string | undefined
}
