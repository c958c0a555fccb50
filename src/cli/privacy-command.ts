/**
 * `perennial privacy`: numbers about the customers that say nothing about any one of them: counts with noise that spend a
 * budget, and a data set in which nobody stands alone.
 */

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { anonymise, smallestGroup } from '../analytics/privacy/k-anonymity.ts'
import { privateCount } from '../analytics/privacy/laplace.ts'
import { openDatabase } from '../store/database.ts'
import {
  type CountQuestion,
  countCustomers,
  createBudget,
  listBudgets,
  lockBudget,
  noteSpending,
  readProfiles,
} from '../store/private-counts.ts'
import { textTable, writeResult } from './analyze/output.ts'
import { databaseOf } from './installation.ts'
import { homeOption } from './options.ts'
import { UsageError } from './usage-error.ts'

interface Options {
  readonly home?: string
  readonly json?: boolean
}

type Db = ReturnType<typeof openDatabase>

export function privacyCommand(): Command {
  const root = new Command('privacy').description('Numbers that say nothing about any one customer.')
  const budget = root
    .command('budget')
    .description('Show the privacy budgets, or make one: what it allows is all that may ever be told from it.')
    .option('--create <name>', 'make a budget of this name')
    .option('--epsilon <number>', 'how much it allows in all; 1 is usual', '1')
    .action((options: Options & { create?: string; epsilon: string }) => runBudget(options))
  const count = root
    .command('count')
    .description('How many customers there are of a kind, with noise; spends some of a budget for good.')
    .requiredOption('--budget <name>', 'which budget pays')
    .option('--epsilon <number>', 'what this question may cost: less is noisier', '0.1')
    .option('--stage <stage>', 'only in this stage')
    .option('--country <code>', 'only from this country')
    .option('--orders <n>', 'only who ordered at least so often')
    .action((options: CountOptions) => runCount(options))
  const anonymised = root
    .command('anonymised')
    .description('A CSV file of customers without names or ids, in which each looks like at least k - 1 others.')
    .option('--k <n>', 'how many must look alike', '5')
    .requiredOption('--out <file>', 'the file to write')
    .action((options: Options & { k: string; out: string }) => runAnonymised(options))
  for (const command of [budget, count, anonymised]) command.addOption(homeOption()).option('--json', 'print JSON')
  return root
}

interface CountOptions extends Options {
  readonly budget: string
  readonly epsilon: string
  readonly stage?: string
  readonly country?: string
  readonly orders?: string
}

async function runBudget(options: Options & { create?: string; epsilon: string }): Promise<void> {
  const name = options.create?.trim()
  if (name === '' || (name !== undefined && name.length > 100))
    throw new UsageError('--create: must have 1 to 100 characters')
  const budgets = await withDatabase(options, async ({ pool }) => {
    if (name !== undefined && !(await createBudget(pool, name, positive('--epsilon', options.epsilon)))) {
      throw new UsageError(`--create: there is a budget "${name}" already, and its limit stands`)
    }
    return listBudgets(pool)
  })
  writeResult(options.json, { budgets }, () =>
    textTable(
      ['budget', 'allows', 'spent', 'left'],
      budgets.map(({ name, epsilon, spent }) => [name, epsilon, spent, Math.max(0, epsilon - spent)]),
    ),
  )
}

async function runCount(options: CountOptions): Promise<void> {
  const epsilon = positive('--epsilon', options.epsilon)
  const question = questionOf(options)
  const answer = await withDatabase(options, (db) =>
    db.transaction(async (client) => {
      const budget = await lockBudget(client, options.budget)
      if (budget === undefined) throw new UsageError(`--budget: there is no budget "${options.budget}"`)
      const truth = await countCustomers(client, question)
      const answer = privateCount(budget, truth, epsilon, unforeseeable)
      const told = { epsilon, question, answer: answer.value }
      await noteSpending(client, { name: budget.name, spent: answer.budget.spent }, told)
      return answer
    }),
  )
  const { value, medianError, budget } = answer
  const left = budget.epsilon - budget.spent
  writeResult(
    options.json,
    { customers: Math.max(0, Math.round(value)), medianError, epsilon, budgetLeft: left },
    () =>
      `${Math.max(0, Math.round(value))} customers, give or take ${medianError.toFixed(1)}. Left of the budget: ${left.toFixed(3)}.`,
  )
}

function questionOf({ stage, country, orders }: CountOptions): CountQuestion {
  if (orders !== undefined && !/^\d{1,6}$/.test(orders))
    throw new UsageError(`--orders: "${orders}" must be a whole number`)
  return { stage, country: country?.toUpperCase(), orders: orders === undefined ? undefined : Number(orders) }
}

async function runAnonymised(options: Options & { k: string; out: string }): Promise<void> {
  const k = /^\d{1,6}$/.test(options.k) ? Number(options.k) : 0
  if (k < 2) throw new UsageError(`--k: "${options.k}" must be a whole number from 2`)
  const rows = await withDatabase(options, ({ pool }) => readProfiles(pool))
  if (rows.length < k)
    throw new UsageError(`--k: there are only ${rows.length} customers: nobody could be hidden among ${k}`)
  const { columns, groupSizes, loss } = anonymise(
    [
      { name: 'country', kind: 'text', values: rows.map(({ country }) => country ?? 'unknown') },
      { name: 'first_seen', kind: 'numeric', values: rows.map(({ month }) => month) },
      { name: 'orders', kind: 'numeric', values: rows.map(({ orders }) => orders) },
      { name: 'revenue', kind: 'numeric', values: rows.map(({ revenue }) => revenue) },
    ],
    k,
  )
  const smallest = smallestGroup(columns)
  if (smallest < k) throw new Error(`Only ${smallest} look alike where ${k} must: nothing was written`)
  const lines = rows.map(({ stage }, row) =>
    [...columns.map((column) => column[row] ?? '*'), stage].map(cell).join(','),
  )
  writeFileSync(options.out, `country,first_seen,orders,revenue,stage\n${lines.join('\n')}\n`, { flag: 'wx' })
  const facts = { customers: rows.length, k, groups: groupSizes.length, smallestGroup: smallest, loss }
  writeResult(
    options.json,
    { ...facts, file: options.out },
    () =>
      `${options.out}: ${rows.length} customers in ${groupSizes.length} groups of at least ${smallest}; ${Math.round(loss * 100)} % of the detail is gone.`,
  )
}

/** Nothing that a spreadsheet would run, and nothing that would break a row. */
function cell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\n\r]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** Noise that somebody could foresee would hide nothing: 53 bits from the system's own source. */
function unforeseeable(): number {
  return Number(randomBytes(8).readBigUInt64BE() >> 11n) / 2 ** 53
}

function positive(option: string, text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 1_000)) throw new UsageError(`${option}: "${text}" must be a number above 0, to 1000`)
  return value
}

async function withDatabase<T>(options: Options, work: (db: Db) => Promise<T>): Promise<T> {
  const db = openDatabase(databaseOf(options), { maxConnections: 1 })
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}
