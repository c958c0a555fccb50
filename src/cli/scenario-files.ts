/** The scenarios beside the campaigns of a directory: `scenarios/KEY.yaml`. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Definitions } from '../domain/definitions.ts'
import { problemsOf } from '../domain/problem.ts'
import { checkScenarios } from '../scenarios/scenario-check.ts'
import { type ScenarioDocument, scenarioDocument } from '../scenarios/scenario-schema.ts'
import { CampaignFilesError, type FileProblem } from '../store/file-problem.ts'
import { readYaml, type YamlSource } from '../store/yaml-source.ts'

const folder = 'scenarios'

export interface ScenarioFile {
  readonly file: string
  readonly document: ScenarioDocument
  /** Of a scenario by its place in the file. */
  readonly lines: readonly number[]
}

/**
 * Reads and checks them against the campaigns; none if there is no such folder.
 *
 * @throws CampaignFilesError with everything that is wrong.
 */
export async function readScenarioFiles(directory: string, definitions: Definitions): Promise<readonly ScenarioFile[]> {
  const names = await readdir(join(directory, folder)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const problems: FileProblem[] = []
  const files: ScenarioFile[] = []
  for (const name of names.filter((each) => !each.startsWith('.')).sort()) {
    const file = `${folder}/${name}`
    if (!/\.ya?ml$/.test(name)) {
      problems.push({ file, line: 1, path: [], value: undefined, rule: 'must be called NAME.yaml' })
      continue
    }
    const source = readYaml(await readFile(join(directory, file), 'utf8'))
    const document = checked(file, source, definitions, problems)
    if (document === undefined) continue
    files.push({ file, document, lines: document.scenarios.map((_, i) => source.lineOf(['scenarios', i])) })
  }
  if (problems.length > 0) throw new CampaignFilesError(problems)
  return files
}

function checked(
  file: string,
  source: YamlSource,
  definitions: Definitions,
  problems: FileProblem[],
): ScenarioDocument | undefined {
  if (source.problems.length > 0) {
    problems.push(...source.problems.map((problem) => ({ ...problem, file })))
    return undefined
  }
  const result = scenarioDocument.safeParse(source.document)
  const found = result.success
    ? checkScenarios(result.data, definitions).map((each) => ({ ...each, value: valueAt(source.document, each.path) }))
    : problemsOf(result.error, source.document)
  problems.push(...found.map((problem) => ({ ...problem, file, line: source.lineOf(problem.path) })))
  return result.success && found.length === 0 ? result.data : undefined
}

function valueAt(document: unknown, path: readonly (string | number)[]): unknown {
  let value = document
  for (const key of path) value = (value as Readonly<Record<string | number, unknown>> | undefined)?.[key]
  return value
}
