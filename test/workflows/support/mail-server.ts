/** A real SMTP server that keeps what it gets, and can be told to misbehave at any point of the conversation. */

import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerSession } from 'smtp-server'

/** With the sender of its envelope, as a mailbox shows it. */
export type ReceivedMail = ParsedMail & { readonly returnPath: string }

export interface MailServer {
  readonly url: string
  readonly port: number
  /** Whole messages, in the order in which they were accepted. */
  readonly inbox: readonly ReceivedMail[]
  forget(): void
  /** How each next message is treated; cleared by `behave({})`. */
  behave(manners: Manners): void
  close(): Promise<void>
  /** After `close`: the same server again. */
  reopen(): Promise<void>
}

export interface Manners {
  /** Answer to the recipient. */
  readonly refuseRecipient?: { readonly code: number; readonly text: string }
  /** Answer to the message itself. */
  readonly refuseMessage?: { readonly code: number; readonly text: string }
  /** Breaks the connection at the recipient, that is before the message. */
  readonly hangUpAtRecipient?: boolean
  /** Never answers to the recipient. */
  readonly holdRecipient?: boolean
  /** Takes the message, then breaks the connection instead of answering. */
  readonly hangUpAfterMessage?: boolean
  /** Holds the answer to a message back until this resolves; told when the message has come. */
  readonly holdAnswer?: (mail: ParsedMail) => Promise<void>
}

export async function startMailServer(): Promise<MailServer> {
  const inbox: ReceivedMail[] = []
  const state: { manners: Manners } = { manners: {} }
  let server = await listen(inbox, state, 0)
  const { port } = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`,
    port,
    inbox,
    forget: () => void inbox.splice(0),
    behave: (manners) => (state.manners = manners),
    close: () => new Promise((resolve) => server.close(() => resolve())),
    async reopen() {
      server = await listen(inbox, state, port)
    },
  }
}

async function listen(inbox: ReceivedMail[], state: { readonly manners: Manners }, port: number): Promise<SMTPServer> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    closeTimeout: 100,
    onRcptTo(_address, session, done) {
      const { hangUpAtRecipient, holdRecipient, refuseRecipient } = state.manners
      if (holdRecipient) return undefined
      if (hangUpAtRecipient) return hangUp(server, session.id)
      return done(refuseRecipient ? refusal(refuseRecipient) : null)
    },
    onData(stream, session, done) {
      void answerTo(stream, session, done)
    },
  })
  const answerTo = async (
    stream: Readable,
    { id, envelope }: SMTPServerSession,
    done: (error?: Error | null) => void,
  ): Promise<void> => {
    const returnPath = envelope.mailFrom === false ? '' : envelope.mailFrom.address
    const answer = await receive(stream, state.manners, (mail) => inbox.push({ ...mail, returnPath }))
    if (answer === 'hang-up') hangUp(server, id)
    else done(answer)
  }
  server.on('error', () => undefined) // Broken connections are the point.
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()))
  return server
}

/** What the server does about one message. */
async function receive(
  stream: Readable,
  { refuseMessage, hangUpAfterMessage, holdAnswer }: Manners,
  keep: (mail: ParsedMail) => void,
): Promise<Error | null | 'hang-up'> {
  const mail = await simpleParser(stream).catch(() => undefined)
  // Its sender died in the middle of the message: nothing was received.
  if (mail === undefined) return new Error('cut off')
  if (refuseMessage) return refusal(refuseMessage)
  keep(mail)
  await holdAnswer?.(mail)
  return hangUpAfterMessage ? 'hang-up' : null
}

function refusal({ code, text }: { code: number; text: string }): Error {
  return Object.assign(new Error(text), { responseCode: code })
}

/** The library has no way to break a connection without an answer, but it knows its sockets. */
function hangUp(server: SMTPServer, sessionId: string): void {
  const connections = (
    server as unknown as { connections: Set<{ session: { id: string }; _socket: { destroy(): void } }> }
  ).connections
  for (const connection of connections) if (connection.session.id === sessionId) connection._socket.destroy()
}
