/** What can stand in a journey, beside the form in which one is written. A test holds that each of these is right. */

/** What it is for, and how it is written: steps, in an order that makes a journey. */
export const stepExamples: readonly (readonly [string, string])[] = [
  ['Send an email', '- { id: hello, type: email, template: welcome-hello }'],
  ['Wait some time, then until an hour of theirs', '- { id: later, type: delay, for: 3 days, until: "10:00" }'],
  [
    'Wait until they do something, or the time is up',
    '- { id: looks, type: wait-until, event: Product Viewed, timeout: 5 days, on_timeout: buyer }',
  ],
  [
    'Ask which way to go',
    '- { id: buyer, type: split, if: { orders.count: { at_least: 1 } }, if_true: test, if_false: coupon }',
  ],
  ['Give an offer', '- { id: coupon, type: offer, offer: welcome-10 }'],
  [
    'Try several ways, and leave some out to compare',
    `- id: test
  type: experiment
  variants:
    - { name: friendly, share: 0.5, next: text }
    - { name: short, share: 0.4, next: call }
    - { name: nothing, share: 0.1, hold_out: true }`,
  ],
  ['Send a text message', '- { id: text, type: sms, template: club-first-listen }'],
  [
    'Give a person something to do',
    '- { id: call, type: task, title: Call and say thank you, due_in: 2 days, outcomes: [ { name: done, next: end } ], timeout: 7 days, on_timeout: end }',
  ],
]

export const entryExamples: readonly (readonly [string, string])[] = [
  ['Whoever does something', '- { type: event, event: Order Completed, if: { orders.count: { equals: 1 } } }'],
  ['Whoever comes into a segment', '- { type: segment, segment: lapsing }'],
  ['Whoever moves into a stage', '- { type: stage, stage: retain }'],
  ['Everybody in a segment, at a time', '- { type: schedule, segment: regulars, at: "10:00", days: [fri] }'],
  ['Whoever is likely to leave', '- { type: score, score: churn, crossed: up }'],
]
