/** What every bench has in common: its options, its table for people, its last line for programs. */

import { parseArgs } from 'node:util'

/** The line that a bench ends with. A ratio below 1 is less than the reference takes. */
export interface BenchResult {
  readonly ours: number
  readonly reference: number
  /** Of both figures, for example `s` or `MB`. */
  readonly unit: string
  /** Whatever else is worth keeping. */
  readonly [more: string]: unknown
}

/** What a bench hands back. */
export interface BenchReport {
  readonly result: BenchResult
  /** For people: a table and remarks. */
  readonly text: string
}

/** An option of a bench, without the dashes: `{ seconds: '10' }` is `--seconds <value>` with its default. */
export type OptionDefaults = Readonly<Record<string, string>>

/** A mistake of whoever calls the bench: one line, status 2. */
export class BenchUsageError extends Error {}

/**
 * Runs a bench: reads the options, runs it, prints its text (to standard error with `--json`) and, with `--json`, as the
 * last line of standard output `{ name, ours, reference, ratio, unit, … }`. Ends with 2 for a mistake in the options,
 * with 1 if the bench fails.
 */
export async function runBench<const Defaults extends OptionDefaults>(
  name: string,
  defaults: Defaults,
  measure: (options: { readonly [Key in keyof Defaults]: string }) => Promise<BenchReport>,
): Promise<void> {
  try {
    if (process.argv.includes('--help')) return printHelp(name, defaults)
    const { json, options } = readOptions(name, defaults)
    const { result, text } = await measure(options)
    const out = json ? process.stderr : process.stdout
    out.write(`${text}\n`)
    const { ours, reference, unit, ...more } = result
    const line = { name, ours, reference, ratio: ours / reference, unit, ...more }
    if (json) process.stdout.write(`${JSON.stringify(line)}\n`)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    process.stderr.write(`bench ${name}: ${message.replaceAll(/\s*\n\s*/g, ' ')}\n`)
    if (process.env['PERENNIAL_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`)
    process.exitCode = error instanceof BenchUsageError ? 2 : 1
  }
}

/** Says on standard error what a bench is doing. */
export function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`)
}

/** A whole number that an option must be. @throws BenchUsageError naming the option, the value and the rule. */
export function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value
  throw new BenchUsageError(`--${option}: ${JSON.stringify(text)} must be a whole number of at least ${least}`)
}

function printHelp(name: string, defaults: OptionDefaults): void {
  const options = Object.entries(defaults).map(([key, value]) => `  --${key}${value === '' ? '' : ` ${value}`}`)
  process.stdout.write([`npm run -s bench -- ${name} [options] [--json]`, '', ...options, ''].join('\n'))
}

function readOptions<Defaults extends OptionDefaults>(
  name: string,
  defaults: Defaults,
): { json: boolean; options: { readonly [Key in keyof Defaults]: string } } {
  const strings = Object.fromEntries(Object.keys(defaults).map((key) => [key, { type: 'string' as const }]))
  try {
    const { values } = parseArgs({ options: { ...strings, json: { type: 'boolean' } }, strict: true })
    const { json = false, ...given } = values
    return { json, options: { ...defaults, ...given } }
  } catch (error) {
    const known = [...Object.keys(defaults), 'json'].map((key) => `--${key}`).join(', ')
    throw new BenchUsageError(`${(error as Error).message} (${name} takes ${known})`)
  }
}
