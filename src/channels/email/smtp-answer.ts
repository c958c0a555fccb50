/** What a failed SMTP conversation means for the message: try again, give up, or doubt. */

import type { DeliveryResult } from '../../domain/delivery.ts'

/** The parts of nodemailer's errors that are read here. */
export interface SmtpFailure {
  readonly code?: string | undefined
  /** The command whose reply ended the conversation; `CONN` when the connection itself did. */
  readonly command?: string | undefined
  readonly responseCode?: number | undefined
  readonly response?: string | undefined
}

/** Replies to these are about this message; to any other they are about us (credentials, policy, a wrong server). */
const messageCommands: ReadonlySet<string> = new Set(['MAIL FROM', 'RCPT TO', 'DATA'])

/**
 * Judges a failure. nodemailer reports a lost connection in the same words wherever it happened, so the caller must
 * know whether the final dot was already on its way (RFC 1047: from then on nobody can tell).
 */
export function judgeSmtpFailure(failure: SmtpFailure, isAfterDot: boolean): DeliveryResult {
  const { code, command, responseCode, response } = failure
  if (responseCode === undefined) {
    // The server said beforehand which size it takes (RFC 1870), and this is larger.
    if (code === 'EMESSAGE' && command === 'MAIL FROM') return { status: 'failed', reason: 'smtp message too large' }
    const reason = `smtp ${code ?? 'error'}`
    return isAfterDot ? { status: 'in_doubt', reason: `${reason} after the message` } : { status: 'retry', reason }
  }
  const enhanced = enhancedStatus(response)
  const reason = ['smtp', responseCode, enhanced].filter((part) => part !== undefined).join(' ')
  // 503 says that the conversation went out of step, which the next one will not.
  const isPermanent = responseCode >= 500 && responseCode !== 503
  if (!isPermanent || command === undefined || !messageCommands.has(command)) return { status: 'retry', reason }
  return isAddressRefused(command, enhanced)
    ? { status: 'failed', reason, suppress: 'invalid' }
    : { status: 'failed', reason }
}

/** The enhanced status code of a reply (RFC 3463): `5.1.1`. The words around it may hold the address: never kept. */
function enhancedStatus(response: string | undefined): string | undefined {
  return /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response ?? '')?.[1]
}

/** 5.1.x is about addresses; 5.1.7 and 5.1.8 are about the sender's. */
function isAddressRefused(command: string, enhanced: string | undefined): boolean {
  return command !== 'MAIL FROM' && /^5\.1\.(?!7$|8$)/.test(enhanced ?? '')
}
