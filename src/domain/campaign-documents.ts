/** From published documents to the definitions that decisions read. */

import type { z } from 'zod'
import { computedTraitDocument, personalKeyProblem } from './computed-trait.ts'
import { contactPolicyDocument } from './contact-policy-schema.ts'
import {
  type ComputedTraitDefinition,
  type ContactPolicy,
  type Definitions,
  type IdentityPolicy,
  type JourneyDefinition,
  journeyVersionKey,
  type LifecycleDefinition,
  type OfferDefinition,
  type SegmentDefinition,
} from './definitions.ts'
import { identityDocument, usualIdentity } from './identity-schema.ts'
import { journeyDocument } from './journey-schema.ts'
import { lifecycleDocument } from './lifecycle-schema.ts'
import { offerDocument } from './offer-schema.ts'
import { type Problem, problemsOf } from './problem.ts'
import { type ReferralProgram, referralDocument } from './referral-schema.ts'
import { segmentDocument } from './segment-schema.ts'

export type CampaignKind =
  | 'lifecycle'
  | 'contact-policy'
  | 'identity'
  | 'referral'
  | 'offer'
  | 'journey'
  | 'segment'
  | 'trait'

/** A document with what names it: for journeys, several versions may be in use at once. */
export interface CampaignDocument {
  readonly kind: CampaignKind
  readonly key: string
  readonly version: string
  /** As it was written, in JSON. */
  readonly document: unknown
}

/** A checked document. */
export type Definition =
  | { readonly kind: 'lifecycle'; readonly definition: LifecycleDefinition }
  | { readonly kind: 'contact-policy'; readonly definition: ContactPolicy }
  | { readonly kind: 'identity'; readonly definition: IdentityPolicy }
  | { readonly kind: 'referral'; readonly definition: ReferralProgram }
  | { readonly kind: 'offer'; readonly definition: OfferDefinition }
  | { readonly kind: 'journey'; readonly definition: JourneyDefinition }
  | { readonly kind: 'segment'; readonly definition: SegmentDefinition }
  | { readonly kind: 'trait'; readonly definition: ComputedTraitDefinition }

export type Checked = { readonly checked: Definition } | { readonly problems: readonly Problem[] }

/** Checks one document by itself. */
export function checkDocument({ kind, key, version, document }: CampaignDocument): Checked {
  const published = <Body extends object>(body: Body): Body & { key: string; version: string } => ({
    ...body,
    key,
    version,
  })
  switch (kind) {
    case 'lifecycle':
      return checked(lifecycleDocument, document, (body) => ({ kind, definition: published(body) }))
    case 'contact-policy':
      return checked(contactPolicyDocument, document, (body) => ({ kind, definition: published(body) }))
    case 'identity':
      return checked(identityDocument, document, (body) => ({ kind, definition: published(body) }))
    case 'referral':
      return checked(referralDocument, document, (body) => ({ kind, definition: published(body) }))
    case 'offer':
      return checked(offerDocument, document, (body) => ({ kind, definition: published(body) }))
    case 'journey':
      return checked(journeyDocument, document, (body) => ({ kind, definition: published(body) }))
    case 'segment':
      return checked(segmentDocument, document, (body) => ({ kind, definition: published(body) }))
    case 'trait': {
      const rule = personalKeyProblem(key)
      if (rule !== undefined) return { problems: [{ path: [], value: key, rule }] }
      return checked(computedTraitDocument, document, (body) => ({ kind, definition: published(body) }))
    }
  }
}

function checked<Body>(schema: z.ZodType<Body>, document: unknown, wrap: (body: Body) => Definition): Checked {
  const result = schema.safeParse(document)
  return result.success ? { checked: wrap(result.data) } : { problems: problemsOf(result.error, document) }
}

/**
 * Everything that is in force, put together.
 *
 * @param live The documents in force. Must hold exactly one lifecycle and one contact policy.
 * @param former Superseded versions of journeys, for those who still follow them.
 * @throws RangeError if the lifecycle or the contact policy is missing.
 */
export function assembleDefinitions(
  version: string,
  live: readonly Definition[],
  former: readonly JourneyDefinition[] = [],
): Definitions {
  const lifecycle = live.find((each) => each.kind === 'lifecycle')?.definition
  const policy = live.find((each) => each.kind === 'contact-policy')?.definition
  if (lifecycle === undefined) throw new RangeError('definitions: a lifecycle is missing')
  if (policy === undefined) throw new RangeError('definitions: a contact policy is missing')
  const identity = live.find((each) => each.kind === 'identity')?.definition
  const referral = live.find((each) => each.kind === 'referral')?.definition
  const journeys = live.flatMap((each) => (each.kind === 'journey' ? [each.definition] : []))
  const segments = live.flatMap((each) => (each.kind === 'segment' ? [each.definition] : []))
  const traits = live.flatMap((each) => (each.kind === 'trait' ? [each.definition] : []))
  const offers = live.flatMap((each) => (each.kind === 'offer' ? [each.definition] : []))
  return {
    version,
    lifecycle,
    policy,
    identity: identity ?? usualIdentity,
    ...(referral && { referral }),
    journeys: new Map(
      [...former, ...journeys].map((journey) => [journeyVersionKey(journey.key, journey.version), journey]),
    ),
    live: journeys.sort((a, b) => b.priority - a.priority || (a.key < b.key ? -1 : 1)),
    offers: new Map(offers.map((offer) => [offer.key, offer])),
    segments: new Map(segments.map((segment) => [segment.key, segment])),
    computed: new Map(traits.map((trait) => [trait.key, trait])),
  }
}
