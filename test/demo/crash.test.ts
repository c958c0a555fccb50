/** The demo with its worker killed again and again: what customers receive must not show it. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { runDemo } from '../../src/cli/demo/run-demo.ts'
import { isRunning } from '../../src/embedded/processes.ts'
import type { Installation } from '../../src/embedded/supervisor.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'

const kills = 5
const betweenKillsMs = 2_000
const patienceMs = 20_000

it('a worker that is killed five times loses no message and sends none twice', { timeout: 600_000 }, async () => {
  const home = mkdtempSync(join(tmpdir(), 'perennial-test-'))
  let killed = 0
  const { installation, report } = await runDemo({
    home: join(home, 'demo'),
    port: 0,
    customers: 120,
    days: 45,
    fromMs: Date.parse('1997-03-10T00:00:00Z'),
    speed: 86_400,
    reporter: {},
    onLive: async (running) => void (killed = await killAgainAndAgain(running)),
  })
  try {
    expect(killed).toBe(kills)
    expect(report.messages.total).toBeGreaterThan(10)
    expect(report.duplicates).toBe(0)
    expect(report.unexplained).toBe(0)
    expect(report.workflows.failed).toBe(0)
    expect(await inDoubtTransactional(installation)).toBe(0)
    expect(sent(report)).toBeGreaterThan(0)
  } finally {
    await installation.stop()
    rmSync(home, { recursive: true, force: true })
  }
})

/** Kills a worker that runs, waits until another one has taken its place and worked for a while, and again. */
async function killAgainAndAgain(installation: Installation): Promise<number> {
  const worker = installation.process('lifecycle')
  const database = openDatabase(installation.databaseUrl)
  const killed = new Set<string>()
  while (killed.size < kills) {
    await sleep(betweenKillsMs)
    await workedAgain(database, patienceMs)
    const { mark } = worker.current
    if (!isRunning(mark)) continue // It is still coming back.
    await worker.crash()
    killed.add(`${mark.pid} of ${mark.startedAt}`)
  }
  await database.close()
  return killed.size
}

/** A worker that is killed before it has done anything would show nothing: waits until one has decided something. */
async function workedAgain(database: Database, forMs: number): Promise<void> {
  const decided = async (): Promise<number> =>
    (await database.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM decision_records')).rows[0]?.n ?? 0
  const before = await decided()
  for (const untilMs = performance.now() + forMs; performance.now() < untilMs; await sleep(200))
    if ((await decided()) > before) return
}

/** What may be sent again is never left in doubt. */
async function inDoubtTransactional({ databaseUrl }: Installation): Promise<number> {
  const database = openDatabase(databaseUrl)
  try {
    const { rows } = await database.pool.query<{ count: number }>(
      `SELECT count(*) FROM messages WHERE status = 'in_doubt' AND message_class = 'transactional'`,
    )
    return rows[0]?.count ?? -1
  } finally {
    await database.close()
  }
}

function sent({ messages }: Awaited<ReturnType<typeof runDemo>>['report']): number {
  return Object.values(messages.byChannel).reduce((sum, counts) => sum + (counts['sent'] ?? 0), 0)
}
