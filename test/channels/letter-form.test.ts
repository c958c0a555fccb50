/** A message that was made once and is filled for each recipient says what rendering it as a whole says. */

import { simpleParser } from 'mailparser'
import { describe, expect, test } from 'vitest'
import { compileMail } from '../../src/channels/email/compose/compiled-mail.ts'
import { letterForm } from '../../src/channels/templates/letter-form.ts'
import { createMessageRenderer, type MessageFacts } from '../../src/channels/templates/render-message.ts'
import { measuredBy, measuredTextBy } from '../../workers/measured-message.ts'

const constants = {
  coupon: null,
  data: { variant: 'a' },
  survey: null,
  shop: { name: 'Shop & Sons', url: 'https://shop.example' },
  postal_address: 'Shop, 1 Garden Row',
  confirm_url: null,
}
const links: Record<string, string> = {
  unsubscribe_url: 'https://shop.example/u/m.sig',
  preferences_url: 'https://shop.example/p/m.sig',
}
const linkFor = (name: string): string => links[name] ?? `https://shop.example/l/m.${name}.signature-of-it`

const letter = `<html><body><h1 title="{{ customer.city }}">Hello {{ customer.firstName }}, you of {{ customer.city | upcase }}</h1>
<p>{% if customer.tier == "gold" %}Gold{% elsif customer.points > 10 %}<b>{{ customer.points }}</b> points{% else %}Nothing{% endif %} yet.</p>
{% unless customer.quiet %}<a href="https://shop.example.com/loud?a=1&amp;b=2">Loud</a>{% endunless %}
{% if customer.firstName == "Ada" %}<a href="https://shop.example.com/for-ada">Only you</a>{% endif %}
<a href="{{ shop.url }}/sale">Sale of {{ shop.name }}</a> {{ computed.favourite }}
<a href="{{ unsubscribe_url }}">Out</a></body></html>`
const text = `Hello {{ customer.firstName | default: "friend" }}!
{% if customer.tier == "gold" %}Gold.{% endif %}
Sale: {{ shop.url }}/sale, and https://shop.example.com/only-in-text.
{% if customer.firstName == "Ada" %}https://shop.example.com/text-for-ada{% endif %}
Out: {{ unsubscribe_url }}`

const template = (html = letter, plain = text) => ({
  key: 'letter',
  version: '1',
  channel: 'email' as const,
  subject: '{{ customer.firstName }}, hello',
  html,
  text: plain,
})

const formOf = (source: ReturnType<typeof template>) =>
  letterForm(source, {
    constants,
    measure: ({ html, text: plain }, targets, nameLink) => ({
      targets,
      html: measuredBy(html, targets, true, { click: nameLink, pixel: () => nameLink('pixel') }),
      text: measuredTextBy(plain, targets, nameLink),
    }),
  })

const people = [
  { firstName: 'Ada', city: 'Vienna', tier: 'gold', points: 0 },
  { firstName: 'Zoë', city: 'Århus', tier: 'none', points: 11, quiet: true },
  { firstName: 'Mei', city: '大阪', points: 10, quiet: false },
  { firstName: `O'Hara <b>"x"`, city: 'Here & There', points: 3.5 },
  { city: null, points: '3', tier: '' },
  { firstName: '', city: 'a very long name of a city that goes on and on and on, beyond what a line of mail may hold' },
]

/** As whoever reads the mail sees it. */
async function read(html: string | { quotedPrintable: string }, plain: string | { quotedPrintable: string }) {
  const form = await compileMail({ from: 'shop@shop.example', hasHtml: true, isList: false })
  const { headers, body } = form.filledWith({
    to: 'a@b.example',
    messageId: '<x@y>',
    dateMs: 0,
    subject: 'x',
    html,
    text: plain,
    listUnsubscribe: null,
  })
  const mail = await simpleParser(`${headers.join('\r\n')}\r\n\r\n${body}`)
  const lines = body.split('\r\n')
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(76)
  return { html: mail.html, text: mail.text }
}

describe.each([true, false])('measured: %s', (isMeasured) => {
  test.each(people)('for %j', async ({ firstName, ...traits }) => {
    const customer = firstName === undefined ? traits : { ...traits, firstName }
    const facts = { ...constants, ...links, customer, computed: { favourite: 'jazz' } } as unknown as MessageFacts
    const filled = formOf(template())?.fill({ facts, stranger: traits, isMeasured, linkFor })
    expect(filled).toBeDefined()
    const whole = createMessageRenderer().render(template(), facts, isMeasured ? traits : undefined)
    const targets = (whole.impersonalLinks ?? []).filter((link) => !Object.values(links).includes(link))
    const html = isMeasured
      ? measuredBy(whole.html ?? '', targets, true, { click: linkFor, pixel: () => linkFor('pixel') })
      : whole.html
    expect(filled?.subject).toBe(whole.subject)
    expect(filled?.targets).toEqual(isMeasured ? targets : [])
    expect(targets).not.toContain('https://shop.example.com/for-ada')
    expect(targets).not.toContain('https://shop.example.com/text-for-ada')
    const plain = isMeasured ? measuredTextBy(whole.text, targets, linkFor) : whole.text
    expect(plain.includes('https://shop.example.com/only-in-text')).toBe(!isMeasured)
    expect(await read(filled!.html, filled!.text)).toEqual(await read(html ?? '', plain))
  })
})

const fill = (html: string, customer: Record<string, unknown>) => {
  const facts = { ...constants, ...links, customer } as unknown as MessageFacts
  return formOf(template(html))?.fill({ facts, stranger: {}, isMeasured: true, linkFor })
}

test.each([
  ['a loop', '<p>{% for x in customer.list %}{{ x }}{% endfor %}</p>'],
  ['an assignment', '<p>{% assign x = 1 %}{{ x }}</p>'],
  ['a link that differs', '<a href="https://shop.example/?c={{ customer.city }}">x</a>'],
  ['a picture that differs', '<img src="{{ customer.city }}" alt="">'],
  ['an attribute without quotes', '<p title={{ customer.city }}>x</p>'],
  ['a tag that differs', '<{{ customer.city }}>x</p>'],
  ['a style that differs', '<style>p { color: {{ customer.city }} }</style>'],
  ['a forbidden link', '<a href="javascript:x">x</a>'],
])('%s is left to the whole rendering', (_, html) => {
  expect(fill(html, { city: 'Vienna' })).toBeUndefined()
})

test.each(['x href=javascript:alert(1)', 'two\nlines'])('so is whoever is called %j, and nobody else', (city) => {
  expect(fill('<p>{{ customer.city }}</p>', { city })).toBeUndefined()
  expect(fill('<p>{{ customer.city }}</p>', { city: 'Vienna' })).toBeDefined()
})
