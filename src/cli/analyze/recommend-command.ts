/** `perennial analyze recommend`: how well a way of recommending finds the interactions that it was not shown. */

import { Command } from 'commander'
import { contentModel, contentScorer } from '../../analytics/recommend/content-based.ts'
import { chooseNeighbours } from '../../analytics/recommend/cross-validation.ts'
import { customerScorer, fitCustomerNeighbours } from '../../analytics/recommend/customer-based.ts'
import { evaluateScorer, holdOutEvery } from '../../analytics/recommend/hold-out.ts'
import { hybridScorer } from '../../analytics/recommend/hybrid.ts'
import { type Interactions, selectInteractions } from '../../analytics/recommend/interactions.ts'
import { fitItemNeighbours, itemScorer } from '../../analytics/recommend/item-based.ts'
import type { NeighbourOptions } from '../../analytics/recommend/nearest-rows.ts'
import { popularityScorer } from '../../analytics/recommend/popularity.ts'
import type { Scorer } from '../../analytics/recommend/ranking.ts'
import type { RankingMetrics } from '../../analytics/recommend/ranking-metrics.ts'
import type { SimilarityKind } from '../../analytics/recommend/similarity.ts'
import type { SparsePattern } from '../../analytics/recommend/sparse-matrix.ts'
import { UsageError } from '../usage-error.ts'
import { choiceOption, wholeOption } from './options.ts'
import { startProgress, textFacts, warn, writeResult } from './output.ts'
import { readInteractions, readItemAttributes } from './recommend-input.ts'
import { type SplitOptions, splitRows, withSplitOptions } from './test-split.ts'

/** How each method finds its neighbours; null where it has none. */
const neighbourhoods = {
  'user-cosine': { by: 'customers', similarity: 'cosine' },
  'user-pearson': { by: 'customers', similarity: 'pearson' },
  'user-euclidean': { by: 'customers', similarity: 'euclidean' },
  'item-cosine': { by: 'items', similarity: 'cosine' },
  hybrid: { by: 'items', similarity: 'cosine' },
  content: null,
  popular: null,
} as const satisfies Record<string, { by: 'customers' | 'items'; similarity: SimilarityKind } | null>

type Method = keyof typeof neighbourhoods
const methods = Object.keys(neighbourhoods) as Method[]

const HYBRID_WEIGHTS = { items: 0.7, content: 0.3 }
/** The values of K that are tried when none is given. */
const NEIGHBOURS_TRIED = [5, 10, 20, 50, 100, 200]

interface Options extends SplitOptions {
  readonly interactions: string
  readonly method: Method
  readonly neighbours?: number
  readonly top: number
  readonly items?: string
  readonly json?: boolean
}

/** The `recommend` command. */
export function recommendCommand(): Command {
  const command = new Command('recommend')
    .description('Hold interactions out, recommend from the rest, and judge the lists by what was held out.')
    .requiredOption('--interactions <file>', 'CSV with the columns customer_id and item_id, one row a pair')
    .requiredOption('--method <method>', methods.join(', '), choiceOption('--method', methods))
    .option('--neighbours <k>', 'how many nearest count (else cross-validated)', wholeOption('--neighbours', 1))
    .option('--top <n>', 'length of a list', wholeOption('--top', 1), 10)
  return withSplitOptions(command)
    .option('--items <file>', 'CSV with item_id and numeric attributes, for content and hybrid')
    .option('--json', 'print one JSON document')
    .action(run)
}

function run(options: Options): void {
  const { interactions, method, top, testEvery, testRemainder } = options
  if (usesContent(method)) itemsFile(options)

  const file = readInteractions(interactions)
  splitRows(file.table.rowCount, options) // Refuses what leaves no training row or no test row.
  const split = holdOutEvery(file.pairs, testEvery, testRemainder)
  if (split.relevant.indices.length === 0) {
    const rule = 'must have a test row whose customer and item both have training rows'
    throw new UsageError(`--interactions ${interactions}: ${rule} (--test-every ${testEvery})`)
  }
  const training = selectInteractions(file.pairs, (pair) => pair % testEvery !== testRemainder)
  const neighbours = options.neighbours ?? chosenNeighbours(method, training, top)
  const content = (): Scorer => {
    return contentScorer(split.train, contentModel(readItemAttributes(itemsFile(options), file, split.train)))
  }

  const scorer = scorerFor(method, split.train, neighbours, content)
  const metrics = evaluateScorer(split, reporting(scorer, split.train.rows), top)
  const { precision, recall, f1, map, ndcg, coverage } = metrics
  writeResult(options.json, { precision, recall, f1, map, ndcg, coverage }, () =>
    readable(metrics, options, neighbours),
  )
}

function usesContent(method: Method): boolean {
  return method === 'content' || method === 'hybrid'
}

function itemsFile({ items, method }: Options): string {
  if (items === undefined) throw new UsageError(`--items: must name a file of items for --method ${method}`)
  return items
}

function scorerFor(method: Method, train: SparsePattern, neighbours: number, content: () => Scorer): Scorer {
  const progress = startProgress('Finding neighbours')
  const nearest = (similarity: SimilarityKind): NeighbourOptions => ({
    similarity,
    neighbours,
    onProgress: (share) => progress.report(share),
  })
  const byItems = (): Scorer => itemScorer(train, fitItemNeighbours(train, nearest('cosine')))
  const scorers: Record<Method, () => Scorer> = {
    'user-cosine': () => customerScorer(train, fitCustomerNeighbours(train, nearest('cosine'))),
    'user-pearson': () => customerScorer(train, fitCustomerNeighbours(train, nearest('pearson'))),
    'user-euclidean': () => customerScorer(train, fitCustomerNeighbours(train, nearest('euclidean'))),
    'item-cosine': byItems,
    content,
    hybrid: () =>
      hybridScorer(train, [
        { scorer: content(), weight: HYBRID_WEIGHTS.content },
        { scorer: byItems(), weight: HYBRID_WEIGHTS.items },
      ]),
    popular: () => popularityScorer(train),
  }
  const scorer = scorers[method]()
  progress.done()
  return scorer
}

/** The K that ranks best among the training rows, for who gives none. */
function chosenNeighbours(method: Method, training: Interactions, top: number): number {
  const neighbourhood = neighbourhoods[method]
  if (neighbourhood === null) return 1
  try {
    const { best } = chooseNeighbours(training, { ...neighbourhood, neighbours: NEIGHBOURS_TRIED, tops: [top] })
    warn(`--neighbours ${best.neighbours} ranks best in a cross-validation of the training rows`)
    return best.neighbours
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UsageError(
      '--neighbours: must be given: there are too few training rows to choose it by cross-validation',
    )
  }
}

function reporting(scorer: Scorer, customers: number): Scorer {
  const progress = startProgress('Recommending')
  return (customer, scores) => {
    progress.report(customer / customers)
    scorer(customer, scores)
  }
}

function readable(metrics: RankingMetrics, { method, top }: Options, neighbours: number): string {
  return textFacts({
    method,
    neighbours: neighbourhoods[method] === null ? null : neighbours,
    'top N': top,
    'customers counted': metrics.customers,
    precision: metrics.precision,
    recall: metrics.recall,
    F1: metrics.f1,
    MAP: metrics.map,
    NDCG: metrics.ndcg,
    coverage: metrics.coverage,
  })
}
