/**
 * A small IMAP server (RFC 9051, what a client needs to look through one mailbox) on a port of its own: login, select,
 * search for what is unseen, fetch, flags.
 */

import { type AddressInfo, createServer, type Socket } from 'node:net'

export interface ImapServer {
  readonly port: number
  /** What is in the mailbox, the oldest first. */
  readonly mails: StoredMail[]
  /** Every command that came, without its tag. */
  readonly commands: string[]
  deliver(source: string): void
  /** Connections break off at this command from now on; undefined: none. */
  breakAt(command: string | undefined): void
  close(): Promise<void>
}

interface StoredMail {
  readonly uid: number
  readonly source: Buffer
  isSeen: boolean
}

export async function startImapServer(user: string, password: string): Promise<ImapServer> {
  const mails: StoredMail[] = []
  const commands: string[] = []
  const sockets = new Set<Socket>()
  let breaksAt: string | undefined
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    socket.write('* OK [CAPABILITY IMAP4rev1] ready\r\n')
    let rest = ''
    socket.on('data', (chunk: Buffer) => {
      rest += chunk.toString('latin1')
      for (let end = rest.indexOf('\r\n'); end !== -1; end = rest.indexOf('\r\n')) {
        const [, tag = '', command = ''] = /^(\S+) (.*)$/.exec(rest.slice(0, end)) ?? []
        rest = rest.slice(end + 2)
        commands.push(command)
        if (breaksAt !== undefined && command.toUpperCase().includes(breaksAt)) return void socket.destroy()
        for (const line of answer(command, mails, { user, password }))
          socket.write(line.replaceAll('TAG', tag), 'latin1')
        if (command.toUpperCase() === 'LOGOUT') socket.end()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    commands,
    deliver: (source) =>
      void mails.push({ uid: mails.length + 1, source: Buffer.from(source, 'latin1'), isSeen: false }),
    breakAt: (command) => void (breaksAt = command),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** Each answer with its line end; `TAG` stands for the tag of the command. */
function answer(
  command: string,
  mails: readonly StoredMail[],
  { user, password }: { readonly user: string; readonly password: string },
): string[] {
  const [verb = '', ...words] = command.split(' ')
  const done = `TAG OK ${verb} completed\r\n`
  switch (verb.toUpperCase()) {
    case 'CAPABILITY':
      return ['* CAPABILITY IMAP4rev1\r\n', done]
    case 'LOGIN': {
      const given = [...words.join(' ').matchAll(/"((?:\\.|[^"])*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare)
      if (given[0] === user && given[1] === password) return [done]
      return [`TAG NO [AUTHENTICATIONFAILED] ${user} is not let in\r\n`]
    }
    case 'LIST':
      return ['* LIST () "/" INBOX\r\n', done]
    case 'SELECT':
      return [
        `* ${mails.length} EXISTS\r\n`,
        '* FLAGS (\\Seen)\r\n',
        '* OK [PERMANENTFLAGS (\\Seen)] \r\n',
        '* OK [UIDVALIDITY 1] \r\n',
        `* OK [UIDNEXT ${mails.length + 1}] \r\n`,
        'TAG OK [READ-WRITE] SELECT completed\r\n',
      ]
    case 'UID':
      return [...uidAnswer(words, mails), done]
    case 'LOGOUT':
      return ['* BYE see you\r\n', done]
    default:
      return [done]
  }
}

function uidAnswer([verb = '', set = '', ...rest]: readonly string[], mails: readonly StoredMail[]): string[] {
  if (verb.toUpperCase() === 'SEARCH') {
    const unseen = mails.filter(({ isSeen }) => !isSeen).map(({ uid }) => uid)
    return [`* SEARCH ${unseen.join(' ')}\r\n`]
  }
  const chosen = mails.filter(({ uid }) => isIn(uid, set))
  if (verb.toUpperCase() === 'STORE') {
    for (const mail of chosen) mail.isSeen ||= rest.join(' ').includes('\\Seen')
    return chosen.map(({ uid }) => `* ${uid} FETCH (UID ${uid} FLAGS (\\Seen))\r\n`)
  }
  return chosen.map(
    ({ uid, source }) => `* ${uid} FETCH (UID ${uid} BODY[]<0> {${source.length}}\r\n${source.toString('latin1')})\r\n`,
  )
}

/** `1:3,5` */
function isIn(uid: number, set: string): boolean {
  return set.split(',').some((range) => {
    const [first = 0, last = first] = range.split(':').map(Number)
    return uid >= first && uid <= last
  })
}
