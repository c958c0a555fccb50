/** `perennial broadcasts`: one message for many. */

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { Command } from 'commander'
import type { BroadcastPreview } from '../domain/broadcast-preview.ts'
import type { TextMoney } from '../domain/text-cost.ts'
import { readYaml } from '../store/yaml-source.ts'
import { textTable, writeResult } from './analyze/output.ts'
import { moneyWords, previewLines } from './broadcast-preview-lines.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'
import { UsageError } from './usage-error.ts'

interface Summary {
  readonly key: string
  readonly name: string
  readonly status: string
  readonly segment: string | null
  readonly audience: number | null
  readonly heldOut: number | null
  readonly startedAt: string | null
  readonly winner: string | null
}

interface Shown extends Summary {
  readonly messages: readonly { readonly status: string; readonly reason: string | null; readonly count: number }[]
  readonly variants: readonly { readonly variant: string; readonly n: number; readonly conversions: number }[]
  readonly progress: { readonly isPaused: boolean } | null
  /** Of text messages. */
  readonly segments?: number
  readonly money?: TextMoney | null
}

interface Options extends TargetOptions {
  readonly json?: boolean
  readonly key?: string
  readonly perSecond?: string
  readonly price?: string
}

export function broadcastsCommand(): Command {
  const broadcasts = new Command('broadcasts').description('One message for many: newsletters, announcements, sales.')
  const commands = [
    broadcasts
      .command('list', { isDefault: true })
      .description('Show the newest.')
      .action((options: Options) => list(options)),
    broadcasts
      .command('create')
      .description('Make a draft from a YAML file; a draft of the same key is replaced.')
      .argument('<file>', 'such as broadcasts/spring-sale.yaml')
      .option('--key <key>', 'what it is called (default: the name of the file)')
      .action((file: string, options: Options) => create(file, options)),
    ...(['start', 'pause', 'resume', 'cancel'] as const).map((verb) =>
      broadcasts
        .command(verb)
        .description(descriptions[verb])
        .argument('<key>')
        .action((key: string, options: Options) => tell(key, verb, options)),
    ),
    broadcasts
      .command('preview')
      .description('Tell whom one would reach if it started now, and what its text messages would cost.')
      .argument('<key>')
      .option('--price <price>', 'of a part of a text message, such as "0.0079 USD" (default: SMS_SEGMENT_PRICE)')
      .action((key: string, options: Options) => preview(key, options)),
    broadcasts
      .command('throttle')
      .description('Send at most so many a second from now on.')
      .argument('<key>')
      .requiredOption('--per-second <n>', 'or "none"')
      .action((key: string, options: Options) => throttle(key, options)),
    broadcasts
      .command('show')
      .description('Show how far one is, and what became of its messages.')
      .argument('<key>')
      .action((key: string, options: Options) => show(key, options)),
  ]
  for (const command of commands) {
    command.option('--json', 'print JSON').addOption(homeOption())
    for (const option of targetOptions()) command.addOption(option)
  }
  return broadcasts
}

const descriptions = {
  start: 'Put down whom it is meant for, and begin to send.',
  pause: 'Send nothing more after the page that is under way.',
  resume: 'Go on.',
  cancel: 'End it; whoever was not reached gets nothing.',
} as const

async function list(options: Options): Promise<void> {
  const page = (await askInstallation(options, '/api/broadcasts')) as { broadcasts: Summary[] }
  writeResult(options.json, page, () => {
    if (page.broadcasts.length === 0) return 'No broadcasts.'
    const rows = page.broadcasts.map((one) => [
      one.key,
      one.status,
      one.startedAt?.slice(0, 16).replace('T', ' ') ?? '',
      one.segment ?? 'everybody',
      one.audience === null ? '' : String(one.audience),
      one.name,
    ])
    return textTable(['key', 'status', 'started (UTC)', 'segment', 'audience', 'name'], rows)
  })
}

async function create(file: string, options: Options): Promise<void> {
  const { document, problems } = readYaml(readFileSync(file, 'utf8'))
  const [problem] = problems
  if (problem) throw new UsageError(`${file}:${problem.line}: ${problem.rule}`)
  const key = options.key ?? basename(file).replace(/\.ya?ml$/, '')
  const made = (await askInstallation(options, '/api/broadcasts', { key, document })) as Summary
  writeResult(options.json, made, () => `Draft ${made.key}: "perennial broadcasts start ${made.key}" sends it.`)
}

async function tell(key: string, verb: keyof typeof descriptions, options: Options): Promise<void> {
  const one = (await askInstallation(options, `/api/broadcasts/${encodeURIComponent(key)}/${verb}`, {})) as Summary
  const said = { start: 'started', pause: 'told to pause', resume: 'told to go on', cancel: 'told to end' }[verb]
  writeResult(options.json, one, () => `${one.key}: ${said}.`)
}

async function preview(key: string, options: Options): Promise<void> {
  const price = options.price === undefined ? '' : `?price=${encodeURIComponent(options.price)}`
  const path = `/api/broadcasts/${encodeURIComponent(key)}/preview${price}`
  const seen = (await askInstallation(options, path)) as BroadcastPreview
  writeResult(options.json, seen, () => previewLines(key, seen).join('\n'))
}

async function throttle(key: string, options: Options): Promise<void> {
  const perSecond = options.perSecond === 'none' ? null : Number(options.perSecond)
  const path = `/api/broadcasts/${encodeURIComponent(key)}/throttle`
  const one = (await askInstallation(options, path, { perSecond })) as Summary
  writeResult(options.json, one, () => `${one.key}: ${perSecond === null ? 'no limit' : `${perSecond} a second`}.`)
}

async function show(key: string, options: Options): Promise<void> {
  const one = (await askInstallation(options, `/api/broadcasts/${encodeURIComponent(key)}`)) as Shown
  writeResult(options.json, one, () => {
    const held = one.heldOut ? `, ${one.heldOut} of them held out` : ''
    const lines = [
      `${one.key}: ${one.status}${one.progress?.isPaused === true ? ' (paused)' : ''}`,
      `Audience: ${one.audience ?? 'not taken yet'}${held}`,
      ...one.messages.map(
        ({ status, reason, count }) => `  ${status}${reason === null ? '' : ` (${reason})`}: ${count}`,
      ),
      ...(one.segments === undefined ? [] : [`Parts: ${one.segments}${moneyWords(one.money ?? null)}`]),
      ...one.variants.map(({ variant, n, conversions }) => `  variant ${variant}: ${conversions} of ${n}`),
      ...(one.winner === null ? [] : [`Winner: ${one.winner}`]),
    ]
    return lines.join('\n')
  })
}
