/** Reading the news, oldest first: what it ends, what it moves on, what it starts. */

import type { Entry, JourneyDefinition } from '../definitions.ts'
import { propertiesPass } from '../property-tests.ts'
import type { News, ScoreKind } from '../snapshot.ts'
import { moveOnWaiting } from './advance.ts'
import type { JourneyEntry } from './compiled.ts'
import { type EventNews, endRunsByEvent } from './endings.ts'
import { enter } from './enter.ts'
import { moveOnTask } from './task-step.ts'
import type { Workspace } from './workspace.ts'

/** Every piece of news is taken into account once; its order counts, not its times, which come from many clocks. */
export function readNews(work: Workspace): void {
  for (const news of work.snapshot.news) {
    switch (news.kind) {
      case 'event':
        endRunsByEvent(work, news)
        moveOnWaiting(work, news)
        enterByEvent(work, news)
        break
      case 'arrived':
        enterWhere(work, 'arrived', () => true)
        break
      case 'score':
        enterByScore(work, news.score, news.crossed)
        break
      case 'task':
        moveOnTask(work, news)
        break
      case 'entry':
        enterOnPurpose(work, news)
        break
      case 'segment':
        enterBySegment(work, news.segment, news.change)
        break
      case 'contact':
      case 'profile':
      case 'journey':
        break // Nothing starts by it; whatever waits for it is asked again below.
    }
  }
}

/** A move starts the journeys of the new stage; arriving starts those of the stage in which the customer arrives. */
export function enterByStage(work: Workspace): void {
  const hasArrived = work.snapshot.news.some((news: News) => news.kind === 'arrived')
  if (work.move === null && !hasArrived) return
  const { stage } = work.view.customer
  enterWhere(work, 'stage', (entry) => entry.stage === stage)
}

function enterByEvent(work: Workspace, event: EventNews): void {
  const entries = work.compiled.eventEntries.get(event.name)
  if (entries !== undefined) enterFirst(work, entries, ({ where }) => propertiesPass(where, event.properties), event)
}

/** Into one journey, if it is open to that: what a schedule may enter, somebody may also enter by hand, as scenarios do. */
function enterOnPurpose(work: Workspace, { journey: key, properties, by }: Extract<News, { kind: 'entry' }>): void {
  const journey = work.definitions.live.find((each) => each.key === key)
  const ofType = (type: Entry['type']): Entry | undefined => journey?.entry.find((each) => each.type === type)
  const entry = (by === 'schedule' ? undefined : ofType('api')) ?? ofType('schedule')
  if (journey !== undefined && entry !== undefined) {
    enter(work, journey, entry, { name: by ?? 'entry', properties })
  }
}

function enterByScore(work: Workspace, score: ScoreKind, crossed: 'up' | 'down'): void {
  enterWhere(work, 'score', (entry) => entry.score === score && entry.crossed === crossed)
}

function enterBySegment(work: Workspace, segment: string, change: 'entered' | 'exited'): void {
  enterWhere(work, 'segment', (entry) => entry.segment === segment && entry.change === change)
}

function enterWhere<Type extends Exclude<Entry['type'], 'event'>>(
  work: Workspace,
  type: Type,
  matches: (entry: Extract<Entry, { type: Type }>) => boolean,
): void {
  const entries = work.compiled.otherEntries.get(type) as readonly JourneyEntry<Extract<Entry, { type: Type }>>[]
  if (entries !== undefined) enterFirst(work, entries, matches)
}

/** By the first entry of each journey that matches. */
function enterFirst<Type extends Entry>(
  work: Workspace,
  entries: readonly JourneyEntry<Type>[],
  matches: (entry: Type) => boolean,
  trigger?: EventNews,
): void {
  let entered: JourneyDefinition | undefined
  for (const { journey, entry } of entries) {
    if (journey === entered || !matches(entry)) continue
    entered = journey
    enter(work, journey, entry, trigger)
  }
}
