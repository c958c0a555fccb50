/** What an SMTP conversation that went wrong means for the message: try again, give up, or doubt. */

import type { DeliveryResult } from '../../../domain/delivery.ts'
import { enhancedStatus, type Reply } from './reply.ts'

/** Where the conversation was. `session`: whatever comes before the first message. */
export type SmtpStage = 'session' | 'mail' | 'rcpt' | 'data' | 'message'

/** How an attempt ended, and whom that concerns. */
export interface SmtpOutcome {
  readonly result: DeliveryResult
  /**
   * `message`: this one. `connection`: this conversation; another one with the same server may do. `server`: it takes
   * nothing from us at present.
   */
  readonly about: 'message' | 'connection' | 'server'
  /** The connection broke over another message. */
  readonly isBystander?: boolean
}

/** 503 says that the conversation went out of step, which the next one will not; 530 that we did not log in. */
const aboutUs: ReadonlySet<number> = new Set([503, 530])
const closingDown = 421

/** Judges a reply that says no. A no to the final dot is as clear as any: the message was not taken. */
export function judgeReply(stage: SmtpStage, reply: Reply): SmtpOutcome {
  const { code } = reply
  const enhanced = enhancedStatus(reply)
  const reason = enhanced === undefined ? `smtp ${code}` : `smtp ${code} ${enhanced}`
  const retry = (about: SmtpOutcome['about']): SmtpOutcome => ({ result: { status: 'retry', reason }, about })
  if (stage === 'session') return retry('server')
  if (code === closingDown) return retry('connection')
  if (aboutUs.has(code)) return retry(code === 530 ? 'server' : 'connection')
  // A 2xx or 3xx where none belongs is a no that nobody can classify.
  if (code < 400) return { result: { status: 'retry', reason: `${reason} out of place` }, about: 'connection' }
  if (code < 500) return retry('message')
  return {
    result: isAddressRefused(stage, enhanced)
      ? { status: 'failed', reason, suppress: 'invalid' }
      : { status: 'failed', reason },
    about: 'message',
  }
}

/**
 * Judges a conversation that broke off. Before the final dot the server cannot have taken the message; from then on
 * nobody can tell (RFC 1047).
 *
 * @param why a few words without an address.
 */
export function judgeLoss(stage: SmtpStage, isAfterDot: boolean, why: string): SmtpOutcome {
  const reason = `smtp ${why}`
  if (isAfterDot) return { result: { status: 'in_doubt', reason: `${reason} after the message` }, about: 'message' }
  return { result: { status: 'retry', reason }, about: stage === 'session' ? 'server' : 'connection' }
}

/** 5.1.x is about addresses; 5.1.7 and 5.1.8 are about the sender's. */
function isAddressRefused(stage: SmtpStage, enhanced: string | undefined): boolean {
  return stage !== 'mail' && /^5\.1\.(?!7$|8$)/.test(enhanced ?? '')
}
