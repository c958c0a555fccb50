/** The code with which a customer sends a friend, as it travels: in links, and in what a shop tells of a visit. */

/** The parameter of a link, and the name of the property or trait. */
export const referralParameter = 'referral_code'

/** As it is kept; undefined if it cannot be one. */
export function toReferralCode(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z0-9]{4,40}$/.test(value) ? value.toUpperCase() : undefined
}

/** The code in the address of a page, or in the part of it from the question mark on. */
export function referralCodeIn(address: unknown): string | undefined {
  if (typeof address !== 'string') return undefined
  return toReferralCode(/[?&]referral_code=([A-Za-z0-9]+)/.exec(address)?.[1])
}
