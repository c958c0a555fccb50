/**
 * Personal traits are sealed under the customer's own key: no condition can read them. Some of what they say is also
 * known in an impersonal form, which can be asked for instead.
 */

import { comparableName, personalInTraits } from '../personal-names.ts'

const instead: readonly { readonly like: RegExp; readonly say: string }[] = [
  { like: /mail/, say: 'ask for "email_domain", or for "reachable.email"' },
  { like: /phone|mobile|^tel$|^fax$/, say: 'ask for "country", or for "reachable.sms"' },
  { like: /address|street|zip|post(?:al)?code/, say: 'ask for "country"' },
  { like: /latitude|longitude|geolocation|^ip/, say: 'ask for "country" or "time_zone"' },
  {
    like: /birth|^dob$/,
    say: 'let the shop send what you need as a trait of its own, such as "age_group" or "birth_month"',
  },
]

/** Why the trait cannot be asked for, and what can instead; undefined if it can. */
export function personalTraitProblem(name: string): string | undefined {
  const comparable = comparableName(name)
  if (!personalInTraits.has(comparable)) return undefined
  const hint = instead.find(({ like }) => like.test(comparable))?.say ?? 'no segment can depend on it'
  return `is a personal trait, sealed under the customer's own key: ${hint}`
}
