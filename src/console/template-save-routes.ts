/**
 * Writing templates: a new one, a change, a copy or a translation. Checked as files would be, seen before it happens, and refused
 * if somebody else was faster. For admins.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { lintTemplate } from '../channels/templates/lint.ts'
import { contentVersion } from '../store/content-version.ts'
import { planTemplate, publishTemplate } from '../store/publishing/publish-template.ts'
import { findTemplate, templateUses } from '../store/template-facts.ts'
import { escapeHtml } from './html.ts'
import { forAdmins } from './page-needs.ts'
import { isRefusal } from './refusal.ts'
import { newEmail, newSms, publishTemplatePage, type TemplateForm, templateFormPage } from './template-form.ts'
import { sendFrame, type TemplatePageNeeds } from './template-routes.ts'
import { cleanText } from './typed-document.ts'

const mostBytes = 1_000_000
const notAllowed = { words: 'Only admins write templates.', back: '/templates' }

type NewRequest = FastifyRequest<{ Querystring: Readonly<Record<'from' | 'like' | 'translate' | 'channel', unknown>> }>

export function templateSaveRoutes(app: FastifyInstance, needs: TemplatePageNeeds): void {
  app.get(
    '/templates/new',
    forAdmins(needs, notAllowed, (request: NewRequest, reply) => showForm(needs, request, reply)),
  )
  app.post(
    '/templates/draft',
    { bodyLimit: mostBytes },
    forAdmins(needs, notAllowed, (request, reply) => showDraft(needs, request, reply)),
  )
  app.post(
    '/templates/save',
    { bodyLimit: mostBytes },
    forAdmins(needs, notAllowed, (request, reply, { who }) => save(needs, request, reply, who)),
  )
}

async function showForm(needs: TemplatePageNeeds, { query }: NewRequest, reply: FastifyReply): Promise<FastifyReply> {
  const named = query.from ?? query.like ?? query.translate
  const known = typeof named === 'string' ? await findTemplate(needs.database.pool, cleanText(named)) : undefined
  if (known === undefined) {
    const blank = query.channel === 'sms' ? newSms : newEmail
    return sendForm(needs, reply, 200, { ...blank, key: '', replaces: null }, [])
  }
  const { key, version, channel, subject, html, text } = known
  const isChange = query.from !== undefined
  const words = { channel, subject: subject ?? '', html: html ?? '', text }
  const id = isChange ? key : query.translate === undefined ? '' : `${key.split('.')[0] ?? key}.`
  return sendForm(needs, reply, 200, { ...words, key: id, replaces: isChange ? version : null }, [])
}

async function save(
  needs: TemplatePageNeeds,
  request: FastifyRequest,
  reply: FastifyReply,
  by: string,
): Promise<FastifyReply> {
  const form = formOf(request)
  const step = request.body instanceof URLSearchParams ? request.body.get('step') : null
  if (step === 'edit') return sendForm(needs, reply, 200, form, [])
  const answer =
    step === 'publish'
      ? await publishTemplate(needs.database, form, { by, nowMs: needs.clock.nowMs() })
      : await planTemplate(needs.database, form)
  if ('problems' in answer) return sendForm(needs, reply, 400, form, answer.problems)
  if (step === 'publish') return reply.redirect(`/templates/${form.key}`, 303)
  const uses = await templateUses(needs.database.pool, form.key)
  const question = { form, uses: uses.get(form.key) ?? [], findings: lintTemplate(answer) }
  return needs.send(reply, 200, 'Publish a template · Perennial', publishTemplatePage(question))
}

/** The frame below the form: what was typed as it would arrive, or why it cannot. */
async function showDraft(
  needs: TemplatePageNeeds,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { channel, subject, html, text } = formOf(request)
  const words = { channel, subject, html: html.trim() === '' ? null : html, text }
  const shown = await needs.draft({ ...words, key: 'draft', version: contentVersion(words) })
  if (isRefusal(shown)) return sendFrame(reply, `<pre>${escapeHtml(shown.words)}</pre>`)
  const head = shown.subject === '' ? '' : `<p style="font:600 15px system-ui">${escapeHtml(shown.subject)}</p><hr>`
  return sendFrame(reply, head + (shown.html ?? `<pre style="white-space:pre-wrap">${escapeHtml(shown.text)}</pre>`))
}

function formOf({ body }: FastifyRequest): TemplateForm {
  const field = (name: string): string => (body instanceof URLSearchParams ? cleanText(body.get(name) ?? '') : '')
  // Browsers send line ends as typewriters had them.
  const lines = (name: string): string => field(name).replaceAll('\r\n', '\n')
  const channel = field('channel') === 'sms' ? 'sms' : 'email'
  const words = { subject: field('subject').trim(), html: channel === 'sms' ? '' : lines('html'), text: lines('text') }
  return { key: field('id').trim(), channel, ...words, replaces: field('replaces') || null }
}

function sendForm(
  needs: TemplatePageNeeds,
  reply: FastifyReply,
  status: number,
  form: TemplateForm,
  problems: readonly string[],
): FastifyReply {
  return needs.send(reply, status, 'Template · Perennial', templateFormPage(form, problems))
}
