/** Taking a journey out of use: nobody enters it any more, and those in flight go on to the end or leave. */

import type { JourneyDefinition } from '../../domain/definitions.ts'
import { noteChange } from '../audit.ts'
import { loadDefinitions } from '../campaigns.ts'
import type { Database } from '../database.ts'
import { countInFlight, lockPeopleInFlight, settleInFlight } from '../publishing/in-flight-runs.ts'
import { lockPublishing } from '../publishing/publish-campaigns.ts'

export interface Archiving {
  readonly key: string
  readonly inFlight: 'stay' | 'exit'
  readonly by: string
  readonly nowMs: number
  /** Only say what would happen. */
  readonly dryRun: boolean
}

export type Archived =
  | { readonly result: 'archived'; readonly stay: number; readonly exit: number }
  /** Journeys in force that lead to it. */
  | { readonly result: 'in-use'; readonly by: readonly string[] }
  | { readonly result: 'not-live' }

export async function archiveJourney(
  db: Pick<Database, 'pool' | 'transaction'>,
  { key, inFlight, by, nowMs, dryRun }: Archiving,
): Promise<Archived> {
  return db.transaction(async (client) => {
    await lockPublishing(client)
    const { live } = await loadDefinitions({ pool: client })
    if (!live.some((journey) => journey.key === key)) return { result: 'not-live' }
    const users = live.filter((journey) => journey.key !== key && leadsTo(journey, key)).map((journey) => journey.key)
    if (users.length > 0) return { result: 'in-use', by: users }

    if (inFlight === 'exit' && !dryRun) await lockPeopleInFlight(client, [key])
    const standing = (await countInFlight(client, [key])).get(key) ?? []
    const people = standing.reduce((total, { count }) => total + count, 0)
    if (dryRun)
      return { result: 'archived', stay: inFlight === 'stay' ? people : 0, exit: inFlight === 'exit' ? people : 0 }

    const exit = inFlight === 'exit' ? await letAllLeave() : 0
    await client.query(
      `UPDATE campaigns SET status = CASE WHEN $2 THEN 'archived' ELSE 'superseded' END
        WHERE kind = 'journey' AND key = $1 AND (status = 'live' OR $2)`,
      [key, inFlight === 'exit'],
    )
    await client.query(
      `INSERT INTO journey_states (journey, archived_at) VALUES ($1, $2)
       ON CONFLICT (journey) DO UPDATE SET archived_at = excluded.archived_at`,
      [key, new Date(nowMs)],
    )
    await noteChange(client, { actor: by, action: 'archive', detail: { what: `journey ${key}`, inFlight, people } })
    return { result: 'archived', stay: people - exit, exit }

    async function letAllLeave(): Promise<number> {
      const done = await settleInFlight(client, {
        journey: key,
        newVersion: '',
        fates: standing.map((group) => ({ ...group, fate: { becomes: 'exits' } })),
        rule: 'journey-archived',
        reason: 'the journey was archived',
        nowMs,
      })
      return done.reduce((total, { count }) => total + count, 0)
    }
  })
}

function leadsTo({ steps }: JourneyDefinition, key: string): boolean {
  return steps.some((step) => step.type === 'go-to-journey' && step.journey === key)
}
