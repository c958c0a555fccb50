/** The product without Temporal: a database with the test campaigns, a mail server, and the activities wired to them. */

import { fileURLToPath } from 'node:url'
import type { BroadcastActivities, BroadcastSendActivities } from '../../../activities/broadcast-types.ts'
import type { ReportingService } from '../../../src/channels/email/compose/compose-email.ts'
import { createEmailChannel } from '../../../src/channels/email/email-channel.ts'
import type { SmsChannel } from '../../../src/channels/sms/sms-channel.ts'
import { createThreadRenderer } from '../../../src/channels/templates/thread-renderer.ts'
import type { Clock } from '../../../src/clock.ts'
import type { MailSenderConfig } from '../../../src/senders-file.ts'
import { createDefinitionsCache, loadTemplate } from '../../../src/store/campaigns.ts'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import { publishCampaigns } from '../../../src/store/publishing/publish-campaigns.ts'
import { Vault } from '../../../src/store/vault.ts'
import { createBroadcastWorkerActivities } from '../../../workers/broadcast-activities.ts'
import { createLifecycleActivities, type LifecycleActivities } from '../../../workers/lifecycle-activities.ts'
import { openMailSenders } from '../../../workers/mail-senders.ts'
import { createTestDatabase } from '../../support/database.ts'
import { type MailServer, startMailServer } from './mail-server.ts'

export interface StoreWorld {
  readonly database: Database
  readonly databaseUrl: string
  readonly masterKey: Buffer
  readonly vault: Vault
  readonly clock: Clock
  readonly mail: MailServer
  /**
   * Wired to all of the above. Close it when the last activity has ended.
   *
   * @param mail how the provider names messages in its reports, where bounces come in, and other identities.
   */
  activities(
    sms?: SmsChannel,
    mail?: {
      readonly reportedBy?: ReportingService
      readonly bounceDomain?: string
      readonly senders?: readonly MailSenderConfig[]
    },
  ): LifecycleActivities & {
    readonly broadcasts: BroadcastActivities
    readonly sending: BroadcastSendActivities
    close(): void
  }
  close(): Promise<void>
}

export const publicUrl = 'https://shop.example'

/** A Monday at noon, so that nothing begins in the quiet hours. */
export const mondayNoonMs = Date.UTC(2026, 2, 2, 12)

const usualCampaigns = fileURLToPath(new URL('../campaigns/', import.meta.url))

export async function createStoreWorld(clock: Clock, campaigns = usualCampaigns): Promise<StoreWorld> {
  const testDatabase = await createTestDatabase()
  const database = openDatabase(testDatabase.url, { pipeline: true })
  const masterKey = Buffer.alloc(32, 7)
  const vault = new Vault(masterKey)
  await publishCampaigns(database, campaigns, clock.nowMs())
  const mail = await startMailServer()
  return {
    database,
    databaseUrl: testDatabase.url,
    masterKey,
    vault,
    clock,
    mail,
    activities(sms = noSms, { reportedBy, bounceDomain, senders: others = [] } = {}) {
      const email = createEmailChannel({ smtpUrl: mail.url, from: 'Shop <shop@shop.example>', reportedBy })
      const definitions = createDefinitionsCache(database)
      const template = (key: string, locale?: string | null): ReturnType<typeof loadTemplate> =>
        loadTemplate(database, key, locale)
      const shop = { name: 'Shop', url: publicUrl, postalAddress: 'Shop, 1 Garden Row' }
      const renderer = createThreadRenderer()
      const from = 'Shop <shop@shop.example>'
      const setting = { from, postalAddress: shop.postalAddress, dkim: [], bounceDomain, senders: others }
      const senders = openMailSenders(setting, mail.url, reportedBy)
      const places = { publicUrl, shop, bounceDomain, senders }
      const neighbours = { database, vault, clock, definitions, template, renderer, email, sms, ...places }
      const composing = { from, dkim: [], reportedBy, senders: others }
      const broadcasts = createBroadcastWorkerActivities(neighbours, composing)
      const close = (): void => {
        email.close()
        for (const sender of senders) sender.email.close()
        void renderer.close()
        void broadcasts.close()
      }
      const { sending } = broadcasts
      return { ...createLifecycleActivities(neighbours), broadcasts: broadcasts.lifecycle, sending, close }
    },
    async close() {
      await mail.close()
      await database.close()
      await testDatabase.drop()
    },
  }
}

const noSms: SmsChannel = { send: async () => ({ status: 'failed', reason: 'no SMS in this test' }) }

/** A clock that stands still until it is told otherwise. */
export interface SettableClock extends Clock {
  advance(byMs: number): void
}

export function createSettableClock(startMs: number = mondayNoonMs): SettableClock {
  let nowMs = startMs
  return {
    speed: 1,
    nowMs: () => nowMs,
    realMsUntil: (momentMs) => Math.max(0, momentMs - nowMs),
    advance: (byMs) => void (nowMs += byMs),
  }
}
