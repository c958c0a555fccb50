/**
 * A real mailing (64,000 recipients, three arms, by chance) imported into the product and replayed through its experiments,
 * uplift model and planner. What was known of the recipients comes in as a shop would have it: orders by category (men's and
 * women's things), and traits (channel, area). A visit within two weeks comes in as an order of 17 cents, where a message
 * costs one: so that it is not plain that everybody should get one. What choosing is worth is shown at smaller margins, too,
 * and within budgets, where no price is needed.
 *
 *   npm run -s bench -- hillstrom [--replays 2000] [--json]
 *
 * ours: z of the men's mailing against none, as the feedback API tells it; reference: 22.486, by hand.
 */

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { BudgetValue, ChoiceValue } from '../src/analytics/training/choice-value.ts'
import type { MeasuredChoice, OfferUplift } from '../src/analytics/training/offer-uplift.ts'
import type { Estimate, PolicyValue } from '../src/analytics/training/policy-value.ts'
import type { Config } from '../src/config.ts'
import { dayMs } from '../src/domain/time.ts'
import { startInstallation } from '../src/embedded/supervisor.ts'
import type { ImportKind } from '../src/intake/import/chunk.ts'
import { importFile } from '../src/intake/import/import-file.ts'
import { ordersImport } from '../src/intake/import/order-kinds.ts'
import { customersImport } from '../src/intake/import/people.ts'
import { createApiKey } from '../src/store/api-keys.ts'
import { loadDefinitions } from '../src/store/campaigns.ts'
import { type Database, openDatabase } from '../src/store/database.ts'
import { publishCampaigns } from '../src/store/publishing/publish-campaigns.ts'
import { loadMasterKey, Vault } from '../src/store/vault.ts'
import { runBench, say, wholeNumber } from './support/bench.ts'
import { falseAlarms } from './support/false-alarms.ts'
import { dataRows, missingData } from './support/shared-data.ts'
import { table } from './support/table.ts'
import { trainOnce } from './support/train-once.ts'

const file = 'hillstrom.csv.gz'
const mailedMs = Date.now() - 20 * dayMs
const visitCents = 17

/** The two mailings stand for two offers, so that the planner can tell them apart. */
const mailing = `
name: The mailing
topic: news
entry: [ { type: api } ]
steps:
  - id: mail
    type: experiment
    variants:
      - { name: mens, share: 0.34, next: mens }
      - { name: womens, share: 0.33, next: womens }
      - { name: none, share: 0.33, hold_out: true }
  - { id: mens, type: offer, offer: welcome-10, next: end }
  - { id: womens, type: offer, offer: thanks-10, next: end }
`

interface Recipient {
  readonly id: string
  readonly arm: 'mens' | 'womens' | 'none'
  readonly visited: boolean
  /** Impersonal: by which channel they bought, and in what kind of area they live. */
  readonly traits: string
  readonly lines: readonly string[]
}

interface Feedback {
  readonly lifts: readonly {
    readonly journey: string
    readonly variant: string | null
    readonly lift: {
      readonly rate: { readonly difference: number; readonly interval: readonly number[]; readonly z: number }
    }
  }[]
}

interface Answer {
  readonly effect: string
  readonly plan: {
    readonly netCents: number
    readonly netLowCents: number
    readonly netHighCents: number
    readonly costCents: number
    readonly additionalOrders: number
    readonly offers: readonly { readonly offer: string; readonly customers: number }[]
  }
}

