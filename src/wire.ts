// The published codec: HIP packets over UDP, ESP framing and signed objects, bytes to plain values and back.
// Nothing here holds a key, keeps state or touches Node.

export { hipChecksum, sumOfPair, upperLayerChecksum } from './wire/checksum.ts'
export * from './wire/datagram.ts'
export * from './wire/esp.ts'
export * from './wire/exchange.ts'
export { isMalformed, type Malformed } from './wire/malformed.ts'
export * from './wire/messages.ts'
export * from './wire/mobility.ts'
export * from './wire/notify.ts'
export * from './wire/object.ts'
export * from './wire/packet.ts'
export * from './wire/private.ts'
export * from './wire/registry.ts'
export * from './wire/update.ts'
