/** `perennial journeys`: how journeys are, their versions, and what people decide about them. */

import { Command, Option } from 'commander'
import { wholeOption } from './analyze/options.ts'
import { targetOptions } from './installation.ts'
import { journeysEnterCommand } from './journeys-enter-command.ts'
import type { ArchiveOptions, JourneyOptions, PauseOptions, ResumeOptions, RollbackOptions } from './journeys-run.ts'
import { homeOption } from './options.ts'

/** Loaded when it is needed: the other commands start faster without it. */
const run = (): Promise<typeof import('./journeys-run.ts')> => import('./journeys-run.ts')

const numberOf = wholeOption('number', 1, 1_000_000_000)

export function journeysCommand(): Command {
  const journeys = new Command('journeys').description('Journeys: who is where, their versions, archive, roll back.')
  const sub = (name: string, description: string): Command => {
    const command = journeys.command(name).description(description).option('--json', 'print JSON')
    for (const option of [homeOption(), ...targetOptions()]) command.addOption(option)
    return command
  }

  sub('list', 'All journeys: status, version in force, people in flight.').action(async (options: JourneyOptions) =>
    (await run()).list(options),
  )
  sub('show', 'One journey: its steps, and who stands where.')
    .argument('<key>')
    .action(async (key: string, options: JourneyOptions) => (await run()).show(key, options))
  sub('versions', 'What was published, when and by whom, and what became of people in flight.')
    .argument('<key>')
    .action(async (key: string, options: JourneyOptions) => (await run()).versions(key, options))
  sub('diff', 'What is different between two versions, in words.')
    .argument('<key>')
    .argument('<from>', 'the number of a version', numberOf)
    .argument('<to>', 'the number of another one', numberOf)
    .action(async (key: string, from: number, to: number, options: JourneyOptions) =>
      (await run()).diff(key, from, to, options),
    )
  sub('rollback', 'Publish the content of a former version as a new one. Without --yes only say what would happen.')
    .argument('<key>')
    .argument('<number>', 'of the version to bring back', numberOf)
    .option('--in-flight <choice>', 'what becomes of people in flight: stay, exit or move', 'stay')
    .option('--map <old=new...>', 'with move: from step to step; "old=-" lets those of a step leave')
    .option('--yes', 'do it')
    .action(async (key: string, number: number, options: RollbackOptions) =>
      (await run()).rollback(key, number, options),
    )
  sub(
    'pause',
    'Nobody enters it, nothing of it is sent, nobody moves on by time; events still count. Without --yes only say what would happen.',
  )
    .argument('<key>')
    .option('--yes', 'do it')
    .action(async (key: string, options: PauseOptions) => (await run()).pause(key, options))
  sub('resume', 'It goes on; what has become stale meanwhile is passed over, with a reason.')
    .argument('<key>')
    .option('--spread <time>', 'over how long those who were held up come again', '1 hour')
    // Going on harms nobody, so it needs no yes; who says it all the same, as with the others, is understood.
    .addOption(new Option('--yes').hideHelp())
    .action(async (key: string, options: ResumeOptions) => (await run()).resume(key, options))
  sub('archive', 'Nobody enters it any more. Without --yes only say what would happen.')
    .argument('<key>')
    .option('--in-flight <choice>', 'what becomes of people in flight: stay or exit', 'stay')
    .option('--yes', 'do it')
    .action(async (key: string, options: ArchiveOptions) => (await run()).archive(key, options))
  return journeys.addCommand(journeysEnterCommand())
}