await runBench('hillstrom', { replays: '2000' }, async (options) => {
  const replays = wholeNumber('replays', options.replays, 100)
  const missing = missingData(file)
  if (missing !== undefined) throw new RangeError(missing)
  const home = mkdtempSync(join(tmpdir(), 'perennial-bench-'))
  const recipients = dataRows(file).map(recipientOf)
  say('starting PostgreSQL and the API …')
  const installation = await startInstallation({
    home,
    port: 0,
    processes: ['api'],
    prepare: ({ config }) => publish(config, home),
  })
  const database = openDatabase(installation.databaseUrl)
  try {
    say('importing …')
    await importRecipients(database, home, recipients)
    say('learning whom a mailing moves …')
    const model = await trainOnce(database, new Vault(loadMasterKey(home, undefined)), 'uplift', Date.now())
    const { key } = await createApiKey(database, { kind: 'admin', name: 'bench' })
    const ask = async (path: string, body?: object): Promise<unknown> => {
      const response = await fetch(`${installation.url}/api${path}`, {
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      })
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
      return response.json()
    }
    const { lifts } = (await ask('/feedback?days=60&within=14')) as Feedback
    const plan = { budgetCents: 30_000, margin: 1, by: 'offer' }
    const answer = (await ask('/planner', plan)) as Answer
    say('replaying mailings in which nobody gets anything …')
    const visits = recipients.filter(({ arm }) => arm === 'none').map(({ visited }) => (visited ? 1 : 0))
    const alarms = falseAlarms(visits, replays)
    const { policy, choice } = (model.parameters['measured'] ?? {}) as {
      policy?: PolicyValue
      choice?: MeasuredChoice | null
    }
    const byOffer = (model.parameters['byOffer'] ?? []) as readonly OfferUplift[]
    const lines = [
      ...lifts
        .filter(({ journey }) => journey === 'mailing')
        .map(
          ({ variant, lift: { rate } }) =>
            `${variant}: ${percent(rate.difference)} more visits (95 %: ${rate.interval.map(percent).join(' to ')}), z ${rate.z.toFixed(3)}`,
        ),
      `uplift model: ${model.status}, ${String(model.metrics['reason'])}`,
      ...byOffer.map(({ offer, uplift, qini }) => `${offer}: by ${uplift.method}, Qini ${qini.toFixed(4)}`),
      ...(policy === undefined ? [] : policyLines(policy)),
      ...(choice ? choiceLines(choice) : []),
      `planner with 300.00, by the ${answer.effect}: ${answer.plan.additionalOrders.toFixed(0)} more visits, ${answer.plan.netCents.toFixed(0)} cents net (95 %: ${answer.plan.netLowCents.toFixed(0)} to ${answer.plan.netHighCents.toFixed(0)}); ${answer.plan.offers.map(({ offer, customers }) => `${offer} for ${customers}`).join(', ')}`,
      `false alarms in ${replays} replays without any difference, at 5 %: ${alarms} (${percent(alarms / replays)})`,
    ]
    const z =
      lifts.find(({ journey, variant }) => journey === 'mailing' && variant === 'mens')?.lift.rate.z ?? Number.NaN
    const result = {
      ours: z,
      reference: 22.486,
      unit: 'z',
      falseAlarms: alarms / replays,
      policy,
      choice,
      plan: answer.plan,
      customers: recipients.length,
    }
    return { result, text: lines.join('\n') }
  } finally {
    await database.close()
    await installation.stop()
    rmSync(home, { recursive: true, force: true })
  }
})

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}

function policyLines({ byRule, treatAll, treatNone, overAll, overNone, treatedShare }: PolicyValue): string[] {
  const cents = (value: number): string => value.toFixed(3)
  return [
    `on recipients not learned from, cents each: choosing by the model ${cents(byRule.value)} (${percent(treatedShare)} get one), everybody ${cents(treatAll.value)}, nobody ${cents(treatNone.value)}`,
    `choosing beats everybody by ${cents(overAll.value)} (95 %: ${cents(overAll.low)} to ${cents(overAll.high)}), nobody by ${cents(overNone.value)} (${cents(overNone.low)} to ${cents(overNone.high)})`,
  ]
}

/** The two mailings stand for these offers: see `mailing`. */
function choiceLines({ atMargins, withinBudget }: MeasuredChoice): string[] {
  const rows = atMargins.map(({ margin, value }) => choiceRow(margin, value))
  const budgets = withinBudget.map(({ share, byRule, byChance, overChance }: BudgetValue) => [
    percent(share),
    percent(byRule.value),
    percent(byChance.value),
    interval(overChance, percent),
  ])
  return [
    'choosing for each the mailing (or none), on recipients not learned from, cents each:',
    table(['a visit is worth', 'chosen', 'best to all', 'none', 'over best', 'over none', 'get none'], rows),
    'more visits per recipient who gets one, if only so many may:',
    table(['of all', 'chosen', 'by chance, the best mailing', 'over chance'], budgets),
  ]
}

function choiceRow(margin: number, { byRule, sameForAll, best, overBest, overNone, shares }: ChoiceValue): string[] {
  const cents = (value: number): string => value.toFixed(3)
  return [
    (visitCents * margin).toFixed(2),
    cents(byRule.value),
    cents(sameForAll[best]?.value ?? Number.NaN),
    cents(sameForAll[0]?.value ?? Number.NaN),
    interval(overBest, cents),
    interval(overNone, cents),
    percent(shares[0] ?? 0),
  ]
}

