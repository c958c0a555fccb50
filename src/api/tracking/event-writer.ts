/**
 * Writes events of many requests at once. While one statement is under way the next requests gather; they share the
 * following statement and its commit. A lone request waits for nobody.
 */

import type { Queryable } from '../../store/database.ts'
import { errorCode } from '../../store/describe-error.ts'
import type { NewEvent } from '../../store/events.ts'
import { insertEvents } from '../../store/insert-events.ts'

export interface EventWriter {
  /**
   * Resolves once the events are committed, with the message ids that were new.
   *
   * @throws whatever the database throws; then none of them was written by this call.
   */
  write(events: readonly NewEvent[]): Promise<ReadonlySet<string>>
}

interface Waiting {
  readonly events: readonly NewEvent[]
  resolve(inserted: ReadonlySet<string>): void
  reject(error: unknown): void
}

/** As many as one statement takes without keeping the others waiting long. */
const maxEventsAtOnce = 2_000

/** Enough that one statement is parsed and planned while another one waits for the disk. */
const statementsAtOnce = 2

export function createEventWriter(pool: Queryable): EventWriter {
  const waiting: Waiting[] = []
  let underWay = 0

  const pump = async (): Promise<void> => {
    if (underWay >= statementsAtOnce) return
    underWay++
    // Requests whose bodies arrived in the same turn of the event loop join this statement.
    await new Promise((resolve) => setImmediate(resolve))
    for (let group = takeGroup(waiting); group.length > 0; group = takeGroup(waiting)) await writeGroup(pool, group)
    underWay--
  }

  return {
    write: (events) =>
      new Promise((resolve, reject) => {
        waiting.push({ events, resolve, reject })
        void pump()
      }),
  }
}

function takeGroup(waiting: Waiting[]): Waiting[] {
  let events = 0
  const fits = waiting.findIndex(({ events: more }, index) => {
    events += more.length
    return index > 0 && events > maxEventsAtOnce
  })
  return waiting.splice(0, fits === -1 ? waiting.length : fits)
}

async function writeGroup(pool: Queryable, group: readonly Waiting[]): Promise<void> {
  try {
    const inserted = await insertPatiently(
      pool,
      group.flatMap((request) => request.events),
    )
    settle(group, inserted)
  } catch (error) {
    // What one request sent must not fail its neighbours: if it is about the data, let each stand for itself.
    if (group.length > 1 && isAboutData(error)) {
      for (const request of group) await writeGroup(pool, [request])
    } else {
      for (const request of group) request.reject(error)
    }
  }
}

/** The same id in two requests of one group is new for the first of them only. */
function settle(group: readonly Waiting[], inserted: Set<string>): void {
  for (const request of group) {
    const own = new Set<string>()
    for (const { messageId } of request.events) if (inserted.delete(messageId)) own.add(messageId)
    request.resolve(own)
  }
}

/** Two processes that were sent the same events in different order can block each other; one of them is told to retry. */
async function insertPatiently(pool: Queryable, events: readonly NewEvent[]): Promise<Set<string>> {
  try {
    return await insertEvents(pool, events)
  } catch (error) {
    if (errorCode(error) !== '40P01') throw error
    return insertEvents(
      pool,
      [...events].sort((a, b) => (a.messageId < b.messageId ? -1 : 1)),
    )
  }
}

function isAboutData(error: unknown): boolean {
  return errorCode(error)?.startsWith('22') ?? false
}
