/** Options that several commands share. */

import { resolve } from 'node:path'
import { Option } from 'commander'
import { readConfig } from '../config.ts'
import { namesOption, type OptionParser, refuseOption, wholeOption } from './analyze/options.ts'

/** `--home DIR`; `homeOf` reads it. */
export function homeOption(): Option {
  return new Option('--home <dir>', 'where the state is kept (default: $PERENNIAL_HOME, else .perennial)')
}

export function homeOf(options: { readonly home?: string }): string {
  return options.home === undefined ? readConfig().home : resolve(options.home)
}

/** `--port N` of the product: from 0, for any, to 65535. */
export function portOption(): Option {
  const text = 'port of the console and the API; 0 for any (default: 8700, or the next free one)'
  return new Option('--port <n>', text).argParser(wholeOption('--port', 0, 65_535))
}

/** `--only NAMES`: which of the product's processes run here. */
export function onlyOption(names: readonly string[]): Option {
  const text = `run these here and the others elsewhere, with commas between them: ${names.join(', ')}`
  return new Option('--only <names>', text).argParser((given) => {
    const wanted = namesOption('--only')(given)
    const unknown = wanted.find((name) => !names.some((known) => known === name))
    if (unknown !== undefined)
      refuseOption('--only', given, `must name ${names.join(', ')}, not ${JSON.stringify(unknown)}`)
    return wanted
  })
}

/** A day such as 2026-03-15, as the instant at which it begins in UTC. */
export function dayOption(flag: string): OptionParser<number> {
  return (text) => {
    const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
    // "2026-02-30" would be read as a day of March.
    if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text)
      refuseOption(flag, text, 'must be a day like 2026-03-15')
    return ms
  }
}
