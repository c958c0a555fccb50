/** What no document shows by itself: whether the topics, offers and templates that it names exist, and fit. */

import type { CampaignKind } from './campaign-documents.ts'
import type { Condition } from './condition.ts'
import { needsConfirmation } from './consent-rule.ts'
import type { ContactPolicy, Criterion, Definitions, Entry, JourneyDefinition } from './definitions.ts'
import { computedIn, segmentsIn } from './segment-needs.ts'
import { inOrder } from './segment-order.ts'
import type { Channel } from './snapshot.ts'
import type { MessageStep, OfferStep, Step } from './steps.ts'
import { questionOf } from './survey.ts'

/** What of a template matters to the steps that use it. */
export interface TemplateFacts {
  readonly key: string
  readonly channel: Channel
  /** Full names: `coupon.code`. */
  readonly variables: readonly string[]
  /** A text message that asks for YES as its answer. */
  readonly asksForYes?: boolean
}

export interface ReferenceProblem {
  readonly kind: CampaignKind
  readonly key: string
  readonly path: readonly (string | number)[]
  readonly rule: string
}

type Found = Pick<ReferenceProblem, 'path' | 'rule'>

/** All references from live documents that lead nowhere. */
export function checkReferences(
  definitions: Definitions,
  templates: readonly TemplateFacts[],
): readonly ReferenceProblem[] {
  const byKey = new Map(templates.map((template) => [template.key, template]))
  return [
    ...located('contact-policy', definitions.policy.key, confirmationProblems(definitions.policy, byKey)),
    ...definitions.lifecycle.stages.flatMap((rule, i) =>
      located('lifecycle', definitions.lifecycle.key, conditionProblems(['stages', i, 'if'], rule.if, definitions)),
    ),
    ...checkSegments(definitions),
    ...located('referral', definitions.referral?.key ?? 'referral', checkReferral(definitions)),
    ...[...definitions.offers.values()].flatMap((offer) =>
      located('offer', offer.key, conditionProblems(['if'], offer.if, definitions)),
    ),
    ...definitions.live.flatMap((journey) =>
      located('journey', journey.key, checkJourney(journey, definitions, byKey)),
    ),
  ]
}

/** Where a yes has to be confirmed, there must be a message that asks for it. */
function confirmationProblems(policy: ContactPolicy, templates: ReadonlyMap<string, TemplateFacts>): readonly Found[] {
  return (['email', 'sms'] as const).flatMap((channel): readonly Found[] => {
    const path = ['channels', channel, 'confirmation']
    const { confirmation } = policy.channels[channel]
    const isNeeded = ['*', ...Object.keys(policy.topics)].some((topic) => needsConfirmation(policy, channel, topic))
    if (confirmation === null) {
      const rule = 'is missing: a "double" consent needs the template that asks to confirm it'
      // A shop that sends no text messages need not word one: there a yes to such a topic just never counts.
      return isNeeded && (channel === 'email' || policy.channels.sms.consent === 'double') ? [{ path, rule }] : []
    }
    const template = templates.get(confirmation)
    if (template?.channel !== channel) {
      const fitting = [...templates.values()].filter((each) => each.channel === channel).map((each) => each.key)
      return [{ path, rule: unknown(`${channel} template`, fitting) }]
    }
    if (template.variables.includes('confirm_url') || (channel === 'sms' && template.asksForYes === true)) return []
    const orAsks = channel === 'sms' ? ', or asks to answer YES' : ''
    return [{ path, rule: `must be a template that shows {{ confirm_url }}${orAsks}` }]
  })
}

function located(kind: CampaignKind, key: string, found: readonly Found[]): readonly ReferenceProblem[] {
  return found.map((each) => ({ kind, key, ...each }))
}

/** Segments ask about segments that there are, and never in a circle. */
function checkSegments(definitions: Definitions): readonly ReferenceProblem[] {
  const segments = [...definitions.segments.values()]
  const { cycles } = inOrder(
    segments.map(({ key, if: condition }) => ({ node: key, dependsOn: segmentsIn(condition) })),
  )
  const inCircle = cycles.map(([key = '', ...way]): ReferenceProblem => {
    const rule = `asks in a circle: ${[key, ...way].join(' → ')}`
    return { kind: 'segment', key, path: ['if'], rule }
  })
  return [
    ...segments.flatMap(({ key, if: condition }) =>
      located('segment', key, conditionProblems(['if'], condition, definitions)),
    ),
    ...inCircle,
  ]
}

function checkJourney(
  journey: JourneyDefinition,
  definitions: Definitions,
  templates: ReadonlyMap<string, TemplateFacts>,
): readonly Found[] {
  return [
    ...journey.entry.flatMap((entry, i) => checkEntry(entry, i, definitions)),
    ...(journey.goal === null ? [] : conditionProblems(['goal', 'if'], conditionOf(journey.goal), definitions)),
    ...journey.exit.flatMap((each, i) => conditionProblems(['exit', i, 'if'], conditionOf(each), definitions)),
    // What a survey adds by itself has nothing to check, and no place in the document.
    ...journey.steps
      .filter(({ id }) => !id.includes(':'))
      .flatMap((step, i) =>
        checkStep(step, definitions, templates).map(({ path, rule }) => ({ path: ['steps', i, ...path], rule })),
      ),
  ]
}

/** Its rewards are offers. */
function checkReferral({ referral, offers }: Definitions): readonly Found[] {
  const rewards = [
    ['friend', referral?.friendOffer ?? null],
    ['referrer', referral?.referrerOffer ?? null],
  ] as const
  return rewards.flatMap(([side, offer]) =>
    offer === null || offers.has(offer) ? [] : [{ path: ['reward', side], rule: unknown('offer', offers.keys()) }],
  )
}

