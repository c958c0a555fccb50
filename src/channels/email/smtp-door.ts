/** One SMTP connection that carries one message at a time, and knows whether the final dot has left. */

import nodemailer, { type SendMailOptions } from 'nodemailer'
import type { DeliveryResult } from '../../domain/delivery.ts'
import { judgeSmtpFailure, type SmtpFailure } from './smtp-answer.ts'

export interface SmtpDoor {
  /** Sends it, or says why not. Never throws for what happens on the wire. */
  send(mail: SendMailOptions): Promise<DeliveryResult>
  close(): void
}

/** Real milliseconds, all of them: the world outside does not run on virtual time. */
const connectTimeoutMs = 10_000
const silenceTimeoutMs = 30_000
const idleTimeoutMs = 20_000

/** No attempt takes longer than this, however slowly the server trickles its replies. */
export const smtpDeadlineMs = 60_000

export function openSmtpDoor(smtpUrl: string): SmtpDoor {
  let isAfterDot = false
  const transport = nodemailer.createTransport({
    url: smtpUrl,
    pool: true,
    maxConnections: 1,
    maxMessages: 1000,
    // Temporal retries, with its own patience and in sight of everybody.
    maxRequeues: 0,
    connectionTimeout: connectTimeoutMs,
    greetingTimeout: connectTimeoutMs,
    socketTimeout: silenceTimeoutMs,
    // Closed by us while it is idle, and not by the server in the middle of a message.
    idleTimeout: idleTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
    logger: listenFor('message', () => (isAfterDot = true)),
  })
  return {
    async send(mail) {
      isAfterDot = false
      try {
        const info = await transport.sendMail({ ...mail, signal: AbortSignal.timeout(smtpDeadlineMs) })
        const providerMessageId = queueName(info.serverMessageId)
        return providerMessageId === undefined ? { status: 'sent' } : { status: 'sent', providerMessageId }
      } catch (error) {
        return judgeSmtpFailure(error as SmtpFailure, isAfterDot)
      }
    },
    close: () => transport.close({ force: true }),
  }
}

/**
 * nodemailer's log is the only place that tells when the message, with its final dot, has been handed to the socket.
 * Nothing of it is kept: it holds addresses.
 */
function listenFor(transaction: string, onSeen: () => void): object {
  const hear = (entry: { readonly tnx?: string }): void => {
    if (entry.tnx === transaction) onSeen()
  }
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']
  return Object.fromEntries(levels.map((level) => [level, hear]))
}

/** The name under which the server has queued it, if it looks like one: some put addresses there. */
function queueName(text: string | undefined): string | undefined {
  return text !== undefined && /^[\w.<>-]{1,200}$/.test(text) ? text : undefined
}
