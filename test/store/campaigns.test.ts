import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readCampaignFiles } from '../../src/store/campaign-files.ts'
import { createDefinitionsCache, loadDefinitions, loadTemplate } from '../../src/store/campaigns.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import {
  previewPublication,
  publishCampaigns,
  publishFirstCampaigns,
} from '../../src/store/publishing/publish-campaigns.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { type CampaignDirectory, campaignDirectory, leastCampaigns } from './support/campaign-directory.ts'

let database: TestDatabase
let db: Database
let directory: CampaignDirectory

beforeEach(async () => {
  database = await createTestDatabase()
  db = openDatabase(database.url)
  directory = campaignDirectory()
})

afterEach(async () => {
  await db.close()
  await database.drop()
  directory.remove()
})

const nowMs = Date.UTC(2026, 0, 5, 12)
const welcome = leastCampaigns['journeys/welcome.yaml'] as string

const publish = (): ReturnType<typeof publishCampaigns> => publishCampaigns(db, directory.path, nowMs)

async function rows(): Promise<readonly string[]> {
  const { rows } = await db.pool.query<{ row: string }>(
    `SELECT concat_ws(' ', kind, name, status) AS row FROM campaigns ORDER BY kind, name`,
  )
  return rows.map(({ row }) => row)
}

describe('publishing', () => {
  test('puts a whole directory in force, and unchanged content publishes nothing', async () => {
    expect(await publish()).toEqual({
      published: ['lifecycle', 'contact-policy', 'journey welcome', 'template hello'],
      unchanged: 0,
      onlyInDatabase: [],
      journeys: [],
    })
    expect(await publish()).toEqual({ published: [], unchanged: 4, onlyInDatabase: [], journeys: [] })
    expect(await rows()).toEqual(['contact-policy Policy live', 'journey Welcome live', 'lifecycle Lifecycle live'])
  })

  test('of a change makes a new version and keeps the former one as it was', async () => {
    await publish()
    const before = await db.pool.query(`SELECT version, document, published_at FROM campaigns WHERE name = 'Welcome'`)
    directory.write({ 'journeys/welcome.yaml': welcome.replace('name: Welcome', 'name: Welcome back') })
    expect((await publish()).published).toEqual(['journey welcome'])
    expect(await rows()).toEqual([
      'contact-policy Policy live',
      'journey Welcome superseded',
      'journey Welcome back live',
      'lifecycle Lifecycle live',
    ])
    const after = await db.pool.query(`SELECT version, document, published_at FROM campaigns WHERE name = 'Welcome'`)
    expect(after.rows).toEqual(before.rows)
  })

  test('a former version again rolls back', async () => {
    await publish()
    const { journeys } = await loadDefinitions(db)
    directory.write({ 'journeys/welcome.yaml': welcome.replace('name: Welcome', 'name: Welcome back') })
    await publish()
    directory.write({ 'journeys/welcome.yaml': welcome })
    expect((await publish()).published).toEqual(['journey welcome'])
    const { live } = await loadDefinitions(db)
    expect(live.map((journey) => `${journey.key}@${journey.version}`)).toEqual([...journeys.keys()])
  })

  test('a directory with one mistake changes nothing at all', async () => {
    await publish()
    directory.write({
      'journeys/welcome.yaml': welcome.replace('name: Welcome', 'name: Welcome back'),
      'journeys/wrong.yaml': 'name: Wrong',
    })
    await expect(publish()).rejects.toThrow('journeys/wrong.yaml:1 topic: is missing')
    expect(await rows()).toContain('journey Welcome live')
  })

  test('leaves in force what the directory does not have, and says so', async () => {
    directory.write({ 'journeys/other.yaml': welcome.replace('name: Welcome', 'name: Other') })
    await publish()
    directory.write({ 'journeys/other.yaml': null })
    expect(await publish()).toMatchObject({ published: [], onlyInDatabase: ['journey other'] })
    expect((await loadDefinitions(db)).live.map(({ key }) => key)).toEqual(['other', 'welcome'])
  })

  test('can be seen before it is done', async () => {
    const files = await readCampaignFiles(directory.path)
    expect((await previewPublication(db, files)).published).toHaveLength(4)
    expect(await rows()).toEqual([])
  })

  test('for the first time happens once', async () => {
    expect((await publishFirstCampaigns(db, directory.path, nowMs))?.published).toHaveLength(4)
    directory.write({ 'journeys/welcome.yaml': welcome.replace('name: Welcome', 'name: Welcome back') })
    expect(await publishFirstCampaigns(db, directory.path, nowMs)).toBeUndefined()
    expect(await rows()).toContain('journey Welcome live')
  })

  test('many times at once leaves one version of each in force', async () => {
    const directories = Array.from({ length: 6 }, (_, i) =>
      campaignDirectory({ 'journeys/welcome.yaml': welcome.replace('name: Welcome', `name: Welcome ${i}`) }),
    )
    await Promise.all(directories.map(({ path }) => publishCampaigns(db, path, nowMs)))
    for (const each of directories) each.remove()
    const { rows } = await db.pool.query(`SELECT key FROM campaigns WHERE status = 'live' ORDER BY key`)
    expect(rows.map(({ key }: { key: string }) => key)).toEqual(['contact-policy', 'lifecycle', 'welcome'])
    expect((await db.pool.query('SELECT 1 FROM campaigns')).rowCount).toBe(8)
  })
})

