/** The other side of `thread-renderer.ts`: renders what it is sent, in a thread that may be ended at any time. */

import { parentPort } from 'node:worker_threads'
import { TemplateError } from './liquid.ts'
import {
  createMessageRenderer,
  type MessageFacts,
  type RenderedMessage,
  type TemplateSource,
} from './render-message.ts'

export interface RenderRequest {
  readonly template: TemplateSource
  readonly facts: MessageFacts
  readonly stranger?: MessageFacts['customer'] | undefined
}

export type RenderAnswer =
  | { readonly rendered: RenderedMessage }
  | { readonly broken: string }
  /** A fault of ours, not of the template. */
  | { readonly fault: string }

const renderer = createMessageRenderer()

parentPort?.on('message', (request: RenderRequest) => {
  say(answer(request))
})
say('ready')

function say(words: RenderAnswer | 'ready'): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has no origin.
  parentPort?.postMessage(words)
}

function answer({ template, facts, stranger }: RenderRequest): RenderAnswer {
  try {
    return { rendered: renderer.render(template, facts, stranger) }
  } catch (error) {
    if (error instanceof TemplateError) return { broken: error.message }
    return { fault: error instanceof Error ? error.name : 'unknown' }
  }
}
