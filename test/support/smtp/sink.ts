/**
 * A fast SMTP server that keeps no message, counts, and misbehaves as it is told: at eight places of the conversation,
 * by a refusal, a broken connection or silence. Its log is the witness of what was really taken.
 */

import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'

/** `dot`: after the final dot, the message is not kept. `ack`: it is kept, and nobody hears of it. */
export const stages = ['banner', 'hello', 'mail', 'rcpt', 'data', 'body', 'dot', 'ack'] as const
export type Stage = (typeof stages)[number]
export type Misdeed = 'temporary' | 'permanent' | 'drop' | 'hang'

/** What is done about a message, asked at each stage; at `banner` and `hello` nobody is known yet. */
export type Manners = (stage: Stage, recipient: string | undefined) => Misdeed | undefined

export interface SinkEntry {
  readonly outcome: 'accepted' | 'refused' | 'dropped'
  readonly stage: Stage
  readonly recipient: string
  readonly from: string
  readonly messageId: string
  readonly bytes: number
  /** It was refused, and told never to come again. */
  readonly isForGood?: boolean
}

export interface SinkOptions {
  readonly port?: number
  readonly manners?: Manners
  /** Called for each message at its end. */
  readonly onEntry?: (entry: SinkEntry) => void
  /** Also hands out what was accepted, as it came (dots still doubled). */
  readonly onMessage?: (recipient: string, content: Buffer) => void
  /** Default: PIPELINING, 8BITMIME, SMTPUTF8, SIZE. */
  readonly capabilities?: readonly string[]
  /** 421 after so many messages on a connection. */
  readonly messagesPerConnection?: number
  /** Before the answer to the final dot. */
  readonly delayMs?: number
}

export interface Sink {
  readonly port: number
  readonly url: string
  readonly counts: { accepted: number; refused: number; dropped: number; bytes: number; connections: number }
  behave(manners: Manners): void
  close(): Promise<void>
}

const usualCapabilities = ['PIPELINING', '8BITMIME', 'SMTPUTF8', 'SIZE 52428800']

export async function startSink(options: SinkOptions = {}): Promise<Sink> {
  const state: State = {
    options,
    manners: options.manners ?? (() => undefined),
    counts: { accepted: 0, refused: 0, dropped: 0, bytes: 0, connections: 0 },
  }
  const sockets = new Set<Socket>()
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    state.counts.connections++
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined) // Broken connections are the point.
    new Guest(socket, state).greet()
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `smtp://127.0.0.1:${port}`,
    counts: state.counts,
    behave: (manners) => void (state.manners = manners),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

interface State {
  readonly options: SinkOptions
  manners: Manners
  readonly counts: Sink['counts']
}

const endOfMessage = Buffer.from('\r\n.\r\n')
const lineEnd = 10

/** One connection. */
class Guest {
  readonly #socket: Socket
  readonly #state: State
  #rest: Buffer = Buffer.alloc(0)
  /** Of a message of which the end has not come yet. */
  #pieces: Buffer[] = []
  #answers = ''
  #isOver = false
  #isInBody = false
  #from = ''
  #recipients: string[] = []
  #messages = 0

  constructor(socket: Socket, state: State) {
    this.#socket = socket
    this.#state = state
  }

  greet(): void {
    if (this.#misbehave('banner', undefined) !== undefined) return this.#flush()
    this.#say('220 sink.example ESMTP')
    this.#flush()
    this.#socket.on('data', (chunk) => this.#take(chunk))
  }

  #take(chunk: Buffer): void {
    this.#pieces.push(chunk)
    // A large message is put together once, at its end.
    const isInside = this.#isInBody && this.#rest.length > 0 && chunk[chunk.length - 1] !== lineEnd
    if (isInside) return
    this.#rest =
      this.#rest.length === 0 && this.#pieces.length === 1 ? chunk : Buffer.concat([this.#rest, ...this.#pieces])
    this.#pieces = []
    while (!this.#isOver && this.#rest.length > 0) {
      const before = this.#rest.length
      if (this.#isInBody) this.#body()
      else this.#command()
      if (this.#rest.length === before) break
    }
    this.#flush()
  }

  #command(): void {
    const end = this.#rest.indexOf(lineEnd)
    if (end === -1) return
    const line = this.#rest.toString('utf8', 0, end).trimEnd()
    this.#rest = this.#rest.subarray(end + 1)
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'EHLO' || verb === 'HELO') this.#hello(verb)
    else if (verb === 'MAIL') this.#mail(line)
    else if (verb === 'RCPT') this.#recipient(line)
    else if (verb === 'DATA') this.#data()
    else if (verb === 'QUIT') this.#quit('221 2.0.0 bye')
    else if (verb === 'RSET' || verb === 'NOOP') {
      this.#from = ''
      this.#recipients = []
      this.#say('250 2.0.0 ok')
    } else this.#say('502 5.5.2 not implemented')
  }

