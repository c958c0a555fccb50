/**
 * Budgets of differentially private answers, and the questions that spent them. The lock on a budget's row makes two
 * questions at once spend one after the other, and what was spent stays spent, whatever happens to the process.
 */

import type { Queryable } from './database.ts'

export interface BudgetRow {
  readonly name: string
  readonly epsilon: number
  readonly spent: number
  readonly createdAt: Date
}

/** What of the customers may be counted, each a yes or no about one person. */
export interface CountQuestion {
  readonly stage?: string | undefined
  readonly country?: string | undefined
  /** Ordered at least so often. */
  readonly orders?: number | undefined
}

/** @returns false: there is one of that name already, and its limit stands. */
export async function createBudget(client: Queryable, name: string, epsilon: number): Promise<boolean> {
  const { rowCount } = await client.query(
    'INSERT INTO privacy_budgets (name, epsilon, created_at) VALUES ($1, $2, now()) ON CONFLICT DO NOTHING',
    [name, epsilon],
  )
  return rowCount === 1
}

export async function listBudgets(client: Queryable): Promise<BudgetRow[]> {
  const { rows } = await client.query<BudgetRow>(
    'SELECT name, epsilon, spent, created_at AS "createdAt" FROM privacy_budgets ORDER BY name',
  )
  return rows
}

/** Locks a budget until the end of the transaction. */
export async function lockBudget(client: Queryable, name: string): Promise<BudgetRow | undefined> {
  const { rows } = await client.query<BudgetRow>(
    'SELECT name, epsilon, spent, created_at AS "createdAt" FROM privacy_budgets WHERE name = $1 FOR UPDATE',
    [name],
  )
  return rows[0]
}

/** The true number. It never leaves the process: what is told is the answer with noise. */
export async function countCustomers(client: Queryable, question: CountQuestion): Promise<number> {
  const { stage = null, country = null, orders = null } = question
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM customers
     WHERE merged_into IS NULL AND ($1::text IS NULL OR stage = $1) AND ($2::text IS NULL OR country = $2)
       AND ($3::int IS NULL OR order_count >= $3)`,
    [stage, country, orders],
  )
  return rows[0]?.count ?? 0
}

export async function noteSpending(
  client: Queryable,
  { name, spent }: Pick<BudgetRow, 'name' | 'spent'>,
  asked: { readonly epsilon: number; readonly question: CountQuestion; readonly answer: number },
): Promise<void> {
  await client.query('UPDATE privacy_budgets SET spent = $2 WHERE name = $1', [name, spent])
  await client.query(
    `INSERT INTO privacy_questions (budget, asked_at, epsilon, question, answer) VALUES ($1, now(), $2, $3, $4)`,
    [name, asked.epsilon, JSON.stringify(asked.question), asked.answer],
  )
}

/** What of a customer goes into an anonymised export, before it is made coarser. */
export interface ProfileRow {
  readonly country: string | null
  /** `202603`. */
  readonly month: number
  readonly orders: number
  /** Whole units of the currency. */
  readonly revenue: number
  readonly stage: string
}

/** Everybody, in an order that says nothing. */
export async function readProfiles(client: Queryable): Promise<ProfileRow[]> {
  const { rows } = await client.query<ProfileRow>(
    `SELECT country, to_char(first_seen_at AT TIME ZONE 'UTC', 'YYYYMM')::int AS month, order_count AS orders,
            round(revenue_cents / 100.0)::int AS revenue, stage
     FROM customers WHERE merged_into IS NULL AND erasing_at IS NULL ORDER BY md5(id::text)`,
  )
  return rows
}
