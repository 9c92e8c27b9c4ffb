// The version in package.json, which lies above both the sources and the compiled files.

import { readFileSync } from 'node:fs'

/** Version of this package. */
export function version(): string {
  for (const place of ['../../package.json', '../../../package.json']) {
    try {
      const parsed: unknown = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'))
      if (isPackage(parsed)) return parsed.version
    } catch {
      // Not here.
    }
  }
  return 'unknown'
}

function isPackage(value: unknown): value is { readonly name: 'sojourn'; readonly version: string } {
  return (
    typeof value === 'object' && value !== null && 'name' in value && value.name === 'sojourn' && 'version' in value
  )
}
