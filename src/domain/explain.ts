/** What was decided, in a plain sentence: the answer to "why was this sent?" and "why not?". */

import { Temporal } from 'temporal-polyfill'
import type { DecisionNote } from './decision.ts'

/** As decisions are kept; rules and details of older versions of the product may be among them. */
export interface KeptDecision {
  readonly kind: string
  readonly journey: string | null
  readonly step: string | null
  readonly outcome: string
  readonly rule: string
  readonly detail: Readonly<Record<string, unknown>>
}

type Kind = DecisionNote['kind']

/** One sentence without its full stop. Total: a rule that is not known here is told by its name. */
export function explain(decision: KeptDecision): string {
  const teller = tellers[decision.kind as Kind]
  return teller === undefined ? `${decision.kind} ${decision.outcome}: ${decision.rule}` : teller(decision)
}

const tellers: Readonly<Record<Kind, (decision: KeptDecision) => string>> = {
  stage: ({ detail }) => `Moved from ${text(detail['from'])} to ${text(detail['to'])}: ${text(detail['reason'])}`,
  entry: tellEntry,
  step: tellStep,
  message: tellMessage,
  offer: tellOffer,
  exit: ({ journey, detail }) => `Left ${journey}: ${text(detail['reason'])}`,
}

const entryWords: Readonly<Record<string, string>> = {
  'entry:event': 'because of the event',
  'entry:arrived': 'on arrival',
  'entry:stage': 'by moving into the stage',
  'entry:score': 'because a score crossed its threshold',
  'entry:segment': 'because of a segment',
  'entry:schedule': 'by its schedule',
  'entry:api': 'because somebody put them in',
  'entry:journey': 'from another journey',
}

const entryRefusals: Readonly<Record<string, string>> = {
  'journey-paused': 'it is paused',
  'reentry:active': 'they are in it already',
  'reentry:never': 'they have been in it before, and it lets people in once',
  'reentry:after': 'their last time in it is not long enough ago',
  'entry-condition': 'its entry condition does not hold',
  goal: 'its goal is reached already',
  'exit-criterion': 'one of its exit criteria holds already',
}

function tellEntry({ journey, outcome, rule, detail }: KeptDecision): string {
  if (outcome !== 'done') return `Did not enter ${journey}: ${entryRefusals[rule] ?? rule}`
  const event = detail['event'] === undefined ? '' : ` “${text(detail['event'])}”`
  return `Entered ${journey} ${entryWords[rule] ?? rule}${event}`
}

function tellStep(decision: KeptDecision): string {
  const { rule, detail } = decision
  const at = `At ${placeOf(decision)}`
  switch (rule) {
    case 'branch':
      return `${at} the branch ${text(detail['branch'] ?? 'otherwise')} was taken`
    case 'variant':
      return `${at} they got the variant ${text(detail['variant'])}`
    case 'hold-out':
      return `${at} they were held out, to measure what the others do`
    case 'event':
      return `${at} the event “${text(detail['event'])}” came`
    case 'condition':
      return `${at} what was waited for came true`
    case 'timeout':
      return `${at} the time was up`
    case 'task':
      return `${at} the task “${text(detail['title'])}” was given`
    case 'outcome':
      return `${at} the task ended with “${text(detail['outcome'])}”`
    case 'webhook':
      return `${at} ${text(detail['host'])} was called`
    case 'profile':
      return `${at} traits were set: ${text(detail['traits'])}`
    case 'journey-paused':
      return `${at} they wait, for the journey is paused`
    case 'moved':
      return `${at} they were moved to ${text(detail['to'])}, for a new version took its place`
    case 'go-to-journey':
      return `${at} they went on to ${text(detail['journey'])}`
    default:
      return `${at}: ${rule}${factsIn(detail)}`
  }
}

const messageRefusals: Readonly<Record<string, string>> = {
  'no-address': 'there is no address for it',
  suppressed: 'nothing may be sent to the address',
  consent: 'there is no consent for it',
  'hold-out': 'they are held out from all marketing, to measure what it does',
  'cap:journey': 'the journey has sent as much as it may for now',
  'quiet-hours': 'it is night where they live',
  'sender-warm-up': 'as many as the plan of warming up allows have left under its identity that day',
  expired: 'it would have come too late',
  'stale-after-pause': 'the journey was paused for so long that it would have come too late',
  'no-coupon': 'they hold no coupon that it could carry',
}

const messageOutcomes: Readonly<Record<string, string>> = {
  refused: 'was not sent',
  skipped: 'was passed over',
  postponed: 'was put off',
}

/** Why something was not done, without whose and when: "it is night where they live". */
export function whyNot({ kind, rule }: Pick<KeptDecision, 'kind' | 'rule'>): string {
  if (rule.startsWith('cap:') && messageRefusals[rule] === undefined) return 'they have had as many as they may for now'
  const words = { entry: entryRefusals, message: messageRefusals, offer: offerRefusals }[kind]
  return (words ?? stepHolds)[rule] ?? rule
}

const stepHolds: Readonly<Record<string, string>> = { 'journey-paused': 'the journey is paused' }

function tellMessage(decision: KeptDecision): string {
  const { outcome, rule, detail } = decision
  const what = `The ${channelIn(detail)} ${placeOf(decision)}`
  if (outcome === 'done') return `${what} was planned, with the template ${text(detail['template'])}`
  const cap = rule.startsWith('cap:') ? 'they have had as many as they may for now' : undefined
  const { channel: _channel, until_ms: _until, ...rest } = detail
  const until = typeof detail['until_ms'] === 'number' ? ` until ${instant(detail['until_ms'])}` : ''
  const why = messageRefusals[rule] ?? cap ?? rule
  return `${what} ${messageOutcomes[outcome] ?? outcome}${until}: ${why}${factsIn(rest)}`
}

const offerRefusals: Readonly<Record<string, string>> = {
  'offer-unknown': 'there is no such offer any more',
  'stale-after-pause': 'the journey was paused for so long that it would have come too late',
  'offer-condition': 'its condition does not hold',
  'offers-at-once': 'they hold as many coupons as they may at once',
  'offer-budget': 'its budget is used up',
  'offer-limit': 'they have had it as often as they may',
  'offer-pool-empty': 'there is no code left',
}

function tellOffer({ outcome, rule, detail }: KeptDecision): string {
  const offer = text(detail['offer'])
  if (outcome !== 'done') return `The offer ${offer} was not given: ${offerRefusals[rule] ?? rule}`
  return rule === 'already-held' ? `They hold a coupon of ${offer} already` : `Got a coupon of ${offer}`
}

function channelIn(detail: KeptDecision['detail']): string {
  return detail['channel'] === 'sms' ? 'SMS' : text(detail['channel'] ?? 'message')
}

function placeOf({ journey, step }: KeptDecision): string {
  return [journey, step].filter((part) => part !== null).join(' › ')
}

function factsIn(detail: Readonly<Record<string, unknown>>): string {
  const facts = Object.entries(detail).map(([name, value]) => `${name.replaceAll('_', ' ')} ${text(value)}`)
  return facts.length === 0 ? '' : ` (${facts.join(', ')})`
}

/** `1997-07-08 14:27`, in UTC. */
function instant(momentMs: number): string {
  const { year, month, day, hour, minute } = Temporal.Instant.fromEpochMilliseconds(momentMs).toZonedDateTimeISO('UTC')
  const two = (number: number): string => String(number).padStart(2, '0')
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)} UTC`
}

function text(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : String(value)
}
