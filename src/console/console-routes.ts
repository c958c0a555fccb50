/** The console: a few plain pages for whoever holds an admin token. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { customerWorkflowId } from '../../workflows/ids.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { SenderReport } from '../domain/sender-report.ts'
import { findApiKey, kindOfActiveKey } from '../store/api-keys.ts'
import { noteAudit } from '../store/audit.ts'
import { findCustomer } from '../store/customer-details.ts'
import { briefCustomers, isUuid, listCustomers } from '../store/customer-list.ts'
import type { Database } from '../store/database.ts'
import { lifecycleCohorts, lifecycleFunnel } from '../store/lifecycle-report.ts'
import { isLoginTicket } from '../store/links.ts'
import { listMessages } from '../store/message-list.ts'
import { segmentsOf } from '../store/segments/segment-reports.ts'
import { readStatus } from '../store/status.ts'
import type { Vault } from '../store/vault.ts'
import { type BroadcastPageNeeds, broadcastPageRoutes, type SteerBroadcast } from './broadcast-routes.ts'
import { customerPage } from './customer-page.ts'
import { dashboard, stages } from './dashboard.ts'
import { eventPageRoutes } from './event-routes.ts'
import { frame } from './frame.ts'
import { type Html, html } from './html.ts'
import { intervalPlotStyle } from './interval-plot.ts'
import { journeyGraphStyle } from './journey-graph.ts'
import { journeyPageRoutes } from './journey-routes.ts'
import { journeyTermsStyle } from './journey-terms.ts'
import { lifecyclePage, lifecycleStyle } from './lifecycle-page.ts'
import { messagePageRoutes } from './message-routes.ts'
import { modelPageRoutes } from './model-routes.ts'
import { type PageExtras, sendPage } from './page.ts'
import type { PageNeeds, Visitor } from './page-needs.ts'
import { personalViewOf, roleOfKey } from './personal-view.ts'
import { type Refusal, refusalPage } from './refusal.ts'
import { type ResultPageNeeds, resultPageRoutes } from './results-routes.ts'
import { segmentPageRoutes } from './segment-routes.ts'
import { senderPageRoutes } from './sender-routes.ts'
import { sendingPageRoutes } from './sending-routes.ts'
import { endedCookie, localSession, readSession, sessionCookie } from './session.ts'
import { taskPageRoutes } from './task-routes.ts'
import { templateStyle } from './template-pages.ts'
import { type PreviewTemplate, type SendTest, type TemplatePageNeeds, templatePageRoutes } from './template-routes.ts'

export interface ConsoleNeeds extends Pick<ResultPageNeeds, 'feedback' | 'planOffers'> {
  readonly database: Database
  readonly vault: Vault
  readonly clock: Clock
  /** The pages of neighbours, where there are any. */
  readonly pages: Config['pages']
  /** In Temporal. */
  readonly namespace: string
  /** The console is reached by https. */
  readonly isSecure: boolean
  /** Shows in Temporal whether a journey is paused. */
  readonly showPause: (journey: string, isPaused: boolean) => Promise<boolean>
  readonly steerBroadcast: SteerBroadcast
  readonly previewBroadcast: BroadcastPageNeeds['preview']
  readonly segmentPrice?: BroadcastPageNeeds['segmentPrice']
  readonly previewTemplate: PreviewTemplate
  readonly draftTemplate: TemplatePageNeeds['draft']
  readonly sendTest: SendTest
  /** The identities that mail is sent under. */
  readonly senders: () => Promise<readonly SenderReport[]>
  /** What is said of an error; what is ours is logged. */
  readonly failureOf: (error: unknown, request: FastifyRequest) => Refusal
}

