/** Findings as a person reads them. */

import { writeResult } from '../analyze/output.ts'
import type { Finding } from './finding.ts'

const marks: Readonly<Record<Finding['status'], string>> = { ok: 'ok     ', warning: 'look   ', failure: 'FAILED ' }

/** Prints them; the process ends with status 1 if something fails. */
export function writeFindings(json: boolean | undefined, findings: readonly Finding[]): void {
  const isWell = findings.every(({ status }) => status !== 'failure')
  writeResult(json, { ok: isWell, findings }, () => readable(findings))
  if (!isWell) process.exitCode = 1
}

function readable(findings: readonly Finding[]): string {
  return findings
    .map(({ name, status, detail, remedy }) => {
      const line = `${marks[status]} ${name.padEnd(14)} ${detail}`
      return remedy === undefined ? line : `${line}\n${' '.repeat(23)}→ ${remedy}`
    })
    .join('\n')
}
