import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { choicesOf } from '../../src/cli/in-flight-options.ts'
import { openJourneyShop, plantInFlight, secondVersion, startMs } from '../journeys/support/shop.ts'
import { type CampaignDirectory, campaignDirectory } from '../store/support/campaign-directory.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

let database: TestDatabase
let good: CampaignDirectory
let bad: CampaignDirectory

beforeAll(async () => {
  database = await createTestDatabase()
  good = campaignDirectory()
  bad = campaignDirectory({ 'journeys/welcome.yaml': 'name: Welcome\n', 'templates/hello.email.txt': '{{' })
})

afterAll(async () => {
  good.remove()
  bad.remove()
  await database.drop()
})

function run(databaseUrl: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, DATABASE_URL: databaseUrl }
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', timeout: 100_000, env })
}

test('validate says that all is well, in words and in JSON', () => {
  const { status, stdout } = run(database.url, 'validate', '--dir', good.path)
  expect({ status, stdout }).toEqual({ status: 0, stdout: `${good.path}: 3 documents and 1 templates, all well.\n` })
  const json = run(database.url, 'validate', '--dir', good.path, '--json')
  expect(json.status).toBe(0)
  expect(JSON.parse(json.stdout)).toMatchObject({ valid: true, documents: 3, templates: 1, problems: [] })
})

test('validate tells every problem with its place, and ends with status 1', () => {
  const { status, stdout, stderr } = run(database.url, 'validate', '--dir', bad.path)
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  const lines = stderr.trim().split('\n')
  expect(lines[0]).toContain('templates/hello.email.txt:1: output "{{" not closed')
  expect(lines).toContain('journeys/welcome.yaml:1 steps: is missing (must be a list)')

  const json = run(database.url, 'validate', '--dir', bad.path, '--json')
  expect(json.status).toBe(1)
  const { valid, problems } = JSON.parse(json.stdout) as { valid: boolean; problems: readonly unknown[] }
  expect(valid).toBe(false)
  expect(problems).toContainEqual(
    expect.objectContaining({
      file: 'journeys/welcome.yaml',
      line: 1,
      path: ['steps'],
      rule: 'is missing (must be a list)',
    }),
  )
})

test('apply shows first, publishes then, and then has nothing to do', () => {
  const all = ['lifecycle', 'contact-policy', 'journey welcome', 'template hello']
  const steps: [string[], readonly string[]][] = [
    [['--dry-run'], all],
    [[], all],
    [[], []],
  ]
  for (const [options, published] of steps) {
    const { status, stdout } = run(database.url, 'apply', '--dir', good.path, '--json', ...options)
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ published, dryRun: options.length > 0 })
  }
  expect(run(database.url, 'apply', '--dir', good.path).stdout).toBe('Nothing has changed.\n4 unchanged.\n')
})

test.each([
  [
    'a directory that is not there',
    ['validate', '--dir', '/nowhere/at/all'],
    '--dir: "/nowhere/at/all" is no directory',
  ],
  ['an option that is not there', ['apply', '--force'], "unknown option '--force'"],
])('%s is a mistake of the caller: status 2, one line', (_, args, expected) => {
  const { status, stderr } = run(database.url, ...args)
  expect(status).toBe(2)
  expect(stderr.trim()).toContain(expected)
  expect(stderr.trim().split('\n')).toHaveLength(1)
})

test('plan says what would change, in words, and whom it concerns; apply wants a yes before people leave', async () => {
  const shop = await openJourneyShop()
  const cli = (...args: string[]) => run(shop.url, ...args, '--dir', shop.directory.path)
  await plantInFlight(shop, [{ step: 'late', count: 3, sinceMs: startMs, wakeMs: startMs + 86_400_000 }])
  shop.directory.write({ 'journeys/course.yaml': secondVersion, 'templates/hello.email.txt': 'Good day\n' })
  const maps = ['--map', 'course:call=pause', 'course:late=-', 'course:think=think', 'course:bye=done']
  const { status, stdout } = cli('plan', '--check', ...maps)
  expect(status).toBe(1)
  for (const words of [
    '~ journey course',
    '    Step late (delay, for 10 days) is gone',
    '~ template hello',
    'concerns 0 planned messages that would leave with the new words',
    'journey course: version 2 in place of 1: 0 stay, 0 move, 3 leave.',
  ])
    expect(stdout).toContain(words)
  const json = JSON.parse(cli('plan', '--json', ...maps).stdout) as { items: unknown[]; journeys: unknown[] }
  expect(json).toMatchObject({ journeys: [{ exit: 3 }], items: [{ key: 'course', what: 'changed' }, { key: 'hello' }] })

  const refused = cli('apply', ...maps)
  expect(refused.status).toBe(2)
  expect(refused.stderr).toContain('3 people would leave course: nothing was published')
  expect(cli('apply', '--map', 'course:late=-').stderr).toContain('the map says nothing of bye, call, think')
  expect(await shop.rows('SELECT 1 FROM campaign_publications WHERE number > 1')).toEqual([])

  const applied = cli('apply', '--json', '--yes', ...maps)
  expect(JSON.parse(applied.stdout)).toMatchObject({
    published: ['journey course', 'template hello'],
    journeys: [{ exit: 3 }],
  })
  await shop.close()
})

test('flags for people in flight are read with every mistake named', () => {
  expect(choicesOf(['a=exit', 'b=stay'], ['c:x=y', 'c:z=-'])).toEqual(
    new Map<string, unknown>([
      ['a', { choice: 'exit' }],
      ['b', { choice: 'stay' }],
      ['c', { choice: 'move', map: { x: 'y', z: null } }],
    ]),
  )
  for (const [inFlight, maps, message] of [
    [['a'], [], '--in-flight: "a" must be like journey=stay'],
    [['a=away'], [], '--in-flight: "away" must be stay, exit or move'],
    [['a=exit'], ['a:x=y'], '--map: goes with "move", not with "exit"'],
    [[], ['x=y'], '--map: "x=y" must be like journey:old-step=new-step'],
    [[], ['a:x'], '--map: "x" must be like old-step=new-step'],
  ] as const)
    expect(() => choicesOf(inFlight, maps)).toThrow(message)
})
