/** What somebody typed into a form for a document, and a document as people write it. */

import type { FastifyRequest } from 'fastify'
import { stringify } from 'yaml'
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

/** As people write it: the database keeps keys by their length. */
export function yamlOf(document: unknown): string {
  return stringify({ name: undefined, description: undefined, ...(document as object) })
}
