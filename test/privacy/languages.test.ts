/** The pages of a shop's customers in their language, and a record of consent in the words that they really saw. */

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { confirmUrl, preferencesUrl, unsubscribeUrl } from '../../src/store/links.ts'
import { openShop, type Shop } from './support.ts'

const policy = `
name: Many languages
topics:
  offers: { name: Offers }
  news:
    name: New arrivals
    description: What came in this week.
    translations: { de: { name: Neues, description: Was diese Woche hereinkam. } }
  club: { name: The club, consent: double }
channels:
  email: { consent: implied, confirmation: confirm, caps: {} }
default_time_zone: UTC
`

let shop: Shop
beforeAll(async () => {
  shop = await openShop(policy)
})
afterAll(() => shop.close())

interface Links {
  readonly choices: string
  readonly unsubscribe: string
}

/** Somebody with an address, and the links in a message that they got. */
async function somebody(userId: string, locale?: string): Promise<Links> {
  const context = locale === undefined ? {} : { context: { locale } }
  await shop.live({ type: 'identify', userId, traits: { email: `${userId}@listener.example` }, ...context })
  const messageId = randomUUID()
  await shop.world.database.pool.query(
    `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic,
                           template, status, planned_at, settled_at)
     VALUES ($1, $2, 'welcome', 'v', 'hello', 1, 0, 'email', 'marketing', 'news', 'hello', 'sent', now(), now())`,
    [messageId, await shop.customerId(userId)],
  )
  const { vault } = shop.world
  return {
    choices: preferencesUrl(vault, shop.url, messageId),
    unsubscribe: unsubscribeUrl(vault, shop.url, messageId),
  }
}

const read = async (url: string, accepted?: string): Promise<string> =>
  (await fetch(url, { headers: accepted === undefined ? {} : { 'accept-language': accepted } })).text()
const press = async (url: string, fields: Record<string, string>): Promise<string> =>
  (await fetch(url, { method: 'POST', body: new URLSearchParams(fields) })).text()

async function wordsOf(userId: string, ...topics: readonly string[]): Promise<(string | null)[]> {
  const { rows } = await shop.world.database.pool.query<{ words: string | null }>(
    `SELECT words FROM consents WHERE customer_id = $1 AND channel = 'email' AND topic = ANY ($2) ORDER BY id`,
    [await shop.customerId(userId), topics],
  )
  return rows.map(({ words }) => words)
}

test('a page speaks the customer’s language, else the one that the browser asks for, else English', async () => {
  const austrian = await somebody('ann', 'de-AT')
  expect(await read(austrian.choices, 'fr')).toMatch(/<html lang="de">[^]*Wovon möchten Sie hören\?[^]*Neues/)
  expect(await read(austrian.unsubscribe, 'fr')).toMatch(/<html lang="de">[^]*Nur E-Mails über „Neues“ beenden/)
  const swede = await somebody('bo', 'sv_SE')
  expect(await read(swede.choices, 'sv, pl;q=0.5, fr;q=0.9, de;q=0')).toMatch(/<html lang="fr">[^]*Vos choix/)
  expect(await read(swede.choices, 'sv, *;q=0.5')).toMatch(/<html lang="en">[^]*New arrivals/)
  expect(await read(`${shop.url}/p/nothing`, 'it-CH')).toMatch(/<html lang="it">[^]*Questo link non è completo/)
})

test.each([
  ['en', 'Your choices', 'Unsubscribe'],
  ['de', 'Ihre Auswahl', 'Abmelden'],
  ['fr', 'Vos choix', 'Se désabonner'],
  ['es', 'Sus preferencias', 'Darse de baja'],
  ['it', 'Le sue scelte', 'Annulla iscrizione'],
  ['nl', 'Uw keuzes', 'Afmelden'],
  ['pt', 'As suas escolhas', 'Cancelar subscrição'],
  ['pl', 'Państwa wybór', 'Rezygnacja'],
  ['ja', '配信設定', '配信停止'],
])('%s: every page says in which language it is', async (lang, choices, unsubscribe) => {
  const links = await somebody(`from-${lang}`, lang)
  expect(await read(links.choices)).toMatch(
    new RegExp(`<html lang="${lang}">[^]*<title>${choices} · Garden Shop</title>`),
  )
  expect(await read(links.unsubscribe)).toMatch(new RegExp(`<html lang="${lang}">[^]*<h1>${unsubscribe}</h1>`))
})

test('what is written down are the words that stood there, also if the customer’s language has changed since', async () => {
  const { choices, unsubscribe } = await somebody('cleo', 'de')
  expect(await press(choices, { do: 'save', lang: 'de' })).toContain('Sie bekommen keine Werbung mehr von uns')
  await shop.live({ type: 'identify', userId: 'cleo', traits: {}, context: { locale: 'ja-JP' } })
  expect(await press(choices, { do: 'save', lang: 'de', 'email:news': 'on' })).toContain(
    'Sie hören von: Neues (E-Mail).',
  )
  expect(await press(unsubscribe, { scope: 'topic' })).toContain('「New arrivals」のメールはお送りしません')
  expect(await press(choices, { do: 'none', lang: 'tlh' })).toContain('すべての配信を停止しました')
  expect(await wordsOf('cleo', 'news', '*')).toEqual([
    'E-Mail · Neues · Was diese Woche hereinkam.',
    'E-Mail · Neues · Was diese Woche hereinkam.',
    '「New arrivals」のメールだけを停止する',
    'すべての配信を停止する',
  ])
})

test('a yes is confirmed in the customer’s language, button and all', async () => {
  await somebody('dan', 'pl')
  await shop.live({ type: 'track', userId: 'dan', event: 'Email Subscribed', properties: { topic: 'club' } })
  const { rows } = await shop.world.database.pool.query<{ id: number }>(
    `SELECT id FROM consents WHERE customer_id = $1 AND status = 'pending'`,
    [await shop.customerId('dan')],
  )
  const link = confirmUrl(
    shop.world.vault,
    shop.url,
    rows.map(({ id }) => String(id)),
  )
  expect(await read(link, 'fr')).toMatch(/<html lang="pl">[^]*E-mail od Garden Shop: The club/)
  expect(await press(link, { do: 'confirm', lang: 'pl' })).toContain('Dziękujemy, potwierdzono')
  expect((await wordsOf('dan', 'club')).at(-1)).toBe('E-mail od Garden Shop: The club [Tak, potwierdzam]')
  expect(await read(link, 'fr')).toMatch(/<html lang="pl">[^]*Ten link został już użyty/)
})
