/** The beginning of an SMTP conversation: greeting, EHLO, STARTTLS, AUTH. What it leaves is ready for messages. */

import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { hostname } from 'node:os'
import { connect as connectTls } from 'node:tls'
import { ProtocolError, type Reply, ReplyReader } from './reply.ts'
import type { SmtpServer } from './server-url.ts'
import { judgeLoss, judgeReply, type SmtpOutcome } from './verdict.ts'

/** What the server said that it can do. */
export interface Capabilities {
  readonly pipelining: boolean
  readonly eightBit: boolean
  readonly utf8: boolean
  /** Bytes; undefined: not said. */
  readonly largest: number | undefined
  readonly startTls: boolean
  readonly auth: ReadonlySet<string>
}

export interface Session {
  readonly socket: Socket
  readonly capabilities: Capabilities
}

/** No session came about. The outcome holds for every message that waited for it. */
export class SessionError extends Error {
  override readonly name = 'SessionError'
  readonly outcome: SmtpOutcome

  constructor(outcome: SmtpOutcome) {
    super('reason' in outcome.result ? outcome.result.reason : 'no session')
    this.outcome = outcome
  }
}

/**
 * @param patienceMs for each of its answers, real milliseconds.
 * @throws SessionError if the server cannot be reached, refuses us, or has not the encryption that is asked for.
 */
export async function openSession(server: SmtpServer, patienceMs: number): Promise<Session> {
  const wire = await dial(server, patienceMs)
  try {
    expectCode(await wire.reply(), 220)
    let capabilities = await hello(wire)
    if (server.tls === 'required' || (server.tls === 'if-offered' && capabilities.startTls)) {
      if (!capabilities.startTls) throw lost('has no STARTTLS, which is required')
      await startTls(wire, server)
      capabilities = await hello(wire) // What was said in the clear counts for nothing.
    }
    if (server.login) await logIn(wire, server.login, capabilities)
    return { socket: wire.release(), capabilities }
  } catch (error) {
    wire.destroy()
    throw error instanceof SessionError ? error : lost(codeOf(error))
  }
}

function expectCode(reply: Reply, ...codes: readonly number[]): void {
  if (!codes.includes(reply.code)) throw new SessionError(judgeReply('session', reply))
}

function lost(why: string): SessionError {
  return new SessionError(judgeLoss('session', false, why))
}

/** A word for the log; the message of an error may name addresses. */
export function codeOf(error: unknown): string {
  if (error instanceof ProtocolError) return error.message
  return error instanceof Error && 'code' in error ? String(error.code) : 'connection lost'
}

async function hello(wire: Wire): Promise<Capabilities> {
  const reply = await wire.ask(`EHLO ${ownName()}`)
  // Without EHLO there is nothing to rely on; every server of the last twenty years has it.
  expectCode(reply, 250)
  const said = new Map(
    reply.lines.slice(1).map((line) => {
      const [keyword = '', ...rest] = line.trim().toUpperCase().split(/[ =]/)
      return [keyword, rest] as const
    }),
  )
  const largest = Number(said.get('SIZE')?.[0] ?? 0)
  return {
    pipelining: said.has('PIPELINING'),
    eightBit: said.has('8BITMIME'),
    utf8: said.has('SMTPUTF8'),
    largest: largest > 0 ? largest : undefined,
    startTls: said.has('STARTTLS'),
    auth: new Set(said.get('AUTH')),
  }
}

/** A name with a dot, or the address literal that stands for "no name". */
function ownName(): string {
  const name = hostname()
  return /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(name) ? name : '[127.0.0.1]'
}

async function startTls(wire: Wire, { host, ca }: SmtpServer): Promise<void> {
  expectCode(await wire.ask('STARTTLS'), 220)
  // Somebody in the middle could slip in commands' answers before the encryption begins.
  if (wire.hasMore) throw lost('more than the answer to STARTTLS')
  await wire.encrypt(host, ca)
}

async function logIn(wire: Wire, login: { user: string; password: string }, { auth }: Capabilities): Promise<void> {
  const encoded = (text: string): string => Buffer.from(text, 'utf8').toString('base64')
  const { user, password } = login
  if (auth.has('PLAIN')) return expectCode(await wire.ask(`AUTH PLAIN ${encoded(`\0${user}\0${password}`)}`), 235)
  if (!auth.has('LOGIN')) throw lost('has neither AUTH PLAIN nor AUTH LOGIN')
  expectCode(await wire.ask('AUTH LOGIN'), 334)
  expectCode(await wire.ask(encoded(user)), 334)
  expectCode(await wire.ask(encoded(password)), 235)
}

