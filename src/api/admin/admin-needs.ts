/** What the routes of the admin API are handed. */

import type { WorkflowClient } from '@temporalio/client'
import type { Clock } from '../../clock.ts'
import type { Config } from '../../config.ts'
import type { Definitions } from '../../domain/definitions.ts'
import type { SegmentPrice } from '../../domain/text-cost.ts'
import type { Database } from '../../store/database.ts'
import type { Vault } from '../../store/vault.ts'
import type { KeyCheck } from '../key-check.ts'
import type { BroadcastPreviewer } from './broadcast-preview.ts'
import type { MergeNeeds } from './merge-routes.ts'
import type { SuppressionNeeds } from './suppression-routes.ts'
import type { TemplateNeeds } from './template-routes.ts'
import type { WorkflowCounts } from './workflow-counts.ts'

export interface AdminNeeds extends MergeNeeds, SuppressionNeeds, TemplateNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly clock: Clock
  readonly checkKey: KeyCheck
  readonly mail: Config['mail']
  /** What is in force now. */
  readonly definitions: () => Promise<Definitions>
  readonly temporal: WorkflowClient
  /** The address under which others reach this server. */
  readonly publicUrl: string
  readonly previewBroadcast: BroadcastPreviewer['show']
  /** Of a part of a text message; undefined: nobody has said. */
  readonly segmentPrice?: SegmentPrice | undefined
  readonly countWorkflows: () => Promise<WorkflowCounts | null>
}
