/** Scores everybody whom a model is about, a page at a time, each in one statement. */

import { needsOfLifecycle } from '../../src/domain/definition-needs.ts'
import { stageOf } from '../../src/domain/lifecycle.ts'
import type { PurchaseHistories } from '../../src/domain/purchase-history.ts'
import type { ScoreKind } from '../../src/domain/snapshot.ts'
import type { ModelRow } from '../../src/store/models.ts'
import type { NewScore } from '../../src/store/scores.ts'
import { holdFrom, scoreHistories } from '../scoring.ts'
import type { ScoringResult } from '../training-types.ts'
import { contractOf } from './churn-span.ts'
import type { Pages, TrainerNeeds } from './trainer.ts'

/** A page takes some seconds, so a heartbeat comes well within its timeout. */
const pageSize = 10_000

export async function scoreInPages(needs: TrainerNeeds, model: ModelRow, pages: Pages): Promise<ScoringResult> {
  const { store, definitions } = needs
  const { lifecycle } = await definitions.get()
  let progress = pages.start
  // While a page is saved the next one is reckoned, and the one after that is read.
  for await (const { upTo, scores } of readAhead(scoredPages(needs, model, pages))) {
    const { crossings } = await store.saveScorePage(
      {
        kind: model.kind as ScoreKind,
        modelId: model.id,
        nowMs: pages.nowMs,
        scores,
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
      customers: progress.customers + scores.length,
      crossings: progress.crossings + crossings,
    }
    await pages.done(progress)
  }
  return { customers: progress.customers, crossings: progress.crossings }
}

async function* scoredPages(
  needs: TrainerNeeds,
  model: ModelRow,
  { nowMs, start }: Pages,
): AsyncGenerator<{ upTo: string; scores: NewScore[] }> {
  for await (const { upTo, histories } of readAhead(historiesInPages(needs, model, nowMs, start.after))) {
    yield { upTo, scores: scoreHistories(model, histories) }
  }
}

/** The same, but what comes next is already under way when a value is handed out. */
async function* readAhead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = source.next()
  try {
    for (;;) {
      const { done, value } = await next
      if (done === true) return
      next = source.next()
      next.catch(() => undefined) // Said when it is asked for; until then it is nobody's.
      yield value
    }
  } finally {
    await next.catch(() => undefined)
  }
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
  // By their ids: what PostgreSQL guesses of a stretch of ids is now and then nobody at all, and it plans for that.
  for (let from = after; ; ) {
    const ids = await store.buyersAfter(from, size)
    const upTo = ids.at(-1)
    if (upTo === undefined) return
    const { histories } = await store.histories({ asOfMs, customerIds: ids })
    yield { upTo, histories }
    from = upTo
  }
}
