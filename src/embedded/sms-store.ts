/** Caught text messages and who has opted out, kept as a journal on disk. */

import { openJournal } from './journal.ts'

export type SmsStatus = 'queued' | 'sent' | 'delivered' | 'undelivered' | 'received'

export interface CaughtSms {
  readonly sid: string
  readonly direction: 'outbound-api' | 'outbound-reply' | 'inbound'
  readonly from: string
  readonly to: string
  readonly body: string
  readonly status: SmsStatus
  /** Twilio's number of the reason, of an undelivered message. */
  readonly errorCode?: number
  readonly statusCallback?: string
  /** Real time, ISO 8601. */
  readonly createdAt: string
  readonly updatedAt: string
  /** Of an inbound message: what the product's webhook answered. */
  readonly webhook?: string
}

type Entry =
  | { readonly kind: 'message'; readonly message: CaughtSms }
  | { readonly kind: 'change'; readonly sid: string; readonly change: Partial<CaughtSms> }
  | { readonly kind: 'opt-out'; readonly pair: string; readonly out: boolean }

export interface SmsStore {
  add(message: CaughtSms): void
  /** Changes a message and its `updatedAt`. @returns it as it is now. */
  change(sid: string, change: Partial<CaughtSms>): CaughtSms
  find(sid: string): CaughtSms | undefined
  /** Newest first. `number` is either end of the message. */
  list(filter: { number?: string | undefined; limit: number; offset: number }): { total: number; messages: CaughtSms[] }
  /** Messages on their way when the catcher stopped. */
  unfinished(): CaughtSms[]
  /** Whether the customer has told this sender to stop. */
  hasOptedOut(sender: string, customer: string): boolean
  setOptOut(sender: string, customer: string, out: boolean): void
  /** Forgets the messages; an opt-out is not a message and stays. */
  clear(): void
}

/** Opens the store, with what an earlier run has caught. */
export function openSmsStore(path: string): SmsStore {
  const { journal, entries } = openJournal<Entry>(path)
  const messages = new Map<string, CaughtSms>()
  const optOuts = new Set<string>()
  const apply = (entry: Entry): void => {
    switch (entry.kind) {
      case 'message':
        messages.set(entry.message.sid, entry.message)
        break
      case 'change': {
        const message = messages.get(entry.sid)
        if (message) messages.set(entry.sid, { ...message, ...entry.change })
        break
      }
      case 'opt-out':
        if (entry.out) optOuts.add(entry.pair)
        else optOuts.delete(entry.pair)
        break
    }
  }
  for (const entry of entries) apply(entry)
  const record = (entry: Entry): void => {
    journal.append(entry)
    apply(entry)
  }
  return {
    add: (message) => record({ kind: 'message', message }),
    change(sid, change) {
      record({ kind: 'change', sid, change: { ...change, updatedAt: new Date().toISOString() } })
      const message = messages.get(sid)
      if (message === undefined) throw new Error(`There is no message ${sid}`)
      return message
    },
    find: (sid) => messages.get(sid),
    list({ number, limit, offset }) {
      const all = [...messages.values()]
      const matching = number === undefined ? all : all.filter(({ from, to }) => from === number || to === number)
      const end = Math.max(0, matching.length - offset)
      return { total: matching.length, messages: matching.slice(Math.max(0, end - limit), end).reverse() }
    },
    unfinished: () => [...messages.values()].filter(({ status }) => status === 'queued' || status === 'sent'),
    hasOptedOut: (sender, customer) => optOuts.has(pairOf(sender, customer)),
    setOptOut: (sender, customer, out) => record({ kind: 'opt-out', pair: pairOf(sender, customer), out }),
    clear() {
      messages.clear()
      journal.rewrite([...optOuts].map((pair) => ({ kind: 'opt-out', pair, out: true })))
    },
  }
}

function pairOf(sender: string, customer: string): string {
  return `${sender} ${customer}`
}
