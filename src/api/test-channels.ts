/** The doors by which test messages leave: the same as for all others, in the process that listens. */

import { readFileSync } from 'node:fs'
import { readDkimKey } from '../channels/email/compose/dkim.ts'
import { createEmailChannel, type EmailChannel } from '../channels/email/email-channel.ts'
import { createSmsChannel, type SmsChannel } from '../channels/sms/sms-channel.ts'
import type { Config } from '../config.ts'

/** Nothing connects before something is sent. @returns undefined where no mail server is named. */
export function openTestChannels({
  smtpUrl,
  mail,
  twilio,
}: Config): { readonly email: EmailChannel; readonly sms: Pick<SmsChannel, 'send'> } | undefined {
  if (smtpUrl === undefined) return undefined
  const dkim = mail.dkim.map((key) => readDkimKey(key, (path) => readFileSync(path, 'utf8')))
  const email = createEmailChannel({ smtpUrl, from: mail.from, dkim })
  const sms = twilio ? createSmsChannel(twilio) : { send: noProvider }
  return { email, sms }
}

const noProvider: SmsChannel['send'] = async () => ({ status: 'failed', reason: 'no SMS provider is configured' })
