/** What the format accepts and refuses, and that an expectation that does not hold fails. */

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { readScenarioFiles } from '../../src/cli/scenario-files.ts'
import { runScenario } from '../../src/scenarios/run-scenario.ts'
import { readCampaignFiles } from '../../src/store/campaign-files.ts'
import { CampaignFilesError, sayFileProblem } from '../../src/store/file-problem.ts'
import { type CampaignDirectory, campaignDirectory } from '../store/support/campaign-directory.ts'

const shop = fileURLToPath(new URL('../../campaigns', import.meta.url))
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const { definitions } = await readCampaignFiles(shop)

let directory: CampaignDirectory | undefined
afterEach(() => directory?.remove())

function write(text: string, name = 'one.yaml'): string {
  directory = campaignDirectory()
  mkdirSync(join(directory.path, 'scenarios'), { recursive: true })
  writeFileSync(join(directory.path, 'scenarios', name), text)
  return directory.path
}

async function problemsIn(text: string, name?: string): Promise<readonly string[]> {
  const error: unknown = await readScenarioFiles(write(text, name), definitions).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof CampaignFilesError)) throw new Error(`expected problems, got ${String(error)}`)
  return error.problems.map(sayFileProblem)
}

/** A basket that is forgotten: `kept` after three hours, `question` on the third day. */
function basket(expectation: string, events = '', given = '{ time_zone: Europe/Berlin, known_for: 10 days }'): string {
  return `
name: Basket
journeys: [cart-abandonment]
scenarios:
  - name: forgotten
    given: ${given}
    events:
      - { at: +1 hour, event: Product Added }${events}
    expect: ${expectation}
`
}

async function differencesOf(text: string): Promise<readonly string[]> {
  const [file] = await readScenarioFiles(write(text), definitions)
  const scenario = file?.document.scenarios[0]
  if (file === undefined || scenario === undefined) throw new Error('no scenario was read')
  return runScenario(scenario, definitions, file.document.journeys).differences
}

const both = '{ message: cart-abandonment/kept }, { message: cart-abandonment/question }'

describe('a scenario fails if', () => {
  test('nothing; this one holds', async () => {
    expect(await differencesOf(basket(`{ messages: [${both}] }`))).toEqual([])
  })

  test.each<[string, string, string]>([
    [
      'a message is sent that was not expected',
      '{}',
      'did not expect email cart-abandonment/kept at Mon 2026-03-02 12:00',
    ],
    [
      'a message is expected once too often',
      `{ messages: [${both}, { message: cart-abandonment/kept }] }`,
      'expected message cart-abandonment/kept, but there was none',
    ],
    [
      'it goes out at another time',
      '{ at_least: true, messages: [{ message: cart-abandonment/kept, at: +5 hours }] }',
      'expected message cart-abandonment/kept at Mon 2026-03-02 14:00 (within 1 hour), but it was at Mon 2026-03-02 12:00',
    ],
    [
      'it goes out too early',
      '{ at_least: true, messages: [{ message: cart-abandonment/kept, after: +4 hours }] }',
      'expected message cart-abandonment/kept after Mon 2026-03-02 13:00, but it was at Mon 2026-03-02 12:00',
    ],
    [
      'it goes out too late',
      '{ at_least: true, messages: [{ message: cart-abandonment/kept, before: +2 hours }] }',
      'expected message cart-abandonment/kept before Mon 2026-03-02 11:00, but it was at Mon 2026-03-02 12:00',
    ],
    [
      'it goes out on another channel',
      '{ at_least: true, messages: [{ message: cart-abandonment/kept, channel: sms }] }',
      'expected sms cart-abandonment/kept, but there was none',
    ],
    [
      'it has another template',
      '{ at_least: true, messages: [{ message: cart-abandonment/kept, template: welcome-hello }] }',
      'expected message cart-abandonment/kept (welcome-hello), but there was none',
    ],
    [
      'the stage is another one',
      `{ stage: retain, messages: [${both}] }`,
      'expected the stage retain, but it is acquire',
    ],
    [
      'a coupon is not issued',
      `{ coupons: [{ offer: welcome-10 }], messages: [${both}] }`,
      'expected coupon welcome-10, but there was none',
    ],
    [
      'nothing was refused',
      `{ why_not: [{ rule: consent, of: cart-abandonment/kept }], messages: [${both}] }`,
      'expected cart-abandonment/kept to be refused by consent, but nothing was refused there',
    ],
  ])('%s', async (_, expectation, difference) => {
    expect(await differencesOf(basket(expectation))).toContain(difference)
  })

  test('it was refused by another rule', async () => {
    const given = '{ known_for: 10 days, consent: { email: withdrawn } }'
    expect(
      await differencesOf(basket('{ why_not: [{ rule: suppressed, of: cart-abandonment/kept }] }', '', given)),
    ).toEqual(['expected cart-abandonment/kept to be refused by suppressed, but it was refused by consent'])
  })

  test.each([
    ['{ at: +2 hours, answer: 5 }', 'answer: no survey has reached the customer'],
    ['{ at: +2 hours, task: mended }', 'task: nobody was given a task'],
    ['{ at: +2 hours, refund: all }', 'refund: the customer has not ordered anything'],
    [
      '{ at: +2 hours, order: { total: 1, coupon: welcome-10 } }',
      'order: the customer holds no coupon of the offer "welcome-10"',
    ],
  ])('something cannot happen: %s', async (event, difference) => {
    expect(await differencesOf(basket('{}', `\n      - ${event}`))).toEqual([difference])
  })
})

