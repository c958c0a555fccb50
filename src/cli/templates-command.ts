/** `perennial templates`: faults of the templates in a directory; a published one as a customer sees it, or sent to oneself. */

import { Command } from 'commander'
import { type LintFinding, lintTemplate } from '../channels/templates/lint.ts'
import { readCampaignFiles } from '../store/campaign-files.ts'
import { textTable, writeResult } from './analyze/output.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'
import { UsageError } from './usage-error.ts'

interface LintOptions {
  readonly dir: string
  readonly strict?: boolean
  readonly json?: boolean
}

interface PreviewOptions extends TargetOptions {
  readonly customer?: string
  readonly locale?: string
  readonly part: 'all' | 'html' | 'text'
  readonly json?: boolean
}

export function templatesCommand(): Command {
  const templates = new Command('templates').description('Check templates, and see them with the eyes of a customer.')
  templates
    .command('lint')
    .description('Find missing alts, broken links, missing ways out, what is too large or looks like spam.')
    .option('--dir <dir>', 'directory of the campaigns', 'campaigns')
    .option('--strict', 'warnings count as errors')
    .option('--json', 'print JSON')
    .action(lint)
  const preview = templates
    .command('preview <key>')
    .description('Render a published template for a customer: it opens personal data, and that is noted.')
    .option('--customer <id>', "the customer: our id, or the shop's (default: somebody invented)")
    .option('--locale <locale>', "another language than the customer's")
    .option('--part <part>', 'html, text or all', 'all')
    .option('--json', 'print JSON')
    .addOption(homeOption())
    .action(show)
  const test = templates
    .command('test <key>')
    .description('Send a published template to yourself, marked as a test. It counts for no cap and no report.')
    .requiredOption('--to <address...>', "addresses, or numbers of a text message's")
    .option('--customer <id>', 'filled with what is known of this customer (default: somebody invented)')
    .option('--locale <locale>', "another language than the customer's")
    .option('--yes', 'also to addresses outside of the team (PERENNIAL_TEST_RECIPIENTS)')
    .option('--json', 'print JSON')
    .addOption(homeOption())
    .action(sendTest)
  for (const option of targetOptions()) {
    preview.addOption(option)
    test.addOption(option)
  }
  return templates
}

async function lint({ dir, strict, json }: LintOptions): Promise<void> {
  const { templates } = await readCampaignFiles(dir)
  const findings = templates.flatMap((template) =>
    lintTemplate(template).map((finding) => ({ template: template.key, ...finding })),
  )
  writeResult(json, { templates: templates.length, findings }, () => lintText(templates.length, findings))
  const bad = findings.filter(({ level }) => level === 'error' || strict === true).length
  if (bad > 0) throw new UsageError(`${bad} of the findings must be mended`)
}

function lintText(count: number, findings: readonly ({ readonly template: string } & LintFinding)[]): string {
  if (findings.length === 0) return `${count} templates, nothing to find fault with.`
  const rows = findings.map(({ template, level, rule, part, message }) => [template, level, rule, part, message])
  return textTable(['template', 'level', 'rule', 'part', ''], rows)
}

interface Preview {
  readonly channel: string
  readonly subject: string
  readonly html: string | null
  readonly text: string
  readonly segments?: number
}

async function show(key: string, options: PreviewOptions): Promise<void> {
  const query = new URLSearchParams()
  if (options.customer !== undefined) query.set('customer', options.customer)
  if (options.locale !== undefined) query.set('locale', options.locale)
  const path = `/api/templates/${encodeURIComponent(key)}/preview?${query.toString()}`
  const found = (await askInstallation(options, path)) as Preview
  writeResult(options.json, found, () => previewText(found, options.part))
}

function previewText({ channel, subject, html, text, segments }: Preview, part: PreviewOptions['part']): string {
  if (part === 'html') return html ?? ''
  const head = channel === 'sms' ? `${segments ?? 1} part(s)` : `Subject: ${subject}`
  const body = part === 'text' || html === null ? text : `${text}\n\n${html}`
  return part === 'text' ? body : `${head}\n\n${body}`
}

interface TestOptions extends TargetOptions {
  readonly to: readonly string[]
  readonly customer?: string
  readonly locale?: string
  readonly yes?: boolean
  readonly json?: boolean
}

interface Tested {
  readonly results: readonly { readonly status: string; readonly reason: string | null }[]
}

async function sendTest(key: string, { to, customer, locale, yes = false, ...options }: TestOptions): Promise<void> {
  const body = { to, customer, locale, confirmed: yes }
  const path = `/api/templates/${encodeURIComponent(key)}/test`
  const tested = (await askInstallation(options, path, body)) as Tested
  writeResult(options.json, tested, () => tested.results.map(sayTested).join('\n'))
  const missing = tested.results.filter(({ status }) => status !== 'sent').length
  if (missing > 0) throw new UsageError(`${missing} of ${tested.results.length} did not certainly leave`)
}

function sayTested({ status, reason }: Tested['results'][number]): string {
  return [status.replace('_', ' '), ...(reason === null ? [] : [reason])].join(': ')
}
