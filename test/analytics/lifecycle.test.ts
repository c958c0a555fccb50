/** Cohort retention and the funnel of the lifecycle. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dayNumber } from '../../src/analytics/core/calendar-day.ts'
import { type Activities, cohortRetention } from '../../src/analytics/lifecycle/cohort-retention.ts'
import { stageFunnel } from '../../src/analytics/lifecycle/stage-funnel.ts'

function activities(...rows: [string, string][]): Activities {
  return { customerIds: rows.map(([id]) => id), days: rows.map(([, day]) => dayNumber(day)) }
}

describe('cohort retention', () => {
  const shop = activities(
    ['ada', '2026-01-31'],
    ['ada', '2026-01-05'],
    ['ada', '2026-03-01'],
    ['bob', '2026-01-20'],
    ['bob', '2026-02-28'],
    ['cyd', '2026-02-01'],
    ['cyd', '2026-03-31'],
    ['dan', '2026-03-15'],
  )

  test('counts, month by month, who of those that came together was there again', () => {
    const { cohorts, meanRetention, lastPeriodRuns } = cohortRetention(shop, { period: 'month' })
    expect(cohorts).toEqual([
      { firstDay: dayNumber('2026-01-01'), size: 2, active: [2, 1, 1], retention: [1, 0.5, 0.5] },
      { firstDay: dayNumber('2026-02-01'), size: 1, active: [1, 1], retention: [1, 1] },
      { firstDay: dayNumber('2026-03-01'), size: 1, active: [1], retention: [1] },
    ])
    expect(meanRetention).toEqual([1, 2 / 3, 0.5])
    expect(lastPeriodRuns).toBe(false)
  })

  test('leaves a month that still runs out of the mean, and says that it runs', () => {
    const { meanRetention, lastPeriodRuns, cohorts } = cohortRetention(shop, {
      period: 'month',
      throughDay: dayNumber('2026-03-30'),
    })
    expect(lastPeriodRuns).toBe(true)
    expect(cohorts[1]).toMatchObject({ active: [1, 0] }) // What comes on the 31st is not known yet.
    expect(meanRetention).toEqual([1, 0.5])
  })

  test('begins weeks on Monday', () => {
    const { cohorts } = cohortRetention(
      activities(['ada', '2026-11-22'], ['ada', '2026-11-23'], ['bob', '2026-11-23']),
      {
        period: 'week',
      },
    )
    expect(cohorts).toMatchObject([
      { firstDay: dayNumber('2026-11-16'), size: 1, active: [1, 1] },
      { firstDay: dayNumber('2026-11-23'), size: 1, active: [1] },
    ])
  })

  test('agrees with counting by hand, in any order of the rows', () => {
    const row = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.integer({ min: -400, max: 400 }))
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 40 }), (rows) => {
        const of = (list: [string, number][]): Activities => ({
          customerIds: list.map(([id]) => id),
          days: list.map(([, day]) => day),
        })
        const weekOf = (day: number): number => Math.floor((day + 3) / 7)
        const result = cohortRetention(of(rows), { period: 'week' })
        expect(cohortRetention(of(rows.toReversed()), { period: 'week' })).toEqual(result)
        for (const { firstDay, size, active } of result.cohorts) {
          const firstOf = (id: string): number =>
            Math.min(...rows.filter((r) => r[0] === id).map(([, day]) => weekOf(day)))
          const members = [...new Set(rows.map(([id]) => id))].filter((id) => firstOf(id) === weekOf(firstDay))
          expect(size).toBe(members.length)
          active.forEach((count, age) => {
            const there = members.filter((id) =>
              rows.some((r) => r[0] === id && weekOf(r[1]) === weekOf(firstDay) + age),
            )
            expect(count).toBe(there.length)
          })
        }
      }),
    )
  })

  test.each<[string, () => unknown, string]>([
    [
      'lengths that differ',
      () => cohortRetention({ customerIds: ['a'], days: [] }, { period: 'week' }),
      'activities.days',
    ],
    [
      'nothing at all',
      () => cohortRetention({ customerIds: [], days: [] }, { period: 'week' }),
      'activities: "nothing"',
    ],
    [
      'half a day',
      () => cohortRetention({ customerIds: ['a'], days: [0.5] }, { period: 'week' }),
      'activities.days[0]: 0.5',
    ],
    [
      'nothing by the last day',
      () => cohortRetention({ customerIds: ['a'], days: [5] }, { period: 'week', throughDay: 4 }),
      'must hold an activity by throughDay',
    ],
    [
      'an unknown period',
      () => cohortRetention({ customerIds: ['a'], days: [5] }, { period: 'year' as 'week' }),
      'period: "year" must be week or month',
    ],
  ])('refuses %s', (_, act, message) => {
    expect(act).toThrow(RangeError)
    expect(act).toThrow(message)
  })
})

describe('the funnel', () => {
  const stages = ['acquire', 'activate', 'retain']

  test('counts who ever came to a stage, and who stands there now', () => {
    expect(stageFunnel(stages, [0, 1, 2, 2], [0, 1, 1, 2])).toEqual([
      { stage: 'acquire', reached: 4, fromBefore: null, fromFirst: 1, current: 1 },
      { stage: 'activate', reached: 3, fromBefore: 0.75, fromFirst: 0.75, current: 2 },
      { stage: 'retain', reached: 2, fromBefore: 2 / 3, fromFirst: 0.5, current: 1 },
    ])
  })

  test('of nobody has counts of 0 and no shares', () => {
    expect(stageFunnel(stages, [], [])[1]).toEqual({
      stage: 'activate',
      reached: 0,
      fromBefore: null,
      fromFirst: null,
      current: 0,
    })
  })

  test.each<[string, () => unknown, string]>([
    ['no stage', () => stageFunnel([], [], []), 'stages: "nothing"'],
    ['a stage twice', () => stageFunnel(['a', 'a'], [], []), 'stages: "a" must not be there twice'],
    ['lengths that differ', () => stageFunnel(stages, [0], []), 'current.length: 0 must be that of furthest (1)'],
    ['a stage beyond the last', () => stageFunnel(stages, [3], [0]), 'furthest[0]: 3 must be a whole number'],
    ['standing beyond the furthest', () => stageFunnel(stages, [1], [2]), 'current[0]: 2 must be a whole number'],
  ])('refuses %s', (_, act, message) => {
    expect(act).toThrow(RangeError)
    expect(act).toThrow(message)
  })
})
