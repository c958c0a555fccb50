/** What the newest version of each journey does with runs of the former ones, where they do not simply go on. */

import type { Definitions, Succession } from '../../domain/definitions.ts'
import type { InFlightChoice } from '../../domain/in-flight.ts'
import type { Queryable } from '../database.ts'

interface Row {
  readonly key: string
  readonly version: string
  readonly in_flight: Partial<InFlightChoice>
}

/** As a part of the definitions; empty where everybody stays. */
export async function readSuccessions(client: Queryable): Promise<Pick<Definitions, 'successions'>> {
  const { rows } = await client.query<Row>(
    `SELECT key, version, in_flight FROM (
       SELECT DISTINCT ON (key) key, version, in_flight FROM campaign_publications
        WHERE kind = 'journey' ORDER BY key, number DESC) AS newest
      WHERE in_flight ->> 'choice' IN ('move', 'exit')`,
  )
  if (rows.length === 0) return {}
  return { successions: new Map(rows.map((row): [string, Succession] => [row.key, toSuccession(row)])) }
}

function toSuccession({ version, in_flight: inFlight }: Row): Succession {
  return {
    version,
    inFlight: inFlight.choice === 'move' ? { choice: 'move', map: inFlight.map ?? {} } : { choice: 'exit' },
  }
}
