/** `perennial senders`: the identities that mail is sent under, and what left under them today. */

import { Command } from 'commander'
import { planInWords, routeInWords, type SenderReport } from '../domain/sender-report.ts'
import { textTable, writeResult } from './analyze/output.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'

interface Options extends TargetOptions {
  readonly json?: boolean
}

export function sendersCommand(): Command {
  const senders = new Command('senders').description('The identities that mail is sent under (MAIL_SENDERS).')
  const list = senders
    .command('list', { isDefault: true })
    .description('Who is for which messages, signs with which keys, and what left under it today (UTC).')
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const report = (await askInstallation(options, '/api/senders')) as { senders: SenderReport[] }
      writeResult(options.json, report, () => readable(report.senders))
    })
  for (const option of [...targetOptions(), homeOption()]) list.addOption(option)
  return senders
}

function readable(senders: readonly SenderReport[]): string {
  const rows = senders.map((one) => [
    one.key,
    one.from,
    routeInWords(one),
    one.signsWith.length === 0 ? 'unsigned' : one.signsWith.join(', '),
    one.bounceDomain ?? 'to the sender',
    one.servers === null ? 'the shared ones' : one.servers.join(', '),
    one.today.marketing,
    one.today.transactional,
  ])
  const heads = ['key', 'from', 'is for', 'signs with', 'bounces', 'servers', 'marketing today', 'transactional']
  const notes = senders.flatMap((one) => [
    ...(one.plan === null ? [] : [`${one.key}: ${planInWords(one.plan)}.`]),
    ...(one.pause === null ? [] : [`${one.key} is PAUSED (${one.pause.id}): ${one.pause.reason}`]),
  ])
  return [textTable(heads, rows), ...notes].join('\n\n')
}
