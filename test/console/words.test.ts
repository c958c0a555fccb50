/** Documents in the words of people: conditions, and whom a journey takes and lets go. */

import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { conditionInLine, conditionInWords } from '../../src/console/condition-words.ts'
import { entryExamples, stepExamples } from '../../src/console/journey-help.ts'
import { journeyTerms } from '../../src/console/journey-terms.ts'
import { checkDocument } from '../../src/domain/campaign-documents.ts'

const plain = (text: string): string =>
  text
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()

test('conditions in one line, and as a list', () => {
  for (const [document, line] of [
    ['orders.count: { at_least: 2 }', 'orders at least 2'],
    ['orders.last: { before: 60 days }', 'last order more than 60 days ago'],
    ['orders.last: { within: 180 days }', 'last order within the last 180 days'],
    ['segment: [ best, new ]', 'in the segment best or new'],
    ['not: { journey.active: welcome }', 'not: in the journey now: welcome'],
    ['any: [ { stage: refer }, { trait.plan: gold } ]', 'stage is refer or trait plan is gold'],
    ['trait.constructor: 5', 'trait constructor is 5'],
    ['constructor: 5', 'constructor is 5'],
  ] as const)
    expect(conditionInLine(parse(document))).toBe(line)
  expect(plain(conditionInWords(parse('all: [ { stage: refer }, { trait.x: "<b>" } ]')).text)).toBe(
    'all of stage is refer trait x is &lt;b&gt;',
  )
})

test('whom a journey takes, again and for how long, whatever its entries are', () => {
  const terms = (document: string): string => plain(journeyTerms(parse(document)).text)
  const whole = terms(`
topic: news
priority: 40
entry:
  - { type: event, event: Order Completed, where: { total: { at_least: 30 } }, if: { orders.count: 1 } }
  - { type: segment, segment: lapsing, change: exited }
  - { type: schedule, segment: best, at: "09:00", days: [mon, fri], time_zone: Europe/Berlin }
  - { type: score, score: churn, crossed: up }
re_entry: { after: 30 days }
goal: { event: Order Completed }
exit: [ { if: { stage: refer } } ]
caps: { email: { per_week: 1 } }
`)
  for (const words of [
    '“Order Completed” with total at least 30, if orders is 1',
    'whoever drops out of the segment lapsing',
    'everybody in the segment best , at 09:00 on mon, fri, time of Europe/Berlin',
    'churn risk rises above its threshold',
    'Comes again 30 days after the last time has ended',
    'Leaves early as soon as stage is refer',
    'may hear of news ; at most email per week 1',
    'Priority 40',
  ])
    expect(whole).toContain(words)
  const least = terms('topic: news\nentry: [ { type: arrived }, { type: api }, { type: stage, stage: retain } ]\n')
  expect(least).toMatch(/whoever is new.*whoever is put in.*stage retain.*never: once.*none: whoever/)
})

test('what is shown beside the form of a journey makes a journey', () => {
  const listed = (examples: readonly (readonly [string, string])[]): string =>
    examples.map(([, code]) => code).join('\n')
  const document: unknown = parse(`name: All
topic: news
entry:
${listed(entryExamples)}
steps:
${listed(stepExamples)}
`)
  expect(checkDocument({ kind: 'journey', key: 'all', version: '1', document })).toHaveProperty('checked')
})
