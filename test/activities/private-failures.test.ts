/** What an activity fails with: nobody's data in it, and how long to wait before it is tried again. */

import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { keepFailuresPrivate, outageDelayMs } from '../../workers/private-failures.ts'

async function failing(fault: unknown, attempt: number, delayMs?: (attempt: number) => number): Promise<unknown> {
  const context = { info: { activityType: 'deliverMessage', attempt } } as never
  const { inbound } = keepFailuresPrivate(pino({ level: 'silent' }), delayMs)(context)
  const fails = async (): Promise<never> => {
    throw fault
  }
  try {
    return await inbound?.execute?.({ args: [], headers: {} }, fails)
  } catch (told) {
    return told
  }
}

describe('a failure', () => {
  test('of which we know nothing is told by its kind alone', async () => {
    const told = await failing(Object.assign(new Error('ada@example.org is gone'), { code: '08006' }), 1)
    expect(told).toBeInstanceOf(ApplicationFailure)
    expect(JSON.stringify(told)).not.toContain('ada@')
    expect(told).toMatchObject({ message: expect.stringContaining('08006') })
    expect((told as ApplicationFailure).nextRetryDelay ?? undefined).toBeUndefined()
  })

  test.each([
    [1, 2_000],
    [2, 4_000],
    [5, 32_000],
    [40, 300_000],
  ])('waits the longer the more often it has come: attempt %i, %i ms', async (attempt, ms) => {
    expect(await failing(new Error('database away'), attempt, outageDelayMs)).toMatchObject({ nextRetryDelay: ms })
    const ours = ApplicationFailure.create({ message: 'smtp 451', type: 'DeliveryOutage' })
    expect(await failing(ours, attempt, outageDelayMs)).toMatchObject({ message: 'smtp 451', nextRetryDelay: ms })
  })

  test('that says itself when to come again is left alone, as is the end of a worker', async () => {
    const busy = ApplicationFailure.create({ message: 'another sender holds it', nextRetryDelay: 700 })
    expect(await failing(busy, 9, outageDelayMs)).toMatchObject({ nextRetryDelay: 700 })
    const cancelled = new CancelledFailure('stopping')
    expect(await failing(cancelled, 9, outageDelayMs)).toBe(cancelled)
  })
})