  #hello(verb: string): void {
    if (this.#misbehave('hello', undefined) !== undefined) return
    if (verb === 'HELO') return this.#say('250 sink.example')
    const lines = ['sink.example', ...(this.#state.options.capabilities ?? usualCapabilities)]
    this.#say(lines.map((line, i) => `250${i === lines.length - 1 ? ' ' : '-'}${line}`).join('\r\n'))
  }

  #mail(line: string): void {
    const { messagesPerConnection = Number.POSITIVE_INFINITY } = this.#state.options
    if (this.#messages >= messagesPerConnection) return this.#quit('421 4.7.0 too many messages here')
    if (this.#from !== '') return this.#say('503 5.5.1 nested MAIL')
    const misdeed = this.#misbehave('mail', undefined)
    if (misdeed !== undefined) return
    this.#from = addressIn(line) || '<>'
    this.#recipients = []
    this.#say('250 2.1.0 ok')
  }

  #recipient(line: string): void {
    const recipient = addressIn(line)
    if (this.#from === '') return this.#say('503 5.5.1 MAIL first')
    const misdeed = this.#misbehave('rcpt', recipient)
    if (misdeed !== undefined) return this.#note(misdeed, 'rcpt', recipient, '', 0)
    this.#recipients.push(recipient)
    this.#say('250 2.1.5 ok')
  }

  #data(): void {
    const [recipient] = this.#recipients
    if (recipient === undefined) return this.#say('503 5.5.1 no valid recipients')
    const misdeed = this.#misbehave('data', recipient)
    if (misdeed !== undefined) return this.#note(misdeed, 'data', recipient, '', 0)
    this.#isInBody = true
    this.#say('354 go ahead')
  }

  #body(): void {
    const [recipient = ''] = this.#recipients
    if (this.#misbehave('body', recipient) !== undefined) return this.#note('drop', 'body', recipient, '', 0)
    const end = this.#rest.indexOf(endOfMessage)
    if (end === -1) return
    const content = this.#rest.subarray(0, end + 2)
    this.#rest = this.#rest.subarray(end + endOfMessage.length)
    this.#isInBody = false
    this.#message(content, recipient)
    this.#from = ''
    this.#recipients = []
  }

  #message(content: Buffer, recipient: string): void {
    const messageId = messageIdIn(content)
    const misdeed = this.#misbehave('dot', recipient)
    if (misdeed !== undefined) return this.#note(misdeed, 'dot', recipient, messageId, content.length)
    const { counts, options } = this.#state
    counts.accepted++
    counts.bytes += content.length
    this.#messages++
    options.onMessage?.(recipient, content)
    const entry = { stage: 'ack', recipient, from: this.#from, messageId, bytes: content.length } as const
    options.onEntry?.({ outcome: 'accepted', ...entry })
    if (this.#misbehave('ack', recipient) !== undefined) return
    const answer = `250 2.0.0 queued as ${counts.accepted}`
    if (options.delayMs === undefined) return this.#say(answer)
    setTimeout(() => {
      this.#say(answer)
      this.#flush()
    }, options.delayMs)
  }

  /** Does what the manners say. @returns it, or undefined if it behaves. */
  #misbehave(stage: Stage, recipient: string | undefined): Misdeed | undefined {
    const misdeed = this.#state.manners(stage, recipient)
    if (misdeed === 'temporary') this.#say(`451 4.3.0 not now (${stage})`)
    if (misdeed === 'permanent') this.#say(`550 5.1.1 never (${stage})`)
    if (misdeed === 'drop' || misdeed === 'hang') {
      this.#flush() // What was answered before was answered.
      this.#isOver = true
    }
    if (misdeed === 'drop') this.#socket.destroySoon()
    // A hang: nothing is said and nothing more is read.
    if (misdeed === 'hang') this.#socket.pause()
    return misdeed
  }

  #note(misdeed: Misdeed, stage: Stage, recipient: string, messageId: string, bytes: number): void {
    const outcome = misdeed === 'drop' || misdeed === 'hang' ? 'dropped' : 'refused'
    this.#state.counts[outcome]++
    const isForGood = misdeed === 'permanent'
    this.#state.options.onEntry?.({ outcome, stage, recipient, from: this.#from, messageId, bytes, isForGood })
  }

  #say(answer: string): void {
    this.#answers += `${answer}\r\n`
  }

  #quit(answer: string): void {
    this.#say(answer)
    this.#flush()
    this.#isOver = true
    this.#socket.end()
  }

  #flush(): void {
    if (this.#answers === '' || this.#isOver || this.#socket.destroyed) return
    this.#socket.write(this.#answers)
    this.#answers = ''
  }
}

function addressIn(line: string): string {
  return line.slice(line.indexOf('<') + 1, line.indexOf('>'))
}

function messageIdIn(content: Buffer): string {
  const at = content.indexOf('\r\nMessage-ID: ')
  return at === -1 ? '' : content.toString('latin1', at + 14, content.indexOf('\r\n', at + 14))
}
