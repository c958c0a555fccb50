/**
 * Messages that have not come to their end, whoever sends them. Two indexes hold them, one of broadcasts' and one of all
 * others; asked for in one, neither would do and every message there ever was would be read.
 */

/** SQL: a table of them, of the given columns. */
export function openMessagesSql(columns: string): string {
  return `(SELECT ${columns} FROM messages WHERE settled_at IS NULL AND broadcast_id IS NULL
           UNION ALL SELECT ${columns} FROM messages WHERE settled_at IS NULL AND broadcast_id IS NOT NULL)`
}