test('a schedule lets in, at its moments, whoever is in its segment by then', async () => {
  directory = campaignDirectory({
    'segments/buyers.yaml': 'name: Buyers\nif: { orders.count: { at_least: 1 } }\n',
    'journeys/fridays.yaml': `
name: Fridays
topic: news
entry: [{ type: schedule, segment: buyers, at: "10:00", days: [fri], time_zone: Europe/Berlin }]
re_entry: always
steps: [{ id: letter, type: email, template: hello }]
`,
    'scenarios/fridays.yaml': `
name: Fridays
journeys: [fridays]
scenarios:
  - name: two Fridays, of which the first comes before the order
    start: "2026-03-26 12:00" # A Thursday; the clocks change on Sunday.
    given: { time_zone: Europe/Berlin, known_for: 10 days }
    events: [{ at: +2 days, order: { total: 20 } }]
    until: +12 days
    expect:
      messages: [{ message: fridays/letter, at: "2026-04-03 10:00", within: 1 minute }]
`,
  })
  const { definitions: own } = await readCampaignFiles(directory.path)
  const [file] = await readScenarioFiles(directory.path, own)
  const [scenario] = file?.document.scenarios ?? []
  if (scenario === undefined) throw new Error('no scenario was read')
  expect(runScenario(scenario, own, ['fridays']).differences).toEqual([])
})