function interval({ value, low, high }: Estimate, written: (value: number) => string): string {
  return `${written(value)} (${written(low)} to ${written(high)})`
}

async function publish(config: Config, home: string): Promise<void> {
  const directory = join(home, 'campaigns')
  cpSync(fileURLToPath(new URL('../campaigns', import.meta.url)), directory, { recursive: true })
  rmSync(join(directory, 'journeys'), { recursive: true })
  mkdirSync(join(directory, 'journeys'))
  writeFileSync(join(directory, 'journeys', 'mailing.yaml'), mailing)
  const database = openDatabase(config.databaseUrl ?? '')
  try {
    await publishCampaigns(database, directory, 0)
  } finally {
    await database.close()
  }
}

/** Months since the last purchase, what was spent in a year and on what, and whether they came in that year: as orders. */
function recipientOf(row: Record<string, string>, i: number): Recipient {
  const cell = (name: string): string => row[name] ?? ''
  const id = `h${i}`
  const line = (number: number, atMs: number, cents: number, category = ''): string =>
    `${id}-${number},${id},${new Date(atMs).toISOString()},${(cents / 100).toFixed(2)},USD,${category},${category}`
  const bought = ['mens', 'womens'].filter((category) => cell(category) === '1')
  const cents = Math.round(Number(cell('history')) * 100)
  const lastMs = mailedMs - (Number(cell('recency')) * 30 - 15) * dayMs
  const isNew = cell('newbie') === '1'
  const visited = cell('visit') === '1'
  const lastCents = isNew ? cents : Math.ceil(cents / 2)
  return {
    id,
    arm: cell('segment').startsWith('Mens') ? 'mens' : cell('segment').startsWith('Womens') ? 'womens' : 'none',
    visited,
    traits: `${id},${new Date(mailedMs - 30 * dayMs).toISOString()},${cell('channel')},${cell('zip_code')}`,
    lines: [
      ...(isNew ? [] : [line(1, mailedMs - 500 * dayMs, Math.floor(cents / 2))]),
      ...bought.map((category, i) =>
        line(
          2,
          lastMs,
          i === 0 ? Math.ceil(lastCents / bought.length) : Math.floor(lastCents / bought.length),
          category,
        ),
      ),
      ...(visited ? [line(3, mailedMs + 3 * dayMs, visitCents)] : []),
    ],
  }
}

async function importRecipients(database: Database, home: string, recipients: readonly Recipient[]): Promise<void> {
  const vault = new Vault(loadMasterKey(home, undefined))
  const definitions = await loadDefinitions(database)
  const take = async (kind: ImportKind, header: string, lines: readonly string[]): Promise<void> => {
    const path = join(home, `${kind.name}.csv`)
    writeFileSync(path, [header, ...lines].join('\n'))
    const request = {
      path,
      stdin: Readable.from([]),
      kind,
      mapping: new Map<string, string>(),
      values: { dates: 'iso', timeZone: 'UTC', currency: 'USD', source: undefined },
      rejects: join(home, 'rejects.csv'),
      again: true,
    } as const
    await importFile(request, { database, vault, definitions, nowMs: Date.now() })
  }
  await take(
    ordersImport,
    'order_id,customer_id,ordered_at,price,currency,product_id,category',
    recipients.flatMap(({ lines }) => lines),
  )
  await take(
    customersImport,
    'customer_id,at,channel,area',
    recipients.map(({ traits }) => traits),
  )
  const { rowCount } = await database.pool.query(
    `INSERT INTO experiment_assignments (customer_id, experiment, variant, assigned_at)
     SELECT c.id, 'mailing/mail', a.arm, $3 FROM unnest($1::text[], $2::text[]) AS a (id, arm) JOIN customers c ON c.external_id = a.id`,
    [recipients.map(({ id }) => id), recipients.map(({ arm }) => arm), new Date(mailedMs)],
  )
  if (rowCount !== recipients.length) throw new Error(`${rowCount} of ${recipients.length} recipients were imported`)
  await database.pool.query(
    `INSERT INTO contact_points (id, customer_id, channel, address, address_hash, created_at)
     SELECT gen_random_uuid(), id, 'email', '\\x00', sha256(id::text::bytea), now() FROM customers`,
  )
  await database.pool.query('VACUUM ANALYZE')
}