/** Register at the root. */
export function consoleRoutes(needs: ConsoleNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.removeAllContentTypeParsers()
    app.setErrorHandler((error, request, reply) => {
      const failure = needs.failureOf(error, request)
      return sendFramed(needs, reply, failure.refused, 'Perennial', refusalPage(failure, '/'))
    })
    app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
      done(null, new URLSearchParams(body.toString())),
    )
    app.get('/login', (request, reply) => showLogin(needs, request, reply))
    app.post('/login', { bodyLimit: 4_096 }, (request, reply) => login(needs, request, reply))
    app.post('/logout', (_request, reply) =>
      reply.header('set-cookie', endedCookie(needs.isSecure)).redirect('/login', 303),
    )
    app.get('/', (request, reply) => showDashboard(needs, request, reply))
    app.get<{ Params: { id: string } }>('/customers/:id', (request, reply) =>
      showCustomer(needs, request, request.params.id, reply, false),
    )
    // A POST, because it is written down; the cookie does not come along from another site.
    app.post<{ Params: { id: string } }>('/customers/:id', { bodyLimit: 4_096 }, (request, reply) =>
      showCustomer(needs, request, request.params.id, reply, true),
    )
    app.get('/lifecycle', (request, reply) => showLifecycle(needs, request, reply))
    const pagesWith = (extras: PageExtras = {}): PageNeeds => ({
      ...needs,
      visitor: (request) => visitorOf(needs, request),
      send: (reply, status, title, main) => sendFramed(needs, reply, status, title, main, extras),
    })
    const {
      showPause,
      steerBroadcast,
      previewBroadcast,
      segmentPrice,
      previewTemplate,
      draftTemplate,
      sendTest,
      feedback,
      planOffers,
      senders,
    } = needs
    segmentPageRoutes(app, pagesWith())
    modelPageRoutes(app, pagesWith())
    taskPageRoutes(app, pagesWith())
    senderPageRoutes(app, { ...pagesWith(), senders })
    eventPageRoutes(app, pagesWith())
    sendingPageRoutes(app, pagesWith())
    broadcastPageRoutes(app, { ...pagesWith(), steer: steerBroadcast, preview: previewBroadcast, segmentPrice })
    resultPageRoutes(app, { ...pagesWith({ style: intervalPlotStyle }), feedback, planOffers })
    templatePageRoutes(app, {
      ...pagesWith({ style: templateStyle, hasFrames: true }),
      preview: previewTemplate,
      draft: draftTemplate,
      sendTest,
    })
    journeyPageRoutes(app, { ...pagesWith({ style: journeyGraphStyle + journeyTermsStyle }), showPause })
    messagePageRoutes(app, pagesWith())
  }
}

function showLogin(needs: ConsoleNeeds, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { ticket } = request.query as { readonly ticket?: unknown }
  if (typeof ticket !== 'string') return sendLogin(reply, 200, undefined)
  if (!isLoginTicket(needs.vault, ticket)) return sendLogin(reply, 401, 'This link has expired.')
  // A page and not a redirect: a strict cookie does not come along on a journey that began on another site.
  const body = html`<meta http-equiv="refresh" content="0; url=/">
    <div class="narrow"><h1>Signed in</h1><p><a href="/">To the console</a></p></div>`
  return sendPage(
    reply.header('set-cookie', sessionCookie(needs.vault, localSession, needs.isSecure)),
    200,
    'Signed in',
    body,
  )
}

async function login(needs: ConsoleNeeds, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const token = request.body instanceof URLSearchParams ? (request.body.get('token')?.trim() ?? '') : ''
  const key = token === '' || token.length > 200 ? undefined : await findApiKey(needs.database, token)
  if (key === undefined || roleOfKey(key.kind) === undefined) {
    return sendLogin(reply, 401, 'This is not a valid token for the console.')
  }
  return reply.header('set-cookie', sessionCookie(needs.vault, key.id, needs.isSecure)).redirect('/', 303)
}

function sendLogin(reply: FastifyReply, status: number, problem: string | undefined): FastifyReply {
  const body = html`<div class="narrow"><h1>Perennial</h1>
    <p class="soft">Sign in with an admin token, or open the link that the start command prints.</p>
    ${problem !== undefined && html`<p class="warn">${problem}</p>`}
    <form method="post" action="/login"><input type="password" name="token" placeholder="Admin token" required autofocus
      autocomplete="current-password" aria-label="Admin token"><button>Sign in</button></form></div>`
  return sendPage(reply, status, 'Sign in · Perennial', body)
}

