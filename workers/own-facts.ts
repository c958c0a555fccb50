/** What is a customer's own beside traits: products they may like, their scores, their code for friends. Looked up only where it is shown. */

import type { MessageFacts, TemplateSource } from '../src/channels/templates/render-message.ts'
import type { RecommendedItem } from '../src/domain/recommended-item.ts'
import { referralUrl } from '../src/store/referrals/codes.ts'

export interface OwnFactsNeeds {
  /** What this customer may like, best first. */
  readonly recommend: (customerId: string) => Promise<readonly RecommendedItem[]>
  /** What models say of this customer. */
  readonly scores: (customerId: string) => Promise<NonNullable<MessageFacts['scores']>>
  /** The customer's own, made when it is first asked for; undefined: this customer has none. */
  readonly referralCode?: ((customerId: string) => Promise<string | undefined>) | undefined
  readonly publicUrl: string
}

export type OwnFacts = Pick<MessageFacts, 'recommendations' | 'scores' | 'referral'>

/** Whether a template shows any of it. */
export function showsOwnFacts(template: TemplateSource): boolean {
  return showsProducts(template) || showsScores(template) || showsReferral(template)
}

export async function ownFacts(
  customerId: string,
  template: TemplateSource,
  { recommend, scores, referralCode, publicUrl }: OwnFactsNeeds,
): Promise<OwnFacts> {
  const code = showsReferral(template) ? await referralCode?.(customerId) : undefined
  return {
    ...(showsProducts(template) ? { recommendations: await recommend(customerId) } : {}),
    ...(showsScores(template) ? { scores: await scores(customerId) } : {}),
    referral: code === undefined ? null : { code, url: referralUrl(publicUrl, code) },
  }
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
