/** What `perennial validate` and `perennial apply` do. */

import { resolve } from 'node:path'
import { createClock } from '../clock.ts'
import { readConfig } from '../config.ts'
import { sayProblem } from '../domain/problem.ts'
import { runningInstallation } from '../embedded/home.ts'
import { type CampaignFiles, readCampaignFiles } from '../store/campaign-files.ts'
import { openDatabase } from '../store/database.ts'
import { CampaignFilesError, sayFileProblem } from '../store/file-problem.ts'
import { type Publication, previewPublication, publishCampaigns } from '../store/publishing/publish-campaigns.ts'
import { writeResult } from './analyze/output.ts'
import { homeOf } from './options.ts'
import { UsageError } from './usage-error.ts'

export interface ValidateOptions {
  readonly dir: string
  readonly json?: boolean
}

export interface ApplyOptions extends ValidateOptions {
  readonly home?: string
  readonly dryRun?: boolean
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

/** Publishes all of a directory or nothing. */
export async function runApply(options: ApplyOptions): Promise<void> {
  const files = await readOrReport(options.dir, options.json)
  if (files !== undefined) await apply(files, options)
}

async function apply(files: CampaignFiles, { dir, dryRun = false, json, home }: ApplyOptions): Promise<void> {
  const config = readConfig()
  const db = openDatabase(databaseUrlOf(config.databaseUrl, homeOf(home === undefined ? {} : { home })))
  try {
    const outcome = dryRun
      ? await previewPublication(db, files)
      : await publishCampaigns(db, resolve(dir), createClock(config.clock).nowMs())
    writeResult(json, { ...outcome, dryRun }, () => inWords(outcome, dryRun))
  } finally {
    await db.close()
  }
}

function databaseUrlOf(configured: string | undefined, home: string): string {
  const url = configured ?? runningInstallation(home)?.addresses?.databaseUrl
  if (url === undefined) {
    throw new UsageError(`DATABASE_URL is not set and nothing runs in ${home}: start it, or name its home with --home`)
  }
  return url
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

function inWords({ published, unchanged, onlyInDatabase }: Publication, dryRun: boolean): string {
  const list = (title: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [title, ...names.map((name) => `  ${name}`)]
  return [
    ...list(dryRun ? 'Would be published:' : 'Published:', published),
    ...(published.length === 0 ? ['Nothing has changed.'] : []),
    `${unchanged} unchanged.`,
    ...list('In force, but not in the directory (left as it is):', onlyInDatabase),
  ].join('\n')
}
