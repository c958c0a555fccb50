/**
 * The process that turns events into what is known of customers, keeps their segments, and tells their workflows. Run as many as you like.
 *
 *   node workers/intake.ts
 */

import { createClock } from '../src/clock.ts'
import { needsConfirmation } from '../src/domain/consent-rule.ts'
import type { Definitions } from '../src/domain/definitions.ts'
import { interestingEvents, interestingSegments, interestingTraits, rfmWaits } from '../src/domain/interests.ts'
import { startHousekeeping } from '../src/intake/housekeeping.ts'
import { startIntake } from '../src/intake/intake.ts'
import { startMergeSweep } from '../src/intake/merge-sweep.ts'
import { startNudger, startSweep } from '../src/intake/nudger.ts'
import type { Interests } from '../src/intake/page-news.ts'
import { startReferrals } from '../src/intake/referrals.ts'
import { startScheduledEntries } from '../src/intake/scheduled-entries.ts'
import { startSegmentBuilder, startSegments } from '../src/intake/segments.ts'
import { requireDatabaseUrl, runService } from '../src/service.ts'
import { createDefinitionsCache } from '../src/store/campaigns.ts'
import { openDatabase } from '../src/store/database.ts'
import { describeError } from '../src/store/describe-error.ts'
import { openVault } from '../src/store/master-key.ts'
import type { SegmentInterests } from '../src/store/segments/evaluate-page.ts'
import { loadMasterKeys } from '../src/store/vault.ts'
import { openTemporalClient } from '../src/temporal.ts'
import { startMailboxVisits } from './mailbox-visits.ts'

/** How soon the first event after a quiet time is seen. */
const usualRestMs = 400

let known: { readonly definitions: Definitions; readonly interests: Interests & SegmentInterests } | undefined

/** Worked out once for each state of the definitions. */
function interestsOf(definitions: Definitions): Interests & SegmentInterests {
  if (known?.definitions !== definitions) {
    const interests: Interests & SegmentInterests = {
      events: interestingEvents(definitions),
      traits: interestingTraits(definitions),
      segments: interestingSegments(definitions),
      needsConfirmation: (channel, topic) => needsConfirmation(definitions.policy, channel, topic),
    }
    known = { definitions, interests }
  }
  return known.interests
}

await runService('intake', async (config, log) => {
  const database = openDatabase(requireDatabaseUrl(config), {
    name: 'intake',
    maxConnections: 8,
    onIdleError: (error) => log.warn({ error: describeError(error) }, 'database connection lost'),
  })
  const vault = await openVault(database.pool, loadMasterKeys(config))
  const clock = createClock(config.clock)
  const temporal = openTemporalClient(config.temporal)
  const definitions = createDefinitionsCache(database)

  // Where virtual time flies, the seconds that a sweep may be late are weeks: there everybody has a timer of their own.
  const crowdFrom = clock.speed === 1 ? config.crowdFrom : Number.POSITIVE_INFINITY
  // For the same reason: there it looks as often at night as by day.
  const restMs = clock.speed === 1 ? usualRestMs : undefined
  const nudging = { database, temporal: temporal.client.workflow, clock, log, crowdFrom, restMs }
  const nudger = startNudger(nudging)
  const sweep = startSweep(nudging)
  const mergeSweep = startMergeSweep(nudging)
  const shared = {
    database,
    log,
    restMs,
    nowMs: () => clock.nowMs(),
    interests: async () => interestsOf(await definitions.get()),
    identity: async () => (await definitions.get()).identity,
    onNews: () => nudger.wake(),
  }
  const segments = startSegments(shared)
  const builder = startSegmentBuilder(shared)
  const intake = startIntake({ ...shared, vault })
  const schedules = startScheduledEntries({
    database,
    clock,
    log,
    definitions: () => definitions.get(),
    onNews: () => nudger.wake(),
  })
  const referrals = startReferrals({
    database,
    vault,
    log,
    definitions: () => definitions.get(),
    nowMs: () => clock.nowMs(),
    onEvents: () => intake.wake(),
  })
  const mailbox = startMailboxVisits(config.bounceMailbox, { database, vault, log, nowMs: () => clock.nowMs() })
  const { keepEventsDays } = config
  const housekeeping = startHousekeeping({
    ...shared,
    vault,
    keepEventsDays,
    rfmWaits: async () => rfmWaits(await definitions.get()),
  })
  return {
    ready: {},
    async stop() {
      // First, so that the nudger still takes what their last pages brought.
      await Promise.all([intake.stop(), segments.stop(), builder.stop(), schedules.stop(), referrals.stop()])
      await Promise.all([nudger.stop(), sweep.stop(), mergeSweep.stop(), housekeeping.stop(), mailbox?.stop()])
      await temporal.close()
      await database.close()
    },
  }
})
