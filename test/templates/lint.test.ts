/** What is found fault with, and what is not; translations and blocks. */

import { afterEach, describe, expect, test } from 'vitest'
import { lintTemplate } from '../../src/channels/templates/lint.ts'
import type { TemplateSource } from '../../src/channels/templates/render-message.ts'
import { readCampaignFiles } from '../../src/store/campaign-files.ts'
import { CampaignFilesError, sayFileProblem } from '../../src/store/file-problem.ts'
import { type CampaignDirectory, campaignDirectory } from '../store/support/campaign-directory.ts'

const good: TemplateSource = {
  key: 'good',
  version: 'v',
  channel: 'email',
  subject: 'New in the shop, {{ customer.firstName | default: "friend" }}',
  html: '<p>Hello. Here is what came in this week, and what we liked about it most of all.</p><img src="https://shop.example/a.png" alt="A cover"><a href="{{ shop.url }}/new">See it</a> <a href="{{ unsubscribe_url }}">Leave</a>',
  text: 'Hello {% if customer.firstName %}{{ customer.firstName }}{% endif %}. {{ shop.url }}/new {{ unsubscribe_url }}',
}
const sms: TemplateSource = {
  ...good,
  channel: 'sms',
  subject: null,
  html: null,
  text: 'Shop: your record is here. Reply STOP to end',
}

const rulesOf = (template: TemplateSource): string[] => [
  ...new Set(lintTemplate(template).map(({ rule, part }) => `${rule} ${part}`)),
]

describe('lint', () => {
  test('finds nothing where nothing is wrong', () => {
    expect(lintTemplate(good)).toEqual([])
    expect(lintTemplate(sms)).toEqual([])
  })

  const html = (more: string): TemplateSource => ({ ...good, html: good.html + more })
  test.each<[string, TemplateSource, string]>([
    ['a picture without alt', html('<img src="https://shop.example/b.png">'), 'missing-alt html'],
    ['a link that leads nowhere', html('<a href="#">x</a>'), 'broken-link html'],
    ['an empty link', html('<a href="">x</a>'), 'broken-link html'],
    ['a relative link', html('<a href="/sale">x</a>'), 'broken-link html'],
    ['a link to this machine', html('<a href="http://localhost:3000/">x</a>'), 'broken-link html'],
    ['a link that is no address', html('<a href="https://shop .example/">x</a>'), 'broken-link html'],
    ['a link with a space in it', html('<a href="https://shop.example/new records">x</a>'), 'broken-link html'],
    ['a link in the text', { ...good, text: `${good.text} http://127.0.0.1/x` }, 'broken-link text'],
    [
      'no way out',
      { ...good, html: '<p>Nothing but words, and more of them than sixty characters to be sure.</p>' },
      'missing-unsubscribe html',
    ],
    ['what mailboxes cut off', html(`<!--${'x'.repeat(102_001)}-->`), 'too-large html'],
    ['capitals', { ...good, subject: 'LAST CHANCE TODAY' }, 'spam-prone subject'],
    ['shouting', { ...good, subject: 'Last chance!!' }, 'spam-prone subject'],
    ['pretending', { ...good, subject: 'Re: your order' }, 'spam-prone subject'],
    ['words of spam', html('Act now: risk-free'), 'spam-prone html'],
    ['a public shortener', { ...good, text: `${good.text} https://bit.ly/x` }, 'spam-prone text'],
    [
      'pictures only',
      { ...good, html: '<img src="https://shop.example/all.png" alt="all"><a href="{{ unsubscribe_url }}">out</a>' },
      'spam-prone html',
    ],
    ['a name that may be missing', { ...good, subject: 'Dear {{ customer.firstName }}' }, 'missing-default subject'],
    [
      'a person in a link',
      html('<a href="https://shop.example/?e={{ customer.email | default: "" }}">x</a>'),
      'personal-link html',
    ],
    ['a text message of many parts', { ...sms, text: `STOP ${'word '.repeat(120)}` }, 'sms-length text'],
    ['a character that halves it', { ...sms, text: 'It’s here. STOP to end' }, 'sms-length text'],
    ['a text message without a way out', { ...sms, text: 'Shop: your record is here.' }, 'sms-opt-out text'],
  ])('finds %s', (_name, template, expected) => {
    expect(rulesOf(template)).toContain(expected)
  })

  test('the templates of the demo shop have no errors', async () => {
    const { templates } = await readCampaignFiles('campaigns')
    const errors = templates.flatMap((one) =>
      lintTemplate(one)
        .filter(({ level }) => level === 'error')
        .map(({ message }) => `${one.key}: ${message}`),
    )
    expect(errors).toEqual([])
  })
})

describe('files', () => {
  let directory: CampaignDirectory | undefined
  afterEach(() => directory?.remove())

  async function templatesOf(files: Readonly<Record<string, string | null>>): Promise<Map<string, string>> {
    directory = campaignDirectory(files)
    const { templates } = await readCampaignFiles(directory.path)
    return new Map(templates.map(({ key, text }) => [key, text]))
  }

  async function problemsOf(files: Readonly<Record<string, string | null>>): Promise<string> {
    const error: unknown = await templatesOf(files).catch((reason: unknown) => reason)
    return error instanceof CampaignFilesError ? error.problems.map(sayFileProblem).join('\n') : String(error)
  }

  const email = (body: string, head = 'subject: Hi'): string => `---\n${head}\n---\n${body}`

  test('a block stands where it is included, also in a block; a translation has its own layout if there is one', async () => {
    const templates = await templatesOf({
      'templates/_frame.email.txt': '<{{ content }}|{% include "foot" %}>',
      'templates/_frame.de.email.txt': '[{{ content }}]',
      'templates/_foot.block.txt': 'foot {% include "inner" %}',
      'templates/_inner.block.txt': 'inner {{ shop.name }}\n',
      'templates/note.email.txt': email('A {%- include "inner" -%} B', 'subject: Hi\nlayout: frame'),
      'templates/note.de.email.txt': email('Hallo', 'subject: Hallo\nlayout: frame'),
    })
    expect(templates.get('note')).toBe('<A inner {{ shop.name }} B|foot inner {{ shop.name }}>')
    expect(templates.get('note.de')).toBe('[Hallo]')
  })

  test.each<[string, Record<string, string>, RegExp]>([
    ['a block that is not there', { 'templates/a.email.txt': email('{% include "gone" %}') }, /gone/],
    ['a file outside', { 'templates/a.email.txt': email('{% include "../../etc/passwd" %}') }, /passwd/],
    [
      'a block of itself',
      { 'templates/a.email.txt': email('{% include "b" %}'), 'templates/_b.block.txt': '{% include "b" %}' },
      /includes itself/,
    ],
    ['a translation of nothing', { 'templates/a.de.email.txt': email('x') }, /is a translation/],
    [
      'a translation on another channel',
      { 'templates/a.sms.txt': 'x', 'templates/a.de.email.txt': email('x') },
      /is a translation/,
    ],
    ['a locale that is none', { 'templates/a.deutsch.email.txt': email('x') }, /must be called/],
  ])('refused: %s', async (_name, files, expected) => {
    expect(await problemsOf(files)).toMatch(expected)
  })
})
