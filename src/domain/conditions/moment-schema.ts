/** How long ago: as documents write it. */

import { z } from 'zod'
import type { MomentTest } from '../condition.ts'
import { duration } from '../document-parts.ts'

/** `{ within: 30 days }` or `{ before: 30 days }`: longer ago than that. */
export const momentTest = z
  .strictObject({ within: duration.optional(), before: duration.optional() })
  .refine(({ within, before }) => (within === undefined) !== (before === undefined), {
    message: 'must hold either "within" or "before"',
  })
  .transform(
    ({ within, before }): MomentTest =>
      within === undefined ? { is: 'before', lengthMs: before ?? 0 } : { is: 'within', lengthMs: within },
  )
