/** Asking Twilio what it has of a message whose answer never came. */

import type twilio from 'twilio'

/** What Twilio has taken from us for a number. */
export interface TakenSms {
  readonly providerMessageId: string
  readonly hasFailed: boolean
  /** The parts that it was sent in, if it says so. */
  readonly segments: number | undefined
}

/** More for one number within so short a time tell nothing any more. */
const mostAnswers = 20

/** From shortly before the request left: two clocks differ. */
const earlierMs = 60_000

/** A request without an answer is given up after a quarter of a minute; a queue may add to that. */
const laterMs = 15 * 60_000

export async function findTaken(
  client: ReturnType<typeof twilio>,
  to: string,
  transmittingMs: number,
): Promise<TakenSms[]> {
  const [fromMs, untilMs] = [transmittingMs - earlierMs, transmittingMs + laterMs]
  const found = await client.messages.list({ to, dateSentAfter: new Date(fromMs), limit: mostAnswers })
  return found
    .filter(({ direction }) => direction.startsWith('outbound'))
    .filter(({ dateCreated }) => dateCreated.getTime() >= fromMs - 1_000 && dateCreated.getTime() <= untilMs)
    .map(({ sid, status, numSegments }) => ({
      providerMessageId: sid,
      hasFailed: status === 'failed' || status === 'undelivered' || status === 'canceled',
      segments: Number.parseInt(numSegments, 10) || undefined,
    }))
}
