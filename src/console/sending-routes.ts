/** The page of sending as a whole. Everybody may look; stopping and going on is for admins, each after a question. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  checkedReason,
  countWaiting,
  findHold,
  type HoldExtent,
  holdExtents,
  holdSending,
  releaseSending,
} from '../store/sending-hold.ts'
import { findPauses } from '../store/sending-pauses.ts'
import { forAdmins, forVisitors, type PageNeeds } from './page-needs.ts'
import { refusalPage } from './refusal.ts'
import { sendingPage, sendingQuestion } from './sending-pages.ts'
import { cleanText } from './typed-document.ts'

const notAllowed = { words: 'Your key may look, but not stop sending or let it go on.', back: '/sending' }

export function sendingPageRoutes(app: FastifyInstance, needs: PageNeeds): void {
  app.get(
    '/sending',
    forVisitors(needs, async (_request, reply, { role }) => {
      const { pool } = needs.database
      const [held, waiting, pauses] = await Promise.all([findHold(pool), countWaiting(pool), findPauses(pool)])
      const main = sendingPage({ held, waiting, pauses, mayChange: role === 'admin' })
      return needs.send(reply, 200, 'Sending · Perennial', main)
    }),
  )
  for (const deed of ['pause', 'resume'] as const) {
    app.post(
      `/sending/${deed}`,
      { bodyLimit: 4_096 },
      forAdmins(needs, notAllowed, (request, reply, { who }) => act(needs, deed, request, reply, who)),
    )
  }
}

async function act(
  needs: PageNeeds,
  deed: 'pause' | 'resume',
  { body }: FastifyRequest,
  reply: FastifyReply,
  by: string,
): Promise<FastifyReply> {
  const { database, clock } = needs
  const fields = body instanceof URLSearchParams ? body : new URLSearchParams()
  const wish = { extent: extentOf(fields.get('extent')), reason: cleanText(fields.get('reason') ?? '') }
  try {
    if (deed === 'pause') checkedReason(wish.reason)
  } catch (error) {
    const refusal = { refused: 400, words: `Why: ${(error as Error).message}.` }
    return needs.send(reply, 400, 'Sending · Perennial', refusalPage(refusal, '/sending'))
  }
  if (fields.get('sure') !== 'yes') {
    const question = sendingQuestion(deed, wish, await countWaiting(database.pool))
    return needs.send(reply, 200, 'Sending · Perennial', question)
  }
  await database.transaction<unknown>((client) =>
    deed === 'pause' ? holdSending(client, { ...wish, by }, clock.nowMs()) : releaseSending(client, by, clock.nowMs()),
  )
  return reply.redirect('/sending', 303)
}

/** Whatever else is written there is the narrower one. */
function extentOf(text: string | null): HoldExtent {
  return holdExtents.find((extent) => extent === text) ?? 'marketing'
}
