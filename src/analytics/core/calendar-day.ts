/** Days of the calendar as whole numbers, so that days can be counted. */

import { refuse } from './check.ts'

const form = /^\d{4}-\d{2}-\d{2}$/
const dayMs = 86_400_000

/**
 * The number of a day, counted from 1970-01-01.
 *
 * @param day As `YYYY-MM-DD`.
 * @throws RangeError unless the text has that form and the day exists.
 */
export function dayNumber(day: string): number {
  const time = form.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN
  // 30 February would be read as a day of March.
  if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(day)) {
    refuse('day', day, 'must be a day of the form YYYY-MM-DD')
  }
  return time / dayMs
}
