/** What stands at the head of an email template, above its content. */

import { z } from 'zod'
import { key, words } from './document-parts.ts'

export const templateHead = z.strictObject({
  subject: words,
  /** The line that mail programs show beside the subject. */
  preheader: words.optional(),
  /** The file `_LAYOUT.email.html` around the content. */
  layout: key.optional(),
})

export type TemplateHead = z.output<typeof templateHead>

/** The first names of all variables that templates may use. */
export const templateVariables: ReadonlySet<string> = new Set([
  'customer',
  'coupon',
  'computed',
  'recommendations',
  'scores',
  'data',
  'survey',
  'referral',
  'shop',
  'unsubscribe_url',
  'preferences_url',
  'confirm_url',
  'postal_address',
])
