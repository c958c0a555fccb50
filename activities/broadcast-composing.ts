/** Composing a chunk of a broadcast: each in the words of their language, where the template has them. */

import type { TemplateSource } from '../src/channels/templates/render-message.ts'
import type { Clock } from '../src/clock.ts'
import type { SenderUse } from '../src/domain/mail-sender.ts'
import type { Measuring } from '../src/domain/tracking.ts'
import type { BulkLedger } from '../src/store/broadcasts/bulk-ledger.ts'
import type { BulkMessage } from '../src/store/broadcasts/bulk-page.ts'
import type { Holder } from '../src/store/ledger-types.ts'
import { type Broken, shortestRetryMs } from './broadcast-endings.ts'

/** What one kind of message is composed by. */
export interface Composer<Ready> {
  /** Opens, renders and composes, in the order of the items. `targets`: where tracked links lead. */
  readonly compose: (request: {
    /** Of mail: the identity; null: the usual one. */
    readonly sender: string | null
    readonly template: TemplateSource
    readonly measuring: Measuring
    readonly items: readonly BulkMessage[]
  }) => Promise<{ readonly mails: readonly (Ready | Broken)[]; readonly targets: readonly string[] }>
}

export interface ComposingNeeds {
  readonly ledger: Pick<BulkLedger, 'release'>
  readonly holder: Holder
  readonly clock: Clock
  readonly measuring: Measuring
  /** That all of them leave under. */
  readonly sender: SenderUse
  /** In the customer's language, if there is a translation. */
  readonly template: (key: string, locale: string | null) => Promise<TemplateSource | undefined>
  /** Keeps where tracked links lead; before anything leaves. */
  readonly saveTargets: (targets: readonly string[]) => Promise<void>
}

export interface Composed<Ready> {
  readonly message: BulkMessage
  readonly mail: Ready | Broken
}

/** @throws if it fails as a whole: then all of them come another time. */
export async function composeOrRelease<Ready>(
  messages: readonly BulkMessage[],
  composer: Composer<Ready>,
  needs: ComposingNeeds,
): Promise<Composed<Ready>[]> {
  try {
    return await composeAll(messages, composer, needs)
  } catch (error) {
    const notBeforeMs = needs.clock.nowMs() + shortestRetryMs
    const reason = 'could not be composed'
    await needs.ledger.release(
      needs.holder,
      messages.map(({ id }) => ({ id, notBeforeMs, reason })),
      needs.sender,
    )
    throw error
  }
}

async function composeAll<Ready>(
  messages: readonly BulkMessage[],
  { compose }: Composer<Ready>,
  { template: templateFor, measuring, sender, saveTargets }: ComposingNeeds,
): Promise<Composed<Ready>[]> {
  const written = await Promise.all(
    messages.map(async (message) => ({
      message,
      template: await templateFor(message.template, message.sealed.locale),
    })),
  )
  const composed = await Promise.all(
    [...Map.groupBy(written, ({ template }) => template?.key)].map(async ([, group]): Promise<Composed<Ready>[]> => {
      const items = group.map(({ message }) => message)
      const template = group[0]?.template
      if (template === undefined) {
        return items.map((message) => {
          const mail = { broken: `there is no template ${message.template}`, isAddress: false }
          return { message, mail }
        })
      }
      const { mails, targets } = await compose({ sender: sender.key, template, measuring, items })
      await saveTargets(targets)
      return items.flatMap((message, i) => {
        const mail = mails[i]
        return mail === undefined ? [] : [{ message, mail }]
      })
    }),
  )
  return composed.flat()
}
