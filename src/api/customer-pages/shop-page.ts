/** The frame of the pages that a shop's customers see: the shop's name, one card, room to read. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Html, html } from '../../console/html.ts'
import { sendPage } from '../../console/page.ts'
import type { CustomerWords } from './words/customer-words.ts'
import { wordsOfPage } from './words/languages.ts'

const style = `
  body.shop, .shop { font-size: 17px } .shop { max-width: 40rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
  .shop .brand { font-weight: 650; letter-spacing: .02em; color: var(--leaf); margin: .5rem .25rem 1rem }
  .shop .card { background: var(--card); border: 1px solid var(--line); border-radius: 16px; padding: 1.75rem;
    box-shadow: 0 1px 2px rgb(0 0 0 / .04), 0 8px 24px rgb(0 0 0 / .05) }
  .shop h1 { margin: 0 0 .5rem; font-size: 1.6rem; line-height: 1.25 } .shop h2 { margin: 1.9rem 0 .2rem }
  .shop p { margin: .4rem 0 } .shop fieldset { border: 0; margin: 1.75rem 0 0; padding: 0; min-width: 0 }
  .shop legend { font-weight: 650; font-size: 1.1rem; padding: 0 } .shop .to { color: var(--soft); font-size: .95rem }
  .shop label.choice { display: flex; gap: .9rem; align-items: flex-start; padding: .95rem 1rem; margin-top: .6rem;
    border: 1px solid var(--line); border-radius: 12px; cursor: pointer }
  .shop label.choice:has(input:checked) { border-color: var(--leaf) }
  .shop label.choice:has(input:disabled) { cursor: not-allowed; opacity: .65 }
  .shop label.choice:focus-within { outline: 3px solid var(--leaf); outline-offset: 2px }
  .shop label.choice input { flex: none; width: 1.35rem; height: 1.35rem; min-width: 0; margin: .12rem 0 0;
    accent-color: var(--leaf) }
  .shop label.choice input:focus { outline: none }
  .shop label.choice span.name { display: block; font-weight: 550 }
  .shop label.choice span.soft { font-size: .94rem }
  .shop .buttons { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.75rem }
  .shop button { padding: .8rem 1.4rem; border-radius: 10px; font-weight: 600; min-height: 3rem }
  .shop button:focus-visible, .shop a:focus-visible { outline: 3px solid var(--leaf); outline-offset: 2px }
  .shop .said { border-left: 4px solid var(--leaf); background: var(--paper); border-radius: 8px; padding: .8rem 1rem;
    margin: 0 0 1.25rem } .shop .said.warn { border-color: var(--warn); color: inherit }
  .shop .foot { color: var(--soft); font-size: .92rem; margin: 1.25rem .25rem 0 }
  @media (max-width: 30rem) { .shop .card { padding: 1.25rem 1rem } .shop .buttons button { width: 100% } }
`

/** @param shop the name under which the shop writes. */
export function sendShopPage(
  reply: FastifyReply,
  status: number,
  shop: string,
  { lang }: CustomerWords,
  title: string,
  card: Html,
): FastifyReply {
  const body = html`<div class="shop"><p class="brand">${shop}</p><main class="card">${card}</main></div>`
  return sendPage(reply, status, `${title} · ${shop}`, body, { style, lang })
}

/** Nothing is known of whoever follows it but what their browser says. */
export function sendUnknownLink(request: FastifyRequest, reply: FastifyReply, shop: string): FastifyReply {
  const words = wordsOfPage(request, null)
  const { title, heading, hint } = words.link
  return sendShopPage(reply, 404, shop, words, title, html`<h1>${heading}</h1><p>${hint}</p>`)
}
