/** How bodies are read: JSON (also sent as plain text, as browsers do to avoid a preflight), forms, gzip. */

import { pipeline, Transform } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { FastifyInstance, RequestPayload } from 'fastify'
import { ApiError, tooLarge } from './api-error.ts'

/**
 * For JSON calls. `__proto__` and its like are refused.
 *
 * @param maxBytes of a body once it is unpacked.
 */
export function parseJsonBodies(app: FastifyInstance, maxBytes: number): void {
  app.removeAllContentTypeParsers()
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser(['application/json', 'text/plain'], { parseAs: 'string' }, (request, body, done) => {
    const text = body.toString()
    if (text.trim() === '') return done(new ApiError(400, 'The body is empty, must be JSON.'))
    // The parser's own message would quote the text, which may be anybody's data.
    void parse(request, text, (error, value: unknown) =>
      error ? done(new ApiError(400, 'The body is no valid JSON.')) : done(null, value),
    )
  })
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const encoding = request.headers['content-encoding'] ?? 'identity'
    if (encoding === 'identity') return done(null, payload)
    if (encoding === 'gzip') return done(null, gunzipped(payload, maxBytes))
    done(new ApiError(415, `content-encoding: ${encoding.slice(0, 40)} given, must be gzip`))
  })
}

/** For HTML forms and Twilio: `URLSearchParams`. Bodies of other types (`multipart` of RFC 8058) count as empty ones. */
export function parseFormBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, new URLSearchParams(body.toString())),
  )
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null, new URLSearchParams()))
}

/** Unpacks while it comes in, and stops as soon as it is too much: a small body can hold a very large one. */
function gunzipped(payload: NodeJS.ReadableStream, maxBytes: number): RequestPayload {
  const gunzip = createGunzip()
  let bytes = 0
  const capped = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > maxBytes) done(new ApiError(413, tooLarge(maxBytes)))
      else done(null, chunk)
    },
  })
  pipeline(payload, gunzip, capped, () => {
    // An error reaches the reader of `capped`, who answers it.
  })
  capped.on('error', (error) => {
    if (!(error instanceof ApiError)) Object.assign(error, { message: 'The body is no valid gzip.', statusCode: 400 })
  })
  // Fastify compares this with the Content-Length.
  return Object.defineProperty(capped, 'receivedEncodedLength', { get: () => gunzip.bytesWritten })
}