function checkEntry(entry: Entry, i: number, definitions: Definitions): readonly Found[] {
  return [
    ...((entry.type === 'segment' || entry.type === 'schedule') && !definitions.segments.has(entry.segment)
      ? [{ path: ['entry', i, 'segment'], rule: unknown('segment', definitions.segments.keys()) }]
      : []),
    ...conditionProblems(['entry', i, 'if'], entry.if, definitions),
  ]
}

function conditionOf(criterion: Criterion): Condition | null {
  return criterion.type === 'condition' ? criterion.if : null
}

function checkOfferStep({ offer, personal = [] }: OfferStep, definitions: Definitions): readonly Found[] {
  const checkKey = (key: string, ...path: (string | number)[]): readonly Found[] =>
    definitions.offers.has(key) ? [] : [{ path, rule: unknown('offer', definitions.offers.keys()) }]
  return [
    ...checkKey(offer, 'offer'),
    ...personal.flatMap((each, i) => [
      ...checkKey(each.offer, 'personal', i, 'offer'),
      ...conditionProblems(['personal', i, 'if'], each.if, definitions),
    ]),
  ]
}

function checkStep(
  step: Step,
  definitions: Definitions,
  templates: ReadonlyMap<string, TemplateFacts>,
): readonly Found[] {
  switch (step.type) {
    case 'message':
      return [...checkTopic(step, definitions), ...checkTemplate(step, definitions, templates)]
    case 'offer':
      return checkOfferStep(step, definitions)
    case 'wait-until':
    case 'split':
      return conditionProblems(['if'], step.if, definitions)
    case 'multi-split':
      return step.branches.flatMap((branch, i) => conditionProblems(['branches', i, 'if'], branch.if, definitions))
    case 'go-to-journey': {
      const keys = definitions.live.map(({ key }) => key)
      return keys.includes(step.journey) ? [] : [{ path: ['journey'], rule: unknown('journey', keys) }]
    }
    case 'delay':
    case 'time-window':
    case 'experiment':
    case 'update-profile':
    case 'task':
    case 'webhook':
    case 'exit':
      return []
  }
}

function checkTopic({ topic }: MessageStep, { policy }: Definitions): readonly Found[] {
  return Object.hasOwn(policy.topics, topic)
    ? []
    : [{ path: ['topic'], rule: unknown('topic of the contact policy', Object.keys(policy.topics), topic) }]
}

function checkTemplate(
  step: MessageStep,
  { computed = new Map() }: Definitions,
  templates: ReadonlyMap<string, TemplateFacts>,
): readonly Found[] {
  const template = templates.get(step.template)
  if (template?.channel !== step.channel) {
    const fitting = [...templates.values()].filter((each) => each.channel === step.channel).map((each) => each.key)
    return [{ path: ['template'], rule: unknown(`${step.channel} template`, fitting) }]
  }
  const stranger = template.variables.find(
    (name) => name.startsWith('computed.') && !computed.has(name.split('.')[1] ?? ''),
  )
  if (stranger !== undefined) {
    const rule = `shows {{ ${stranger} }}, and there is no such computed trait; known: ${[...computed.keys()].sort().join(', ') || 'none'}`
    return [{ path: ['template'], rule }]
  }
  const shown = template.variables.find((name) => name === 'coupon' || name.startsWith('coupon.'))
  if (step.offer === null && shown !== undefined) {
    return [{ path: ['template'], rule: `shows {{ ${shown} }}, so the step needs an "offer"` }]
  }
  const asks = questionOf(step.data) !== undefined
  const showsQuestion = template.variables.some((name) => name === 'survey' || name.startsWith('survey.'))
  if (asks !== showsQuestion) {
    const rule = asks
      ? 'does not show {{ survey }}, which the survey needs'
      : 'shows {{ survey }}, so the step must be a survey'
    return [{ path: ['template'], rule }]
  }
  if (step.offer !== null && !template.variables.includes('coupon.code')) {
    return [{ path: ['template'], rule: 'does not show {{ coupon.code }}, which the offer of the step needs' }]
  }
  return []
}

function conditionProblems(
  path: readonly (string | number)[],
  condition: Condition | null,
  { policy, segments, computed = new Map() }: Definitions,
): readonly Found[] {
  if (condition === null) return []
  const topics = topicsOf(condition).filter((topic) => topic !== '*' && !Object.hasOwn(policy.topics, topic))
  const strangers = segmentsIn(condition).filter((key) => !segments.has(key))
  return [
    ...topics.map((topic) => ({
      path,
      rule: unknown('topic of the contact policy', Object.keys(policy.topics), topic),
    })),
    ...strangers.map((key) => ({ path, rule: unknown('segment', segments.keys(), key) })),
    ...computedIn(condition)
      .filter((key) => !computed.has(key))
      .map((key) => ({ path, rule: unknown('computed trait', computed.keys(), key) })),
  ]
}

function topicsOf(condition: Condition): readonly string[] {
  switch (condition.type) {
    case 'all':
    case 'any':
      return condition.of.flatMap(topicsOf)
    case 'not':
      return topicsOf(condition.of)
    case 'value':
      return condition.fact.of === 'consent' ? [condition.fact.topic] : []
    case 'moment':
    case 'listed':
    case 'event':
    case 'order':
    case 'sequence':
      return []
  }
}

function unknown(what: string, known: Iterable<string>, named?: string): string {
  const list = [...known].sort().join(', ')
  return `${named === undefined ? '' : `"${named}" `}is no ${what}; known: ${list === '' ? 'none' : list}`
}
