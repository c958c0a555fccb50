/**
 * The configuration, read once from the environment. The only reader of `process.env` in the product.
 *
 * Anything secret may come from a file instead: `NAME_FILE` holds the path.
 */

import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { readSegmentPrice, type SegmentPrice, segmentPriceRule } from './domain/text-cost.ts'
import { type MailSenderConfig, readSendersFile } from './senders-file.ts'

/** What every process of one installation agrees on. */
export interface Config {
  /** Where this installation keeps its state: data of the embedded services, the master key, caught mail. */
  readonly home: string
  /** Downloaded or built tools that all installations on this machine share. */
  readonly cacheDir: string
  /** `undefined`: run the embedded PostgreSQL. */
  readonly databaseUrl: string | undefined
  readonly temporal: {
    /** `undefined`: run the embedded server. Further standard Temporal settings (TLS, API key) are read by its own library. */
    readonly address: string | undefined
    readonly namespace: string
  }
  readonly http: {
    readonly host: string
    readonly port: number
    readonly publicUrl: string | undefined
    /** The address under which links in messages lead to us, if it is another one. */
    readonly linksUrl: string | undefined
  }
  /** 32 bytes that wrap the customers' keys. `undefined`: the file `master.key` in the home. */
  readonly masterKey: Buffer | undefined
  /** The master key before this one, while it is being replaced. */
  readonly formerMasterKey?: Buffer | undefined
  /** One URL, or several separated by white space. `undefined`: the embedded mail catcher. */
  readonly smtpUrl: string | undefined
  readonly mail: {
    readonly from: string
    readonly postalAddress: string
    /** `selector@domain=path` of each key that signs. */
    readonly dkim: readonly string[]
    /** Where bounces come in, each to an address of its own (VERP). `undefined`: to the sender. */
    readonly bounceDomain: string | undefined
    /** Identities beside this one, each for some messages. */
    readonly senders?: readonly MailSenderConfig[]
  }
  /** Where the listener for bounces and complaints listens; `undefined`: there is none. */
  readonly inboundPort?: number | undefined
  /** Of a mailbox that bounces and complaints come into: `imaps://user:password@host/INBOX`. */
  readonly bounceMailbox?: string | undefined
  /** How services that send mail for us sign what they report. */
  readonly mailHooks?: MailHooksConfig
  /** Where Mailgun is asked about messages in doubt; `undefined`: it is not. */
  readonly mailgun?: MailgunConfig | undefined
  /** `undefined`: the embedded SMS catcher. */
  readonly twilio: TwilioConfig | undefined
  /** What a part of a text message costs; `undefined`: nobody has said. */
  readonly segmentPrice: SegmentPrice | undefined
  /** For how many days raw events are kept; what is counted of them stays. */
  readonly keepEventsDays: number
  /** From so many customers at once on they are looked at as a crowd, in pages. */
  readonly crowdFrom: number
  /** Who may get test messages without a question: addresses, `@domain`s and numbers. Empty: the sender's domain. */
  readonly testRecipients: readonly string[]
  /** Hosts of the shop's own network that webhook steps may call. */
  readonly webhookHosts: readonly string[]
  readonly clock: ClockConfig
  /** Web pages of the neighbours, for links in the console. */
  readonly pages: {
    readonly mail: string | undefined
    readonly sms: string | undefined
    readonly temporal: string | undefined
  }
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'
}

export interface MailHooksConfig {
  /** The SNS topic of SES. */
  readonly ses?: string | undefined
  /** The public key of SendGrid's event webhook, base64. */
  readonly sendGridKey?: string | undefined
  /** `name:password` in the address that Postmark calls. */
  readonly postmarkAuth?: string | undefined
  /** Mailgun's HTTP webhook signing key. */
  readonly mailgunKey?: string | undefined
}

export interface MailgunConfig {
  readonly apiKey: string
  /** The sending domain. */
  readonly domain: string
  readonly apiUrl: string
}

export interface TwilioConfig {
  readonly accountSid: string
  readonly authToken: string
  readonly from: string
  /** Another host that speaks Twilio's API. */
  readonly apiUrl: string | undefined
}

/**
 * Virtual time: `now = startsAt + (real now − anchor) · speed`, standing still before the anchor. Speed 1 without a start
 * is the ordinary clock.
 */
export interface ClockConfig {
  readonly speed: number
  readonly startsAtMs: number | undefined
  readonly anchoredAtMs: number | undefined
  /** Holds the anchor, an ISO instant, as soon as time may begin; until then it stands still. */
  readonly anchorFile?: string | undefined
}

