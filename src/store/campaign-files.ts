/**
 * A directory of campaigns, as a marketer keeps it in git:
 *
 *     lifecycle.yaml   contact-policy.yaml   identity.yaml and referral.yaml (need not be there)
 *     offers/KEY.yaml   segments/KEY.yaml   traits/KEY.yaml   journeys/KEY.yaml   templates/KEY.email.html …
 */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkReferences } from '../domain/campaign-check.ts'
import {
  assembleDefinitions,
  type CampaignDocument,
  type CampaignKind,
  checkDocument,
  type Definition,
} from '../domain/campaign-documents.ts'
import type { Definitions, TemplateDefinition } from '../domain/definitions.ts'
import { key as keySchema } from '../domain/document-parts.ts'
import type { InFlightChoice } from '../domain/in-flight.ts'
import { inFlightDocument } from '../domain/in-flight-schema.ts'
import { type Problem, problemsOf } from '../domain/problem.ts'
import { contentVersion } from './content-version.ts'
import { CampaignFilesError, type FileProblem } from './file-problem.ts'
import { readTemplates } from './template-files.ts'
import { readYaml, type YamlSource } from './yaml-source.ts'

/** What a directory holds, checked as a whole. */
export interface CampaignFiles {
  readonly documents: readonly CampaignDocument[]
  readonly templates: readonly TemplateDefinition[]
  /** By journey: what its file says of people in flight. No part of the document: it is about one publication of it. */
  readonly inFlight: ReadonlyMap<string, InFlightChoice>
  readonly definitions: Definitions
}

interface DocumentFile {
  readonly file: string
  readonly source: YamlSource
  readonly named: CampaignDocument
  /** What a journey's file says of people in flight. */
  readonly inFlight: unknown
}

const singleFiles = {
  'lifecycle.yaml': 'lifecycle',
  'contact-policy.yaml': 'contact-policy',
  'identity.yaml': 'identity',
  'referral.yaml': 'referral',
} as const

/** What need not be there: without it the usual holds. */
const optionalFiles: ReadonlySet<string> = new Set(['identity.yaml', 'referral.yaml'])
const folders = { offers: 'offer', segments: 'segment', traits: 'trait', journeys: 'journey' } as const
const templateFolder = 'templates'

/** A definition that is longer than this was not written by a person. */
const mostBytes = 1_000_000

/**
 * Reads and checks a directory.
 *
 * @throws CampaignFilesError with everything that is wrong in it; an Error if the directory cannot be read.
 */
export async function readCampaignFiles(directory: string): Promise<CampaignFiles> {
  const problems: FileProblem[] = []
  const files = await readDocuments(directory, problems)
  const templates = await readTemplates(await readTexts(directory, templateFolder, problems), templateFolder)
  problems.push(...templates.problems)
  const definitions = files.flatMap((file) => checkFile(file, problems))
  const inFlight = new Map(files.flatMap((file) => readInFlight(file, definitions, problems)))
  if (problems.length > 0) throw new CampaignFilesError(problems)

  const documents = files.map(({ named }) => named)
  const assembled = assembleDefinitions(contentVersion(documents), definitions)
  const dangling = checkReferences(assembled, templates.facts).map(({ kind, key, path, rule }) => {
    const { file, source } = files.find(({ named }) => named.kind === kind && named.key === key) as DocumentFile
    return { file, line: source.lineOf(path), path, value: valueAt(source.document, path), rule }
  })
  if (dangling.length > 0) throw new CampaignFilesError(dangling)
  return { documents, templates: templates.templates, inFlight, definitions: assembled }
}

