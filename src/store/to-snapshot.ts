/** The rows of one customer as the snapshot that decisions are made from. */

import type { Channel, ContactFacts, News, ScoreKind, Snapshot, TraitValue } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { CustomerRow, FactsRow, Iso, NewsRow, OpenMessage } from './snapshot-rows.ts'

export interface LoadedSnapshot {
  readonly snapshot: Snapshot
  /** Planned, or left over from a crash: neither settled nor given up. */
  readonly openMessages: readonly OpenMessage[]
  /** Keys of the segments that hold the customer, in order. */
  readonly segments: readonly string[]
  /** There is more unread news than one page holds. */
  readonly hasMoreNews: boolean
}

/** @param newsPage at most so many news; whatever is beyond is only said to be there. */
export function toSnapshot(row: CustomerRow, facts: FactsRow, newsPage: number): LoadedSnapshot {
  const news = facts.news ?? []
  return {
    snapshot: {
      customer: {
        id: row.id,
        stage: row.stage,
        stageSinceMs: row.stage_since.getTime(),
        atRisk: row.at_risk,
        traits: plainTraits(row.traits),
        timeZone: row.time_zone,
        firstSeenMs: row.first_seen_at.getTime(),
        lastSeenMs: row.last_seen_at.getTime(),
        scoredMs: row.scored_at?.getTime() ?? null,
      },
      orders: {
        count: row.order_count,
        revenueCents: row.revenue_cents,
        refundedCents: row.refunded_cents,
        firstOrderMs: row.first_order_at?.getTime() ?? null,
        lastOrderMs: row.last_order_at?.getTime() ?? null,
      },
      scores: Object.fromEntries(
        (facts.scores ?? []).map(({ kind, value, tier, scoredAt }) => [
          kind,
          { value, tier, scoredAtMs: ms(scoredAt) },
        ]),
      ),
      contact: { email: contact('email', facts), sms: contact('sms', facts) },
      runs: (facts.runs ?? []).map(({ stepSince, wakeAt, enteredAt, ...run }) => ({
        ...run,
        stepSinceMs: ms(stepSince),
        wakeAtMs: msOrNull(wakeAt),
        enteredAtMs: ms(enteredAt),
      })),
      pastRuns: (facts.past_runs ?? [])
        .map(({ enteredAt, endedAt, ...run }) => ({ ...run, enteredAtMs: ms(enteredAt), endedAtMs: ms(endedAt) }))
        .sort((a, b) => b.endedAtMs - a.endedAtMs),
      recentMessages: (facts.recent_messages ?? []).map(({ at, ...message }) => ({ ...message, atMs: ms(at) })),
      news: news.slice(0, newsPage).map(toNews),
      coupons: (facts.coupons ?? []).map(({ expiresAt, ...coupon }) => ({
        ...coupon,
        expiresAtMs: msOrNull(expiresAt),
      })),
      ...(facts.offers === null ? {} : { offers: facts.offers }),
      ...(facts.assignments === null ? {} : { assignments: facts.assignments }),
    },
    openMessages: (facts.open_messages ?? []).map(({ notBefore, ...message }) => ({
      ...message,
      notBeforeMs: msOrNull(notBefore),
    })),
    segments: facts.segments ?? [],
    hasMoreNews: news.length > newsPage,
  }
}

function contact(channel: Channel, facts: FactsRow): ContactFacts {
  const address = facts.addresses?.find((candidate) => candidate.channel === channel)
  const consents = facts.consents?.filter((consent) => consent.channel === channel) ?? []
  const unconfirmed = (facts.unconfirmed ?? [])
    .filter((one) => one.channel === channel)
    .map(({ id, topic, given }) => ({ id, topic, givenMs: ms(given) }))
  const inquired = facts.inquiries?.[channel]
  return {
    reachable: address !== undefined,
    suppressed: address?.suppressed ?? null,
    consents: Object.fromEntries(consents.map(({ topic, status }) => [topic, status])),
    ...(unconfirmed.length === 0 ? {} : { unconfirmed }),
    ...(inquired === undefined ? {} : { inquiredMs: ms(inquired) }),
  }
}

function toNews({ id, kind, detail, createdAt, occurredAt, name, properties }: NewsRow): News {
  const atMs = ms(occurredAt ?? createdAt)
  switch (kind) {
    case 'event':
      return { id, atMs, kind, name: name ?? '', properties: properties ?? {} }
    case 'task':
      return { id, atMs, kind, taskId: String(detail['taskId']), outcome: String(detail['outcome']) }
    case 'entry':
      return {
        id,
        atMs,
        kind,
        journey: String(detail['journey']),
        ...(detail['by'] === 'schedule' && { by: 'schedule' }),
        properties: (detail['properties'] ?? {}) as Record<string, unknown>,
      }
    case 'score':
      return { id, atMs, kind, score: detail['score'] as ScoreKind, crossed: detail['crossed'] as 'up' | 'down' }
    case 'segment':
      return { id, atMs, kind, segment: String(detail['segment']), change: detail['change'] as 'entered' | 'exited' }
    case 'journey':
      return { id, atMs, kind, journey: String(detail['journey']) }
    case 'contact':
    case 'profile':
    case 'arrived':
      return { id, atMs, kind }
  }
}

/** Conditions read plain values; a nested object is kept in the profile but decides nothing. */
function plainTraits(traits: Record<string, unknown>): Record<string, TraitValue> {
  return Object.fromEntries(Object.entries(traits).filter((entry): entry is [string, TraitValue] => isPlain(entry[1])))
}

function isPlain(value: unknown): value is TraitValue {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string')
  return value === null || typeof value !== 'object'
}

function ms(iso: Iso): EpochMs {
  return Date.parse(iso)
}

function msOrNull(iso: Iso | null): EpochMs | null {
  return iso === null ? null : Date.parse(iso)
}
