/** What `perennial validate`, `perennial plan` and `perennial apply` do. */

import { resolve } from 'node:path'
import { createClock } from '../clock.ts'
import { readConfig } from '../config.ts'
import { sayProblem } from '../domain/problem.ts'
import { type CampaignFiles, readCampaignFiles } from '../store/campaign-files.ts'
import { type Database, openDatabase } from '../store/database.ts'
import { CampaignFilesError, sayFileProblem } from '../store/file-problem.ts'
import type { InFlightChoices } from '../store/publishing/journey-plans.ts'
import { type Concern, type Plan, type PlanItem, planCampaigns } from '../store/publishing/plan.ts'
import { type Publication, previewPublication, publishFiles } from '../store/publishing/publish-campaigns.ts'
import { writeResult } from './analyze/output.ts'
import { choicesOf, sayReport } from './in-flight-options.ts'
import { databaseOf } from './installation.ts'
import { UsageError } from './usage-error.ts'

export interface ValidateOptions {
  readonly dir: string
  readonly json?: boolean
}

interface InFlightOptions extends ValidateOptions {
  readonly home?: string
  readonly inFlight?: readonly string[]
  readonly map?: readonly string[]
}

export interface PlanOptions extends InFlightOptions {
  readonly check?: boolean
}

export interface ApplyOptions extends InFlightOptions {
  readonly dryRun?: boolean
  readonly yes?: boolean
}

/** Status 1 and every problem with file and line if something is wrong in the directory. */
export async function runValidate({ dir, json }: ValidateOptions): Promise<void> {
  const files = await readOrReport(dir, json)
  if (files === undefined) return
  const documents = files.documents.length
  const templates = files.templates.length
  const { version } = files.definitions
  writeResult(
    json,
    { valid: true, version, documents, templates, problems: [] },
    () => `${dir}: ${documents} documents and ${templates} templates, all well.`,
  )
}

/** Says what publishing a directory would change, and whom that concerns. */
export async function runPlan(options: PlanOptions): Promise<void> {
  const choices = choicesOf(options.inFlight, options.map)
  const files = await readOrReport(options.dir, options.json)
  if (files === undefined) return
  const plan = await withDatabase(options, (db, nowMs) => planCampaigns(db, files, nowMs, choices))
  writeResult(options.json, plan, () => sayPlan(plan))
  if (options.check === true && plan.published.length > 0) process.exitCode = 1
}

/** Publishes all of a directory or nothing. */
export async function runApply(options: ApplyOptions): Promise<void> {
  const { dryRun = false, json } = options
  const choices = choicesOf(options.inFlight, options.map)
  const files = await readOrReport(options.dir, json)
  if (files === undefined) return
  const outcome = await withDatabase(options, (db, nowMs) => {
    if (dryRun) return previewPublication(db, files, choices)
    return apply(db, files, nowMs, choices, options)
  })
  writeResult(json, { ...outcome, dryRun }, () => inWords(outcome, dryRun))
}

/** Whoever would lose people from a journey has to say so twice. */
async function apply(
  db: Database,
  files: CampaignFiles,
  nowMs: number,
  choices: InFlightChoices,
  { yes = false }: ApplyOptions,
): Promise<Publication> {
  const foreseen = yes ? undefined : await previewPublication(db, files, choices)
  const leaving = foreseen?.journeys.filter(({ exit }) => exit > 0) ?? []
  if (leaving.length > 0) {
    const who = leaving.map(({ journey, exit }) => `${exit} people would leave ${journey}`).join(', ')
    throw new UsageError(`${who}: nothing was published; "perennial plan" shows it, --yes does it`)
  }
  return publishFiles(db, files, nowMs, { choices })
}

async function withDatabase<T>(
  options: InFlightOptions,
  work: (db: Database, nowMs: number) => Promise<T>,
): Promise<T> {
  const db = openDatabase(databaseOf(options), { maxConnections: 3 })
  try {
    return await work(db, createClock(readConfig().clock).nowMs())
  } finally {
    await db.close()
  }
}

/** The files, or undefined once their problems have been told. */
async function readOrReport(dir: string, json: boolean | undefined): Promise<CampaignFiles | undefined> {
  try {
    return await readCampaignFiles(resolve(dir))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new UsageError(`--dir: "${dir}" is no directory`)
    if (!(error instanceof CampaignFilesError)) throw error
    reportProblems(error, json)
    process.exitCode = 1
    return undefined
  }
}

function reportProblems({ problems }: CampaignFilesError, json: boolean | undefined): void {
  const told = problems.map((problem) => ({ ...problem, message: sayProblem(problem) }))
  if (json) writeResult(true, { valid: false, problems: told }, () => '')
  else for (const problem of problems) process.stderr.write(`${sayFileProblem(problem)}\n`)
}

function sayPlan({ items, unchanged, onlyInDatabase, journeys }: Plan): string {
  return [
    ...items.map(sayItem),
    ...journeys.map(sayReport),
    ...(items.length === 0 ? ['Nothing would change.'] : []),
    `${unchanged} unchanged.`,
    ...list('In force, but not in the directory (left as it is):', onlyInDatabase),
  ].join('\n')
}

function sayItem({ kind, key, what, changes, concerns }: PlanItem): string {
  return [
    `${what === 'new' ? '+' : '~'} ${kind === key ? kind : `${kind} ${key}`}`,
    ...changes.map(({ words }) => `    ${short(words)}`),
    ...concerns.map((concern) => `    concerns ${sayConcern(concern)}`),
  ].join('\n')
}

function sayConcern({ what, now, then }: Concern): string {
  if (then === undefined) return `${now} ${what}`
  return `${what}: ${now} → ${then ?? 'too many to count now'}`
}

/** The words of a template can be long. */
function short(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > 300 ? `${line.slice(0, 299)}…` : line
}

function inWords({ published, unchanged, onlyInDatabase, journeys }: Publication, dryRun: boolean): string {
  return [
    ...list(dryRun ? 'Would be published:' : 'Published:', published),
    ...(published.length === 0 ? ['Nothing has changed.'] : []),
    ...journeys.filter(({ stay, move, exit }) => stay + move + exit > 0).map(sayReport),
    `${unchanged} unchanged.`,
    ...list('In force, but not in the directory (left as it is):', onlyInDatabase),
  ].join('\n')
}

function list(title: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [title, ...names.map((name) => `  ${name}`)]
}
