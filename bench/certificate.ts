// A certificate for the TLS that some figures are read beside.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** PEM, as node:tls takes it. */
export interface Credentials {
  readonly key: string
  readonly cert: string
}

/** One Ed25519 certificate for both sides, made by openssl; undefined without it, which is said once on stderr. */
export function certificate(): Credentials | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-bench-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  try {
    const request = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-subj', '/CN=bench', '-days', '1']
    execFileSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  } catch {
    console.error('bench: there is no openssl to make a certificate, so TLS is left out')
    return undefined
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
