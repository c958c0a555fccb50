/** Copies lines of orders into their table, as `WrittenLines` wrote them down. */

import { finished } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

export async function copyOrderLines(client: pg.ClientBase, blocks: readonly Uint8Array[]): Promise<void> {
  const stream = client.query(
    copyFrom('COPY order_lines (order_id, position, product_key, quantity, price_cents) FROM STDIN (FORMAT binary)'),
  )
  const done = finished(stream)
  stream.write(header)
  for (const block of blocks) stream.write(block) // All of it is in memory anyway.
  stream.end(trailer)
  await done
}

/** No flags, no extension. */
const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)])
const trailer = Buffer.from([0xff, 0xff])