function dial({ host, port, tls, ca }: SmtpServer, patienceMs: number): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const options = { host, port }
    const socket =
      tls === 'implicit' ? connectTls({ ...options, ...tlsOptions(host, ca) }) : connectPlain({ ...options })
    const giveUp = (error: unknown): void => {
      socket.destroy()
      reject(lost(codeOf(error)))
    }
    const timer = setTimeout(() => giveUp({ code: 'ETIMEDOUT' }), patienceMs)
    socket.setNoDelay(true)
    socket.once('error', giveUp)
    socket.once('close', giveUp)
    socket.once(tls === 'implicit' ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer)
      socket.removeListener('error', giveUp)
      socket.removeListener('close', giveUp)
      resolve(new Wire(socket, patienceMs))
    })
    socket.once('close', () => clearTimeout(timer))
  })
}

function tlsOptions(host: string, ca: string | undefined): object {
  return { ...(isIP(host) === 0 ? { servername: host } : {}), ...(ca === undefined ? {} : { ca }) }
}

/** One question, one answer. */
class Wire {
  #socket: Socket
  readonly #patienceMs: number
  #reader = new ReplyReader()
  readonly #replies: Reply[] = []
  #fault: unknown
  #wake: (() => void) | undefined

  constructor(socket: Socket, patienceMs: number) {
    this.#socket = socket
    this.#patienceMs = patienceMs
    this.#listen()
  }

  get hasMore(): boolean {
    return this.#replies.length > 0 || this.#reader.isInside
  }

  ask(line: string): Promise<Reply> {
    this.#socket.write(`${line}\r\n`)
    return this.reply()
  }

  async reply(): Promise<Reply> {
    const timer = setTimeout(() => this.#fail({ code: 'ETIMEDOUT' }), this.#patienceMs)
    try {
      for (;;) {
        const reply = this.#replies.shift()
        if (reply) return reply
        if (this.#fault !== undefined) throw lost(codeOf(this.#fault))
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      clearTimeout(timer)
    }
  }

  async encrypt(host: string, ca: string | undefined): Promise<void> {
    this.#unlisten()
    const plain = this.#socket
    await new Promise<void>((resolve, reject) => {
      const secure = connectTls({ socket: plain, ...tlsOptions(host, ca) }, () => {
        clearTimeout(timer)
        secure.removeListener('error', giveUp)
        secure.removeListener('close', giveUp)
        this.#socket = secure
        this.#listen()
        resolve()
      })
      const giveUp = (error: unknown): void => {
        clearTimeout(timer)
        secure.destroy()
        reject(lost(codeOf(error)))
      }
      const timer = setTimeout(() => giveUp({ code: 'ETIMEDOUT' }), this.#patienceMs)
      plain.once('error', giveUp)
      secure.once('error', giveUp)
      secure.once('close', giveUp)
    })
  }

  /** Hands the socket on: whoever has it now listens to it. */
  release(): Socket {
    this.#unlisten()
    return this.#socket
  }

  destroy(): void {
    this.#socket.on('error', () => undefined)
    this.#socket.destroy()
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      this.#replies.push(...this.#reader.read(chunk.toString('latin1')))
      this.#wake?.()
    } catch (error) {
      this.#fail(error)
    }
  }
  readonly #onClose = (): void => this.#fail({ code: 'ECONNRESET' })

  readonly #fail = (fault: unknown): void => {
    this.#fault ??= Object.assign(new Error('lost'), { code: codeOfFault(fault) })
    this.#wake?.()
  }

  #listen(): void {
    this.#reader = new ReplyReader()
    this.#socket.on('data', this.#onData).on('error', this.#fail).on('close', this.#onClose)
  }

  #unlisten(): void {
    this.#socket.off('data', this.#onData).off('error', this.#fail).off('close', this.#onClose)
  }
}

function codeOfFault(fault: unknown): string {
  if (fault instanceof ProtocolError) return fault.message
  return typeof fault === 'object' && fault !== null && 'code' in fault ? String(fault.code) : 'ECONNRESET'
}
