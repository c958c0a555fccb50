/**
 * The return path of a message: an address of its own (VERP), so that a bounce tells which message it is about, signed,
 * so that a forged one suppresses nobody. And the same for the mailbox that ends such messages.
 */

import type { Vault } from './vault.ts'

/** 96 bits in hexadecimal: the letters of a local part may lose their case on the way. */
const signatureBytes = 12

/** `bounce`: where it returns to. `unsubscribe`: a mail there ends all others. */
export type MailboxPurpose = 'bounce' | 'unsubscribe'

const letters: Readonly<Record<MailboxPurpose, string>> = { bounce: 'b', unsubscribe: 'u' }
const signingPurposes: Readonly<Record<MailboxPurpose, string>> = {
  bounce: 'return-path',
  unsubscribe: 'unsubscribe-mailbox',
}

/** `b+<message>.<signature>@domain`: 63 characters before the @, of 64 that there may be. */
export function returnPath(
  vault: Vault,
  domain: string,
  messageId: string,
  purpose: MailboxPurpose = 'bounce',
): string {
  return `${letters[purpose]}+${messageId}.${signatureOf(vault, purpose, messageId)}@${domain}`
}

export interface OurMailbox {
  readonly purpose: MailboxPurpose
  readonly messageId: string
}

/** What an address speaks of; undefined if we did not make it. */
export function readReturnPath(vault: Vault, address: string): OurMailbox | undefined {
  const [, letter, id, signature] = /^([bu])\+([0-9a-f-]{36})\.([0-9a-f]{24})@/i.exec(address.trim()) ?? []
  if (letter === undefined || id === undefined || signature === undefined) return undefined
  const purpose = letter.toLowerCase() === 'b' ? 'bounce' : 'unsubscribe'
  const messageId = id.toLowerCase()
  const full = fullSignature(vault, purpose, messageId, signature.toLowerCase())
  return vault.verify(signingPurposes[purpose], messageId, full) ? { purpose, messageId } : undefined
}

function signatureOf(vault: Vault, purpose: MailboxPurpose, messageId: string): string {
  return bytesOf(vault.sign(signingPurposes[purpose], messageId)).subarray(0, signatureBytes).toString('hex')
}

/** The part that is not sent is taken from what is right: it decides nothing. */
function fullSignature(vault: Vault, purpose: MailboxPurpose, messageId: string, given: string): string {
  const rest = bytesOf(vault.sign(signingPurposes[purpose], messageId)).subarray(signatureBytes)
  return Buffer.concat([Buffer.from(given, 'hex'), rest]).toString('base64url')
}

function bytesOf(signature: string): Buffer {
  return Buffer.from(signature, 'base64url')
}