describe('a file is refused, with the line, for', () => {
  const one = (rest: string): string => `name: One\nscenarios:\n  - name: a\n    ${rest}\n`
  test.each<[string, string, string]>([
    ['no expectation', one('given: {}'), 'scenarios/one.yaml:3 scenarios[0].expect: is missing (must be a mapping)'],
    ['no scenario', 'name: One\nscenarios: []\n', 'scenarios/one.yaml:2 scenarios []: must not be empty'],
    [
      'a part that is not known',
      one('expect: { mesages: [] }'),
      'scenarios/one.yaml:4 scenarios[0].expect.mesages []: is not known here',
    ],
    [
      'a time that is none',
      one('events: [{ at: tomorrow, event: X }]\n    expect: {}'),
      'scenarios/one.yaml:4 scenarios[0].events[0].at "tomorrow": must be a moment such as',
    ],
    [
      'a day that is none',
      one('start: "2026-02-30 09:00"\n    expect: {}'),
      'scenarios/one.yaml:4 scenarios[0].start "2026-02-30 09:00": must be a moment such as',
    ],
    [
      'two happenings at once',
      one('events: [{ at: +1 day, event: X, task: y }]\n    expect: {}'),
      'must hold exactly one of event, order,',
    ],
    [
      'a zone that is none',
      one('given: { time_zone: Mars/Olympus }\n    expect: {}'),
      'given.time_zone "Mars/Olympus": must be a time zone',
    ],
    [
      'a journey that is none',
      one('expect: { messages: [{ message: welcom/hello }] }'),
      'scenarios/one.yaml:4 scenarios[0].expect.messages[0].message "welcom/hello": is no journey; known: back-in-stock,',
    ],
    [
      'a step that sends nothing',
      one('expect: { messages: [{ message: welcome/three-days }] }'),
      '"welcome/three-days": is no message step; known: welcome/hello, welcome/nudge',
    ],
    [
      'an offer that is none',
      one('expect: { coupons: [{ offer: half-off }] }'),
      'expect.coupons[0].offer "half-off": is no offer',
    ],
    [
      'a topic that is none',
      one('given: { consent: { email.nws: granted } }\n    expect: {}'),
      'names a topic that is none; known: news, club',
    ],
    [
      'a message of a journey that is not looked at',
      `journeys: [vip]\n${one('expect: { messages: [{ message: welcome/hello }] }')}`,
      'is of a journey that is not looked at; looked at: vip',
    ],
    ['what is no YAML', 'name: [', 'scenarios/one.yaml:1: is not proper YAML'],
  ])('%s', async (_, text, problem) => {
    expect((await problemsIn(text)).join('\n')).toContain(problem)
  })

  test('another name than NAME.yaml', async () => {
    expect(await problemsIn('', 'one.txt')).toEqual(['scenarios/one.txt:1: must be called NAME.yaml'])
  })
})

describe('perennial test', () => {
  function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(process.execPath, [main, 'test', ...args], { encoding: 'utf8', timeout: 100_000 })
  }
  const hello = (expectation: string): string => `
name: Hello
scenarios:
  - name: comes at once
    expect: ${expectation}
`

  test('passes with status 0', () => {
    const path = write(hello('{ messages: [{ message: welcome/hello, at: +0 days }] }'))
    expect(run('--dir', path)).toMatchObject({ status: 0, stdout: '✓ Hello › comes at once\n\n1 passed.\n' })
  })

  test('fails with status 1, and tells what happened', () => {
    const path = write(hello('{ stage: activate }'))
    const { status, stdout } = run('--dir', path)
    expect(status).toBe(1)
    expect(stdout).toContain('✗ Hello › comes at once (scenarios/one.yaml:4)')
    expect(stdout).toContain('did not expect email welcome/hello at Mon 2026-03-02 09:00')
    expect(stdout).toContain('Mon 2026-03-02 09:00  email welcome/hello (hello) is sent')
    expect(stdout).toContain('0 passed, 1 failed.')
    const json = run('--dir', path, '--json')
    expect(json.status).toBe(1)
    expect(JSON.parse(json.stdout)).toMatchObject({ passed: 0, failed: 1, scenarios: [{ line: 4, passed: false }] })
  })

  test('ends with status 2 where files are wrong, and where there is nothing to test', () => {
    const wrong = write(hello('{ stage: king }'))
    const { status, stderr } = run('--dir', wrong)
    expect(status).toBe(2)
    expect(stderr).toContain('scenarios/one.yaml:5 scenarios[0].expect.stage "king": must be one of acquire')
    expect(run('--dir', wrong, '--json')).toMatchObject({
      status: 2,
      stdout: expect.stringContaining('"valid":false'),
    })
    directory?.remove()
    const right = write(hello('{ at_least: true }'))
    expect(run('nothing like it', '--dir', right)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('filter'),
    })
    directory?.remove()
    directory = campaignDirectory()
    expect(run('--dir', directory.path)).toMatchObject({ status: 2, stderr: expect.stringContaining('no scenarios') })
  })
})

test('the example of the docs is a scenario, and holds', async () => {
  const page = readFileSync(new URL('../../docs/scenarios.md', import.meta.url), 'utf8')
  const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? []
  expect(await differencesOf(text)).toEqual([])
})
