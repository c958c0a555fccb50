/** What somebody typed about a segment, and what it says. */

import type { z } from 'zod'
import { type Problem, problemsOf, sayProblem } from '../domain/problem.ts'
import { segmentDocument } from '../domain/segment-schema.ts'
import { readYaml, type YamlSource } from '../store/yaml-source.ts'

export type ReadText =
  | { readonly problems: readonly string[] }
  | { readonly document: unknown; readonly segment: z.infer<typeof segmentDocument>; readonly source: YamlSource }

/** Everything that is wrong, each with its line, place, value and rule. */
export function readSegmentText(text: string): ReadText {
  const source = readYaml(text)
  const { document } = source
  if (source.problems.length > 0) {
    return { problems: source.problems.map((one) => `line ${one.line}: ${sayProblem(one)}`) }
  }
  const read = segmentDocument.safeParse(document)
  if (!read.success) return { problems: sayWithLines(source, problemsOf(read.error, document)) }
  return { document, segment: read.data, source }
}

/** A problem of the document with the line that it stands on; of the id, or of another document, without. */
export function sayWithLines({ document, lineOf }: YamlSource, problems: readonly Problem[]): readonly string[] {
  const isInside = ({ path: [first] }: Problem): boolean =>
    first === undefined || first === 'name' || first === 'if' || Object.hasOwn(Object(document), first)
  return problems.map((one) => (isInside(one) ? `line ${lineOf(one.path)}: ${sayProblem(one)}` : sayProblem(one)))
}
