/**
 * All words of the pages that a shop's customers see, in one language. What they choose is written down with the words
 * that stood there: a word that is changed here changes what later choices say, and no earlier one.
 */

import type { Channel } from '../../../domain/snapshot.ts'

type ByChannel<Word> = Readonly<Record<Channel, Word>>
type With = (value: string) => string

export interface CustomerWords {
  /** As `lang` in HTML has it. */
  readonly lang: string
  /** As a heading. */
  readonly channels: ByChannel<string>
  /** In brackets behind a topic. */
  readonly onChannel: ByChannel<string>
  /** “E-mail from the shop: its news.” */
  readonly from: (channel: string, brand: string, what: string) => string
  readonly everything: string
  readonly link: { readonly title: string; readonly heading: string; readonly hint: string }
  readonly choices: {
    readonly title: string
    readonly heading: string
    readonly hint: string
    readonly to: With
    readonly noAddress: string
    readonly waits: string
    /** Why nothing is sent to an address. */
    readonly suppressed: Readonly<Record<'stop' | 'complaint' | 'bounce' | 'invalid' | 'other', string>>
    readonly measuring: string
    readonly measured: string
    readonly save: string
    readonly endAll: string
    readonly foot: string
    readonly saved: With
    readonly savedNothing: string
    readonly savedWaits: string
    readonly ended: string
    readonly unchanged: string
  }
  readonly confirm: {
    readonly title: string
    readonly heading: string
    readonly hint: string
    readonly button: string
    readonly foot: string
    readonly done: { readonly title: string; readonly heading: string; readonly hint: string }
    readonly spent: {
      readonly title: string
      readonly heading: string
      readonly expired: string
      readonly used: string
    }
    readonly again: { readonly title: string; readonly offer: string; readonly button: string }
    readonly sent: { readonly heading: string; readonly hint: string }
    readonly tooSoon: { readonly heading: string; readonly hint: string }
  }
  readonly unsubscribe: {
    readonly title: string
    readonly hint: string
    readonly endAll: ByChannel<string>
    readonly endTopic: ByChannel<With>
    /** A link to the choices. */
    readonly instead: string
    readonly done: {
      readonly title: string
      readonly heading: string
      readonly all: ByChannel<string>
      readonly topic: ByChannel<With>
      readonly foot: string
      readonly choices: string
    }
  }
}
