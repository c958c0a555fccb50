/** The digest that the reference answers give of long lists. */

import { createHash } from 'node:crypto'

/** SHA-256 of the lines in the order of their UTF-8 bytes, each ended by a line feed. */
export function linesDigest(lines: readonly string[]): string {
  const hash = createHash('sha256')
  const sorted = lines.map((line) => Buffer.from(`${line}\n`)).sort((a, b) => a.compare(b))
  for (const line of sorted) hash.update(line)
  return hash.digest('hex')
}
