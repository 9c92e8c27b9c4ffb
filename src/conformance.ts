// Algorithms that are there only to conform, for who asks: `Endpoint.open({ algorithms: conformance })`. Re-exports only.

export type { Algorithms } from './crypto/algorithms.ts'
export { type Det, detPrefix, type HierarchyId, readDet, verifyDet } from './crypto/det.ts'
export { conformance } from './crypto/suites/conformance/algorithms.ts'
