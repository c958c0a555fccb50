/** The pages about templates. The list is for everybody; the eyes of a customer are for admins, and each look is noted. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { lintTemplate } from '../channels/templates/lint.ts'
import { findTemplate, listTemplates, templateUses } from '../store/template-facts.ts'
import { html } from './html.ts'
import { forAdmins, forVisitors, type PageNeeds, type Visitor } from './page-needs.ts'
import { isRefusal, type Refusal, refusalPage } from './refusal.ts'
import { type Look, type Shown, templateListPage, templatePage } from './template-pages.ts'
import { cleanText } from './typed-document.ts'

export interface TemplatePageNeeds extends PageNeeds {
  readonly preview: PreviewTemplate
}

export type PreviewTemplate = (wish: {
  readonly key: string
  readonly customer: string
  readonly locale: string | undefined
  readonly actor: string
}) => Promise<Previewed | Refusal>

interface Previewed extends Omit<Shown, 'hasHtml'> {
  readonly html: string | null
}

type KeyRequest = FastifyRequest<{ Params: { key: string } }>

const notAllowed = { words: 'Only admins see messages with the eyes of a customer.', back: '/templates' }

export function templatePageRoutes(app: FastifyInstance, needs: TemplatePageNeeds): void {
  const page = forVisitors(needs, (request: KeyRequest, reply, visitor) => showOne(needs, request, reply, visitor))
  app.get(
    '/templates',
    forVisitors(needs, (_request, reply) => showAll(needs, reply)),
  )
  app.get('/templates/:key', page)
  app.post('/templates/:key', { bodyLimit: 4_096 }, page)
  app.get(
    '/templates/:key/shown',
    forAdmins(needs, notAllowed, (request: KeyRequest, reply, { who }) => sendMessage(needs, request, reply, who)),
  )
}

async function showAll(needs: TemplatePageNeeds, reply: FastifyReply): Promise<FastifyReply> {
  const { pool } = needs.database
  const [templates, uses] = await Promise.all([listTemplates(pool), templateUses(pool)])
  return needs.send(reply, 200, 'Templates · Perennial', templateListPage(templates, uses))
}

async function showOne(
  needs: TemplatePageNeeds,
  request: KeyRequest,
  reply: FastifyReply,
  visitor: Visitor,
): Promise<FastifyReply> {
  const asked = request.body instanceof URLSearchParams ? request.body : undefined
  const { pool } = needs.database
  const key = cleanText(request.params.key)
  const [template, uses] = await Promise.all([findTemplate(pool, key), templateUses(pool, key)])
  if (template === undefined) {
    const main = html`<main><h1>There is no template with this key</h1><p><a href="/templates">All templates</a></p></main>`
    return needs.send(reply, 404, 'Unknown template', main)
  }
  const wish = {
    customer: cleanText(asked?.get('customer')?.trim() ?? ''),
    locale: cleanText(asked?.get('locale')?.trim() ?? ''),
  }
  const look = visitor.role === 'admin' ? await lookAt(needs, key, wish, visitor.who) : undefined
  const page = templatePage({ template, uses: uses.get(key) ?? [], findings: lintTemplate(template), look })
  return needs.send(reply, 200, `${key} · Perennial`, page)
}

async function lookAt(
  { preview }: TemplatePageNeeds,
  key: string,
  wish: Pick<Look, 'customer' | 'locale'>,
  actor: string,
): Promise<Look> {
  if (wish.customer === '') return wish
  const found = await preview({ key, customer: wish.customer, locale: wish.locale || undefined, actor })
  if (isRefusal(found)) return { ...wish, problem: found.words }
  return { ...wish, shown: { ...found, hasHtml: found.html !== null } }
}

/** The message alone, in a frame where it can do nothing: no script, no forms, no cookies. */
async function sendMessage(
  needs: TemplatePageNeeds,
  request: KeyRequest,
  reply: FastifyReply,
  actor: string,
): Promise<FastifyReply> {
  const { customer, locale } = request.query as { readonly customer?: unknown; readonly locale?: unknown }
  const text = (value: unknown): string => (typeof value === 'string' ? cleanText(value) : '')
  const wish = { customer: text(customer), locale: text(locale) || undefined, actor }
  const found = await needs.preview({ key: cleanText(request.params.key), ...wish })
  if (isRefusal(found)) return needs.send(reply, found.refused, 'Template', refusalPage(found, '/templates'))
  return reply
    .headers({
      'content-security-policy':
        "default-src 'none'; img-src 'self' https: data:; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    .type('text/html; charset=utf-8')
    .send(found.html ?? '')
}
