/** The pages and the JSON of the SMS catcher. */

import type { CatcherAnswer, CatcherRequest } from './catcher-http.ts'
import { HttpError, html, json, paging, redirect } from './catcher-http.ts'
import { escapeHtml, moment, page, pager } from './catcher-page.ts'
import type { CaughtSms, SmsStore } from './sms-store.ts'

/** A message that a person writes in a customer's place. */
interface InboundSms {
  readonly from: string
  readonly to: string
  readonly body: string
}

/**
 * Answers `GET /` for people; `GET /api/messages?to=&limit=&offset=`, `GET /api/messages/:sid`, `DELETE /api/messages`
 * and `POST /api/inbound` (`from`, `to`, `body`, as JSON or a form) for programs. `to` finds both ends of a talk.
 */
export function smsPages(
  store: SmsStore,
  receive: (message: InboundSms) => Promise<CaughtSms>,
): (request: CatcherRequest) => Promise<CatcherAnswer> {
  return async (request) => {
    const route = `${request.method} ${request.path}`
    if (route === 'GET /') return html(listPage(request, list(store, request)))
    if (route === 'GET /api/messages') return json(list(store, request))
    if (route === 'POST /api/inbound') return inbound(request, receive)
    if (route === 'DELETE /api/messages') {
      store.clear()
      return { status: 204 }
    }
    const sid = /^GET \/api\/messages\/(\w+)$/.exec(route)?.[1]
    const message = sid === undefined ? undefined : store.find(sid)
    if (message) return json(message)
    throw new HttpError(404, 'There is no such page or message')
  }
}

async function inbound(
  request: CatcherRequest,
  receive: (message: InboundSms) => Promise<CaughtSms>,
): Promise<CatcherAnswer> {
  const isJson = request.headers['content-type']?.includes('json') ?? false
  const text = await request.body()
  const received = await receive(readInbound(isJson ? parseJson(text) : Object.fromEntries(new URLSearchParams(text))))
  return isJson ? json(received, 201) : redirect(`/?to=${encodeURIComponent(received.from)}`)
}

function parseJson(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>
  } catch {
    throw new HttpError(400, 'The body is not JSON')
  }
}

function readInbound(fields: Record<string, unknown>): InboundSms {
  const field = (name: string): string => {
    const value = fields[name]
    if (typeof value === 'string' && value.trim() !== '') return value.trim()
    throw new HttpError(400, `${name}: must be a text that is not empty`)
  }
  return { from: field('from'), to: field('to'), body: field('body') }
}

function list(
  store: SmsStore,
  { query }: CatcherRequest,
): { total: number; limit: number; offset: number; messages: CaughtSms[] } {
  const { limit, offset } = paging(query)
  // A form writes the plus of a number as a space when somebody forgets to encode it.
  const number = query.get('to')?.replace(/^ /, '+') || undefined
  return { ...store.list({ number, limit, offset }), limit, offset }
}

function listPage({ query }: CatcherRequest, found: ReturnType<typeof list>): string {
  const to = query.get('to') ?? ''
  const rows = found.messages.map((sms) => {
    const [customer, arrow] = sms.direction === 'inbound' ? [sms.from, '→'] : [sms.to, '←']
    const state = sms.webhook ?? (sms.errorCode === undefined ? sms.status : `${sms.status} (${sms.errorCode})`)
    const tone = sms.status === 'undelivered' || sms.webhook?.startsWith('could not') ? 'bad' : 'faint'
    return `<tr><td>${moment(sms.createdAt)}</td><td class="number"><a href="/?to=${encodeURIComponent(customer)}">${escapeHtml(customer)}</a> ${arrow}</td>
<td>${linked(sms.body)}</td><td class="${tone}">${escapeHtml(state)}</td></tr>`
  })
  const sender = found.messages.find(({ direction }) => direction === 'outbound-api')?.from ?? ''
  const field = (name: string, value: string): string =>
    `<label>${name} <input name="${name.toLowerCase()}" value="${escapeHtml(value)}" required></label>`
  const body = `<form method="get"><label>Number <input name="to" value="${escapeHtml(to)}"></label><button>Show</button></form>
<table><thead><tr><th>At (UTC)</th><th>Customer</th><th>Text</th><th>State</th></tr></thead><tbody>${rows.join('')}</tbody></table>
${pager(query, found)}
<h2>Answer as a customer</h2>
<form method="post" action="/api/inbound">${field('From', to)}${field('To', sender)}${field('Body', 'STOP')}<button>Send</button></form>
<p class="faint">To rehearse: +15005550001 is refused as invalid, +15005550004 as unsubscribed, +15005550009 as no mobile;
+15005550030 is taken and not delivered (30003, switched off), +15005550050 likewise (30005, unknown).</p>`
  return page({ title: 'SMS', name: 'SMS', body }) // Not reloaded by itself: somebody may be writing in the form.
}

function linked(text: string): string {
  return escapeHtml(text).replaceAll(/https?:\/\/[^\s<>&]+(?:&amp;[^\s<>&]+)*/g, (url) => {
    return `<a href="${url}" target="_blank" rel="noreferrer">${url}</a>`
  })
}
