/** Properties of `events e` in SQL. Says the same as src/domain/property-tests.ts. */

import type { PropertyTests } from '../../domain/property-tests.ts'
import type { SqlParams } from './sql-params.ts'
import { passesSql } from './value-test-sql.ts'

/** All tests, each joined to a WHERE. */
export function propertiesPassSql(tests: PropertyTests, params: SqlParams): string {
  return tests
    .map(
      ({ property, test }) => ` AND ${passesSql(test, { sql: propertyAt(property, params), type: 'jsonb' }, params)}`,
    )
    .join('')
}

/** The number under a name, NULL where there is none. */
export function numericProperty(name: string, params: SqlParams): string {
  const value = propertyAt(name, params)
  return `CASE WHEN jsonb_typeof(${value}) = 'number' THEN (${value})::numeric END`
}

/** NULL for JSON's null, too. */
export function propertyAt(name: string, params: SqlParams): string {
  const whole = `e.properties -> ${params.text(name)}`
  const parts = name.split('.')
  if (parts.length === 1) return `nullif(${whole}, 'null')`
  // By `->`, which leads into mappings only; a path would lead into lists.
  const nested = parts.map((part) => ` -> ${params.text(part)}`).join('')
  return `nullif(CASE WHEN e.properties ? ${params.text(name)} THEN ${whole} ELSE e.properties${nested} END, 'null')`
}
