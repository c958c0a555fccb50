/**
 * What is kept of an event's context: a list of what may stay, because senders add to it whatever they like. Network
 * addresses, user agents, full page addresses and device ids do not.
 */

import { referralCodeIn } from '../../domain/referral-code.ts'
import { textFault } from '../../domain/split-personal.ts'

/** By field: which of its parts stay. An empty list: the field itself, a text or number. */
const kept: Readonly<Record<string, readonly string[]>> = {
  locale: [],
  timezone: [],
  campaign: ['name', 'source', 'medium', 'term', 'content', 'id'],
  library: ['name', 'version'],
  app: ['name', 'version', 'build'],
  device: ['type'],
  os: ['name', 'version'],
  page: ['path'],
}

/**
 * @param traits what the context says of the person and is not personal: kept under `traits` for intake.
 * @returns JSON, or null if nothing is left.
 */
export function openContext(
  context: Readonly<Record<string, unknown>> | undefined,
  traits: Readonly<Record<string, unknown>> | undefined,
): string | null {
  if (context === undefined) return null
  const open: Record<string, unknown> = {}
  for (const [field, parts] of Object.entries(kept)) {
    const value = context[field]
    if (value === undefined) continue
    const part = parts.length === 0 ? plain(value) : pick(value, parts)
    if (part !== undefined) open[field] = part
  }
  const code = referralCodeOf(context['page'])
  if (code !== undefined) open['referral_code'] = code
  if (traits !== undefined && Object.keys(traits).length > 0) open['traits'] = traits
  return Object.keys(open).length === 0 ? null : JSON.stringify(open)
}

/** Of the address of a page only the code with which somebody was sent there. */
function referralCodeOf(page: unknown): string | undefined {
  if (typeof page !== 'object' || page === null) return undefined
  const { search, url } = page as { readonly search?: unknown; readonly url?: unknown }
  return referralCodeIn(search) ?? referralCodeIn(url)
}

function pick(value: unknown, parts: readonly string[]): Record<string, string | number> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const given = value as Readonly<Record<string, unknown>>
  const picked: Record<string, string | number> = {}
  for (const part of parts) {
    const inner = plain(given[part])
    if (inner !== undefined) picked[part] = inner
  }
  return Object.keys(picked).length === 0 ? undefined : picked
}

/** Short texts and finite numbers; what cannot be stored, or could hold an address, is left out without a word. */
function plain(value: unknown): string | number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string' || value.length > 256 || value.includes('@') || value.includes('%40')) return undefined
  return textFault(value) === undefined ? value : undefined
}
