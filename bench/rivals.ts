// The rivals' packages, in bench/rivals with a lockfile of their own: installed when a bench first wants them, and said to be missing
// in one line if they cannot be had.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../bench/rivals/', import.meta.url))
const INSTALL_MS_MAX = 600_000

/** Who needs which packages; `newer`: a Node that is newer than ours, which comes from npm too. */
const NEEDS: Readonly<Record<string, { readonly packages: readonly string[]; readonly newer?: number }>> = {
  hyperdht: { packages: ['hyperdht'] },
  'udx + secret-stream': { packages: ['udx-native', '@hyperswarm/secret-stream'] },
  'tcp + secret-stream': { packages: ['@hyperswarm/secret-stream'] },
  libp2p: { packages: ['libp2p', '@libp2p/tcp', '@chainsafe/libp2p-noise', '@chainsafe/libp2p-yamux'], newer: 22 },
}

export type Readiness = { readonly node: string | undefined } | { readonly missing: string }

let failure: string | undefined
let tried = false

/** Whether `contender` can run here, and with which Node; what is no rival always can. Installs them all at the first call. */
export function readiness(contender: string): Readiness {
  const needs = NEEDS[contender]
  if (needs === undefined) return { node: undefined }
  if (!tried) install()
  const absent = needs.packages.find((name) => !existsSync(`${FOLDER}node_modules/${name}/package.json`))
  if (absent !== undefined) return { missing: failure ?? `${absent} is not in bench/rivals/node_modules` }
  if (needs.newer === undefined || Number(process.versions.node.split('.')[0]) >= needs.newer)
    return { node: undefined }
  const node = `${FOLDER}node_modules/node/bin/node`
  return existsSync(node) ? { node } : { missing: `it needs Node ${needs.newer}, and npm gave none` }
}

/** `name version`, for those that are installed. */
export function versionOf(contender: string): string {
  const versions = (NEEDS[contender]?.packages ?? []).map((name) => {
    const { version }: { version: string } = JSON.parse(
      readFileSync(`${FOLDER}node_modules/${name}/package.json`, 'utf8'),
    )
    return `${name} ${version}`
  })
  return versions.join(', ')
}

/** Anew when the lockfile is not the one that was installed. */
function install(): void {
  tried = true
  if (isInstalled()) return
  console.error('bench: installing the rivals into bench/rivals (once, a minute or so)')
  try {
    const argv = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
    execFileSync('npm', argv, { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'], timeout: INSTALL_MS_MAX })
  } catch (error) {
    failure = `npm ci in bench/rivals failed (${error instanceof Error ? error.message.split('\n')[0] : error})`
  }
}

/** npm keeps what it has installed in a lockfile of its own. */
function isInstalled(): boolean {
  const installed = `${FOLDER}node_modules/.package-lock.json`
  if (!existsSync(installed)) return false
  const packages = (path: string): Record<string, { readonly version?: string; readonly optional?: boolean }> =>
    JSON.parse(readFileSync(path, 'utf8')).packages
  const have = packages(installed)
  return Object.entries(packages(`${FOLDER}package-lock.json`)).every(
    ([path, { version, optional }]) => path === '' || optional === true || have[path]?.version === version,
  )
}