async function readDocuments(directory: string, problems: FileProblem[]): Promise<DocumentFile[]> {
  const found: DocumentFile[] = []
  const top = await readTexts(directory, '', problems)
  for (const [file, kind] of Object.entries(singleFiles)) {
    const text = top.get(file)
    if (text === undefined && optionalFiles.has(file)) continue
    if (text === undefined) problems.push({ file, line: 1, path: [], value: undefined, rule: 'is missing' })
    else found.push(toDocument(kind, kind, file, text))
  }
  for (const [folder, kind] of Object.entries(folders)) {
    for (const [name, text] of await readTexts(directory, folder, problems)) {
      const key = name.replace(/\.ya?ml$/, '')
      if (key !== name && keySchema.safeParse(key).success) found.push(toDocument(kind, key, `${folder}/${name}`, text))
      else {
        const rule = 'must be called KEY.yaml, where KEY has lower-case letters, digits and hyphens'
        problems.push({ file: `${folder}/${name}`, line: 1, path: [], value: undefined, rule })
      }
    }
  }
  return found
}

function toDocument(kind: CampaignKind, key: string, file: string, text: string): DocumentFile {
  const source = readYaml(text)
  const { document, inFlight } = kind === 'journey' ? withoutInFlight(source.document) : whole(source.document)
  return { file, source, named: { kind, key, version: contentVersion(document), document }, inFlight }
}

function whole(document: unknown): { document: unknown; inFlight: unknown } {
  return { document, inFlight: undefined }
}

/** What becomes of people in flight is said beside the journey: saying something else makes no new version of it. */
function withoutInFlight(written: unknown): { document: unknown; inFlight: unknown } {
  if (typeof written !== 'object' || written === null || Array.isArray(written)) return whole(written)
  const { [inFlightField]: inFlight, ...document } = written as Readonly<Record<string, unknown>>
  return { document, inFlight }
}

const inFlightField = 'in_flight'

function readInFlight(
  { file, source, named, inFlight }: DocumentFile,
  definitions: readonly Definition[],
  problems: FileProblem[],
): [string, InFlightChoice][] {
  if (inFlight === undefined) return []
  const add = (problem: Problem): void => {
    const path = [inFlightField, ...problem.path]
    problems.push({ ...problem, path, file, line: source.lineOf(path) })
  }
  const result = inFlightDocument.safeParse(inFlight)
  if (!result.success) {
    for (const problem of problemsOf(result.error, inFlight)) add(problem)
    return []
  }
  const journey = definitions.find((each) => each.kind === 'journey' && each.definition.key === named.key)
  if (journey?.kind === 'journey' && result.data.choice === 'move') {
    const known = journey.definition.steps.map(({ id }) => id).join(', ')
    for (const [step, to] of Object.entries(result.data.map))
      if (to !== null && !journey.definition.stepById.has(to))
        add({ path: ['move', step], value: to, rule: `must be a step of this journey; known: ${known}` })
  }
  return [[named.key, result.data]]
}

function checkFile({ file, source, named }: DocumentFile, problems: FileProblem[]): Definition[] {
  for (const problem of source.problems) problems.push({ ...problem, file })
  if (source.problems.length > 0) return []
  const result = checkDocument(named)
  if ('checked' in result) return [result.checked]
  for (const problem of result.problems) problems.push({ ...problem, file, line: source.lineOf(problem.path) })
  return []
}

/** The plain files of a folder by name, in order; none if there is no such folder. Hidden files are not ours. */
async function readTexts(directory: string, folder: string, problems: FileProblem[]): Promise<Map<string, string>> {
  const path = join(directory, folder)
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (folder !== '' && error.code === 'ENOENT') return []
    throw error
  })
  const names = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map((entry) => entry.name)
  const texts = new Map<string, string>()
  for (const name of names.sort()) {
    const content = await readFile(join(path, name))
    if (content.byteLength > mostBytes) {
      const rule = `must not be longer than ${mostBytes} bytes`
      problems.push({ file: join(folder, name), line: 1, path: [], value: undefined, rule })
    } else texts.set(name, content.toString('utf8'))
  }
  return texts
}

function valueAt(document: unknown, path: readonly (string | number)[]): unknown {
  let value = document
  for (const key of path) value = (value as Readonly<Record<string | number, unknown>> | undefined)?.[key]
  return value
}
