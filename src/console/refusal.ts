/** What the product would not do, and why: shown on a page with its status. */

import { type Html, html } from './html.ts'

export interface Refusal {
  /** As of HTTP. */
  readonly refused: number
  readonly words: string
  /** Which of what was given. */
  readonly field?: string | undefined
}

export function isRefusal(answer: object): answer is Refusal {
  return 'refused' in answer
}

export function refusalPage({ words }: Refusal, back: string): Html {
  return html`<main><h1>${words}</h1><p><a href="${back}">${back === '/' ? 'To the first page' : 'Back to it'}</a></p></main>`
}
