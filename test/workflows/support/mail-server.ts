/** A real SMTP server that keeps what it gets, and can be told to misbehave at any point of the conversation. */

import type { AddressInfo } from 'node:net'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'

export interface MailServer {
  readonly url: string
  readonly port: number
  /** Whole messages, in the order in which they were accepted. */
  readonly inbox: readonly ParsedMail[]
  /** How each next message is treated; cleared by `behave({})`. */
  behave(manners: Manners): void
  close(): Promise<void>
}

export interface Manners {
  /** Answer to the recipient. */
  readonly refuseRecipient?: { readonly code: number; readonly text: string }
  /** Answer to the message itself. */
  readonly refuseMessage?: { readonly code: number; readonly text: string }
  /** Breaks the connection at the recipient, that is before the message. */
  readonly hangUpAtRecipient?: boolean
  /** Takes the message, then breaks the connection instead of answering. */
  readonly hangUpAfterMessage?: boolean
  /** Holds the answer to a message back until this resolves; told when the message has come. */
  readonly holdAnswer?: (mail: ParsedMail) => Promise<void>
}

export async function startMailServer(port = 0): Promise<MailServer> {
  const inbox: ParsedMail[] = []
  let manners: Manners = {}
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    closeTimeout: 100,
    onRcptTo(_address, session, done) {
      if (manners.hangUpAtRecipient) return hangUp(server, session.id)
      const { refuseRecipient } = manners
      done(refuseRecipient ? refusal(refuseRecipient) : null)
    },
    onData(stream, session, done) {
      void simpleParser(stream).then(async (mail) => {
        const { refuseMessage, hangUpAfterMessage, holdAnswer } = manners
        if (refuseMessage) return done(refusal(refuseMessage))
        inbox.push(mail)
        await holdAnswer?.(mail)
        if (hangUpAfterMessage) return hangUp(server, session.id)
        return done()
      }, done)
    },
  })
  server.on('error', () => undefined) // Broken connections are the point.
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()))
  const bound = (server.server.address() as AddressInfo).port
  return {
    url: `smtp://127.0.0.1:${bound}`,
    port: bound,
    inbox,
    behave: (next) => (manners = next),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
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
