/** `perennial offers`: what became of offers, and the codes of their pools. */

import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { formatMoney } from '../console/format.ts'
import type { OfferRow } from '../store/offers/list.ts'
import { textTable, writeResult } from './analyze/output.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'
import { UsageError } from './usage-error.ts'

interface OfferOptions extends TargetOptions {
  readonly json?: boolean
}

export function offersCommand(): Command {
  const offers = new Command('offers').description('What became of offers: issued, redeemed, left, cost.')
  const list = offers
    .command('list', { isDefault: true })
    .description('Show all live offers.')
    .action((options: OfferOptions) => showAll(options))
  const show = offers
    .command('show')
    .description('Show one offer.')
    .argument('<key>', 'the name of its file')
    .action((key: string, options: OfferOptions) => showOne(key, options))
  const load = offers
    .command('load')
    .description('Add codes to the pool of an offer: all of them or, if a line is wrong, none.')
    .argument('<key>', 'an offer with "codes: pool"')
    .argument('<file>', 'one code a line; "-" reads them from the standard input')
    .action((key: string, file: string, options: OfferOptions) => loadFile(key, file, options))
  for (const command of [list, show, load]) {
    command.option('--json', 'print JSON').addOption(homeOption())
    for (const option of targetOptions()) command.addOption(option)
  }
  return offers
}

async function showAll(options: OfferOptions): Promise<void> {
  const page = (await askInstallation(options, '/api/offers')) as { readonly offers: readonly OfferRow[] }
  writeResult(options.json, page, () =>
    page.offers.length === 0
      ? 'No offers.'
      : textTable(['offer', 'issued', 'open', 'redeemed', 'expired', 'left', 'cost', 'name'], page.offers.map(cells)),
  )
}

function cells({ key, issued, open, redeemed, expired, left, cost, name }: OfferRow): string[] {
  return [
    key,
    ...[issued, open, redeemed, expired].map(String),
    String(left ?? '-'),
    money(cost.spentCents, cost),
    name,
  ]
}

async function showOne(key: string, options: OfferOptions): Promise<void> {
  const offer = (await askInstallation(options, `/api/offers/${encodeURIComponent(key)}`)) as OfferRow
  writeResult(options.json, offer, () => sayOffer(offer))
}

function sayOffer(offer: OfferRow): string {
  const { cost, budget, pool, perCustomer } = offer
  const lines = [
    `${offer.key}: ${offer.name}`,
    `Issued ${offer.issued}: open ${offer.open}, redeemed ${offer.redeemed}, expired ${offer.expired}.`,
    `Left: ${offer.left ?? 'any number'}.`,
    `Cost: ${money(cost.spentCents, cost)} redeemed; what is open may cost ${money(cost.reservedCents, cost)} more.`,
  ]
  if (budget !== null && budget.coupons !== null) lines.push(`Budget: ${budget.counted} of ${budget.coupons} coupons.`)
  if (cost.budgetCents !== null && cost.leftCents !== null)
    lines.push(`Budget: ${money(cost.leftCents, cost)} left of ${money(cost.budgetCents, cost)}.`)
  if (pool !== null) lines.push(`Pool: ${pool.free} codes free of ${pool.loaded}.`)
  if (perCustomer !== null) lines.push(`Per customer: at most ${perCustomer}.`)
  return lines.join('\n')
}

/** Without a currency, which is then that of each order, in minor units as the documents write it. */
function money(cents: number, { currency }: OfferRow['cost']): string {
  return currency === null ? `${cents} cents` : formatMoney(cents, currency)
}

async function loadFile(key: string, file: string, options: OfferOptions): Promise<void> {
  const codes = readText(file).split(/\r?\n/)
  const answer = (await askInstallation(options, `/api/offers/${encodeURIComponent(key)}/codes`, { codes })) as {
    readonly loaded: number
    readonly pool: { readonly loaded: number; readonly free: number }
  }
  writeResult(
    options.json,
    answer,
    () => `Added ${answer.loaded} codes; ${answer.pool.free} of ${answer.pool.loaded} are free.`,
  )
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new UsageError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
}
