/**
 * The pages about templates. Everybody may look at them with the eyes of somebody invented; those of a real customer, each look
 * noted, and tests are for admins.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { lintTemplate } from '../channels/templates/lint.ts'
import type { TemplateSource } from '../channels/templates/render-message.ts'
import { findTemplate, listTemplates, templateUses } from '../store/template-facts.ts'
import { html } from './html.ts'
import { forAdmins, forVisitors, type PageNeeds, type Visitor } from './page-needs.ts'
import { isRefusal, type Refusal, refusalPage } from './refusal.ts'
import type { Look, Shown, TestForm } from './template-look.ts'
import { templateListPage, templatePage } from './template-pages.ts'
import { templateSaveRoutes } from './template-save-routes.ts'
import { cleanText } from './typed-document.ts'

export interface TemplatePageNeeds extends PageNeeds {
  readonly preview: PreviewTemplate
  readonly sendTest: SendTest
  /** What is not published, for an invented customer. */
  readonly draft: (template: TemplateSource) => Promise<Previewed | Refusal>
}

export type PreviewTemplate = (wish: {
  readonly key: string
  /** Undefined: somebody invented. */
  readonly customer: string | undefined
  readonly locale: string | undefined
  readonly actor: string
}) => Promise<Previewed | Refusal>

export type SendTest = (wish: {
  readonly key: string
  readonly to: readonly string[]
  readonly customer: string | undefined
  readonly locale: string | undefined
  readonly isConfirmed: boolean
  readonly actor: string
}) => Promise<{ readonly results: NonNullable<TestForm['results']> } | Refusal>

interface Previewed extends Omit<Shown, 'hasHtml'> {
  readonly html: string | null
}

type KeyRequest = FastifyRequest<{ Params: { key: string } }>

const notAllowed = { words: 'Only admins send tests.', back: '/templates' }

export function templatePageRoutes(app: FastifyInstance, needs: TemplatePageNeeds): void {
  const page = forVisitors(needs, (request: KeyRequest, reply, visitor) => showOne(needs, request, reply, visitor))
  app.get(
    '/templates',
    forVisitors(needs, (_request, reply, visitor) => showAll(needs, reply, visitor)),
  )
  templateSaveRoutes(app, needs)
  app.get('/templates/:key', page)
  app.post('/templates/:key', { bodyLimit: 4_096 }, page)
  app.post(
    '/templates/:key/test',
    { bodyLimit: 4_096 },
    forAdmins(needs, notAllowed, (request: KeyRequest, reply, visitor) => test(needs, request, reply, visitor)),
  )
  app.get(
    '/templates/:key/shown',
    forVisitors(needs, (request: KeyRequest, reply, visitor) => sendMessage(needs, request, reply, visitor)),
  )
}

async function showAll(needs: TemplatePageNeeds, reply: FastifyReply, { role }: Visitor): Promise<FastifyReply> {
  const { pool } = needs.database
  const [templates, uses] = await Promise.all([listTemplates(pool), templateUses(pool)])
  return needs.send(reply, 200, 'Templates · Perennial', templateListPage(templates, uses, role === 'admin'))
}

async function showOne(
  needs: TemplatePageNeeds,
  request: KeyRequest,
  reply: FastifyReply,
  visitor: Visitor,
): Promise<FastifyReply> {
  return sendTemplate(needs, cleanText(request.params.key), reply, visitor, lookOf(request, visitor), { to: '' })
}

async function sendTemplate(
  needs: TemplatePageNeeds,
  key: string,
  reply: FastifyReply,
  visitor: Visitor,
  wish: Wish,
  testForm: TestForm,
): Promise<FastifyReply> {
  const { pool } = needs.database
  const [template, uses, all] = await Promise.all([
    findTemplate(pool, key),
    templateUses(pool, key),
    listTemplates(pool),
  ])
  if (template === undefined) {
    const main = html`<main><h1>There is no template with this key</h1><p><a href="/templates">All templates</a></p></main>`
    return needs.send(reply, 404, 'Unknown template', main)
  }
  const look = await lookAt(needs, key, wish, visitor.who)
  const languages = all.filter((one) => one.key.startsWith(`${key}.`)).map((one) => one.key.slice(key.length + 1))
  const test = visitor.role === 'admin' ? testForm : undefined
  const findings = lintTemplate(template)
  const page = templatePage({ template, languages, uses: uses.get(key) ?? [], findings, look, test })
  return needs.send(reply, 200, `${key} · Perennial`, page)
}

