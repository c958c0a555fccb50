/** The figures of models in a marketer's words: what is measured, what is good, what a feature means. */

interface MetricWords {
  readonly name: string
  readonly shown: (value: number) => string
}

const share = (value: number): string => `${(value * 100).toFixed(1)} %`
const fixed = (value: number): string => value.toFixed(3)
const count = (value: number): string => Math.round(value).toLocaleString('en')

/** Those worth reading first, in this order; whatever else was measured is a click away. */
const words: Readonly<Record<string, MetricWords>> = {
  customers: { name: 'later customers it was judged on', shown: count },
  churned: { name: 'of them did not come back', shown: count },
  auc: {
    name: 'of two customers who differ, it rates the right one higher',
    shown: (value) => `${(value * 100).toFixed(1)} of 100 times`,
  },
  recencyAuc: {
    name: 'the length of the silence alone would',
    shown: (value) => `${(value * 100).toFixed(1)} of 100 times`,
  },
  calibrationError: { name: 'how far its percentages are from what came, on average', shown: share },
  predictedPurchases: { name: 'purchases foretold', shown: count },
  actualPurchases: { name: 'purchases that came', shown: count },
  meanAbsoluteError: { name: 'purchases off, per customer', shown: fixed },
  ndcg: { name: 'how well the first ten fit what was bought next (NDCG@10)', shown: fixed },
  popularityNdcg: { name: 'what everybody buys would', shown: fixed },
  hitRate: { name: 'customers or events of whom it was right', shown: share },
  shopHitRate: { name: 'one hour for all would be right of', shown: share },
  silhouette: { name: 'how clearly the groups part (from −1 to 1)', shown: fixed },
  holds: { name: 'of what was found holds later', shown: share },
  found: { name: 'found', shown: count },
  qini: {
    name: 'how much better than by chance it finds those whom an offer moves (Qini)',
    shown: (value) => value.toFixed(4),
  },
}

export interface MetricFigures {
  readonly main: readonly (readonly [name: string, shown: string])[]
  readonly others: readonly (readonly [name: string, shown: string])[]
}

export function metricsInWords(metrics: Readonly<Record<string, unknown>>): MetricFigures {
  const numbers = Object.entries(metrics).flatMap(([key, value]) =>
    typeof value === 'number' ? [[key, value] as const] : [],
  )
  const main = Object.entries(words).flatMap(([key, { name, shown }]) => {
    const value = metrics[key]
    return typeof value === 'number' ? [[name, shown(value)] as const] : []
  })
  const others = numbers
    .filter(([key]) => !Object.hasOwn(words, key))
    .map(([key, value]) => [key, Number(value.toPrecision(4)).toString()] as const)
  return { main, others }
}

const features: Readonly<Record<string, string>> = {
  log_purchases: 'how often they bought',
  log_silence_days: 'how long they have not bought',
  log_age_days: 'how long they are customers',
  silence_ratio: 'the silence, beside their own usual interval',
  bought_once: 'having bought only once',
  log_average_value: 'what they spend at a time',
  log_recent_purchases: 'purchases in the last 90 days',
  log_month_purchases: 'purchases in the last 30 days',
  discount_share: 'how much was bought at a discount',
  refund_share: 'how much was refunded',
  log_active_days: 'days on which they were there in the last month',
  log_quiet_days: 'how long they were not seen at all',
}

export interface FeatureWeight {
  readonly name: string
  /** Of the log odds, for a customer who has one standard deviation more of it. */
  readonly weight: number
}

/** What a regression goes by, the strongest first; nothing for other models. */
export function featureWeights(parameters: Readonly<Record<string, unknown>>): FeatureWeight[] {
  const logistic = parameters['logistic'] as
    | {
        readonly features?: readonly string[]
        readonly classifier?: {
          readonly classifiers?: readonly { readonly weights?: readonly (readonly number[])[] }[]
        }
      }
    | undefined
  const [, ...weights] = logistic?.classifier?.classifiers?.[0]?.weights?.[0] ?? []
  const names = logistic?.features ?? []
  if (names.length === 0 || names.length !== weights.length) return []
  return names
    .map((name, i) => ({ name: features[name] ?? name, weight: weights[i] as number }))
    .toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
}

/** What a column of drift is called: a feature, or the score itself. */
export function columnInWords(column: string): string {
  return features[column] ?? column
}
