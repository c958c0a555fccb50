/** Answers that are errors: `{"error": {"message", "field"?}}`, the same shape everywhere. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { createSeldom } from '../seldom.ts'
import { NothingPublishedError } from '../store/campaigns.ts'
import { describeError, errorCode, isPassing } from '../store/describe-error.ts'

/** Thrown by a route to answer with a status of its own. Its message is shown to the caller. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly statusCode: number
  readonly field: string | undefined

  constructor(statusCode: number, message: string, field?: string) {
    super(message)
    this.statusCode = statusCode
    this.field = field
  }
}

export interface ErrorBody {
  readonly error: { readonly message: string; readonly field?: string }
}

export function errorBody(message: string, field?: string): ErrorBody {
  return { error: { message, ...(field === undefined ? {} : { field }) } }
}

/** What callers are told of an error that is not theirs. */
const unavailable = 'The database cannot be reached at the moment. Nothing was stored: please send it again.'
const ours = 'Something went wrong here. It has been logged.'

export interface Failure {
  readonly status: number
  /** For whoever asked. */
  readonly message: string
  readonly field?: string | undefined
}

/** While the database is away every request fails for the same reason. */
const tellOutage = createSeldom(10_000)

/** What to answer when a route throws. What is ours is logged. */
export function failureOf(error: unknown, { log, routeOptions }: FastifyRequest): Failure {
  if (error instanceof ApiError) return { status: error.statusCode, message: error.message, field: error.field }
  if (error instanceof NothingPublishedError) return { status: 409, message: error.message }
  if (isPassing(error)) {
    tellOutage(errorCode(error) ?? 'outage', (more) => {
      log.warn({ error: describeError(error), ...(more === 0 ? {} : { more }) }, 'unavailable')
    })
    return { status: 503, message: unavailable }
  }
  const status = clientErrorStatus(error)
  if (status === 413) return { status, message: tooLarge(routeOptions.bodyLimit) }
  if (status !== undefined) return { status, message: (error as Error).message }
  log.error({ error: describeError(error) }, 'request failed')
  return { status: 500, message: ours }
}

export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const { status, message, field } = failureOf(error, request)
    if (status === 503) reply.header('retry-after', '2')
    return reply.code(status).send(errorBody(message, field))
  })
  app.setNotFoundHandler((_request, reply) => reply.code(404).send(errorBody('There is nothing at this address.')))
}

/** The one sentence for a body over a limit. */
export function tooLarge(maxBytes: number | undefined): string {
  const limit = maxBytes === undefined ? '' : `, must have at most ${Math.floor(maxBytes / 1024)} KB`
  return `The body is too large${limit}.`
}

/** Fastify's own refusals (body too large, unknown content type, …) carry their status. */
function clientErrorStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined
  const status = Number(error.statusCode)
  return status >= 400 && status < 500 ? status : undefined
}