/** Who is signed in, with a key that still holds; asked at every page, so that a revoked key ends its sessions. */
async function visitorOf({ vault, database }: ConsoleNeeds, request: FastifyRequest): Promise<Visitor | undefined> {
  const who = readSession(vault, request.headers.cookie)
  if (who === undefined) return undefined
  if (who === localSession) return { who, role: 'admin' }
  const kind = await kindOfActiveKey(database, who)
  const role = kind && roleOfKey(kind)
  return role && { who, role }
}

async function showDashboard(needs: ConsoleNeeds, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if ((await visitorOf(needs, request)) === undefined) return reply.redirect('/login', 303)
  const query = request.query as Readonly<Record<string, unknown>>
  const given = (name: string): string => {
    const value = query[name]
    return typeof value === 'string' ? value.replaceAll('\u0000', '').trim().slice(0, 300) : ''
  }
  const search = given('search')
  const stage = stages.find(({ key }) => key === given('stage'))?.key
  const after = isUuid(given('after')) ? given('after') : undefined
  const { pool } = needs.database
  const [status, customers, messages] = await Promise.all([
    readStatus(pool),
    listCustomers(pool, needs.vault, { search, stage, after, limit: 25 }),
    listMessages(pool, { limit: 15 }),
  ])
  const names = await briefCustomers(pool, [...new Set(messages.messages.map(({ customerId }) => customerId))])
  const isFirst = after === undefined
  return sendFramed(
    needs,
    reply,
    200,
    'Perennial',
    dashboard({ status, customers, messages, names, search, stage, isFirst }),
  )
}

async function showCustomer(
  needs: ConsoleNeeds,
  request: FastifyRequest,
  id: string,
  reply: FastifyReply,
  wantsOpen: boolean,
): Promise<FastifyReply> {
  const visitor = await visitorOf(needs, request)
  if (visitor === undefined) return reply.redirect('/login', 303)
  const mayOpen = visitor.role === 'admin'
  const isOpen = wantsOpen && mayOpen
  const view = personalViewOf(mayOpen && !isOpen ? 'marketer' : visitor.role)
  const customer = isUuid(id) ? await findCustomer(needs.database.pool, needs.vault, id, view) : undefined
  if (customer === undefined) {
    return sendFramed(
      needs,
      reply,
      404,
      'Unknown customer',
      html`<main><h1>There is no customer with this id</h1><p><a href="/">All customers</a></p></main>`,
    )
  }
  if (isOpen) {
    const entry = { actor: visitor.who, action: 'open', customerId: customer.id } as const
    await noteAudit(needs.database.pool, needs.vault, entry)
  }
  const segments = await segmentsOf(needs.database.pool, customer.id)
  const links = { workflow: workflowUrl(needs, customer.id), isToOpen: mayOpen && !isOpen }
  return sendFramed(needs, reply, 200, 'Customer · Perennial', customerPage(customer, segments, links))
}

async function showLifecycle(needs: ConsoleNeeds, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if ((await visitorOf(needs, request)) === undefined) return reply.redirect('/login', 303)
  const { pool } = needs.database
  const [funnel, cohorts] = await Promise.all([lifecycleFunnel(pool), lifecycleCohorts(pool, 12)])
  return sendFramed(needs, reply, 200, 'Lifecycle · Perennial', lifecyclePage(funnel, cohorts), {
    style: lifecycleStyle,
  })
}

/** The customer's workflow in the pages of Temporal; it may have completed. */
function workflowUrl({ pages, namespace }: ConsoleNeeds, customerId: string): string | undefined {
  const path = `/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(customerWorkflowId(customerId))}`
  return pages.temporal === undefined ? undefined : new URL(path, pages.temporal).href
}

function sendFramed(
  { pages }: ConsoleNeeds,
  reply: FastifyReply,
  status: number,
  title: string,
  main: Html,
  extras: PageExtras = {},
): FastifyReply {
  return sendPage(reply, status, title, frame(pages, reply.request.url, main), extras)
}
