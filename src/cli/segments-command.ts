/** `perennial segments`: which there are, who is in them, and who would be in one that is not published yet. */

import { Command } from 'commander'
import { wholeOption } from './analyze/options.ts'
import { homeOption } from './options.ts'
import type { MembersOptions, PreviewOptions, SegmentsOptions } from './segments-run.ts'

/** Loaded when it is needed: the other commands start faster without it. */
const run = (): Promise<typeof import('./segments-run.ts')> => import('./segments-run.ts')

export function segmentsCommand(): Command {
  const segments = new Command('segments').description('Segments: list, look into, count before publishing.')
  const sub = (name: string, description: string): Command =>
    segments.command(name).description(description).addOption(homeOption()).option('--json', 'print JSON')

  sub('list', 'All segments in force, with their sizes.').action(async (options: SegmentsOptions) =>
    (await run()).list(options),
  )
  sub('show', 'One segment: what it asks, how it grew, some of its members.')
    .argument('<key>')
    .action(async (key: string, options: SegmentsOptions) => (await run()).show(key, options))
  sub('members', 'The ids of the members, page by page.')
    .argument('<key>')
    .option('--limit <n>', 'how many', wholeOption('--limit', 1, 100_000), 100)
    .option('--after <id>', 'go on after this customer, as the page before says')
    .action(async (key: string, options: MembersOptions) => (await run()).members(key, options))
  sub('count', 'How many are in a segment, worked out now: a YAML file, or the key of one in force.')
    .argument('<file|key>')
    .action(async (what: string, options: SegmentsOptions) => (await run()).preview(what, { ...options, sample: 0 }))
  sub('sample', 'As count, with the ids of some who are in it.')
    .argument('<file|key>')
    .option('--sample <n>', 'how many ids', wholeOption('--sample', 1, 1_000), 10)
    .action(async (what: string, options: PreviewOptions) => (await run()).preview(what, options))
  sub('rebuild', 'Work all segments out anew from nothing, beside what counts now. Nothing of it is news.').action(
    async (options: SegmentsOptions) => (await run()).rebuild(options),
  )
  sub('archive', 'Take a segment out of use: it has no members from then on.')
    .argument('<key>')
    .option('--yes', 'do it, instead of saying what would happen')
    .action(async (key: string, options: SegmentsOptions & { readonly yes?: boolean }) =>
      (await run()).archive(key, options),
    )
  return segments
}
