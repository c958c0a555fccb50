/** `perennial tasks`: what journeys ask people to do. */

import { Command } from 'commander'
import { wholeOption } from './analyze/options.ts'
import { textTable, writeResult } from './analyze/output.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'

interface Task {
  readonly id: string
  readonly customerId: string
  readonly externalId: string | null
  readonly journey: string
  readonly title: string
  readonly outcomes: readonly string[]
  readonly status: string
  readonly outcome: string | null
  readonly dueAt: string
}

interface ListOptions extends TargetOptions {
  readonly status: string
  readonly customer?: string
  readonly limit: number
  readonly json?: boolean
}

interface DoneOptions extends TargetOptions {
  readonly outcome: string
  readonly note?: string
  readonly by: string
  readonly json?: boolean
}

export function tasksCommand(): Command {
  const tasks = new Command('tasks').description('What journeys ask people to do: calls, checks, thank-you notes.')
  const list = tasks
    .command('list', { isDefault: true })
    .description('Show tasks, the most urgent first.')
    .option('--status <status>', 'open, done, expired or cancelled', 'open')
    .option('--customer <id>', 'only those for this customer')
    .option('--limit <n>', 'at most so many', wholeOption('--limit', 1, 500), 50)
    .option('--json', 'print JSON')
    .action((options: ListOptions) => show(options))
  const done = tasks
    .command('done')
    .description('Finish a task: its journey goes on by the outcome.')
    .argument('<id>', 'as "list" shows it')
    .requiredOption('--outcome <outcome>', 'one of those that the task offers')
    .option('--note <text>', 'for colleagues; nothing personal')
    .option('--by <name>', 'who did it', 'operator')
    .option('--json', 'print JSON')
    .action((id: string, options: DoneOptions) => finish(id, options))
  for (const command of [list, done]) {
    command.addOption(homeOption())
    for (const option of targetOptions()) command.addOption(option)
  }
  return tasks
}

async function show(options: ListOptions): Promise<void> {
  const query = new URLSearchParams({ status: options.status, limit: String(options.limit) })
  if (options.customer !== undefined) query.set('customer', options.customer)
  const page = (await askInstallation(options, `/api/tasks?${query.toString()}`)) as {
    tasks: Task[]
    cursor: string | null
  }
  writeResult(options.json, page, () => {
    if (page.tasks.length === 0) return `No ${options.status} tasks.`
    const rows = page.tasks.map((task) => [
      task.id,
      task.dueAt.slice(0, 16).replace('T', ' '),
      task.externalId ?? task.customerId,
      task.title,
      task.status === 'done' ? (task.outcome ?? '') : task.outcomes.join(' | '),
      task.journey,
    ])
    const table = textTable(['id', 'due (UTC)', 'customer', 'task', 'outcome', 'journey'], rows)
    return page.cursor === null ? table : `${table}\n… and more: --limit shows up to 500`
  })
}

async function finish(id: string, options: DoneOptions): Promise<void> {
  const body = {
    outcome: options.outcome,
    by: options.by,
    ...(options.note === undefined ? {} : { note: options.note }),
  }
  const task = (await askInstallation(options, `/api/tasks/${encodeURIComponent(id)}`, body)) as Task
  writeResult(options.json, task, () => `Done: ${task.title} (${task.outcome}).`)
}
