/** The pages and the JSON of the mail catcher. */

import type { AddressObject, ParsedMail } from 'mailparser'
import { simpleParser } from 'mailparser'
import type { CatcherAnswer, CatcherRequest } from './catcher-http.ts'
import { HttpError, html, json, paging } from './catcher-http.ts'
import { escapeHtml, moment, page, pager } from './catcher-page.ts'
import type { CaughtMail, MailStore } from './mail-store.ts'

/** A message in a list, as JSON tells it. */
interface ListedMail extends CaughtMail {
  readonly subject: string
}

/** A message in full. */
interface ShownMail extends ListedMail {
  /** In the order of the message, names in lower case; a header that stands there twice is here twice. */
  readonly headers: readonly { readonly name: string; readonly value: string }[]
  readonly messageId: string | undefined
  readonly headerFrom: string
  readonly headerTo: string
  readonly text: string
  /** `undefined` if the message has no such part. */
  readonly html: string | undefined
  readonly attachments: readonly {
    readonly filename: string
    readonly contentType: string
    readonly sizeBytes: number
  }[]
}

/**
 * Answers `GET /` and `GET /messages/:id` for people, `GET /api/messages?to=&limit=&offset=`, `GET /api/messages/:id`,
 * `GET /messages/:id/raw` and `DELETE /api/messages` for programs.
 */
export function mailPages(store: MailStore): (request: CatcherRequest) => Promise<CatcherAnswer> {
  return async (request) => {
    const { method, path } = request
    if (method === 'DELETE' && path === '/api/messages') {
      store.clear()
      return { status: 204 }
    }
    if (method !== 'GET') throw new HttpError(405, `${method} ${path} is not offered`)
    if (path === '/') return html(listPage(request, await list(store, request)))
    if (path === '/api/messages') return json(await list(store, request))

    const [, api, id, part] = /^(\/api)?\/messages\/([\w-]+)(?:\/(html|raw))?$/.exec(path) ?? []
    const caught = id === undefined ? undefined : store.find(id)
    if (caught === undefined) throw new HttpError(404, 'There is no such page or message')
    const raw = await store.raw(caught.id)
    if (part === 'raw') return { headers: { 'content-type': 'message/rfc822' }, body: raw }
    const mail = await shown(caught, raw)
    if (part === 'html') return isolated(mail.html ?? '')
    return api === undefined ? html(mailPage(mail)) : json(mail)
  }
}

async function list(
  store: MailStore,
  { query }: CatcherRequest,
): Promise<{ total: number; limit: number; offset: number; messages: ListedMail[] }> {
  const { limit, offset } = paging(query)
  const { total, mails } = store.list({ to: query.get('to') || undefined, limit, offset })
  return { total, limit, offset, messages: await Promise.all(mails.map((mail) => listed(store, mail))) }
}

/** The subject is read when shown, not when caught: catching must be fast, and a page shows fifty. */
async function listed(store: MailStore, mail: CaughtMail): Promise<ListedMail> {
  const raw = await store.raw(mail.id)
  const end = raw.indexOf('\r\n\r\n')
  const { subject } = await simpleParser(end < 0 ? raw : raw.subarray(0, end + 4))
  return { ...mail, subject: subject ?? '' }
}

async function shown(caught: CaughtMail, raw: Buffer): Promise<ShownMail> {
  const mail = await simpleParser(raw)
  return {
    ...caught,
    subject: mail.subject ?? '',
    headers: mail.headerLines.map(({ key, line }) => ({ name: key, value: line.slice(key.length + 1).trim() })),
    messageId: mail.messageId,
    headerFrom: addresses(mail.from),
    headerTo: addresses(mail.to),
    text: mail.text ?? '',
    html: mail.html === false ? undefined : mail.html,
    attachments: mail.attachments.map(attachment),
  }
}

function attachment({
  filename,
  contentType,
  size,
}: ParsedMail['attachments'][number]): ShownMail['attachments'][number] {
  return { filename: filename ?? '', contentType, sizeBytes: size }
}

function addresses(field: AddressObject | AddressObject[] | undefined): string {
  return [field ?? []]
    .flat()
    .map((one) => one.text)
    .join(', ')
}

/** A message's own HTML: no scripts, no forms; its links open in a tab of their own. */
function isolated(content: string): CatcherAnswer {
  const policy =
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src * data:; style-src 'unsafe-inline'; font-src *"
  const answer = html(`<base target="_blank">${content}`)
  return {
    ...answer,
    headers: { ...answer.headers, 'content-security-policy': policy, 'referrer-policy': 'no-referrer' },
  }
}

function listPage({ query }: CatcherRequest, found: Awaited<ReturnType<typeof list>>): string {
  const to = query.get('to') ?? ''
  const rows = found.messages.map(
    (mail) => `<tr><td>${moment(mail.receivedAt)}</td><td>${escapeHtml(mail.to.join(', '))}</td>
<td><a href="/messages/${mail.id}">${escapeHtml(mail.subject || '(no subject)')}</a></td></tr>`,
  )
  const body = `<form><label>To <input name="to" type="email" value="${escapeHtml(to)}"></label><button>Show</button></form>
<table><thead><tr><th>Received (UTC)</th><th>To</th><th>Subject</th></tr></thead><tbody>${rows.join('')}</tbody></table>
${pager(query, found)}`
  return page({ title: 'Mail', name: 'Mail', body, watch: found.offset === 0 && to === '' })
}

function mailPage(mail: ShownMail): string {
  const field = (name: string, value: string): string => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`
  const headers = mail.headers.map(({ name, value }) => `${name}: ${value}`).join('\n')
  const content =
    mail.html === undefined
      ? ''
      : `<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" src="/messages/${mail.id}/html"></iframe>`
  const body = `<h2>${escapeHtml(mail.subject || '(no subject)')}</h2>
<dl>${field('From', mail.headerFrom)}${field('To', mail.headerTo)}${field('Delivered to', mail.to.join(', '))}
<dt>Received</dt><dd>${moment(mail.receivedAt)} UTC</dd></dl>
${content}
<details${mail.html === undefined ? ' open' : ''}><summary>Text</summary><pre>${linked(mail.text)}</pre></details>
<details><summary>Headers</summary><pre>${escapeHtml(headers)}</pre></details>
<p><a href="/messages/${mail.id}/raw">As it came</a> (${mail.sizeBytes} bytes)</p>`
  return page({ title: mail.subject, name: 'Mail', body })
}

/** Plain text with its web addresses as links. */
function linked(text: string): string {
  return escapeHtml(text).replaceAll(/https?:\/\/[^\s<>]+?(?=[.,;:!?)\]]*(?:\s|$|&gt;|&quot;|&#39;))/g, (url) => {
    return `<a href="${url}" target="_blank" rel="noreferrer">${url}</a>`
  })
}
