/** `perennial analyze rules`: what is bought together, and which purchases speak for others. */

import { Command } from 'commander'
import { type AssociationRules, associationRules, describeRule } from '../../analytics/rules/association-rules.ts'
import { type Baskets, encodeBaskets } from '../../analytics/rules/baskets.ts'
import { condensedSets, type SetSelection } from '../../analytics/rules/condensed-sets.ts'
import { frequentItemSets, type ItemSetAlgorithm } from '../../analytics/rules/frequent-item-sets.ts'
import { type ItemSets, namesOfSet } from '../../analytics/rules/item-sets.ts'
import { UsageError } from '../usage-error.ts'
import { readInputLines } from './input-file.ts'
import { writeJsonStream } from './json-stream.ts'
import { choiceOption, numberOption, refuseOption } from './options.ts'
import { startProgress, textFacts } from './output.ts'
import { defaultLimit, limitOption, longTable, minSupportOption, withinLimit } from './pattern-options.ts'

const algorithms = ['fp-growth', 'apriori'] as const satisfies readonly ItemSetAlgorithm[]
const selections = ['all', 'closed', 'maximal'] as const satisfies readonly SetSelection[]

interface Options {
  readonly baskets: string
  readonly separator: string
  readonly minSupport: number
  readonly minConfidence: number
  readonly algorithm: ItemSetAlgorithm
  readonly itemsets: SetSelection
  readonly limit: number
  readonly json?: boolean
}

/** The `rules` command. */
export function rulesCommand(): Command {
  return new Command('rules')
    .description('Find items that are often bought together, and rules from them.')
    .requiredOption('--baskets <file>', 'text file, a line a basket')
    .option('--separator <text>', 'what stands between the items of a line (\\t for a tab)', parseSeparator, ',')
    .requiredOption('--min-support <share>', 'least share of the baskets, in (0, 1]', minSupportOption)
    .requiredOption(
      '--min-confidence <share>',
      'least share of the baskets with the antecedent that have the consequent too',
      numberOption('--min-confidence', { least: 0, most: 1 }),
    )
    .option('--algorithm <name>', algorithms.join(' or '), choiceOption('--algorithm', algorithms), 'fp-growth')
    .option('--itemsets <which>', selections.join(', '), choiceOption('--itemsets', selections), 'all')
    .option('--limit <count>', 'refuse more item sets, or more rules, than this', limitOption, defaultLimit)
    .option('--json', 'print one JSON document')
    .action(run)
}

async function run(options: Options): Promise<void> {
  const { minSupport, minConfidence, itemsets, limit } = options
  const baskets = readBaskets(options)
  const sets = withinLimit(minSupport, () => mineSets(baskets, options))
  const rules = withinLimit(minSupport, () => associationRules(sets, minConfidence, limit))
  const listed = condensedSets(sets, itemsets)
  if (options.json) {
    await writeJsonStream({
      baskets: { value: baskets.count },
      itemsets: { list: setTexts(listed) },
      rules: { list: ruleTexts(rules) },
    })
  } else {
    process.stdout.write(`${readable(listed, rules)}\n`)
  }
}

function parseSeparator(text: string): string {
  if (text === '') refuseOption('--separator', text, 'must be at least one character')
  return text.replaceAll(String.raw`\t`, '\t')
}

/** Items without the blanks around them; what is then empty is no item, and a line without items is no basket. */
function readBaskets({ baskets: path, separator }: Options): Baskets {
  const baskets = encodeBaskets(itemsByLine(readInputLines('--baskets', path), separator))
  if (baskets.count === 0) throw new UsageError(`--baskets: ${JSON.stringify(path)} must hold at least one basket`)
  return baskets
}

function* itemsByLine(lines: readonly string[], separator: string): Generator<string[]> {
  for (const line of lines) {
    const items = line.split(separator).map((item) => item.trim())
    const named = items.filter((item) => item !== '')
    if (named.length > 0) yield named
  }
}

function mineSets(baskets: Baskets, { minSupport, algorithm, limit }: Options): ItemSets {
  const progress = startProgress('Finding item sets')
  const onProgress = (share: number): void => progress.report(share)
  const sets = frequentItemSets(baskets, { minSupport, algorithm, most: limit, onProgress })
  progress.done()
  return sets
}

function* setTexts(sets: ItemSets): Generator<string> {
  for (let set = 0; set < sets.size; set++) {
    yield JSON.stringify({ items: namesOfSet(sets, set), count: sets.counts[set] })
  }
}

function* ruleTexts(rules: AssociationRules): Generator<string> {
  for (let rule = 0; rule < rules.size; rule++) yield JSON.stringify(describeRule(rules, rule))
}

function readable(sets: ItemSets, rules: AssociationRules): string {
  const setTable = longTable(['items', 'count', 'support'], sets.size, (set) => [
    namesOfSet(sets, set).join(', '),
    sets.counts[set]!,
    sets.counts[set]! / sets.basketCount,
  ])
  const headings = ['if', 'then', 'support', 'confidence', 'lift', 'leverage', 'conviction']
  const ruleTable = longTable(headings, rules.size, (rule) => {
    const { antecedent, consequent, support, confidence, lift, leverage, conviction } = describeRule(rules, rule)
    return [antecedent.join(', '), consequent.join(', '), support, confidence, lift, leverage, conviction]
  })
  const facts = textFacts({ baskets: sets.basketCount, 'item sets': sets.size, rules: rules.size })
  return [facts, setTable, ruleTable].join('\n\n')
}
