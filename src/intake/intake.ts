/**
 * Intake: handles waiting events page by page, the oldest first. Several processes do it side by side. An event that
 * breaks its page is found and set aside with its problem; the rest of the page is handled.
 */

import type { Logger } from 'pino'
import { claimEvents, claimEventsById } from '../store/claim-events.ts'
import type { Queryable } from '../store/database.ts'
import { describeError, errorCode } from '../store/describe-error.ts'
import { hasWaitingEvents, settleEvents, type WaitingEvent } from '../store/events.ts'
import { handlePage, type Meeting, type PageNeeds, type PageResult } from './handle-page.ts'
import { type Loop, startLoop } from './loop.ts'
import { OutOfDateError } from './page-identities.ts'

export interface IntakeNeeds extends PageNeeds {
  readonly log: Logger
  /** Once nothing has happened for a while. */
  readonly restMs?: number | undefined
  /** Called after a page with news was committed. */
  readonly onNews: () => void
}

export const pageSize = 500

/** Short enough that an event is handled within a tenth of a second, and cheap: one index probe. */
const idleMs = 50
const maxBackoffMs = 2_000
const maxAttempts = 20

/** Others' customers are left for later; but now and then they are waited for, so that nobody is left for ever. */
const waitEveryPages = 32

export function startIntake(needs: IntakeNeeds): Loop {
  let isBusy = true
  let pages = 0
  return startLoop({
    name: 'intake',
    log: needs.log,
    idleMs,
    restMs: needs.restMs,
    maxBackoffMs,
    round: async () => {
      if (!isBusy && !(await hasWaitingEvents(needs.database.pool))) return false
      const result = await handleNextPage(needs, ++pages % waitEveryPages === 0 ? 'wait' : 'leave')
      isBusy = result.handled > 0
      if (result.problems > 0) needs.log.warn({ problems: result.problems }, 'events could not be used entirely')
      if (result.hasNews) needs.onNews()
      return isBusy
    },
  })
}

/** Handles the oldest waiting events, at most a page. */
export async function handleNextPage(
  needs: PageNeeds & { readonly log: Logger },
  meeting: Meeting = 'wait',
): Promise<PageResult> {
  let claimed: readonly EventRef[] = []
  const claim = async (client: Queryable): Promise<WaitingEvent[]> => {
    const events = await claimEvents(client, pageSize)
    claimed = events
    return events
  }
  try {
    return await handlePatiently(needs, claim, meeting)
  } catch (error) {
    if (!isAboutEvents(error) || claimed.length === 0) throw error
    return setAside(needs, claimed, error)
  }
}

type EventRef = Pick<WaitingEvent, 'id' | 'receivedAtMs'>

/** Halves the page until the event that breaks it stands alone. */
async function setAside(
  needs: PageNeeds & { readonly log: Logger },
  events: readonly EventRef[],
  error: unknown,
): Promise<PageResult> {
  const [only] = events
  if (events.length === 1 && only !== undefined) {
    const { id, receivedAtMs } = only
    needs.log.error({ eventId: id, error: describeError(error) }, 'an event could not be handled and was set aside')
    const problem = `could not be handled: ${errorCode(error) ?? (error instanceof Error ? error.name : 'error')}`
    await settleEvents(
      needs.database.pool,
      [{ id, receivedAtMs, customerId: null, problem, keepSealed: true }],
      needs.nowMs(),
    )
    return { handled: 1, problems: 1, hasNews: false, left: 0 }
  }
  const middle = Math.ceil(events.length / 2)
  const halves = [events.slice(0, middle), events.slice(middle)]
  let total: PageResult = { handled: 0, problems: 0, hasNews: false, left: 0 }
  for (const half of halves) total = sum(total, await handleHalf(needs, half))
  return total
}

async function handleHalf(
  needs: PageNeeds & { readonly log: Logger },
  events: readonly EventRef[],
): Promise<PageResult> {
  const ids = events.map(({ id }) => id)
  try {
    return await handlePatiently(needs, (client) => claimEventsById(client, ids), 'wait')
  } catch (error) {
    if (!isAboutEvents(error)) throw error
    return setAside(needs, events, error)
  }
}

/** Processes side by side get in each other's way now and then; reading again settles it. */
async function handlePatiently(
  needs: PageNeeds,
  claim: (client: Queryable) => Promise<WaitingEvent[]>,
  meeting: Meeting,
): Promise<PageResult> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await handlePage(needs, claim, attempt > 1 ? 'queue' : meeting)
    } catch (error) {
      const isConflict = error instanceof OutOfDateError || (errorCode(error)?.startsWith('40') ?? false)
      if (!isConflict || attempt === maxAttempts) throw error
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5 * attempt))
    }
  }
}

/**
 * Whether an error comes from what is in the events: data that PostgreSQL refuses, or a mistake of ours that only some
 * events bring out. Everything else (a lost connection, a missing table) is nothing that setting events aside would mend.
 */
function isAboutEvents(error: unknown): boolean {
  const code = errorCode(error)
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code)) return /^(?:22|23|54)/.test(code)
  return [TypeError, RangeError, SyntaxError].some((mistake) => error instanceof mistake)
}

function sum(one: PageResult, other: PageResult): PageResult {
  return {
    handled: one.handled + other.handled,
    problems: one.problems + other.problems,
    hasNews: one.hasNews || other.hasNews,
    left: one.left + other.left,
  }
}
