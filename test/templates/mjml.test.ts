/** Emails written in MJML: published as the HTML that it becomes, with Liquid kept letter by letter. */

import { afterEach, expect, test } from 'vitest'
import { lintTemplate } from '../../src/channels/templates/lint.ts'
import { createMessageRenderer, type MessageFacts } from '../../src/channels/templates/render-message.ts'
import type { TemplateDefinition } from '../../src/domain/definitions.ts'
import { readCampaignFiles } from '../../src/store/campaign-files.ts'
import { CampaignFilesError, sayFileProblem } from '../../src/store/file-problem.ts'
import { type CampaignDirectory, campaignDirectory } from '../store/support/campaign-directory.ts'

let directory: CampaignDirectory | undefined
afterEach(() => directory?.remove())

const text = '---\nsubject: Hi\n---\nHello {{ shop.url }} {{ unsubscribe_url }}\n'
const head = (more = ''): string => `---\nsubject: "Hello {{ customer.firstName | default: 'you' }}"\n${more}---\n`
const body = (inner: string): string =>
  `<mjml><mj-body><mj-section><mj-column>${inner}</mj-column></mj-section></mj-body></mjml>`

async function published(files: Readonly<Record<string, string | null>>, key = 'letter'): Promise<TemplateDefinition> {
  directory = campaignDirectory({ 'templates/letter.email.txt': text, ...files })
  const { templates } = await readCampaignFiles(directory.path)
  const found = templates.find((one) => one.key === key)
  if (found === undefined) throw new Error('not published')
  return found
}

async function problemsOf(files: Readonly<Record<string, string | null>>): Promise<string> {
  const error: unknown = await published(files).catch((reason: unknown) => reason)
  return error instanceof CampaignFilesError ? error.problems.map(sayFileProblem).join('\n') : String(error)
}

const facts: MessageFacts = {
  customer: { firstName: '<Ada>' },
  coupon: { code: 'TEN', expires_at: null },
  data: {},
  survey: null,
  shop: { name: 'Shop', url: 'https://shop.example' },
  postal_address: '1 Garden Row',
  unsubscribe_url: 'https://shop.example/u/x.y',
  preferences_url: 'https://shop.example/p/x.y',
  confirm_url: null,
}

test('an email in MJML is published as HTML, in its layout and with its blocks, and rendered like any other', async () => {
  const template = await published({
    'templates/_frame.email.mjml':
      '<mjml><mj-head><mj-preview>{{ preheader }}</mj-preview></mj-head><mj-body>{{ content }}{% include "foot" %}</mj-body></mjml>',
    'templates/_frame.email.txt': '{{ content }}',
    'templates/_foot.block.mjml':
      '<mj-section><mj-column><mj-text><a href="{{ unsubscribe_url }}">Leave</a></mj-text></mj-column></mj-section>',
    'templates/letter.email.mjml': `${head('preheader: Look inside\nlayout: frame\n')}<mj-section><mj-column>
      <mj-text>Dear {{ customer.firstName | default: "friend" }}</mj-text>
      <mj-raw>{% if coupon %}</mj-raw><mj-button href="{{ shop.url }}/sale">Use {{ coupon.code }}</mj-button><mj-raw>{% endif %}</mj-raw>
      <mj-image src="https://shop.example/a.png" alt="A cover" />
    </mj-column></mj-section>`,
  })
  expect(template.html).toContain('<!doctype html>')
  expect(template.html).not.toContain('<mj-')
  const { html, subject } = createMessageRenderer().render(template, facts)
  expect(subject).toBe('Hello <Ada>')
  expect(html).toContain('Dear &lt;Ada&gt;')
  expect(html).toContain('Look inside')
  expect(html).toContain('href="https://shop.example/sale"')
  expect(html).toContain('Use TEN')
  expect(html).toContain('href="https://shop.example/u/x.y"')
  expect(createMessageRenderer().render(template, { ...facts, coupon: null }).html).not.toContain('/sale')
  expect(lintTemplate(template)).toEqual([])
})

test('nothing is fetched by whoever reads it, and no file of ours is read', async () => {
  const { html } = await published({
    'templates/letter.email.mjml': head() + body('<mj-text>Hello, hello.</mj-text><mj-include path="/etc/passwd" />'),
  }).catch(() => ({ html: '' }))
  expect(html).not.toContain('root:')
  const plain = await published({ 'templates/letter.email.mjml': head() + body('<mj-text>Hello.</mj-text>') })
  expect(plain.html).not.toMatch(/fonts\.googleapis|@import/)
})

test('lint speaks of what it becomes', async () => {
  const template = await published({
    'templates/letter.email.mjml':
      head() + body('<mj-image src="https://shop.example/a.png" /><mj-button href="/sale">Buy</mj-button>'),
  })
  expect(lintTemplate(template).map(({ rule }) => rule)).toEqual(
    expect.arrayContaining(['broken-link', 'missing-unsubscribe']),
  )
})

test.each<[string, Record<string, string>, RegExp]>([
  ['an element that there is not', { 'templates/letter.email.mjml': head() + body('<mj-txt>x</mj-txt>') }, /mj-txt/],
  ['no MJML at all', { 'templates/letter.email.mjml': `${head()}Hello` }, /letter\.email\.mjml:/],
  [
    'Liquid that would be lost',
    { 'templates/letter.email.mjml': head() + body('\n{% if coupon %}<mj-text>x</mj-text>{% endif %}') },
    /letter\.email\.mjml:5.*put it into <mj-raw>/,
  ],
  [
    'both HTML and MJML',
    {
      'templates/letter.email.mjml': head() + body('<mj-text>x</mj-text>'),
      'templates/letter.email.html': `${head()}x`,
    },
    /one of them must go/,
  ],
  [
    'a layout in HTML only',
    {
      'templates/_frame.email.html': '{{ content }}',
      'templates/letter.email.mjml': head('layout: frame\n') + body('<mj-text>x</mj-text>'),
    },
    /_frame\.email\.mjml/,
  ],
  ['an unknown variable', { 'templates/letter.email.mjml': head() + body('<mj-text>{{ env.HOME }}</mj-text>') }, /env/],
])('refused: %s', async (_name, files, expected) => {
  expect(await problemsOf(files)).toMatch(expected)
})
