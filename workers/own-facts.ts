/** What is a customer's own beside traits: products they may like, their scores, their code for friends. Looked up only where it is shown. */

import type { MessageFacts, TemplateSource } from '../src/channels/templates/render-message.ts'
import { recommendedItemsOf } from '../src/intake/recommended-items.ts'
import type { Queryable } from '../src/store/database.ts'
import { referralCodesOf, referralUrl } from '../src/store/referrals/codes.ts'
import { shownScoresOf } from '../src/store/shown-scores.ts'
import type { Vault } from '../src/store/vault.ts'

export interface OwnFactsNeeds {
  readonly pool: Queryable
  readonly vault: Vault
  readonly nowMs: () => number
  readonly publicUrl: string
}

export type OwnFacts = Pick<MessageFacts, 'recommendations' | 'scores' | 'referral'>

export const noOwnFacts: OwnFacts = { referral: null }

/** Whether a template shows any of it. */
export function showsOwnFacts(template: TemplateSource): boolean {
  return showsProducts(template) || showsScores(template) || showsReferral(template)
}

/** Of a page of customers, by id: each kind that the template shows in a few statements. */
export async function ownFactsOf(
  customerIds: readonly string[],
  template: TemplateSource,
  { pool, vault, nowMs, publicUrl }: OwnFactsNeeds,
): Promise<Map<string, OwnFacts>> {
  const [products, scores, codes] = await Promise.all([
    showsProducts(template) ? recommendedItemsOf(pool, customerIds) : undefined,
    showsScores(template) ? shownScoresOf(pool, customerIds) : undefined,
    showsReferral(template) ? referralCodesOf(pool, vault, customerIds, nowMs()) : undefined,
  ])
  return new Map(
    customerIds.map((id) => {
      const code = codes?.get(id)
      return [
        id,
        {
          ...(products === undefined ? {} : { recommendations: products.get(id) ?? [] }),
          ...(scores === undefined ? {} : { scores: scores.get(id) ?? {} }),
          referral: code === undefined ? null : { code, url: referralUrl(publicUrl, code) },
        },
      ]
    }),
  )
}

function showsProducts(template: TemplateSource): boolean {
  return mentions(template, 'recommendations')
}

function showsScores(template: TemplateSource): boolean {
  return mentions(template, 'scores')
}

function showsReferral(template: TemplateSource): boolean {
  return mentions(template, 'referral.')
}

function mentions({ subject, html, text }: TemplateSource, word: string): boolean {
  return [subject, html, text].some((part) => part?.includes(word))
}
