/** `perennial webhooks`: calls that journeys make to others' addresses, those that were given up, and the secret. */

import { Command, Option } from 'commander'
import { readConfig } from '../config.ts'
import { openDatabase } from '../store/database.ts'
import { webhookSecret } from '../store/links.ts'
import { openVault } from '../store/master-key.ts'
import { loadMasterKeys, type Vault } from '../store/vault.ts'
import { textTable, writeResult } from './analyze/output.ts'
import { askInstallation, databaseOf, type TargetOptions, targetOptions } from './installation.ts'
import { homeOf, homeOption } from './options.ts'
import { UsageError } from './usage-error.ts'

interface ListOptions extends TargetOptions {
  readonly status?: string
  readonly json?: boolean
}

interface Call {
  readonly id: string
  readonly journey: string
  readonly step: string
  readonly url: string
  readonly status: string
  readonly attempts: number
  readonly problem: string | null
}

export function webhooksCommand(): Command {
  const webhooks = new Command('webhooks').description("Calls that journeys make to others' addresses.")
  const list = webhooks
    .command('list')
    .description('Show calls, the newest first.')
    .addOption(new Option('--status <status>', 'only these').choices(['planned', 'sent', 'refused', 'dead']))
    .option('--json', 'print JSON')
    .action(async (options: ListOptions) => {
      const query = options.status === undefined ? '' : `?status=${options.status}`
      const page = (await askInstallation(options, `/api/webhooks${query}`)) as { webhooks: Call[] }
      writeResult(options.json, page, () => table(page.webhooks))
    })
  const resend = webhooks
    .command('resend [id]')
    .description('Try calls again that were given up.')
    .option('--all', 'all of them')
    .action(async (id: string | undefined, options: TargetOptions & { readonly all?: boolean }) => {
      if ((id === undefined) !== (options.all === true)) throw new UsageError('Give the id of one call, or --all')
      const path = id === undefined ? '/api/webhooks/resend' : `/api/webhooks/${encodeURIComponent(id)}/resend`
      const { resent } = (await askInstallation(options, path, {})) as { resent: number }
      writeResult(false, { resent }, () => `${resent} to be tried again.`)
    })
  for (const command of [list, resend])
    for (const option of [...targetOptions(), homeOption()]) command.addOption(option)
  webhooks
    .command('secret')
    .description('Show with which secret calls are signed (Perennial-Signature: t=…,v1=HMAC-SHA256 of "t.body").')
    .addOption(homeOption())
    .action(async (options: { readonly home?: string }) => {
      const secret = webhookSecret(await vaultOf(options))
      writeResult(false, { secret }, () => secret)
    })
  return webhooks
}

async function vaultOf(options: { readonly home?: string }): Promise<Vault> {
  const database = openDatabase(databaseOf(options), { maxConnections: 1 })
  try {
    return await openVault(database.pool, loadMasterKeys({ ...readConfig(), home: homeOf(options) }))
  } finally {
    await database.close()
  }
}

function table(calls: readonly Call[]): string {
  if (calls.length === 0) return 'No such calls.'
  const heads = ['id', 'journey', 'step', 'host', 'status', 'attempts', 'problem']
  return textTable(
    heads,
    calls.map((call) => [
      call.id,
      call.journey,
      call.step,
      new URL(call.url).host,
      call.status,
      call.attempts,
      call.problem,
    ]),
  )
}
