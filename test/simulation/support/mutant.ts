/** Copies of the rules with one of them switched off: what a promise is worth shows when it is broken on purpose. */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Rules } from '../../../src/simulation/simulation.ts'

/** One change of one file of `src/domain`. */
export interface Mutation {
  readonly file: string
  /** Stands there exactly once. */
  readonly replace: string
  readonly by: string
}

const root = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * The rules of a copy of `src/domain` with the mutation made. The copy lies inside the checkout, so that its imports
 * find their packages, and is gone after `use`.
 *
 * @throws Error if what is to be replaced is not there exactly once: then the mutation has to follow the code.
 */
export async function withMutant<Result>(
  mutations: readonly Mutation[],
  use: (rules: Rules) => Result,
): Promise<Result> {
  const directory = mkdtempSync(join(root, '.cache', 'mutant-'))
  try {
    cpSync(join(root, 'src', 'domain'), directory, { recursive: true })
    for (const { file, replace, by } of mutations) {
      const path = join(directory, file)
      const parts = readFileSync(path, 'utf8').split(replace)
      if (parts.length !== 2)
        throw new Error(`${file}: ${JSON.stringify(replace)} stands there ${parts.length - 1} times`)
      writeFileSync(path, parts.join(by))
    }
    const load = (file: string): Promise<unknown> =>
      import(/* @vite-ignore */ pathToFileURL(join(directory, file)).href)
    const { decide } = (await load('decide.ts')) as Pick<Rules, 'decide'>
    const { mayContact } = (await load('contact-policy.ts')) as Pick<Rules, 'mayContact'>
    return use({ decide, mayContact })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
