/** Every condition by its name: how what follows the name is written, and what it becomes. */

import { z } from 'zod'
import type {
  Condition,
  ListFact,
  MatchKind,
  MomentFact,
  ProfileName,
  ScoreName,
  ValueFact,
  ValueTest,
} from '../condition.ts'
import { channel, duration, key, stage } from '../document-parts.ts'
import { numberTest, storableText, textTest, traitTest, wordTest } from '../value-test.ts'
import {
  eventCondition,
  orderCondition,
  pageCondition,
  screenCondition,
  sequenceCondition,
} from './happening-schema.ts'
import { momentTest } from './moment-schema.ts'
import { personalTraitProblem } from './personal-traits.ts'

export type Form = z.ZodType<Condition>

const tierTest = wordTest(['high', 'middle', 'low'])
const consentTest = wordTest(['granted', 'withdrawn', 'none'])
const flag = z.boolean().transform((equals): ValueTest => ({ equals }))

/** Lengths of time as numbers of milliseconds: `{ at_most: 30 days }`. */
const lengthTest = z
  .strictObject({
    at_least: duration.optional(),
    at_most: duration.optional(),
    more_than: duration.optional(),
    less_than: duration.optional(),
  })
  .refine((tests) => Object.keys(tests).length > 0, { message: 'must hold at least one test' })
  .transform(
    ({ at_least: atLeast, at_most: atMost, more_than: moreThan, less_than: lessThan }): ValueTest => ({
      ...(atLeast !== undefined && { atLeast }),
      ...(atMost !== undefined && { atMost }),
      ...(moreThan !== undefined && { moreThan }),
      ...(lessThan !== undefined && { lessThan }),
    }),
  )

function value(test: z.ZodType<ValueTest>, fact: ValueFact): Form {
  return test.transform((test): Condition => ({ type: 'value', fact, test }))
}

const orders = (name: 'count' | 'revenue' | 'refunded' | 'discount' | 'average' | 'sensitivity'): Form =>
  value(numberTest, { of: 'orders', name })
const score = (name: ScoreName): Form => value(numberTest, { of: 'score', name })
const profile = (name: ProfileName): Form => value(textTest, { of: 'profile', name })
const moment = (fact: MomentFact): Form => momentTest.transform((test): Condition => ({ type: 'moment', fact, test }))

function listed(item: z.ZodType<string>, list: ListFact): Form {
  return z
    .union([item, z.array(item).min(1).max(1_000)])
    .transform((keys): Condition => ({ type: 'listed', list, keys: typeof keys === 'string' ? [keys] : keys }))
}

const match = (kind: MatchKind): Form => listed(storableText.min(1).max(500), { of: 'match', kind })

export const fixedForms: Readonly<Record<string, Form>> = {
  event: eventCondition,
  page: pageCondition,
  screen: screenCondition,
  sequence: sequenceCondition,
  orders: orderCondition,
  'orders.count': orders('count'),
  'orders.revenue_cents': orders('revenue'),
  'orders.refunded_cents': orders('refunded'),
  'orders.discount_cents': orders('discount'),
  'orders.average_cents': orders('average'),
  'orders.interval': value(lengthTest, { of: 'orders', name: 'interval' }),
  'orders.price_sensitivity': orders('sensitivity'),
  'orders.first': moment('orders.first'),
  'orders.last': moment('orders.last'),
  'rfm.recency': score('rfm_recency'),
  'rfm.frequency': score('rfm_frequency'),
  'rfm.monetary': score('rfm_monetary'),
  'seen.first': moment('seen.first'),
  'seen.last': moment('seen.last'),
  stage: value(wordTest(stage.options as [string, ...string[]]), { of: 'stage' }),
  'stage.since': moment('stage.since'),
  at_risk: value(flag, { of: 'at-risk' }),
  'score.churn': score('churn'),
  'score.churn_tier': value(tierTest, { of: 'tier', name: 'churn' }),
  'score.purchase': score('purchase'),
  'score.clv': score('clv'),
  'score.clv_tier': value(tierTest, { of: 'tier', name: 'clv' }),
  cluster: match('cluster'),
  'match.rule': match('rule'),
  'match.sequence': match('sequence'),
  'match.recommendation': match('recommendation'),
  'match.send_hour': match('send-hour'),
  'match.offer': match('offer'),
  segment: listed(key, { of: 'segment' }),
  'journey.active': listed(key, { of: 'journey', state: 'active' }),
  'journey.entered': listed(key, { of: 'journey', state: 'entered' }),
  'journey.completed': listed(key, { of: 'journey', state: 'completed' }),
  'reachable.email': value(flag, { of: 'reachable', channel: 'email' }),
  'reachable.sms': value(flag, { of: 'reachable', channel: 'sms' }),
  country: profile('country'),
  locale: profile('locale'),
  time_zone: profile('timeZone'),
  email_domain: profile('emailDomain'),
}

/** Names that go on after a prefix, as documentation writes them. */
export const openForms: readonly {
  readonly prefix: string
  readonly written: readonly string[]
  /** Something that may follow it. */
  readonly sample: string
  /** Undefined if there is no such fact. A text says why it is refused. */
  readonly form: (rest: string) => Form | string | undefined
}[] = [
  { prefix: 'trait.', written: ['trait.NAME'], sample: 'genre', form: traitForm },
  { prefix: 'computed.', written: ['computed.KEY'], sample: 'key', form: computedForm },
  { prefix: 'consent.', written: ['consent.CHANNEL', 'consent.CHANNEL.TOPIC'], sample: 'email', form: consentForm },
]

function traitForm(name: string): Form | string | undefined {
  if (name === '') return undefined
  if (!storableText.safeParse(name).success || name.length > 200) return 'must be the name of a trait'
  return personalTraitProblem(name) ?? value(traitTest, { of: 'trait', name })
}

function computedForm(name: string): Form | undefined {
  return key.safeParse(name).success ? value(traitTest, { of: 'computed', name }) : undefined
}

function consentForm(rest: string): Form | undefined {
  const [channelName, topic = '*', ...more] = rest.split('.')
  const parsed = channel.safeParse(channelName)
  if (!parsed.success || more.length > 0) return undefined
  if (topic !== '*' && !key.safeParse(topic).success) return undefined
  return value(consentTest, { of: 'consent', channel: parsed.data, topic })
}

export const knownNames: readonly string[] = [
  'all',
  'any',
  'not',
  ...Object.keys(fixedForms),
  ...openForms.flatMap(({ written }) => written),
]
