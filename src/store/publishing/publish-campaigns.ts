/**
 * Publishing: what stands in files, or in a document, comes into force, all of it or nothing, with what was chosen for
 * people in flight, in one transaction.
 */

import type { CampaignDocument } from '../../domain/campaign-documents.ts'
import type { JourneyDefinition } from '../../domain/definitions.ts'
import { replacedReason } from '../../domain/in-flight.ts'
import type { EpochMs } from '../../domain/time.ts'
import { noteChange } from '../audit.ts'
import { type CampaignFiles, readCampaignFiles } from '../campaign-files.ts'
import type { Database, Queryable } from '../database.ts'
import { keepOfferLimits } from '../offers/limits.ts'
import { lockPeopleInFlight, settleInFlight } from './in-flight-runs.ts'
import {
  type InFlightChoices,
  InFlightError,
  type InFlightReport,
  type JourneyPlan,
  planJourneys,
  reportOf,
} from './journey-plans.ts'
import { type NewPublication, notePublications } from './publications.ts'
import { saveDocuments, saveTemplates } from './save-documents.ts'

export interface Publication {
  /** What is in force now and was not before: `journey welcome`, `template welcome-hello`. */
  readonly published: readonly string[]
  /** How many documents and templates were in force already, word for word. */
  readonly unchanged: number
  /** What is in force but not in the directory. It stays in force. */
  readonly onlyInDatabase: readonly string[]
  /** What becomes of people in flight, of each journey that gets a new version. */
  readonly journeys: readonly InFlightReport[]
}

export interface PublishOptions {
  /** The id of a key; `cli` if nobody says. */
  readonly by?: string
  /** For people in flight, instead of what the files say. */
  readonly choices?: InFlightChoices
}

/** What is to come into force. */
export interface ToPublish extends Pick<CampaignFiles, 'documents' | 'templates' | 'inFlight'> {
  readonly journeys: readonly JourneyDefinition[]
  /** The number of the publication of a journey whose content comes back. */
  readonly restores?: number
}

type Pool = Pick<Database, 'pool' | 'transaction'>

/**
 * Publishes a directory, all of it or nothing. Publishing a former version again brings it back into force.
 *
 * @param nowMs When it is said to have been published.
 * @throws CampaignFilesError with everything that is wrong in the directory; InFlightError if a choice for people in flight
 *   cannot be carried out.
 */
export async function publishCampaigns(
  db: Pool,
  directory: string,
  nowMs: EpochMs,
  options: PublishOptions = {},
): Promise<Publication> {
  const files = await readCampaignFiles(directory)
  return publishFiles(db, files, nowMs, options)
}

/** As `publishCampaigns`, of files that were read before. */
export function publishFiles(
  db: Pool,
  files: CampaignFiles,
  nowMs: EpochMs,
  options: PublishOptions = {},
): Promise<Publication> {
  return db.transaction(async (client) => {
    await lockPublishing(client)
    return publish(client, { ...files, journeys: files.definitions.live }, nowMs, options)
  })
}

/**
 * Publishes a directory if nothing is in force yet: what a new installation begins with.
 *
 * @returns undefined if something is in force already.
 */
export async function publishFirstCampaigns(
  db: Pool,
  directory: string,
  nowMs: EpochMs,
): Promise<Publication | undefined> {
  const { rows } = await db.pool.query(`SELECT 1 FROM campaigns WHERE status = 'live' LIMIT 1`)
  return rows.length > 0 ? undefined : publishCampaigns(db, directory, nowMs)
}

/** What publishing would do, without doing it. */
export async function previewPublication(
  db: Pick<Database, 'pool'>,
  files: CampaignFiles,
  choices: InFlightChoices = new Map(),
): Promise<Publication> {
  const toPublish = { ...files, journeys: files.definitions.live }
  const difference = await compare(db.pool, toPublish)
  const plans = await planJourneys(db.pool, difference.changed, choicesFor(toPublish, choices))
  return toPublication(
    difference,
    plans.map((plan) => reportOf(plan, plan.fates)),
  )
}

/** One at a time: two that publish at once could both leave their own version in force. */
export async function lockPublishing(client: Queryable): Promise<void> {
  await client.query("SELECT pg_advisory_xact_lock(hashtext('perennial.campaigns'))")
}

