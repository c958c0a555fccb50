import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Liquid } from 'liquidjs'
import { afterEach, describe, expect, test } from 'vitest'
import { type CampaignFiles, readCampaignFiles } from '../../src/store/campaign-files.ts'
import { CampaignFilesError, sayFileProblem } from '../../src/store/file-problem.ts'
import { type CampaignDirectory, campaignDirectory, leastCampaigns } from './support/campaign-directory.ts'

let directory: CampaignDirectory | undefined
afterEach(() => directory?.remove())

function read(files: Readonly<Record<string, string | null>> = {}): Promise<CampaignFiles> {
  directory = campaignDirectory(files)
  return readCampaignFiles(directory.path)
}

async function problemsIn(files: Readonly<Record<string, string | null>>): Promise<readonly string[]> {
  const error: unknown = await read(files).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof CampaignFilesError)) throw new Error(`expected problems, got ${String(error)}`)
  return error.problems.map(sayFileProblem)
}

const welcome = leastCampaigns['journeys/welcome.yaml'] as string
const lifecycle = leastCampaigns['lifecycle.yaml'] as string

describe('the campaigns of the demo shop', () => {
  test('are accepted, and have a journey for every stage, two messages in each, an offer, a text message', async () => {
    const { definitions, templates } = await readCampaignFiles('campaigns')
    const stages = definitions.live.flatMap(({ entry }) =>
      entry.flatMap((each) => (each.type === 'stage' ? [each.stage] : [])),
    )
    expect(new Set(stages)).toEqual(new Set(['acquire', 'activate', 'retain', 'revenue', 'refer']))
    for (const stage of stages) {
      const ofStage = definitions.live.filter(({ entry }) =>
        entry.some((each) => each.type === 'stage' && each.stage === stage),
      )
      const isFull = ofStage.some(
        ({ steps }) =>
          steps.filter((step) => step.type === 'message').length >= 2 && steps.some((step) => step.type === 'delay'),
      )
      expect([stage, isFull]).toEqual([stage, true])
    }
    const steps = definitions.live.flatMap((journey) => journey.steps)
    expect(steps.some((step) => step.type === 'message' && step.channel === 'sms' && step.offer !== null)).toBe(true)
    expect(templates.length).toBeGreaterThanOrEqual(10)
  })

  test('have emails with a subject, a way out and an address, and texts that fit into one message', async () => {
    const { templates } = await readCampaignFiles('campaigns')
    const liquid = new Liquid()
    const facts = {
      customer: { firstName: 'Wilhelmina', favourite_genre: 'Electronic' },
      coupon: { code: 'ENCORE-BCDFGHJKMN' },
      shop: { name: 'Perennial Demo Shop', url: 'https://shop.example' },
      unsubscribe_url: 'https://shop.example/u/1',
      postal_address: '1 Garden Row',
    }
    for (const { text } of templates.filter(({ channel }) => channel === 'sms')) {
      // GSM 03.38 letters only, and no more than one part holds.
      const rendered = String(liquid.parseAndRenderSync(text, facts))
      expect(rendered).toMatch(/^[\x20-\x7e]{1,160}$/)
      expect(rendered).toContain('STOP')
    }
    for (const { key, subject, html, text } of templates.filter(({ channel }) => channel === 'email')) {
      const rendered = String(liquid.parseAndRenderSync(text, facts))
      expect([key, rendered.includes('undefined')]).toEqual([key, false])
      expect(subject).not.toBe('')
      for (const body of [rendered, String(liquid.parseAndRenderSync(html ?? '', facts))]) {
        expect(body).toContain('https://shop.example/u/1')
        expect(body).toContain('1 Garden Row')
        expect(body).toContain('Perennial Demo Shop')
        expect(body).not.toMatch(/\{\{|\}\}|\{%/)
      }
    }
  })
})

describe('versions', () => {
  test('follow the content, not the way in which it is written', async () => {
    const first = await read()
    directory?.write({
      'journeys/welcome.yaml': `# A comment.\n${welcome.replace('name: Welcome\n', '')}\nname:   "Welcome"\n`,
    })
    const second = await readCampaignFiles(directory?.path ?? '')
    expect(second.documents).toEqual(first.documents)
    directory?.write({ 'journeys/welcome.yaml': welcome.replace('name: Welcome', 'name: Hello') })
    const third = await readCampaignFiles(directory?.path ?? '')
    expect(third.documents.map(({ version }) => version)).not.toEqual(first.documents.map(({ version }) => version))
    expect(third.documents[0]).toEqual(first.documents[0])
  })
})

describe('templates', () => {
  test('stand in their layouts, which may show the preheader', async () => {
    const { templates } = await read({
      'templates/hello.email.html':
        '---\nsubject: "Hi {{ customer.firstName }}"\npreheader: Read on\nlayout: shop\n---\n<p>One</p>\n',
      'templates/_shop.email.html': '<i>{{preheader}}</i><b>{{ content }}</b>',
      'templates/_shop.email.txt': '{{ content }}\n--\n{{ unsubscribe_url }}',
    })
    expect(templates).toMatchObject([
      {
        key: 'hello',
        channel: 'email',
        subject: 'Hi {{ customer.firstName }}',
        html: '<i>Read on</i><b><p>One</p></b>',
        text: 'Hello {{ customer.firstName }}\n--\n{{ unsubscribe_url }}',
      },
    ])
  })

  test('may be plain text alone', async () => {
    const { templates } = await read({
      'templates/hello.email.html': null,
      'templates/hello.email.txt': '---\r\nsubject: Hello\r\n---\r\nHello\r\n',
      'templates/text.sms.txt': 'Hello\n',
    })
    expect(templates).toMatchObject([
      { channel: 'email', subject: 'Hello', html: null, text: 'Hello' },
      { channel: 'sms', subject: null, html: null, text: 'Hello' },
    ])
  })

  test.each<[string, Record<string, string | null>, string]>([
    [
      'without a subject',
      { 'templates/hello.email.html': '<p>Hello</p>' },
      'templates/hello.email.html:1: must begin with its subject',
    ],
    [
      'with an empty subject',
      { 'templates/hello.email.html': '---\nsubject: ""\n---\n' },
      'templates/hello.email.html:2 subject "": must not be empty',
    ],
    [
      'with a head that is not known',
      { 'templates/hello.email.html': '---\nsubject: Hi\nsender: me\n---\n' },
      'templates/hello.email.html:3 sender "me": is not known here',
    ],
    [
      'without a text',
      { 'templates/hello.email.txt': null },
      'templates/hello.email.txt:1: is missing: every email has a plain text',
    ],
    [
      'with Liquid that is none',
      { 'templates/hello.email.txt': 'Hello\n\n{{ customer.firstName' },
      'templates/hello.email.txt:3: output "{{ customer.firstName" not closed',
    ],
    [
      'with Liquid that is none, below its head',
      { 'templates/hello.email.html': '---\nsubject: Hi\n---\nHello\n{% if %}' },
      'templates/hello.email.html:5: ',
    ],
    [
      'with a filter that is none',
      { 'templates/hello.email.txt': '{{ customer.firstName | shout }}' },
      'templates/hello.email.txt:1: undefined filter: shout',
    ],
    [
      'with a variable that is none',
      { 'templates/hello.email.txt': 'Hello\n{{ user.name }}' },
      'templates/hello.email.txt:2: uses {{ user }}; known are customer, coupon',
    ],
    [
      'that include a file',
      { 'templates/hello.email.txt': "{% include '/etc/passwd' %}" },
      'templates/hello.email.txt:1: ',
    ],
    [
      'with a null character',
      { 'templates/hello.email.txt': 'Hello \0' },
      'templates/hello.email.txt:1: must not hold a null character',
    ],
    [
      'in a layout that is not there',
      { 'templates/hello.email.html': '---\nsubject: Hi\nlayout: shop\n---\n' },
      'wants the layout "shop", but there is no file _shop.email.html',
    ],
    [
      'in a layout without content',
      { 'templates/_shop.email.html': '<b></b>' },
      'templates/_shop.email.html:1: must hold {{ content }}',
    ],
    [
      'in a layout with Liquid that is none',
      { 'templates/_shop.email.html': '{{ content }}\n{% if %}' },
      'templates/_shop.email.html:2: ',
    ],
    ['of a name that is none', { 'templates/Hello.html': '' }, 'templates/Hello.html:1: must be called KEY.email.html'],
    ['of two channels', { 'templates/hello.sms.txt': 'Hi' }, 'templates/hello.sms.txt:1: must have a name of its own'],
  ])('%s are refused', async (_, files, expected) => {
    expect((await problemsIn(files)).join('\n')).toContain(expected)
  })
})

describe('what is wrong is told with file, line, path, value and rule', () => {
  test.each<[string, Record<string, string | null>, string]>([
    [
      'a value',
      { 'journeys/welcome.yaml': welcome.replace('type: arrived', 'type: landed') },
      'journeys/welcome.yaml:4 entry[0].type "landed": must be one of event',
    ],
    [
      'a value deep inside',
      { 'lifecycle.yaml': lifecycle.replace('at_least: 2', 'at_least: two') },
      'lifecycle.yaml:6 stages[2].if.orders.count.at_least "two": must be a number',
    ],
    [
      'something missing, at what surrounds it',
      { 'journeys/welcome.yaml': welcome.replace(', template: hello', '') },
      'journeys/welcome.yaml:6 steps[0].template: is missing',
    ],
    [
      'a key given twice',
      { 'journeys/welcome.yaml': `${welcome}name: Again\n` },
      'journeys/welcome.yaml:7: is not proper YAML: Map keys must be unique',
    ],
    ['YAML that is none', { 'journeys/welcome.yaml': 'name: [\n' }, 'journeys/welcome.yaml:2: is not proper YAML'],
    [
      'a tag of its own',
      { 'journeys/welcome.yaml': welcome.replace('name: Welcome', 'name: !!js/function x') },
      'journeys/welcome.yaml:2: is not proper YAML: Unresolved tag',
    ],
    ['an empty file', { 'journeys/welcome.yaml': '' }, 'journeys/welcome.yaml:1'],
    [
      'a null character',
      { 'journeys/welcome.yaml': welcome.replace('name: Welcome', 'name: "a\\0b"') },
      'must not hold a null character',
    ],
    ['a missing lifecycle', { 'lifecycle.yaml': null }, 'lifecycle.yaml:1: is missing'],
    ['a missing contact policy', { 'contact-policy.yaml': null }, 'contact-policy.yaml:1: is missing'],
    [
      'a file of another name',
      { 'journeys/Welcome Back.yaml': welcome },
      'journeys/Welcome Back.yaml:1: must be called KEY.yaml',
    ],
    [
      'a file that is too long',
      { 'journeys/long.yaml': `${welcome}#${'x'.repeat(1_000_000)}` },
      'journeys/long.yaml:1: must not be longer than 1000000 bytes',
    ],
    [
      'a template that is not there',
      { 'journeys/welcome.yaml': welcome.replace('template: hello', 'template: helo') },
      'journeys/welcome.yaml:6 steps[0].template "helo": is no email template; known: hello',
    ],
    [
      'a template of another channel',
      { 'journeys/welcome.yaml': welcome.replace('type: email', 'type: sms') },
      'is no sms template; known: none',
    ],
    [
      'a topic that is not there',
      { 'journeys/welcome.yaml': welcome.replace('topic: news', 'topic: knews') },
      'journeys/welcome.yaml:6 steps[0].topic: "knews" is no topic of the contact policy; known: news',
    ],
    [
      'a topic in a condition',
      {
        'journeys/welcome.yaml': welcome.replace('type: arrived', 'type: arrived, if: { consent.email.club: granted }'),
      },
      'journeys/welcome.yaml:4 entry[0].if {"consent.email.club":"granted"}: "club" is no topic',
    ],
    [
      'an offer that is not there',
      { 'journeys/welcome.yaml': welcome.replace('steps:', 'steps:\n  - { id: code, type: offer, offer: ten }') },
      'journeys/welcome.yaml:6 steps[0].offer "ten": is no offer; known: none',
    ],
    [
      'a coupon in a message without offer',
      { 'templates/hello.email.txt': '{{ coupon.code }}' },
      'journeys/welcome.yaml:6 steps[0].template "hello": shows {{ coupon.code }}, so the step needs an "offer"',
    ],
    [
      'an offer in a message without coupon',
      {
        'offers/ten.yaml': 'name: Ten\ndiscount: { type: percent, percent: 10 }\ncode_prefix: TEN',
        'journeys/welcome.yaml': welcome
          .replace('steps:', 'steps:\n  - { id: code, type: offer, offer: ten }')
          .replace('template: hello', 'template: hello, offer: ten'),
      },
      'journeys/welcome.yaml:7 steps[1].template "hello": does not show {{ coupon.code }}',
    ],
  ])('%s', async (_, files, expected) => {
    expect((await problemsIn(files)).join('\n')).toContain(expected)
  })

  test('everything at once, from all files', async () => {
    const problems = await problemsIn({
      'journeys/welcome.yaml': welcome.replace('type: arrived', 'type: landed'),
      'lifecycle.yaml': lifecycle.replace('leave: 0.5', 'leave: 0.8'),
      'templates/hello.email.txt': '{{',
    })
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'templates/hello.email.txt',
      'lifecycle.yaml',
      'journeys/welcome.yaml',
    ])
  })

  test('an alias bomb is refused and does not fill the memory', async () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
    for (const [last, name] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh', 'hi'].map((pair) => pair.split(''))) {
      bomb.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${last}`).join(', ')}]`)
    }
    expect((await problemsIn({ 'journeys/bomb.yaml': bomb.join('\n') })).join('\n')).toContain('Excessive alias count')
  })
})

test('files behind links, hidden files and other folders are not ours', async () => {
  directory = campaignDirectory({ 'journeys/.draft.yaml': 'nonsense', 'notes/idea.yaml': 'nonsense' })
  symlinkSync('/etc/passwd', join(directory.path, 'journeys', 'link.yaml'))
  const { documents } = await readCampaignFiles(directory.path)
  expect(documents.map(({ key }) => key)).toEqual(['lifecycle', 'contact-policy', 'welcome'])
})
