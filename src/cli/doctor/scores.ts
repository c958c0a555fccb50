/** Examines whether scores are made anew every day, as Temporal's schedules want it. */

import type pg from 'pg'
import { createClock } from '../../clock.ts'
import type { Config } from '../../config.ts'
import { modelNames, scoreKinds } from '../../domain/model-kind.ts'
import { dayMs } from '../../domain/time.ts'
import { neglected, readScoreAges } from '../../store/score-ages.ts'
import type { Finding } from './finding.ts'
import { ok, warning } from './finding.ts'

export async function examineScores(client: pg.Client, { clock }: Config): Promise<Finding> {
  const name = 'scores'
  // Where time flies, scores are made with every training, and there is no such schedule.
  if (clock.speed !== 1) return ok(name, 'not looked at where time flies')
  const { rows } = await client.query<{ there: boolean }>(`SELECT to_regclass('scores') IS NOT NULL AS there`)
  const ages = rows[0]?.there === true ? await readScoreAges(client, createClock(clock).nowMs()) : []
  const late = neglected(ages, scoreKinds)
  const [first] = late
  if (first === undefined) return ok(name, ages.length === 0 ? 'none yet' : 'made anew within a day')
  const detail = late
    .map(({ kind, late, scores, oldestMs }) => {
      const inWords = Object.entries(modelNames).find(([known]) => known === kind)?.[1] ?? kind
      return `${inWords}: ${late} of ${scores} older than a day and a half, the oldest ${(oldestMs / dayMs).toFixed(1)} days`
    })
    .join('; ')
  const schedules = late.map(({ kind }) => `model-care:${kind}`).join(', ')
  return warning(
    name,
    detail,
    `Look at the schedules ${schedules} in the Temporal UI: whether they are paused, and what their last runs say; "perennial models train KIND" makes scores at once.`,
  )
}
