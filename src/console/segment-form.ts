/** What somebody typed about a segment, and what it says. */

import type { FastifyRequest } from 'fastify'
import { stringify } from 'yaml'
import type { z } from 'zod'
import { type Problem, problemsOf, sayProblem } from '../domain/problem.ts'
import { segmentDocument } from '../domain/segment-schema.ts'
import { readYaml, type YamlSource } from '../store/yaml-source.ts'
import type { DocumentForm } from './document-form.ts'

export function readForm({ body }: FastifyRequest): DocumentForm {
  const field = (name: string): string => (body instanceof URLSearchParams ? (body.get(name) ?? '') : '')
  // Browsers send line ends as typewriters had them.
  const text = field('document').replaceAll('\r\n', '\n')
  return { key: cleanText(field('id').trim()), replaces: cleanText(field('replaces')) || null, text }
}

/** PostgreSQL's texts hold no null character. */
export function cleanText(text: string): string {
  return text.replaceAll('\u0000', '')
}

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

/** As people write it: the database keeps keys by their length. */
export function yamlOf(document: unknown): string {
  return stringify({ name: undefined, description: undefined, ...(document as object) })
}
