import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
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

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, DATABASE_URL: database.url }
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', timeout: 100_000, env })
}

test('validate says that all is well, in words and in JSON', () => {
  const { status, stdout } = run('validate', '--dir', good.path)
  expect({ status, stdout }).toEqual({ status: 0, stdout: `${good.path}: 3 documents and 1 templates, all well.\n` })
  const json = run('validate', '--dir', good.path, '--json')
  expect(json.status).toBe(0)
  expect(JSON.parse(json.stdout)).toMatchObject({ valid: true, documents: 3, templates: 1, problems: [] })
})

test('validate tells every problem with its place, and ends with status 1', () => {
  const { status, stdout, stderr } = run('validate', '--dir', bad.path)
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  const lines = stderr.trim().split('\n')
  expect(lines[0]).toContain('templates/hello.email.txt:1: output "{{" not closed')
  expect(lines).toContain('journeys/welcome.yaml:1 steps: is missing (must be a list)')

  const json = run('validate', '--dir', bad.path, '--json')
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
    const { status, stdout } = run('apply', '--dir', good.path, '--json', ...options)
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ published, dryRun: options.length > 0 })
  }
  expect(run('apply', '--dir', good.path).stdout).toBe('Nothing has changed.\n4 unchanged.\n')
})

test.each([
  [
    'a directory that is not there',
    ['validate', '--dir', '/nowhere/at/all'],
    '--dir: "/nowhere/at/all" is no directory',
  ],
  ['an option that is not there', ['apply', '--force'], "unknown option '--force'"],
])('%s is a mistake of the caller: status 2, one line', (_, args, expected) => {
  const { status, stderr } = run(...args)
  expect(status).toBe(2)
  expect(stderr.trim()).toContain(expected)
  expect(stderr.trim().split('\n')).toHaveLength(1)
})
