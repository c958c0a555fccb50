/** In which language a customer's pages speak: theirs, as the shop knows it; else as their browser asks; else English. */

import type { FastifyRequest } from 'fastify'
import type { CustomerWords } from './customer-words.ts'
import { german } from './de.ts'
import { english } from './en.ts'
import { spanish } from './es.ts'
import { french } from './fr.ts'
import { italian } from './it.ts'
import { japanese } from './ja.ts'
import { dutch } from './nl.ts'
import { polish } from './pl.ts'
import { portuguese } from './pt.ts'

const all = [english, german, french, spanish, italian, dutch, portuguese, polish, japanese]
const byLanguage = new Map(all.map((words) => [words.lang, words]))

/** The name of the hidden field of a form that says in which language its words stood there. */
export const languageField = 'lang'

/**
 * @param shown what the form says that it was shown in: what is written down are the words that stood there, whatever has
 * become of the customer's locale since.
 */
export function wordsOfPage(
  request: FastifyRequest,
  locale: string | null | undefined,
  shown?: string | null,
): CustomerWords {
  const asked = [shown, locale, ...acceptedLanguages(request.headers['accept-language'])]
  for (const tag of asked) {
    const words = byLanguage.get(languageOf(tag ?? ''))
    if (words !== undefined) return words
  }
  return english
}

/** `de` of `de-AT`, `de_AT` and `DE`. */
export function languageOf(tag: string): string {
  return /^[a-z]{2,3}(?![a-z])/.exec(tag.trim().toLowerCase())?.[0] ?? ''
}

const mostAccepted = 20

/** Those of an Accept-Language header, the dearest first; without those that are refused with `q=0`. */
function acceptedLanguages(header: string | undefined): string[] {
  const parts = (header ?? '').split(',', mostAccepted).map((part) => {
    const [tag = '', ...parameters] = part.split(';')
    const weight = parameters.map((each) => /^\s*q=([\d.]+)\s*$/.exec(each)?.[1]).find((each) => each !== undefined)
    return { tag, weight: weight === undefined ? 1 : Number(weight) }
  })
  return parts
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag)
}
