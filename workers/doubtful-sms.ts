/** Asks the SMS provider about messages whose answer never came, and ends the doubt where its answer allows it. */

import type { Logger } from 'pino'
import type { SmsChannel } from '../src/channels/sms/sms-channel.ts'
import { type Loop, startLoop } from '../src/intake/loop.ts'
import type { Database } from '../src/store/database.ts'
import { findDoubtfulSms, type ProviderWord, settleByProvider, unclaimedNames } from '../src/store/doubtful-messages.ts'
import { openAddress } from '../src/store/personal-data.ts'
import type { Vault } from '../src/store/vault.ts'

export interface DoubtfulSmsNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly find: NonNullable<SmsChannel['find']>
  /** Real time: the provider knows no other. */
  readonly nowMs: () => number
  readonly log: Logger
}

/** By then the provider has taken it, or never will. */
const settledAfterMs = 20 * 60_000
const everyMs = 60_000
const atOnce = 20

export function startDoubtfulSms(needs: DoubtfulSmsNeeds): Loop {
  return startLoop({
    name: 'doubtful-sms',
    log: needs.log,
    idleMs: everyMs,
    maxBackoffMs: 10 * everyMs,
    round: async () => (await askAbout(needs)) === atOnce,
  })
}

/** @returns how many were asked about. */
export async function askAbout(
  { database, vault, find, nowMs }: Omit<DoubtfulSmsNeeds, 'log'>,
  beforeMs: number = nowMs() - settledAfterMs,
): Promise<number> {
  const doubtful = await findDoubtfulSms(database.pool, { beforeMs, nowMs: nowMs(), limit: atOnce })
  for (const one of doubtful) {
    const key = vault.openCustomerKey(one.customerId, one.wrappedKey)
    const taken = await find(openAddress(vault, key, one.contactPointId, one.address), one.transmittingMs)
    await database.transaction(async (client) => {
      const names = taken.map(({ providerMessageId }) => providerMessageId)
      const ours = new Set(await unclaimedNames(client, names))
      const word = wordOf(taken.filter(({ providerMessageId }) => ours.has(providerMessageId)))
      await settleByProvider(client, one, word, nowMs())
    })
  }
  return doubtful.length
}

function wordOf(taken: Awaited<ReturnType<DoubtfulSmsNeeds['find']>>): ProviderWord {
  const [first] = taken
  if (first === undefined) return { found: 'none' }
  return taken.length === 1 ? { found: 'one', ...first } : { found: 'several' }
}
