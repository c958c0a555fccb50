/** The page of journeys: every example is accepted and can be published, and nothing that a journey may say is missing. */

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { jsonSchemaOf } from '../../src/cli/schema/json-schemas.ts'
import { readCampaignFiles } from '../../src/store/campaign-files.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { CampaignFilesError } from '../../src/store/file-problem.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { campaignDirectory } from '../store/support/campaign-directory.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { mondayNoonMs } from '../workflows/support/store-world.ts'

const page = readFileSync(new URL('../../docs/journeys.md', import.meta.url), 'utf8')
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text)
const journeys = examples.map((text) => parse(text) as Journey)
interface Journey {
  readonly name: string
  readonly entry: readonly { readonly type: string }[]
  readonly steps: readonly { readonly type: string; readonly template?: string; readonly offer?: string }[]
}

const keyOf = ({ name }: Journey): string => name.toLowerCase().replaceAll(' ', '-')

let testDatabase: TestDatabase
let database: Database
beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url)
})
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})

/** What the examples name beside themselves. */
function neighbours(): Record<string, string> {
  const files: Record<string, string> = {
    'segments/readers.yaml': 'name: Readers\nif: { trait.reads: true }\n',
    'offers/twenty-off.yaml': 'name: Twenty\ncode_prefix: TWENTY\ndiscount: { type: percent, percent: 20 }\n',
    'offers/ten-off.yaml':
      'name: Ten off\ncode_prefix: TEN\ndiscount: { type: amount, amount_cents: 1000, currency: EUR }\n',
  }
  for (const step of journeys.flatMap(({ steps }) => steps)) {
    if (step.type === 'sms') files[`templates/${step.template}.sms.txt`] = 'Hello\n'
    if (step.type !== 'email' && step.type !== 'survey') continue
    const links = textOf(step)
    files[`templates/${step.template}.email.html`] = `---\nsubject: Hello\n---\n<p>${links}</p>\n`
    files[`templates/${step.template}.email.txt`] = `${links}\n`
  }
  return files
}

function textOf({ type, offer }: Journey['steps'][number]): string {
  if (type === 'survey') return '{% for answer in survey.answers %}{{ answer.url }}{% endfor %}'
  return offer === undefined ? 'Hello' : '{{ coupon.code }}'
}

test('the examples of the page are accepted, and published all together', async () => {
  const files = Object.fromEntries(examples.map((text, i) => [`journeys/${keyOf(journeys[i] as Journey)}.yaml`, text]))
  const directory = campaignDirectory({ ...neighbours(), ...files })
  try {
    const error = await publishCampaigns(database, directory.path, mondayNoonMs).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeUndefined()
    const { rows } = await database.pool.query<{ key: string }>(
      `SELECT key FROM campaigns WHERE kind = 'journey' AND status = 'live' ORDER BY key`,
    )
    expect(rows.map(({ key }) => key)).toEqual([...new Set(journeys.map(keyOf))].sort())
  } finally {
    directory.remove()
  }
})

/** The values that the `type` of a list's items may have. */
function typesOf(list: 'entry' | 'steps'): string[] {
  const schema = jsonSchemaOf('journey') as unknown as {
    readonly properties: Record<
      string,
      { readonly items: { readonly oneOf: { properties: { type: { const: string } } }[] } }
    >
  }
  return schema.properties[list]?.items.oneOf.map(({ properties }) => properties.type.const) ?? []
}

test('every type of entry and of step, and every field of a journey, is shown', () => {
  const shown = (list: 'entry' | 'steps'): Set<string> =>
    new Set(journeys.flatMap((journey) => journey[list].map(({ type }) => type)))
  expect(typesOf('steps').length).toBeGreaterThan(12)
  expect(typesOf('entry').filter((type) => !shown('entry').has(type))).toEqual([])
  expect(typesOf('steps').filter((type) => !shown('steps').has(type))).toEqual([])
  const fields = Object.keys(jsonSchemaOf('journey')['properties'] as object)
  expect(fields.filter((field) => !journeys.some((journey) => field in journey))).toEqual([])
})

describe('whatever is wrong is told by file, line, path, value and rule', () => {
  test.each([
    ['journeys/welcome.yaml', 'priority: 101\n', 1, 'priority', 101, 'must be at most 100'],
    ['journeys/welcome.yaml', 'entry:\n  - { type: fax }\n', 2, 'entry.0.type', 'fax', 'must be one of event, arrived'],
    [
      'offers/a.yaml',
      'name: A\ndiscount:\n  type: percent\n  percent: 120\n',
      4,
      'discount.percent',
      120,
      'must be at most 100',
    ],
    ['segments/a.yaml', 'name: A\nif:\n  orders.cuont: 3\n', 3, 'if.orders.cuont', 3, 'is no known condition'],
    ['traits/a.yaml', 'name: A\ncompute: guess\n', 2, 'compute', 'guess', 'must be one of count, days_since'],
    ['contact-policy.yaml', 'name: P\ntopics: {}\n', 2, 'topics', {}, 'must not be empty'],
    [
      'lifecycle.yaml',
      'name: L\nstages: []\nchurn: { enter: 0.7, leave: 0.5 }\n',
      2,
      'stages',
      [],
      'must list all stages',
    ],
    ['identity.yaml', 'name: I\nidentify_by: [email]\n', 2, 'identify_by', ['email'], 'must begin with "user"'],
  ])('%s: %j', async (file, text, line, path, value, rule) => {
    const directory = campaignDirectory({ [file]: text })
    try {
      const error = await readCampaignFiles(directory.path).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (!(error instanceof CampaignFilesError)) throw new Error('it was accepted')
      const found = error.problems.find((problem) => problem.file === file && problem.path.join('.') === path)
      expect(found).toMatchObject({ line, value, rule: expect.stringContaining(rule) as string })
    } finally {
      directory.remove()
    }
  })
})
