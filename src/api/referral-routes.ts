/** Links with which customers bring friends: they lead to the shop's own page, and nowhere else, with the code. */

import type { FastifyInstance } from 'fastify'
import { html } from '../console/html.ts'
import { sendPage } from '../console/page.ts'
import type { Definitions } from '../domain/definitions.ts'
import { referralParameter, toReferralCode } from '../domain/referral-code.ts'
import type { Database } from '../store/database.ts'
import { isReferralCode } from '../store/referrals/codes.ts'

export interface ReferralLinkNeeds {
  readonly database: Database
  readonly definitions: () => Promise<Definitions>
}

/** Register at the root. */
export function referralRoutes({ database, definitions }: ReferralLinkNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.get<{ Params: { code: string } }>('/r/:code', async ({ params: { code } }, reply) => {
      const { referral } = await definitions()
      const known = toReferralCode(code)
      const isKnown = known !== undefined && (await isReferralCode(database.pool, known))
      if (referral === undefined || !isKnown) {
        const body = html`<div class="narrow"><h1>This link is not known</h1>
          <p>Please open it again from the message, or copy all of it.</p></div>`
        return sendPage(reply, 404, 'Unknown link', body)
      }
      const landing = new URL(referral.landing)
      landing.searchParams.set(referralParameter, known)
      // Not kept by anybody on the way: the program may end, or lead elsewhere tomorrow.
      return reply
        .header('cache-control', 'no-store')
        .header('referrer-policy', 'no-referrer')
        .redirect(landing.href, 302)
    })
  }
}
