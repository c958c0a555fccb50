/** Cohort retention: of those who came in the same month or week, how many were there again so many later? */

import { checkWhole, refuse } from '../core/check.ts'

/** What customers did, as columns of equal length: orders, visits, whatever counts as being there. */
export interface Activities {
  readonly customerIds: readonly string[]
  /** Whole days, as `dayNumber` counts them. */
  readonly days: ArrayLike<number>
}

export interface CohortOptions {
  /** Weeks begin on Monday. */
  readonly period: 'week' | 'month'
  /** The last day that is known; later activities are left out. The last day of any activity unless given. */
  readonly throughDay?: number
}

/** Those whose first activity fell in the same period. */
export interface Cohort {
  /** The first day of that period. */
  readonly firstDay: number
  /** Customers. */
  readonly size: number
  /** For each period from the first on: how many of them were active in it. The first entry is `size`. */
  readonly active: readonly number[]
  /** The same as shares of `size`, from 0 to 1. */
  readonly retention: readonly number[]
}

export interface CohortRetention {
  /** From the first period with a newcomer to the last; periods without one have no cohort. */
  readonly cohorts: readonly Cohort[]
  /**
   * For each number of periods since the first: the share who were active, of the customers of all cohorts that are old
   * enough to tell. Only whole periods count, since one that still runs would look worse than it will be.
   */
  readonly meanRetention: readonly number[]
  /** Whether the last period is still running on `throughDay`; then the last entry of each cohort will grow. */
  readonly lastPeriodRuns: boolean
}

/**
 * Who came back, by cohort. Several activities in a period count once; the order of the rows changes nothing.
 *
 * @throws RangeError if the columns differ in length, a day is not whole, or nothing happened by `throughDay`.
 */
export function cohortRetention(activities: Activities, { period, throughDay }: CohortOptions): CohortRetention {
  const { customerIds, days } = activities
  if (days.length !== customerIds.length) {
    refuse('activities.days.length', days.length, `must be that of customerIds (${customerIds.length})`)
  }
  const calendar = calendars[period] ?? refuse('period', period, 'must be week or month')
  const through = throughDay === undefined ? lastOf(days) : checkDay('throughDay', throughDay)
  const active = periodsByCustomer(activities, through, calendar.periodOf)
  const last = calendar.periodOf(through)
  const counts = countByCohort(active, last)
  const cohorts = Array.from(counts, ([first, active]): Cohort => {
    const size = active[0] as number
    return { firstDay: calendar.firstDay(first), size, active, retention: active.map((count) => count / size) }
  })
  const lastPeriodRuns = through < calendar.firstDay(last + 1) - 1
  return { cohorts, meanRetention: meanRetention(cohorts, lastPeriodRuns), lastPeriodRuns }
}

interface Calendar {
  periodOf(day: number): number
  firstDay(period: number): number
}

const DAY_MS = 86_400_000

const calendars: { readonly [period in CohortOptions['period']]: Calendar } = {
  week: {
    periodOf: (day) => Math.floor((day + 3) / 7), // Day 0, 1970-01-01, was a Thursday.
    firstDay: (week) => week * 7 - 3,
  },
  month: {
    periodOf: (day) => {
      const date = new Date(day * DAY_MS)
      return date.getUTCFullYear() * 12 + date.getUTCMonth()
    },
    firstDay: (month) => Date.UTC(Math.floor(month / 12), month % 12) / DAY_MS,
  },
}

function periodsByCustomer(
  { customerIds, days }: Activities,
  through: number,
  periodOf: Calendar['periodOf'],
): Map<string, Set<number>> {
  const periods = new Map<string, Set<number>>()
  for (let i = 0; i < customerIds.length; i++) {
    const day = checkDay(`activities.days[${i}]`, days[i] as number)
    if (day > through) continue
    const id = customerIds[i] as string
    const own = periods.get(id)
    if (own === undefined) periods.set(id, new Set([periodOf(day)]))
    else own.add(periodOf(day))
  }
  if (periods.size === 0) refuse('activities', 'nothing', 'must hold an activity by throughDay')
  return periods
}

/** For each first period, ascending, how many of its cohort were active in each period up to the last. */
function countByCohort(active: Map<string, Set<number>>, last: number): Map<number, number[]> {
  const counts = new Map<number, number[]>()
  for (const periods of active.values()) {
    const first = Math.min(...periods)
    let row = counts.get(first)
    if (row === undefined) counts.set(first, (row = Array.from({ length: last - first + 1 }, () => 0)))
    for (const period of periods) row[period - first] = (row[period - first] as number) + 1
  }
  return new Map([...counts].sort(([a], [b]) => a - b))
}

function meanRetention(cohorts: readonly Cohort[], lastPeriodRuns: boolean): number[] {
  const sums: { active: number; size: number }[] = []
  for (const { active, size } of cohorts) {
    const whole = lastPeriodRuns ? active.slice(0, -1) : active
    whole.forEach((count, age) => {
      const sum = (sums[age] ??= { active: 0, size: 0 })
      sum.active += count
      sum.size += size
    })
  }
  return sums.map(({ active, size }) => active / size)
}

function lastOf(days: ArrayLike<number>): number {
  let last = Number.NEGATIVE_INFINITY
  for (let i = 0; i < days.length; i++) last = Math.max(last, checkDay(`activities.days[${i}]`, days[i] as number))
  return days.length > 0 ? last : refuse('activities', 'nothing', 'must hold an activity by throughDay')
}

/** Days within what a calendar can hold. */
function checkDay(argument: string, day: number): number {
  return checkWhole(argument, day, -100_000_000, 99_999_900)
}
