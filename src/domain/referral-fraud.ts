/** Whether two customers are rather one: what is known of both, compared in a form in which small changes do not count. */

import { comparableName } from './personal-names.ts'

export interface KnownAddresses {
  /** Normalised. */
  readonly emails: readonly string[]
  readonly phones: readonly string[]
  /** Personal traits by name, as the shop calls them. */
  readonly personal: Readonly<Record<string, unknown>>
}

/** Whether they share a mailbox, a phone or a door. */
export function sharesAddress(one: KnownAddresses, other: KnownAddresses): boolean {
  return (
    overlaps(one.emails.map(mailbox), other.emails.map(mailbox)) ||
    overlaps(one.phones, other.phones) ||
    overlaps(doorsOf(one.personal), doorsOf(other.personal))
  )
}

function overlaps(some: readonly string[], others: readonly string[]): boolean {
  const known = new Set(others)
  return some.some((each) => known.has(each))
}

/** Providers that take dots in a name for nothing. */
const dotless: ReadonlySet<string> = new Set(['gmail.com', 'googlemail.com'])

/** `A.nn+shop@googlemail.com` → `ann@gmail.com`: one mailbox has many names. */
export function mailbox(email: string): string {
  const at = email.lastIndexOf('@')
  const domain = email.slice(at + 1).toLowerCase()
  const name = email.slice(0, at).toLowerCase().replace(/\+.*$/, '')
  return dotless.has(domain) ? `${name.replaceAll('.', '')}@gmail.com` : `${name}@${domain}`
}

const streetNames: ReadonlySet<string> = new Set(['street', 'streetaddress', 'address1', 'line1', 'addressline1'])
const codeNames: ReadonlySet<string> = new Set(['postalcode', 'zip', 'zipcode', 'postcode'])

/** Street and postal code, at the top or inside an address. A town alone is no door. */
function doorsOf(personal: Readonly<Record<string, unknown>>): string[] {
  const places = [personal, ...Object.values(personal).filter(isMapping)]
  return places.flatMap((place) => {
    const street = valueNamed(place, streetNames)
    const code = valueNamed(place, codeNames)
    return street === undefined || code === undefined ? [] : [`${comparableText(street)}/${comparableText(code)}`]
  })
}

function valueNamed(fields: Readonly<Record<string, unknown>>, names: ReadonlySet<string>): string | undefined {
  // Personal parts of an event come by their path: `address.street`.
  const found = Object.entries(fields).find(([name, value]) => {
    return names.has(comparableName(name.split('.').at(-1) ?? '')) && typeof value === 'string' && value.trim() !== ''
  })
  return found?.[1] as string | undefined
}

/** `Garden Row 1.` and `1, garden-row` are the same door. */
function comparableText(text: string): string {
  const parts =
    text
      .toLowerCase()
      .normalize('NFKD')
      .match(/[\p{L}\p{N}]+/gu) ?? []
  return parts.sort().join(' ')
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
