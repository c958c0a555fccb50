/** `perennial analyze experiment`: whether a variant did better than the control, from totals or from a file. */

import { Command } from 'commander'
import { compareText } from '../../analytics/core/text-order.ts'
import { type ConversionArm, type ValueArm, valueArm } from '../../analytics/experiments/arms.ts'
import { probabilityBetter } from '../../analytics/experiments/bayesian.ts'
import { compareProportions } from '../../analytics/experiments/proportions.ts'
import { sampleRatioTest } from '../../analytics/experiments/sample-ratio.ts'
import { compareMeans } from '../../analytics/experiments/welch.ts'
import { UsageError } from '../usage-error.ts'
import { type CsvTable, readCsvTable } from './csv-table.ts'
import { decimalNumber, type OptionParser, refuseOption } from './options.ts'
import { type Cell, textFacts, textTable, warn, writeResult } from './output.ts'

interface Options {
  readonly control?: ConversionArm
  readonly variant?: ConversionArm
  readonly csv?: string
  readonly group?: string
  readonly outcome?: string
  readonly json?: boolean
}

/** Below this the arms' sizes are not as planned by chance. */
const SUSPICIOUS_RATIO = 0.001

/** The `experiment` command. */
export function experimentCommand(): Command {
  return new Command('experiment')
    .description('Compare a variant with the control: by two totals, or by the rows of a CSV file.')
    .option('--control <n,conversions>', 'customers and conversions of the control', armOption('--control'))
    .option('--variant <n,conversions>', 'customers and conversions of the variant', armOption('--variant'))
    .option('--csv <file>', 'CSV file with a header, a row a customer')
    .option('--group <column>', 'the column that names the arm')
    .option('--outcome <column>', 'the column to compare: 0 and 1, or amounts')
    .option('--json', 'print one JSON document')
    .action(run)
}

function run(options: Options): void {
  const arms = readArms(options)
  if (arms.kind === 'conversions') reportConversions(arms.control, arms.variant, options)
  else reportValues(arms.control, arms.variant, options)
}

type Arms =
  | { readonly kind: 'conversions'; readonly control: ConversionArm; readonly variant: ConversionArm }
  | { readonly kind: 'values'; readonly control: ValueArm; readonly variant: ValueArm }

function readArms({ control, variant, csv, group, outcome }: Options): Arms {
  if (csv === undefined) {
    for (const [flag, value] of Object.entries({ '--group': group, '--outcome': outcome })) {
      if (value !== undefined) throw new UsageError(`${flag}: goes with --csv, which is missing`)
    }
    if (!control) throw new UsageError('--control: must be given, together with --variant, where there is no --csv')
    if (!variant) throw new UsageError('--variant: must be given together with --control')
    return { kind: 'conversions', control, variant }
  }
  if (control) throw new UsageError('--control: must not be given together with --csv')
  if (variant) throw new UsageError('--variant: must not be given together with --csv')
  if (group === undefined) throw new UsageError('--group: must be given together with --csv')
  if (outcome === undefined) throw new UsageError('--outcome: must be given together with --csv')
  return armsOfTable(readCsvTable('--csv', csv), group, outcome)
}

function armsOfTable(table: CsvTable, group: string, outcome: string): Arms {
  const groups = table.column(group)
  const names = [...new Set(groups)].sort(compareText)
  if (names.length !== 2) {
    const some = names.slice(0, 5).map((name) => JSON.stringify(name))
    const shown = names.length > some.length ? `${some.join(', ')}, …` : some.join(', ')
    throw new UsageError(`--group: column ${group} must hold two groups, but holds ${names.length}: ${shown}`)
  }
  const controlName = names.includes('control') ? 'control' : names[0]
  const values = table.numbers(outcome)
  const control = values.filter((_, row) => groups[row] === controlName)
  const variant = values.filter((_, row) => groups[row] !== controlName)
  if (values.every((value) => value === 0 || value === 1)) {
    return { kind: 'conversions', control: conversionArm(control), variant: conversionArm(variant) }
  }
  for (const name of names) {
    const n = name === controlName ? control.length : variant.length
    if (n < 2) throw new UsageError(`--group: ${JSON.stringify(name)} in column ${group} must have at least 2 rows`)
  }
  return { kind: 'values', control: valueArm('control', control), variant: valueArm('variant', variant) }
}

