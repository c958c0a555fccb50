/** The scenarios of the shop's own campaigns: every journey has some, and all of them hold. */

import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readScenarioFiles } from '../../src/cli/scenario-files.ts'
import { runScenario } from '../../src/scenarios/run-scenario.ts'
import { readCampaignFiles } from '../../src/store/campaign-files.ts'

const shop = fileURLToPath(new URL('../../campaigns', import.meta.url))
const { definitions } = await readCampaignFiles(shop)
const files = await readScenarioFiles(shop, definitions)
const all = files.flatMap(({ document }) =>
  document.scenarios.map((scenario) => ({ scenario, journeys: document.journeys, file: document.name })),
)

test.each(all.map((each) => [`${each.file} › ${each.scenario.name}`, each] as const))('%s', (_, each) => {
  const { differences, timeline } = runScenario(each.scenario, definitions, each.journeys)
  expect(differences).toEqual([])
  expect(timeline.length).toBeGreaterThan(0)
})

describe('every journey', () => {
  test.each(definitions.live.map((journey) => [journey.key, journey] as const))('%s', (key, { steps }) => {
    const ofIt = all.filter(({ journeys }) => journeys?.includes(key))
    const expected = new Set(
      ofIt.flatMap(({ scenario }) => [
        ...scenario.expect.messages.map(({ message }) => message),
        ...scenario.expect.tasks.map(({ task }) => task),
      ]),
    )
    // Each message and task is expected somewhere …
    const places = steps.filter(({ type }) => type === 'message' || type === 'task').map(({ id }) => `${key}/${id}`)
    expect(places.filter((place) => !expected.has(place))).toEqual([])
    // … and somewhere a message is refused, or all of them stay away.
    const isUnhappy = ofIt.some(({ scenario: { expect } }) => {
      const isRefused = expect.why_not.some(({ of }) => of === key || of.startsWith(`${key}/`))
      const said = [...expect.messages.map(({ message }) => message), ...expect.tasks.map(({ task }) => task)]
      return isRefused || (!expect.at_least && !said.some((place) => places.includes(place)))
    })
    expect(isUnhappy).toBe(true)
  })
})
