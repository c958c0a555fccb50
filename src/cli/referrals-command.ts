/** `perennial referrals`: who brought whom, and a word on what looks wrong. */

import { Command, Option } from 'commander'
import { wholeOption } from './analyze/options.ts'
import { textTable, writeResult } from './analyze/output.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'

interface ReferralRow {
  readonly id: string
  readonly status: string
  readonly reason: string | null
  readonly code: string
  readonly referrerId: string
  readonly friendId: string
  readonly attributedAt: string
}

interface JsonOptions extends TargetOptions {
  readonly json?: boolean
}

interface ListOptions extends JsonOptions {
  readonly status?: string
  readonly customer?: string
  readonly limit: number
}

const statuses = ['new', 'held', 'open', 'qualified', 'rewarded', 'rejected', 'expired', 'clawed_back']

export function referralsCommand(): Command {
  const referrals = new Command('referrals').description('Who brought whom, what is held, and what came of it.')
  const list = referrals
    .command('list', { isDefault: true })
    .description('Show referrals, and how many there are of each status.')
    .addOption(new Option('--status <status>', 'only these').choices(statuses))
    .option('--customer <id>', 'only those who brought, or were brought by')
    .option('--limit <n>', 'at most so many', wholeOption('--limit', 1, 500), 50)
    .action((options: ListOptions) => show(options))
  const code = referrals
    .command('code')
    .description('The code and the link of a customer.')
    .argument('<id>', 'of the customer')
    .action((id: string, options: JsonOptions) => showCode(id, options))
  const judges = (['release', 'reject'] as const).map((decision) =>
    referrals
      .command(decision)
      .description(
        decision === 'release' ? 'Let a held one go on: it is not held again.' : 'End a held one: no reward.',
      )
      .argument('<id>', 'as "list" shows it')
      .action((id: string, options: JsonOptions) => judge(id, decision, options)),
  )
  for (const command of [list, code, ...judges]) {
    command.option('--json', 'print JSON').addOption(homeOption())
    for (const option of targetOptions()) command.addOption(option)
  }
  return referrals
}

async function show(options: ListOptions): Promise<void> {
  const query = new URLSearchParams({ limit: String(options.limit) })
  if (options.status !== undefined) query.set('status', options.status)
  if (options.customer !== undefined) query.set('customer', options.customer)
  const page = (await askInstallation(options, `/api/referrals?${query.toString()}`)) as {
    readonly counts: Readonly<Record<string, number>>
    readonly referrals: readonly ReferralRow[]
    readonly cursor: string | null
  }
  writeResult(options.json, page, () => {
    const counts = Object.entries(page.counts).map(([status, count]) => `${count} ${status}`)
    if (page.referrals.length === 0)
      return counts.length === 0 ? 'No referrals.' : `None of these; ${counts.join(', ')}.`
    const rows = page.referrals.map((one) => [
      one.id,
      one.attributedAt.slice(0, 16).replace('T', ' '),
      one.status,
      one.reason ?? '',
      one.referrerId,
      one.friendId,
    ])
    const table = textTable(['id', 'came (UTC)', 'status', 'reason', 'brought by', 'friend'], rows)
    return `${table}\n\n${counts.join(', ')}`
  })
}

async function showCode(id: string, options: JsonOptions): Promise<void> {
  const answer = (await askInstallation(options, `/api/customers/${encodeURIComponent(id)}/referral`)) as {
    readonly code: string
    readonly url: string
  }
  writeResult(options.json, answer, () => `${answer.code}\n${answer.url}`)
}

async function judge(id: string, decision: 'release' | 'reject', options: JsonOptions): Promise<void> {
  const answer = (await askInstallation(options, `/api/referrals/${encodeURIComponent(id)}`, {
    decision,
  })) as ReferralRow
  writeResult(options.json, answer, () => `${answer.id}: ${answer.status}.`)
}
