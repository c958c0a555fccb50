/** Tests of an event's properties: as documents write them, and whether they hold. */

import { z } from 'zod'
import type { PropertyTests } from './definitions.ts'
import { passes, valueTest } from './value-test.ts'

/** `{ total: { at_least: 50 }, coupon: WELCOME }`; a name with dots looks into nested mappings. */
export const propertyTests = z
  .record(z.string().min(1), valueTest)
  .transform((tests): PropertyTests => Object.entries(tests).map(([property, test]) => ({ property, test })))

/** Whether all tests hold for the properties of an event. */
export function propertiesPass(tests: PropertyTests, properties: Readonly<Record<string, unknown>>): boolean {
  return tests.every(({ property, test }) => passes(test, propertyAt(properties, property)))
}

function propertyAt(properties: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(properties, name)) return properties[name]
  let value: unknown = properties
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[part]
  }
  return value
}
