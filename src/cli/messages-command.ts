/** `perennial messages`: the ledger, what of it is in doubt, and a person's word that ends a doubt. */

import { Argument, Command, Option } from 'commander'
import { type DoubtfulSum, doubtWords } from '../store/doubtful-messages.ts'
import { messageStatuses } from '../store/message-list.ts'
import { textTable, writeResult } from './analyze/output.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'
import { UsageError } from './usage-error.ts'

interface Options extends TargetOptions {
  readonly status?: string
  readonly journey?: string
  readonly channel?: string
  readonly limit?: string
  readonly yes?: boolean
  readonly json?: boolean
}

interface Listed {
  readonly id: string
  readonly journey: string
  readonly step: string
  readonly channel: string
  readonly status: string
  readonly reason: string | null
  readonly attempts: number
  readonly sender: string | null
  readonly plannedAt: string
}

/** As JSON says it. */
type Doubtful = Omit<DoubtfulSum, 'since'> & { readonly since: string }

export function messagesCommand(): Command {
  const messages = new Command('messages').description('Messages and how far they have come.')
  const list = messages
    .command('list')
    .description('Show messages, the newest first.')
    .addOption(new Option('--status <status>', 'only these').choices(messageStatuses))
    .option('--limit <count>', 'so many at most', '50')
    .action(async (options: Options) => {
      const page = (await askInstallation(options, `/api/messages?${query(options)}`)) as Page
      writeResult(options.json, page, () => listed(page))
    })
  const inDoubt = messages
    .command('in-doubt')
    .description('Show of how many messages nobody knows whether they arrived, and why.')
    .action(async (options: Options) => {
      const report = (await askInstallation(options, `/api/messages/in-doubt?${query(options)}`)) as {
        inDoubt: Doubtful[]
      }
      writeResult(options.json, report, () => doubts(report.inDoubt))
    })
  const settle = messages
    .command('settle')
    .description('End a doubt: the message arrived, or it did not, or it is to be sent again.')
    .argument('<id>', 'the id of a message in doubt, or "all"')
    .addArgument(new Argument('<as>', 'what became of it').choices(doubtWords))
    .option('--yes', 'of all of them: do it')
    .action((id: string, as: string, options: Options) => settleOnes(id, as, options))
  const doubt = messages
    .command('doubt')
    .description(
      'After a copy was restored: put open messages in doubt that may have left before. Sending must be paused.',
    )
    .requiredOption('--planned-before <instant>', 'only what was planned before, as 2026-11-26T10:00:00Z')
    .addOption(new Option('--class <class>', 'only of this class').choices(['marketing', 'transactional']))
    .option('--yes', 'do it')
    .action((options: DoubtOptions) => doubtOpenOnes(options))
  doubt.option('--journey <key>', 'only of this journey').option('--json', 'print JSON')
  for (const option of [...targetOptions(), homeOption()]) doubt.addOption(option)
  for (const command of [list, inDoubt, settle]) {
    command.option('--journey <key>', 'only of this journey')
    command.addOption(new Option('--channel <channel>', 'only of this channel').choices(['email', 'sms']))
    command.option('--json', 'print JSON')
    for (const option of [...targetOptions(), homeOption()]) command.addOption(option)
  }
  return messages
}

interface DoubtOptions extends Options {
  readonly plannedBefore: string
  readonly class?: string
}

async function doubtOpenOnes({ plannedBefore, journey, ...options }: DoubtOptions): Promise<void> {
  const chosen = {
    plannedBefore,
    ...(options.class === undefined ? {} : { class: options.class }),
    ...(journey === undefined ? {} : { journey }),
  }
  if (options.yes !== true) {
    const { open } = (await askInstallation(options, '/api/messages/doubt', { ...chosen, dryRun: true })) as {
      open: number
    }
    throw new UsageError(`This would put ${open} messages in doubt, which then are not sent: add --yes to do it`)
  }
  const outcome = (await askInstallation(options, '/api/messages/doubt', chosen)) as { doubted: number }
  writeResult(
    options.json,
    outcome,
    () => `${outcome.doubted} are in doubt: "perennial messages in-doubt" shows them, "messages settle" ends a doubt.`,
  )
}

interface Page {
  readonly total: number
  readonly messages: readonly Listed[]
}

function query({ status, journey, channel, limit }: Options): string {
  const given = Object.entries({ status, journey, channel, limit }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as [string, string]],
  )
  return new URLSearchParams(given).toString()
}

async function settleOnes(id: string, as: string, options: Options): Promise<void> {
  const { journey, channel } = options
  const chosen = { ...(journey === undefined ? {} : { journey }), ...(channel === undefined ? {} : { channel }) }
  if (id === 'all' && options.yes !== true) {
    const report = (await askInstallation(options, `/api/messages/in-doubt?${query({ ...chosen })}`)) as {
      total: number
    }
    throw new UsageError(`This would settle ${report.total} messages as "${as}": add --yes to do it`)
  }
  if (id !== 'all' && Object.keys(chosen).length > 0) {
    throw new UsageError('--journey and --channel choose among "all"; one message is chosen by its id')
  }
  const body = id === 'all' ? { as, all: true, ...chosen } : { as, id }
  const outcome = (await askInstallation(options, '/api/messages/settle', body)) as { settled: number; kept: number }
  const kept =
    outcome.kept === 0 ? '' : ` ${outcome.kept} cannot be sent again: they are stale, or were asked for by the API.`
  writeResult(options.json, outcome, () => `${outcome.settled} settled as "${as}".${kept}`)
}

function listed({ total, messages }: Page): string {
  if (messages.length === 0) return 'No such messages.'
  // Where there is but one identity, nobody needs to be told which.
  const hasSenders = messages.some(({ sender }) => sender !== null)
  const heads = ['id', 'planned', 'journey', 'step', 'channel', 'status', 'attempts', 'reason']
  const rows = messages.map(({ id, plannedAt, journey, step, channel, status, attempts, reason, sender }) => [
    id,
    plannedAt.slice(0, 16),
    journey,
    step,
    channel,
    status,
    attempts,
    reason ?? '',
    ...(hasSenders ? [sender ?? ''] : []),
  ])
  const more = total > messages.length ? `\n\n${total} in all.` : ''
  return textTable(hasSenders ? [...heads, 'sender'] : heads, rows) + more
}

function doubts(sums: readonly Doubtful[]): string {
  if (sums.length === 0) return 'Nothing is in doubt.'
  const heads = ['count', 'journey', 'step', 'channel', 'class', 'since', 'reason']
  const rows = sums.map(({ count, journey, step, channel, messageClass, since, reason }) => [
    count,
    journey,
    step,
    channel,
    messageClass,
    since.slice(0, 16),
    reason ?? '',
  ])
  return `${textTable(heads, rows)}\n\nEnd a doubt with "perennial messages settle ID sent|failed|retry"; ids are in "perennial messages list --status in_doubt".`
}
