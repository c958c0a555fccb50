/** The move between the stages of the lifecycle. */

import { stageOf } from '../lifecycle.ts'
import type { Workspace } from './workspace.ts'

/** Puts the customer where the lifecycle's rules say; everything after it sees the customer there. */
export function moveStage(work: Workspace): void {
  const { snapshot, definitions, nowMs } = work
  const { customer } = snapshot
  const { stage, reason, atRisk } = stageOf(snapshot, definitions.lifecycle, nowMs)
  const hasMoved = stage !== customer.stage
  if (!hasMoved && atRisk === customer.atRisk) return

  const stageSinceMs = hasMoved ? nowMs : customer.stageSinceMs
  work.view = { ...snapshot, customer: { ...customer, stage, stageSinceMs, atRisk } }
  if (!hasMoved) return
  work.move = { from: customer.stage, to: stage, reason }
  work.records.push({
    kind: 'stage',
    journey: null,
    version: definitions.lifecycle.version,
    step: null,
    entryNumber: null,
    outcome: 'done',
    rule: stage,
    detail: { from: customer.stage, to: stage, reason },
  })
}
