/** What a page of the past is handled with: nothing in it is news to anybody, but it counts as if it had come in time. */

import type { IdentityPolicy } from '../domain/definitions.ts'
import type { Database } from '../store/database.ts'
import type { Vault } from '../store/vault.ts'
import type { PageNeeds } from './handle-page.ts'
import type { Interests } from './page-news.ts'

export interface PastSetting {
  readonly database: Database
  readonly vault: Vault
  readonly nowMs: number
  /** Default: the usual one. */
  readonly identity?: IdentityPolicy | undefined
  readonly needsConfirmation?: Interests['needsConfirmation'] | undefined
}

export function pastNeeds({ database, vault, nowMs, identity, needsConfirmation }: PastSetting): PageNeeds {
  return {
    database,
    vault,
    nowMs: () => nowMs,
    interests: async () => ({
      events: new Set<string>(),
      traits: new Set<string>(),
      ...(needsConfirmation === undefined ? {} : { needsConfirmation }),
    }),
    ...(identity === undefined ? {} : { identity: async () => identity }),
    announce: false,
  }
}
