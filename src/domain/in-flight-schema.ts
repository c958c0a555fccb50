/** What a journey's file says of people in flight: `in_flight: stay`, `exit`, or `{ move: { old-step: new-step } }`. */

import { z } from 'zod'
import { key } from './document-parts.ts'
import type { InFlightChoice } from './in-flight.ts'

/** Also where a survey waits: `nps:answer`. */
const stepName = z.string().min(1).max(100)

export const inFlightDocument = z
  .union([z.enum(['stay', 'exit']), z.strictObject({ move: z.record(stepName, key.nullable()) })])
  .meta({
    description:
      'What becomes of people who follow a former version when this one is published: they stay on it (the default), leave, or move from step to step; null lets those of a step leave.',
  })
  .transform(
    (document): InFlightChoice =>
      typeof document === 'string' ? { choice: document } : { choice: 'move', map: document.move },
  )
