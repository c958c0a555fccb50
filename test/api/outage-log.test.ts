/** An outage is told in the log now and then, however many requests it fails. */

import Fastify, { type FastifyBaseLogger } from 'fastify'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { handleErrors } from '../../src/api/api-error.ts'
import { createSeldom } from '../../src/seldom.ts'
import { openDatabase } from '../../src/store/database.ts'
import { createTestDatabase } from '../support/database.ts'

test('the same is told once within the time, then again with how often it was left out; something else at once', () => {
  let nowMs = 0
  const told: string[] = []
  const seldom = createSeldom(1_000, () => nowMs)
  const say = (what: string): void => seldom(what, (more) => told.push(`${what} ${more}`))
  for (; nowMs < 2_500; nowMs += 100) say('away')
  say('full')
  expect(told).toEqual(['away 0', 'away 9', 'away 9', 'full 0'])
})

test('a database that is away answers every request with 503, and the log with a line', async () => {
  const lines: string[] = []
  const logger: FastifyBaseLogger = pino({ level: 'warn' }, { write: (line) => void lines.push(line) })
  const app = Fastify({ loggerInstance: logger })
  handleErrors(app)
  const database = openDatabase('postgresql://nobody:secret@127.0.0.1:1/none', { maxConnections: 1 })
  app.get('/', () => database.pool.query('SELECT 1'))
  const answers = await Promise.all(Array.from({ length: 30 }, () => app.inject('/')))
  expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([503]))
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('ECONNREFUSED')
  expect(lines[0]).not.toContain('secret')
  await app.close()
  await database.close()
})

test('a database that may only be read for now is an outage like any other: the sender is to try again', async () => {
  const testDatabase = await createTestDatabase()
  const url = new URL(testDatabase.url)
  url.searchParams.set('options', '-c default_transaction_read_only=on')
  const database = openDatabase(url.href, { maxConnections: 1 })
  const app = Fastify()
  handleErrors(app)
  app.post('/', () => database.pool.query('DELETE FROM news'))
  const answer = await app.inject({ method: 'POST', url: '/' })
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2'])
  await app.close()
  await database.close()
  await testDatabase.drop()
})
