/** `perennial doctor mail`: what DNS says of the sending domains. */

import { Resolver } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { readDkimKey } from '../channels/email/compose/dkim.ts'
import { readSender } from '../channels/email/compose/sender-identity.ts'
import { type Config, readConfig } from '../config.ts'
import type { Finding } from './doctor/finding.ts'
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
      'Hold SPF, DKIM, DMARC, MX and reverse DNS of each sending domain against what mailboxes ask of senders.',
    )
    .option('--resolver <address>', 'ask this name server, such as 9.9.9.9 or 127.0.0.1:53')
    .option('--host <host>', 'the host that mail leaves from (default: that of SMTP_URL)')
    .option('--json', 'print JSON')
    .action(async (_own: Options, command: Command) => {
      // What both of them know, such as --json, the outer command takes.
      const options: Options = command.optsWithGlobals()
      const dns = new Resolver({ timeout: askMs, tries: 2 })
      if (options.resolver !== undefined) useServer(dns, options.resolver)
      const findings: Finding[] = []
      for (const setup of setupsOf(readConfig(), options.host)) {
        const found = await examineMailRecords(dns, setup)
        findings.push(...(setup.sender === undefined ? found : found.map((one) => named(one, setup.sender))))
      }
      writeFindings(options.json, findings)
    })
}

function useServer(dns: Resolver, server: string): void {
  try {
    dns.setServers([server])
  } catch {
    throw new UsageError(`--resolver: ${server} given, must be an address, with a port behind a colon if need be`)
  }
}

/** Of identities beside the usual one, under which name. */
type NamedSetup = MailSetup & { readonly sender?: string }

function setupsOf({ mail, smtpUrl }: Config, host: string | undefined): NamedSetup[] {
  const usual = setupOf(mail, smtpUrl, host)
  const others = (mail.senders ?? []).map(({ key, from, bounceDomain, dkim, smtpUrl: own }) => {
    const identity = { from, bounceDomain: bounceDomain ?? mail.bounceDomain, dkim: dkim ?? mail.dkim }
    return { ...setupOf(identity, own ?? smtpUrl, host), sender: key }
  })
  return [usual, ...others]
}

function setupOf(
  { from, bounceDomain, dkim }: Pick<Config['mail'], 'from' | 'bounceDomain' | 'dkim'>,
  smtpUrl: string | undefined,
  host: string | undefined,
): MailSetup {
  const { domain } = readSender(from)
  const [server] = smtpUrl?.split(/\s+/) ?? []
  return {
    fromDomain: domain.toLowerCase(),
    envelopeDomain: (bounceDomain ?? domain).toLowerCase(),
    dkim: dkim.map((key) => readDkimKey(key, (path) => readFileSync(path, 'utf8'))),
    serverHost: host ?? (server === undefined ? undefined : new URL(server).hostname),
  }
}

function named(finding: Finding, sender: string | undefined): Finding {
  return { ...finding, name: `${sender}: ${finding.name}` }
}
