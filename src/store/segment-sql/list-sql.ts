/** Conditions on lists that hold the customer: segments, journeys, what models found. */

import type { ListFact } from '../../domain/condition.ts'
import type { Answer } from './answer.ts'
import type { Desk } from './desk.ts'
import type { SqlParams } from './sql-params.ts'

export function listSql(list: ListFact, keys: readonly string[], desk: Desk): Answer {
  const rows = `SELECT DISTINCT t.customer_id ${listed(list, keys, desk.params)}${desk.inScope('t.customer_id')}`
  return desk.booleanFact(rows, false, 'stays')
}

function listed(list: ListFact, keys: readonly string[], params: SqlParams): string {
  const wanted = `ANY (${params.texts(keys)})`
  switch (list.of) {
    case 'segment':
      return `FROM segment_members t JOIN segments s ON s.id = t.segment_id
        WHERE s.kind = 'segment' AND s.status = 'live' AND s.key = ${wanted}`
    case 'journey': {
      const inState = list.state === 'entered' ? '' : ` AND t.status = ${params.text(list.state)}`
      return `FROM journey_runs t WHERE t.journey = ${wanted}${inState}`
    }
    case 'match':
      return `FROM customer_matches t WHERE t.kind = ${params.text(list.kind)} AND t.key = ${wanted}`
  }
}
