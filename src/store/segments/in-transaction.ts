/** A transaction on a connection that is kept for more than one. */

import type { Queryable } from '../database.ts'

export async function inTransaction<T>(client: Queryable, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN')
  try {
    const result = await work()
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined) // What made the work fail is the better error.
    throw error
  }
}
