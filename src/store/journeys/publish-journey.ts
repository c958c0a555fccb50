/** Publishing one journey by itself: a document that somebody hands in, or the content of a former version once more. */

import { checkReferences, type ReferenceProblem } from '../../domain/campaign-check.ts'
import { checkDocument } from '../../domain/campaign-documents.ts'
import type { Definitions, JourneyDefinition } from '../../domain/definitions.ts'
import type { InFlightChoice } from '../../domain/in-flight.ts'
import { type Problem, sayPath, sayProblem } from '../../domain/problem.ts'
import { loadDefinitions } from '../campaigns.ts'
import { contentVersion } from '../content-version.ts'
import type { Database, Queryable } from '../database.ts'
import { type InFlightReport, planJourneys, reportOf } from '../publishing/journey-plans.ts'
import { lockPublishing, publish, singleJourney } from '../publishing/publish-campaigns.ts'
import { findJourney } from './journey-reports.ts'

/** A document that cannot be published; every problem on a line of its own. */
export class JourneyRefusedError extends RangeError {
  override readonly name = 'JourneyRefusedError'
}

export interface JourneyToPublish {
  readonly key: string
  /** As it would stand in a file. */
  readonly document: unknown
  readonly inFlight: InFlightChoice | undefined
  /** The version whose place it takes; null: there must be none of this key. Left out: whatever is there. */
  readonly replaces?: string | null
  /** The number of the version whose content this is. */
  readonly restores?: number
  readonly by: string
  readonly nowMs: number
  /** Only say what would happen. */
  readonly dryRun: boolean
}

/**
 * @returns what becomes, or would become, of people in flight; undefined if this content is in force already.
 * @throws JourneyRefusedError, or InFlightError if the choice for people in flight cannot be carried out.
 */
export async function publishJourney(
  db: Pick<Database, 'pool' | 'transaction'>,
  { key, document, inFlight, replaces, restores, by, nowMs, dryRun }: JourneyToPublish,
): Promise<InFlightReport | undefined> {
  const version = contentVersion(document)
  const result = checkDocument({ kind: 'journey', key, version, document })
  if (!('checked' in result)) throw new JourneyRefusedError(result.problems.map(sayProblem).join('\n'))
  if (result.checked.kind !== 'journey') throw new JourneyRefusedError('is no journey')
  const { definition } = result.checked
  await checkItsReferences(db, definition)

  const choices = new Map(inFlight === undefined ? [] : [[key, inFlight]])
  if (dryRun) {
    await checkItsPlace(db.pool, key, replaces)
    if (await isInForce(db.pool, key, version)) return undefined
    const [plan] = await planJourneys(db.pool, [definition], choices)
    return plan && reportOf(plan, plan.fates)
  }
  return db.transaction(async (client) => {
    await lockPublishing(client)
    await checkItsPlace(client, key, replaces)
    if (await isInForce(client, key, version)) return undefined
    const [plan] = await planJourneys(client, [definition], choices)
    const toPublish = singleJourney({ kind: 'journey', key, version, document }, definition, restores)
    const { journeys } = await publish(client, toPublish, nowMs, { by, choices })
    // Of a first version there is nobody to tell of.
    return journeys[0] ?? (plan && reportOf(plan, plan.fates))
  })
}

/** @throws JourneyRefusedError if somebody else was faster, or the key is taken. */
async function checkItsPlace(client: Queryable, key: string, replaces: string | null | undefined): Promise<void> {
  if (replaces === undefined) return
  const before = await findJourney(client, key)
  if ((before?.version ?? null) === replaces) return
  throw new JourneyRefusedError(
    replaces === null
      ? `id: there is a journey "${key}" already`
      : `Somebody published ${key} meanwhile: open it anew, and put your change into what is there now.`,
  )
}

async function isInForce(client: Queryable, key: string, version: string): Promise<boolean> {
  const { rows } = await client.query(
    `SELECT 1 FROM campaigns WHERE kind = 'journey' AND key = $1 AND version = $2 AND status = 'live'`,
    [key, version],
  )
  return rows.length > 0
}

/** Whether all that it names is in force today. */
async function checkItsReferences(db: Pick<Database, 'pool'>, journey: JourneyDefinition): Promise<void> {
  const definitions = await loadDefinitions(db)
  const others = definitions.live.filter(({ key }) => key !== journey.key)
  const with_: Definitions = { ...definitions, live: [...others, journey] }
  const { rows } = await db.pool.query<{ key: string; channel: string }>(
    `SELECT key, channel FROM templates WHERE status = 'live'`,
  )
  const templates = new Set(rows.map(({ key, channel }) => `${channel} ${key}`))
  const problems: Problem[] = checkReferences(with_, [])
    .filter((problem) => isItsOwn(problem, journey.key))
    .map((problem) => ({ ...problem, value: undefined }))
  for (const step of journey.steps)
    if (step.type === 'message' && !templates.has(`${step.channel} ${step.template}`))
      problems.push({
        path: ['steps', step.id, 'template'],
        value: step.template,
        rule: `is no ${step.channel} template in force`,
      })
  if (problems.length === 0) return
  throw new JourneyRefusedError(
    problems
      .map(
        ({ path, value, rule }) => `${sayPath(path)}${value === undefined ? '' : ` ${JSON.stringify(value)}`}: ${rule}`,
      )
      .join('\n'),
  )
}

/** Templates are asked about in a way of their own. */
function isItsOwn({ kind, key, path }: ReferenceProblem, journey: string): boolean {
  return kind === 'journey' && key === journey && path.at(-1) !== 'template'
}
