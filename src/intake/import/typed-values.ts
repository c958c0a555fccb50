/** Values of columns that are no field of their own: traits and properties, with a type that is told or guessed. */

import type { Extra } from './columns.ts'
import { decimalRule, type MomentReader, readDecimal, readText, readYesNo } from './values.ts'

/** A value that is not of the type which its column was given. */
export class BadType {
  readonly rule: string

  constructor(rule: string) {
    this.rule = rule
  }
}

const jsonNumber = /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,10})?$/

/** Of CSV: what looks like a number or true and false is one, unless a type is told. Nothing: no value. */
export function typedValue({ value, type }: Extra, moments: MomentReader): unknown {
  if (value === null || value === undefined || value === '') return undefined
  if (typeof value !== 'string' && type === undefined) return value
  const text = typeof value === 'boolean' ? String(value) : (readText(value) ?? '')
  switch (type) {
    case 'text':
      return text
    case 'number':
      return readDecimal(text) === undefined ? new BadType(decimalRule) : Number(text)
    case 'boolean':
      return readYesNo(text) ?? new BadType('must be true or false')
    case 'date': {
      const ms = moments.read(text)
      return ms === undefined ? new BadType(moments.rule) : new Date(ms).toISOString()
    }
    case undefined:
      if (jsonNumber.test(text)) return Number(text)
      return text === 'true' ? true : text === 'false' ? false : value
  }
}

/** An object, or JSON of one; nothing is an empty one. @returns undefined of anything else. */
export function objectOf(value: unknown): Record<string, unknown> | undefined {
  if (value === undefined || value === null || value === '') return {}
  let given: unknown = value
  if (typeof value === 'string') {
    try {
      given = JSON.parse(value)
    } catch {
      return undefined
    }
  }
  return typeof given === 'object' && given !== null && !Array.isArray(given)
    ? (given as Record<string, unknown>)
    : undefined
}
