/** The page about messages. It holds nothing personal, so everybody who is signed in may see it. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { briefCustomers, isUuid } from '../store/customer-list.ts'
import { listMessages, messageStatuses } from '../store/message-list.ts'
import { messageListPage } from './message-pages.ts'
import { forVisitors, type PageNeeds } from './page-needs.ts'
import { cleanText } from './typed-document.ts'

const pageSize = 50

export function messagePageRoutes(app: FastifyInstance, needs: PageNeeds): void {
  const { pool } = needs.database
  app.get(
    '/messages',
    forVisitors(needs, async (request, reply) => {
      const filter = {
        status: field(request, 'status', (text) => (messageStatuses as readonly string[]).includes(text)),
        journey: field(request, 'journey', (text) => text.length <= 80),
        channel: field(request, 'channel', (text) => text === 'email' || text === 'sms'),
      }
      const after = readPlace(field(request, 'after', () => true))
      const { total, messages, hasMore } = await listMessages(pool, { ...filter, limit: pageSize, after })
      const names = await briefCustomers(pool, [...new Set(messages.map(({ customerId }) => customerId))])
      const last = messages.at(-1)
      const next = hasMore && last !== undefined ? `${last.plannedAt.getTime()}.${last.id}` : undefined
      const view = { filter, total, messages, names, next, isFirst: after === undefined }
      return needs.send(reply, 200, 'Messages · Perennial', messageListPage(view))
    }),
  )
}

/** What is no such value is as good as not said. */
function field({ query }: FastifyRequest, name: string, fits: (text: string) => boolean): string | undefined {
  const value = (query as Readonly<Record<string, unknown>>)[name]
  return typeof value === 'string' && value !== '' && fits(value) ? cleanText(value) : undefined
}

function readPlace(text: string | undefined): { readonly plannedMs: number; readonly id: string } | undefined {
  const [, ms, id] = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(text ?? '') ?? []
  return ms === undefined || id === undefined || !isUuid(id) ? undefined : { plannedMs: Number(ms), id }
}
