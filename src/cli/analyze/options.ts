/** Parsers for the values of options. Every refusal names the option as typed, the value and the rule. */

import { UsageError } from '../usage-error.ts'

/** Turns the text after an option into its value; for commander's `option(flags, description, parser)`. */
export type OptionParser<T> = (text: string) => T

/** The limits of a number; `above` and `below` exclude the limit itself. */
export interface NumberRule {
  readonly least?: number
  readonly most?: number
  readonly above?: number
  readonly below?: number
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const isoDay = /^\d{4}-\d{2}-\d{2}$/

/** Refuses an option's value in the one form that all of `analyze` uses. */
export function refuseOption(flag: string, text: string, rule: string): never {
  throw new UsageError(`${flag}: ${JSON.stringify(text)} ${rule}`)
}

/** A finite decimal number within the limits, for example `numberOption('--min-support', { above: 0, most: 1 })`. */
export function numberOption(flag: string, limits: NumberRule = {}): OptionParser<number> {
  return (text) => {
    const value = decimalNumber(text)
    if (!Number.isFinite(value)) refuseOption(flag, text, 'must be a finite number')
    if (!within(value, limits)) refuseOption(flag, text, `must be a number ${describeLimits(limits)}`)
    return value
  }
}

/** A whole number of at least `least` (and at most `most`). */
export function wholeOption(flag: string, least: number, most = Number.MAX_SAFE_INTEGER): OptionParser<number> {
  const upper = most === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${most}`
  return (text) => {
    const value = decimalNumber(text)
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value
    return refuseOption(flag, text, `must be a whole number of at least ${least}${upper}`)
  }
}

/** A seed for `seededRandom`: a whole number of 32 bits. */
export function seedOption(flag = '--seed'): OptionParser<number> {
  return wholeOption(flag, 0, 0xffff_ffff)
}

/** One of the named choices. */
export function choiceOption<T extends string>(flag: string, choices: readonly T[]): OptionParser<T> {
  return (text) => choices.find((choice) => choice === text) ?? refuseOption(flag, text, `must be ${either(choices)}`)
}

/** Names with commas between them: none empty, none twice. */
export function namesOption(flag: string): OptionParser<string[]> {
  return (text) => {
    const names = text.split(',').map((name) => name.trim())
    if (names.includes('')) refuseOption(flag, text, 'must be names with commas between them, none of them empty')
    const twice = names.find((name, i) => names.indexOf(name) !== i)
    if (twice !== undefined) refuseOption(flag, text, `must not name ${JSON.stringify(twice)} twice`)
    return names
  }
}

/** Exactly `count` finite numbers with commas between them, each within the limits. */
export function numbersOption(flag: string, count: number, limits: NumberRule = {}): OptionParser<number[]> {
  return (text) => {
    const values = text.split(',').map((part) => decimalNumber(part.trim()))
    if (values.length !== count || !values.every(Number.isFinite)) {
      refuseOption(flag, text, `must be ${count} finite numbers with commas between them`)
    }
    if (!values.every((value) => within(value, limits))) {
      refuseOption(flag, text, `must hold only numbers ${describeLimits(limits)}`)
    }
    return values
  }
}

/** A day of the calendar as `YYYY-MM-DD`, returned as typed. */
export function dayOption(flag: string): OptionParser<string> {
  return (text) => (isIsoDay(text) ? text : refuseOption(flag, text, 'must be a day of the form YYYY-MM-DD'))
}

/** Whether the text is a day that exists, in the form `YYYY-MM-DD`. */
export function isIsoDay(text: string): boolean {
  if (!isoDay.test(text)) return false
  const time = Date.parse(`${text}T00:00:00Z`)
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(text) // 30 February would roll over.
}

/**
 * The number that a text spells in plain decimal notation, else NaN: JavaScript's own conversion takes blanks for 0 and
 * hexadecimal for a number.
 */
export function decimalNumber(text: string): number {
  return decimal.test(text) ? Number(text) : Number.NaN
}

function within(value: number, { least, most, above, below }: NumberRule): boolean {
  return (
    (least === undefined || value >= least) &&
    (most === undefined || value <= most) &&
    (above === undefined || value > above) &&
    (below === undefined || value < below)
  )
}

function describeLimits({ least, most, above, below }: NumberRule): string {
  const limits = [
    least === undefined ? [] : `of at least ${least}`,
    above === undefined ? [] : `above ${above}`,
    most === undefined ? [] : `at most ${most}`,
    below === undefined ? [] : `below ${below}`,
  ]
  return limits.flat().join(' and ')
}

function either(choices: readonly string[]): string {
  return choices.length < 2 ? choices.join('') : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`
}
