/**
 * Real workflows in a time that stands still while something is to be done, and jumps to the next moment at which
 * something is: as fast as the machine can, however slow that is, and always with the same outcome.
 */

import { until } from './customers.ts'
import { createWorld, type World } from './world.ts'

export interface SteppedWorld extends World {
  /** Moves on to a moment. What `prepare` writes there is there before anybody looks. */
  jump(toMs: number, prepare: () => Promise<void>): Promise<void>
  /** Waits until nothing is left to do at this moment. */
  rest(): Promise<void>
  /** The next moment at which somebody wants to be looked at; null: never. */
  nextDueMs(): Promise<number | null>
}

/** Longer than any test: whoever is due is looked at because of the sweep, when their moment has come. */
const noTimerMs = 3_600_000

export async function createSteppedWorld(
  startMs: number,
  options: { campaigns: string; afterScoring: (customerId: string) => Promise<void> },
): Promise<SteppedWorld> {
  let nowMs = startMs
  const clock = { speed: 1, nowMs: () => nowMs, realMsUntil: () => noTimerMs }
  const world = await createWorld({ clock, campaigns: options.campaigns })
  const gate = new Gate()
  const { pool } = world.database
  const activities: World['activities'] = (sms) => {
    const made = world.activities(sms)
    const { reviewCustomer, scoreCustomer, ...others } = made.lifecycle
    const lifecycle = {
      ...others,
      reviewCustomer: (id: string) => gate.pass(() => reviewCustomer(id)),
      scoreCustomer: (id: string) =>
        gate.pass(async () => {
          await scoreCustomer(id)
          await options.afterScoring(id)
        }),
    }
    return { ...made, lifecycle }
  }

  /** Those whose moment has come are told so, once. */
  const sweep = async (told: Set<string>): Promise<void> => {
    const { rows } = await pool.query<{ id: string }>('SELECT id FROM customers WHERE due_at <= $1', [new Date(nowMs)])
    const due = rows.filter(({ id }) => !told.has(id))
    await Promise.all(due.map(({ id }) => world.look(id)))
    for (const { id } of due) told.add(id)
  }
  const isQuiet = async (): Promise<boolean> => {
    const { rows } = await pool.query<{ open: boolean }>(
      `SELECT EXISTS (SELECT FROM news WHERE consumed_at IS NULL)
           OR EXISTS (SELECT FROM customers WHERE due_at <= $1)
           OR EXISTS (SELECT FROM messages WHERE settled_at IS NULL AND (not_before IS NULL OR not_before <= $1)) AS open`,
      [new Date(nowMs)],
    )
    return rows[0]?.open === false && gate.isEmpty
  }

  const rest = async (): Promise<void> => {
    const told = new Set<string>()
    const { rows } = await pool.query<{ id: string }>(
      'SELECT DISTINCT customer_id AS id FROM news WHERE consumed_at IS NULL',
    )
    for (const { id } of rows) told.add(id)
    await Promise.all(rows.map(({ id }) => world.look(id)))
    await sweep(told)
    await until('everything of this moment is done', isQuiet, 120_000)
  }
  return {
    ...world,
    activities,
    withWorkers: (work, workers) => world.withWorkers(work, { ...workers, activities }),
    rest,
    async jump(toMs, prepare) {
      await gate.closed(async () => {
        nowMs = toMs
        await prepare()
      })
    },
    async nextDueMs() {
      const { rows } = await pool.query<{ at: Date | null }>('SELECT min(due_at) AS at FROM customers')
      return rows[0]?.at?.getTime() ?? null
    },
  }
}

/** Nobody decides anything while time jumps. */
class Gate {
  #inside = 0
  #closed: Promise<void> | undefined

  get isEmpty(): boolean {
    return this.#inside === 0
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    while (this.#closed !== undefined) await this.#closed
    this.#inside++
    try {
      return await work()
    } finally {
      this.#inside--
    }
  }

  async closed(work: () => Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#closed = promise
    try {
      await until('nobody is deciding', () => this.isEmpty)
      await work()
    } finally {
      this.#closed = undefined
      resolve()
    }
  }
}
