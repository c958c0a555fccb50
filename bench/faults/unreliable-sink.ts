/** A mail server that fails one message in twenty, by any means and at each of eight stages; its log is the witness. */

import { seededRandom } from '../../src/analytics/core/random.ts'
import { type Misdeed, type Sink, type Stage, stages, startSink } from '../../test/support/smtp/sink.ts'

export interface UnreliableSink extends Sink {
  /** How often each message was really taken, by the id in its Message-ID. */
  readonly copies: ReadonlyMap<string, number>
  /** Recipients whose message it refused for good at least once. */
  readonly refusedForGood: ReadonlySet<string>
  /** By stage and misdeed: what it has done. */
  readonly misdeeds: ReadonlyMap<string, number>
}

/** Inside a message, and behind it, there is no place for an answer. */
const speechless: ReadonlySet<Stage> = new Set(['body', 'ack'])
const kinds: readonly Misdeed[] = ['temporary', 'permanent', 'drop', 'hang']

/** Over all stages together. */
const share = 0.05

export async function startUnreliableSink(seed: number): Promise<UnreliableSink> {
  const random = seededRandom(seed)
  const copies = new Map<string, number>()
  const refusedForGood = new Set<string>()
  const misdeeds = new Map<string, number>()
  const sink = await startSink({
    manners(stage) {
      if (random() >= share / stages.length) return undefined
      const possible = speechless.has(stage) ? kinds.slice(2) : kinds
      const misdeed = possible[Math.floor(random() * possible.length)] as Misdeed
      count(misdeeds, `${stage} ${misdeed}`)
      return misdeed
    },
    onEntry({ outcome, messageId, recipient, isForGood }) {
      if (isForGood === true) refusedForGood.add(recipient)
      if (outcome === 'accepted') count(copies, messageId.replace(/^<([^@]*)@.*$/, '$1'))
    },
  })
  return Object.assign(sink, { copies, refusedForGood, misdeeds })
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
