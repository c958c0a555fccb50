/** `perennial analyze sequences`: what customers often do, one thing after another. */

import { Command } from 'commander'
import { closedPatterns } from '../../analytics/sequences/closed-patterns.ts'
import { frequentSequences, type SequenceAlgorithm } from '../../analytics/sequences/frequent-sequences.ts'
import { encodeSequences, type SequenceDatabase } from '../../analytics/sequences/sequence-database.ts'
import { elementsOfPattern, type SequencePatterns } from '../../analytics/sequences/sequence-patterns.ts'
import { parseSpmf } from '../../analytics/sequences/spmf.ts'
import { UsageError } from '../usage-error.ts'
import { readInputLines } from './input-file.ts'
import { writeJsonStream } from './json-stream.ts'
import { choiceOption, refuseOption, wholeOption } from './options.ts'
import { startProgress, textFacts } from './output.ts'
import { defaultLimit, limitOption, longTable, minSupportOption, withinLimit } from './pattern-options.ts'

const algorithms = ['prefixspan', 'gsp'] as const satisfies readonly SequenceAlgorithm[]

interface Options {
  readonly file: string
  readonly minSupport: number
  readonly algorithm: SequenceAlgorithm
  readonly maxGap?: number
  readonly minGap: number
  readonly window: number
  readonly closed?: boolean
  readonly limit: number
  readonly json?: boolean
}

/** The `sequences` command. */
export function sequencesCommand(): Command {
  return new Command('sequences')
    .description('Find what often happens in the same order.')
    .requiredOption('--file <file>', 'sequences in SPMF format: items, -1 ends an item set, -2 a sequence')
    .requiredOption('--min-support <share>', 'least share of the sequences, in (0, 1]', minSupportOption)
    .option('--algorithm <name>', algorithms.join(' or '), choiceOption('--algorithm', algorithms), 'prefixspan')
    .option(
      '--max-gap <g>',
      'greatest distance between consecutive elements (1: adjacent)',
      wholeOption('--max-gap', 1),
    )
    .option('--min-gap <g>', 'gsp: a distance that is too small (0: none is)', wholeOption('--min-gap', 0), 0)
    .option('--window <w>', 'gsp: elements this close may match as one (0: none)', wholeOption('--window', 0), 0)
    .option('--closed', 'leave out what a longer pattern with the same count contains')
    .option('--limit <count>', 'refuse more patterns than this', limitOption, defaultLimit)
    .option('--json', 'print one JSON document')
    .action(run)
}

async function run(options: Options): Promise<void> {
  checkGaps(options)
  const database = readSequences(options.file)
  const all = withinLimit(options.minSupport, () => minePatterns(database, options))
  const patterns = options.closed ? closedPatterns(all, options.maxGap ?? Infinity) : all
  if (options.json) {
    await writeJsonStream({ sequences: { value: database.count }, patterns: { list: patternTexts(patterns) } })
  } else {
    process.stdout.write(`${readable(patterns)}\n`)
  }
}

function checkGaps({ algorithm, minGap, maxGap, window }: Options): void {
  if (algorithm !== 'gsp' && minGap > 0) refuseOption('--min-gap', String(minGap), 'needs --algorithm gsp')
  if (algorithm !== 'gsp' && window > 0) refuseOption('--window', String(window), 'needs --algorithm gsp')
  if (maxGap !== undefined && minGap >= maxGap) {
    refuseOption('--min-gap', String(minGap), `must be below --max-gap (${maxGap})`)
  }
}

function readSequences(path: string): SequenceDatabase {
  const where = `--file ${path}`
  const database = parsedSequences(where, readInputLines('--file', path))
  if (database.count === 0) throw new UsageError(`${where}: must hold at least one sequence`)
  return database
}

function parsedSequences(where: string, lines: readonly string[]): SequenceDatabase {
  try {
    return encodeSequences(parseSpmf(lines))
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${where}, ${error.message}`)
    throw error
  }
}

function minePatterns(database: SequenceDatabase, options: Options): SequencePatterns {
  const { minSupport, algorithm, maxGap = Infinity, minGap, window, limit } = options
  const progress = startProgress('Finding sequences')
  const onProgress = (share: number): void => progress.report(share)
  const limits = { maxGap, minGap, window }
  const patterns = frequentSequences(database, { minSupport, algorithm, ...limits, most: limit, onProgress })
  progress.done()
  return patterns
}

function* patternTexts(patterns: SequencePatterns): Generator<string> {
  for (let pattern = 0; pattern < patterns.size; pattern++) {
    yield JSON.stringify({ sequence: elementsOfPattern(patterns, pattern), count: patterns.counts[pattern] })
  }
}

function readable(patterns: SequencePatterns): string {
  const table = longTable(['sequence', 'count', 'support'], patterns.size, (pattern) => [
    elementsOfPattern(patterns, pattern)
      .map((element) => element.join(', '))
      .join(' › '),
    patterns.counts[pattern]!,
    patterns.counts[pattern]! / patterns.sequenceCount,
  ])
  return [textFacts({ sequences: patterns.sequenceCount, patterns: patterns.size }), table].join('\n\n')
}
