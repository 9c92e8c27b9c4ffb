// The published surface: everything a program needs, and nothing else. Re-exports only.

export { formatLocator, type Locator, parseLocator } from './base/address.ts'
export type { Choices } from './core/association/exchange-offer.ts'
export type { PathReason } from './core/association/tuple.ts'
export type { Path, Way } from './core/engine.ts'
export type { Traffic } from './core/own-locators.ts'
export type { Algorithms } from './crypto/algorithms.ts'
export { type Hit, parseHit } from './crypto/hit.ts'
export { Identity, type IdentityAlgorithm, type PublicKey } from './crypto/identity.ts'
export { FileLedger } from './ledger/file.ts'
export { type Ledger, LedgerError, type LedgerErrorCode } from './ledger/interface.ts'
export { MemoryLedger } from './ledger/memory.ts'
export type { Access, PeerNameLike } from './node/access.ts'
export {
  type ConnectorCallback,
  type ReachOptions,
  SojournAgent,
  sojournConnection,
  sojournConnector,
  type Target,
} from './node/agent.ts'
export {
  Association,
  type AssociationEnd,
  type AssociationEvents,
  type PingOptions,
  type Pong,
} from './node/association.ts'
export type { ConnectOptions } from './node/connect.ts'
export {
  type Datagram,
  type DatagramInfo,
  DatagramSocket,
  type DatagramSocketEvents,
  type SendCallback,
} from './node/datagram-socket.ts'
export {
  type AssociateOptions,
  Endpoint,
  type EndpointEnd,
  type EndpointEvents,
  type EndpointOptions,
  type FreezeOptions,
  type PlaceOptions,
} from './node/endpoint.ts'
export { SojournError, type SojournErrorCode } from './node/errors.ts'
export { Host, type HostKem, type HostOptions } from './node/host.ts'
export { createIdentity, readIdentity, writeIdentity } from './node/key-file.ts'
export { Listener, type ListenerEvents, type ListenOptions } from './node/listener.ts'
export { formatPeer, type Peer, type PeerLike, parsePeer } from './node/peer.ts'
export type { Bind } from './node/port.ts'
export type { ThawPlace } from './node/readiness.ts'
export { type Content, type Open, ResumableServer, resumable, type Source } from './node/resumable.ts'
export type { Resumed } from './node/resumed.ts'
export { SojournStream } from './node/stream.ts'
export type { StreamOptions } from './node/stream-options.ts'
export { type Thawed, type ThawOptions, thaw } from './node/thaw.ts'
