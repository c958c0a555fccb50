/** What `perennial journeys …` does. */

import type { Change } from '../domain/journey-diff.ts'
import type { JourneySummary, JourneyVersion, Place } from '../store/journeys/journey-reports.ts'
import type { InFlightReport } from '../store/publishing/journey-plans.ts'
import { textFacts, textTable, writeResult } from './analyze/output.ts'
import { choiceDocument, choiceOf, sayReport } from './in-flight-options.ts'
import { askInstallation, type TargetOptions } from './installation.ts'

export interface JourneyOptions extends TargetOptions {
  readonly json?: boolean
}

export interface ArchiveOptions extends JourneyOptions {
  readonly inFlight: string
  readonly yes?: boolean
}

export interface PauseOptions extends JourneyOptions {
  readonly yes?: boolean
}

export interface ResumeOptions extends JourneyOptions {
  /** A length of time in words. */
  readonly spread: string
}

export interface RollbackOptions extends ArchiveOptions {
  readonly map?: readonly string[]
}

/** As JSON brings it. */
type Told<Row> = {
  readonly [Name in keyof Row]: Row[Name] extends Date
    ? string
    : Row[Name] extends Date | null
      ? string | null
      : Row[Name]
}

const pathOf = (key: string, rest = ''): string => `/api/journeys/${encodeURIComponent(key)}${rest}`

export async function list(options: JourneyOptions): Promise<void> {
  const answer = (await askInstallation(options, '/api/journeys')) as { journeys: Told<JourneySummary>[] }
  writeResult(options.json, answer, () =>
    answer.journeys.length === 0
      ? 'No journeys.'
      : textTable(
          ['journey', 'status', 'version', 'in flight', 'on former versions', 'name'],
          answer.journeys.map((one) => [one.key, one.status, one.number, one.inFlight, one.onFormerVersions, one.name]),
        ),
  )
}

export async function show(key: string, options: JourneyOptions): Promise<void> {
  const journey = (await askInstallation(options, pathOf(key))) as Told<JourneySummary> & { places: Place[] }
  writeResult(options.json, journey, () =>
    [
      textFacts({
        name: journey.name,
        description: journey.description,
        status: journey.status,
        version: `${journey.number}, published ${minute(journey.publishedAt)}`,
        ...(journey.status === 'paused' ? { paused: `since ${minute(journey.pausedAt)} by ${journey.pausedBy}` } : {}),
        'in flight': journey.inFlight,
      }),
      ...(journey.places.length === 0
        ? []
        : [
            '',
            textTable(
              ['version', 'step', 'people'],
              journey.places.map(({ number, step, count }) => [String(number ?? '-'), step, count]),
            ),
          ]),
    ].join('\n'),
  )
}

export async function versions(key: string, options: JourneyOptions): Promise<void> {
  const answer = (await askInstallation(options, pathOf(key, '/versions'))) as { versions: Told<JourneyVersion>[] }
  writeResult(options.json, answer, () =>
    textTable(
      ['version', 'published (UTC)', 'by', 'in flight', 'people in flight then', ''],
      answer.versions.map((one) => [
        one.number,
        minute(one.publishedAt),
        one.publishedBy,
        one.inFlight,
        sayChoice(one.choice),
        one.restores === null ? '' : `brings back ${one.restores}`,
      ]),
    ),
  )
}

function sayChoice({ choice, stay = 0, move = 0, exit = 0 }: JourneyVersion['choice']): string {
  return choice === undefined ? '' : `${stay} stayed, ${move} moved, ${exit} left`
}

export async function diff(key: string, from: number, to: number, options: JourneyOptions): Promise<void> {
  const answer = (await askInstallation(options, pathOf(key, `/diff?from=${from}&to=${to}`))) as { changes: Change[] }
  writeResult(options.json, answer, () =>
    answer.changes.length === 0 ? 'They say the same.' : answer.changes.map(({ words }) => `${words}.`).join('\n'),
  )
}

export async function rollback(key: string, number: number, options: RollbackOptions): Promise<void> {
  const { yes = false, inFlight, map = [] } = options
  const choice = choiceOf(map.length > 0 && inFlight === 'stay' ? 'move' : inFlight, map)
  const body = { to: number, inFlight: choiceDocument(choice), dryRun: !yes }
  const answer = (await askInstallation(options, pathOf(key, '/rollback'), body)) as InFlightReport
  writeResult(options.json, answer, () =>
    [
      sayReport(answer),
      yes
        ? `Version ${number} is back in force, as version ${answer.to}.`
        : `Nothing was done: --yes publishes version ${number} again, as version ${answer.to}.`,
    ].join('\n'),
  )
}

export async function archive(key: string, options: ArchiveOptions): Promise<void> {
  const { yes = false, inFlight } = options
  const body = { inFlight, dryRun: !yes }
  const answer = (await askInstallation(options, pathOf(key, '/archive'), body)) as { stay: number; exit: number }
  const people = `${answer.stay} people go on to the end of it, ${answer.exit} leave now`
  writeResult(options.json, answer, () =>
    yes ? `${key} is archived; ${people}.` : `Nothing was done: with --yes nobody enters ${key} any more; ${people}.`,
  )
}

interface PauseAnswer {
  readonly changed: boolean
  readonly people?: number
  readonly messages?: number
  readonly shown: boolean
}

export async function pause(key: string, options: PauseOptions): Promise<void> {
  if (options.yes !== true) {
    const { inFlight } = (await askInstallation(options, pathOf(key))) as Told<JourneySummary>
    writeResult(options.json, { journey: key, changed: false, inFlight }, () => {
      return `Nothing was done: with --yes ${key} stands still, with ${inFlight} people in flight.`
    })
    return
  }
  const answer = (await askInstallation(options, pathOf(key, '/pause'), {})) as PauseAnswer
  writeResult(options.json, answer, () =>
    answer.changed
      ? `${key} is paused: ${answer.people} people are in flight, ${answer.messages} messages wait.${unseen(answer)}`
      : `${key} was paused already.`,
  )
}

export async function resume(key: string, options: ResumeOptions): Promise<void> {
  const answer = (await askInstallation(options, pathOf(key, '/resume'), { spread: options.spread })) as PauseAnswer
  writeResult(options.json, answer, () =>
    answer.changed
      ? `${key} goes on: ${answer.people} people and ${answer.messages} messages were held up and come within ${options.spread}.${unseen(answer)}`
      : `${key} was not paused.`,
  )
}

function unseen({ shown }: PauseAnswer): string {
  return shown ? '' : ' Temporal could not be told: its pages do not show it, but it holds.'
}

function minute(iso: string | null): string {
  return iso === null ? '' : iso.slice(0, 16).replace('T', ' ')
}
