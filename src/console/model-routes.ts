/** The pages about models. Whoever may see the console may see them: they hold nothing personal. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isModelKind, modelNames } from '../domain/model-kind.ts'
import { findModel, latestAttempts, listModels } from '../store/model-reports.ts'
import { html } from './html.ts'
import { modelListPage, modelPage } from './model-pages.ts'
import { forVisitors, type PageNeeds } from './page-needs.ts'

type KindRequest = FastifyRequest<{ Params: { kind: string } }>

export function modelPageRoutes(app: FastifyInstance, needs: PageNeeds): void {
  app.get(
    '/models',
    forVisitors(needs, (_request, reply) => showModels(needs, reply)),
  )
  app.get(
    '/models/:kind',
    forVisitors(needs, (request: KindRequest, reply) => showModel(needs, request, reply)),
  )
}

async function showModels(needs: PageNeeds, reply: FastifyReply): Promise<FastifyReply> {
  const { pool } = needs.database
  const page = modelListPage(await listModels(pool, undefined), await latestAttempts(pool))
  return needs.send(reply, 200, 'Models · Perennial', page)
}

async function showModel(needs: PageNeeds, request: KindRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { kind } = request.params
  const model = isModelKind(kind) ? await findModel(needs.database.pool, kind, undefined) : undefined
  if (model === undefined) {
    const main = html`<main><h1>There is no such model yet</h1><p><a href="/models">All models, and why this one is missing</a></p></main>`
    return needs.send(reply, 404, 'Unknown model', main)
  }
  return needs.send(reply, 200, `${modelNames[model.kind]} · Perennial`, modelPage(model))
}
