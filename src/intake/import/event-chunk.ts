/** A stretch of a file that becomes events, while it is read. */

import type { NewConsent } from '../../store/consents.ts'
import type { NewEvent } from '../../store/events.ts'
import { type Identity, identityKey } from '../../store/identities.ts'
import { type Chunk, type Preview, Tally } from './chunk.ts'
import type { FileRecord } from './line-blocks.ts'

/** What a line says of consent; who it is, the event of the same message id tells. */
export type ConsentLine = Omit<NewConsent, 'customerId'> & {
  readonly messageId: string
  /** The file says that the person confirmed this yes elsewhere. */
  readonly isConfirmed: boolean
}

export interface EventStretch {
  readonly events: readonly NewEvent[]
  readonly consents: readonly ConsentLine[]
  /** Of whom the lines tell. */
  readonly names: readonly Identity[]
}

export function previewEvents({ names }: EventStretch): Preview {
  return { customers: names, orders: [] }
}

export abstract class EventChunk implements Chunk<EventStretch> {
  readonly reading = new Tally()
  readonly #events: NewEvent[] = []
  readonly #consents: ConsentLine[] = []
  readonly #names = new Map<string, Identity>()

  abstract take(record: FileRecord): void

  content(): EventStretch {
    return { events: this.#events, consents: this.#consents, names: [...this.#names.values()] }
  }

  /** Somebody of whom a line tells. */
  protected noteName(name: Identity): void {
    this.#names.set(identityKey(name), name)
  }

  protected addEvent(event: NewEvent): void {
    this.#events.push(event)
  }

  protected addConsent(consent: ConsentLine): void {
    this.#consents.push(consent)
  }
}
