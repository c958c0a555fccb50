/** The demo from beginning to end: the past imported, the rest lived through real workflows at a day a second. */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { lifecycleQueue, modelTrainingType, modelTrainingWorkflowId } from '../../../workflows/ids.ts'
import { beginTime, type Clock, createClock } from '../../clock.ts'
import type { ClockConfig, Config } from '../../config.ts'
import { dayMs, type EpochMs } from '../../domain/time.ts'
import type { Reporter } from '../../embedded/services.ts'
import { type Installation, startInstallation } from '../../embedded/supervisor.ts'
import { importHistory } from '../../intake/import-history.ts'
import { loadDefinitions } from '../../store/campaigns.ts'
import { type Database, openDatabase } from '../../store/database.ts'
import { openVault } from '../../store/master-key.ts'
import { publishCampaigns } from '../../store/publishing/publish-campaigns.ts'
import { loadMasterKeys } from '../../store/vault.ts'
import { openTemporalClient, type TemporalClient } from '../../temporal.ts'
import { arrivalsOf } from './arrivals.ts'
import { type CdnowPurchase, readCdnow, sampleCustomers } from './cdnow.ts'
import { createFeed } from './feed.ts'
import { historyOf } from './history.ts'
import { leadMs, liveEvents } from './live-events.ts'
import { Replies } from './replies.ts'
import { type Arrivals, type DemoReport, demoReport } from './report.ts'

export interface DemoOptions {
  readonly home: string
  readonly port?: number
  readonly customers: number
  readonly days: number
  /** Midnight UTC of the first day that is lived. */
  readonly fromMs: EpochMs
  /** How many times faster than real time. */
  readonly speed: number
  readonly reporter: Partial<Reporter>
  /** Several times a second, while the days go by. */
  readonly onProgress?: (progress: DemoProgress) => void
  /** Called when the first day begins: for tests that disturb what follows. The demo lasts until they have. */
  readonly onLive?: (installation: Installation) => Promise<void> | void
}

export interface DemoProgress {
  readonly nowMs: EpochMs
  readonly sent: number
  readonly events: number
  readonly stages: Readonly<Record<string, number>>
  readonly messages: number
  readonly replies: { readonly unsubscribed: number; readonly stopped: number }
}

export interface Demo {
  readonly installation: Installation
  readonly report: DemoReport
}

const campaignsDirectory = fileURLToPath(new URL('../../../campaigns', import.meta.url))
const progressMs = 500
const settleMs = 120_000

/** Runs the demo. The installation is still up at the end: stop it, or let people look at it. */
export async function runDemo(options: DemoOptions): Promise<Demo> {
  const purchases = sampleCustomers(readCdnow(), options.customers)
  const untilMs = options.fromMs + options.days * dayMs
  const past = purchases.filter(({ atMs }) => atMs < options.fromMs)
  const live = liveEvents(purchases.filter(({ atMs }) => atMs >= options.fromMs && atMs < untilMs + leadMs))
  const anchorFile = join(options.home, 'time-began')
  const time: ClockConfig = {
    speed: options.speed,
    startsAtMs: options.fromMs,
    anchoredAtMs: undefined,
    anchorFile,
  }
  const installation = await startInstallation({
    home: options.home,
    clock: time,
    ...(options.port === undefined ? {} : { port: options.port }),
    report: options.reporter,
    prepare: ({ config }) => importPast(past, config, options),
  })
  const database = openDatabase(installation.databaseUrl)
  const temporal = openTemporalClient({ address: installation.temporalAddress, namespace: 'default' })
  try {
    await train(temporal, options.reporter)
    beginTime(anchorFile)
    const disturbing = options.onLive?.(installation)
    const due = live.filter(({ atMs }) => atMs < untilMs)
    const clock = createClock(time)
    await liveThrough({ ...options, untilMs, clock, installation, database, events: due, disturbing })
    const arrivals = (): Promise<Arrivals> => arrivalsOf(database.pool, installation.home, installation.smsUi)
    const workflows = await countWorkflows(temporal)
    const report = await demoReport(database.pool, { sinceMs: options.fromMs, clock, arrivals, workflows })
    return { installation, report }
  } catch (error) {
    await installation.stop()
    throw error
  } finally {
    await temporal.close()
    await database.close()
  }
}