const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
const url = z.url()

const environment = z.object({
  PERENNIAL_HOME: z.string().min(1).optional(),
  PERENNIAL_CACHE: z.string().min(1).optional(),
  DATABASE_URL: url.optional(),
  TEMPORAL_ADDRESS: z.string().min(1).optional(),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  PERENNIAL_HOST: z.string().min(1).default('127.0.0.1'),
  PERENNIAL_PORT: z.coerce.number().int().min(0).max(65_535).default(8700),
  PERENNIAL_PUBLIC_URL: url.optional(),
  PERENNIAL_LINKS_URL: url.optional(),
  PERENNIAL_MASTER_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits')
    .optional(),
  PERENNIAL_FORMER_MASTER_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits')
    .optional(),
  SMTP_URL: z
    .string()
    .refine(
      (text) =>
        text
          .trim()
          .split(/\s+/)
          .every((part) => URL.canParse(part)),
      'must be a URL, or several with a space between them',
    )
    .optional(),
  MAIL_FROM: z.string().min(3).default('Perennial Demo Shop <shop@perennial.example>'),
  MAIL_DKIM: z.string().optional(),
  MAIL_BOUNCE_DOMAIN: z
    .string()
    .regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i, 'must be a domain')
    .optional(),
  MAIL_SENDERS: z.string().min(1).optional(),
  MAIL_POSTAL_ADDRESS: z.string().min(1).default('1 Garden Row, Greenford'),
  MAIL_BOUNCE_MAILBOX: z.string().min(1).optional(),
  MAIL_INBOUND_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  SES_TOPIC_ARN: z
    .string()
    .regex(/^arn:aws/, 'must start with arn:aws')
    .optional(),
  SENDGRID_WEBHOOK_KEY: z.string().min(1).optional(),
  POSTMARK_WEBHOOK_AUTH: z.string().includes(':').optional(),
  MAILGUN_SIGNING_KEY: z.string().min(1).optional(),
  MAILGUN_API_KEY: z.string().min(1).optional(),
  MAILGUN_DOMAIN: z.string().min(1).optional(),
  MAILGUN_API_URL: url.default('https://api.mailgun.net'),
  TWILIO_ACCOUNT_SID: z.string().regex(/^AC/, 'must start with AC').optional(),
  TWILIO_AUTH_TOKEN: z.string().min(1).optional(),
  TWILIO_FROM: z.string().min(1).optional(),
  TWILIO_API_URL: url.optional(),
  SMS_SEGMENT_PRICE: z
    .string()
    .refine((text) => readSegmentPrice(text) !== undefined, segmentPriceRule)
    .optional(),
  // A merge of customers can be undone for 30 days, and takes events along.
  PERENNIAL_KEEP_EVENTS_DAYS: z.coerce.number().int().min(60).max(36_500).default(400),
  PERENNIAL_CROWD_FROM: z.coerce.number().int().min(2).max(1_000_000).default(200),
  PERENNIAL_TEST_RECIPIENTS: z.string().optional(),
  PERENNIAL_WEBHOOK_HOSTS: z.string().optional(),
  CLOCK_SPEED: z.coerce.number().positive().max(1_000_000).default(1),
  CLOCK_START: instant.optional(),
  CLOCK_ANCHOR: instant.optional(),
  CLOCK_ANCHOR_FILE: z.string().min(1).optional(),
  PERENNIAL_MAIL_PAGE: url.optional(),
  PERENNIAL_SMS_PAGE: url.optional(),
  PERENNIAL_TEMPORAL_PAGE: url.optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
})

/** The names whose values never appear in an error. */
const secrets = [
  'DATABASE_URL',
  'PERENNIAL_MASTER_KEY',
  'PERENNIAL_FORMER_MASTER_KEY',
  'SMTP_URL',
  'MAIL_BOUNCE_MAILBOX',
  'TWILIO_AUTH_TOKEN',
  'POSTMARK_WEBHOOK_AUTH',
  'MAILGUN_SIGNING_KEY',
  'MAILGUN_API_KEY',
]

