/**
 * What models are worth on two real shops that are imported into the product: CDNOW for churn, purchases and value,
 * Online Retail for recommendations and everything else.
 *
 *   npm run -s bench -- models [--shop cdnow|retail|both] [--kinds churn,clv,…] [--customers 23570]
 *                            [--ceiling yes] [--json]
 *
 * ours: the AUC of the churn model on CDNOW's later customers; reference: that of the length of their silence alone.
 * `--ceiling yes`: also what other methods (scikit-learn) make of the same features, and what they make of them if they are told
 * the future of all other customers.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readCdnow, sampleCustomers } from '../src/cli/demo/cdnow.ts'
import { historyOf } from '../src/cli/demo/history.ts'
import { type ModelKind, modelKinds } from '../src/domain/model-kind.ts'
import { dayMs } from '../src/domain/time.ts'
import { startInstallation } from '../src/embedded/supervisor.ts'
import { importHistory } from '../src/intake/import-history.ts'
import { loadDefinitions } from '../src/store/campaigns.ts'
import { type Database, openDatabase } from '../src/store/database.ts'
import type { ModelRow } from '../src/store/models.ts'
import { publishCampaigns } from '../src/store/publishing/publish-campaigns.ts'
import { loadMasterKey, Vault } from '../src/store/vault.ts'
import { churnCeiling } from './models/ceiling.ts'
import { runBench, say, wholeNumber } from './support/bench.ts'
import { importRetail, retailFile } from './support/import-retail.ts'
import { missingData } from './support/shared-data.ts'
import { table } from './support/table.ts'
import { driftOnce, trainOnce } from './support/train-once.ts'

/** When each log ends. */
const endOf = { cdnow: Date.parse('1998-07-01T00:00:00Z'), retail: Date.parse('2011-12-10T00:00:00Z') } as const

await runBench(
  'models',
  { shop: 'both', kinds: 'all', customers: '23570', ceiling: 'no' },
  async ({ shop, kinds: named, customers, ceiling }) => {
    const kindsAsked = named === 'all' ? modelKinds : named.split(',')
    const count = wholeNumber('customers', customers, 200)
    const home = mkdtempSync(join(tmpdir(), 'perennial-bench-'))
    say('starting PostgreSQL …')
    const installation = await startInstallation({ home, port: 0, processes: ['api'] })
    const database = openDatabase(installation.databaseUrl)
    const vault = new Vault(loadMasterKey(home, undefined))
    try {
      const models = new Map<string, ModelRow>()
      const lines: string[] = []
      const learn = async (name: 'cdnow' | 'retail', kinds: readonly ModelKind[]): Promise<void> => {
        for (const kind of kinds.filter((one) => kindsAsked.includes(one))) {
          if (kind === 'churn') lines.push(await driftIn(name))
          const startedAt = performance.now()
          const model = await trainOnce(database, vault, kind, endOf[name])
          models.set(`${name}/${kind}`, model)
          const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
          say(`${name} ${kind}: ${model.status} in ${seconds} s: ${String(model.metrics['reason'])}`)
          lines.push(`${name} · ${kind}: ${String(model.metrics['reason'])}`)
        }
      }
      /** A model that is eight weeks old: how far has the shop moved away from it? */
      const driftIn = async (name: 'cdnow' | 'retail'): Promise<string> => {
        await trainOnce(database, vault, 'churn', endOf[name] - 56 * dayMs)
        const moved = await driftOnce(database, vault, 'churn', endOf[name])
        await database.pool.query('TRUNCATE models, model_uses, model_drift, scores') // The one of today is the first again.
        const most = moved.slice(0, 4).map(({ what, psi }) => `${what} ${psi.toFixed(3)}`)
        return `${name} · drift of eight weeks (population stability index): ${most.join(', ')}`
      }
      if (shop !== 'retail') {
        say('importing CDNOW …')
        await publishCampaigns(database, 'campaigns', 0)
        const definitions = await loadDefinitions(database)
        const past = historyOf(sampleCustomers(readCdnow(), count))
        await importHistory(past, { database, vault, definitions, nowMs: endOf.cdnow })
        await learn('cdnow', ['churn', 'purchase', 'clv', 'clusters', 'revenue'])
      }
      const churn = models.get('cdnow/churn')
      if (ceiling === 'yes' && churn !== undefined) lines.push(...(await churnCeiling(database, churn, home)))
      if (shop !== 'cdnow') {
        const missing = missingData(retailFile)
        if (missing !== undefined) throw new RangeError(missing)
        await clear(database)
        say('importing Online Retail …')
        await importRetail({ database, vault, home }, endOf.retail)
        await learn(
          'retail',
          modelKinds.filter((kind) => kind !== 'uplift'),
        )
      }
      return report(models, lines)
    } finally {
      await database.close()
      await installation.stop()
      rmSync(home, { recursive: true, force: true })
    }
  },
)

async function clear({ pool }: Database): Promise<void> {
  await pool.query(
    `TRUNCATE customers, identities, orders, order_lines, order_changes, products, imports, imported_customers, event_days,
              imported_refunds, dirty_customers, lifecycle_moves, models, model_uses, scores, news, customer_matches`,
  )
}

function report(models: ReadonlyMap<string, ModelRow>, lines: readonly string[]) {
  const metrics = (key: string): Record<string, number> => (models.get(key)?.metrics ?? {}) as Record<string, number>
  const churn = metrics('cdnow/churn')
  const deciles = ['cdnow/clv', 'retail/clv'].flatMap((key) => {
    const found = models.get(key)?.metrics['deciles'] as
      | readonly { customers: number; predictedCents: number; actualCents: number }[]
      | undefined
    return (found ?? []).map((one, i) => [
      key,
      String(i + 1),
      String(one.customers),
      (one.predictedCents / 100).toFixed(0),
      (one.actualCents / 100).toFixed(0),
    ])
  })
  const text = [...lines, '', table(['value by predicted tenth', '', 'customers', 'predicted', 'spent'], deciles)].join(
    '\n',
  )
  const result = {
    ours: churn['auc'] ?? Number.NaN,
    reference: churn['recencyAuc'] ?? Number.NaN,
    unit: 'AUC',
    measured: Object.fromEntries(
      [...models].map(([key, { status, metrics: all }]) => [
        key,
        { status, ...Object.fromEntries(Object.entries(all).filter(([, value]) => typeof value === 'number')) },
      ]),
    ),
  }
  return { result, text }
}
