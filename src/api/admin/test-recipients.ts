/** Who may get test messages without a question: the shop's own people, by address, by domain or by number. */

import type { Channel } from '../../domain/snapshot.ts'
import { emailDomain, normaliseEmail, normalisePhone } from '../../store/addresses.ts'

export interface TestTeam {
  /** @param address normalised, as `readRecipient` gives it. */
  readonly has: (address: string) => boolean
}

/**
 * @param listed `ada@shop.example`, `@shop.example` or `+442079460958` each. Empty: everybody at the sender's domain.
 * @throws RangeError naming the entry that is none of them.
 */
export function readTestTeam(listed: readonly string[], senderDomain: string): TestTeam {
  const entries = listed.length === 0 ? [`@${senderDomain.toLowerCase()}`] : listed.map(readEntry)
  const known = new Set(entries)
  return { has: (address) => known.has(address) || (address.includes('@') && known.has(`@${emailDomain(address)}`)) }
}

function readEntry(entry: string): string {
  if (/^@[^@\s]+\.[^@\s]+$/.test(entry)) return entry.toLowerCase()
  const address = entry.startsWith('+') ? normalisePhone(entry)?.e164 : normaliseEmail(entry)
  if (address !== undefined) return address
  throw new RangeError(
    `PERENNIAL_TEST_RECIPIENTS: ${JSON.stringify(entry)} must be an e-mail address, a domain with an @ before it, or a number with its +`,
  )
}

/** In the one form of its channel; undefined if nothing of that channel could go there. */
export function readRecipient(text: string, channel: Channel): string | undefined {
  return channel === 'email' ? normaliseEmail(text) : normalisePhone(text.trim())?.e164
}
