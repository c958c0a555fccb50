/** A segment as marketers write it: `campaigns/segments/*.yaml`. */

import { z } from 'zod'
import { condition } from './condition-schema.ts'
import type { SegmentDefinition } from './definitions.ts'
import { words } from './document-parts.ts'

/** The document without what publishing adds to it. */
export const segmentDocument = z
  .strictObject({
    name: words,
    description: z.string().max(2000).optional(),
    if: condition,
    announce_rebuild: z.boolean().default(false),
  })
  .transform(
    (document): Omit<SegmentDefinition, 'key' | 'version'> => ({
      name: document.name,
      description: document.description ?? null,
      if: document.if,
      announceRebuild: document.announce_rebuild,
    }),
  )
