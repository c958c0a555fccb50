/** Makes pages of messages ready to leave, in threads of their own: sending goes on meanwhile. */

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Broken } from '../activities/broadcast-endings.ts'
import type { ReportingService } from '../src/channels/email/compose/compose-email.ts'
import type { SmtpMail } from '../src/channels/email/smtp/conversation.ts'
import type { MessageFacts, TemplateSource } from '../src/channels/templates/render-message.ts'
import type { Measuring } from '../src/domain/tracking.ts'
import type { BulkMessage } from '../src/store/broadcasts/bulk-page.ts'
import type { WholeSender } from './mail-senders.ts'
import type { OwnFacts } from './own-facts.ts'

/** What a thread is started with. */
export interface BulkSetting {
  /** As a vault hands them over. */
  readonly masterKeys: readonly Uint8Array[]
  /** Null: the usual one. */
  readonly senders: readonly (WholeSender & { readonly key: string | null })[]
  readonly reportedBy?: ReportingService | undefined
  readonly publicUrl: string
  readonly linksUrl: string
  readonly shop: MessageFacts['shop']
}

/** With what is their own, where the template shows it. */
export type BulkItem = Pick<BulkMessage, 'id' | 'customerId' | 'variant' | 'sealed'> & { readonly own?: OwnFacts }

export interface BulkRequest {
  /** The identity that all of them leave under; null: the usual one. */
  readonly sender: string | null
  readonly template: TemplateSource
  readonly measuring: Measuring
  readonly items: readonly BulkItem[]
}

export type ComposedMail =
  | (Omit<SmtpMail, 'content' | 'needsUtf8'> & {
      readonly needsUtf8: boolean
      readonly start: number
      readonly end: number
    })
  | { readonly broken: string; readonly isAddress: boolean }

export type BulkResponse =
  | { readonly mails: readonly ComposedMail[]; readonly whole: Uint8Array; readonly targets: readonly string[] }
  | { readonly fault: string }

export interface BulkComposer {
  /** In the order of the items. `targets`: where tracked links lead, to be kept before anything leaves. */
  compose(
    request: BulkRequest,
  ): Promise<{ readonly mails: readonly (SmtpMail | Broken)[]; readonly targets: readonly string[] }>
  /** Starts the threads, which takes them a second: before there is anything to compose. */
  warm(): void
  close(): Promise<void>
}

/** A template that does not come to an end is ended with its thread; a page takes a second at the very most. */
const longestMs = 60_000

/** @param threads so many pages are composed at once. */
export function createBulkComposer(setting: BulkSetting, threads: number): BulkComposer {
  const lines = Array.from({ length: threads }, () => new Line(setting))
  return {
    async compose(request) {
      const line = lines.reduce((best, each) => (each.waiting < best.waiting ? each : best))
      const response = await line.ask(request)
      if ('fault' in response) throw new Error(`The thread that composes failed: ${response.fault}`)
      const { whole, mails, targets } = response
      const bytes = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength)
      return {
        targets,
        mails: mails.map((mail) => {
          if ('broken' in mail) return mail
          const { from, to, needsUtf8, start, end } = mail
          return { from, to, content: bytes.subarray(start, end), ...(needsUtf8 ? { needsUtf8 } : {}) }
        }),
      }
    },
    warm() {
      for (const line of lines) line.warm()
    },
    async close() {
      await Promise.all(lines.map((line) => line.end()))
    },
  }
}

/** One thread, one page after the other. */
class Line {
  readonly #setting: BulkSetting
  #thread: Worker | undefined
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(setting: BulkSetting) {
    this.#setting = setting
  }

  get waiting(): number {
    return this.#waiting
  }

  ask(request: BulkRequest): Promise<BulkResponse> {
    this.#waiting++
    const answer = this.#last
      .then(() => this.#askNow(request))
      .finally(() => {
        this.#waiting--
      })
    this.#last = answer.catch(() => undefined)
    return answer
  }

  warm(): void {
    this.#thread ??= this.#start()
  }

  async end(): Promise<void> {
    const thread = this.#thread
    this.#thread = undefined
    await thread?.terminate()
  }

  async #askNow(request: BulkRequest): Promise<BulkResponse> {
    const thread = (this.#thread ??= this.#start())
    const patience = AbortSignal.timeout(longestMs)
    try {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has no origin.
      thread.postMessage(request)
      const [response] = (await once(thread, 'message', { signal: patience })) as [BulkResponse]
      return response
    } catch (error) {
      await this.end() // Stuck or dead: the next page gets a new thread.
      throw patience.aborted ? new Error('Composing a page took too long.') : error
    }
  }

  #start(): Worker {
    const thread = new Worker(new URL('bulk-compose-thread.ts', import.meta.url), {
      workerData: this.#setting,
      resourceLimits: { maxYoungGenerationSizeMb: 64, maxOldGenerationSizeMb: 256 },
    })
    thread.unref()
    return thread
  }
}
