/** Options of `perennial simulate` that read more than a number or a day. */

import { refuseOption } from './analyze/options.ts'

/** `--codes spring=500`, for as many offers as there are pools. */
export function poolOption(text: string, others: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const [, offer = '', count = ''] = /^([a-z0-9][a-z0-9-]*)=(\d{1,9})$/.exec(text) ?? []
  if (offer === '') refuseOption('--codes', text, 'must be OFFER=NUMBER, such as spring=500')
  return { ...others, [offer]: Number(count) }
}
