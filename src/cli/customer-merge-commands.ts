/** `perennial customer show | merge | unmerge`: who somebody is, and that two are one, or are not. */

import type { Command } from 'commander'
import { type Cell, textFacts, textTable, writeResult } from './analyze/output.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'
import { UsageError } from './usage-error.ts'

interface ShowOptions extends TargetOptions {
  readonly externalId?: string
  readonly json?: boolean
}

interface ChangeOptions extends TargetOptions {
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly json?: boolean
}

const named = 'its id, or the id of the shop'

export function addMergeCommands(customer: Command): void {
  const commands = [
    customer
      .command('show')
      .description('What is known of one customer: personal data only as masks.')
      .argument('[id]', 'its id')
      .option('--external-id <id>', 'the id of the shop')
      .option('--json', 'print JSON')
      .action((id: string | undefined, options: ShowOptions) => show(id, options)),
    customer
      .command('merge')
      .description('Say that two customers are one person: the first becomes part of the second.')
      .argument('<from>', named)
      .argument('<into>', named)
      .option('--dry-run', 'say what would move, and move nothing')
      .option('--yes', 'really do it; for 30 days "unmerge" brings the first one back')
      .option('--json', 'print JSON')
      .action((from: string, into: string, options: ChangeOptions) => merge(from, into, options)),
    customer
      .command('unmerge')
      .description('Bring a customer back who became part of another one in the last 30 days.')
      .argument('<id>', 'the id of the one who left: "show" names the merges of a customer')
      .option('--dry-run', 'say whether it can be done, and do nothing')
      .option('--yes', 'really do it')
      .option('--json', 'print JSON')
      .action((id: string, options: ChangeOptions) => unmerge(id, options)),
  ]
  for (const command of commands) {
    command.addOption(homeOption())
    for (const option of targetOptions()) command.addOption(option)
  }
}

interface Shown {
  readonly id: string
  readonly externalId: string | null
  readonly mergedInto: string | null
  readonly stage: string
  readonly firstSeenAt: string
  readonly lastSeenAt: string
  readonly orderCount: number
  readonly revenueCents: number
  readonly currency: string | null
  readonly traits: Readonly<Record<string, unknown>>
  readonly personal: Readonly<Record<string, string>>
  readonly addresses: readonly { channel: string; masked: string; current: boolean; suppressed: string | null }[]
  readonly consents: readonly { channel: string; topic: string; status: string; givenAt: string; source: string }[]
  readonly runs: readonly { journey: string; entryNumber: number; status: string; step: string | null }[]
  readonly messages: readonly { plannedAt: string; channel: string; journey: string; step: string; status: string }[]
}

interface MergeRow {
  readonly leavingId: string
  readonly stayingId: string
  readonly mergedAt: string
  readonly eventId: number | null
  readonly operator: string | null
  readonly undoneAt: string | null
}

async function show(id: string | undefined, { externalId, ...options }: ShowOptions): Promise<void> {
  if ((id === undefined) === (externalId === undefined)) {
    throw new UsageError('Say whom to show: an id, or --external-id')
  }
  const customerId = externalId === undefined ? (id ?? '') : await idOfExternal(options, externalId)
  const customer = (await askInstallation(options, pathOf(customerId))) as Shown
  const { merges } = (await askInstallation(options, `${pathOf(customerId)}/merges`)) as { merges: MergeRow[] }
  writeResult(options.json, { ...customer, merges }, () => describe(customer, merges))
}

