/**
 * The file that `MAIL_SENDERS` names: further identities to send mail under, each with what is its own. What one of them
 * does not say is as for the usual identity. Secrets stand in files of their own.
 */

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { readSender } from './channels/email/compose/sender-identity.ts'
import { key, words } from './domain/document-parts.ts'
import { parseInstant } from './domain/instant.ts'
import { findSenderClash, type SenderPlan, type SenderRoute, usualSender } from './domain/mail-sender.ts'
import { problemsOf, sayProblem } from './domain/problem.ts'
import { readYaml } from './store/yaml-source.ts'

export interface MailSenderConfig extends SenderRoute {
  /** As in a header: `Shop <shop@example.com>`. */
  readonly from: string
  readonly replyTo: string | undefined
  /** Its own servers; undefined: those of `SMTP_URL`, in a pool of its own. */
  readonly smtpUrl: string | undefined
  /** `selector@domain=path` of each key that signs; undefined: those of `MAIL_DKIM`. */
  readonly dkim: readonly string[] | undefined
  /** Undefined: that of `MAIL_BOUNCE_DOMAIN`. */
  readonly bounceDomain: string | undefined
  /** Undefined: that of `MAIL_POSTAL_ADDRESS`. */
  readonly postalAddress: string | undefined
  /** As Mailgun has it; undefined: that of `MAILGUN_DOMAIN`. */
  readonly mailgunDomain: string | undefined
  readonly plan: SenderPlan | undefined
}

const domain = z.string().regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i, 'must be a domain')

const header = z.string().refine((text) => isAddressHeader(text), {
  message: 'must be an address, or a name and <an address>',
})

const signingKey = z
  .string()
  .regex(
    /^[a-z0-9._-]+@[a-z0-9.-]+=.+$/i,
    'must be selector@domain=path of a private key, such as s1@shop.example=s1.pem',
  )

const firstDay = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d$/, 'must be a day such as 2026-12-01')
  .refine((text) => parseInstant(text) !== undefined, { message: 'is no day of the calendar' })
  .transform((text) => parseInstant(text) ?? 0)

const sender = z
  .strictObject({
    key: key.refine((name) => name !== usualSender, {
      message: `must not be "${usualSender}", which is that of MAIL_FROM`,
    }),
    from: header,
    reply_to: header.optional(),
    topics: z.array(key).min(1).optional(),
    classes: z
      .array(z.enum(['marketing', 'transactional']))
      .min(1)
      .optional(),
    smtp_url_file: z.string().min(1).optional(),
    dkim: z.array(signingKey).optional(),
    bounce_domain: domain.optional(),
    postal_address: words.optional(),
    mailgun_domain: domain.optional(),
    warm_up: z
      .strictObject({ from: firstDay, days: z.array(z.int().min(1).max(100_000_000)).min(1).max(365) })
      .transform(({ from: fromMs, days }): SenderPlan => ({ fromMs, days }))
      .optional(),
  })
  .refine(({ topics, classes }) => topics !== undefined || classes !== undefined, {
    message: 'must say which messages it is for: topics, classes, or both',
  })

const file = z.strictObject({ senders: z.array(sender).max(100) })

type Written = z.output<typeof sender>

/**
 * Reads and checks the file.
 *
 * @throws RangeError naming file, line, field, value and rule; never a secret.
 */
export function readSendersFile(path: string): readonly MailSenderConfig[] {
  const refuse = (what: string): RangeError => new RangeError(`MAIL_SENDERS: ${path}${what}`)
  const { document, problems, lineOf } = readYaml(readText(path, (reason) => refuse(`: ${reason}`)))
  const [broken] = problems
  if (broken !== undefined) throw refuse(`:${broken.line}: ${broken.rule}`)
  const read = file.safeParse(document)
  if (!read.success) {
    const [problem] = problemsOf(read.error, document)
    throw problem === undefined ? refuse(' is refused') : refuse(`:${lineOf(problem.path)}: ${sayProblem(problem)}`)
  }
  const { senders } = read.data
  const again = senders.findIndex(({ key: name }, i) => senders.findIndex((one) => one.key === name) < i)
  if (again !== -1) {
    const place = ['senders', again, 'key']
    throw refuse(
      `:${lineOf(place)}: ${sayProblem({ path: place, value: senders[again]?.key, rule: 'is there twice' })}`,
    )
  }
  const configs = senders.map((one, i) =>
    toConfig(one, path, (rule) => refuse(`:${lineOf(['senders', i])}: senders[${i}] "${one.key}": ${rule}`)),
  )
  const clash = findSenderClash(configs)
  if (clash !== undefined) {
    const [first, second] = clash.keys
    const rule = `"${first}" and "${second}" are both for ${clash.message}, and neither is more specific`
    throw refuse(`: ${rule}: say topics or classes so that one of them is`)
  }
  return configs
}

function toConfig(written: Written, path: string, refuse: (rule: string) => RangeError): MailSenderConfig {
  const near = (name: string): string => resolve(dirname(path), name)
  const { smtp_url_file: urlFile, topics = [], classes = [] } = written
  return {
    key: written.key,
    from: written.from,
    replyTo: written.reply_to,
    topics,
    classes,
    smtpUrl: urlFile === undefined ? undefined : readUrls(near(urlFile), refuse),
    dkim: written.dkim?.map((text) => text.replace(/=(.+)$/s, (_, keyPath: string) => `=${near(keyPath)}`)),
    bounceDomain: written.bounce_domain,
    postalAddress: written.postal_address,
    mailgunDomain: written.mailgun_domain,
    plan: written.warm_up,
  }
}

/** The parts of a URL are looked at where servers are opened; what it holds is never told. */
function readUrls(path: string, refuse: (rule: string) => RangeError): string {
  const text = readText(path, (reason) => refuse(`smtp_url_file ${path}: ${reason}`)).trim()
  const isUrl = (part: string): boolean => URL.canParse(part) && /^smtps?:$/.test(new URL(part).protocol)
  if (text !== '' && text.split(/\s+/).every(isUrl)) return text
  throw refuse(`smtp_url_file ${path}: must hold a URL such as smtp://user:password@host:587, or several`)
}

function readText(path: string, refuse: (reason: string) => RangeError): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw refuse(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
}

function isAddressHeader(text: string): boolean {
  try {
    readSender(text)
    return true
  } catch {
    return false
  }
}
