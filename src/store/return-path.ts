/**
 * The return path of a message: an address of its own (VERP), so that a bounce tells which message it is about, signed,
 * so that a forged one suppresses nobody.
 */

import type { Vault } from './vault.ts'

const purpose = 'return-path'

/** 96 bits in hexadecimal: the letters of a local part may lose their case on the way. */
const signatureBytes = 12

/** `b+<message>.<signature>@domain`: 63 characters before the @, of 64 that there may be. */
export function returnPath(vault: Vault, domain: string, messageId: string): string {
  return `b+${messageId}.${signatureOf(vault, messageId)}@${domain}`
}

/** The message to which mail for this address returns; undefined if we did not make that address. */
export function readReturnPath(vault: Vault, address: string): string | undefined {
  const [, messageId, signature] = /^b\+([0-9a-f-]{36})\.([0-9a-f]{24})@/i.exec(address.trim()) ?? []
  if (messageId === undefined || signature === undefined) return undefined
  const id = messageId.toLowerCase()
  return vault.verify(purpose, id, fullSignature(vault, id, signature.toLowerCase())) ? id : undefined
}

function signatureOf(vault: Vault, messageId: string): string {
  return bytesOf(vault.sign(purpose, messageId)).subarray(0, signatureBytes).toString('hex')
}

/** The part that is not sent is taken from what is right: it decides nothing. */
function fullSignature(vault: Vault, messageId: string, given: string): string {
  const rest = bytesOf(vault.sign(purpose, messageId)).subarray(signatureBytes)
  return Buffer.concat([Buffer.from(given, 'hex'), rest]).toString('base64url')
}

function bytesOf(signature: string): Buffer {
  return Buffer.from(signature, 'base64url')
}