async function importPast(
  past: readonly CdnowPurchase[],
  config: Config,
  { fromMs, reporter }: DemoOptions,
): Promise<void> {
  const startedAt = performance.now()
  const database = openDatabase(config.databaseUrl ?? '')
  try {
    await publishCampaigns(database, campaignsDirectory, fromMs)
    const vault = await openVault(database.pool, loadMasterKeys(config))
    const definitions = await loadDefinitions(database)
    const { customers } = await importHistory(historyOf(past), { database, vault, definitions, nowMs: fromMs })
    reporter.up?.(`${past.length} past purchases of ${customers} customers`, performance.now() - startedAt)
  } finally {
    await database.close()
  }
}

/** The first models, from the imported past, before the first day begins. */
async function train({ client }: TemporalClient, reporter: Partial<Reporter>): Promise<void> {
  for (const kind of ['churn', 'clv']) {
    const startedAt = performance.now()
    const result = (await client.workflow.execute(modelTrainingType, {
      workflowId: `${modelTrainingWorkflowId(kind)}:first`,
      taskQueue: lifecycleQueue,
      args: [{ kind }],
    })) as { reason: string; customers: number }
    reporter.up?.(`${kind}: ${result.reason}`, performance.now() - startedAt)
  }
}

interface Living extends DemoOptions {
  readonly untilMs: EpochMs
  readonly clock: Clock
  readonly installation: Installation
  readonly database: Database
  readonly events: ReturnType<typeof liveEvents>
  readonly disturbing: Promise<void> | void
}

/** Sends, answers and watches until the days are over and everything that came of them is settled. */
async function liveThrough(living: Living): Promise<void> {
  const { untilMs, clock, installation, database, events, disturbing, onProgress } = living
  const feed = createFeed(events, installation.url, installation.firstKeys?.writeKey ?? '', clock)
  const replies = new Replies(installation.home, installation.smsUi)
  let fed = false
  const feeding = Promise.all([feed.run(untilMs), disturbing]).finally(() => (fed = true))
  feeding.catch(() => undefined) // Awaited below, together with what it did.
  let settlingSince: number | undefined
  for (;;) {
    await answerPatiently(replies)
    onProgress?.({
      nowMs: clock.nowMs(),
      sent: feed.sent,
      events: events.length,
      ...(await standings(database)),
      replies,
    })
    if (fed) {
      await feeding
      settlingSince ??= performance.now()
      if ((await openWork(database)) === 0 || performance.now() - settlingSince > settleMs) return
    }
    await sleep(progressMs)
  }
}

/** The product may be down for a moment; customers try again. */
async function answerPatiently(replies: Replies): Promise<void> {
  try {
    await replies.answer()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error // What fetch throws when nobody answers.
  }
}

async function standings(database: Database): Promise<{ stages: Record<string, number>; messages: number }> {
  try {
    const stages = await database.pool.query<{ stage: string; count: number }>(
      'SELECT stage, count(*)::int AS count FROM customers WHERE merged_into IS NULL GROUP BY stage',
    )
    const sent = await database.pool.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM messages WHERE status = 'sent'`,
    )
    return {
      stages: Object.fromEntries(stages.rows.map((row) => [row.stage, row.count])),
      messages: sent.rows[0]?.count ?? 0,
    }
  } catch {
    return { stages: {}, messages: 0 } // The database is being restarted: there is always a next progress.
  }
}

/** What has been accepted but not yet come to an end: events, news, messages that are due. */
async function openWork(database: Database): Promise<number> {
  const { rows } = await database.pool.query<{ open: number }>(
    `SELECT (SELECT count(*) FROM events WHERE handled_at IS NULL)
          + (SELECT count(*) FROM news WHERE consumed_at IS NULL)
          + (SELECT count(*) FROM messages WHERE settled_at IS NULL AND not_before IS NULL) AS open`,
  )
  return rows[0]?.open ?? 0
}

async function countWorkflows({ client }: TemporalClient): Promise<DemoReport['workflows']> {
  const count = async (status: string): Promise<number> =>
    (await client.workflow.count(`ExecutionStatus = '${status}'`)).count
  const [open, completed, ...lost] = await Promise.all(
    ['Running', 'Completed', 'Failed', 'TimedOut', 'Terminated'].map(count),
  )
  return { open: open ?? 0, completed: completed ?? 0, failed: lost.reduce((sum, each) => sum + each, 0) }
}
