/** Histories as JSON and back, without loss. (The SDK's own conversion fails where npm installs two protobufjs.) */

import { temporal } from '@temporalio/proto'

const { History } = temporal.api.history.v1

type History = temporal.api.history.v1.IHistory

/** Plain JSON: bytes in base64, enums by name, long numbers as text. */
export function historyToPlain(history: History): Record<string, unknown> {
  return History.toObject(History.fromObject(history), { bytes: String, longs: String, enums: String })
}

export function historyFromPlain(plain: Record<string, unknown>): History {
  return History.fromObject(plain)
}

/** The whole history as text, with every payload decoded: what somebody who can read it could find. */
export function historyAsText(history: History): string {
  return JSON.stringify(historyToPlain(history), (key, value: unknown) =>
    key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : value,
  )
}

/** Of which workflow it is the history. */
export function workflowTypeOf(history: History): string | undefined {
  return history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? undefined
}
