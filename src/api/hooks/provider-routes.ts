/**
 * What the services that send mail for us report: SES (by SNS), SendGrid, Postmark, Mailgun. Calls that they did not sign
 * are refused and change nothing, whatever their content type says; a service that is not configured can sign nothing.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import type { MailHooksConfig } from '../../config.ts'
import type { MailReport } from '../../domain/mail-report.ts'
import {
  readMailgunEvent,
  readPostmarkRecord,
  readSendGridEvents,
  readSesEvent,
} from '../../inbound/provider-events.ts'
import { isFromMailgun, isFromPostmark, isFromSendGrid } from '../../inbound/provider-signatures.ts'
import type { Database } from '../../store/database.ts'
import { takeMailReports } from '../../store/mail-reports.ts'
import type { Vault } from '../../store/vault.ts'
import { ApiError } from '../api-error.ts'
import { type FetchText, readSns } from './sns.ts'

export interface ProviderHookNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly clock: Clock
  readonly mailHooks: MailHooksConfig
  /** Fetches what is at an address of Amazon SNS. */
  readonly fetchText: FetchText
}

const longestBody = 2 * 1024 * 1024

/** Register under `/hooks`. */
export function providerRoutes(needs: ProviderHookNeeds): (app: FastifyInstance) => Promise<void> {
  const { ses, sendGridKey, postmarkAuth, mailgunKey } = needs.mailHooks
  const take = async (reply: FastifyReply, reports: readonly MailReport[]): Promise<FastifyReply> => {
    await takeMailReports(needs, reports, needs.clock.nowMs())
    return reply.code(204).send()
  }
  return async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
    const options = { bodyLimit: longestBody }
    app.post('/ses', options, async (request, reply) =>
      take(reply, readSesEvent(await readSns(parsed(bodyOf(request)), ses, needs.fetchText))),
    )
    app.post('/sendgrid', options, (request, reply) => {
      const body = bodyOf(request)
      const signed = {
        body,
        signature: header(request, 'x-twilio-email-event-webhook-signature'),
        timestamp: header(request, 'x-twilio-email-event-webhook-timestamp'),
      }
      mustHold(sendGridKey !== undefined && isFromSendGrid(signed, sendGridKey))
      return take(reply, readSendGridEvents(parsed(body)))
    })
    app.post('/postmark', options, (request, reply) => {
      mustHold(postmarkAuth !== undefined && isFromPostmark(request.headers.authorization, postmarkAuth))
      return take(reply, readPostmarkRecord(parsed(bodyOf(request))))
    })
    app.post('/mailgun', options, (request, reply) => {
      const body = parsed(bodyOf(request)) as { readonly signature?: unknown; readonly 'event-data'?: unknown } | null
      mustHold(mailgunKey !== undefined && isFromMailgun(body?.signature, mailgunKey, Date.now()))
      return take(reply, readMailgunEvent(body?.['event-data']))
    })
  }
}

function mustHold(isSigned: boolean): void {
  if (!isSigned) throw new ApiError(403, 'The signature is missing or wrong.')
}

function bodyOf({ body }: FastifyRequest): string {
  return typeof body === 'string' ? body : ''
}

function header({ headers }: FastifyRequest, name: string): string {
  const value = headers[name]
  return typeof value === 'string' ? value : ''
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new ApiError(400, 'The body is no valid JSON.')
  }
}
