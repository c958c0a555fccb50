/** The version of a document is its content: the same words, the same version. */

import { createHash } from 'node:crypto'

/** 16 hexadecimal digits of the SHA-256 of the canonical JSON (keys sorted, no spaces). */
export function contentVersion(document: unknown): string {
  return createHash('sha256').update(canonicalJson(document)).digest('hex').slice(0, 16)
}

/** JSON in which the order of keys does not matter. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
