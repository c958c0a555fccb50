/** `perennial doctor`: examines the installation and says what to do. */

import { Command } from 'commander'
import { writeResult } from './analyze/output.ts'
import type { Finding } from './doctor/finding.ts'
import { homeOf, homeOption } from './options.ts'

const marks: Readonly<Record<Finding['status'], string>> = { ok: 'ok     ', warning: 'look   ', failure: 'FAILED ' }

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Examine the installation, running or not, and say what to do. Ends with status 1 if something fails.')
    .addOption(homeOption())
    .option('--json', 'print JSON')
    .action(async (options: { readonly home?: string; readonly json?: boolean }) => {
      // What it needs is large: loaded here, so that other commands answer at once.
      const { examineInstallation } = await import('./doctor/examine.ts')
      const findings = await examineInstallation(homeOf(options))
      const isWell = findings.every(({ status }) => status !== 'failure')
      writeResult(options.json, { ok: isWell, findings }, () => readable(findings))
      if (!isWell) process.exitCode = 1
    })
}

function readable(findings: readonly Finding[]): string {
  return findings
    .map(({ name, status, detail, remedy }) => {
      const line = `${marks[status]} ${name.padEnd(14)} ${detail}`
      return remedy === undefined ? line : `${line}\n${' '.repeat(23)}→ ${remedy}`
    })
    .join('\n')
}
