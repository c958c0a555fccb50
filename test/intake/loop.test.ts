/** Loops look often while there is something to do, and seldom at rest; a wake counts at once in either. */

import { pino } from 'pino'
import { expect, test } from 'vitest'
import { startLoop, waitMsAfter } from '../../src/intake/loop.ts'

test.each([
  [0, 50, 400, 50],
  [4_999, 50, 400, 50],
  [5_000, 50, 400, 400],
  [5_000, 50, undefined, 50],
  [5_000, 1_000, 400, 1_000], // Whoever looks seldom anyway does not look more often at rest.
])('quiet for %i ms, with %i ms by day and %s at rest: looks again after %i', (quietMs, idleMs, restMs, expected) => {
  expect(waitMsAfter(quietMs, { idleMs, restMs })).toBe(expected)
})

test('a wake ends the wait, however long', async () => {
  let rounds = 0
  const anHour = 3_600_000
  const loop = startLoop({
    name: 'test',
    log: pino({ level: 'silent' }),
    idleMs: anHour,
    maxBackoffMs: anHour,
    round: async () => {
      rounds++
      return false
    },
  })
  await expect.poll(() => rounds).toBe(1)
  loop.wake()
  await expect.poll(() => rounds).toBe(2)
  await loop.stop()
})
