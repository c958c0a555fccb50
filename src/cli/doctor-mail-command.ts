/** `perennial doctor mail`: what DNS says of the sending domain. */

import { Resolver } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { readDkimKey } from '../channels/email/compose/dkim.ts'
import { readSender } from '../channels/email/compose/sender-identity.ts'
import { type Config, readConfig } from '../config.ts'
import { examineMailRecords, type MailSetup } from './doctor/mail-records.ts'
import { writeFindings } from './doctor/readable.ts'
import { UsageError } from './usage-error.ts'

interface Options {
  readonly resolver?: string
  readonly host?: string
  readonly json?: boolean
}

const askMs = 3_000

export function doctorMailCommand(): Command {
  return new Command('mail')
    .description(
      'Hold SPF, DKIM, DMARC, MX and reverse DNS of the sending domain against what mailboxes ask of senders.',
    )
    .option('--resolver <address>', 'ask this name server, such as 9.9.9.9 or 127.0.0.1:53')
    .option('--host <host>', 'the host that mail leaves from (default: that of SMTP_URL)')
    .option('--json', 'print JSON')
    .action(async (_own: Options, command: Command) => {
      // What both of them know, such as --json, the outer command takes.
      const options: Options = command.optsWithGlobals()
      const dns = new Resolver({ timeout: askMs, tries: 2 })
      if (options.resolver !== undefined) useServer(dns, options.resolver)
      writeFindings(options.json, await examineMailRecords(dns, setupOf(readConfig(), options.host)))
    })
}

function useServer(dns: Resolver, server: string): void {
  try {
    dns.setServers([server])
  } catch {
    throw new UsageError(`--resolver: ${server} given, must be an address, with a port behind a colon if need be`)
  }
}

function setupOf({ mail, smtpUrl }: Config, host: string | undefined): MailSetup {
  const { domain } = readSender(mail.from)
  const [server] = smtpUrl?.split(/\s+/) ?? []
  return {
    fromDomain: domain.toLowerCase(),
    envelopeDomain: (mail.bounceDomain ?? domain).toLowerCase(),
    dkim: mail.dkim.map((key) => readDkimKey(key, (path) => readFileSync(path, 'utf8'))),
    serverHost: host ?? (server === undefined ? undefined : new URL(server).hostname),
  }
}
