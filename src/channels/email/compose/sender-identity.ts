/** Who messages come from, as headers and envelopes name them. */

import { isPlainAddress } from './headers.ts'

export interface SenderIdentity {
  /** `Shop <shop@example.com>`. */
  readonly header: string
  readonly address: string
  readonly domain: string
  /** Where answers go, if not to the address. As in a header. */
  readonly replyTo?: string | undefined
}

/** @throws RangeError if the sender is no address. */
export function readSender(from: string, replyTo?: string): SenderIdentity {
  const address = /<([^<>]+)>\s*$/.exec(from)?.[1] ?? from.trim()
  if (!isPlainAddress(address) || /[\r\n]/.test(from)) {
    throw new RangeError(`MAIL_FROM: ${JSON.stringify(from)} must be an address, or a name and <an address>`)
  }
  return { header: from, address, domain: address.slice(address.lastIndexOf('@') + 1), replyTo }
}
