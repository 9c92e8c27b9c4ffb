// DESIGN §2 as data: which folder of src may import which, which packages and Node modules it may name, and which ambient
// globals it must not touch. The rules in house-rules.ts read this table and nothing else.

/** What one folder of src may reach for. */
export interface Layer {
  /** Other folders of src it may import from, types included. */
  readonly imports: readonly string[]
  /** Node modules it may import: a list, or all of them. */
  readonly builtins: readonly string[] | 'all'
  /** True if time, luck and the event loop must come in as arguments (DESIGN §1). */
  readonly pure: boolean
}

/** Every folder of src. A folder that is not here is a fault in itself. */
export const LAYERS: Readonly<Record<string, Layer>> = {
  base: { imports: [], builtins: [], pure: true },
  wire: { imports: ['base'], builtins: [], pure: true },
  crypto: { imports: ['base'], builtins: ['node:crypto'], pure: true },
  core: { imports: ['base', 'wire', 'crypto'], builtins: [], pure: true },
  sim: { imports: ['base', 'wire', 'crypto', 'core'], builtins: [], pure: true },
  inspect: { imports: ['base', 'wire', 'crypto'], builtins: ['node:crypto'], pure: true },
  ledger: { imports: ['base', 'wire', 'crypto', 'core'], builtins: 'all', pure: false },
  node: { imports: ['base', 'crypto', 'core', 'ledger'], builtins: 'all', pure: false },
  cli: { imports: ['base', 'crypto', 'core', 'ledger', 'node', 'sim', 'inspect'], builtins: 'all', pure: false },
}

/** The published entries: they re-export and do nothing else. */
export const ENTRIES: readonly string[] = ['src/index.ts', 'src/sim.ts', 'src/wire.ts', 'src/conformance.ts']

/** Third-party packages and the only places in src that may import them. A trailing slash means the whole folder. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@noble/curves': ['src/crypto/'],
  '@noble/hashes': ['src/crypto/'],
  cborg: ['src/wire/cbor.ts'],
  commander: ['src/cli/'],
  'dgram-as-promised': ['src/node/port.ts'],
  hpke: ['src/node/seal.ts', 'src/node/hpke-parts.ts'],
}

/** Globals that bring in time, luck, or the event loop. */
export const AMBIENT: ReadonlySet<string> = new Set([
  'Date',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'queueMicrotask',
  'process',
  'Promise',
  'globalThis',
  'global',
  'crypto',
  'console',
  'fetch',
])

/** Members of otherwise harmless globals that do the same. */
export const AMBIENT_MEMBERS: ReadonlySet<string> = new Set(['Math.random', 'Atomics.wait', 'Atomics.waitAsync'])

export const FILE_LINES_MAX = 400
export const FUNCTION_LINES_MAX = 60
