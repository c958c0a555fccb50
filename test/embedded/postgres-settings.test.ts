import { expect, test } from 'vitest'
import { postgresSettings } from '../../src/embedded/postgres-settings.ts'

const gibibyte = 1024 ** 3

test.each([
  ['a quarter of the memory', 24, 'shared_buffers=6144MB'],
  ['what PostgreSQL has by itself on a small machine', 0.25, 'shared_buffers=128MB'],
  ['no more than helps on a large one', 256, 'shared_buffers=8192MB'],
])('the embedded PostgreSQL takes %s', (_, gigabytes, setting) => {
  expect(postgresSettings(true, gigabytes * gibibyte)).toContain(setting)
})

test('a server for tests stays small and need not be durable', () => {
  const settings = postgresSettings(false, 24 * gibibyte)
  expect(settings).toContain('fsync=off')
  expect(settings.join()).not.toContain('shared_buffers')
})
