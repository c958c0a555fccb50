/** A broadcast speaks to each as a single message does: in their language, of products for them, with their own code. */

import { DefaultLogger, Runtime } from '@temporalio/worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addCrowd } from '../workflows/support/crowds.ts'
import { createSettableClock, createStoreWorld, type StoreWorld } from '../workflows/support/store-world.ts'
import { sendAtOnce } from './support/broadcasts.ts'

Runtime.install({ logger: new DefaultLogger('ERROR') })

let world: StoreWorld
let ids: readonly string[]
beforeAll(async () => {
  world = await createStoreWorld(createSettableClock())
  ids = await addCrowd(world, 5)
})
afterAll(() => world.close())

const sql = (text: string, ...values: unknown[]) => world.database.pool.query(text, values)
const publish = (key: string, html: string, text: string) =>
  sql(
    `INSERT INTO templates (key, version, channel, subject, html, text, status, published_at)
     VALUES ($1, 'v1', 'email', 'News', $2, $3, 'live', now())`,
    key,
    html,
    text,
  )

/** By recipient, what they read. */
function read(): Record<string, string> {
  return Object.fromEntries(
    world.mail.inbox.map(({ to, text = '' }) => {
      const address = [to].flat()[0]?.value[0]?.address ?? ''
      return [ids.findIndex((id) => address.includes(id)), text]
    }),
  )
}

test('each gets it in the language of their locale, and in the first one where there is no translation', async () => {
  const locales = ['de', 'de_AT', 'pt-BR', 'ja', null]
  await Promise.all(locales.map((locale, i) => sql('UPDATE customers SET locale = $2 WHERE id = $1', ids[i], locale)))
  await publish('news', '<p>Good morning, {{ customer.firstName | default: "you" }}</p>', 'Good morning')
  await publish('news.de', '<p>Guten Morgen, {{ customer.firstName | default: "du" }}</p>', 'Guten Morgen')
  await publish('news.pt-br', '<p>Bom dia</p>', 'Bom dia')
  expect(await sendAtOnce(world, 'languages', { template: 'news' })).toMatchObject({ sent: 5, isDone: true })
  const texts = Object.values(read()).map((text) => /^(?:Good morning|Guten Morgen|Bom dia)/.exec(text)?.[0])
  expect(texts).toEqual(['Guten Morgen', 'Guten Morgen', 'Bom dia', 'Good morning', 'Good morning'])
})

test('recommendations and the code for friends are each recipient’s own', async () => {
  world.mail.forget()
  await sql(
    `INSERT INTO products (product_key, name, category, first_seen_at, updated_at)
     VALUES ('blue', 'Kind of Blue', 'jazz', now(), now()), ('kite', 'Red Kite', 'toys', now(), now())`,
  )
  await sql(
    `INSERT INTO customer_categories (customer_id, category, orders, quantity, revenue_cents)
     VALUES ($1, 'jazz', 1, 1, 100), ($2, 'toys', 1, 1, 100)`,
    ids[0],
    ids[1],
  )
  const words = '{% for one in recommendations %}[{{ one.name }}]{% endfor %} {{ referral.url }} end'
  await publish('own', `<p>${words}</p>`, words)
  expect(await sendAtOnce(world, 'own', { template: 'own' })).toMatchObject({ sent: 5, isDone: true })
  const texts = Object.values(read())
  const products = texts.map((text) => /^\[.*\]/.exec(text)?.[0])
  expect(products).toEqual(['[Kind of Blue]', '[Red Kite]', undefined, undefined, undefined])
  const codes = texts.map((text) => /https:\/\/shop\.example\/r\/(\S+)/.exec(text)?.[1])
  expect(new Set(codes).size).toBe(5)
  const { rows } = await sql('SELECT code FROM referral_codes WHERE customer_id = ANY ($1) ORDER BY customer_id', ids)
  expect(codes).toEqual(rows.map(({ code }) => code))
})

test('scores are shown to whoever has any, each their own', async () => {
  world.mail.forget()
  await sql(
    `INSERT INTO scores (customer_id, kind, value, tier, reasons, model_id, scored_at)
     VALUES ($1, 'clv', 90000, 'high', '["bought on 9 days"]', gen_random_uuid(), now()),
            ($2, 'clv', 100, 'low', '[]', gen_random_uuid(), now())`,
    ids[0],
    ids[1],
  )
  const words =
    '{% if scores.clv.tier == "high" %}[{{ scores.clv.reasons.first }}]{% else %}[dear friend]{% endif %} end'
  await publish('scored', `<p>${words}</p>`, words)
  expect(await sendAtOnce(world, 'scored', { template: 'scored' })).toMatchObject({ sent: 5, isDone: true })
  const shown = Object.values(read()).map((text) => /^\[.*\]/.exec(text)?.[0])
  expect(shown).toEqual(['[bought on 9 days]', ...Array.from({ length: 4 }, () => '[dear friend]')])
})
