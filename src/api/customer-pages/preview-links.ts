/** Where the links of previews and tests lead: to a page that says that nothing happens, for they speak of nobody. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { html } from '../../console/html.ts'
import { parseFormBodies } from '../body-parsers.ts'
import { sendShopPage } from './shop-page.ts'
import { wordsOfPage } from './words/languages.ts'

/** Unsubscribing, choices, the confirmation of a yes, a survey. */
const paths = ['/u/preview', '/p/preview', '/c/preview', '/s/preview']

/** Register at the root. The one click of a mail program (POST) is answered in the same way. */
export function previewLinkRoutes({ brand }: { readonly brand: string }): (app: FastifyInstance) => Promise<void> {
  const answer = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    // Only the shop's own people see it.
    const card = html`<h1>This was a test</h1><p>The link belongs to a preview or a test message, so nothing has changed.
      In a real message it leads to the page of whoever got it.</p>`
    return sendShopPage(reply, 200, brand, { ...wordsOfPage(request, 'en'), lang: 'en' }, 'A test', card)
  }
  return async (app) => {
    parseFormBodies(app)
    for (const path of paths) {
      app.get(path, answer)
      app.post(path, { bodyLimit: 4_096 }, answer)
    }
  }
}
