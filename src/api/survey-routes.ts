/**
 * Answers to surveys, by a link in a message and without a login. Following a link changes nothing, because scanners
 * follow links: the page that opens sends the answer by itself where a person looks at it, and has a button otherwise.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../clock.ts'
import { type Html, html } from '../console/html.ts'
import { sendPage } from '../console/page.ts'
import { scaleEnds, scoresOf } from '../domain/survey.ts'
import type { Database } from '../store/database.ts'
import { readSurveyToken } from '../store/links.ts'
import { type AskedSurvey, answerSurvey, findSurvey } from '../store/survey-answers.ts'
import type { Vault } from '../store/vault.ts'
import { parseFormBodies } from './body-parsers.ts'

export interface SurveyNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly clock: Clock
}

type SurveyRequest = FastifyRequest<{ Params: { token: string }; Querystring: Readonly<Record<string, unknown>> }>

/** Sends the answer once the page is really seen; a program that only fetches pages does not run it. */
const sendWhenSeen = `
  const form = document.querySelector('form[data-chosen]')
  const send = () => { if (form && document.visibilityState === 'visible') form.requestSubmit() }
  document.addEventListener('visibilitychange', send, { once: true })
  send()`

/** Register at the root. */
export function surveyRoutes(needs: SurveyNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    parseFormBodies(app)
    app.get('/s/:token', (request: SurveyRequest, reply) => ask(needs, request, reply))
    app.post('/s/:token', { bodyLimit: 16 * 1024 }, (request: SurveyRequest, reply) => take(needs, request, reply))
  }
}

async function ask(needs: SurveyNeeds, request: SurveyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const asked = await surveyOf(needs, request)
  if (asked === undefined) return sendUnknown(reply)
  const chosen = scoreOf(asked, request.query['score'])
  if (chosen === undefined) return sendPage(reply, 200, 'Your answer', question(asked, undefined))
  const body = html`<div class="narrow"><h1>${asked.question}</h1><p>Your answer: <strong>${chosen}</strong></p>
    <form method="post" data-chosen="yes"><input type="hidden" name="score" value="${chosen}">
    <button>Send ${chosen}</button></form></div>`
  return sendPage(reply, 200, 'Your answer', body, { script: sendWhenSeen })
}

async function take(needs: SurveyNeeds, request: SurveyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const asked = await surveyOf(needs, request)
  if (asked === undefined) return sendUnknown(reply)
  const given = request.body instanceof URLSearchParams ? request.body.get('score') : null
  const score = scoreOf(asked, given)
  if (score === undefined) return sendPage(reply, 400, 'Your answer', question(asked, 'Please choose one of these.'))
  await needs.database.transaction((client) => answerSurvey(client, asked, score, needs.clock.nowMs()))
  const body = html`<div class="narrow"><h1>Thank you</h1><p>Your answer <strong>${score}</strong> has arrived.</p>
    <p class="soft">“${asked.question}” You can still change it:</p>${answers(asked, score)}</div>`
  return sendPage(reply, 200, 'Thank you', body)
}

function question(asked: AskedSurvey, complaint: string | undefined): Html {
  return html`<div class="narrow"><h1>${asked.question}</h1>
    ${complaint && html`<p class="warn" role="alert">${complaint}</p>`}${answers(asked, undefined)}</div>`
}

function answers(asked: AskedSurvey, given: number | undefined): Html {
  const [low, high] = scaleEnds[asked.scale]
  const buttons = scoresOf(asked.scale).map(
    (score) =>
      html`<button name="score" value="${score}" class="${score === given ? '' : 'quiet'}" aria-label="${score}">${score}</button>`,
  )
  return html`<form method="post" class="scale">${buttons}</form>
    <p class="soft scale-ends"><span>${low}</span><span>${high}</span></p>`
}

async function surveyOf({ vault, database }: SurveyNeeds, request: SurveyRequest): Promise<AskedSurvey | undefined> {
  const messageId = readSurveyToken(vault, request.params.token)
  return messageId === undefined ? undefined : findSurvey(database.pool, messageId)
}

/** One of the scale's answers; undefined for anything else. */
function scoreOf({ scale }: AskedSurvey, text: unknown): number | undefined {
  if (typeof text !== 'string' || !/^\d{1,2}$/.test(text)) return undefined
  return scoresOf(scale).find((score) => score === Number(text))
}

function sendUnknown(reply: FastifyReply): FastifyReply {
  const body = html`<div class="narrow"><h1>This link is not complete</h1>
    <p>Please open it again from the message, or copy all of it.</p></div>`
  return sendPage(reply, 404, 'Unknown link', body)
}
