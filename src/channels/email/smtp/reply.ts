/** Replies of an SMTP server, read from the stream in whatever pieces it comes. */

/** RFC 5321, 4.2: a code, and what is said beside it, a line each. */
export interface Reply {
  readonly code: number
  readonly lines: readonly string[]
}

/** What came is no SMTP; nothing that follows can be understood. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
}

/** RFC 5321 allows 512 characters; whoever sends this much more without a line break sends something else. */
const longestLine = 8_192
const mostLines = 256

export class ReplyReader {
  #rest = ''
  #lines: string[] = []

  /** Something has come of which the end is missing. */
  get isInside(): boolean {
    return this.#rest !== '' || this.#lines.length > 0
  }

  /**
   * Takes a piece of the stream, as latin1. @returns the replies that end in it.
   * @throws ProtocolError
   */
  read(piece: string): Reply[] {
    const text = this.#rest + piece
    const replies: Reply[] = []
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      const reply = this.#line(text.slice(start, text.charCodeAt(end - 1) === carriageReturn ? end - 1 : end))
      if (reply) replies.push(reply)
      start = end + 1
    }
    this.#rest = text.slice(start)
    if (this.#rest.length > longestLine) throw new ProtocolError('a line of a reply does not end')
    return replies
  }

  #line(line: string): Reply | undefined {
    const code = Number(line.slice(0, 3))
    const follows = line.charAt(3)
    if (!(code >= 200 && code < 600) || !(follows === '' || follows === ' ' || follows === '-')) {
      throw new ProtocolError('not an SMTP reply')
    }
    this.#lines.push(line.slice(4))
    if (follows === '-') {
      if (this.#lines.length > mostLines) throw new ProtocolError('a reply does not end')
      return undefined
    }
    const reply = { code, lines: this.#lines }
    this.#lines = []
    return reply
  }
}

const carriageReturn = 13

/** The enhanced status code of a reply (RFC 3463): `5.1.1`. The words around it may hold the address: never kept. */
export function enhancedStatus({ lines }: Reply): string | undefined {
  return /^([245]\.\d{1,3}\.\d{1,3})\b/.exec(lines[0] ?? '')?.[1]
}
