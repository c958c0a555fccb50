/** The account that the product and the SMS catcher of one installation share, as both would share one with Twilio. */

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface LocalSmsAccount {
  readonly accountSid: string
  readonly authToken: string
  readonly from: string
}

/** The sender that Twilio reserves for tests: nobody's number. */
const testSender = '+15005550006'

/** Reads the account of a home, making it at the first start: signatures must hold across restarts. */
export function localSmsAccount(home: string): LocalSmsAccount {
  const folder = join(home, 'sms')
  const path = join(folder, 'account.json')
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as LocalSmsAccount
  mkdirSync(folder, { recursive: true })
  const account = {
    accountSid: `AC${randomBytes(16).toString('hex')}`,
    authToken: randomBytes(16).toString('hex'),
    from: testSender,
  }
  writeFileSync(`${path}.new`, `${JSON.stringify(account)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
  return account
}
