/** Tests of an event's properties: as documents write them, and whether they hold. */

import { z } from 'zod'
import type { ValueTest } from './condition.ts'
import { comparableName, personalInProperties } from './personal-names.ts'
import { passes, storableText, valueTest } from './value-test.ts'

/** Tests of an event's properties by name; all must hold. */
export type PropertyTests = readonly { readonly property: string; readonly test: ValueTest }[]

/** What is personal is split off and sealed before an event is stored, so no test could ever see it. */
export const propertyName = storableText
  .min(1)
  .max(200)
  .refine((name) => !name.split('.').some((part) => personalInProperties.has(comparableName(part))), {
    message: 'is personal: it is sealed and cannot be asked for',
  })

/** `{ total: { at_least: 50 }, coupon: WELCOME }`; a name with dots looks into nested mappings. */
export const propertyTests = z
  .record(propertyName, valueTest)
  .transform((tests): PropertyTests => Object.entries(tests).map(([property, test]) => ({ property, test })))

/** Whether all tests hold for the properties of an event. */
export function propertiesPass(tests: PropertyTests, properties: Readonly<Record<string, unknown>>): boolean {
  return tests.every(({ property, test }) => passes(test, propertyAt(properties, property)))
}

/** The value under a name; dots lead into mappings, never into lists, unless the whole name is there as it stands. */
export function propertyAt(properties: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(properties, name)) return properties[name]
  let value: unknown = properties
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, part))
      return undefined
    value = (value as Readonly<Record<string, unknown>>)[part]
  }
  return value
}
