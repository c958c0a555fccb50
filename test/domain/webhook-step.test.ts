/** The step that calls others: how it is written, and what is decided at it. */

import { describe, expect, test } from 'vitest'
import { stepDocument, toSteps } from '../../src/domain/step-schema.ts'
import { life, onGo } from './support/journeys.ts'

const webhook = { id: 'tell', type: 'webhook', url: 'https://hooks.example.com/in?x=1', data: { level: 2 } }

describe('how it is written', () => {
  test('an address and constants', () => {
    expect(toSteps(stepDocument.parse(webhook), 'next', 'news')).toEqual([
      { id: 'tell', next: 'next', type: 'webhook', url: webhook.url, data: { level: 2 } },
    ])
  })

  test.each([
    ['http', { url: 'http://hooks.example.com/' }],
    ['no address', { url: 'hooks.example.com' }],
    ['a password', { url: 'https://a:b@hooks.example.com/' }],
    ['a template', { url: 'https://{{ customer.host }}/' }],
    ['nothing', { url: undefined }],
    ['a header', { headers: { authorization: 'x' } }],
  ])('refused: %s', (_name, more) => {
    expect(stepDocument.safeParse({ ...webhook, ...more }).success).toBe(false)
  })
})

test('a run asks once for each visit, and goes on at once with what triggered it', () => {
  const journey = onGo(`
  - { id: tell, type: webhook, url: "https://hooks.example.com/in", data: { level: 2 } }
  - { id: mail, type: email, template: a }
`)
  const customer = life({ journey }).event('Go', { sku: 'x' })
  expect(customer.messages.map(({ step }) => step)).toEqual(['mail'])
  expect(customer.webhooks).toMatchObject([
    { journey: 'journey', step: 'tell', visit: 0, url: 'https://hooks.example.com/in', data: { sku: 'x', level: 2 } },
  ])
})
