/** Addresses in the one form under which they are kept, hashed and compared. */

import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js'

export interface PhoneNumber {
  /** E.164: `+442079460958`. */
  readonly e164: string
  /** ISO 3166-1 alpha-2, where the number tells. */
  readonly country: string | undefined
}

// One @, a domain with a dot, nothing that could end a header or a bracketed address. RFC 5321 limits the lengths.
const email = /^[^\s@<>()[\]\\,;:"]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,63}$/u

/** Lower case, without spaces around it; undefined if no mail could be sent there. */
export function normaliseEmail(text: string): string | undefined {
  const trimmed = text.trim().toLowerCase()
  return trimmed.length <= 254 && email.test(trimmed) ? trimmed : undefined
}

/** The part after the @ of a normalised address. */
export function emailDomain(normalised: string): string {
  return normalised.slice(normalised.lastIndexOf('@') + 1)
}

/**
 * E.164; undefined if it is no possible number.
 *
 * @param country ISO 3166-1 alpha-2: how to read a number that does not start with a plus.
 */
export function normalisePhone(text: string, country?: string): PhoneNumber | undefined {
  const home = country !== undefined && isSupportedCountry(country) ? country : undefined
  const parsed = parsePhoneNumberFromString(text, home === undefined ? {} : { defaultCountry: home })
  return parsed?.isPossible() ? { e164: parsed.number, country: parsed.country } : undefined
}