/**
 * Reads and checks the configuration.
 *
 * @throws RangeError naming the variable, its value (unless secret) and the rule it breaks.
 */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const values = parse(withSecretFiles(env))
  const home = resolve(values.PERENNIAL_HOME ?? '.perennial')
  return {
    home,
    cacheDir: resolve(values.PERENNIAL_CACHE ?? join(homedir(), '.cache', 'perennial')),
    databaseUrl: values.DATABASE_URL,
    temporal: { address: values.TEMPORAL_ADDRESS, namespace: values.TEMPORAL_NAMESPACE },
    http: {
      host: values.PERENNIAL_HOST,
      port: values.PERENNIAL_PORT,
      publicUrl: values.PERENNIAL_PUBLIC_URL,
      linksUrl: values.PERENNIAL_LINKS_URL,
    },
    masterKey: masterKey(values.PERENNIAL_MASTER_KEY),
    formerMasterKey: masterKey(values.PERENNIAL_FORMER_MASTER_KEY),
    smtpUrl: values.SMTP_URL,
    mail: {
      from: values.MAIL_FROM,
      postalAddress: values.MAIL_POSTAL_ADDRESS,
      dkim: values.MAIL_DKIM?.split(/\s+/).filter((key) => key !== '') ?? [],
      bounceDomain: values.MAIL_BOUNCE_DOMAIN,
      senders: values.MAIL_SENDERS === undefined ? [] : readSendersFile(resolve(values.MAIL_SENDERS)),
    },
    inboundPort: values.MAIL_INBOUND_PORT,
    bounceMailbox: values.MAIL_BOUNCE_MAILBOX,
    mailHooks: {
      ses: values.SES_TOPIC_ARN,
      sendGridKey: values.SENDGRID_WEBHOOK_KEY,
      postmarkAuth: values.POSTMARK_WEBHOOK_AUTH,
      mailgunKey: values.MAILGUN_SIGNING_KEY,
    },
    mailgun: mailgun(values),
    twilio: twilio(values),
    segmentPrice: readSegmentPrice(values.SMS_SEGMENT_PRICE ?? ''),
    keepEventsDays: values.PERENNIAL_KEEP_EVENTS_DAYS,
    crowdFrom: values.PERENNIAL_CROWD_FROM,
    testRecipients: listOf(values.PERENNIAL_TEST_RECIPIENTS),
    webhookHosts: listOf(values.PERENNIAL_WEBHOOK_HOSTS),
    clock: {
      speed: values.CLOCK_SPEED,
      startsAtMs: values.CLOCK_START,
      anchoredAtMs: values.CLOCK_ANCHOR,
      anchorFile: values.CLOCK_ANCHOR_FILE,
    },
    pages: {
      mail: values.PERENNIAL_MAIL_PAGE,
      sms: values.PERENNIAL_SMS_PAGE,
      temporal: values.PERENNIAL_TEMPORAL_PAGE,
    },
    logLevel: values.LOG_LEVEL,
  }
}

/** The environment of this process, to be handed on to processes that it starts. */
export function inheritedEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env }
}

function parse(env: Record<string, string | undefined>): z.infer<typeof environment> {
  // An empty variable is how shells and compose files say "not set".
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const result = environment.safeParse(given)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const name = String(issue?.path[0] ?? 'environment')
  const shown = secrets.includes(name) ? 'its value' : JSON.stringify(given[name])
  throw new RangeError(`${name}: ${shown} is refused: ${issue?.message ?? 'unknown rule'}`)
}

function withSecretFiles(env: Record<string, string | undefined>): Record<string, string | undefined> {
  const filled = { ...env }
  for (const name of secrets) {
    const path = env[`${name}_FILE`]
    if (path && !env[name]) filled[name] = readFileSync(path, 'utf8').trim()
  }
  return filled
}

/** Words with commas or spaces between them. */
function listOf(text: string | undefined): string[] {
  return text?.split(/[\s,]+/).filter((word) => word !== '') ?? []
}

function masterKey(hex: string | undefined): Buffer | undefined {
  return hex === undefined ? undefined : Buffer.from(hex, 'hex')
}

function mailgun(values: z.infer<typeof environment>): MailgunConfig | undefined {
  const { MAILGUN_API_KEY: apiKey, MAILGUN_DOMAIN: domain, MAILGUN_API_URL: apiUrl } = values
  if (apiKey === undefined && domain === undefined) return undefined
  if (apiKey === undefined || domain === undefined) {
    throw new RangeError('MAILGUN_API_KEY, MAILGUN_DOMAIN: both are needed, or none of them')
  }
  return { apiKey, domain, apiUrl }
}

function twilio(values: z.infer<typeof environment>): TwilioConfig | undefined {
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_FROM: from } = values
  if (accountSid === undefined && authToken === undefined && from === undefined) return undefined
  if (accountSid === undefined || authToken === undefined || from === undefined) {
    throw new RangeError('TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM: all three are needed, or none of them')
  }
  return { accountSid, authToken, from, apiUrl: values.TWILIO_API_URL }
}
