/** `perennial customer`: what a person has a right to: a copy of everything, and to be forgotten. */

import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { textTable, writeResult } from './analyze/output.ts'
import { addMergeCommands } from './customer-merge-commands.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'
import { UsageError } from './usage-error.ts'

interface EraseOptions extends TargetOptions {
  readonly yes?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

interface ErasureAnswer {
  readonly completedAt: string | null
  readonly counts: Readonly<Record<string, number>>
}

const patienceMs = 300_000
const pollMs = 500

export function customerCommand(): Command {
  const customer = new Command('customer').description(
    'One person: what is known, a copy of it, to be forgotten; two that are one, or are not.',
  )
  const named = 'id, the id of the shop, or a whole e-mail address or phone number'
  const exporting = customer
    .command('export')
    .description('Everything that is known of one person, opened, as JSON.')
    .argument('<id>', named)
    .option('--out <file>', 'write it there, readable by its owner only, instead of printing it')
    .action((id: string, options: TargetOptions & { readonly out?: string }) => runExport(id, options))
  const erasing = customer
    .command('erase')
    .description('Forget a person, for good: deletes every row, the key of their data, and what is under way.')
    .argument('<id>', named)
    .option('--dry-run', 'say what there is to delete, and delete nothing')
    .option('--yes', 'really do it: nothing brings it back')
    .option('--json', 'print JSON')
    .action((id: string, options: EraseOptions) => runErase(id, options))
  for (const command of [exporting, erasing]) {
    command.addOption(homeOption())
    for (const option of targetOptions()) command.addOption(option)
  }
  addMergeCommands(customer)
  return customer
}

async function runExport(id: string, { out, ...target }: TargetOptions & { readonly out?: string }): Promise<void> {
  const text = `${JSON.stringify(await askInstallation(target, `${pathOf(id)}/export`), undefined, 2)}\n`
  if (out === undefined) process.stdout.write(text)
  else writeFileSync(out, text, { mode: 0o600, flag: 'wx' })
}

async function runErase(id: string, options: EraseOptions): Promise<void> {
  const { yes = false, dryRun = false, json } = options
  if (!dryRun && !yes) {
    throw new UsageError('Nothing was deleted: --dry-run shows what there is, --yes deletes it for good')
  }
  const answer = await askInstallation(options, `${pathOf(id)}/erase`, { dryRun })
  if (dryRun) {
    const { rows } = answer as { readonly rows: Readonly<Record<string, number>> }
    writeResult(json, Object(answer) as object, () => `${table(rows)}\n\nNothing was deleted.`)
    return
  }
  const { erasureId } = answer as { readonly erasureId: string }
  const { completedAt, counts } = await untilComplete(options, erasureId)
  writeResult(
    json,
    { erasureId, completedAt, rows: counts },
    () => `${table(counts)}\n\nForgotten. The proof is the erasure ${erasureId}.`,
  )
}

async function untilComplete(target: TargetOptions, erasureId: string): Promise<ErasureAnswer> {
  const deadline = performance.now() + patienceMs
  while (performance.now() < deadline) {
    // Until its first step is done there is no row yet.
    const found = await askInstallation(target, `/api/erasures/${erasureId}`).catch((error: unknown) => {
      if (error instanceof UsageError) return undefined
      throw error
    })
    const answer = found as ErasureAnswer | undefined
    if (answer?.completedAt) return answer
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  throw new Error(`The erasure ${erasureId} is still under way: it goes on by itself, see its workflow in Temporal`)
}

function table(rows: Readonly<Record<string, number>>): string {
  return textTable(
    ['table', 'rows'],
    Object.entries(rows).sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

function pathOf(id: string): string {
  return `/api/customers/${encodeURIComponent(id)}`
}
