/**
 * Messages over one SMTP connection, with pipelining (RFC 2920): MAIL, RCPT and DATA of a message travel together, and
 * those of the next one together with the final dot of this one. So a message costs one round trip, and it is known of
 * each whether its dot had left when the connection broke.
 */

import type { Socket } from 'node:net'
import type { DeliveryResult } from '../../../domain/delivery.ts'
import { ProtocolError, type Reply, ReplyReader } from './reply.ts'
import { type Capabilities, codeOf, type Session } from './session.ts'
import { judgeLoss, judgeReply, type SmtpOutcome, type SmtpStage } from './verdict.ts'

/** A message as it travels: lines end with CRLF, the last one too. */
export interface SmtpMail {
  readonly from: string
  readonly to: string
  readonly content: Buffer
  /** An address or a header holds characters beyond ASCII (RFC 6531). */
  readonly needsUtf8?: boolean
}

/** Real milliseconds, all of them: the world outside does not run on virtual time. */
export interface Patience {
  /** For each answer before the first message. */
  readonly sessionMs: number
  /** For the server to say anything. */
  readonly silenceMs: number
  /** For one message, however slowly the server trickles its replies. */
  readonly messageMs: number
  /** For another message to come, before we leave. */
  readonly idleMs: number
}

export const usualPatience: Patience = { sessionMs: 10_000, silenceMs: 30_000, messageMs: 60_000, idleMs: 20_000 }

/** Of a larger message the dot leaves only when the rest has: a break in the middle is then no doubt. */
const largeBytes = 65_536

const longestInHand = 2

interface Transaction {
  readonly mail: SmtpMail
  readonly end: (outcome: SmtpOutcome) => void
  stage: SmtpStage
  hasMail: boolean
  isDotSent: boolean
  refusal: SmtpOutcome | undefined
  timer: NodeJS.Timeout | undefined
}

export class Conversation {
  readonly #socket: Socket
  readonly #capabilities: Capabilities
  readonly #onFree: () => void
  readonly #patience: Patience
  readonly #reader = new ReplyReader()
  /** What the next replies answer, in order. */
  readonly #expected: ((reply: Reply) => void)[] = []
  /** The first one is on the wire; the second one waits for its dot, or travels with it. */
  readonly #inHand: Transaction[] = []
  #begun = 0
  #mustReset = false
  #isOver = false
  #messages = 0
  #taken = 0
  #idle: NodeJS.Timeout | undefined

