/** The bounds of a date, as documents write them: `2026-01-31`, `now`, `30 days ago`, `in 7 days`. */

import { z } from 'zod'
import { parseDuration } from '../duration.ts'
import { parseInstant } from '../instant.ts'
import type { EpochMs } from '../time.ts'

/** A moment of the calendar, or one that moves along with now. */
export type DateBound = { readonly atMs: EpochMs } | { readonly fromNowMs: number }

export const dateRule = 'must be a date such as "2026-01-31" or "2026-01-31T09:30Z"'
const boundRule = `${dateRule}, or "now", "30 days ago", "in 7 days"`

export const absoluteDate = z
  .string()
  .meta({ description: 'A day or a moment: "2026-01-31", "2026-01-31T09:30Z". Without a zone it is UTC.' })
  .transform((text, context): EpochMs => {
    const atMs = parseInstant(text)
    if (atMs !== undefined) return atMs
    context.issues.push({ code: 'custom', message: dateRule, input: text })
    return z.NEVER
  })

export const dateBound = z
  .string()
  .meta({ description: 'A day or a moment ("2026-01-31"), or one that moves: "now", "30 days ago", "in 7 days".' })
  .transform((text, context): DateBound => {
    const bound = parseBound(text.trim())
    if (bound !== undefined) return bound
    context.issues.push({ code: 'custom', message: boundRule, input: text })
    return z.NEVER
  })

function parseBound(text: string): DateBound | undefined {
  if (text === 'now') return { fromNowMs: 0 }
  const [, ahead, ago] = /^in (.+)$|^(.+) ago$/.exec(text) ?? []
  const lengthMs = parseDuration(ahead ?? ago ?? '')
  if (lengthMs !== undefined) return { fromNowMs: ahead === undefined ? -lengthMs : lengthMs }
  const atMs = parseInstant(text)
  return atMs === undefined ? undefined : { atMs }
}
