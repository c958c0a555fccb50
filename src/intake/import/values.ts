/** Values of a file, read strictly: what does not fit its rule is refused with the rule, never guessed at. */

import { offsetMsAt } from '../../domain/local-time.ts'
import type { EpochMs } from '../../domain/time.ts'
import { decimalsOf } from '../money.ts'

/** How days are written: 2026-03-31, 31/03/2026, 3/31/2026. */
export type DateOrder = 'iso' | 'dmy' | 'mdy'

const iso = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s?(Z|z|[+-]\d{2}:?\d{2})?)?$/
const local = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2}))?)?$/

const samples: Readonly<Record<DateOrder, string>> = {
  iso: '2026-03-31 or 2026-03-31T09:30:00Z',
  dmy: '31/03/2026 or 31/03/2026 09:30',
  mdy: '3/31/2026 or 3/31/2026 9:30',
}

/** Reads moments. A time without a zone is of the given one; a day is its first moment there. */
export class MomentReader {
  readonly rule: string
  readonly #order: DateOrder
  readonly #zone: string
  /** Lines of one order share their moment. */
  #last = { text: '', ms: undefined as EpochMs | undefined }

  constructor(order: DateOrder, zone: string) {
    this.#order = order
    this.#zone = zone
    this.rule = `must be a moment such as ${samples[order]}`
  }

  read(text: string): EpochMs | undefined {
    if (text === this.#last.text) return this.#last.ms
    const ms = this.#order === 'iso' ? this.#iso(text) : this.#local(text)
    this.#last = { text, ms }
    return ms
  }

  #iso(text: string): EpochMs | undefined {
    const parts = iso.exec(text)
    if (parts === null) return undefined
    const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = parts
    const utcMs = utc(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second))
    if (utcMs === undefined) return undefined
    const ms = utcMs + Math.floor(Number(`0.${fraction || 0}`) * 1000)
    return zone === undefined ? this.#inZone(ms) : inReason(ms - zoneMs(zone))
  }

  #local(text: string): EpochMs | undefined {
    const parts = local.exec(text)
    if (parts === null) return undefined
    const [, one, two, year, hour = '0', minute = '0', second = '0'] = parts
    const [day, month] = this.#order === 'dmy' ? [one, two] : [two, one]
    const ms = utc(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second))
    return ms === undefined ? undefined : this.#inZone(ms)
  }

  /** Of a time that comes twice when clocks go back, the earlier; one that clocks leave out does not exist. */
  #inZone(localMs: number): EpochMs | undefined {
    if (this.#zone === 'UTC') return inReason(localMs)
    const dayMs = 86_400_000
    const offsets = [offsetMsAt(this.#zone, localMs - dayMs), offsetMsAt(this.#zone, localMs + dayMs)]
    const fitting = offsets.filter((offset) => offsetMsAt(this.#zone, localMs - offset) === offset)
    return fitting.length === 0 ? undefined : inReason(localMs - Math.max(...fitting))
  }
}

function utc(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined {
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const ms = Date.UTC(year, month - 1, day, hour, minute, second)
  const date = new Date(ms)
  // The 30th of February rolls over into March: a day that reads back differently is none.
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
    ? ms
    : undefined
}

function zoneMs(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0
  const digits = zone.slice(1).replace(':', '')
  const ms = (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000
  return zone.startsWith('-') ? -ms : ms
}

/** Nothing that a shop knows happened before 1970 or lies after 9999. */
function inReason(ms: number): EpochMs | undefined {
  return ms >= 0 && ms <= 253_402_300_799_999 ? ms : undefined
}

/** An exact decimal: `units / 10 ** scale`. */
export interface Decimal {
  readonly units: number
  readonly scale: number
}

const mostDigits = 15
const mostScale = 6
export const decimalRule = 'must be a decimal number such as 19.90, without signs of currency or thousands'

/** Digits, with a minus before and at most six decimals. Character by character: this is asked for every line. */
export function readDecimal(text: string): Decimal | undefined {
  const isNegative = text.charCodeAt(0) === 45
  let units = 0
  let digits = 0
  let point = -1
  for (let at = isNegative ? 1 : 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit >= 0 && digit <= 9) {
      units = units * 10 + digit
      digits++
    } else if (digit === -2 && point < 0 && digits > 0) point = at
    else return undefined
  }
  const scale = point < 0 ? 0 : text.length - point - 1
  if (digits === 0 || digits > mostDigits || scale > mostScale || (point >= 0 && scale === 0)) return undefined
  return { units: isNegative ? -units : units, scale }
}

/** Beyond this an amount is a mistake; sums of thousands of them still fit a double exactly. */
const mostMinorUnits = 1e12

/** So many times a price, in whole minor units, rounded half away from zero; undefined beyond all reason. */
export function minorUnits(price: Decimal, times: number, currency: string): number | undefined {
  const exact = price.units * times
  const shift = price.scale - (decimalsOf[currency] ?? 2)
  // Halves are exact in a double, and so is a division that gives one.
  const units = shift <= 0 ? Math.abs(exact) * 10 ** -shift : Math.round(Math.abs(exact) / 10 ** shift)
  if (!Number.isSafeInteger(exact) || units > mostMinorUnits) return undefined
  return exact < 0 ? -units : units
}

export function readWhole(text: string): number | undefined {
  const decimal = text.length <= 10 ? readDecimal(text) : undefined
  return decimal?.scale === 0 ? decimal.units : undefined
}

/** A text of JSON or CSV without spaces around it; numbers of JSON as they are written; undefined for everything else. */
export function readText(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim()
  return typeof value === 'number' ? String(value) : undefined
}

const yes = new Set(['true', 'yes', 'y', '1', 't'])
const no = new Set(['false', 'no', 'n', '0', 'f'])

export function readYesNo(text: string): boolean | undefined {
  const word = text.toLowerCase()
  return yes.has(word) ? true : no.has(word) ? false : undefined
}