  /** @param onFree called when there is room for another message, or the conversation is over. */
  constructor({ socket, capabilities }: Session, patience: Patience, onFree: () => void) {
    this.#socket = socket
    this.#patience = patience
    this.#capabilities = capabilities
    this.#onFree = onFree
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', (error) => this.#break(codeOf(error)))
    socket.on('close', () => this.#break('ECONNRESET'))
    socket.on('timeout', () => this.#break('ETIMEDOUT'))
    this.#rest()
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Messages that it has taken on, ever. */
  get messages(): number {
    return this.#messages
  }

  /** Messages that the server has taken. */
  get taken(): number {
    return this.#taken
  }

  get inHand(): number {
    return this.#inHand.length
  }

  get hasRoom(): boolean {
    return !this.#isOver && this.#inHand.length < longestInHand
  }

  /** Call it while there is room. Never rejects. */
  send(mail: SmtpMail): Promise<SmtpOutcome> {
    const impossible = cannotTake(mail, this.#capabilities)
    if (impossible) return Promise.resolve({ result: impossible, about: 'message' })
    this.#messages++
    clearTimeout(this.#idle)
    return new Promise((end) => {
      const transaction: Transaction = {
        mail,
        end,
        stage: 'mail',
        hasMail: false,
        isDotSent: false,
        refusal: undefined,
        timer: undefined,
      }
      this.#inHand.push(transaction)
      transaction.timer = setTimeout(() => this.#break('ETIMEDOUT'), this.#patience.messageMs)
      // Also behind a dot that has left: its answer need not be waited for.
      const first = this.#inHand[0]
      const mayFollow = this.#capabilities.pipelining && first?.isDotSent === true && this.#begun === 1
      if (this.#begun === 0 || mayFollow) this.#socket.write(this.#begin())
    })
  }

  /** Ends it: politely if nothing is under way. */
  close(): void {
    if (this.#inHand.length === 0 && !this.#isOver) this.#socket.end('QUIT\r\n')
    this.#break('closed')
  }

  /** The commands of the next message that has not begun, as far as they may leave now. */
  #begin(): string {
    const transaction = this.#inHand[this.#begun]
    if (!transaction) return ''
    this.#begun++
    this.#socket.setTimeout(this.#patience.silenceMs)
    const { mail } = transaction
    const wantsUtf8 = mail.needsUtf8 === true
    const options = `${this.#capabilities.eightBit && wantsUtf8 ? ' BODY=8BITMIME' : ''}${wantsUtf8 ? ' SMTPUTF8' : ''}`
    const commands = [`MAIL FROM:<${mail.from}>${options}\r\n`, `RCPT TO:<${mail.to}>\r\n`, 'DATA\r\n']
    let reset = ''
    if (this.#mustReset) {
      this.#mustReset = false
      reset = 'RSET\r\n'
      this.#expected.push(() => undefined)
    }
    if (this.#capabilities.pipelining) {
      this.#expected.push(
        (reply) => this.#onMail(transaction, reply),
        (reply) => this.#onRecipient(transaction, reply),
        (reply) => this.#onData(transaction, reply),
      )
      return reset + commands.join('')
    }
    // One at a time: each reply lets the next command leave, a refusal ends it.
    const [mailFrom = '', recipient = '', data = ''] = commands
    this.#expected.push((toMail) => {
      this.#onMail(transaction, toMail)
      if (transaction.refusal) return this.#finish(transaction, transaction.refusal)
      this.#socket.write(recipient)
      return void this.#expected.push((toRecipient) => {
        this.#onRecipient(transaction, toRecipient)
        if (transaction.refusal) return this.#finish(transaction, transaction.refusal)
        this.#socket.write(data)
        return void this.#expected.push((toData) => this.#onData(transaction, toData))
      })
    })
    return reset + mailFrom
  }

  #onMail(transaction: Transaction, reply: Reply): void {
    transaction.stage = 'rcpt'
    if (isGood(reply)) transaction.hasMail = true
    else transaction.refusal = judgeReply('mail', reply)
  }

  #onRecipient(transaction: Transaction, reply: Reply): void {
    transaction.stage = 'data'
    if (!isGood(reply)) transaction.refusal ??= judgeReply('rcpt', reply)
  }