/** Inside a transaction that holds the lock of publishing. */
export async function publish(
  client: Queryable,
  toPublish: ToPublish,
  nowMs: EpochMs,
  { by = 'cli', choices = new Map() }: PublishOptions,
): Promise<Publication> {
  const difference = await compare(client, toPublish)
  const all = choicesFor(toPublish, choices)
  const taken = difference.changed.filter(({ key }) => (all.get(key)?.choice ?? 'stay') !== 'stay')
  if (taken.length > 0)
    await lockPeopleInFlight(
      client,
      taken.map(({ key }) => key),
    )
  const plans = await planJourneys(client, difference.changed, all)
  await saveDocuments(client, toPublish.documents, nowMs)
  await saveTemplates(client, toPublish.templates, nowMs)
  await keepOfferLimits(client)
  const reports: InFlightReport[] = []
  for (const plan of plans) reports.push(await settle(client, plan, nowMs))
  await notePublications(client, publicationsOf(difference, toPublish, plans, reports), by, nowMs)
  await forgetArchived(client, difference.changed)
  for (const name of difference.fresh.filter(({ kind }) => kind !== 'template').map(sayName))
    await noteChange(client, { actor: by, action: 'publish', detail: { what: name } })
  return toPublication(difference, reports)
}

async function settle(client: Queryable, plan: JourneyPlan, nowMs: EpochMs): Promise<InFlightReport> {
  const { next, fates } = plan
  const done = await settleInFlight(client, {
    journey: next.key,
    newVersion: next.version,
    fates,
    rule: 'version-replaced',
    reason: replacedReason,
    nowMs,
  })
  return reportOf(plan, done)
}

interface Named {
  readonly kind: string
  readonly key: string
  readonly version: string
}

interface Difference {
  /** In force from now on, and not before. */
  readonly fresh: readonly Named[]
  readonly unchanged: number
  readonly onlyInDatabase: readonly string[]
  /** Journeys that get a version. */
  readonly changed: readonly JourneyDefinition[]
}

async function compare(client: Queryable, { documents, templates, journeys }: ToPublish): Promise<Difference> {
  const { rows } = await client.query<Named>(
    `SELECT kind, key, version FROM campaigns WHERE status = 'live'
     UNION ALL
     SELECT 'template', key, version FROM templates WHERE status = 'live'`,
  )
  const wanted: readonly Named[] = [
    ...documents.map(({ kind, key, version }) => ({ kind, key, version })),
    ...templates.map(({ key, version }) => ({ kind: 'template', key, version })),
  ]
  const nameOf = ({ kind, key }: Named): string => `${kind}/${key}`
  const live = new Map(rows.map((row) => [nameOf(row), row.version]))
  const names = new Set(wanted.map(nameOf))
  const fresh = wanted.filter((one) => live.get(nameOf(one)) !== one.version)
  const freshJourneys = new Set(fresh.filter(({ kind }) => kind === 'journey').map(({ key }) => key))
  return {
    fresh,
    unchanged: wanted.length - fresh.length,
    onlyInDatabase: rows.filter((one) => !names.has(nameOf(one))).map(sayName),
    changed: journeys.filter(({ key }) => freshJourneys.has(key)),
  }
}

/** The lifecycle and the contact policy are one of their kind: no need to say their name twice. */
function sayName({ kind, key }: Named): string {
  return kind === key ? kind : `${kind} ${key}`
}

/** What is said beside the files counts more than what they say. */
function choicesFor({ inFlight, journeys }: ToPublish, given: InFlightChoices): InFlightChoices {
  const known = new Set(journeys.map(({ key }) => key))
  for (const key of given.keys())
    if (!known.has(key)) throw new InFlightError(`journey ${key}: is not among those that are published`)
  return new Map([...inFlight, ...given])
}

function publicationsOf(
  { fresh }: Difference,
  { restores }: ToPublish,
  plans: readonly JourneyPlan[],
  reports: readonly InFlightReport[],
): readonly NewPublication[] {
  return fresh
    .filter(({ kind }) => kind !== 'template')
    .map((one) => {
      const place = one.kind === 'journey' ? plans.findIndex(({ next }) => next.key === one.key) : -1
      const [plan, report] = [plans[place], reports[place]]
      if (plan === undefined || report === undefined) return one
      const { stay, move, exit } = report
      return { ...one, restores, inFlight: { ...plan.inFlight, stay, move, exit } }
    })
}

/** A journey that is published is no longer archived. */
async function forgetArchived(client: Queryable, journeys: readonly JourneyDefinition[]): Promise<void> {
  await client.query(
    'UPDATE journey_states SET archived_at = NULL WHERE journey = ANY ($1) AND archived_at IS NOT NULL',
    [journeys.map(({ key }) => key)],
  )
}

function toPublication(
  { fresh, unchanged, onlyInDatabase }: Difference,
  reports: readonly InFlightReport[],
): Publication {
  // Of a first version there is nobody to speak of.
  return {
    published: fresh.map(sayName),
    unchanged,
    onlyInDatabase,
    journeys: reports.filter(({ from }) => from !== null),
  }
}

/** One journey by itself. */
export function singleJourney(document: CampaignDocument, journey: JourneyDefinition, restores?: number): ToPublish {
  const alone = { documents: [document], templates: [], inFlight: new Map(), journeys: [journey] }
  return restores === undefined ? alone : { ...alone, restores }
}