describe('loading', () => {
  test('gives what was in the files', async () => {
    await publish()
    const { definitions } = await readCampaignFiles(directory.path)
    const { allocations, ...loaded } = await loadDefinitions(db)
    expect(allocations).toEqual(new Map()) // Learned, so in no file.
    expect({ ...loaded, version: '' }).toEqual({ ...definitions, version: '' })
  })

  test('keeps former versions of journeys for those who follow them, and nobody else enters them', async () => {
    await publish()
    directory.write({ 'journeys/welcome.yaml': welcome.replace('name: Welcome', 'name: Welcome back') })
    await publish()
    const { live, journeys } = await loadDefinitions(db)
    expect(live.map(({ name }) => name)).toEqual(['Welcome back'])
    expect([...journeys.values()].map(({ name }) => name).sort()).toEqual(['Welcome', 'Welcome back'])

    await db.pool.query(`UPDATE campaigns SET status = 'archived' WHERE name = 'Welcome'`)
    expect([...(await loadDefinitions(db)).journeys.values()].map(({ name }) => name)).toEqual(['Welcome back'])
  })

  test('leaves out a former version that can no longer be read, and refuses a live one', async () => {
    await publish()
    directory.write({ 'journeys/welcome.yaml': welcome.replace('name: Welcome', 'name: Welcome back') })
    await publish()
    // As a later version of the product would see them: nobody can change what was published.
    const spoil = (name: string, document: string): Promise<unknown> =>
      db.transaction(async (client) => {
        await client.query("SET LOCAL session_replication_role = 'replica'")
        await client.query('UPDATE campaigns SET document = $2 WHERE name = $1', [name, document])
      })
    await spoil('Welcome', '{"name": "Welcome"}')
    expect((await loadDefinitions(db)).journeys.size).toBe(1)
    await spoil('Welcome back', '{}')
    await expect(loadDefinitions(db)).rejects.toThrow(/journey welcome \(\w+\): name: is missing/)
  })

  test('of nothing says what to do', async () => {
    await expect(loadDefinitions(db)).rejects.toThrow('nothing is published yet; "perennial apply" publishes')
  })

  test('of a template gives the version in force', async () => {
    await publish()
    expect(await loadTemplate(db, 'hello')).toMatchObject({ key: 'hello', channel: 'email', subject: 'Hello' })
    directory.write({ 'templates/hello.email.html': '---\nsubject: Hi\n---\n<p>Hi</p>' })
    expect((await publish()).published).toEqual(['template hello'])
    expect(await loadTemplate(db, 'hello')).toMatchObject({ subject: 'Hi', html: '<p>Hi</p>' })
    expect(await loadTemplate(db, 'goodbye')).toBeUndefined()
  })
})

describe('the cache', () => {
  test('sees a publication once its age is over, and asks for nothing in between', async () => {
    await publish()
    const patient = createDefinitionsCache(db, { maxAgeMs: 60_000 })
    const eager = createDefinitionsCache(db, { maxAgeMs: 0 })
    const first = await eager.get()
    await patient.get()
    expect(await eager.get()).toBe(first)

    directory.write({ 'journeys/welcome.yaml': welcome.replace('name: Welcome', 'name: Welcome back') })
    await publish()
    expect((await eager.get()).live.map(({ name }) => name)).toEqual(['Welcome back'])
    expect((await patient.get()).live.map(({ name }) => name)).toEqual(['Welcome'])
  })

  test('answers many at once with one look', async () => {
    await publish()
    const cache = createDefinitionsCache(db, { maxAgeMs: 0 })
    const all = await Promise.all(Array.from({ length: 50 }, () => cache.get()))
    expect(new Set(all).size).toBe(1)
  })

  test('recovers once something is published', async () => {
    const cache = createDefinitionsCache(db, { maxAgeMs: 0 })
    await expect(cache.get()).rejects.toThrow('nothing is published yet')
    await publish()
    expect((await cache.get()).live).toHaveLength(1)
  })
})
