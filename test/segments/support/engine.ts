/** A shop with segments that are kept as the product keeps them, step by step when a test says so. */

import { parse } from 'yaml'
import { contentVersion } from '../../../src/store/content-version.ts'
import { type BuildOutcome, buildSegments } from '../../../src/store/segments/build-segments.ts'
import { type EvaluatedPage, evaluateNextPage } from '../../../src/store/segments/evaluate-page.ts'
import { sweepDue } from '../../../src/store/segments/segment-upkeep.ts'
import { openShop, type Shop } from '../../intake/support/shop.ts'

export interface SegmentShop extends Shop {
  /** Keys of segments that journeys want to hear of. */
  readonly heard: Set<string>
  /** Publishes documents of a kind by key, as `perennial apply` does, without building anything. */
  publish(kind: 'segment' | 'trait', documents: Readonly<Record<string, string>>): Promise<void>
  build(): Promise<BuildOutcome | undefined>
  /** Evaluates whoever waits. @returns what happened, page by page. */
  evaluate(pageSize?: number): Promise<EvaluatedPage[]>
  /** Lets time pass: whoever is due is evaluated. */
  sweep(): Promise<void>
  /** The shop's ids of the members of a segment that counts, in order. */
  members(key: string): Promise<string[]>
  /** What customers' workflows were told of segments: `ada entered regulars`. */
  segmentNews(): Promise<string[]>
  /** Everybody's membership in everything that counts, and the same worked out from nothing. */
  compareWithRebuild(): Promise<{ kept: string[]; rebuilt: string[] }>
}

export async function openSegmentShop(): Promise<SegmentShop> {
  const shop = await openShop()
  const heard = new Set<string>()
  const needs = {
    database: shop.database,
    nowMs: () => shop.time.nowMs,
    interests: async () => ({ segments: heard, traits: shop.interests.traits }),
  }
  const memberships = async (): Promise<string[]> => {
    const rows = await shop.rows<{ line: string }>(
      `SELECT s.key || ' ' || m.customer_id AS line
         FROM segments s JOIN segment_members m ON m.segment_id = s.id WHERE s.status = 'live' ORDER BY 1`,
    )
    return rows.map(({ line }) => line)
  }
  const own: SegmentShop = {
    ...shop,
    heard,
    async publish(kind, documents) {
      for (const [key, text] of Object.entries(documents)) {
        const document: unknown = parse(text)
        const { name } = document as { name: string }
        await shop.rows(`UPDATE campaigns SET status = 'superseded' WHERE kind = $1 AND key = $2`, [kind, key])
        await shop.rows(
          `INSERT INTO campaigns (kind, key, version, name, status, document, published_at)
           VALUES ($1, $2, $3, $4, 'live', $5, now())
           ON CONFLICT (kind, key, version) DO UPDATE SET status = 'live'`,
          [kind, key, contentVersion(document), name, JSON.stringify(document)],
        )
      }
    },
    build: () => buildSegments(needs),
    async evaluate(pageSize) {
      const pages: EvaluatedPage[] = []
      for (;;) {
        const page = await evaluateNextPage(needs, pageSize)
        if (page.customers === 0) return pages
        pages.push(page)
      }
    },
    async sweep() {
      while ((await sweepDue(shop.database.pool, shop.time.nowMs)) > 0);
      await own.evaluate()
    },
    async members(key) {
      const rows = await shop.rows<{ who: string }>(
        `SELECT c.external_id AS who FROM segments s
           JOIN segment_members m ON m.segment_id = s.id JOIN customers c ON c.id = m.customer_id
          WHERE s.key = $1 AND s.status = 'live' ORDER BY 1`,
        [key],
      )
      return rows.map(({ who }) => who)
    },
    async segmentNews() {
      const rows = await shop.rows<{ line: string }>(
        `SELECT concat_ws(' ', c.external_id, n.detail ->> 'change', n.detail ->> 'segment') AS line
           FROM news n JOIN customers c ON c.id = n.customer_id WHERE n.kind = 'segment' ORDER BY n.id`,
      )
      return rows.map(({ line }) => line)
    },
    async compareWithRebuild() {
      const kept = await memberships()
      await shop.rows(`UPDATE segments SET status = 'ended' WHERE status = 'live'`)
      await shop.rows('DELETE FROM segment_members')
      await own.build()
      return { kept, rebuilt: await memberships() }
    },
  }
  return own
}
