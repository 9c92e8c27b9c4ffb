// The simulator: worlds in virtual time, decided by a seed, with checkers that look only from outside. For tests of this project
// and of whatever is built on it.

export type { Arrival } from './sim/arrival.ts'
export { AmplificationChecker } from './sim/checkers/amplification.ts'
export { CapChecker } from './sim/checkers/caps.ts'
export { CapsuleChecker } from './sim/checkers/capsules.ts'
export { EpochChecker } from './sim/checkers/epochs.ts'
export { FormerHostChecker } from './sim/checkers/former-host.ts'
export { HolderChecker } from './sim/checkers/holders.ts'
export { HonestyChecker } from './sim/checkers/honesty.ts'
export { LivelockChecker } from './sim/checkers/livelock.ts'
export { NonceChecker } from './sim/checkers/nonces.ts'
export { OnceChecker } from './sim/checkers/once.ts'
export { SecretChecker } from './sim/checkers/secrets.ts'
export { StatelessChecker } from './sim/checkers/stateless.ts'
export { StreamEndChecker } from './sim/checkers/stream-ends.ts'
export { StreamChecker } from './sim/checkers/streams.ts'
export { allCheckers, Checkers } from './sim/checkers.ts'
export { Clock } from './sim/clock.ts'
export { contentBytes, contentId } from './sim/content.ts'
export type { Departure } from './sim/departure.ts'
export {
  CALM,
  calmProfile,
  drawProfile,
  EVENT_KINDS,
  type EventKind,
  FAULT_KINDS,
  type FaultKind,
  type LinkFaults,
  type Profile,
} from './sim/faults.ts'
export type { Host } from './sim/host.ts'
export { pooledIdentity } from './sim/identities.ts'
export { APP_PORT, Instance } from './sim/instance.ts'
export { SimLedger } from './sim/ledger.ts'
export { type Arrival as LinkArrival, Link } from './sim/link.ts'
export { type Filtering, Nat, type NatOptions } from './sim/nat.ts'
export { type Filter, Network, type Socket, type Verdict, type Watch } from './sim/network.ts'
export type { Checker, Content, Footprint, Observation, ObservationType, Run, Violation } from './sim/observation.ts'
export type { HostOptions, ProcessOptions, WorldOptions } from './sim/options.ts'
export { type PacketKind, packetKind, type WirePacket } from './sim/packet.ts'
export { Process, type Received } from './sim/process.ts'
export { describeFailure, runSeed, type SeedFailure, type SeedResult } from './sim/seed.ts'
export { kindOfSeed, SEED_KINDS, type SeedKind, SWARM } from './sim/seed-kinds.ts'
export { STREAM_PORT, StreamDesk } from './sim/stream-desk.ts'
export { Swarm } from './sim/swarm.ts'
export { addCounts, type Counts, Tally, zeros } from './sim/tally.ts'
export { World } from './sim/world.ts'
