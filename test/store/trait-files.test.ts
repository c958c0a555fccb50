/** Documents of computed traits beside the others in a directory of campaigns. */

import { afterEach, expect, test } from 'vitest'
import { readCampaignFiles } from '../../src/store/campaign-files.ts'
import { CampaignFilesError, sayFileProblem } from '../../src/store/file-problem.ts'
import { type CampaignDirectory, campaignDirectory } from './support/campaign-directory.ts'

let directory: CampaignDirectory | undefined
afterEach(() => directory?.remove())

async function problemsIn(files: Readonly<Record<string, string>>): Promise<string> {
  directory = campaignDirectory(files)
  const error: unknown = await readCampaignFiles(directory.path).catch((caught: unknown) => caught)
  return error instanceof CampaignFilesError ? error.problems.map(sayFileProblem).join('\n') : ''
}

const views = 'name: Views\ncompute: count\nevent: Product Viewed\nwithin: 30 days\n'
const keen = 'name: Keen\nif: { computed.views: { at_least: 2 } }\n'

test('a trait is read, and what asks for one that there is not is refused', async () => {
  expect(await problemsIn({ 'traits/views.yaml': views, 'segments/keen.yaml': keen })).toBe('')
  directory?.remove()
  const problems = await problemsIn({ 'traits/clicks.yaml': views, 'segments/keen.yaml': keen })
  expect(problems).toContain('segments/keen.yaml')
  expect(problems).toContain('"views" is no computed trait; known: clicks')
})

test('neither its key nor what it reads may be personal', async () => {
  expect(await problemsIn({ 'traits/e-mail.yaml': views })).toMatch(/traits\/e-mail.yaml.*something personal/)
  directory?.remove()
  const sealed = views.replace('count', 'last\nof: email')
  expect(await problemsIn({ 'traits/last.yaml': sealed })).toMatch(/traits\/last.yaml.*of.*is personal/s)
})
