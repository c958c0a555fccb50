/**
 * Renders templates in a thread of its own: whatever a template does, the process goes on, and one that does not come to
 * an end is ended.
 */

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { TemplateError } from './liquid.ts'
import type { MessageFacts, RenderedMessage, TemplateSource } from './render-message.ts'
import type { RenderAnswer, RenderRequest } from './render-thread.ts'

export interface ThreadRenderer {
  /**
   * @param stranger as for `MessageRenderer`.
   * @throws TemplateError if the template is broken, leads where no link may lead, or takes too long.
   */
  render(template: TemplateSource, facts: MessageFacts, stranger?: MessageFacts['customer']): Promise<RenderedMessage>
  close(): Promise<void>
}

/** Far above Liquid's own limit; this one holds where that is not looked at. */
const defaultLongestMs = 5_000

/** This one is of real time: on a busy machine a good template may miss it, a bad one misses it every time. */
const mostAttempts = 2

/** @param longestMs real milliseconds after which a rendering is given up, and its thread ended. */
export function createThreadRenderer(longestMs: number = defaultLongestMs): ThreadRenderer {
  let thread: Worker | undefined
  let last: Promise<unknown> = Promise.resolve()

  const start = async (): Promise<Worker> => {
    const fresh = new Worker(new URL('render-thread.ts', import.meta.url))
    await once(fresh, 'message') // It has loaded its code.
    fresh.unref()
    return fresh
  }
  const end = async (): Promise<void> => {
    const ended = thread
    thread = undefined
    await ended?.terminate()
  }
  const renderNext = async (request: RenderRequest): Promise<RenderedMessage> => {
    for (let attempt = 1; attempt <= mostAttempts; attempt++) {
      const answer = await tryNext(request)
      if (answer === undefined) continue
      if ('broken' in answer) throw new TemplateError(answer.broken)
      if ('fault' in answer) throw new Error(`The thread that renders failed: ${answer.fault}`)
      return answer.rendered
    }
    throw new TemplateError('rendering took too long')
  }
  /** @returns undefined if no answer came in time. */
  const tryNext = async (request: RenderRequest): Promise<RenderAnswer | undefined> => {
    thread ??= await start()
    let answer: RenderAnswer | undefined
    try {
      answer = await ask(thread, request, longestMs)
      return answer
    } finally {
      // Stuck or dead: the next one gets a new thread.
      if (answer === undefined) await end()
    }
  }
  return {
    render(template, facts, stranger) {
      // One after the other: a rendering takes a millisecond, and a stuck one must not take others down with it.
      const rendering = last.then(() => renderNext({ template, facts, stranger }))
      last = rendering.catch(() => undefined)
      return rendering
    },
    close: end,
  }
}

/** @returns undefined if no answer came in time. */
function ask(thread: Worker, request: RenderRequest, longestMs: number): Promise<RenderAnswer | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void): void => {
      clearTimeout(timer)
      thread.off('message', onMessage)
      thread.off('error', onError)
      settled()
    }
    const onMessage = (answer: RenderAnswer): void => settle(() => resolve(answer))
    const onError = (error: Error): void => settle(() => reject(error))
    const timer = setTimeout(() => settle(() => resolve(undefined)), longestMs)
    thread.on('message', onMessage)
    thread.on('error', onError)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has no origin.
    thread.postMessage(request)
  })
}
