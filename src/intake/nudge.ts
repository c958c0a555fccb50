/** Telling customers' workflows to look. A nudge is safe to repeat: it carries nothing. */

import { type WorkflowClient, WorkflowNotFoundError } from '@temporalio/client'
import { crowdReviewType, crowdWorkflowId, customerWorkflowId, lifecycleQueue } from '../../workflows/ids.ts'
import { customerLifecycleType, lookSignal, mergedSignal } from '../../workflows/messages.ts'

export interface Nudge {
  readonly customerId: string
  /** Set: this customer is part of that one now. */
  readonly mergedInto: string | null
}

/** Beyond this many calls at once a small server only answers each of them later. */
const callsAtOnce = 32
const callTimeoutMs = 10_000

export interface NudgeOutcome<T> {
  /** Those that Temporal has taken. */
  readonly taken: readonly T[]
  /** Why the others have not been; undefined if all were. */
  readonly error: unknown
}

/**
 * Nudges many customers, several at a time. After the first failure no further call is begun: Temporal may be away.
 *
 * @param stopping do not wait for the calls under way. Whether Temporal will have taken them is not known: they count as
 * failed.
 */
export async function nudgeAll<T extends Nudge>(
  client: WorkflowClient,
  nudges: readonly T[],
  stopping?: AbortSignal,
): Promise<NudgeOutcome<T>> {
  const taken: T[] = []
  let next = 0
  let failure: { readonly error: unknown } | undefined
  const mayGoOn = (): boolean => failure === undefined && stopping?.aborted !== true
  const callOneByOne = async (): Promise<void> => {
    for (let nudge = nudges[next++]; nudge !== undefined && mayGoOn(); nudge = nudges[next++]) {
      try {
        await nudgeOne(client, nudge)
        taken.push(nudge)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  const calls = Promise.all(Array.from({ length: Math.min(callsAtOnce, nudges.length) }, callOneByOne))
  await (stopping === undefined ? calls : unlessAborted(calls, stopping))
  const isLeft = stopping?.aborted === true && taken.length < nudges.length
  return {
    taken: [...taken],
    error: failure?.error ?? (isLeft ? new Error('stopped before all were nudged') : undefined),
  }
}

/** Does something for each of many, several at a time. */
export async function severalAtOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  const one = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) await work(items[at] as T)
  }
  await Promise.all(Array.from({ length: Math.min(callsAtOnce, items.length) }, one))
}

/** Waits for the work, or for the signal if that comes first. */
async function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>()
  const stop = (): void => resolve()
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  try {
    await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop) // The signal lives as long as the process.
  }
}

/** Tells the walk of the crowd that there is somebody to look at; starts it if it is not under way. */
export async function nudgeCrowd(client: WorkflowClient): Promise<void> {
  await client.withDeadline(Date.now() + callTimeoutMs, () =>
    client.signalWithStart(crowdReviewType, {
      workflowId: crowdWorkflowId,
      taskQueue: lifecycleQueue,
      args: [],
      signal: lookSignal,
      staticSummary: 'Crowd review',
    }),
  )
}

async function nudgeOne(client: WorkflowClient, { customerId, mergedInto }: Nudge): Promise<void> {
  await client.withDeadline(Date.now() + callTimeoutMs, async () => {
    if (mergedInto !== null) return tellMerged(client, customerId, mergedInto)
    await client.signalWithStart(customerLifecycleType, {
      workflowId: customerWorkflowId(customerId),
      taskQueue: lifecycleQueue,
      args: [{ customerId }],
      signal: lookSignal,
      staticSummary: 'Customer lifecycle',
    })
  })
}

/** Nobody needs to be started to learn that. */
async function tellMerged(client: WorkflowClient, customerId: string, into: string): Promise<void> {
  try {
    await client.getHandle(customerWorkflowId(customerId)).signal(mergedSignal, into)
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error
  }
}
