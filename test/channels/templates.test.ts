/** What templates may do, and what they may not. */

import { afterAll, describe, expect, test } from 'vitest'
import { type Escaping, parseLiquid, renderLiquid, TemplateError } from '../../src/channels/templates/liquid.ts'
import type { MessageFacts, TemplateSource } from '../../src/channels/templates/render-message.ts'
import { forbiddenScheme } from '../../src/channels/templates/safe-links.ts'
import { createThreadRenderer } from '../../src/channels/templates/thread-renderer.ts'
import { linksInText } from '../../src/channels/templates/tracked-links.ts'
import { until } from '../workflows/support/customers.ts'

const render = (source: string, data: object, escaping: Escaping = 'html'): string =>
  renderLiquid(parseLiquid(source, escaping), data)

describe('liquid', () => {
  test('fills in what it is given, and nothing where nothing is known', () => {
    expect(render('Hello {{ customer.firstName }}{{ customer.unknown }}!', { customer: { firstName: 'Ada' } })).toBe(
      'Hello Ada!',
    )
  })

  test('escapes what it fills in where the output is HTML, and only there', () => {
    const data = { name: `<b onclick="x">O'Neill & Co</b>` }
    expect(render('{{ name }}', data)).toBe('&lt;b onclick=&#34;x&#34;&gt;O&#39;Neill &amp; Co&lt;/b&gt;')
    expect(render('{{ name }}', data, 'none')).toBe(data.name)
  })

  test.each(['escape', 'xml_escape', 'escape_once'])('escapes once what a template gives to %s', (filter) => {
    const data = { name: `<b>O'Neill & Co</b>` }
    expect(render(`{{ name | ${filter} }}`, data)).toBe('&lt;b&gt;O&#39;Neill &amp; Co&lt;/b&gt;')
    expect(render(`{{ name | ${filter} | append: name }}`, data)).not.toContain('<')
    expect(render(`{% assign it = name | ${filter} %}{{ it }}{% echo name %}{% cycle name %}`, data)).not.toContain('<')
  })

  const refused: [string, string][] = [
    ['the filter that would skip escaping', '{{ name | raw }}'],
    ['the tag that would skip parsing', '{% raw %}{{ name }}{% endraw %}'],
    ['a filter that does not exist', '{{ name | shout }}'],
    ['a tag that does not exist', '{% exec "ls" %}'],
    ['a tag that is not closed', '{% if name %}x'],
    ['a template longer than anybody writes', 'x'.repeat(200_001)],
  ]
  test.each(refused)('refuses %s', (_what, source) => {
    expect(() => parseLiquid(source, 'html')).toThrow(TemplateError)
  })

  const stopped: [string, string][] = [
    ['files', '{% render "../../../etc/passwd" %}'],
    ['included files', '{% include "/etc/passwd" %}'],
    ['layouts', '{% layout "/etc/passwd" %}'],
    ['loops without an end', '{% for i in (1..100000000) %}{% for j in (1..100000000) %}x{% endfor %}{% endfor %}'],
    ['memory without an end', '{% assign a = "x" %}{% for i in (1..60) %}{% assign a = a | append: a %}{% endfor %}'],
  ]
  test.each(stopped)('gives no %s', (_what, source) => {
    const started = performance.now()
    expect(() => render(source, {})).toThrow(TemplateError)
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  test.each(['constructor', '__proto__', 'constructor.constructor', 'toString'])(
    'sees no %s of what it is given',
    (name) => {
      expect(render(`[{{ customer.${name} }}]`, { customer: { firstName: 'Ada' } })).toBe('[]')
    },
  )

  test('knows nothing of the process and its environment', () => {
    expect(render('{{ process }}{{ env.PATH }}{{ global }}{{ require }}', {})).toBe('')
  })

  test('is not ended for what the machine keeps it waiting', () => {
    const customer = {
      get firstName(): string {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150)
        return 'Ada'
      },
    }
    expect(render('Hello {{ customer.firstName }}{% if true %}!{% endif %}', { customer })).toBe('Hello Ada!')
  })

  test('tells no value in an error', () => {
    const broken = (): string =>
      render('{{ customer.firstName | append: 1 | date: "%Q", "Nowhere/Land" | slice: "x" }}', {
        customer: {
          get firstName(): string {
            throw new Error('Ada Lovelace')
          },
        },
      })
    expect(broken).toThrow(TemplateError)
    expect(broken).not.toThrow('Ada')
  })
})

describe('links', () => {
  const allowed = [
    '<a href="https://shop.example/x?a=1&amp;b=2">x</a>',
    "<a href='mailto:shop@shop.example'>x</a>",
    '<a href=tel:+15550100>x</a>',
    '<a href="#top">x</a>',
    '<img src="http://shop.example/a.png">',
    '<p>javascript: is a word like any other</p>',
    '<div data-href="x">no link</div>',
  ]
  test.each(allowed)('may be %s', (html) => {
    expect(forbiddenScheme(html)).toBeUndefined()
  })

  const forbidden: [string, string][] = [
    ['<a href="javascript:alert(1)">', 'javascript'],
    ['<a href=" JavaScript:alert(1)">', 'javascript'],
    ['<a href="java\nscript:alert(1)">', 'javascript'],
    ['<a href="java&#10;script:alert(1)">', 'javascript'],
    ['<a href="&#106;avascript:alert(1)">', 'javascript'],
    ['<a href="&#x6A;avascript&colon;alert(1)">', 'javascript'],
    ["<img src='data:text/html,x'>", 'data'],
    ['<form action=vbscript:x>', 'vbscript'],
    ['<a href="file:///etc/passwd">', 'file'],
    ['<a href="//elsewhere.example/x">', 'none'],
    ['<a href="/relative">', 'none'],
  ]
  test.each(forbidden)('may not be %s', (html, scheme) => {
    expect(forbiddenScheme(html)).toBe(scheme)
  })
})

describe('a message', () => {
  const renderer = createThreadRenderer()
  afterAll(() => renderer.close())

  const facts: MessageFacts = {
    customer: { firstName: 'Ada' },
    coupon: { code: 'HELLO-BCDFGHJKMN', expires_at: null },
    data: {},
    survey: null,
    shop: { name: 'Shop', url: 'https://shop.example' },
    postal_address: 'Shop & Sons, 1 Garden Row',
    unsubscribe_url: 'https://shop.example/u/1',
    preferences_url: null,
    confirm_url: null,
  }
  const template = (part: Partial<TemplateSource>): TemplateSource => ({
    key: JSON.stringify(part).slice(0, 40),
    version: 'v1',
    channel: 'email',
    subject: 'Hi',
    html: '<html><body><p>Hi</p></body></html>',
    text: 'Hi',
    ...part,
  })

  test('gets a way out and the address of the shop where its template has left them out', async () => {
    const { html, text } = await renderer.render(template({}), facts)
    expect(html).toBe(
      '<html><body><p>Hi</p><p><a href="https://shop.example/u/1">Unsubscribe</a><br>Shop &amp; Sons, 1 Garden Row</p>\n</body></html>',
    )
    expect(text).toBe('Hi\n\n--\nUnsubscribe: https://shop.example/u/1\nShop & Sons, 1 Garden Row')
  })

  test('stays as it is where the template has both', async () => {
    const whole = '<p>{{ postal_address }} <a href="{{ unsubscribe_url }}">No more</a></p>'
    const { html } = await renderer.render(template({ html: whole }), facts)
    expect(html).toBe('<p>Shop &amp; Sons, 1 Garden Row <a href="https://shop.example/u/1">No more</a></p>')
  })

  test('that is transactional, or an SMS, gets no footer', async () => {
    expect((await renderer.render(template({}), { ...facts, unsubscribe_url: null })).text).toBe('Hi')
    const sms = template({ channel: 'sms', html: null, subject: null, text: ' Hi {{ customer.firstName }} ' })
    expect((await renderer.render(sms, facts)).text).toBe('Hi Ada')
  })

  test('what a customer calls themselves is text, also where it looks like a template', async () => {
    const firstName = '{{ shop.url }}{% for i in (1..9) %}{{ i }}{% endfor %}{{ customer.email }}'
    const greeting = 'Hi {{ customer.firstName }}'
    const both = template({ subject: greeting, text: greeting, html: `<p>${greeting}</p>` })
    const customer = { firstName, email: 'ada@example.org' }
    const { subject, text, html } = await renderer.render(both, { ...facts, customer, unsubscribe_url: null })
    expect([subject, text, html]).toEqual([`Hi ${firstName}`, `Hi ${firstName}`, `<p>Hi ${firstName}</p>`])
  })

  test('whose data would make a script of a link is not sent', async () => {
    const html = '<a href="{{ customer.homepage }}">you</a>'
    const evil = { ...facts, customer: { homepage: 'javascript:alert(1)' } }
    await expect(renderer.render(template({ html }), evil)).rejects.toThrow('the scheme javascript is not allowed')
  })

  test('is rendered anew from a new version of its template', async () => {
    expect((await renderer.render(template({ key: 'k', text: 'one' }), { ...facts, unsubscribe_url: null })).text).toBe(
      'one',
    )
    const second = template({ key: 'k', version: 'v2', text: 'two' })
    expect((await renderer.render(second, { ...facts, unsubscribe_url: null })).text).toBe('two')
  })

  test('that does not come to an end is given up, and the next one gets a new thread', async () => {
    const impatient = createThreadRenderer(20)
    const plain = { ...facts, unsubscribe_url: null }
    // Longer than this renderer waits, shorter than Liquid's own limit.
    const slow = template({
      text: '{% for i in (1..4000) %}{% for j in (1..4000) %}{{ i | times: j }}{% endfor %}{% endfor %}',
    })
    await impatient.render(template({ text: 'warm' }), plain).catch(() => undefined)
    const [first, second] = await Promise.allSettled([
      impatient.render(slow, plain),
      renderer.render(template({ text: 'fine' }), plain),
    ])
    expect(first).toMatchObject({ status: 'rejected', reason: { message: 'rendering took too long' } })
    expect(second).toMatchObject({ status: 'fulfilled', value: { text: 'fine' } })
    await until('the new thread is up', () =>
      impatient.render(template({ text: 'fine' }), plain).then(
        ({ text }) => text === 'fine',
        () => false,
      ),
    )
    await impatient.close()
  })
})

test.each([
  [
    'See https://shop.example/a, or https://shop.example/b?x=1&y=2!',
    'https://shop.example/a https://shop.example/b?x=1&y=2',
  ],
  ['(https://shop.example/wiki/Foo_(bar)).', 'https://shop.example/wiki/Foo_(bar)'],
  ['(see https://shop.example/a)', 'https://shop.example/a'],
  ['<https://shop.example/a#b>: https://shop.example/c)))', 'https://shop.example/a#b https://shop.example/c'],
])('links in "%s": %s', (text, links) => {
  expect(linksInText(text).join(' ')).toBe(links)
  const started = performance.now()
  linksInText(`https://x.example/${'(a'.repeat(5_000)}`)
  expect(performance.now() - started).toBeLessThan(5_000)
})
