/** The lifecycle as marketers write it: `campaigns/lifecycle.yaml`. */

import { z } from 'zod'
import { factsOf } from './condition.ts'
import { condition } from './condition-schema.ts'
import type { LifecycleDefinition } from './definitions.ts'
import { share, stage, words } from './document-parts.ts'

const allStages = stage.options

const stageRule = z.strictObject({ stage, because: words, if: condition.optional() })

const churn = z
  .strictObject({
    enter: share,
    leave: share,
    from: z.array(stage).default(['revenue', 'refer']),
    to: stage.default('retain'),
    contract: z
      .strictObject({ starts: z.array(words).max(20).default([]), ends: z.array(words).min(1).max(20) })
      .optional(),
  })
  .refine(({ enter, leave }) => leave < enter, {
    path: ['leave'],
    message: 'must be less than "enter", or customers would flutter between two stages',
  })
  .refine(({ from, to }) => from.every((each) => allStages.indexOf(each) > allStages.indexOf(to)), {
    path: ['to'],
    message: 'must be a lower stage than all of "from"',
  })

/** What a stage's rule may not look at, or one decision would lead to the next. */
function isStanding(fact: string): boolean {
  return fact === 'stage' || fact === 'stage.since' || fact === 'at-risk'
}

/** The document without what publishing adds to it. */
export const lifecycleDocument = z
  .strictObject({ name: words, stages: z.array(stageRule), churn })
  .superRefine(({ stages }, context) => {
    const given = stages.map((rule) => rule.stage)
    if (given.join() !== allStages.join()) {
      context.addIssue({
        code: 'custom',
        path: ['stages'],
        message: `must list all stages from the lowest: ${allStages.join(', ')}`,
      })
      return
    }
    stages.forEach((rule, i) => {
      const standing = rule.if === undefined ? undefined : factsOf(rule.if).find(isStanding)
      if (standing !== undefined) {
        const message = `must not look at ${standing}: where customers stand may not depend on where they stood`
        context.addIssue({ code: 'custom', path: ['stages', i, 'if'], message })
      }
      if ((rule.if === undefined) === (i === 0)) return
      const message = i === 0 ? 'must have no condition: everybody starts here' : 'is missing (a condition)'
      context.addIssue({ code: 'custom', path: ['stages', i, 'if'], message })
    })
  })
  .transform(
    (document): Omit<LifecycleDefinition, 'key' | 'version'> => ({
      ...document,
      stages: document.stages.map((rule) => ({ ...rule, if: rule.if ?? null })),
    }),
  )
