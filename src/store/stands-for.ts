/** Who somebody is by now: merges follow each other, and each of them can still be undone by itself. */

/** SQL: the id of whom the row of `customers` with this alias has become a part of, however often; else its own. */
export function standsForSql(customer: string): string {
  return `CASE WHEN ${customer}.merged_into IS NULL THEN ${customer}.id ELSE (
    WITH RECURSIVE up AS (
      SELECT next.id, next.merged_into FROM customers next WHERE next.id = ${customer}.merged_into
      UNION SELECT next.id, next.merged_into FROM up JOIN customers next ON next.id = up.merged_into
    ) SELECT up.id FROM up WHERE up.merged_into IS NULL) END`
}
