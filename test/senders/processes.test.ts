/**
 * A warm-up as it is lived: two real worker processes, of which one is killed, a journey and a broadcast, a day in seconds.
 *
 *   PERENNIAL_WARM_UP_PROCESSES=1 npm test -- test/senders/processes.test.ts
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dayMs } from '../../src/domain/time.ts'
import { startBroadcast } from '../broadcasts/support/broadcasts.ts'
import { type Sink, type SinkEntry, startSink } from '../support/smtp/sink.ts'
import { addCrowd } from '../workflows/support/crowds.ts'
import { happen, until } from '../workflows/support/customers.ts'
import { mondayNoonMs } from '../workflows/support/store-world.ts'
import { startWorkerProcess } from '../workflows/support/worker-process.ts'
import { createWorld, type World } from '../workflows/support/world.ts'

const days = [8, 12, 16]
const patienceMs = 180_000
const folder = mkdtempSync(join(tmpdir(), 'perennial-senders-'))
const log: SinkEntry[] = []
let world: World
let sink: Sink
/** It takes long: the other files hold the same, without the processes. */
const isWanted = process.env['PERENNIAL_WARM_UP_PROCESSES'] !== undefined

beforeAll(async () => {
  if (!isWanted) return
  world = await createWorld({ speed: 21_600 })
  sink = await startSink({ onEntry: (entry) => log.push(entry) })
  writeFileSync(join(folder, 'fresh.url'), `${sink.url}\n`)
}, patienceMs)
afterAll(async () => {
  rmSync(folder, { recursive: true })
  if (!isWanted) return
  await sink.close()
  await world.close()
})

test.runIf(isWanted)(
  'no day has more than its plan, whoever is killed; in the end everybody has theirs once, or it is listed as in doubt',
  async () => {
    const crowd = await addCrowd(world, 40)
    const from = new Date(Math.floor(mondayNoonMs / dayMs) * dayMs + dayMs).toISOString().slice(0, 10)
    const path = join(folder, 'senders.yaml')
    writeFileSync(
      path,
      `senders:\n  - { key: fresh, from: fresh@fresh.example, topics: [offers], smtp_url_file: fresh.url, warm_up: { from: ${from}, days: [${days.join(', ')}] } }\n`,
    )
    const env = { MAIL_SENDERS: path }
    const [one, other] = await Promise.all([startWorkerProcess(world, env), startWorkerProcess(world, env)])
    const { workflow } = await startBroadcast(world, 'sale', { template: 'nudge', expires_after: '300 days' })
    for (const id of crowd.slice(0, 10)) {
      await happen(world, id, 'Offer Wanted')
      await world.look(id)
    }
    await until('the first ones have left', () => log.length >= 4, patienceMs)
    await one.kill()
    const open = async () =>
      (
        await world.database.pool.query<{ count: number }>(
          `SELECT count(*)::int AS count FROM messages WHERE status NOT IN ('sent', 'in_doubt')`,
        )
      ).rows[0]?.count
    await workflow.result()
    await until('nothing is open', async () => (await open()) === 0, patienceMs)
    expect(await other.stop()).toBe(0)

    const { rows } = await world.database.pool.query<{ day: number; count: number }>(
      `SELECT (extract(epoch FROM date_trunc('day', transmitting_at AT TIME ZONE 'UTC') - $1::date) / 86400)::int AS day,
              count(*)::int AS count
         FROM messages WHERE sender = 'fresh' GROUP BY 1 ORDER BY 1`,
      [from],
    )
    const onDay = new Map(rows.map(({ day, count }) => [day, count]))
    for (const day of onDay.keys()) expect(day).toBeGreaterThanOrEqual(0)
    for (const [day, most] of days.entries()) expect(onDay.get(day) ?? 0).toBeLessThanOrEqual(most)
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(50)
    const accepted = log.filter(({ outcome }) => outcome === 'accepted').map(({ messageId }) => messageId)
    expect(new Set(accepted).size).toBe(accepted.length)
    const { rows: sent } = await world.database.pool.query<{ id: string }>(
      `SELECT id FROM messages WHERE status = 'sent'`,
    )
    expect(sent.filter(({ id }) => !accepted.includes(`<${id}@fresh.example>`))).toEqual([])
  },
  2 * patienceMs,
)
