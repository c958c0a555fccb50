/** What every number of this library must pass: errors that name the argument, the value and the rule. */

/** The one form of every refusal: `argument: value breaks rule`. */
export function refuse(argument: string, value: unknown, rule: string): never {
  throw new RangeError(`${argument}: ${describe(value)} ${rule}`)
}

/** @throws RangeError unless `value` is a finite number. */
export function checkFinite(argument: string, value: number): number {
  return Number.isFinite(value) ? value : refuse(argument, value, 'must be a finite number')
}

/** @throws RangeError unless `value` is a whole number of at least `least` (and at most `most`). */
export function checkWhole(argument: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value
  const upper = most === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${most}`
  return refuse(argument, value, `must be a whole number of at least ${least}${upper}`)
}

/** @throws RangeError unless `low ≤ value ≤ high`. */
export function checkBetween(argument: string, value: number, low: number, high: number): number {
  return value >= low && value <= high ? value : refuse(argument, value, `must lie between ${low} and ${high}`)
}

/** @throws RangeError naming the position of the first value that is not finite, or if there is none at all. */
export function checkAllFinite<T extends ArrayLike<number>>(argument: string, values: T): T {
  if (values.length === 0) refuse(argument, 'nothing', 'must hold at least one number')
  for (let i = 0; i < values.length; i++) checkFinite(`${argument}[${i}]`, values[i] as number)
  return values
}

function describe(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