type Wish = Pick<Look, 'customer' | 'locale'>

/** What was asked in a form, or by the address; whoever is no admin sees nobody who is real. */
function lookOf({ body, query }: FastifyRequest, { role }: Visitor): Wish {
  const given = query as Readonly<Record<string, unknown>>
  const field = (name: string): string => {
    const value = body instanceof URLSearchParams ? body.get(name) : given[name]
    return typeof value === 'string' ? cleanText(value.trim()).slice(0, 255) : ''
  }
  return {
    customer: role === 'admin' && body instanceof URLSearchParams ? field('customer') : '',
    locale: field('locale'),
  }
}

async function test(
  needs: TemplatePageNeeds,
  request: KeyRequest,
  reply: FastifyReply,
  visitor: Visitor,
): Promise<FastifyReply> {
  const key = cleanText(request.params.key)
  const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
  const to = cleanText(form.get('to') ?? '')
  const look = lookOf(request, visitor)
  const answer = await needs.sendTest({
    key,
    to: to.split(/[\s,;]+/).filter((one) => one !== ''),
    customer: look.customer || undefined,
    locale: look.locale || undefined,
    isConfirmed: form.get('confirmed') === 'yes',
    actor: visitor.who,
  })
  const outcome = isRefusal(answer) ? refusedTest(answer) : { results: answer.results }
  return sendTemplate(needs, key, reply, visitor, look, { to, ...outcome })
}

function refusedTest({ words, field }: Refusal): Pick<TestForm, 'problem' | 'asksToConfirm'> {
  if (field !== 'confirmed') return { problem: words }
  const problem =
    'One of these is not an address of your team. What the test says of a customer leaves the house with it.'
  return { problem, asksToConfirm: true }
}

async function lookAt({ preview }: TemplatePageNeeds, key: string, wish: Wish, actor: string): Promise<Look> {
  const { customer, locale } = wish
  const found = await preview({ key, customer: customer || undefined, locale: locale || undefined, actor })
  if (isRefusal(found)) return { ...wish, problem: found.words }
  return { ...wish, shown: { ...found, hasHtml: found.html !== null } }
}

/** The message alone, in a frame where it can do nothing: no script, no forms, no cookies. */
async function sendMessage(
  needs: TemplatePageNeeds,
  request: KeyRequest,
  reply: FastifyReply,
  { who, role }: Visitor,
): Promise<FastifyReply> {
  const { customer, locale } = request.query as { readonly customer?: unknown; readonly locale?: unknown }
  const text = (value: unknown): string => (typeof value === 'string' ? cleanText(value) : '')
  const named = text(customer) || undefined
  if (named !== undefined && role !== 'admin') {
    const refusal = { refused: 403, words: 'Only admins see messages with the eyes of a real customer.' }
    return needs.send(reply, 403, 'Not allowed', refusalPage(refusal, '/templates'))
  }
  const wish = { customer: named, locale: text(locale) || undefined, actor: who }
  const found = await needs.preview({ key: cleanText(request.params.key), ...wish })
  if (isRefusal(found)) return needs.send(reply, found.refused, 'Template', refusalPage(found, '/templates'))
  return sendFrame(reply, found.html ?? '')
}

/** A message by itself. Pictures may come from anywhere; nothing runs. */
export function sendFrame(reply: FastifyReply, message: string): FastifyReply {
  return reply
    .headers({
      'content-security-policy':
        "default-src 'none'; img-src 'self' https: data:; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    .type('text/html; charset=utf-8')
    .send(message)
}