function describe(customer: Shown, merges: readonly MergeRow[]): string {
  const { id, externalId, mergedInto, stage, orderCount, revenueCents, currency } = customer
  const facts: Record<string, Cell> = {
    id,
    'id of the shop': externalId ?? 'none',
    ...(mergedInto === null ? {} : { 'part of': mergedInto }),
    stage,
    'first seen': customer.firstSeenAt,
    'last seen': customer.lastSeenAt,
    orders: orderCount,
    revenue: `${(revenueCents / 100).toFixed(2)} ${currency ?? ''}`.trim(),
  }
  for (const [name, value] of Object.entries({ ...customer.traits, ...customer.personal })) {
    facts[name] = typeof value === 'string' || typeof value === 'number' ? value : JSON.stringify(value)
  }
  const part = (title: string, headings: readonly string[], rows: readonly (readonly Cell[])[]): string[] =>
    rows.length === 0 ? [] : [`${title}\n${textTable(headings, rows.slice(0, 20))}`]
  return [
    textFacts(facts),
    ...part(
      'Addresses',
      ['channel', 'address', 'state'],
      customer.addresses.map(({ channel, masked, current, suppressed }) => [
        channel,
        masked,
        suppressed ?? (current ? 'current' : 'former'),
      ]),
    ),
    ...part(
      'Consent',
      ['channel', 'topic', 'word', 'at', 'by'],
      customer.consents.map(({ channel, topic, status, givenAt, source }) => [channel, topic, status, givenAt, source]),
    ),
    ...part(
      'Journeys',
      ['journey', 'entry', 'state', 'step'],
      customer.runs.map(({ journey, entryNumber, status, step }) => [journey, entryNumber, status, step ?? '']),
    ),
    ...part(
      'Messages',
      ['planned', 'channel', 'journey', 'step', 'state'],
      customer.messages.map(({ plannedAt, channel, journey, step, status }) => [
        plannedAt,
        channel,
        journey,
        step,
        status,
      ]),
    ),
    ...part(
      'Merges',
      ['who left', 'into', 'at', 'because of', 'undone'],
      merges.map(({ leavingId, stayingId, mergedAt, eventId, operator, undoneAt }) => [
        leavingId,
        stayingId,
        mergedAt,
        operator === null ? `event ${eventId}` : `operator ${operator}`,
        undoneAt ?? '',
      ]),
    ),
  ].join('\n\n')
}

async function merge(from: string, into: string, options: ChangeOptions): Promise<void> {
  const dryRun = confirmed(options, 'merged')
  const [fromId, intoId] = [await idOf(options, from), await idOf(options, into)]
  const answer = await askInstallation(options, `${pathOf(fromId)}/merge`, { into: intoId, dryRun })
  const { moved } = answer as { readonly moved: Readonly<Record<string, number>> }
  writeResult(options.json, { ...Object(answer), dryRun }, () =>
    [
      textTable(['what', 'rows'], Object.entries(moved)),
      dryRun
        ? 'Nothing was moved.'
        : `${fromId} is part of ${intoId} now. "perennial customer unmerge ${fromId}" undoes it.`,
    ].join('\n\n'),
  )
}

async function unmerge(id: string, options: ChangeOptions): Promise<void> {
  const dryRun = confirmed(options, 'undone')
  const answer = await askInstallation(options, `${pathOf(id)}/unmerge`, { dryRun })
  const { leftId } = answer as { readonly leftId: string }
  writeResult(options.json, { ...Object(answer), dryRun }, () =>
    dryRun ? `${id} can leave ${leftId}. Nothing was done.` : `${id} is back, and apart from ${leftId} from now on.`,
  )
}

/** @returns whether it is only to be tried. @throws UsageError unless somebody has decided. */
function confirmed({ dryRun = false, yes = false }: ChangeOptions, done: string): boolean {
  if (dryRun || yes) return dryRun
  throw new UsageError(`Nothing was ${done}: --dry-run shows what would happen, --yes does it`)
}

async function idOf(options: TargetOptions, name: string): Promise<string> {
  return /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(name) ? name : idOfExternal(options, name)
}

async function idOfExternal(options: TargetOptions, externalId: string): Promise<string> {
  const { customers } = (await askInstallation(
    options,
    `/api/customers?externalId=${encodeURIComponent(externalId)}`,
  )) as { customers: readonly { readonly id: string }[] }
  const [found] = customers
  if (found === undefined) throw new UsageError(`No customer has the id "${externalId}" of the shop`)
  return found.id
}

function pathOf(id: string): string {
  return `/api/customers/${encodeURIComponent(id)}`
}