  #onData(transaction: Transaction, reply: Reply): void {
    const { refusal } = transaction
    if (reply.code !== 354) return this.#finish(transaction, refusal ?? judgeReply('data', reply))
    if (refusal) {
      // It would take the message for nobody (RFC 2920, 3.1): an empty one ends that.
      this.#expected.push(() => this.#finish(transaction, refusal))
      return void this.#socket.write('.\r\n')
    }
    return this.#transfer(transaction)
  }

  #transfer(transaction: Transaction): void {
    transaction.stage = 'message'
    const content = stuffed(transaction.mail.content)
    const sendDot = (): void => {
      if (this.#isOver) return
      transaction.isDotSent = true
      this.#expected.push((reply) => this.#onMessage(transaction, reply))
      this.#socket.write(`.\r\n${this.#capabilities.pipelining ? this.#begin() : ''}`)
    }
    if (content.length > largeBytes) return void this.#socket.write(content, (error) => void (error ?? sendDot()))
    this.#socket.cork()
    this.#socket.write(content)
    sendDot()
    this.#socket.uncork()
  }

  #onMessage(transaction: Transaction, reply: Reply): void {
    transaction.hasMail = false
    if (!isGood(reply)) return this.#finish(transaction, judgeReply('message', reply))
    this.#taken++
    const providerMessageId = queueName(reply)
    const result: DeliveryResult =
      providerMessageId === undefined ? { status: 'sent' } : { status: 'sent', providerMessageId }
    this.#finish(transaction, { result, about: 'message' })
  }

  #finish(transaction: Transaction, outcome: SmtpOutcome): void {
    clearTimeout(transaction.timer)
    this.#inHand.splice(this.#inHand.indexOf(transaction), 1)
    this.#begun--
    // A server that has heard MAIL refuses another one before RSET.
    this.#mustReset ||= transaction.hasMail
    transaction.end(outcome)
    if (outcome.about !== 'message') return this.#break('out of step')
    if (this.#begun === 0 && this.#inHand.length > 0) this.#socket.write(this.#begin())
    if (this.#inHand.length === 0) this.#rest()
    this.#onFree()
  }

  #read(chunk: Buffer): void {
    try {
      for (const reply of this.#reader.read(chunk.toString('latin1'))) {
        if (this.#isOver) return
        const answer = this.#expected.shift()
        // Nothing was asked: it says that it closes down, and will.
        if (!answer) return this.#break(`${reply.code} unasked`)
        answer(reply)
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#break(error.message)
    }
  }

  /** Closed by us while it is idle, and not by the server in the middle of a message. */
  #rest(): void {
    if (this.#isOver) return
    this.#socket.setTimeout(0)
    this.#idle = setTimeout(() => this.close(), this.#patience.idleMs)
    this.#idle.unref()
  }

  /** The end, whoever made it: what was under way is judged by how far it had come. */
  #break(why: string): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#idle)
    if (!this.#socket.writableEnded) this.#socket.destroy()
    this.#inHand.splice(0).forEach((transaction, place) => {
      clearTimeout(transaction.timer)
      const { isDotSent, refusal, stage } = transaction
      const outcome = !isDotSent && refusal ? refusal : judgeLoss(stage, isDotSent, why)
      transaction.end(place > 0 ? { ...outcome, isBystander: true } : outcome)
    })
    this.#onFree()
  }
}

function isGood({ code }: Reply): boolean {
  return code >= 200 && code < 300
}

function cannotTake(mail: SmtpMail, { largest, utf8 }: Capabilities): DeliveryResult | undefined {
  if (largest !== undefined && mail.content.length > largest) {
    return { status: 'failed', reason: 'smtp message too large' }
  }
  if (mail.needsUtf8 === true && !utf8) return { status: 'failed', reason: 'smtp server without SMTPUTF8' }
  return undefined
}

const dotAtLineStart = Buffer.from('\r\n.')
const dot = 0x2e

/** RFC 5321, 4.5.2: a dot that begins a line is doubled. */
function stuffed(content: Buffer): Buffer {
  let at = content.indexOf(dotAtLineStart)
  if (content[0] !== dot && at === -1) return content
  const places = content[0] === dot ? [0] : []
  for (; at !== -1; at = content.indexOf(dotAtLineStart, at + 2)) places.push(at + 2)
  const whole = Buffer.allocUnsafe(content.length + places.length)
  content.copy(whole, 0, 0, places[0])
  places.forEach((place, i) => {
    whole[place + i] = dot
    content.copy(whole, place + i + 1, place, places[i + 1])
  })
  return whole
}

/** The name under which the server has queued it, if it looks like one: some put addresses there. SES says "Ok NAME". */
function queueName({ lines: [line = ''] }: Reply): string | undefined {
  const queued = /\bqueued as <?([\w.-]{1,200})>?(?![\w@.-])/i.exec(line)
  return (queued ?? /^(?:2\.\d\.\d )?ok ([\w-]{16,200})$/i.exec(line))?.[1]
}
