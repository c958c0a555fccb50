/** Which offer a variant of an experiment leads to, so that what the variant did is known of the offer. */

import type { JourneyDefinition } from './definitions.ts'
import type { Step, Target } from './steps.ts'

/** The first offer on the way; null where there is none, or where ways part before it. */
export function offerOnTheWay({ steps }: Pick<JourneyDefinition, 'steps'>, from: Target): string | null {
  const seen = new Set<string>()
  for (let at = from; at !== null && !seen.has(at); ) {
    seen.add(at)
    const step = steps.find(({ id }) => id === at)
    if (step === undefined || partsWays(step)) return null
    if ('offer' in step && step.offer !== null) return step.offer
    at = step.next
  }
  return null
}

/** The one offer that a journey makes; null if it makes none, or several. */
export function onlyOffer({ steps }: Pick<JourneyDefinition, 'steps'>): string | null {
  const offers = new Set(
    steps.flatMap((step) => {
      if (!('offer' in step) || step.offer === null) return []
      const others = 'personal' in step ? (step.personal ?? []) : []
      return [step.offer, ...others.map(({ offer }) => offer)]
    }),
  )
  const [offer] = offers
  return offers.size === 1 ? (offer as string) : null
}

/** What somebody gets from here on depends on them. An offer meant for some only is not the same for all, either. */
function partsWays(step: Step): boolean {
  const types: readonly Step['type'][] = ['split', 'multi-split', 'experiment', 'task', 'wait-until']
  return types.includes(step.type) || (step.type === 'offer' && (step.personal ?? []).length > 0)
}
