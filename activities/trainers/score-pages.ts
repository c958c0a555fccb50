/** Scores everybody whom a model is about, a page at a time, each in one statement. */

import { needsOfLifecycle } from '../../src/domain/definition-needs.ts'
import { stageOf } from '../../src/domain/lifecycle.ts'
import type { PurchaseHistories } from '../../src/domain/purchase-history.ts'
import type { ScoreKind } from '../../src/domain/snapshot.ts'
import type { ModelRow } from '../../src/store/models.ts'
import { scoreHistories } from '../scoring.ts'
import type { ScoringResult } from '../training-types.ts'
import { contractOf } from './churn.ts'
import type { Pages, TrainerNeeds } from './trainer.ts'

/** A page takes some seconds, so a heartbeat comes well within its timeout. */
const pageSize = 10_000

export async function scoreInPages(needs: TrainerNeeds, model: ModelRow, pages: Pages): Promise<ScoringResult> {
  const { store, definitions } = needs
  const { lifecycle } = await definitions.get()
  let progress = pages.start
  for await (const { upTo, histories } of historiesInPages(needs, model, pages.nowMs, progress.after)) {
    const { crossings } = await store.saveScorePage(
      {
        kind: model.kind as ScoreKind,
        modelId: model.id,
        nowMs: pages.nowMs,
        scores: scoreHistories(model, histories),
        announce: lifecycle.churn,
        holdHighFromCents: holdFrom(model),
      },
      {
        rules: lifecycle.version,
        stageOf: (view) => stageOf(view, lifecycle, pages.nowMs),
        needs: needsOfLifecycle(lifecycle),
      },
    )
    progress = {
      after: upTo,
      customers: progress.customers + histories.customerIds.length,
      crossings: progress.crossings + crossings,
    }
    await pages.done(progress)
  }
  return { customers: progress.customers, crossings: progress.crossings }
}

/** Whoever is of high value stays it until clearly below, so that a value that trembles moves nobody to and fro. */
function holdFrom({ kind, parameters }: ModelRow): number | null {
  const high = (parameters['tiers'] as { readonly highCents?: number } | undefined)?.highCents
  return kind === 'clv' && high !== undefined ? high * 0.9 : null
}

/** Everybody whom the model is about, by ascending id. */
export async function* historiesInPages(
  { store }: TrainerNeeds,
  model: Pick<ModelRow, 'kind' | 'parameters'>,
  asOfMs: number,
  after: string | null,
  size = pageSize,
): AsyncGenerator<{ upTo: string; histories: PurchaseHistories }> {
  const contract = contractOf(model)
  if (contract !== undefined) {
    const { customerIds } = await store.contracts(contract, asOfMs)
    const left = customerIds.filter((id) => after === null || id > after)
    for (let i = 0; i < left.length; i += size) {
      const ids = left.slice(i, i + size)
      const { histories } = await store.histories({ asOfMs, customerIds: ids, population: 'known' })
      yield { upTo: ids.at(-1) as string, histories }
    }
    return
  }
  for (let from = after; ; ) {
    const upTo = await store.pageEnd(from, size)
    if (upTo === undefined) return
    const { histories } = await store.histories({ asOfMs, range: { after: from, upTo } })
    yield { upTo, histories }
    from = upTo
  }
}
