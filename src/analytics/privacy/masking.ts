/** Masking: enough of a personal value to recognise what one knows, too little to learn it. Who sees what goes by role. */

import { refuse } from '../core/check.ts'

/**
 * Who looks: an `admin` sees personal values in full, a `marketer` sees masks, an `analyst` sees none, because numbers
 * need no names.
 */
export const viewerRoles = ['admin', 'marketer', 'analyst'] as const
export type ViewerRole = (typeof viewerRoles)[number]

/** What stands for a value of which nothing may be shown. */
export const HIDDEN = '•••'

/** Behind a country's code the dots say nothing about how long the number is. */
const HIDDEN_DIGITS = '•••••'
const SHOWN_DIGITS = 3
/** With fewer digits than this behind the country's code, the last three would be too much of the number. */
const FEWEST_TO_SHOW = 7

/** Country codes of two digits; +1 and +7 have one, all others three (ITU-T E.164, list of assigned country codes). */
const twoDigitCode = /^(2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/

const emailNames = /e?mail/
const phoneNames = /phone|mobile|telephone|^tel$|fax/
const personNames = /name$/

/**
 * `jane.doe@example.com` as `j•••@example.com`: the first character and the domain. Text that is no address becomes `•••`.
 */
export function maskEmail(address: string): string {
  const text = address.trim()
  const at = text.lastIndexOf('@')
  if (at < 1 || at === text.length - 1) return HIDDEN
  return `${firstCharacter(text)}${HIDDEN}${text.slice(at)}`
}

/**
 * `+44 20 7946 0123` as `+44•••••123`: the country's code and the last three digits, or the code alone where the number
 * is short. A number without a code shows the last three only; text that is no number becomes `•••••`.
 */
export function maskPhone(number: string): string {
  const text = number.trim().replace(/^00/, '+')
  const digits = text.replaceAll(/\D/g, '')
  if (digits === '' || /[^\d\s+()./-]/.test(text)) return HIDDEN_DIGITS
  const code = text.startsWith('+') ? callingCode(digits) : ''
  const rest = digits.slice(code.length)
  const shown = rest.length < FEWEST_TO_SHOW ? '' : rest.slice(-SHOWN_DIGITS)
  return `${code === '' ? '' : `+${code}`}${HIDDEN_DIGITS}${shown}`
}

/** `Jane` as `J•••`. */
export function maskName(name: string): string {
  const text = name.trim()
  return text === '' ? HIDDEN : `${firstCharacter(text)}${HIDDEN}`
}

/**
 * The mask of a trait's value, chosen by what it looks like, then by the trait's name: addresses and numbers keep what
 * tells them apart, names their first letter, all else (birthdays, streets, pictures) nothing.
 */
export function maskTrait(name: string, value: unknown): string {
  if (typeof value !== 'string') return HIDDEN
  const plain = name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
  if (emailNames.test(plain) || /^[^\s@]+@[^\s@]+$/.test(value.trim())) return maskEmail(value)
  if (phoneNames.test(plain) || /^\+\d{6,}$/.test(value.trim())) return maskPhone(value)
  return personNames.test(plain) ? maskName(value) : HIDDEN
}

/**
 * Personal traits as somebody in this role may see them; nested objects and lists keep their shape. The given traits
 * are not changed.
 *
 * @throws RangeError if the role is none of `viewerRoles`: whoever is unknown sees nothing.
 */
export function maskPersonalTraits(
  traits: Readonly<Record<string, unknown>>,
  role: ViewerRole,
): Readonly<Record<string, unknown>> {
  switch (checkedRole(role)) {
    case 'admin':
      return traits
    case 'marketer':
      return maskedObject(traits)
    case 'analyst':
      return {}
  }
}

/** An email address or a phone number as somebody in this role may see it. @throws RangeError if the role is unknown. */
export function maskContactPoint(channel: 'email' | 'sms', address: string, role: ViewerRole): string {
  switch (checkedRole(role)) {
    case 'admin':
      return address
    case 'marketer':
      return channel === 'email' ? maskEmail(address) : maskPhone(address)
    case 'analyst':
      return HIDDEN
  }
}

function maskedObject(traits: object): Record<string, unknown> {
  // From entries, because a trait may be called `__proto__`.
  return Object.fromEntries(Object.entries(traits).map(([name, value]) => [name, masked(name, value)]))
}

function masked(name: string, value: unknown): unknown {
  if (value === null || value === undefined) return value
  if (Array.isArray(value)) return value.map((each) => masked(name, each))
  return typeof value === 'object' && !(value instanceof Date) ? maskedObject(value) : maskTrait(name, value)
}

function callingCode(digits: string): string {
  if (/^[17]/.test(digits)) return digits.slice(0, 1)
  return digits.slice(0, twoDigitCode.test(digits) ? 2 : 3)
}

/** By code point: half of a pair of surrogates is no character. */
function firstCharacter(text: string): string {
  return String.fromCodePoint(text.codePointAt(0) as number)
}

function checkedRole(role: ViewerRole): ViewerRole {
  return viewerRoles.includes(role) ? role : refuse('role', role, `must be one of ${viewerRoles.join(', ')}`)
}
