/** The page of results. Whoever may see the console may see it: it holds nothing personal, and a proposal changes nothing. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { dayMs } from '../domain/time.ts'
import { listOffers } from '../store/offers/list.ts'
import { shopCurrency } from '../store/shop-currency.ts'
import { forVisitors, type PageNeeds } from './page-needs.ts'
import { isRefusal, type Refusal } from './refusal.ts'
import { type Plan, type PlanForm, type Results, resultsPage, stretches } from './results-pages.ts'

export interface ResultPageNeeds extends PageNeeds {
  readonly feedback: (wanted: {
    readonly sinceMs: number
    readonly nowMs: number
    readonly withinDays: number
  }) => Promise<Results>
  readonly planOffers: (question: object) => Promise<Plan | Refusal>
}

const withinDays = 7
const firstForm: PlanForm = { budget: '', by: 'stage', margin: '40' }

export function resultPageRoutes(app: FastifyInstance, needs: ResultPageNeeds): void {
  const page = forVisitors(needs, (request, reply) => show(needs, request, reply))
  app.get('/results', page)
  app.post('/results', { bodyLimit: 4_096 }, page)
}

async function show(needs: ResultPageNeeds, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const asked = request.body instanceof URLSearchParams ? request.body : undefined
  const { pool } = needs.database
  const nowMs = needs.clock.nowMs()
  const named = Number((request.query as { readonly days?: unknown }).days)
  const days = stretches.includes(named) ? named : 30
  const [results, offers, currency] = await Promise.all([
    needs.feedback({ sinceMs: nowMs - days * dayMs, nowMs, withinDays }),
    listOffers(pool),
    shopCurrency(pool),
  ])
  const text = (name: keyof PlanForm): string => asked?.get(name)?.trim() ?? firstForm[name]
  const form = { budget: text('budget'), by: text('by'), margin: text('margin') }
  const outcome = asked === undefined ? undefined : await propose(needs, form, currency)
  const main = resultsPage({ days, withinDays, currency, results, offers, form, outcome })
  return needs.send(reply, outcome !== undefined && 'problem' in outcome ? 400 : 200, 'Results · Perennial', main)
}

async function propose(
  { planOffers }: ResultPageNeeds,
  { budget, by, margin }: PlanForm,
  currency: string | null,
): Promise<Plan | { readonly problem: string }> {
  const amount = /^\d{1,9}(?:[.,]\d{1,3})?$/.test(budget) ? Number(budget.replace(',', '.')) : undefined
  if (amount === undefined) return { problem: 'Budget: must be an amount such as 500 or 499.90.' }
  const share = /^\d{1,3}$/.test(margin) ? Number(margin) / 100 : 2
  if (share > 1) return { problem: 'What the shop keeps of an order: must be from 0 to 100 percent.' }
  const answer = await planOffers({ budgetCents: Math.round(amount * minorOf(currency)), by, margin: share })
  return isRefusal(answer) ? { problem: answer.words } : answer
}

/** How many minor units make a whole one. */
function minorOf(currency: string | null): number {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency: currency ?? 'USD' })
  return 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2)
}