function conversionArm(values: Float64Array): ConversionArm {
  return { n: values.length, conversions: values.reduce((sum, value) => sum + value, 0) }
}

function reportConversions(control: ConversionArm, variant: ConversionArm, { json }: Options): void {
  const test = compareProportions(control, variant)
  const better = probabilityBetter(control, variant)
  const { difference, z, p, interval } = test
  const sampleRatio = checkedRatio(control.n, variant.n)
  const document = {
    control: { ...control, rate: test.controlRate },
    variant: { ...variant, rate: test.variantRate },
    difference,
    z,
    p,
    interval,
    probabilityBetter: better,
    sampleRatio,
  }
  writeResult(json, document, () => {
    const arms = Object.entries({ control: document.control, variant: document.variant })
    const table = textTable(
      ['arm', 'customers', 'conversions', 'rate'],
      arms.map(([name, { n, conversions, rate }]) => [name, n, conversions, rate]),
    )
    const facts = { difference, 'relative lift': orNull(test.relativeLift), z: orNull(z), ...commonFacts(p, interval) }
    return `${table}\n\n${textFacts({ ...facts, 'P(variant better)': better, ...ratioFacts(sampleRatio) })}`
  })
}

function reportValues(control: ValueArm, variant: ValueArm, { json }: Options): void {
  const { difference, t, degreesOfFreedom, p, interval } = compareMeans(control, variant)
  const sampleRatio = checkedRatio(control.n, variant.n)
  const document = { control, variant, difference, t, degreesOfFreedom, p, interval, sampleRatio }
  writeResult(json, document, () => {
    const table = textTable(
      ['arm', 'customers', 'mean', 'deviation'],
      Object.entries({ control, variant }).map(([name, { n, mean, deviation }]) => [name, n, mean, deviation]),
    )
    const facts = { difference, t: orNull(t), 'degrees of freedom': orNull(degreesOfFreedom) }
    return `${table}\n\n${textFacts({ ...facts, ...commonFacts(p, interval), ...ratioFacts(sampleRatio) })}`
  })
}

function checkedRatio(control: number, variant: number): { chiSquare: number; p: number } {
  const ratio = sampleRatioTest([control, variant])
  if (ratio.p < SUSPICIOUS_RATIO) {
    warn(`sample ratio: ${control} and ${variant} customers are not equal arms by chance (p ${ratio.p.toPrecision(2)})`)
  }
  return ratio
}

function commonFacts(p: number, interval: readonly [number, number]): Record<string, Cell> {
  return { p: orNull(p), '95 % from': interval[0], '95 % to': interval[1] }
}

function ratioFacts({ chiSquare, p }: { chiSquare: number; p: number }): Record<string, Cell> {
  return { 'sample ratio χ²': chiSquare, 'sample ratio p': p }
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
}

function armOption(flag: string): OptionParser<ConversionArm> {
  return (text) => {
    const [n, conversions, ...more] = text.split(',').map((part) => decimalNumber(part.trim()))
    if (n === undefined || conversions === undefined || more.length > 0) {
      return refuseOption(flag, text, 'must be two whole numbers with a comma between: customers,conversions')
    }
    if (!Number.isSafeInteger(n) || n < 1) refuseOption(flag, text, 'must begin with a whole number of at least 1')
    if (!Number.isSafeInteger(conversions) || conversions < 0 || conversions > n) {
      refuseOption(flag, text, 'must end with a whole number of conversions from 0 to the number of customers')
    }
    return { n, conversions }
  }
}
